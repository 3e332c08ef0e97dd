"""Checks of the host and the memory with which a machine's VM is switched on at the end of the failback."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.checks.machine.power_on import memory_of_failback, place_of
from failback_operator.domain.claims import Claims
from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import Cluster, Motion, MotionRule, PowerState

GIB = a.GIB
CLUSTER_ID = Moref("domain-1")
DRS = Cluster(CLUSTER_ID, "prod", Motion(True, "fullyAutomated"))
NO_DRS = Cluster(CLUSTER_ID, "prod", Motion(False, None))
FULL = {"memory_bytes": 256 * GIB, "used_memory_bytes": 256 * GIB}
REPROTECTED = {"protected": a.reprotected_item(), "phase": Phase.REPROTECTED}


def on(*hosts, cluster=DRS, vm=None, **changes):
    """app-1 (4 GiB, on host-1) in a vCenter with these hosts, before its failback."""
    machine = vm or a.vm()
    facts = a.facts(machine, hosts=hosts, clusters=(cluster,) if cluster else ())
    return a.machine_context(**({"vms": (a.located(machine, facts),)} | REPROTECTED | changes))


def free(gib, moref=a.HOST_1, **changes):
    """A host with so much memory free."""
    return a.host(moref, cluster=CLUSTER_ID, memory_bytes=256 * GIB, used_memory_bytes=int((256 - gib) * GIB), **changes)


def claiming(context, place, mib):
    return replace(context, claims=Claims(memory_mib={place: mib}))


UNREAD = on(vm=a.vm(unread=frozenset({"memory_mib"})))
GONE = a.machine_context(vms=(), **REPROTECTED)
BLIND = a.machine_context(vms=(), site=a.blind_vsphere(), **REPROTECTED)
UNTOLD_DRS = Cluster(CLUSTER_ID, "prod", None)
RULED = Cluster(
    CLUSTER_ID, "prod", Motion(True, "fullyAutomated", (MotionRule(Moref("vm-app-1"), is_enabled=False, behavior=None),))
)
TWO = (free(3), free(64, a.HOST_2))

MEMORY = [
    Case("MemoryForPowerOn", "enough on its host", PASS, on(free(64), cluster=None), "host esx-1.example.com has 4096 MiB"),
    Case("MemoryForPowerOn", "just enough", PASS, on(free(4), cluster=None)),
    Case("MemoryForPowerOn", "a bit short", FAIL, on(free(3.999), cluster=None), "host esx-1.example.com: no host has 4096 MiB"),
    Case("MemoryForPowerOn", "none left", FAIL, on(a.host(**FULL), cluster=None)),
    Case("MemoryForPowerOn", "another host, chosen by DRS", PASS, on(*TWO), "cluster prod has 4096 MiB"),
    Case(
        "MemoryForPowerOn", "no host of the cluster", FAIL, on(free(3), free(3, a.HOST_2)), "cluster prod: no host has 4096 MiB"
    ),
    Case("MemoryForPowerOn", "a host of another cluster", FAIL, on(free(3), replace(TWO[1], cluster=Moref("domain-2")))),
    Case("MemoryForPowerOn", "DRS is off", FAIL, on(*TWO, cluster=NO_DRS), "host esx-1"),
    Case("MemoryForPowerOn", "DRS is off for the VM", FAIL, on(*TWO, cluster=RULED), "host esx-1"),
    Case("MemoryForPowerOn", "DRS only proposes", FAIL, on(*TWO, cluster=replace(DRS, motion=Motion(True, "manual")))),
    Case("MemoryForPowerOn", "DRS places only", PASS, on(*TWO, cluster=replace(DRS, motion=Motion(True, "partiallyAutomated")))),
    Case("MemoryForPowerOn", "DRS unread", UNKNOWN, on(*TWO, cluster=UNTOLD_DRS), "whether DRS chooses another one"),
    Case("MemoryForPowerOn", "DRS unread, its host will do", PASS, on(free(64), cluster=UNTOLD_DRS)),
    Case("MemoryForPowerOn", "whether DRS is on unread", UNKNOWN, on(*TWO, cluster=replace(DRS, motion=Motion(None, None)))),
    Case("MemoryForPowerOn", "the other one in maintenance", FAIL, on(TWO[0], replace(TWO[1], is_in_maintenance=True))),
    Case("MemoryForPowerOn", "the other one not connected", FAIL, on(TWO[0], replace(TWO[1], connection_state="disconnected"))),
    Case("MemoryForPowerOn", "the other one's state not read", FAIL, on(TWO[0], replace(TWO[1], is_in_maintenance=None))),
    Case(
        "MemoryForPowerOn",
        "the other one's memory not read",
        UNKNOWN,
        on(TWO[0], a.host(a.HOST_2, memory_bytes=None)),
        "could not",
    ),
    Case("MemoryForPowerOn", "in use not read", UNKNOWN, on(a.host(used_memory_bytes=None), cluster=None)),
    Case("MemoryForPowerOn", "one not read, another will do", PASS, on(a.host(used_memory_bytes=None), TWO[1])),
    Case(
        "MemoryForPowerOn",
        "others are being failed back",
        FAIL,
        claiming(on(free(8), cluster=None), (a.VCENTER, a.HOST_1), 4097),
        "beside the VMs that are being failed back",
    ),
    Case("MemoryForPowerOn", "and just fit", PASS, claiming(on(free(8), cluster=None), (a.VCENTER, a.HOST_1), 4096)),
    Case("MemoryForPowerOn", "over the cluster", PASS, claiming(on(*TWO), (a.VCENTER, CLUSTER_ID), 63 * 1024)),
    Case("MemoryForPowerOn", "and too many there", FAIL, claiming(on(*TWO), (a.VCENTER, CLUSTER_ID), 64 * 1024)),
    Case("MemoryForPowerOn", "it is on", NA, on(vm=a.vm(power_state=PowerState.ON)), "on already"),
    Case("MemoryForPowerOn", "unread", UNKNOWN, UNREAD, "memory_mib"),
    Case("MemoryForPowerOn", "not told", UNKNOWN, on(free(64), vm=a.vm(memory_mib=None))),
    Case("MemoryForPowerOn", "host not known", UNKNOWN, on(vm=a.vm(host=None))),
    Case("MemoryForPowerOn", "no VM", NA, GONE),
    Case("MemoryForPowerOn", "vCenter unread", UNKNOWN, BLIND),
    Case(
        "MemoryForPowerOn", "told before reprotect", FAIL, on(free(3), cluster=None, protected=a.item(), phase=Phase.FAILED_OVER)
    ),
    Case(
        "MemoryForPowerOn",
        "before a disaster",
        NA,
        on(free(3), cluster=None, protected=a.protected_item(), phase=Phase.NOT_FAILED_OVER),
    ),
]


def hosted(**changes):
    return on(a.host(**changes))


HOST = [
    Case("OnPremisesHostReady", "connected", PASS, hosted(), "esx-1.example.com is connected"),
    Case("OnPremisesHostReady", "before reprotect", PASS, a.machine_context()),
    Case("OnPremisesHostReady", "lost", FAIL, hosted(connection_state="notResponding"), "of VM app-1 is notResponding"),
    Case("OnPremisesHostReady", "in maintenance", FAIL, hosted(is_in_maintenance=True), "maintenance mode"),
    Case("OnPremisesHostReady", "state not told", UNKNOWN, hosted(connection_state=None)),
    Case("OnPremisesHostReady", "maintenance not told", UNKNOWN, hosted(is_in_maintenance=None)),
    Case("OnPremisesHostReady", "host not known", UNKNOWN, on(vm=a.vm(host=None))),
    Case("OnPremisesHostReady", "host unread", UNKNOWN, on(vm=a.vm(unread=frozenset({"host"})))),
    Case("OnPremisesHostReady", "no VM", NA, GONE),
    Case("OnPremisesHostReady", "vCenter unread", UNKNOWN, BLIND),
    Case(
        "OnPremisesHostReady",
        "not asked before a disaster",
        NA,
        on(a.host(is_in_maintenance=True), protected=a.protected_item(), phase=Phase.NOT_FAILED_OVER),
    ),
]

CASES = MEMORY + HOST


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)


def test_what_a_failback_claims_is_its_clusters_or_its_hosts():
    assert memory_of_failback(on(free(64))) == {(a.VCENTER, CLUSTER_ID): 4096}
    assert memory_of_failback(on(free(64), cluster=NO_DRS)) == {(a.VCENTER, a.HOST_1): 4096}
    assert memory_of_failback(on(free(64), vm=a.vm(power_state=PowerState.ON))) == {}
    assert memory_of_failback(on(free(64), vm=a.vm(memory_mib=None))) == {}
    assert memory_of_failback(on(vm=a.vm(host=None))) == {}
    assert memory_of_failback(GONE) == {}
    located = on(free(64), cluster=None).vms[0]
    assert place_of(located, located.host) == (a.VCENTER, a.HOST_1)
