"""Checks of the room for a machine's disks: on the datastore of a new VM, and where its disks lie."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case, verdict_of

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.checks.machine.space import gib, growth, new_disks, share, size_of
from failback_operator.domain.claims import Claims
from failback_operator.domain.ids import Moref
from failback_operator.domain.limits import Limits

GIB = a.GIB
PLACE = (a.VCENTER, a.VMFS)
READY = a.machine_context()
BLIND = a.machine_context(vms=(), site=a.blind_vsphere())
GONE = a.machine_context(vms=())
LOST_TARGET = replace(GONE, candidates=(a.target_context(vms=()),))
THICK = tuple(replace(d, is_thin=False) for d in a.disks(2))


def at(*stores, vms=None, **machine):
    """app-1 and mt-win in a vCenter with these datastores; with `vms` empty app-1 is gone."""
    facts = a.facts(a.vm(**machine), a.target_vm(), datastores=stores)
    return a.machine_context(
        vms=(a.located(a.vm(**machine), facts),) if vms is None else vms,
        candidates=(a.target_context(vms=(a.located(a.target_vm(), facts),)),),
    )


def store(**changes):
    return at(a.datastore(**changes))


def new(**changes):
    """app-1 is gone; its two disks of 40 GiB need 88 GiB."""
    return at(a.datastore(**changes), vms=())


IN_SERVICE = [
    Case("DatastoreInService", "in service", PASS, READY, "vmfs-1 is in service"),
    Case("DatastoreInService", "no mode told", PASS, store(maintenance_mode=None)),
    Case(
        "DatastoreInService", "in maintenance", FAIL, store(maintenance_mode="inMaintenance"), "maintenance mode (inMaintenance)"
    ),
    Case("DatastoreInService", "on its way there", FAIL, store(maintenance_mode="enteringMaintenance"), "enteringMaintenance"),
    Case("DatastoreInService", "not accessible", FAIL, store(is_accessible=False), "vmfs-1 is not accessible"),
    Case("DatastoreInService", "not told", UNKNOWN, store(is_accessible=None)),
    Case(
        "DatastoreInService",
        "one of two",
        FAIL,
        at(a.datastore(), a.datastore(a.NFS, name="b", is_accessible=False), disks=(a.disk(), a.disk(1, datastore=a.NFS))),
        "b is not",
    ),
    Case("DatastoreInService", "datastore not found", UNKNOWN, at()),
    Case("DatastoreInService", "disks unread", UNKNOWN, at(a.datastore(), unread=frozenset({"disks"}))),
    Case("DatastoreInService", "for a new VM", PASS, new()),
    Case("DatastoreInService", "for a new VM, in maintenance", FAIL, new(maintenance_mode="inMaintenance"), "vmfs-1"),
    Case("DatastoreInService", "for a new VM, not there", NA, new(name="other"), "see NewVMDatastore"),
    Case("DatastoreInService", "for a new VM, no target", UNKNOWN, replace(GONE, candidates=())),
    Case("DatastoreInService", "vCenter unread", UNKNOWN, BLIND),
    Case(
        "DatastoreInService",
        "before failback",
        FAIL,
        replace(store(is_accessible=False), items=(a.reprotected_item(),), phase=Phase.REPROTECTED),
    ),
]

SUPPORTED = [
    Case("OriginalDatastoreSupported", "VMFS", PASS, READY),
    Case("OriginalDatastoreSupported", "vSAN", PASS, store(type="vsan")),
    Case(
        "OriginalDatastoreSupported", "NFS", FAIL, store(type="NFS41"), "datastore vmfs-1 is NFS41: failback goes to VMFS or vSAN"
    ),
    Case("OriginalDatastoreSupported", "not read", UNKNOWN, store(type=None)),
    Case("OriginalDatastoreSupported", "a raw device is no matter", PASS, at(a.datastore(), disks=(a.disk(is_raw_device=True),))),
    Case("OriginalDatastoreSupported", "disks unread", UNKNOWN, at(a.datastore(), unread=frozenset({"disks"}))),
    Case("OriginalDatastoreSupported", "a new VM", NA, GONE, "see NewVMSupported"),
    Case("OriginalDatastoreSupported", "vCenter unread", UNKNOWN, BLIND),
    Case("OriginalDatastoreSupported", "alternate", NA, replace(READY, plan=a.plan(location="Alternate", datastore="vmfs-1"))),
]


def claiming(context, **claims):
    return replace(context, claims=Claims(**{name: {PLACE: size} for name, size in claims.items()}))


NO_SIZES = a.item(detail=a.detail(disks=(a.item_disk(capacity_bytes=None),)))
OTHER_MARGIN = a.site_context(a.view(limits=replace(Limits(), new_vm_margin_percent=0)))

FREE = [
    Case("FreeSpace", "room", PASS, new(), "88 GiB are needed"),
    Case("FreeSpace", "just enough", PASS, new(free_bytes=88 * GIB)),
    Case("FreeSpace", "a byte short", FAIL, new(free_bytes=88 * GIB - 1), "vmfs-1: 88 GiB are needed for the new VMs"),
    Case("FreeSpace", "tells what is free in steps", FAIL, new(free_bytes=GIB), "0 to 10 % of 8192 GiB are free"),
    Case("FreeSpace", "without a margin", PASS, replace(new(free_bytes=80 * GIB), site=OTHER_MARGIN), "80 GiB"),
    Case("FreeSpace", "others too", FAIL, claiming(new(free_bytes=200 * GIB), new_disks=200 * GIB), "220 GiB are needed"),
    Case("FreeSpace", "its own only", PASS, claiming(new(free_bytes=88 * GIB), new_disks=80 * GIB)),
    Case("FreeSpace", "not told", UNKNOWN, new(free_bytes=None), "could not be read"),
    Case("FreeSpace", "sizes not told", UNKNOWN, replace(new(), items=(NO_SIZES,)), "sizes"),
    Case("FreeSpace", "datastore not there", NA, new(name="other")),
    Case("FreeSpace", "target's VM not found", NA, LOST_TARGET),
    Case("FreeSpace", "no target", UNKNOWN, replace(GONE, candidates=())),
    Case("FreeSpace", "it comes back onto its VM", NA, store(free_bytes=0)),
    Case(
        "FreeSpace",
        "at an alternate location",
        FAIL,
        replace(store(free_bytes=0), plan=a.plan(location="Alternate", datastore="vmfs-1")),
    ),
    Case("FreeSpace", "vCenter unread", UNKNOWN, BLIND),
    Case(
        "FreeSpace",
        "the second target's datastore",
        PASS,
        replace(new(free_bytes=0), candidates=(*new(free_bytes=0).candidates, *new().candidates)),
    ),
]

GROWTH = [
    Case("GrowthSpace", "room", PASS, READY, "vmfs-1 has room"),
    Case("GrowthSpace", "just enough", PASS, store(free_bytes=80 * GIB)),
    Case("GrowthSpace", "a byte short", FAIL, store(free_bytes=80 * GIB - 1), "datastore vmfs-1: 0 to 10 %"),
    Case("GrowthSpace", "less may grow on all of it", PASS, store(free_bytes=10 * GIB, uncommitted_bytes=10 * GIB)),
    Case("GrowthSpace", "more may grow on all of it", FAIL, store(free_bytes=79 * GIB, uncommitted_bytes=900 * GIB)),
    Case("GrowthSpace", "nothing may grow", PASS, store(free_bytes=0, uncommitted_bytes=0)),
    Case("GrowthSpace", "thick disks", PASS, at(a.datastore(free_bytes=0), disks=THICK), "no disk of VM app-1 grows"),
    Case(
        "GrowthSpace",
        "a snapshot on a thick disk",
        FAIL,
        at(a.datastore(free_bytes=39 * GIB), disks=(replace(THICK[0], has_parent=True), THICK[1])),
    ),
    Case("GrowthSpace", "others too", FAIL, claiming(store(free_bytes=100 * GIB), growth=101 * GIB)),
    Case("GrowthSpace", "new VMs too", FAIL, claiming(store(free_bytes=100 * GIB), new_disks=21 * GIB)),
    Case("GrowthSpace", "new VMs fit too", PASS, claiming(store(free_bytes=100 * GIB), new_disks=20 * GIB)),
    Case("GrowthSpace", "not told", UNKNOWN, store(free_bytes=None)),
    Case("GrowthSpace", "datastore not found", UNKNOWN, at()),
    Case("GrowthSpace", "disks unread", UNKNOWN, at(a.datastore(), unread=frozenset({"disks"}))),
    Case("GrowthSpace", "a raw device takes nothing", PASS, at(a.datastore(free_bytes=0), disks=(a.disk(is_raw_device=True),))),
    Case("GrowthSpace", "a disk without datastore", PASS, at(a.datastore(free_bytes=0), disks=(a.disk(datastore=None),))),
    Case("GrowthSpace", "it comes back as a new VM", NA, GONE, "see FreeSpace"),
    Case("GrowthSpace", "vCenter unread", UNKNOWN, BLIND),
]

CASES = IN_SERVICE + SUPPORTED + FREE + GROWTH


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)


@pytest.mark.parametrize(
    ("free", "capacity", "told"),
    [
        (0, 100, "0 to 10 %"),
        (9, 100, "0 to 10 %"),
        (10, 100, "10 to 20 %"),
        (99, 100, "90 to 100 %"),
        (100, 100, "90 to 100 %"),
        (-5, 100, "0 to 10 %"),
        (5, 0, "could not be read"),
        (None, 100, "could not be read"),
    ],
)
def test_what_is_free_is_told_in_steps(free, capacity, told):
    size = capacity * GIB
    assert told in share(a.datastore(free_bytes=None if free is None else free * GIB, capacity_bytes=size))


def test_sizes_are_rounded_up():
    assert [gib(size) for size in (0, 1, GIB, GIB + 1)] == ["0 GiB", "1 GiB", "1 GiB", "2 GiB"]


def test_the_verdict_is_the_same_while_free_space_moves_within_a_step():
    told = {
        verdict_of(MACHINE_CHECKS, Case("FreeSpace", "", FAIL, new(free_bytes=n * GIB, capacity_bytes=1000 * GIB))).observed
        for n in range(0, 88, 7)
    }
    assert len(told) == 1


def test_the_size_of_what_comes_back():
    item = a.item()
    assert size_of(READY, item) == 80 * GIB
    assert size_of(READY, NO_SIZES) == 80 * GIB
    assert size_of(GONE, NO_SIZES) is None
    assert size_of(a.machine_context(vms=(a.located(a.vm(disks=())),)), NO_SIZES) is None
    assert size_of(a.machine_context(vms=(a.located(a.vm(unread=frozenset({"disks"}))),)), NO_SIZES) is None


def test_what_a_machine_claims():
    item = a.item()
    assert new_disks(READY, item) == {}
    assert growth(READY, item) == {PLACE: 80 * GIB}
    assert growth(at(a.datastore(), disks=(a.disk(), a.disk(1, datastore=Moref("d-2")))), item) == {
        PLACE: 40 * GIB,
        (a.VCENTER, Moref("d-2")): 40 * GIB,
    }
    assert growth(at(a.datastore(), unread=frozenset({"disks"})), item) == {}
    assert new_disks(GONE, item) == {PLACE: 80 * GIB}
    assert growth(GONE, item) == {}
    assert new_disks(LOST_TARGET, item) == {}
    assert new_disks(BLIND, item) == {}
    assert growth(replace(READY, plan=a.plan(location="Alternate", datastore="vmfs-1")), item) == {}
