package main

import (
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// privilegeHolder is a user, on one object or (with the zero reference) on all; "" stands for every user.
type privilegeHolder struct {
	user   string
	object types.ManagedObjectReference
}

// missingPrivileges are privileges that users lack.
type missingPrivileges struct {
	mu  sync.Mutex
	ids map[privilegeHolder][]string
}

func newMissingPrivileges() *missingPrivileges {
	return &missingPrivileges{ids: map[privilegeHolder][]string{}}
}

// setMissing sets what a user lacks, on the object that the order names or else everywhere.
func (lab *Lab) setMissing(o order) error {
	holder := privilegeHolder{user: o.User}
	if o.Kind != "" {
		object, err := lab.find(o.Kind, o.Name)
		if err != nil {
			return err
		}
		holder.object = object.Reference()
	}
	lab.missing.mu.Lock()
	defer lab.missing.mu.Unlock()
	lab.missing.ids[holder] = o.Privileges
	return nil
}

// clear gives everybody every privilege.
func (m *missingPrivileges) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.ids)
}

func (m *missingPrivileges) lacks(user, id string, object types.ManagedObjectReference) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, who := range []string{"", user} {
		for _, where := range []types.ManagedObjectReference{{}, object} {
			if slices.Contains(m.ids[privilegeHolder{who, where}], id) {
				return true
			}
		}
	}
	return false
}

// refuse returns NoPermission for a call that changes something and needs a privilege that its user lacks.
func (m *missingPrivileges) refuse(ctx *simulator.Context, method *simulator.Method) types.BaseMethodFault {
	if ctx.Session == nil {
		return nil
	}
	object, needed := requirements(method)
	if method.Name == "Fetch" { // one property, which pyvmomi reads as an attribute
		needed = []string{readPrivilege}
	}
	for _, id := range needed {
		if m.lacks(ctx.Session.UserName, id, object) {
			return &types.NoPermission{Object: &object, PrivilegeId: id}
		}
	}
	return nil
}

// requirements returns the object and the privileges on it that a call needs.
func requirements(method *simulator.Method) (types.ManagedObjectReference, []string) {
	switch request := method.Body.(type) {
	case *types.ReconfigVM_Task:
		return request.This, reconfigurePrivileges(request.Spec)
	case *types.ConfigureStorageDrsForPod_Task:
		return request.Pod, []string{"StoragePod.Config"}
	case *types.ReconfigureComputeResource_Task:
		return request.This, []string{"Host.Inventory.EditCluster"}
	case *types.PowerOnVM_Task:
		return request.This, []string{"VirtualMachine.Interact.PowerOn"}
	case *types.PowerOffVM_Task, *types.ShutdownGuest:
		return method.This, []string{"VirtualMachine.Interact.PowerOff"}
	case *types.Destroy_Task:
		return request.This, []string{"VirtualMachine.Inventory.Delete"}
	case *types.ResetVM_Task:
		return request.This, []string{"VirtualMachine.Interact.Reset"}
	case *types.CreateSnapshot_Task:
		return request.This, []string{"VirtualMachine.State.CreateSnapshot"}
	case *types.RemoveAllSnapshots_Task, *types.RemoveSnapshot_Task, *types.ConsolidateVMDisks_Task:
		return method.This, []string{"VirtualMachine.State.RemoveSnapshot"}
	}
	return method.This, nil
}

func reconfigurePrivileges(spec types.VirtualMachineConfigSpec) []string {
	var needed []string
	if len(spec.ExtraConfig) > 0 {
		needed = append(needed, "VirtualMachine.Config.AdvancedConfig")
	}
	if spec.Flags != nil {
		needed = append(needed, "VirtualMachine.Config.Settings")
	}
	for _, change := range spec.DeviceChange {
		needed = append(needed, devicePrivilege(change.GetVirtualDeviceConfigSpec()))
	}
	return needed
}

func devicePrivilege(change *types.VirtualDeviceConfigSpec) string {
	const prefix = "VirtualMachine.Config."
	_, disk := change.Device.(*types.VirtualDisk)
	switch {
	case change.Operation == types.VirtualDeviceConfigSpecOperationEdit:
		return prefix + "EditDevice"
	case !disk:
		return prefix + "AddRemoveDevice"
	case change.Operation == types.VirtualDeviceConfigSpecOperationRemove:
		return prefix + "RemoveDisk"
	case change.FileOperation == "":
		return prefix + "AddExistingDisk"
	}
	return prefix + "AddNewDisk"
}

// authorization answers questions about privileges with the missing ones; the simulator grants everything.
type authorization struct {
	*simulator.AuthorizationManager
	lab *Lab
}

func (lab *Lab) installAuthorization() {
	ref := *lab.model.ServiceContent.AuthorizationManager
	original := lab.registry().Get(ref).(*simulator.AuthorizationManager)
	lab.registry().Put(&authorization{AuthorizationManager: original, lab: lab})
}

func (a *authorization) availability(user string, ids []string, object types.ManagedObjectReference) []types.PrivilegeAvailability {
	result := make([]types.PrivilegeAvailability, len(ids))
	for i, id := range ids {
		result[i] = types.PrivilegeAvailability{PrivId: id, IsGranted: !a.lab.missing.lacks(user, id, object)}
	}
	return result
}

func (a *authorization) onEntities(user string, entities []types.ManagedObjectReference, ids []string) []types.EntityPrivilege {
	result := make([]types.EntityPrivilege, len(entities))
	for i, entity := range entities {
		result[i] = types.EntityPrivilege{Entity: entity, PrivAvailability: a.availability(user, ids, entity)}
	}
	return result
}

// HasUserPrivilegeOnEntities answers for a named user.
func (a *authorization) HasUserPrivilegeOnEntities(_ *simulator.Context, request *types.HasUserPrivilegeOnEntities) soap.HasFault {
	return &methods.HasUserPrivilegeOnEntitiesBody{Res: &types.HasUserPrivilegeOnEntitiesResponse{
		Returnval: a.onEntities(request.UserName, request.Entities, request.PrivId),
	}}
}

// HasPrivilegeOnEntities answers for the caller's session.
func (a *authorization) HasPrivilegeOnEntities(ctx *simulator.Context, request *types.HasPrivilegeOnEntities) soap.HasFault {
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{
		Returnval: a.onEntities(ctx.Session.UserName, request.Entity, request.PrivId),
	}}
}

// HasPrivilegeOnEntity answers for the caller's session.
func (a *authorization) HasPrivilegeOnEntity(ctx *simulator.Context, request *types.HasPrivilegeOnEntity) soap.HasFault {
	granted := make([]bool, len(request.PrivId))
	for i, id := range request.PrivId {
		granted[i] = !a.lab.missing.lacks(ctx.Session.UserName, id, request.Entity)
	}
	return &methods.HasPrivilegeOnEntityBody{Res: &types.HasPrivilegeOnEntityResponse{Returnval: granted}}
}

// FetchUserPrivilegeOnEntities lists what a named user has: all that the simulator knows, less the missing.
func (a *authorization) FetchUserPrivilegeOnEntities(_ *simulator.Context, request *types.FetchUserPrivilegeOnEntities) soap.HasFault {
	body := a.AuthorizationManager.FetchUserPrivilegeOnEntities(request).(*methods.FetchUserPrivilegeOnEntitiesBody)
	for i := range body.Res.Returnval {
		result := &body.Res.Returnval[i]
		result.Privileges = slices.DeleteFunc(slices.Clone(result.Privileges), func(id string) bool {
			return a.lab.missing.lacks(request.UserName, id, result.Entity)
		})
	}
	return body
}
