package main

import (
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
	manager := ctx.Map.EventManager()
	ctx.WithLock(manager, func() { manager.PostEvent(ctx, &types.PostEvent{EventToPost: event}) })
}
