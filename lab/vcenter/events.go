package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// event returns the parts that every event of the machine has. pyvmomi refuses a whole page of events over a single
// reference that is empty, so all of them are filled.
func (m *machine) event(ctx *simulator.Context) types.VmEvent {
	host := ctx.Map.Get(*m.Runtime.Host).(*simulator.HostSystem)
	ds := ctx.Map.Get(m.Datastore[0]).(*simulator.Datastore)
	dc := m.lab.datacenter()
	return types.VmEvent{Event: types.Event{
		Datacenter:      &types.DatacenterEventArgument{EntityEventArgument: argument(dc.Name), Datacenter: dc.Self},
		ComputeResource: m.computeResource(ctx, host),
		Host:            &types.HostEventArgument{EntityEventArgument: argument(host.Name), Host: host.Self},
		Ds:              &types.DatastoreEventArgument{EntityEventArgument: argument(ds.Name), Datastore: ds.Self},
		Vm:              &types.VmEventArgument{EntityEventArgument: argument(m.Name), Vm: m.Self},
	}}
}

func (m *machine) computeResource(ctx *simulator.Context, host *simulator.HostSystem) *types.ComputeResourceEventArgument {
	parent := ctx.Map.Get(*host.Parent).(mo.Entity)
	return &types.ComputeResourceEventArgument{
		EntityEventArgument: argument(parent.Entity().Name), ComputeResource: parent.Reference(),
	}
}

func argument(name string) types.EntityEventArgument { return types.EntityEventArgument{Name: name} }

// postMove posts what vCenter says of a move: VmRelocatedEvent when files moved, VmMigratedEvent when only the host did.
func (m *machine) postMove(ctx *simulator.Context, before types.VmEvent, files bool) {
	after := m.event(ctx)
	var event types.BaseEvent = &types.VmMigratedEvent{
		VmEvent: after, SourceHost: *before.Host, SourceDatacenter: before.Datacenter, SourceDatastore: before.Ds,
	}
	if files {
		event = &types.VmRelocatedEvent{
			VmRelocateSpecEvent: types.VmRelocateSpecEvent{VmEvent: after},
			SourceHost:          *before.Host, SourceDatacenter: before.Datacenter, SourceDatastore: before.Ds,
		}
	}
	post(ctx, event)
}

// post lets the event manager add an event, in the name of the context's user.
func post(ctx *simulator.Context, event types.BaseEvent) {
	manager := ctx.Map.EventManager()
	ctx.WithLock(manager, func() { manager.PostEvent(ctx, &types.PostEvent{EventToPost: event}) })
}

// taskEvent is what vCenter says of a task that was begun: of a snapshot there is no other event. The simulator says nothing.
func (m *machine) taskEvent(ctx *simulator.Context, task types.ManagedObjectReference, id string) types.BaseEvent {
	return &types.TaskEvent{Event: m.event(ctx).Event, Info: types.TaskInfo{
		Key: task.Value, Task: task, DescriptionId: id, Entity: &m.Self, EntityName: m.Name, State: types.TaskInfoStateQueued,
		Reason: &types.TaskReasonUser{UserName: ctx.Session.UserName}, QueueTime: time.Now(),
	}}
}

// eventOf makes an event of the machine, as complete as pyvmomi wants it; of a TaskEvent `task` is the task's description.
func (m *machine) eventOf(ctx *simulator.Context, kind, task string) (types.BaseEvent, error) {
	event := m.event(ctx)
	switch kind {
	case "VmPoweredOnEvent":
		return &types.VmPoweredOnEvent{VmEvent: event}, nil
	case "DrsVmPoweredOnEvent":
		return &types.DrsVmPoweredOnEvent{VmPoweredOnEvent: types.VmPoweredOnEvent{VmEvent: event}}, nil
	case "VmPoweredOffEvent":
		return &types.VmPoweredOffEvent{VmEvent: event}, nil
	case "VmResettingEvent":
		return &types.VmResettingEvent{VmEvent: event}, nil
	case "VmGuestRebootEvent":
		return &types.VmGuestRebootEvent{VmEvent: event}, nil
	case "VmRelocatedEvent":
		return &types.VmRelocatedEvent{
			VmRelocateSpecEvent: types.VmRelocateSpecEvent{VmEvent: event},
			SourceHost:          *event.Host, SourceDatacenter: event.Datacenter, SourceDatastore: event.Ds,
		}, nil
	case "VmRemovedEvent":
		return &types.VmRemovedEvent{VmEvent: event}, nil
	case "TaskEvent":
		return m.taskEvent(ctx, types.ManagedObjectReference{Type: "Task", Value: "task-posted"}, task), nil
	}
	return nil, fmt.Errorf("no event %q is known", kind)
}

// tell posts an event of a machine without anything having happened to it, in the name of a user.
func (lab *Lab) tell(o order) error {
	object, err := lab.find("VirtualMachine", o.Name)
	if err != nil {
		return err
	}
	ctx := lab.context()
	session := *ctx.Session
	session.UserName = o.User
	ctx.Session = &session
	event, err := (&machine{VirtualMachine: object.(*simulator.VirtualMachine), lab: lab}).eventOf(ctx, o.Kind, o.Path)
	if err != nil {
		return err
	}
	post(ctx, event)
	lab.settingsMu.Lock()
	defer lab.settingsMu.Unlock()
	lab.told = append(lab.told, event)
	return nil
}

// untell moves what `tell` has posted out of the time that anybody asks about: no event is ever deleted.
func (lab *Lab) untell() {
	lab.settingsMu.Lock()
	defer lab.settingsMu.Unlock()
	ctx := lab.context()
	ctx.WithLock(ctx.Map.EventManager(), func() {
		for _, event := range lab.told {
			event.GetEvent().CreatedTime = time.Unix(0, 0).UTC()
		}
	})
	lab.told = nil
}
