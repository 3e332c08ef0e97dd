package main

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const readPrivilege = "System.Read"

// concealed are single properties of single objects that a user may not read, whatever else he may.
type concealed struct {
	mu    sync.Mutex
	known map[concealment]bool
}

type concealment struct {
	object     types.ManagedObjectReference
	path, user string
}

func (c *concealed) add(one concealment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[concealment]bool{}
	}
	c.known[one] = true
}

func (c *concealed) has(one concealment) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[one]
}

func (c *concealed) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = nil
}

// conceal lets a user no longer read one property of one object.
func (lab *Lab) conceal(o order) error {
	object, err := lab.find(o.Kind, o.Name)
	if err != nil {
		return err
	}
	if _, err := propertyType(object, o.Path); err != nil {
		return err
	}
	lab.concealed.add(concealment{object.Reference(), o.Path, o.User})
	return nil
}

// collector is a property collector for users who may lack the right to read: vCenter then names each such property as
// missing, with NoPermission, in an answer that is otherwise good.
type collector struct {
	simulator.PropertyCollector
}

// blind tells who may not read a property of an object. A variable, because the simulator makes each session's collector
// itself, as a zero value of the registered one's type.
var blind = func(_ *simulator.Context, _ types.ManagedObjectReference, _ string) bool { return false }

func (lab *Lab) installCollector() {
	blind = func(ctx *simulator.Context, object types.ManagedObjectReference, path string) bool {
		if ctx.Session == nil {
			return false
		}
		user := ctx.Session.UserName
		return lab.missing.lacks(user, readPrivilege, object) || lab.concealed.has(concealment{object, path, user})
	}
	own := new(collector)
	own.Self = lab.model.ServiceContent.PropertyCollector
	lab.registry().Put(own)
}

// hide moves the properties that the user may not read to the missing ones.
func hide(ctx *simulator.Context, objects []types.ObjectContent) {
	for i := range objects {
		object := &objects[i]
		var seen []types.DynamicProperty
		for _, property := range object.PropSet {
			if blind(ctx, object.Obj, property.Name) {
				object.MissingSet = append(object.MissingSet, missing(object.Obj, property.Name))
			} else {
				seen = append(seen, property)
			}
		}
		object.PropSet = seen
	}
}

func missing(object types.ManagedObjectReference, property string) types.MissingProperty {
	fault := &types.NoPermission{Object: &object, PrivilegeId: readPrivilege}
	return types.MissingProperty{Path: property, Fault: types.LocalizedMethodFault{Fault: fault}}
}

// RetrievePropertiesEx hides what the user may not read.
func (c *collector) RetrievePropertiesEx(ctx *simulator.Context, request *types.RetrievePropertiesEx) soap.HasFault {
	answer := c.PropertyCollector.RetrievePropertiesEx(ctx, request)
	if body, ok := answer.(*methods.RetrievePropertiesExBody); ok && body.Res != nil && body.Res.Returnval != nil {
		hide(ctx, body.Res.Returnval.Objects)
	}
	return answer
}

// ContinueRetrievePropertiesEx hides what the user may not read.
func (c *collector) ContinueRetrievePropertiesEx(ctx *simulator.Context, request *types.ContinueRetrievePropertiesEx) soap.HasFault {
	answer := c.PropertyCollector.ContinueRetrievePropertiesEx(ctx, request)
	if body, ok := answer.(*methods.ContinueRetrievePropertiesExBody); ok && body.Res != nil {
		hide(ctx, body.Res.Returnval.Objects)
	}
	return answer
}

// RetrieveProperties hides what the user may not read.
func (c *collector) RetrieveProperties(ctx *simulator.Context, request *types.RetrieveProperties) soap.HasFault {
	answer := c.PropertyCollector.RetrieveProperties(ctx, request)
	if body, ok := answer.(*methods.RetrievePropertiesBody); ok && body.Res != nil {
		hide(ctx, body.Res.Returnval)
	}
	return answer
}

// WaitForUpdatesEx hides what the user may not read.
func (c *collector) WaitForUpdatesEx(ctx *simulator.Context, request *types.WaitForUpdatesEx) soap.HasFault {
	answer := c.PropertyCollector.WaitForUpdatesEx(ctx, request)
	body, ok := answer.(*methods.WaitForUpdatesExBody)
	if !ok || body.Res == nil || body.Res.Returnval == nil {
		return answer
	}
	for i := range body.Res.Returnval.FilterSet {
		set := body.Res.Returnval.FilterSet[i].ObjectSet
		for j := range set {
			var seen []types.PropertyChange
			for _, change := range set[j].ChangeSet {
				if blind(ctx, set[j].Obj, change.Name) {
					set[j].MissingSet = append(set[j].MissingSet, missing(set[j].Obj, change.Name))
				} else {
					seen = append(seen, change)
				}
			}
			set[j].ChangeSet = seen
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
