package main

import (
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// keeper watches every change of the inventory and adds what govmomi's simulator leaves out: it hears of a change
// whichever call made it, and does so while that call still holds the machine, so no reader sees the state between.
type keeper struct {
	self types.ManagedObjectReference
	lab  *Lab
	// toolsDelay is how long after power-on VMware Tools begin to report.
	toolsDelay time.Duration

	mu     sync.Mutex
	guests map[types.ManagedObjectReference]GuestSpec
	seen   map[types.ManagedObjectReference]map[types.ManagedObjectReference]bool // snapshots by machine
	leave  map[string]bool                                                        // machines whose next snapshot removal leaves its deltas
}

func newKeeper(lab *Lab, toolsDelay time.Duration) *keeper {
	return &keeper{
		self:       types.ManagedObjectReference{Type: "LabKeeper", Value: "keeper"},
		lab:        lab,
		toolsDelay: toolsDelay,
		guests:     map[types.ManagedObjectReference]GuestSpec{},
		seen:       map[types.ManagedObjectReference]map[types.ManagedObjectReference]bool{},
		leave:      map[string]bool{},
	}
}

// Reference implements simulator.RegisterObject.
func (k *keeper) Reference() types.ManagedObjectReference { return k.self }

// PutObject makes new machines and tasks such that pyvmomi can parse them.
func (k *keeper) PutObject(_ *simulator.Context, object mo.Reference) {
	switch object := object.(type) {
	case *simulator.VirtualMachine:
		fillStates(object)
	case *simulator.Task:
		k.fillEntity(object)
	}
}

// fillEntity replaces a task's entity that is no managed entity (a disk manager's, say) by the root folder, since
// pyvmomi refuses the task otherwise.
func (k *keeper) fillEntity(task *simulator.Task) {
	if entity := task.Info.Entity; entity != nil {
		if _, ok := k.lab.registry().Get(*entity).(mo.Entity); !ok && entity.Type != "VirtualMachine" {
			root := k.lab.model.ServiceContent.RootFolder
			task.Info.Entity, task.Info.EntityName = &root, root.Value
		}
	}
}

// fillStates fills the two states that the simulator leaves empty.
func fillStates(vm *simulator.VirtualMachine) {
	for _, runtime := range []*types.VirtualMachineRuntimeInfo{&vm.Runtime, &vm.Summary.Runtime} {
		if runtime.FaultToleranceState == "" {
			runtime.FaultToleranceState = types.VirtualMachineFaultToleranceStateNotConfigured
		}
		if runtime.RecordReplayState == "" {
			runtime.RecordReplayState = types.VirtualMachineRecordReplayStateInactive
		}
	}
}

// UpdateObject follows changes of power, devices and snapshots of machines.
func (k *keeper) UpdateObject(ctx *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	if object.Reference().Type != "VirtualMachine" {
		return
	}
	vm, ok := k.lab.registry().Get(object.Reference()).(*simulator.VirtualMachine)
	if !ok || vm.Runtime.Host == nil { // still being made
		return
	}
	var power, devices, snapshots bool
	for _, change := range changes {
		power = power || change.Name == "runtime.powerState"
		devices = devices || change.Name == devicesPath
		snapshots = snapshots || change.Name == "snapshot" || strings.HasPrefix(change.Name, "snapshot.")
	}
	if power {
		k.powerChanged(ctx, vm)
	}
	if devices {
		k.devicesChanged(ctx, vm, changes)
	}
	if snapshots {
		k.snapshotsChanged(ctx, vm)
	}
}

// RemoveObject forgets what is kept of a machine.
func (k *keeper) RemoveObject(_ *simulator.Context, ref types.ManagedObjectReference) {
	if ref.Type != "VirtualMachine" {
		return
	}
	k.mu.Lock()
	delete(k.guests, ref)
	delete(k.seen, ref)
	k.mu.Unlock()
	k.lab.overlays.forget(ref)
}

// learn notes what the machine's VMware Tools report while they run.
func (k *keeper) learn(ref types.ManagedObjectReference, guest GuestSpec) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.guests[ref] = guest
}

// guestOf returns the guest of the machine. One that was made later with the BIOS UUID of a machine of the scenario
// is that machine anew, and runs the same system.
func (k *keeper) guestOf(vm *simulator.VirtualMachine) (GuestSpec, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	guest, ok := k.guests[vm.Self]
	for _, spec := range k.lab.scenario.Machines {
		if !ok && spec.BiosUUID == vm.Config.Uuid {
			guest, ok = spec.Guest, true
		}
	}
	return guest, ok
}

// powerChanged keeps both boot times equal (the simulator sets one of them, and not in each way of switching off)
// and lets VMware Tools stop with the machine and report again some time after its start.
func (k *keeper) powerChanged(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
		ctx.Update(vm, append(bootTime(nil), toolsStopped()...))
		return
	}
	now := time.Now()
	ctx.Update(vm, bootTime(&now))
	guest, ok := k.guestOf(vm)
	if !ok || !guest.ToolsRunning {
		return
	}
	time.AfterFunc(k.toolsDelay, func() {
		own := k.lab.context()
		k.lab.registry().WithLock(own, vm, func() {
			if boot := vm.Runtime.BootTime; boot != nil && boot.Equal(now) { // not switched since
				own.Update(vm, toolsStarted(guest, vm))
			}
		})
	})
}

// bootTime returns the changes that set both boot times.
func bootTime(at *time.Time) []types.PropertyChange {
	var value types.AnyType
	if at != nil {
		value = *at
	}
	return []types.PropertyChange{{Name: "runtime.bootTime", Val: value}, {Name: "summary.runtime.bootTime", Val: value}}
}
