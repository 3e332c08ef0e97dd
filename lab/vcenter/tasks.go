package main

import (
	"fmt"
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// run starts a task on `entity` and returns its reference. The caller holds the entity's lock for `ctx`.
func run(ctx *simulator.Context, entity mo.Reference, name string, work func() types.BaseMethodFault) types.ManagedObjectReference {
	task := simulator.CreateTask(entity.Reference(), name, func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, work()
	})
	return task.Run(ctx)
}

// failed starts a task that ends with `fault` at once.
func failed(ctx *simulator.Context, entity mo.Reference, name string, fault types.BaseMethodFault) types.ManagedObjectReference {
	return run(ctx, entity, name, func() types.BaseMethodFault { return fault })
}

// waitFor waits for the task that a method of the simulator returned.
func waitFor(ctx *simulator.Context, answer soap.HasFault) error {
	if fault := answer.Fault(); fault != nil {
		return fmt.Errorf("%s", fault.String)
	}
	ref := reflect.ValueOf(answer).Elem().FieldByName("Res").Elem().FieldByName("Returnval").Interface()
	task, ok := ctx.Map.Get(ref.(types.ManagedObjectReference)).(*simulator.Task)
	if !ok {
		return fmt.Errorf("no task %v", ref)
	}
	task.Wait()
	if failure := task.Info.Error; failure != nil {
		return fmt.Errorf("%s", failure.LocalizedMessage)
	}
	return nil
}
