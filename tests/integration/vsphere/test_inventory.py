"""The demo's inventory, complete and typed; and the ways in which VMs of interest are found."""

from dataclasses import replace

import pytest
from tests.integration.vsphere.watching import WatchMaker, endpoint_of

from failback_lab.scenario import GIB, Machine, Scenario
from failback_lab.vcenter import VCenter
from failback_operator.domain.vsphere import ControllerKind, PowerState, VirtualMachine, VsphereFacts
from failback_operator.observe.vsphere import Interest, VsphereEndpoint

CONTROLLERS = {"lsilogic": ControllerKind.LSI_LOGIC, "lsilogic-sas": ControllerKind.LSI_LOGIC_SAS}


@pytest.fixture
def endpoint(vcenter: VCenter) -> VsphereEndpoint:
    return endpoint_of(vcenter)


def test_the_password_is_not_shown(endpoint: VsphereEndpoint) -> None:
    assert endpoint.password not in repr(endpoint)


async def test_hosts_and_datastores_are_complete(endpoint: VsphereEndpoint, watch: WatchMaker, demo_scenario: Scenario) -> None:
    facts = await (await watch(endpoint)).until_read()
    site = demo_scenario.vcenter
    assert facts.instance_uuid == str(site.instance_uuid)
    assert [host.name for host in facts.hosts] == sorted(name for cluster in site.clusters for name in cluster.hosts)
    assert all(host.connection_state == "connected" and host.is_in_maintenance is False for host in facts.hosts)
    by_cluster = {host.cluster: {h.name for h in facts.hosts if h.cluster == host.cluster} for host in facts.hosts}
    assert sorted(map(sorted, by_cluster.values())) == sorted(sorted(cluster.hosts) for cluster in site.clusters)
    for wanted in site.datastores:
        (found,) = (datastore for datastore in facts.datastores if datastore.name == wanted.name)
        assert (found.type, found.capacity_bytes, found.free_bytes) == (
            wanted.type,
            wanted.capacity_gib * GIB,
            wanted.free_gib * GIB,
        )
        assert found.is_accessible is True
        assert (found.pod is not None) == (wanted.pod is not None)
        assert {facts.host(mount.host).name for mount in found.mounts if mount.is_read_write} == set(wanted.hosts)  # type: ignore[union-attr]
        assert all(found.moref in host.datastores for host in facts.hosts)


async def test_machines_are_complete(endpoint: VsphereEndpoint, watch: WatchMaker, demo_scenario: Scenario) -> None:
    facts = await (await watch(endpoint)).until_read()
    assert {machine.name for machine in facts.machines} == {machine.name for machine in demo_scenario.vcenter.machines}
    for wanted in demo_scenario.vcenter.machines:
        (found,) = facts.by_name(wanted.name)
        assert found.unread == frozenset()
        _check_identity(found, wanted, facts)
        _check_disks(found, wanted, facts)
        _check_guest(found, wanted, demo_scenario)


def _check_identity(found: VirtualMachine, wanted: Machine, facts: VsphereFacts) -> None:
    assert (found.instance_uuid, found.bios_uuid) == (str(wanted.instance_uuid), str(wanted.bios_uuid))
    assert found.power_state is (PowerState.ON if wanted.powered_on else PowerState.OFF)
    assert (found.boot_time is not None) == wanted.powered_on
    host = facts.host(found.host)
    assert host is not None
    assert host.name == wanted.host
    assert (found.connection_state, found.consolidation_needed) == ("connected", False)
    assert (found.memory_mib, found.nic_count) == (wanted.memory_mib, wanted.nics)
    assert tuple(snapshot.name for snapshot in found.snapshots) == wanted.snapshots
    assert all(snapshot.created.tzinfo is not None for snapshot in found.snapshots)
    assert found.disk_uuid_enabled is (wanted.extra_config.get("disk.EnableUUID") == "TRUE")


def _check_disks(found: VirtualMachine, wanted: Machine, facts: VsphereFacts) -> None:
    assert [disk.capacity_bytes for disk in found.disks] == [disk.size_gib * GIB for disk in wanted.disks]
    assert [disk.uuid for disk in found.disks] == [str(wanted.disk_uuid(index)) for index in range(len(wanted.disks))]
    scsi = [controller for controller in found.controllers if controller.is_scsi]
    assert {controller.kind for controller in scsi} == {CONTROLLERS[wanted.controller]}
    for disk, disk_wanted in zip(found.disks, wanted.disks, strict=True):
        datastore = facts.datastore(disk.datastore)
        assert datastore is not None
        assert datastore.name == (disk_wanted.datastore or wanted.datastore)
        assert disk.file_name.startswith(f"[{datastore.name}] ")
        assert disk.controller_key in {controller.key for controller in scsi}
        assert disk.has_parent is bool(wanted.snapshots)
        assert not disk.is_raw_device


def _check_guest(found: VirtualMachine, wanted: Machine, scenario: Scenario) -> None:
    guest = scenario.guests[wanted.guest]
    assert (found.guest.guest_id, found.guest.detailed_data) == (guest.guest_id, guest.detailed_data)
    is_up = wanted.powered_on and wanted.tools_running
    assert found.guest.tools_running_status == ("guestToolsRunning" if is_up else "guestToolsNotRunning")
    assert found.guest.ip_addresses == (wanted.ips if is_up else ())
    volumes = [(volume.path, volume.capacity_bytes, volume.free_bytes, volume.filesystem) for volume in found.guest.volumes]
    assert volumes == [(v.path, v.capacity_gib * GIB, v.free_gib * GIB, v.filesystem) for v in wanted.volumes if is_up]


@pytest.mark.parametrize(
    ("interest", "found"),
    [
        pytest.param(Interest(), set(), id="none"),
        pytest.param(Interest(ips=frozenset({"10.10.0.22", "192.0.2.1"})), {"mt-lin-1"}, id="address"),
        pytest.param(Interest(ips=frozenset({"mt-win-1", "nowhere.example.com"})), {"mt-win-1"}, id="DNS name"),
        pytest.param(Interest(names=frozenset({"CRM-1", "nobody"})), {"crm-1"}, id="name"),
        pytest.param(
            Interest(names=frozenset({"cs-1"}), ips=frozenset({"10.10.0.22"}), uuids=frozenset({"no-such"})),
            {"cs-1", "mt-lin-1"},
            id="all ways",
        ),
    ],
)
async def test_vms_are_found(endpoint: VsphereEndpoint, watch: WatchMaker, interest: Interest, found: set[str]) -> None:
    facts = await (await watch(endpoint, interest)).until_read()
    assert {machine.name for machine in facts.machines} == found
    assert len(facts.hosts) == 4


async def test_either_uuid_in_any_case(endpoint: VsphereEndpoint, watch: WatchMaker, demo_scenario: Scenario) -> None:
    wanted = demo_scenario.machine("crm-1")
    for searched_one_by_one in (50, 0):  # both ways to search
        interest = Interest(uuids=frozenset({str(wanted.instance_uuid).upper()}))
        facts = await (await watch(endpoint, interest, searched_one_by_one=searched_one_by_one)).until_read()
        assert [machine.name for machine in facts.machines] == ["crm-1"]


async def test_a_thousand_absent_vms_cost_one_search(
    endpoint: VsphereEndpoint, watch: WatchMaker, demo_scenario: Scenario
) -> None:
    wanted = {str(machine.bios_uuid) for machine in demo_scenario.vcenter.machines}
    absent = {f"00000000-0000-0000-0000-{number:012}" for number in range(1000)}
    running = await watch(endpoint, Interest(uuids=frozenset(wanted | absent)))
    facts = await running.until_read()
    assert len(facts.machines) == len(wanted)
    assert running.calls["FindAllByUuid"] == 0
    assert running.calls["RetrievePropertiesEx"] <= 2


async def test_pages_are_put_together(endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest) -> None:
    by_name = replace(all_machines, names=frozenset({"cs-1"}))
    running = await watch(endpoint, by_name, page_size=3)
    facts = await running.until_read()
    assert (len(facts.machines), len(facts.hosts), len(facts.datastores)) == (12, 4, 4)
    assert running.calls["ContinueRetrievePropertiesEx"] >= 3
    fresh = await running.watcher.fresh(machine.moref for machine in facts.machines)
    assert {machine.moref: machine for machine in fresh} == {machine.moref: machine for machine in facts.machines}
