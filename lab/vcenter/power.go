package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// taskFault returns the fault that a rule wants the machine's task to end with.
func (m *machine) taskFault(method string) types.BaseMethodFault {
	return m.lab.faults.fault(whenTask, call{method: method, kind: "VirtualMachine", moid: m.Self.Value, name: m.Name})
}

// PowerOnVMTask fails when a disk's file is missing.
func (m *machine) PowerOnVMTask(ctx *simulator.Context, request *types.PowerOnVM_Task) soap.HasFault {
	fault := m.taskFault("PowerOnVM_Task")
	for _, disk := range disksOf(m.Config.Hardware.Device) {
		if file := backingOf(disk).FileName; fault == nil && !m.lab.fileExists(ctx, file) {
			fault = &types.FileNotFound{FileFault: types.FileFault{File: file}}
		}
	}
	if fault == nil {
		return m.VirtualMachine.PowerOnVMTask(ctx, request)
	}
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: failed(ctx, m, "powerOn", fault)}}
}

// PowerOffVMTask can be made to fail.
func (m *machine) PowerOffVMTask(ctx *simulator.Context, request *types.PowerOffVM_Task) soap.HasFault {
	if fault := m.taskFault("PowerOffVM_Task"); fault != nil {
		return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: failed(ctx, m, "powerOff", fault)}}
	}
	return m.VirtualMachine.PowerOffVMTask(ctx, request)
}

// CloneVMTask can be made to fail.
func (m *machine) CloneVMTask(ctx *simulator.Context, request *types.CloneVM_Task) soap.HasFault {
	if fault := m.taskFault("CloneVM_Task"); fault != nil {
		return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: failed(ctx, m, "cloneVm", fault)}}
	}
	return m.VirtualMachine.CloneVMTask(ctx, request)
}

// DestroyTask can be made to fail. The simulator itself refuses a machine that runs, and deletes the files of the others.
func (m *machine) DestroyTask(ctx *simulator.Context, request *types.Destroy_Task) soap.HasFault {
	if fault := m.taskFault("Destroy_Task"); fault != nil {
		return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: failed(ctx, m, "destroy", fault)}}
	}
	return m.VirtualMachine.DestroyTask(ctx, request)
}

// CreateSnapshotTask can be made to fail.
func (m *machine) CreateSnapshotTask(ctx *simulator.Context, request *types.CreateSnapshot_Task) soap.HasFault {
	if fault := m.taskFault("CreateSnapshot_Task"); fault != nil {
		return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{
			Returnval: failed(ctx, m, "createSnapshot", fault),
		}}
	}
	answer := m.VirtualMachine.CreateSnapshotTask(ctx, request)
	if body, ok := answer.(*methods.CreateSnapshot_TaskBody); ok && body.Res != nil {
		post(ctx, m.taskEvent(ctx, body.Res.Returnval, "VirtualMachine.createSnapshot"))
	}
	return answer
}

// ResetVMTask is told by an event of its own; the simulator tells that the machine went off and on.
func (m *machine) ResetVMTask(ctx *simulator.Context, request *types.ResetVM_Task) soap.HasFault {
	post(ctx, &types.VmResettingEvent{VmEvent: m.event(ctx)})
	return m.VirtualMachine.ResetVMTask(ctx, request)
}

// RebootGuest is told by an event; the simulator tells nothing.
func (m *machine) RebootGuest(ctx *simulator.Context, request *types.RebootGuest) soap.HasFault {
	answer := m.VirtualMachine.RebootGuest(ctx, request)
	if answer.Fault() == nil {
		post(ctx, &types.VmGuestRebootEvent{VmEvent: m.event(ctx)})
	}
	return answer
}

// RemoveAllSnapshotsTask can be made to fail.
func (m *machine) RemoveAllSnapshotsTask(ctx *simulator.Context, request *types.RemoveAllSnapshots_Task) soap.HasFault {
	if fault := m.taskFault("RemoveAllSnapshots_Task"); fault != nil {
		return &methods.RemoveAllSnapshots_TaskBody{Res: &types.RemoveAllSnapshots_TaskResponse{
			Returnval: failed(ctx, m, "RemoveAllSnapshots", fault),
		}}
	}
	return m.VirtualMachine.RemoveAllSnapshotsTask(ctx, request)
}

// ConsolidateVMDisksTask merges delta files that a removed snapshot left; the simulator has no such method.
func (m *machine) ConsolidateVMDisksTask(ctx *simulator.Context, _ *types.ConsolidateVMDisks_Task) soap.HasFault {
	ref := run(ctx, m, "consolidateDisks", func() types.BaseMethodFault {
		if fault := m.taskFault("ConsolidateVMDisks_Task"); fault != nil {
			return fault
		}
		_, depth := snapshotsOf(m.VirtualMachine)
		m.lab.keeper.collapse(ctx, m.VirtualMachine, depth)
		return nil
	})
	return &methods.ConsolidateVMDisks_TaskBody{Res: &types.ConsolidateVMDisks_TaskResponse{Returnval: ref}}
}

// ReconfigureComputeResourceTask can be made to fail, and is heard of by whoever waits for updates.
func (c *cluster) ReconfigureComputeResourceTask(ctx *simulator.Context, request *types.ReconfigureComputeResource_Task) soap.HasFault {
	rule := call{method: "ReconfigureComputeResource_Task", kind: "ClusterComputeResource", moid: c.Self.Value, name: c.Name}
	if fault := c.lab.faults.fault(whenTask, rule); fault != nil {
		return &methods.ReconfigureComputeResource_TaskBody{Res: &types.ReconfigureComputeResource_TaskResponse{
			Returnval: failed(ctx, c, "reconfigureCluster", fault),
		}}
	}
	answer := c.ClusterComputeResource.ReconfigureComputeResourceTask(ctx, request)
	go c.announce(answer)
	return answer
}

// announce tells of the new settings, which the simulator changes in place and in silence.
func (c *cluster) announce(answer soap.HasFault) {
	ctx := c.lab.context()
	if waitFor(ctx, answer) != nil {
		return
	}
	ctx.WithLock(c.ClusterComputeResource, func() {
		config := *c.ConfigurationEx.(*types.ClusterConfigInfoEx)
		config.DrsVmConfig = slices.Clone(config.DrsVmConfig)
		ctx.Update(c.ClusterComputeResource, []types.PropertyChange{{Name: "configurationEx", Val: &config}})
	})
}
