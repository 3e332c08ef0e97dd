package main

import (
	"context"
	"fmt"
	"sort"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	pciControllerKey = 100
	scsiKey          = 1000 // + bus
	diskKey          = 2000 // + 16 × bus + unit
	nicKey           = 4000 // + index
	nicUnit          = 7    // + index
	reservedUnit     = 7    // the controller's own
)

func (b *builder) makeMachines(ctx context.Context) error {
	for _, spec := range b.scenario.Machines {
		if err := b.makeMachine(ctx, spec); err != nil {
			return fmt.Errorf("machine %s: %w", spec.Name, err)
		}
	}
	return nil
}

func (b *builder) makeMachine(ctx context.Context, spec MachineSpec) error {
	host, ok := b.hosts[spec.Host]
	if !ok {
		return fmt.Errorf("no host %s", spec.Host)
	}
	devices, err := b.devices(spec)
	if err != nil {
		return err
	}
	config := types.VirtualMachineConfigSpec{
		Name: spec.Name, GuestId: spec.GuestID, Uuid: spec.BiosUUID, InstanceUuid: spec.InstanceUUID,
		MemoryMB: spec.MemoryMiB, NumCPUs: 2,
		Files:        &types.VirtualMachineFileInfo{VmPathName: datastorePath(spec.Datastore, "")},
		ExtraConfig:  extraConfig(spec),
		DeviceChange: devices,
	}
	task, err := b.folders.VmFolder.CreateVM(ctx, config, b.pools[spec.Host], host)
	if err != nil {
		return err
	}
	info, err := task.WaitForResult(ctx, nil)
	if err != nil {
		return err
	}
	ref := info.Result.(types.ManagedObjectReference)
	vm := b.registry().Get(ref).(*simulator.VirtualMachine)
	b.keeper.learn(ref, spec.Guest)
	b.settleMachine(vm, spec)
	return b.makeSnapshots(ctx, vm, spec)
}

// extraConfig returns the machine's options in the order of their keys, so that every run builds the same machine.
func extraConfig(spec MachineSpec) []types.BaseOptionValue {
	options := make(map[string]string, len(spec.ExtraConfig)+1)
	for key, value := range spec.ExtraConfig {
		options[key] = value
	}
	if spec.Guest.DetailedData != "" {
		options["guestInfo.detailed.data"] = spec.Guest.DetailedData
	}
	keys := make([]string, 0, len(options))
	for key := range options {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	var result []types.BaseOptionValue
	for _, key := range keys {
		result = append(result, &types.OptionValue{Key: key, Value: options[key]})
	}
	return result
}

func (b *builder) devices(spec MachineSpec) ([]types.BaseVirtualDeviceConfigSpec, error) {
	var changes []types.BaseVirtualDeviceConfigSpec
	add := func(device types.BaseVirtualDevice, operation types.VirtualDeviceConfigSpecFileOperation) {
		changes = append(changes, &types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationAdd, FileOperation: operation, Device: device,
		})
	}
	for _, controller := range spec.Controllers {
		device, err := newController(controller)
		if err != nil {
			return nil, err
		}
		add(device, "")
	}
	ctx := b.context()
	for _, disk := range spec.Disks {
		file := datastorePath(disk.Datastore, disk.Path)
		if err := b.makeDirectory(ctx, file); err != nil {
			return nil, err
		}
		add(newDisk(disk, file), types.VirtualDeviceConfigSpecFileOperationCreate)
	}
	for i, mac := range spec.Macs {
		add(newCard(int32(i), mac), "")
	}
	return changes, nil
}

func newController(spec ControllerSpec) (types.BaseVirtualDevice, error) {
	base := types.VirtualSCSIController{
		VirtualController: types.VirtualController{
			VirtualDevice: types.VirtualDevice{Key: scsiKey + spec.Bus, ControllerKey: pciControllerKey},
			BusNumber:     spec.Bus,
		},
		SharedBus:          types.VirtualSCSISharingNoSharing,
		ScsiCtlrUnitNumber: reservedUnit,
	}
	switch spec.Kind {
	case "lsilogic":
		return &types.VirtualLsiLogicController{VirtualSCSIController: base}, nil
	case "lsilogic-sas":
		return &types.VirtualLsiLogicSASController{VirtualSCSIController: base}, nil
	case "paravirtual":
		return &types.ParaVirtualSCSIController{VirtualSCSIController: base}, nil
	case "buslogic":
		return &types.VirtualBusLogicController{VirtualSCSIController: base}, nil
	}
	return nil, fmt.Errorf("unknown controller %q", spec.Kind)
}

func newDisk(spec DiskSpec, file string) *types.VirtualDisk {
	thin := true
	return &types.VirtualDisk{
		VirtualDevice: types.VirtualDevice{
			Key: diskKey + 16*spec.Bus + spec.Unit, ControllerKey: scsiKey + spec.Bus, UnitNumber: &spec.Unit,
			Backing: &types.VirtualDiskFlatVer2BackingInfo{
				VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: file},
				DiskMode:                     string(types.VirtualDiskModePersistent),
				ThinProvisioned:              &thin,
				Uuid:                         spec.UUID,
			},
		},
		CapacityInBytes: spec.Capacity,
		CapacityInKB:    spec.Capacity / 1024,
	}
}

func newCard(index int32, mac string) *types.VirtualVmxnet3 {
	unit := nicUnit + index
	card := new(types.VirtualVmxnet3)
	card.Key, card.ControllerKey, card.UnitNumber = nicKey+index, pciControllerKey, &unit
	card.AddressType, card.MacAddress = string(types.VirtualEthernetCardMacTypeManual), mac
	card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VM Network"},
	}
	card.Connectable = &types.VirtualDeviceConnectInfo{StartConnected: true, AllowGuestControl: true}
	return card
}

// makeSnapshots makes the chain of snapshots through the API and then dates them.
func (b *builder) makeSnapshots(ctx context.Context, vm *simulator.VirtualMachine, spec MachineSpec) error {
	if len(spec.Snapshots) == 0 {
		return nil
	}
	client := object.NewVirtualMachine(b.client, vm.Self)
	for _, snapshot := range spec.Snapshots {
		task, err := client.CreateSnapshot(ctx, snapshot.Name, "", false, false)
		if err != nil {
			return err
		}
		if err := task.Wait(ctx); err != nil {
			return err
		}
	}
	own := b.context()
	b.registry().WithLock(own, vm, func() {
		node := vm.Snapshot.RootSnapshotList
		for _, snapshot := range spec.Snapshots {
			node[0].CreateTime = snapshot.CreateTime
			node = node[0].ChildSnapshotList
		}
		own.Update(vm, []types.PropertyChange{{Name: "snapshot.rootSnapshotList", Val: vm.Snapshot.RootSnapshotList}})
	})
	return nil
}
