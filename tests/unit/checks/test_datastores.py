"""Checks of a machine's datastores: mounted where its master target runs, and listed there where the reprotect names one."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase, RecordedDisk
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.domain.fabric import ListedDatastore
from failback_operator.domain.vsphere import Mount

READY = a.machine_context()
NO_TARGET = a.machine_context(candidates=())
REPROTECTED = a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED, record=a.record(), assigned=a.target_context())


def mounted(store, **machine):
    """app-1 and mt-win, whose host mounts `store` as told."""
    facts = a.facts(a.vm(**machine), a.target_vm(), datastores=(store,) if store else ())
    found = a.target_context(vms=(a.located(a.target_vm(), facts),))
    return a.machine_context(vms=(a.located(a.vm(**machine), facts),), candidates=(found,))


def mount(**changes):
    base = Mount(a.HOST_2, "readWrite", is_mounted=True, is_accessible=True)
    return mounted(a.datastore(mounts=(replace(base, **changes),)))


OTHER_VCENTER = replace(a.located(a.target_vm()), vcenter="vc-2")
GONE_DISKS = mounted(a.datastore(), disks=())
DISK = RecordedDisk(file="[vmfs-1] app-1/app-1.vmdk", capacity_bytes=1, datastore="vmfs-1")

DATASTORES = [
    Case("DatastoreMounted", "read/write", PASS, READY),
    Case("DatastoreMounted", "optional members not told", PASS, mount(is_mounted=None, is_accessible=None)),
    Case("DatastoreMounted", "read-only", FAIL, mount(access_mode="readOnly"), "vmfs-1 on host esx-2.example.com: read-only"),
    Case("DatastoreMounted", "not accessible", FAIL, mount(is_accessible=False), "not accessible"),
    Case(
        "DatastoreMounted",
        "not accessible, why",
        FAIL,
        mount(is_accessible=False, inaccessible_reason="AllPathsDown_Start"),
        "AllPaths",
    ),
    Case("DatastoreMounted", "not mounted there", FAIL, mount(host=a.HOST_1), "not mounted on host esx-2.example.com"),
    Case("DatastoreMounted", "datastore not found", UNKNOWN, mounted(None)),
    Case("DatastoreMounted", "disks unread", UNKNOWN, mounted(a.datastore(), unread=frozenset({"disks"}))),
    Case("DatastoreMounted", "no disks, none recorded", UNKNOWN, GONE_DISKS),
    Case("DatastoreMounted", "no disks, recorded ones", PASS, replace(GONE_DISKS, record=a.record(disks=[DISK]))),
    Case(
        "DatastoreMounted",
        "a recorded datastore is gone",
        UNKNOWN,
        replace(GONE_DISKS, record=a.record(disks=[DISK.model_copy(update={"datastore": "old"})])),
    ),
    Case(
        "DatastoreMounted",
        "another vCenter",
        FAIL,
        a.machine_context(candidates=(a.target_context(vms=(OTHER_VCENTER,)),)),
        "vc-2",
    ),
    Case("DatastoreMounted", "target's VM not found", UNKNOWN, a.machine_context(candidates=(a.target_context(vms=()),))),
    Case(
        "DatastoreMounted",
        "target's host not found",
        UNKNOWN,
        a.machine_context(candidates=(a.target_context(vms=(a.located(a.target_vm(host=None)),)),)),
    ),
    Case("DatastoreMounted", "no target", UNKNOWN, NO_TARGET),
    Case("DatastoreMounted", "no VM", NA, a.machine_context(vms=())),
    Case("DatastoreMounted", "before failback", PASS, REPROTECTED),
    Case("DatastoreMounted", "before a disaster", PASS, a.machine_context(a.protected_item(), phase=Phase.NOT_FAILED_OVER)),
]


def stores(*names, kind="VMFS", **changes):
    """A master target for which Site Recovery lists these datastores."""
    found = tuple(ListedDatastore(name, f"uuid-{name}", kind) for name in names)
    return a.target_context(server=a.master_target_server(datastores=found), **changes)


def naming(name, *candidates, **changes):
    return a.machine_context(plan=a.plan(datastore=name), candidates=candidates, **changes)


NAMED = [
    Case("DatastoreListed", "listed", PASS, naming("gold", stores("gold", "vmfs-1")), "mt-win: datastore gold is listed"),
    Case("DatastoreListed", "not listed", FAIL, naming("gold", stores("vmfs-1", "a")), "gold is not listed; listed: a, vmfs-1"),
    Case("DatastoreListed", "in capitals", FAIL, naming("GOLD", stores("gold")), "GOLD is not", "Write gold in spec.datastore"),
    Case("DatastoreListed", "a part of a name", FAIL, naming("gold", stores("gold-1"))),
    Case("DatastoreListed", "of the second target", PASS, naming("gold", stores("vmfs-1"), stores("gold")), "gold is listed"),
    Case(
        "DatastoreListed",
        "not of the chosen target",
        FAIL,
        naming("gold", stores("gold"), assigned=stores("vmfs-1", target=a.master_target("mt-2"))),
        "mt-2: datastore gold is not listed",
    ),
    Case("DatastoreListed", "NFS", FAIL, naming("nfs-1", stores("nfs-1", kind="NFS41")), "is NFS"),
    Case("DatastoreListed", "vSAN", PASS, naming("vsan", stores("vsan", kind="vsan"))),
    Case("DatastoreListed", "of a kind not told", PASS, naming("gold", stores("gold", kind=None))),
    Case("DatastoreListed", "none listed", UNKNOWN, naming("gold", stores()), "see DatastoresDiscovered"),
    Case("DatastoreListed", "not registered", UNKNOWN, naming("gold", a.target_context(server=None)), "no master target mt-win"),
    Case(
        "DatastoreListed",
        "vault unread",
        UNKNOWN,
        naming("gold", a.target_context(server=None, site=a.blind_vault())),
        "could not be read",
    ),
    Case("DatastoreListed", "no target", UNKNOWN, naming("gold"), "no master target is known"),
    Case("DatastoreListed", "none named", NA, READY, "stay on their own"),
    Case("DatastoreListed", "none named, no VM", PASS, replace(READY, vms=()), "vmfs-1 is listed"),
    Case("DatastoreListed", "none named, no VM, not listed", FAIL, replace(READY, vms=(), candidates=(stores("gold"),))),
    Case(
        "DatastoreListed",
        "none named, no VM, none known",
        NA,
        a.machine_context(a.item(detail=a.detail(datastores=())), vms=()),
        "no datastore is named",
    ),
    Case(
        "DatastoreListed",
        "before a disaster",
        FAIL,
        replace(naming("gold", stores("vmfs-1"), phase=Phase.NOT_FAILED_OVER), items=(a.protected_item(),)),
    ),
    Case("DatastoreListed", "after reprotect", NA, replace(REPROTECTED, plan=a.plan(datastore="gold"))),
]

CASES = DATASTORES + NAMED


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)
