package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const readPrivilege = "System.Read"

// collector is a property collector for users who may lack the right to read: vCenter then names each property as
// missing, with NoPermission, in an answer that is otherwise good.
type collector struct {
	simulator.PropertyCollector
}

// blind tells who lacks the right to read. A variable, because the simulator makes each session's collector itself,
// as a zero value of the registered one's type.
var blind = func(*simulator.Context) bool { return false }

func (lab *Lab) installCollector() {
	blind = func(ctx *simulator.Context) bool {
		return ctx.Session != nil && lab.missing.lacks(ctx.Session.UserName, readPrivilege)
	}
	own := new(collector)
	own.Self = lab.model.ServiceContent.PropertyCollector
	lab.registry().Put(own)
}

// hide moves the properties of objects to the missing ones.
func hide(objects []types.ObjectContent) {
	for i := range objects {
		object := &objects[i]
		for _, property := range object.PropSet {
			object.MissingSet = append(object.MissingSet, missing(object.Obj, property.Name))
		}
		object.PropSet = nil
	}
}

func missing(object types.ManagedObjectReference, property string) types.MissingProperty {
	fault := &types.NoPermission{Object: &object, PrivilegeId: readPrivilege}
	return types.MissingProperty{Path: property, Fault: types.LocalizedMethodFault{Fault: fault}}
}

// RetrievePropertiesEx hides what the user may not read.
func (c *collector) RetrievePropertiesEx(ctx *simulator.Context, request *types.RetrievePropertiesEx) soap.HasFault {
	answer := c.PropertyCollector.RetrievePropertiesEx(ctx, request)
	if body, ok := answer.(*methods.RetrievePropertiesExBody); ok && body.Res != nil && body.Res.Returnval != nil && blind(ctx) {
		hide(body.Res.Returnval.Objects)
	}
	return answer
}

// ContinueRetrievePropertiesEx hides what the user may not read.
func (c *collector) ContinueRetrievePropertiesEx(ctx *simulator.Context, request *types.ContinueRetrievePropertiesEx) soap.HasFault {
	answer := c.PropertyCollector.ContinueRetrievePropertiesEx(ctx, request)
	if body, ok := answer.(*methods.ContinueRetrievePropertiesExBody); ok && body.Res != nil && blind(ctx) {
		hide(body.Res.Returnval.Objects)
	}
	return answer
}

// RetrieveProperties hides what the user may not read.
func (c *collector) RetrieveProperties(ctx *simulator.Context, request *types.RetrieveProperties) soap.HasFault {
	answer := c.PropertyCollector.RetrieveProperties(ctx, request)
	if body, ok := answer.(*methods.RetrievePropertiesBody); ok && body.Res != nil && blind(ctx) {
		hide(body.Res.Returnval)
	}
	return answer
}

// WaitForUpdatesEx hides what the user may not read.
func (c *collector) WaitForUpdatesEx(ctx *simulator.Context, request *types.WaitForUpdatesEx) soap.HasFault {
	answer := c.PropertyCollector.WaitForUpdatesEx(ctx, request)
	body, ok := answer.(*methods.WaitForUpdatesExBody)
	if !ok || body.Res == nil || body.Res.Returnval == nil || !blind(ctx) {
		return answer
	}
	for i := range body.Res.Returnval.FilterSet {
		set := body.Res.Returnval.FilterSet[i].ObjectSet
		for j := range set {
			for _, change := range set[j].ChangeSet {
				set[j].MissingSet = append(set[j].MissingSet, missing(set[j].Obj, change.Name))
			}
			set[j].ChangeSet = nil
		}
	}
	return answer
}

// CreatePropertyCollector makes a collector of this kind.
func (c *collector) CreatePropertyCollector(ctx *simulator.Context, _ *types.CreatePropertyCollector) soap.HasFault {
	own := new(collector)
	own.Self.Type = "PropertyCollector"
	return &methods.CreatePropertyCollectorBody{Res: &types.CreatePropertyCollectorResponse{
		Returnval: ctx.Session.Put(own).Reference(),
	}}
}
