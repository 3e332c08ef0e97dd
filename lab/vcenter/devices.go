package main

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// disksOf returns the machine's virtual disks whose backing is a file of the usual kind.
func disksOf(devices []types.BaseVirtualDevice) []*types.VirtualDisk {
	var disks []*types.VirtualDisk
	for _, device := range devices {
		if disk, ok := device.(*types.VirtualDisk); ok && backingOf(disk) != nil {
			disks = append(disks, disk)
		}
	}
	return disks
}

// backingOf returns the disk's flat backing, nil where it has another kind.
func backingOf(disk *types.VirtualDisk) *types.VirtualDiskFlatVer2BackingInfo {
	backing, _ := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	return backing
}

// datastoreOf returns the name of the datastore in "[name] path".
func datastoreOf(file string) string {
	var parsed object.DatastorePath
	parsed.FromString(file)
	return parsed.Datastore
}

// devicesChanged keeps what follows from the devices and what the simulator leaves as it was: each SCSI controller's
// list of devices, and the machine's datastores (which it only ever adds to).
func (k *keeper) devicesChanged(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	for _, device := range vm.Config.Hardware.Device {
		controller, ok := device.(types.BaseVirtualSCSIController)
		if !ok {
			continue
		}
		scsi := controller.GetVirtualSCSIController()
		scsi.Device = nil
		for _, other := range vm.Config.Hardware.Device {
			if other.GetVirtualDevice().ControllerKey == scsi.Key {
				scsi.Device = append(scsi.Device, other.GetVirtualDevice().Key)
			}
		}
	}
	vm.RefreshStorageInfo(ctx, nil)
	k.setDatastores(ctx, vm)
}

func (k *keeper) setDatastores(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	names := []string{datastoreOf(vm.Config.Files.VmPathName)}
	for _, disk := range disksOf(vm.Config.Hardware.Device) {
		names = append(names, datastoreOf(backingOf(disk).FileName))
	}
	wanted := map[types.ManagedObjectReference]bool{}
	var refs []types.ManagedObjectReference
	for _, name := range names {
		ds, err := k.lab.find("Datastore", name)
		if err != nil || wanted[ds.Reference()] {
			continue
		}
		wanted[ds.Reference()] = true
		refs = append(refs, ds.Reference())
		store := ds.(*simulator.Datastore)
		ctx.Map.AddReference(ctx, store, &store.Vm, vm.Self)
	}
	for _, ref := range vm.Datastore {
		if store, ok := ctx.Map.Get(ref).(*simulator.Datastore); ok && !wanted[ref] {
			ctx.Map.RemoveReference(ctx, store, &store.Vm, vm.Self)
		}
	}
	ctx.Update(vm, []types.PropertyChange{{Name: "datastore", Val: refs}})
}
