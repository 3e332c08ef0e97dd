package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// snapshotsChanged moves the disks to a new delta file when a snapshot is made, and back by one when one goes:
// the simulator itself leaves the backing as it was. A disk then has as many parents as there are snapshots above it.
func (k *keeper) snapshotsChanged(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	now, depth := snapshotsOf(vm)
	k.mu.Lock()
	before := k.seen[vm.Self]
	k.seen[vm.Self] = now
	leave := len(now) < len(before) && k.leave[vm.Name]
	if leave {
		delete(k.leave, vm.Name)
	}
	k.mu.Unlock()
	switch {
	case len(now) > len(before):
		forgetDataKeys(vm)
		k.setDisks(ctx, vm, func(disk *types.VirtualDisk) { k.pushDelta(ctx, vm, disk) })
	case leave:
		k.setConsolidation(ctx, vm, true)
	case len(now) < len(before):
		k.collapse(ctx, vm, depth)
	}
}

// forgetDataKeys keeps the simulator from deleting the wrong file with a snapshot: it finds the snapshot's file by a
// key, and gives all files new keys whenever it looks at the storage again.
func forgetDataKeys(vm *simulator.VirtualMachine) {
	const none = -1
	for i := range vm.LayoutEx.Snapshot {
		vm.LayoutEx.Snapshot[i].DataKey = none
	}
}

// leaveDeltas makes the next removal of a snapshot of the machine leave the delta files, as a failed one does.
func (k *keeper) leaveDeltas(machine string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.leave[machine] = true
}

// leaveNoDeltas takes back all that leaveDeltas has asked for.
func (k *keeper) leaveNoDeltas() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.leave)
}

// snapshotsOf returns the machine's snapshots and how many of them lie between its root and its current state.
func snapshotsOf(vm *simulator.VirtualMachine) (map[types.ManagedObjectReference]bool, int) {
	refs, depth := map[types.ManagedObjectReference]bool{}, 0
	if vm.Snapshot == nil {
		return refs, depth
	}
	var walk func(nodes []types.VirtualMachineSnapshotTree, level int)
	walk = func(nodes []types.VirtualMachineSnapshotTree, level int) {
		for _, node := range nodes {
			refs[node.Snapshot] = true
			if current := vm.Snapshot.CurrentSnapshot; current != nil && *current == node.Snapshot {
				depth = level
			}
			walk(node.ChildSnapshotList, level+1)
		}
	}
	walk(vm.Snapshot.RootSnapshotList, 1)
	return refs, depth
}

// collapse takes the disks back to `depth` deltas, which is also what a consolidation does.
func (k *keeper) collapse(ctx *simulator.Context, vm *simulator.VirtualMachine, depth int) {
	k.setDisks(ctx, vm, func(disk *types.VirtualDisk) {
		backing := backingOf(disk)
		for deltas(backing) > depth {
			backing = backing.Parent
		}
		disk.Backing = backing
	})
	k.setConsolidation(ctx, vm, false)
}

// deltas returns how many parents the backing has.
func deltas(backing *types.VirtualDiskFlatVer2BackingInfo) int {
	count := 0
	for ; backing.Parent != nil; backing = backing.Parent {
		count++
	}
	return count
}

// setDisks applies a change to copies of the machine's disks: a snapshot's configuration may share the originals.
func (k *keeper) setDisks(ctx *simulator.Context, vm *simulator.VirtualMachine, change func(*types.VirtualDisk)) {
	devices := make([]types.BaseVirtualDevice, len(vm.Config.Hardware.Device))
	for i, device := range vm.Config.Hardware.Device {
		devices[i] = device
		disk, ok := device.(*types.VirtualDisk)
		if !ok || backingOf(disk) == nil {
			continue
		}
		changed := *disk
		change(&changed)
		devices[i] = &changed
	}
	ctx.Update(vm, []types.PropertyChange{{Name: devicesPath, Val: devices}})
}

// pushDelta puts a new delta file, `name-00000N.vmdk`, before the disk's present file.
func (k *keeper) pushDelta(ctx *simulator.Context, vm *simulator.VirtualMachine, disk *types.VirtualDisk) {
	parent := backingOf(disk)
	base := parent
	for base.Parent != nil {
		base = base.Parent
	}
	var file object.DatastorePath
	file.FromString(base.FileName)
	stem := strings.TrimSuffix(file.Path, path.Ext(file.Path))
	for number := deltas(parent) + 1; ; number++ {
		file.Path = fmt.Sprintf("%s-%06d.vmdk", stem, number)
		if k.lab.makeDelta(ctx, base.FileName, file.String()) {
			break
		}
	}
	delta := *parent
	delta.FileName, delta.Parent = file.String(), parent
	disk.Backing = &delta
}

// setConsolidation sets the flag by which vCenter says that delta files are left.
func (k *keeper) setConsolidation(ctx *simulator.Context, vm *simulator.VirtualMachine, needed bool) {
	ctx.Update(vm, []types.PropertyChange{
		{Name: "runtime.consolidationNeeded", Val: needed},
		{Name: "summary.runtime.consolidationNeeded", Val: needed},
	})
}
