package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// storageManager does Storage DRS overrides of machines, which the simulator ignores, in a task on the pod: the
// simulator's task is on the manager itself, which pyvmomi cannot parse.
type storageManager struct {
	*simulator.StorageResourceManager
	lab *Lab
}

func (lab *Lab) installStorageManager() {
	ref := *lab.model.ServiceContent.StorageResourceManager
	original := lab.registry().Get(ref).(*simulator.StorageResourceManager)
	lab.registry().Put(&storageManager{StorageResourceManager: original, lab: lab})
}

// ConfigureStorageDrsForPodTask applies the pod's settings and its machines' overrides.
func (s *storageManager) ConfigureStorageDrsForPodTask(ctx *simulator.Context, request *types.ConfigureStorageDrsForPod_Task) soap.HasFault {
	body := new(methods.ConfigureStorageDrsForPod_TaskBody)
	pod, ok := ctx.Map.Get(request.Pod).(*simulator.StoragePod)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: request.Pod})
		return body
	}
	ref := run(ctx, pod, "configureStorageDrsForPod", func() types.BaseMethodFault {
		rule := call{method: "ConfigureStorageDrsForPod_Task", kind: "StoragePod", moid: pod.Self.Value, name: pod.Name}
		if fault := s.lab.faults.fault(whenTask, rule); fault != nil {
			return fault
		}
		return configurePod(ctx, pod, request.Spec)
	})
	body.Res = &types.ConfigureStorageDrsForPod_TaskResponse{Returnval: ref}
	return body
}

func configurePod(ctx *simulator.Context, pod *simulator.StoragePod, spec types.StorageDrsConfigSpec) types.BaseMethodFault {
	config := pod.PodStorageDrsEntry.StorageDrsConfig
	if change := spec.PodConfigSpec; change != nil {
		if change.Enabled != nil {
			config.PodConfig.Enabled = *change.Enabled
		}
		if change.DefaultVmBehavior != "" {
			config.PodConfig.DefaultVmBehavior = change.DefaultVmBehavior
		}
	}
	overrides, fault := mergeOverrides(config.VmConfig, spec.VmConfigSpec)
	if fault != nil {
		return fault
	}
	ctx.Update(pod, []types.PropertyChange{
		{Name: "podStorageDrsEntry.storageDrsConfig.podConfig", Val: config.PodConfig},
		{Name: "podStorageDrsEntry.storageDrsConfig.vmConfig", Val: overrides},
	})
	return nil
}

// mergeOverrides applies the operations as the simulator does for the overrides of DRS: adding what exists and
// editing or removing what does not is an InvalidArgument.
func mergeOverrides(old []types.StorageDrsVmConfigInfo, specs []types.StorageDrsVmConfigSpec) ([]types.StorageDrsVmConfigInfo, types.BaseMethodFault) {
	result := append([]types.StorageDrsVmConfigInfo(nil), old...)
	invalid := func(property string) types.BaseMethodFault { return &types.InvalidArgument{InvalidProperty: property} }
	for _, spec := range specs {
		vm, ok := overriddenMachine(spec)
		if !ok {
			return nil, invalid("spec.vmConfigSpec.info")
		}
		at := -1
		for i, info := range result {
			if info.Vm != nil && *info.Vm == vm {
				at = i
			}
		}
		if (at >= 0) == (spec.Operation == types.ArrayUpdateOperationAdd) {
			return nil, invalid("spec.vmConfigSpec.operation")
		}
		switch spec.Operation {
		case types.ArrayUpdateOperationAdd:
			result = append(result, *spec.Info)
		case types.ArrayUpdateOperationEdit:
			result[at] = editedOverride(result[at], *spec.Info)
		case types.ArrayUpdateOperationRemove:
			result = append(result[:at], result[at+1:]...)
		}
	}
	return result, nil
}

func overriddenMachine(spec types.StorageDrsVmConfigSpec) (types.ManagedObjectReference, bool) {
	if spec.Operation == types.ArrayUpdateOperationRemove {
		vm, ok := spec.RemoveKey.(types.ManagedObjectReference)
		return vm, ok
	}
	if spec.Info == nil || spec.Info.Vm == nil {
		return types.ManagedObjectReference{}, false
	}
	return *spec.Info.Vm, true
}

func editedOverride(old, change types.StorageDrsVmConfigInfo) types.StorageDrsVmConfigInfo {
	if change.Enabled != nil {
		old.Enabled = change.Enabled
	}
	if change.Behavior != "" {
		old.Behavior = change.Behavior
	}
	if change.IntraVmAffinity != nil {
		old.IntraVmAffinity = change.IntraVmAffinity
	}
	return old
}
