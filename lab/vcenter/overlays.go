package main

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// overlays puts this program's versions of machines and clusters into the sessions' own registries. The documented
// way, replacing the object in the main registry, makes the simulator panic where it asserts its own type.
type overlays struct {
	mu       sync.Mutex
	sessions map[string]*simulator.Registry
}

func newOverlays() *overlays { return &overlays{sessions: map[string]*simulator.Registry{}} }

// forget removes the overlays of an object that is gone.
func (o *overlays) forget(ref types.ManagedObjectReference) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, registry := range o.sessions {
		registry.Remove(&simulator.Context{Map: registry}, ref)
	}
}

// overlaid are the methods that an overlay changes, by type of object.
var overlaid = map[string]map[string]bool{
	"VirtualMachine": {
		"ReconfigVM_Task": true, "RelocateVM_Task": true, "PowerOnVM_Task": true, "PowerOffVM_Task": true,
		"CreateSnapshot_Task": true, "RemoveAllSnapshots_Task": true, "ConsolidateVMDisks_Task": true,
		"CloneVM_Task": true, "ResetVM_Task": true, "RebootGuest": true, "Destroy_Task": true,
	},
	"ClusterComputeResource": {"ReconfigureComputeResource_Task": true},
	"Datastore":              {"RefreshDatastore": true},
}

// overlay makes the session's view of the object that `method` is called on, where this program changes the method.
func (lab *Lab) overlay(ctx *simulator.Context, method *simulator.Method) {
	if ctx.Session == nil || ctx.Session.Registry == nil {
		return
	}
	lab.overlays.mu.Lock()
	defer lab.overlays.mu.Unlock()
	registry := ctx.Session.Registry
	lab.overlays.sessions[ctx.Session.Key] = registry
	if !overlaid[method.This.Type][method.Name] {
		return
	}
	object := ctx.Map.Get(method.This)
	if object == nil || registry.Get(method.This) != nil {
		return
	}
	var view mo.Reference
	switch object := object.(type) {
	case *simulator.VirtualMachine:
		view = &machine{VirtualMachine: object, lab: lab}
	case *simulator.ClusterComputeResource:
		view = &cluster{ClusterComputeResource: object, lab: lab}
	case *simulator.Datastore:
		view = &datastore{Datastore: object}
	default:
		return
	}
	// Put writes the states of the object, hence its lock.
	ctx.WithLock(object, func() { registry.Put(view) })
}

// end forgets a session and ends its calls that wait for updates.
func (o *overlays) end(key string) {
	o.mu.Lock()
	registry := o.sessions[key]
	delete(o.sessions, key)
	o.mu.Unlock()
	if registry == nil {
		return
	}
	for _, object := range registry.AllReference("PropertyCollector") {
		if pc, ok := object.(*collector); ok {
			pc.CancelWaitForUpdates(&types.CancelWaitForUpdates{This: pc.Self})
		}
	}
}

// machine is a virtual machine with this program's changes to its methods.
type machine struct {
	*simulator.VirtualMachine
	lab *Lab
}

// cluster is a cluster whose tasks can be made to fail.
type cluster struct {
	*simulator.ClusterComputeResource
	lab *Lab
}

// datastore keeps its sizes when it is refreshed; the simulator makes up new ones.
type datastore struct{ *simulator.Datastore }

// RefreshDatastore has nothing to find out.
func (d *datastore) RefreshDatastore(*simulator.Context, *types.RefreshDatastore) soap.HasFault {
	return &methods.RefreshDatastoreBody{Res: new(types.RefreshDatastoreResponse)}
}
