"""Where machines are and may be moved: overrides of DRS and Storage DRS, and moves."""

import pytest
from pyVmomi import vim, vmodl


@pytest.fixture
def pod(own):
    return own.find(vim.StoragePod, "gold")


def storage_override(own, pod, operation, vm, **info):
    spec = vim.storageDrs.VmConfigSpec(operation=operation)
    if operation == "remove":
        spec.removeKey = vm
    else:
        spec.info = vim.storageDrs.VmConfigInfo(vm=vm, **info)
    config = vim.storageDrs.ConfigSpec(vmConfigSpec=[spec])
    manager = own.content.storageResourceManager
    return own.run(manager.ConfigureStorageDrsForPod_Task(pod=pod, spec=config, modify=True))


def storage_overrides(pod):
    return [(o.vm.name, o.enabled, o.behavior) for o in pod.podStorageDrsEntry.storageDrsConfig.vmConfig]


def drs_override(own, cluster, operation, vm, **info):
    spec = vim.cluster.DrsVmConfigSpec(operation=operation)
    if operation == "remove":
        spec.removeKey = vm
    else:
        spec.info = vim.cluster.DrsVmConfigInfo(key=vm, **info)
    config = vim.cluster.ConfigSpecEx(drsVmConfigSpec=[spec])
    return own.run(cluster.ReconfigureComputeResource_Task(spec=config, modify=True))


def test_storage_drs_override(own, pod):
    """Add, edit, remove; the library alone ignores them, and its task has an entity that does not parse.

    Source: API, StorageDrsVmConfigSpec, StorageDrsVmConfigInfo.enabled; govmomi, simulator/storage_resource_manager.go.
    """
    vm = own.vm("mt-win-1")
    storage_override(own, pod, "add", vm, enabled=False)
    assert storage_overrides(pod) == [("mt-win-1", False, None)]
    storage_override(own, pod, "edit", vm, behavior="manual")
    assert storage_overrides(pod) == [("mt-win-1", False, "manual")]
    storage_override(own, pod, "remove", vm)
    assert storage_overrides(pod) == []


def test_storage_drs_override_that_exists_is_edited_not_added(own, pod):
    """Add for a new one, edit for one that exists.

    Source: API, ArrayUpdateOperation; govmomi, simulator/cluster_compute_resource.go refuses so, a vCenter may take an add as
    an edit.
    """
    vm = own.vm("mt-win-1")
    with pytest.raises(vmodl.fault.InvalidArgument):
        storage_override(own, pod, "edit", vm, enabled=False)
    storage_override(own, pod, "add", vm, enabled=False)
    with pytest.raises(vmodl.fault.InvalidArgument):
        storage_override(own, pod, "add", vm, enabled=False)


def test_pod_settings(own, pod):
    """The pod itself can be switched off.

    Source: API, StorageDrsPodConfigSpec.{enabled, defaultVmBehavior}.
    """
    spec = vim.storageDrs.ConfigSpec(podConfigSpec=vim.storageDrs.PodConfigSpec(enabled=False, defaultVmBehavior="manual"))
    own.run(own.content.storageResourceManager.ConfigureStorageDrsForPod_Task(pod=pod, spec=spec, modify=True))
    config = pod.podStorageDrsEntry.storageDrsConfig.podConfig
    assert (config.enabled, config.defaultVmBehavior) == (False, "manual")


def test_drs_override(own):
    """Add, edit, remove; removal sends a reference that ended the library.

    Source: API, ClusterDrsVmConfigInfo.enabled, ArrayUpdateSpec.removeKey; govmomi, simulator/cluster_compute_resource.go.
    """
    cluster, vm = own.find(vim.ClusterComputeResource, "infra"), own.vm("mt-win-1")
    drs_override(own, cluster, "add", vm, enabled=False)
    assert [(o.key, o.enabled) for o in cluster.configurationEx.drsVmConfig] == [(vm, False)]
    drs_override(own, cluster, "edit", vm, enabled=True, behavior="manual")
    assert [(o.enabled, o.behavior) for o in cluster.configurationEx.drsVmConfig] == [(True, "manual")]
    with pytest.raises(vmodl.fault.InvalidArgument):
        drs_override(own, cluster, "add", vm, enabled=False)
    drs_override(own, cluster, "remove", vm)
    assert cluster.configurationEx.drsVmConfig == []
    own.vcenter.check()


def test_whoever_waits_hears_of_a_drs_override(own):
    """A change of the cluster's settings is an update of configurationEx.

    Source: API, PropertyCollector.WaitForUpdatesEx; govmomi, simulator/cluster_compute_resource.go (the library tells of none).
    """
    cluster, vm = own.find(vim.ClusterComputeResource, "infra"), own.vm("mt-win-1")
    query = vmodl.query.PropertyCollector
    collector = own.content.propertyCollector.CreatePropertyCollector()
    paths = query.PropertySpec(type=vim.ClusterComputeResource, pathSet=["configurationEx"])
    collector.CreateFilter(query.FilterSpec(propSet=[paths], objectSet=[query.ObjectSpec(obj=cluster)]), partialUpdates=False)
    options = query.WaitOptions(maxWaitSeconds=10)
    first = collector.WaitForUpdatesEx("", options)
    drs_override(own, cluster, "add", vm, enabled=False)
    update = collector.WaitForUpdatesEx(first.version, options)
    (change,) = update.filterSet[0].objectSet[0].changeSet
    assert [(o.key, o.enabled) for o in change.val.drsVmConfig] == [(vm, False)]


def test_tasks_on_pod_and_cluster_can_fail(own, pod):
    """Also here the task ends in the fault that was ordered.

    Source: API, TaskInfo.error; lab/vcenter/README.md, Control endpoint (fault).
    """
    cluster, vm = own.find(vim.ClusterComputeResource, "infra"), own.vm("mt-win-1")
    for method in ("ConfigureStorageDrsForPod_Task", "ReconfigureComputeResource_Task"):
        own.vcenter.control.fault(method, "task", fault={"_typeName": "InvalidState"})
    with pytest.raises(vim.fault.InvalidState):
        storage_override(own, pod, "add", vm, enabled=False)
    with pytest.raises(vim.fault.InvalidState):
        drs_override(own, cluster, "add", vm, enabled=False)
    assert storage_overrides(pod) == []


def test_storage_move_rewrites_the_layout(own):
    """Files, backings and datastores follow; identities stay; an event tells from where.

    Source: API, VirtualMachine.RelocateVM_Task, VmRelocatedEvent.{sourceHost, sourceDatastore}; govmomi,
    simulator/virtual_machine.go (changes the list of datastores only).
    """
    vm = own.vm("payroll-web-1")
    uuids = [d.backing.uuid for d in own.disks(vm)]
    own.run(vm.RelocateVM_Task(vim.vm.RelocateSpec(datastore=own.find(vim.Datastore, "vmfs-prod-2"))))
    disks = own.disks(vm)
    assert [d.backing.fileName for d in disks] == [
        "[vmfs-prod-2] payroll-web-1/payroll-web-1.vmdk",
        "[vmfs-prod-2] payroll-web-1/payroll-web-1_1.vmdk",
    ]
    assert [d.backing.uuid for d in disks] == uuids
    assert {d.backing.datastore.name for d in disks} == {"vmfs-prod-2"}
    assert [d.name for d in vm.datastore] == ["vmfs-prod-2"]
    assert vm.config.files.vmPathName == vm.summary.config.vmPathName == "[vmfs-prod-2] payroll-web-1/payroll-web-1.vmx"
    [event] = own.events(vm, "VmRelocatedEvent")
    assert (event.sourceDatastore.name, event.ds.name) == ("vmfs-prod-1", "vmfs-prod-2")
    assert (event.sourceHost.name, event.vm.name) == ("esx-2.tokyo.example.com", "payroll-web-1")
    own.run(vm.PowerOnVM_Task())


def test_move_of_one_disk_with_its_delta(own):
    """A single disk of a machine with a snapshot: its parents come along.

    Source: API, VirtualMachineRelocateSpec.disk, VirtualDiskFlatVer2BackingInfo.parent.
    """
    vm = own.vm("mt-lin-1")
    disk = own.disks(vm)[1]
    target = own.find(vim.Datastore, "vmfs-prod-1")
    locator = vim.vm.RelocateSpec.DiskLocator(diskId=disk.key, datastore=target)
    own.run(vm.RelocateVM_Task(vim.vm.RelocateSpec(disk=[locator])))
    first, second = own.disks(vm)
    assert first.backing.fileName.startswith("[vmfs-infra-1]")
    assert second.backing.fileName == "[vmfs-prod-1] mt-lin-1/mt-lin-1_1-000001.vmdk"
    assert second.backing.parent.fileName == "[vmfs-prod-1] mt-lin-1/mt-lin-1_1.vmdk"
    assert {d.name for d in vm.datastore} == {"vmfs-infra-1", "vmfs-prod-1"}
    own.run(vm.RemoveAllSnapshots_Task())


def test_host_move(own):
    """The host's own list follows; VmMigratedEvent, no VmRelocatedEvent.

    Source: API, HostSystem.vm, VmMigratedEvent.sourceHost; govmomi, simulator/virtual_machine.go.
    """
    vm, host = own.vm("mt-win-1"), own.find(vim.HostSystem, "esx-4.tokyo.example.com")
    old = vm.runtime.host
    own.run(vm.RelocateVM_Task(vim.vm.RelocateSpec(host=host)))
    assert (vm.runtime.host, vm.summary.runtime.host) == (host, host)
    assert vm in host.vm
    assert vm not in old.vm
    assert [e.sourceHost.name for e in own.events(vm, "VmMigratedEvent")] == ["esx-3.tokyo.example.com"]
    assert own.events(vm, "VmRelocatedEvent") == []


def test_detach_after_a_move_of_the_master_target(own, change):
    """A returning machine's disk that moved with the target is no longer where the machine looks.

    Source: requirement R15; API, VirtualMachine.RelocateVM_Task.
    """
    target, returning = own.vm("mt-win-1"), own.vm("mail-relay-1")
    disk = own.disks(returning)[0]
    disk.unitNumber = 5
    own.reconfigure(target, change("add", disk))
    own.run(target.RelocateVM_Task(vim.vm.RelocateSpec(datastore=own.find(vim.Datastore, "vmfs-prod-2"))))
    attached = own.disks(target)[-1]
    assert attached.backing.fileName == "[vmfs-prod-2] mt-win-1/mail-relay-1.vmdk"
    own.reconfigure(target, change("remove", attached))
    with pytest.raises(vim.fault.FileNotFound):
        own.run(returning.PowerOnVM_Task())


def test_refresh_keeps_the_sizes(own):
    """The library alone makes up new sizes when a datastore is refreshed.

    Source: API, Datastore.RefreshDatastore; govmomi, simulator/datastore.go.
    """
    datastore = own.find(vim.Datastore, "vmfs-prod-1")
    before = (datastore.summary.capacity, datastore.summary.freeSpace)
    datastore.RefreshDatastore()
    assert (datastore.summary.capacity, datastore.summary.freeSpace) == before
