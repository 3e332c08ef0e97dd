"""The scenario arrives complete: what pyvmomi reads is what lab/scenarios/demo.yaml says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyVmomi import vim

import failback_lab
from failback_lab.scenario import GIB, Machine, Scenario

CONTROLLERS = {
    "lsilogic": vim.vm.device.VirtualLsiLogicController,
    "lsilogic-sas": vim.vm.device.VirtualLsiLogicSASController,
    "paravirtual": vim.vm.device.ParaVirtualSCSIController,
    "buslogic": vim.vm.device.VirtualBusLogicController,
}


DEMO = Scenario.load(Path(failback_lab.__file__).parent.parent / "scenarios" / "demo.yaml")


@pytest.fixture(params=[machine.name for machine in DEMO.vcenter.machines])
def machine(request, demo_scenario) -> Machine:
    return demo_scenario.machine(request.param)


def test_about_names_the_version_and_the_vcenter(shared, demo_scenario):
    """The library's version is 6.5; of 8.0.3.0 pyvmomi takes its newest.

    Source: API, AboutInfo.apiVersion; govmomi, simulator/vpx/service_content.go.
    """
    about = shared.content.about
    assert (about.apiVersion, about.apiType) == ("8.0.3.0", "VirtualCenter")
    assert about.instanceUuid == str(demo_scenario.vcenter.instance_uuid)
    assert shared.si._stub.version == "vim.version.v8_0_3_0"


def test_clusters_and_hosts(shared, demo_scenario):
    """DRS settings are read from configurationEx.

    Source: API, ClusterConfigInfoEx.{drsConfig, drsVmConfig}.
    """
    for spec in demo_scenario.vcenter.clusters:
        cluster = shared.find(vim.ClusterComputeResource, spec.name)
        assert tuple(host.name for host in cluster.host) == spec.hosts
        assert cluster.configurationEx.drsConfig.enabled is spec.drs_enabled
        assert cluster.configurationEx.drsVmConfig == []


def test_datastores(shared, demo_scenario):
    """Type, mounts and sizes; the library alone has only type OTHER.

    Source: API, DatastoreSummary, HostMountInfo; govmomi, simulator/host_datastore_system.go.
    """
    for spec in demo_scenario.vcenter.datastores:
        datastore = shared.find(vim.Datastore, spec.name)
        summary = datastore.summary
        assert (summary.type, summary.accessible, summary.maintenanceMode) == (spec.type, True, "normal")
        assert (summary.capacity, summary.freeSpace) == (spec.capacity_gib * GIB, spec.free_gib * GIB)
        assert datastore.info.freeSpace == summary.freeSpace
        mounts = {mount.key.name: mount.mountInfo for mount in datastore.host}
        assert set(mounts) == set(spec.hosts)
        assert all((m.accessMode, m.mounted, m.accessible) == ("readWrite", True, True) for m in mounts.values())
        assert (datastore.parent.name == spec.pod) is (spec.pod is not None)


def test_pods(shared, demo_scenario):
    """A pod is enabled and has no overrides.

    Source: API, StorageDrsPodConfigInfo.enabled, StorageDrsConfigInfo.vmConfig.
    """
    for name in demo_scenario.vcenter.pods:
        pod = shared.find(vim.StoragePod, name)
        members = [d for d in demo_scenario.vcenter.datastores if d.pod == name]
        assert sorted(child.name for child in pod.childEntity) == sorted(d.name for d in members)
        config = pod.podStorageDrsEntry.storageDrsConfig
        assert (config.podConfig.enabled, config.podConfig.defaultVmBehavior, config.vmConfig) == (True, "automated", [])
        assert pod.summary.capacity == sum(d.capacity_gib for d in members) * GIB


def test_identity_and_place(shared, machine):
    """Both UUIDs, host, datastore; found by its BIOS UUID.

    Source: API, VirtualMachineConfigInfo.{uuid, instanceUuid}, SearchIndex.FindAllByUuid.
    """
    vm = shared.vm(machine.name)
    assert (vm.config.instanceUuid, vm.config.uuid) == (str(machine.instance_uuid), str(machine.bios_uuid))
    assert vm.config.hardware.memoryMB == machine.memory_mib
    assert vm.runtime.host.name == machine.host
    assert vm in vm.runtime.host.vm
    places = {machine.datastore} | {d.datastore for d in machine.disks if d.datastore}
    assert {datastore.name for datastore in vm.datastore} == places
    assert all(vm in datastore.vm for datastore in vm.datastore)
    assert shared.content.searchIndex.FindAllByUuid(None, vm.config.uuid, True, False) == [vm]


def test_every_part_of_a_machine_parses(shared, machine):
    """Empty enums, which the library alone sends, make pyvmomi fail on runtime and summary.

    Source: API, VirtualMachineRuntimeInfo.{faultToleranceState, recordReplayState} (never empty); pyvmomi 9.1.1,
    pyVmomi/SoapAdapter.py.
    """
    vm = shared.vm(machine.name)
    for part in ("runtime", "summary", "config", "guest", "capability", "layout", "layoutEx", "storage", "recentTask"):
        getattr(vm, part)
    assert vm.runtime.faultToleranceState == vm.summary.runtime.faultToleranceState == "notConfigured"


def test_power_and_boot_time(shared, machine):
    """The boot time, in both places, tells when the machine was switched on; none for one that is off.

    Source: API, VirtualMachineRuntimeInfo.bootTime (set at power-on, cleared at power-off).
    """
    vm = shared.vm(machine.name)
    assert vm.runtime.powerState == ("poweredOn" if machine.powered_on else "poweredOff")
    assert vm.runtime.bootTime == vm.summary.runtime.bootTime
    assert (vm.runtime.bootTime is not None) is machine.powered_on
    if machine.powered_on:
        assert datetime.now(UTC) - vm.runtime.bootTime > timedelta(days=30)
        assert shared.events(vm, "VmPoweredOnEvent") == []


def test_controllers(shared, machine):
    """Exactly the scenario's controller, and it lists its devices.

    Source: API, VirtualSCSIController, VirtualController.device.
    """
    vm = shared.vm(machine.name)
    controllers = [d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualSCSIController)]
    assert [type(controller) for controller in controllers] == [CONTROLLERS[machine.controller]]
    assert sorted(controllers[0].device) == [disk.key for disk in shared.disks(vm)]


def test_disks(shared, machine):
    """Size, identity, place and unit of each disk.

    Source: API, VirtualDisk.capacityInBytes, VirtualDiskFlatVer2BackingInfo.{uuid, fileName, datastore},
    VirtualDevice.unitNumber.
    """
    vm = shared.vm(machine.name)
    disks = shared.disks(vm)
    assert len(disks) == vm.summary.config.numVirtualDisks == len(machine.disks)
    for index, (disk, spec) in enumerate(zip(disks, machine.disks, strict=True)):
        place = spec.datastore or machine.datastore
        suffix = f"_{index}" if index else ""
        delta = f"-{1:06d}" if machine.snapshots else ""
        assert disk.backing.uuid == str(machine.disk_uuid(index))
        assert disk.capacityInBytes == disk.capacityInKB * 1024 == spec.size_gib * GIB
        assert disk.backing.fileName == f"[{place}] {machine.name}/{machine.name}{suffix}{delta}.vmdk"
        assert disk.backing.datastore.name == place
        assert disk.unitNumber == index


def test_cards(shared, machine):
    """One card each, connected while the machine runs.

    Source: API, VirtualEthernetCard.macAddress, VirtualDeviceConnectInfo.{startConnected, connected}.
    """
    vm = shared.vm(machine.name)
    cards = [d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualEthernetCard)]
    assert len(cards) == machine.nics
    assert cards[0].macAddress == machine.mac_address
    assert len({card.macAddress for card in cards}) == machine.nics
    assert all(card.connectable.startConnected for card in cards)
    assert all(card.connectable.connected is machine.powered_on for card in cards)


def test_guest(shared, machine, demo_scenario):
    """What VMware Tools report while the machine runs.

    Source: API, GuestInfo.{toolsRunningStatus, toolsVersionStatus2, guestDetailedData, net, disk}.
    """
    vm, guest = shared.vm(machine.name), demo_scenario.guests[machine.guest]
    assert (vm.config.guestId, vm.config.guestFullName) == (guest.guest_id, guest.full_name)
    assert vm.guest.guestFullName == guest.full_name
    assert vm.guest.guestFamily == f"{guest.family.lower()}Guest"
    assert vm.guest.guestDetailedData == guest.detailed_data
    assert vm.guest.toolsVersionStatus2 == ("guestToolsCurrent" if guest.family == "Windows" else "guestToolsUnmanaged")
    running = machine.powered_on and machine.tools_running
    assert vm.guest.toolsRunningStatus == ("guestToolsRunning" if running else "guestToolsNotRunning")
    assert vm.guest.ipAddress == (machine.ips[0] if running else None)
    assert vm.guest.hostName == (machine.name if running else None)
    assert [address for nic in vm.guest.net for address in nic.ipAddress] == (list(machine.ips) if running else [])
    volumes = [(d.diskPath, d.capacity, d.freeSpace, d.filesystemType) for d in vm.guest.disk]
    assert volumes == [(v.path, v.capacity_gib * GIB, v.free_gib * GIB, v.filesystem) for v in machine.volumes if running]


def test_extra_config(shared, machine, demo_scenario):
    """The machine's options and the guest's detailed data.

    Source: API, VirtualMachineConfigInfo.extraConfig, GuestInfo.guestDetailedData.
    """
    options = {option.key: option.value for option in shared.vm(machine.name).config.extraConfig}
    expected = machine.extra_config | {"guestInfo.detailed.data": demo_scenario.guests[machine.guest].detailed_data}
    assert expected.items() <= options.items()
    assert ("disk.EnableUUID" in options) is ("disk.EnableUUID" in machine.extra_config)


def test_snapshots(shared, machine):
    """Names and times; a machine without snapshots has no such property at all.

    Source: API, VirtualMachine.snapshot, VirtualMachineSnapshotTree.{name, createTime}.
    """
    vm = shared.vm(machine.name)
    found, _ = shared.read(vm, "snapshot")
    if not machine.snapshots:
        assert found == {}
        return
    names, nodes = [], found["snapshot"].rootSnapshotList
    while nodes:
        names.append(nodes[0].name)
        assert datetime.now(UTC) - nodes[0].createTime > timedelta(days=10)
        nodes = nodes[0].childSnapshotList
    assert tuple(names) == machine.snapshots
