"""Checks of a machine that comes back as a new VM: at an alternate location, or because vCenter has no VM of it."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import Mount

MACS = ("005056000001", "005056000002")
READY = a.machine_context()
GONE = a.machine_context(vms=())
BLIND = a.machine_context(vms=(), site=a.blind_vsphere())
NO_TARGET = replace(GONE, candidates=())
PHYSICAL = a.machine_context(a.item(detail=a.detail(discovery_type="Physical")), vms=())
LOST_TARGET = replace(GONE, candidates=(a.target_context(vms=()),))


def alternate(**changes):
    """At an alternate location, the VM gone."""
    return a.machine_context(plan=a.plan(location="Alternate", datastore="vmfs-1"), **({"vms": ()} | changes))


def known_by(told, **vm):
    """app-1, whose cards Site Recovery tells, and the VM of its name."""
    return a.machine_context(a.item(detail=a.detail(mac_addresses=told)), vms=(a.located(a.vm(**vm)),))


NAMESAKE = known_by(MACS, mac_addresses=("005056ffffff",))


def reprotected(**recorded):
    """After reprotect, without a VM."""
    return a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED, vms=(), record=a.record(**recorded))


def on_host(*others, **changes):
    """An absent app-1, with these VMs in the vCenter of mt-win, which runs on host-2."""
    facts = a.facts(a.target_vm(), *others)
    return a.machine_context(vms=(), candidates=(a.target_context(vms=(a.located(a.target_vm(), facts),)),), **changes)


def other(**changes):
    return a.vm(**({"moref": Moref("vm-99"), "host": a.HOST_2} | changes))


def store(**changes):
    """An absent app-1, whose datastore in the vCenter of mt-win is as told."""
    facts = a.facts(a.target_vm(), datastores=(a.datastore(**changes),))
    return a.machine_context(vms=(), candidates=(a.target_context(vms=(a.located(a.target_vm(), facts),)),))


TWO_TARGETS = (a.target_context(), a.target_context(target=a.master_target("mt-2"), vms=(a.located(a.target_vm(host=a.HOST_1)),)))
RAW = a.vm(disks=(a.disk(), a.disk(1, is_raw_device=True)))

PLANNED = [
    Case("NewVMPlanned", "onto its VM", PASS, READY, "onto its VM"),
    Case("NewVMPlanned", "its VM is not there", FAIL, GONE, "app-1 comes back as a new VM on host esx-2.example.com (of mt-win)"),
    Case("NewVMPlanned", "names the datastore", FAIL, GONE, "datastore vmfs-1"),
    Case("NewVMPlanned", "at an alternate location", FAIL, alternate(vms=READY.vms), "datastore vmfs-1"),
    Case("NewVMPlanned", "a namesake", FAIL, NAMESAKE, "as a new VM"),
    Case("NewVMPlanned", "one of two", FAIL, replace(GONE, candidates=TWO_TARGETS), "on one of host esx-1.example.com (of mt-2)"),
    Case("NewVMPlanned", "the assigned one", FAIL, replace(GONE, assigned=TWO_TARGETS[1]), "on host esx-1.example.com (of mt-2)"),
    Case("NewVMPlanned", "host not read", FAIL, LOST_TARGET, "its host, which could not be read (of mt-win)"),
    Case(
        "NewVMPlanned",
        "no datastore known",
        FAIL,
        a.machine_context(a.item(detail=a.detail(datastores=())), vms=()),
        "datastore not named",
    ),
    Case("NewVMPlanned", "no target", UNKNOWN, NO_TARGET, "no master target is known"),
    Case("NewVMPlanned", "vCenter unread", UNKNOWN, BLIND),
    Case("NewVMPlanned", "before a disaster", PASS, a.machine_context(a.protected_item(), phase=Phase.NOT_FAILED_OVER)),
    Case("NewVMPlanned", "after reprotect", NA, a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED)),
]

VM_GONE = [
    Case("OriginalVMGone", "gone", PASS, alternate()),
    Case("OriginalVMGone", "there", FAIL, alternate(vms=READY.vms), "VM app-1, whose disks reprotect would overwrite"),
    Case("OriginalVMGone", "several", FAIL, alternate(vms=READY.vms * 2), "VM app-1"),
    Case("OriginalVMGone", "a namesake", PASS, replace(NAMESAKE, plan=a.plan(location="Alternate", datastore="vmfs-1"))),
    Case("OriginalVMGone", "vCenter unread", UNKNOWN, alternate(site=a.blind_vsphere())),
    Case("OriginalVMGone", "at the original location", NA, GONE, "the plan's location is Original"),
    Case(
        "OriginalVMGone",
        "before a disaster it is there",
        NA,
        replace(alternate(vms=READY.vms), items=(a.protected_item(),), phase=Phase.NOT_FAILED_OVER),
    ),
]

IN_THE_WAY = [
    Case("NameInTheWay", "free", PASS, on_host(), "esx-2.example.com has no VM app-1"),
    Case("NameInTheWay", "taken", FAIL, on_host(other()), "mt-win: host esx-2.example.com has another VM app-1"),
    Case("NameInTheWay", "in other letters", FAIL, on_host(other(name="APP-1"))),
    Case("NameInTheWay", "a longer name", PASS, on_host(other(name="app-10"))),
    Case("NameInTheWay", "on another host", PASS, on_host(other(host=a.HOST_1))),
    Case("NameInTheWay", "on a host that could not be read", UNKNOWN, on_host(other(host=None))),
    Case("NameInTheWay", "both", FAIL, on_host(other(host=None), other(moref=Moref("vm-98")))),
    Case("NameInTheWay", "it comes back onto its VM", NA, a.machine_context(), "onto its VM"),
    Case("NameInTheWay", "a namesake elsewhere", PASS, replace(NAMESAKE, candidates=on_host(other(host=a.HOST_1)).candidates)),
    Case("NameInTheWay", "a namesake on the host", FAIL, replace(NAMESAKE, candidates=on_host(other()).candidates)),
    Case(
        "NameInTheWay",
        "its own VM before a disaster",
        PASS,
        replace(
            alternate(vms=(a.located(other()),), candidates=on_host(other()).candidates),
            items=(a.protected_item(),),
            phase=Phase.NOT_FAILED_OVER,
        ),
    ),
    Case(
        "NameInTheWay",
        "free with the second target",
        PASS,
        replace(on_host(other()), candidates=(*on_host(other()).candidates, *on_host().candidates)),
    ),
    Case("NameInTheWay", "no target", UNKNOWN, NO_TARGET),
    Case("NameInTheWay", "host not read", UNKNOWN, LOST_TARGET),
    Case("NameInTheWay", "vCenter unread", UNKNOWN, BLIND),
]

DATASTORE = [
    Case("NewVMDatastore", "mounted", PASS, GONE, "mt-win: datastore vmfs-1 is mounted on host esx-2.example.com"),
    Case("NewVMDatastore", "read-only", FAIL, store(mounts=(Mount(a.HOST_2, "readOnly"),)), "read-only"),
    Case("NewVMDatastore", "mounted elsewhere", FAIL, store(mounts=(Mount(a.HOST_1, "readWrite"),)), "not mounted on host esx-2"),
    Case("NewVMDatastore", "not there", FAIL, store(name="other"), "its vCenter has no datastore vmfs-1"),
    Case("NewVMDatastore", "the plan's", FAIL, replace(GONE, plan=a.plan(datastore="gold")), "no datastore gold"),
    Case("NewVMDatastore", "alternate", PASS, alternate()),
    Case(
        "NewVMDatastore",
        "none named",
        FAIL,
        a.machine_context(a.item(detail=a.detail(datastores=())), vms=()),
        "no datastore is named",
        "Name one",
    ),
    Case("NewVMDatastore", "it comes back onto its VM", NA, READY),
    Case("NewVMDatastore", "target's host not read", UNKNOWN, LOST_TARGET),
    Case("NewVMDatastore", "no target", UNKNOWN, NO_TARGET),
    Case("NewVMDatastore", "vCenter unread", UNKNOWN, BLIND),
]

SUPPORTED = [
    Case("NewVMSupported", "VMFS", PASS, GONE, "vmfs-1 is VMFS"),
    Case("NewVMSupported", "vSAN", PASS, store(type="vsan"), "vmfs-1 is vsan"),
    Case("NewVMSupported", "NFS", FAIL, store(type="NFS"), "datastore vmfs-1 is NFS"),
    Case("NewVMSupported", "vVol", FAIL, store(type="VVOL"), "VMFS or vSAN only"),
    Case("NewVMSupported", "kind not read", UNKNOWN, store(type=None)),
    Case("NewVMSupported", "not there", NA, store(name="other"), "see NewVMDatastore"),
    Case("NewVMSupported", "target's VM not found", NA, LOST_TARGET),
    Case("NewVMSupported", "a raw device", FAIL, alternate(vms=(a.located(RAW),)), "VM app-1 has raw devices: Hard disk 2"),
    Case("NewVMSupported", "no raw device", PASS, alternate(vms=READY.vms), "no raw device"),
    Case("NewVMSupported", "disks unread", UNKNOWN, alternate(vms=(a.located(a.vm(unread=frozenset({"disks"}))),))),
    Case("NewVMSupported", "a namesake's raw device", PASS, known_by(MACS, mac_addresses=("1",), disks=RAW.disks)),
    Case("NewVMSupported", "a raw device on its own VM", NA, a.machine_context(vms=(a.located(RAW),)), "onto its VM"),
    Case("NewVMSupported", "no target", UNKNOWN, NO_TARGET),
    Case("NewVMSupported", "vCenter unread", UNKNOWN, BLIND),
]

FOUND = [
    Case("OnPremisesVMFound", "at an alternate location", NA, alternate(), "Alternate"),
    Case("OnPremisesVMFound", "a physical machine", NA, PHYSICAL, "physical machine"),
    Case(
        "OnPremisesVMFound",
        "a physical machine after reprotect",
        FAIL,
        a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED, vms=()),
    ),
    Case(
        "OnPremisesVMFound",
        "a template",
        FAIL,
        a.machine_context(vms=(a.located(a.vm(is_template=True)),)),
        "template",
        "Convert",
    ),
    Case(
        "OnPremisesVMFound",
        "not read whether a template",
        UNKNOWN,
        a.machine_context(vms=(a.located(a.vm(unread=frozenset({"is_template"}))),)),
    ),
    Case("OnPremisesVMFound", "other cards", FAIL, NAMESAKE, "none of the network cards", "Find out"),
    Case("OnPremisesVMFound", "one card is its own", PASS, known_by(MACS, mac_addresses=(*MACS[:1], "005056ffffff"))),
    Case("OnPremisesVMFound", "cards not told", PASS, known_by((), mac_addresses=MACS)),
    Case("OnPremisesVMFound", "no cards", PASS, known_by(MACS, mac_addresses=())),
    Case(
        "OnPremisesVMFound",
        "details are old",
        PASS,
        a.machine_context(
            a.item(detail=a.detail(mac_addresses=MACS, as_of=a.minutes_ago(500))), vms=(a.located(a.vm(mac_addresses=("1",))),)
        ),
    ),
    Case(
        "OnPremisesVMFound",
        "the Azure VM's cards after reprotect",
        PASS,
        a.machine_context(
            a.reprotected_item(detail=a.detail(mac_addresses=MACS)),
            phase=Phase.REPROTECTED,
            vms=(a.located(a.vm(mac_addresses=("1",))),),
        ),
    ),
    Case("OnPremisesVMFound", "none at the reprotect", NA, reprotected(vm_instance_uuid=None), "no VM at the reprotect"),
    Case("OnPremisesVMFound", "gone since the reprotect", FAIL, reprotected()),
    Case("OnPremisesVMFound", "not recorded", FAIL, replace(reprotected(), record=None)),
    Case("OnPremisesVMFound", "a record before reprotect", FAIL, replace(GONE, record=a.record(vm_instance_uuid=None))),
    Case(
        "OnPremisesVMFound",
        "clones",
        FAIL,
        a.machine_context(vms=(a.located(), replace(a.located(a.vm("copy")), host=None))),
        "app-1 on esx-1.example.com, copy on an unknown host",
    ),
]

CASES = PLANNED + VM_GONE + IN_THE_WAY + DATASTORE + SUPPORTED + FOUND


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)
