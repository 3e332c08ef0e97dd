"""The scenario in the form that the vCenter simulator loads, where the demo's site does not show it."""

from datetime import UTC, datetime

import pytest

from failback_lab.scenario import GIB, Cluster, Datastore, Disk, Guest, Machine, Scenario, VCenterSite
from failback_lab.vcenter_inventory import inventory

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
GUEST = Guest(family="Linux", guest_id="ubuntu64Guest", full_name="Ubuntu Linux (64-bit)", asr_version="UBUNTU-16.04-64")


def machine(**fields) -> Machine:
    given = {"name": "m", "host": "h1", "datastore": "d1", "guest": "g", "ips": ("10.0.0.1",), "disks": (Disk(size_gib=1),)}
    return Machine(**(given | fields))


def site(only: Machine, demo_scenario: Scenario, *datastores: Datastore) -> dict:
    vcenter = VCenterSite(
        datacenter="dc",
        address="vc.example.com",
        clusters=(Cluster(name="c", hosts=("h1", "h2")),),
        datastores=datastores or (Datastore(name="d1", type="VMFS", capacity_gib=10, free_gib=5, hosts=("h1",)),),
        machines=(only,),
    )
    return inventory(demo_scenario.model_copy(update={"guests": {"g": GUEST}, "vcenter": vcenter}), NOW)


@pytest.mark.parametrize(("count", "buses"), [(0, [0]), (1, [0]), (15, [0]), (16, [0, 1]), (60, [0, 1, 2, 3])])
def test_fifteen_disks_on_each_controller(demo_scenario, count, buses):
    built = site(machine(disks=(Disk(size_gib=1),) * count), demo_scenario)["machines"][0]
    assert [controller["bus"] for controller in built["controllers"]] == buses
    slots = [(disk["bus"], disk["unit"]) for disk in built["disks"]]
    assert len(set(slots)) == count
    assert all(unit != 7 and 0 <= unit <= 15 for _, unit in slots)
    assert slots[7:8] == [(0, 8)] * (count > 7)


def test_disk_in_another_datastore(demo_scenario):
    built = site(machine(disks=(Disk(size_gib=1), Disk(size_gib=2, datastore="d2"))), demo_scenario)["machines"][0]
    assert [(disk["datastore"], disk["path"]) for disk in built["disks"]] == [("d1", "m/m.vmdk"), ("d2", "m/m_1.vmdk")]
    assert built["disks"][1]["capacity"] == 2 * GIB


def test_mounts_of_a_datastore(demo_scenario):
    shared = Datastore(name="d1", type="NFS", capacity_gib=10, free_gib=5, hosts=("h1",), read_only_hosts=("h2",))
    assert site(machine(), demo_scenario, shared)["datastores"][0]["mounts"] == [
        {"host": "h1", "accessMode": "readWrite", "accessible": True},
        {"host": "h2", "accessMode": "readOnly", "accessible": True},
    ]


@pytest.mark.parametrize(
    ("nics", "ips", "addresses"),
    [(1, ("a", "b"), [["a", "b"]]), (2, ("a", "b", "c"), [["a"], ["b", "c"]]), (3, ("a",), [["a"], [], []])],
)
def test_addresses_by_card(demo_scenario, nics, ips, addresses):
    built = site(machine(nics=nics, ips=ips), demo_scenario)["machines"][0]
    assert built["guest"]["addresses"] == addresses
    assert len(set(built["macs"])) == nics


def test_times_lie_long_before_any_failover(demo_scenario):
    built = site(machine(snapshots=("a", "b")), demo_scenario)["machines"][0]
    assert built["bootTime"] == "2026-10-15T12:00:00Z"
    assert [s["createTime"] for s in built["snapshots"]] == ["2026-11-04T10:00:00Z", "2026-11-04T11:00:00Z"]
    assert site(machine(powered_on=False), demo_scenario)["machines"][0]["bootTime"] is None
