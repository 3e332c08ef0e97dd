package main

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const maxSCSIControllers = 4

// ReconfigVMTask refuses what a real vCenter refuses and the simulator lets pass (or dies of), and lets a disk be
// attached that another machine has, with the identity and the size that its file has.
func (m *machine) ReconfigVMTask(ctx *simulator.Context, request *types.ReconfigVM_Task) soap.HasFault {
	fault := m.taskFault("ReconfigVM_Task")
	// Source: vSphere API, VirtualMachineConfigSpec.changeVersion: applied only to the configuration that was read.
	if version := request.Spec.ChangeVersion; fault == nil && version != "" && version != m.Config.ChangeVersion {
		fault = new(types.ConcurrentAccess)
	}
	if fault == nil {
		fault = m.checkDevices(request.Spec.DeviceChange)
	}
	if fault == nil {
		fault = m.checkFiles(ctx, request.Spec.DeviceChange)
	}
	if fault != nil {
		return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: failed(ctx, m, "reconfigVm", fault)}}
	}
	m.assignKeys(request.Spec.DeviceChange)
	for _, change := range request.Spec.DeviceChange {
		m.completeDevice(ctx, change.GetVirtualDeviceConfigSpec())
	}
	return m.VirtualMachine.ReconfigVMTask(ctx, request)
}

// checkDevices returns the fault of the first device change that cannot be.
func (m *machine) checkDevices(changes []types.BaseVirtualDeviceConfigSpec) types.BaseMethodFault {
	for i, change := range changes {
		if change.GetVirtualDeviceConfigSpec().Device == nil {
			return invalidDevice(int32(i), "device")
		}
	}
	devices := object.VirtualDeviceList(m.Config.Hardware.Device)
	controllers := map[int32]bool{}
	scsi := 0
	for _, device := range devices {
		if controller, ok := device.(types.BaseVirtualController); ok {
			controllers[controller.GetVirtualController().Key] = true
		}
		if _, ok := device.(types.BaseVirtualSCSIController); ok {
			scsi++
		}
	}
	for i, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		if fault := m.checkDevice(devices, spec, int32(i)); fault != nil {
			return fault
		}
		if _, ok := spec.Device.(types.BaseVirtualSCSIController); ok {
			scsi += map[types.VirtualDeviceConfigSpecOperation]int{"add": 1, "remove": -1}[spec.Operation]
		}
		if _, ok := spec.Device.(types.BaseVirtualController); ok && spec.Operation == types.VirtualDeviceConfigSpecOperationAdd {
			controllers[spec.Device.GetVirtualDevice().Key] = true
		}
	}
	if scsi > maxSCSIControllers {
		return &types.InvalidDeviceSpec{InvalidVmConfig: types.InvalidVmConfig{Property: "configSpec.deviceChange"}}
	}
	return m.checkDisks(changes, controllers)
}

// checkDevice refuses what needs the machine to be off, and changes of devices that it does not have.
func (m *machine) checkDevice(devices object.VirtualDeviceList, spec *types.VirtualDeviceConfigSpec, index int32) types.BaseMethodFault {
	if spec.Operation == types.VirtualDeviceConfigSpecOperationAdd {
		return nil
	}
	present := devices.FindByKey(spec.Device.GetVirtualDevice().Key)
	if present == nil {
		return invalidDevice(index, "device.key")
	}
	if m.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
		return nil
	}
	_, controller := present.(types.BaseVirtualController)
	if controller || (spec.Operation == types.VirtualDeviceConfigSpecOperationEdit && moved(present, spec.Device)) {
		return &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOff, ExistingState: m.Runtime.PowerState,
		}
	}
	return nil
}

// moved reports whether a disk goes to another controller or unit.
func moved(from, to types.BaseVirtualDevice) bool {
	if _, ok := from.(*types.VirtualDisk); !ok {
		return false
	}
	a, b := from.GetVirtualDevice(), to.GetVirtualDevice()
	return a.ControllerKey != b.ControllerKey || (a.UnitNumber != nil && b.UnitNumber != nil && *a.UnitNumber != *b.UnitNumber)
}

// checkDisks refuses disks without a controller, on the controller's own unit, or in a datastore that the machine's
// host does not mount.
func (m *machine) checkDisks(changes []types.BaseVirtualDeviceConfigSpec, controllers map[int32]bool) types.BaseMethodFault {
	for i, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		disk, ok := spec.Device.(*types.VirtualDisk)
		if !ok || spec.Operation == types.VirtualDeviceConfigSpecOperationRemove {
			continue
		}
		if !controllers[disk.ControllerKey] {
			return invalidDevice(int32(i), "device.controllerKey")
		}
		if disk.UnitNumber != nil && *disk.UnitNumber == reservedUnit {
			return invalidDevice(int32(i), "device.unitNumber")
		}
		if backing := backingOf(disk); backing != nil && !m.mounts(backing.FileName) {
			return &types.InvalidDatastorePath{
				InvalidDatastore: types.InvalidDatastore{Name: datastoreOf(backing.FileName)}, DatastorePath: backing.FileName,
			}
		}
	}
	return nil
}

// checkFiles refuses disks that are to be attached, and of which no file is there.
func (m *machine) checkFiles(ctx *simulator.Context, changes []types.BaseVirtualDeviceConfigSpec) types.BaseMethodFault {
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		disk, ok := spec.Device.(*types.VirtualDisk)
		if !ok || spec.Operation != types.VirtualDeviceConfigSpecOperationAdd || spec.FileOperation != "" {
			continue
		}
		if backing := backingOf(disk); backing != nil && !m.lab.fileExists(ctx, backing.FileName) {
			return &types.FileNotFound{FileFault: types.FileFault{File: backing.FileName}}
		}
	}
	return nil
}

// mounts reports whether the machine's host mounts the file's datastore; an unnamed one is the machine's own.
func (m *machine) mounts(file string) bool {
	name := datastoreOf(file)
	if name == "" {
		return file == ""
	}
	host, ok := m.lab.registry().Get(*m.Runtime.Host).(*simulator.HostSystem)
	return ok && m.lab.registry().FindByName(name, host.Datastore) != nil
}

func invalidDevice(index int32, property string) types.BaseMethodFault {
	return &types.InvalidDeviceSpec{
		InvalidVmConfig: types.InvalidVmConfig{Property: "virtualDeviceSpec." + property}, DeviceIndex: index,
	}
}

// completeDevice gives the change what the machine or the disk's file knows and the client need not say.
func (m *machine) completeDevice(ctx *simulator.Context, spec *types.VirtualDeviceConfigSpec) {
	disk, ok := spec.Device.(*types.VirtualDisk)
	if !ok {
		return
	}
	if spec.Operation == types.VirtualDeviceConfigSpecOperationRemove {
		// The client need name the key only; whether a file is to be destroyed is read from the device.
		spec.Device = object.VirtualDeviceList(m.Config.Hardware.Device).FindByKey(disk.Key)
		return
	}
	backing := backingOf(disk)
	if backing == nil || spec.FileOperation != "" {
		return
	}
	facts, known := m.lab.disks.lookup(backing.FileName)
	if !known {
		return
	}
	backing.Uuid = facts.uuid
	if spec.Operation == types.VirtualDeviceConfigSpecOperationAdd {
		disk.CapacityInBytes, disk.CapacityInKB = facts.capacity, facts.capacity/1024
		m.credit(ctx, backing.FileName, facts.capacity)
	}
}

// credit gives a datastore the space that the simulator is about to take for a disk whose file is there already.
func (m *machine) credit(ctx *simulator.Context, file string, size int64) {
	found, err := m.lab.find("Datastore", datastoreOf(file))
	if err != nil {
		return
	}
	ds := found.(*simulator.Datastore)
	ctx.WithLock(ds, func() {
		ds.Summary.FreeSpace += size
		ds.Info.GetDatastoreInfo().FreeSpace = ds.Summary.FreeSpace
	})
}
