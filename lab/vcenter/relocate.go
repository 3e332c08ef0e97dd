package main

import (
	"path"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// RelocateVMTask moves the machine's files and rewrites the backings of its disks; the simulator changes the list of
// datastores only. Of the specification it knows host, pool, datastore and the datastores of single disks.
func (m *machine) RelocateVMTask(ctx *simulator.Context, request *types.RelocateVM_Task) soap.HasFault {
	ref := run(ctx, m, "relocateVm", func() types.BaseMethodFault {
		if fault := m.taskFault("RelocateVM_Task"); fault != nil {
			return fault
		}
		return m.relocate(ctx, request.Spec)
	})
	return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: ref}}
}

func (m *machine) relocate(ctx *simulator.Context, spec types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	if spec.Folder != nil || len(spec.DeviceChange) > 0 {
		return new(types.NotSupported)
	}
	targets, fault := m.targets(ctx, spec)
	if fault != nil {
		return fault
	}
	before := m.event(ctx)
	m.moveHost(ctx, spec)
	moved, fault := m.moveFiles(ctx, spec.Datastore, targets)
	if fault != nil {
		return fault
	}
	m.postMove(ctx, before, moved)
	return nil
}

// targets returns the datastore that each disk is to lie in, after checking that the new host mounts all of them.
func (m *machine) targets(ctx *simulator.Context, spec types.VirtualMachineRelocateSpec) (map[int32]string, types.BaseMethodFault) {
	hostRef := *m.Runtime.Host
	if spec.Host != nil {
		hostRef = *spec.Host
	}
	host, ok := ctx.Map.Get(hostRef).(*simulator.HostSystem)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: hostRef}
	}
	wanted := map[int32]types.ManagedObjectReference{}
	for _, disk := range disksOf(m.Config.Hardware.Device) {
		wanted[disk.Key] = *backingOf(disk).Datastore
		if spec.Datastore != nil {
			wanted[disk.Key] = *spec.Datastore
		}
	}
	for _, locator := range spec.Disk {
		wanted[locator.DiskId] = locator.Datastore
	}
	result := map[int32]string{}
	for key, ref := range wanted {
		ds, ok := ctx.Map.Get(ref).(*simulator.Datastore)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: ref}
		}
		if simulator.FindReference(host.Datastore, ref) == nil {
			return nil, &types.InvalidDatastore{Datastore: &ref, Name: ds.Name}
		}
		result[key] = ds.Name
	}
	return result, nil
}

func (m *machine) moveHost(ctx *simulator.Context, spec types.VirtualMachineRelocateSpec) {
	var changes []types.PropertyChange
	if spec.Pool != nil {
		changes = append(changes, types.PropertyChange{Name: "resourcePool", Val: *spec.Pool})
	}
	if spec.Host != nil && *spec.Host != *m.Runtime.Host {
		old := ctx.Map.Get(*m.Runtime.Host).(*simulator.HostSystem)
		ctx.Map.RemoveReference(ctx, old, &old.Vm, m.Self)
		next := ctx.Map.Get(*spec.Host).(*simulator.HostSystem)
		ctx.Map.AddReference(ctx, next, &next.Vm, m.Self)
		changes = append(changes,
			types.PropertyChange{Name: "runtime.host", Val: *spec.Host},
			types.PropertyChange{Name: "summary.runtime.host", Val: *spec.Host})
	}
	ctx.Update(m.VirtualMachine, changes)
}

// moveFiles moves the disks and, with a new datastore for the machine, its configuration; true if anything moved.
func (m *machine) moveFiles(ctx *simulator.Context, home *types.ManagedObjectReference, targets map[int32]string) (bool, types.BaseMethodFault) {
	moved := false
	if home != nil {
		name := nameOf(ctx.Map.Get(*home))
		moved = datastoreOf(m.Config.Files.VmPathName) != name
		m.moveHome(ctx, name)
	}
	var fault types.BaseMethodFault
	m.lab.keeper.setDisks(ctx, m.VirtualMachine, func(disk *types.VirtualDisk) {
		target := targets[disk.Key]
		if fault != nil || datastoreOf(backingOf(disk).FileName) == target {
			return
		}
		moved = true
		disk.Backing, fault = m.moveBacking(ctx, backingOf(disk), target)
	})
	return moved, fault
}

// moveBacking moves the files of a disk with its parents and returns the backing that names the new ones.
func (m *machine) moveBacking(ctx *simulator.Context, old *types.VirtualDiskFlatVer2BackingInfo, target string) (*types.VirtualDiskFlatVer2BackingInfo, types.BaseMethodFault) {
	backing := *old
	if old.Parent != nil {
		parent, fault := m.moveBacking(ctx, old.Parent, target)
		if fault != nil {
			return old, fault
		}
		backing.Parent = parent
	}
	ds, err := m.lab.find("Datastore", target)
	if err != nil {
		return old, &types.InvalidDatastore{Name: target}
	}
	ref, dc := ds.Reference(), m.lab.datacenter().Self
	backing.FileName, backing.Datastore = datastorePath(target, path.Join(m.Name, path.Base(old.FileName))), &ref
	// The directory may be there already.
	_ = m.lab.makeDirectory(ctx, backing.FileName)
	answer := m.lab.registry().VirtualDiskManager().MoveVirtualDiskTask(ctx, &types.MoveVirtualDisk_Task{
		SourceName: old.FileName, SourceDatacenter: &dc, DestName: backing.FileName, DestDatacenter: &dc,
	})
	if err := waitFor(ctx, answer); err != nil {
		return old, &types.FileNotFound{FileFault: types.FileFault{File: old.FileName}}
	}
	return &backing, nil
}

// moveHome moves the machine's configuration file and names its directories anew.
func (m *machine) moveHome(ctx *simulator.Context, datastore string) {
	var old object.DatastorePath
	old.FromString(m.Config.Files.VmPathName)
	directory := datastorePath(datastore, m.Name)
	file := datastorePath(datastore, path.Join(m.Name, path.Base(old.Path)))
	_ = m.lab.makeDirectory(ctx, file)
	dc := m.lab.datacenter().Self
	_ = waitFor(ctx, m.lab.registry().FileManager().MoveDatastoreFileTask(ctx, &types.MoveDatastoreFile_Task{
		SourceName: old.String(), SourceDatacenter: &dc, DestinationName: file, DestinationDatacenter: &dc,
	}))
	ctx.Update(m.VirtualMachine, []types.PropertyChange{
		{Name: "config.files.vmPathName", Val: file},
		{Name: "summary.config.vmPathName", Val: file},
		{Name: "config.files.snapshotDirectory", Val: directory},
		{Name: "config.files.suspendDirectory", Val: directory},
		{Name: "config.files.logDirectory", Val: directory},
	})
}
