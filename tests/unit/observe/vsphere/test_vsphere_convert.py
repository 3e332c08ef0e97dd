"""Properties → facts: every kind of device, absent against unread, odd values."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pyVmomi import vim
from tests.unit.observe.vsphere.rows import controller, device, disk, flat, machine_row, option

from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import SourceFailed, SourceProblem
from failback_operator.domain.vsphere import ControllerKind, GuestNetwork, GuestVolume, NetworkCard, PowerState
from failback_operator.observe.vsphere import convert
from failback_operator.observe.vsphere.retrieve import Row


def test_a_plain_vm() -> None:
    vm = convert.machine(machine_row())
    assert (vm.moref, vm.name, vm.host) == ("vm-1", "app-1", "host-1")
    assert (vm.power_state, vm.connection_state) == (PowerState.ON, "connected")
    assert (vm.snapshots, vm.consolidation_needed, vm.disk_uuid_enabled, vm.boot_time) == ((), False, False, None)
    assert vm.unread == frozenset()


@pytest.mark.parametrize(
    ("vendor", "kind", "is_scsi"),
    [
        (device.VirtualLsiLogicController, ControllerKind.LSI_LOGIC, True),
        (device.VirtualLsiLogicSASController, ControllerKind.LSI_LOGIC_SAS, True),
        (device.ParaVirtualSCSIController, ControllerKind.PARAVIRTUAL, True),
        (device.VirtualBusLogicController, ControllerKind.BUS_LOGIC, True),
        (device.VirtualNVMEController, ControllerKind.NVME, False),
        (device.VirtualAHCIController, ControllerKind.SATA, False),
        (device.VirtualIDEController, ControllerKind.IDE, False),
    ],
)
def test_controllers(vendor: Any, kind: ControllerKind, is_scsi: bool) -> None:
    (found,) = convert.machine(machine_row(config__hardware__device=[controller(vendor, 1001, 1)])).controllers
    assert (found.key, found.kind, found.bus_number, found.is_scsi) == (1001, kind, 1, is_scsi)


def test_other_devices_are_no_controllers() -> None:
    others = [device.VirtualPCIController(key=100, busNumber=0), device.VirtualKeyboard(key=600), device.VirtualVmxnet3(key=4000)]
    vm = convert.machine(machine_row(config__hardware__device=others))
    assert (vm.controllers, vm.disks, vm.nic_count) == ((), (), 1)
    assert vm.unread == frozenset()


def test_disks() -> None:
    raw = device.VirtualDisk.RawDiskMappingVer1BackingInfo(fileName="[vmfs-1] a/rdm.vmdk", datastore=vim.Datastore("datastore-1"))
    shared = device.VirtualDisk.RawDiskVer2BackingInfo(descriptorFileName="/dev/x")
    delta = flat("[vmfs-1] app-1/app-1-000001.vmdk", parent=flat())
    hardware = [
        disk(2003, raw),
        disk(2001, delta, unitNumber=1),
        disk(2000),
        disk(2002, shared, capacityInBytes=None, deviceInfo=None),
    ]
    found = convert.machine(machine_row(config__hardware__device=hardware)).disks
    assert [each.key for each in found] == [2000, 2001, 2002, 2003]
    plain, child, shared_raw, mapped = found
    assert (plain.label, plain.unit_number, plain.controller_key, plain.uuid) == ("Hard disk 1", 0, 1000, "6000C29a-1")
    assert (plain.file_name, plain.datastore) == ("[vmfs-1] app-1/app-1.vmdk", "datastore-1")
    assert (plain.has_parent, child.has_parent) == (False, True)
    assert (shared_raw.file_name, shared_raw.datastore, shared_raw.uuid, shared_raw.label) == ("/dev/x", None, None, "disk 2002")
    assert shared_raw.capacity_bytes == 1073741824
    assert (plain.is_raw_device, shared_raw.is_raw_device, mapped.is_raw_device) == (False, True, True)


@pytest.mark.parametrize(
    ("key", "value", "enabled"),
    [
        ("disk.EnableUUID", "TRUE", True),
        ("disk.enableUUID", "true", True),
        ("DISK.ENABLEUUID", "1", True),
        ("disk.EnableUUID", True, True),
        ("disk.EnableUUID", "FALSE", False),
        ("disk.EnableUUID", "", False),
        ("disk.locking", "TRUE", False),
    ],
)
def test_disk_uuid_setting(key: str, value: Any, enabled: bool) -> None:
    assert convert.machine(machine_row(config__extraConfig=[option(key, value)])).disk_uuid_enabled is enabled


def test_disk_uuid_flag_alone() -> None:
    assert convert.machine(machine_row(config__flags__diskUuidEnabled=True)).disk_uuid_enabled is True
    assert convert.machine(machine_row(without=("config.extraConfig",))).disk_uuid_enabled is False


def test_one_source_of_the_disk_uuid_may_be_unread() -> None:
    denied = {"config.extraConfig": "NoPermission"}
    on = convert.machine(machine_row(denied, config__flags__diskUuidEnabled=True))
    assert on.disk_uuid_enabled is True
    assert "disk_uuid_enabled" not in on.unread
    off = convert.machine(machine_row(denied, config__flags__diskUuidEnabled=False))
    assert "disk_uuid_enabled" in off.unread
    neither = convert.machine(machine_row(denied | {"config.flags.diskUuidEnabled": "NoPermission"}))
    assert neither.disk_uuid_enabled is None
    assert "disk_uuid_enabled" in neither.unread


@pytest.mark.parametrize("path", list(convert.FIELDS_OF_PATH))
def test_each_path_that_is_missing_is_unread(path: str) -> None:
    vm = convert.machine(machine_row({path: "NoPermission"}))
    assert set(convert.FIELDS_OF_PATH[path]) <= vm.unread
    assert ("guest" in vm.unread) == any(field.startswith("guest.") for field in vm.unread)


def test_an_inaccessible_vm_has_unknown_disks_not_none() -> None:
    """vCenter leaves `config` unset for a VM whose files it cannot reach."""
    row = machine_row(
        without=(
            "config.hardware.device",
            "config.extraConfig",
            "config.hardware.memoryMB",
            "config.uuid",
            "config.instanceUuid",
        ),
        runtime__connectionState="inaccessible",
    )
    vm = convert.machine(row)
    assert vm.connection_state == "inaccessible"
    assert {"disks", "controllers", "nic_count", "snapshots", "disk_uuid_enabled", "memory_mib"} <= vm.unread
    assert (vm.disk_uuid_enabled, vm.nic_count, vm.instance_uuid) == (None, None, None)


def test_snapshots_are_flattened() -> None:
    def tree(number: int, *children: Any) -> Any:
        made = datetime(2026, 11, number, 9, tzinfo=timezone(timedelta(hours=9)))
        return vim.vm.SnapshotTree(
            snapshot=vim.vm.Snapshot(f"snapshot-{number}"), name=f"s{number}", createTime=made, childSnapshotList=list(children)
        )

    info = vim.vm.SnapshotInfo(rootSnapshotList=[tree(1, tree(2, tree(3)), tree(4)), tree(5)])
    found = convert.machine(machine_row(snapshot=info)).snapshots
    assert [snapshot.name for snapshot in found] == ["s1", "s2", "s3", "s4", "s5"]
    assert (found[0].moref, found[0].created) == ("snapshot-1", datetime(2026, 11, 1, tzinfo=UTC))


def test_guest() -> None:
    nics = [vim.vm.GuestInfo.NicInfo(ipAddress=["10.0.0.1", "fe80::1"]), vim.vm.GuestInfo.NicInfo(ipAddress=["10.0.0.2"])]
    row = machine_row(
        config__guestId="windows2019srv_64Guest",
        guest__ipAddress="10.0.0.2",
        guest__net=nics,
        guest__disk=[
            vim.vm.GuestInfo.DiskInfo(diskPath="R:\\", capacity=10, freeSpace=4, filesystemType="NTFS"),
            vim.vm.GuestInfo.DiskInfo(diskPath="/"),
        ],
        guest__toolsRunningStatus="guestToolsRunning",
        guest__toolsVersionStatus2="guestToolsCurrent",
        guest__hostName="app-1.example.com",
        guest__guestFamily="",
        summary__runtime__bootTime=datetime(2026, 11, 1, 9, tzinfo=timezone(timedelta(hours=9))),
    )
    vm = convert.machine(row)
    assert vm.guest.ip_addresses == ("10.0.0.2", "10.0.0.1", "fe80::1")
    assert vm.guest.volumes == (GuestVolume("R:\\", 10, 4, "NTFS"), GuestVolume("/", 0, 0, None))
    assert (vm.guest.guest_id, vm.guest.host_name) == ("windows2019srv_64Guest", "app-1.example.com")
    assert (vm.guest.tools_running_status, vm.guest.tools_version_status) == ("guestToolsRunning", "guestToolsCurrent")
    assert vm.guest.family is None
    assert vm.boot_time == datetime(2026, 11, 1, tzinfo=UTC)


def test_template_firmware_and_thin_disks() -> None:
    hardware = [disk(2000, flat(thinProvisioned=True)), disk(2001, flat(thinProvisioned=False)), disk(2002)]
    vm = convert.machine(machine_row(config__template=False, config__firmware="efi", config__hardware__device=hardware))
    assert (vm.is_template, vm.firmware, [each.is_thin for each in vm.disks]) == (False, "efi", [True, False, None])
    bare = convert.machine(machine_row())
    assert (bare.is_template, bare.firmware, bare.mac_addresses) == (None, None, ())


def test_cards_and_what_is_connected_of_them() -> None:
    connected = device.VirtualDevice.ConnectInfo(connected=True, startConnected=False, allowGuestControl=True)
    cards = [
        device.VirtualVmxnet3(key=4001, connectable=connected),
        device.VirtualE1000(key=4000),
        device.VirtualCdrom(key=3000, connectable=connected),
    ]
    found = convert.machine(machine_row(config__hardware__device=cards)).cards
    assert found == (NetworkCard(4000, None), NetworkCard(4001, is_connected=True))


def test_networks_of_the_guest_by_their_cards() -> None:
    address = vim.net.IpConfigInfo.IpAddress(ipAddress="10.10.0.10", prefixLength=24)
    nets = [
        vim.vm.GuestInfo.NicInfo(connected=True, deviceConfigId=4000, ipConfig=vim.net.IpConfigInfo(ipAddress=[address])),
        vim.vm.GuestInfo.NicInfo(connected=True, deviceConfigId=-1),
    ]
    found = convert.machine(machine_row(guest__net=nets)).guest.networks
    assert found == (GuestNetwork(4000, ("10.10.0.10/24",)), GuestNetwork(None, ()))
    hidden = machine_row({"guest.net": "NoPermission", convert.DEVICES: "NoPermission"})
    assert {"guest.networks", "cards"} <= convert.machine(hidden).unread


def test_mac_addresses_as_site_recovery_tells_them() -> None:
    cards = [device.VirtualVmxnet3(key=4001, macAddress="00:50:56:9A:0F:1C"), device.VirtualE1000(key=4000)]
    assert convert.machine(machine_row(config__hardware__device=cards)).mac_addresses == ("0050569a0f1c",)


def card(*addresses: tuple[str, str | None], dhcp: bool | None = None) -> Any:
    """A card with these addresses and their origins; `dhcp` as its own client tells."""
    config = vim.net.IpConfigInfo(
        ipAddress=[vim.net.IpConfigInfo.IpAddress(ipAddress=text, prefixLength=24, origin=origin) for text, origin in addresses]
    )
    if dhcp is not None:
        config.dhcp = vim.net.DhcpConfigInfo(ipv4=vim.net.DhcpConfigInfo.DhcpOptions(enable=dhcp))
    return vim.vm.GuestInfo.NicInfo(ipAddress=[text for text, _ in addresses], ipConfig=config)


@pytest.mark.parametrize(
    ("cards", "is_static"),
    [
        ([card(("10.0.0.1", "manual"))], True),
        ([card(("10.0.0.1", "dhcp"))], False),
        ([card(("10.0.0.1", "dhcp")), card(("10.0.1.1", "manual"))], True),
        ([card(("10.0.0.1", None), dhcp=False)], True),
        ([card(("10.0.0.1", None), dhcp=True)], False),
        ([card(("10.0.0.1", "manual"), dhcp=True)], True),
        ([card(("10.0.0.1", None))], None),
        ([card(("169.254.0.1", "random"), dhcp=False)], None),
        ([card(("fe80::1", "manual"), dhcp=False)], None),
        ([card(dhcp=False)], None),
        ([vim.vm.GuestInfo.NicInfo(ipAddress=["10.0.0.1"])], None),
        ([], None),
    ],
)
def test_a_static_address_is_told_by_its_origin_else_by_the_dhcp_client(cards: list[Any], is_static: bool | None) -> None:
    assert convert.machine(machine_row(guest__net=cards)).guest.has_static_address is is_static


def test_detailed_data_of_either_kind() -> None:
    older = machine_row(config__extraConfig=[option("guestInfo.detailed.data", "distroName='Ubuntu'")])
    assert convert.machine(older).guest.detailed_data == "distroName='Ubuntu'"
    newer = machine_row(
        guest__guestDetailedData="distroName='RHEL'", config__extraConfig=[option("guestinfo.detailed.data", "x")]
    )
    assert convert.machine(newer).guest.detailed_data == "distroName='RHEL'"


@pytest.mark.parametrize(
    ("version", "has_it"), [("6.7.3", False), ("8.0.1.0", False), ("8.0.2.0", True), ("8.0.3.0", True), ("9.0.0.0", True)]
)
def test_detailed_data_is_asked_for_only_where_it_is_known(version: str, has_it: bool) -> None:
    assert (convert.DETAILED_DATA in convert.machine_paths(version)) is has_it


def test_a_host_and_its_cluster() -> None:
    values = {
        "name": "esx-1",
        "parent": vim.ClusterComputeResource("domain-c1"),
        "runtime.connectionState": vim.HostSystem.ConnectionState.notResponding,
        "runtime.inMaintenanceMode": True,
        "datastore": [vim.Datastore("datastore-2"), vim.Datastore("datastore-1")],
    }
    found = convert.host(Row("HostSystem", Moref("host-1"), values, {}))
    assert (found.cluster, found.connection_state, found.is_in_maintenance) == ("domain-c1", "notResponding", True)
    assert found.datastores == ("datastore-1", "datastore-2")
    alone = convert.host(Row("HostSystem", Moref("host-1"), values | {"parent": vim.ComputeResource("domain-s1")}, {}))
    assert alone.cluster is None


def mount(host: str, **info: Any) -> Any:
    return vim.Datastore.HostMount(key=vim.HostSystem(host), mountInfo=vim.host.MountInfo(**info))


def test_a_datastore_and_its_mounts() -> None:
    values = {
        "name": "vmfs-1",
        "parent": vim.StoragePod("group-p1"),
        "summary.type": "VMFS",
        "summary.accessible": True,
        "summary.capacity": 100,
        "summary.freeSpace": 40,
        "host": [
            mount("host-2", accessMode="readWrite"),
            mount("host-1", accessMode="readWrite", mounted=True, accessible=False, inaccessibleReason="AllPathsDown_Start"),
        ],
    }
    found = convert.datastore(Row("Datastore", Moref("datastore-1"), values, {}))
    assert (found.pod, found.type, found.capacity_bytes, found.free_bytes) == ("group-p1", "VMFS", 100, 40)
    first, second = found.mounts
    assert (first.host, first.is_read_write, first.inaccessible_reason) == ("host-1", False, "AllPathsDown_Start")
    assert (second.host, second.is_read_write, second.is_mounted, second.is_accessible) == ("host-2", True, None, None)
    assert (found.uncommitted_bytes, found.maintenance_mode) == (None, None)
    more = {"summary.uncommitted": 30, "summary.maintenanceMode": "inMaintenance"}
    found = convert.datastore(Row("Datastore", Moref("datastore-1"), values | more, {}))
    assert (found.uncommitted_bytes, found.maintenance_mode) == (30, "inMaintenance")
    in_folder = convert.datastore(Row("Datastore", Moref("datastore-1"), values | {"parent": vim.Folder("group-s1")}, {}))
    assert in_folder.pod is None


@pytest.mark.parametrize(
    ("why", "problem"), [("NoPermission", SourceProblem.FORBIDDEN), ("InvalidProperty", SourceProblem.INCOMPLETE)]
)
def test_a_datastore_is_read_whole_or_not_at_all(why: str, problem: SourceProblem) -> None:
    with pytest.raises(SourceFailed) as failed:
        convert.datastore(Row("Datastore", Moref("datastore-1"), {"name": "vmfs-1"}, {"host": why}))
    assert failed.value.error.problem is problem
    assert failed.value.error.message == f"host of Datastore vmfs-1 could not be read ({why})"
    with pytest.raises(SourceFailed):
        convert.host(Row("HostSystem", Moref("host-1"), {}, {"datastore": why}))
