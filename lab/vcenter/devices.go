package main

import (
	"reflect"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const devicesPath = "config.hardware.device"

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
func (k *keeper) devicesChanged(ctx *simulator.Context, vm *simulator.VirtualMachine, changes []types.PropertyChange) {
	vm.Config.Hardware.Device = withMembers(vm.Config.Hardware.Device)
	for i := range changes {
		if changes[i].Name == devicesPath { // whoever waits for updates gets the new list too
			changes[i].Val = &types.ArrayOfVirtualDevice{VirtualDevice: vm.Config.Hardware.Device}
		}
	}
	k.lab.disks.note(disksOf(vm.Config.Hardware.Device))
	vm.RefreshStorageInfo(ctx, nil)
	k.setDatastores(ctx, vm)
}

// withMembers returns the devices with copies of the SCSI controllers that list their devices: the originals may just
// be on their way to a client.
func withMembers(devices []types.BaseVirtualDevice) []types.BaseVirtualDevice {
	result := slices.Clone(devices)
	for i, device := range devices {
		if _, ok := device.(types.BaseVirtualSCSIController); !ok {
			continue
		}
		clone := reflect.New(reflect.TypeOf(device).Elem())
		clone.Elem().Set(reflect.ValueOf(device).Elem())
		result[i] = clone.Interface().(types.BaseVirtualDevice)
		scsi := result[i].(types.BaseVirtualSCSIController).GetVirtualSCSIController()
		scsi.Device = nil
		for _, other := range devices {
			if other.GetVirtualDevice().ControllerKey == scsi.Key {
				scsi.Device = append(scsi.Device, other.GetVirtualDevice().Key)
			}
		}
	}
	return result
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
