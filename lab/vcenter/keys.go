package main

import "github.com/vmware/govmomi/vim25/types"

// assignKeys gives new SCSI controllers and disks the keys that vCenter derives from bus and unit. The simulator takes
// the client's (or the next free one), so that disks would not come in the order of their units.
func (m *machine) assignKeys(changes []types.BaseVirtualDeviceConfigSpec) {
	buses := map[int32]int32{} // by key of controller, present or new
	removed := map[int32]bool{}
	for _, change := range changes {
		if spec := change.GetVirtualDeviceConfigSpec(); spec.Operation == types.VirtualDeviceConfigSpecOperationRemove {
			removed[spec.Device.GetVirtualDevice().Key] = true
		}
	}
	for _, device := range m.Config.Hardware.Device {
		if controller, ok := device.(types.BaseVirtualSCSIController); ok && !removed[device.GetVirtualDevice().Key] {
			scsi := controller.GetVirtualSCSIController()
			buses[scsi.Key] = scsi.BusNumber
		}
	}
	added := func(visit func(device types.BaseVirtualDevice)) {
		for _, change := range changes {
			if spec := change.GetVirtualDeviceConfigSpec(); spec.Operation == types.VirtualDeviceConfigSpecOperationAdd {
				visit(spec.Device)
			}
		}
	}
	renamed := map[int32]int32{}
	added(func(device types.BaseVirtualDevice) {
		controller, ok := device.(types.BaseVirtualSCSIController)
		if !ok {
			return
		}
		scsi := controller.GetVirtualSCSIController()
		if key := scsiKey + scsi.BusNumber; scsi.Key <= 0 && !has(buses, key) {
			renamed[scsi.Key], scsi.Key = key, key
		}
		buses[scsi.Key] = scsi.BusNumber
	})
	for _, change := range changes {
		device := change.GetVirtualDeviceConfigSpec().Device.GetVirtualDevice()
		if key, ok := renamed[device.ControllerKey]; ok {
			device.ControllerKey = key
		}
	}
	added(func(device types.BaseVirtualDevice) {
		disk, ok := device.(*types.VirtualDisk)
		if !ok || disk.UnitNumber == nil || !has(buses, disk.ControllerKey) {
			return
		}
		disk.Key = diskKey + 16*buses[disk.ControllerKey] + *disk.UnitNumber
	})
}

func has(buses map[int32]int32, key int32) bool {
	_, ok := buses[key]
	return ok
}
