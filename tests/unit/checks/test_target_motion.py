"""Checks of what may move a master target: Storage DRS in each datastore cluster of its disks, DRS of its cluster."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import Motion, MotionRule

VM = a.target_vm()
OTHER_STORE, OTHER_POD = Moref("datastore-3"), Moref("group-p2")
MANUAL = MotionRule(VM.moref, is_enabled=None, behavior="manual")
EXCLUDED = MotionRule(VM.moref, is_enabled=False, behavior=None)
NO_VM = a.target_context(vms=())


def pods(*found, vm=VM, stores=None):
    """mt-win with a disk in vmfs-1, which lies in the pod `gold`, and one in vmfs-3, which lies in `silver`."""
    first, second = a.disk(0, "mt-win"), a.disk(1, "mt-win", datastore=OTHER_STORE)
    known = stores or (
        a.datastore(pod=a.POD),
        a.datastore(OTHER_STORE, name="vmfs-3", pod=OTHER_POD),
    )
    whole = replace(vm, disks=(first, second))
    return a.target_context(vms=(a.located(whole, a.facts(whole, datastores=known, pods=found)),))


def gold(*rules, is_enabled=True, behavior="automated"):
    return a.pod(motion=Motion(is_enabled, behavior, rules))


def silver(*rules, is_enabled=True, behavior="automated"):
    return a.pod(moref=OTHER_POD, name="silver", motion=Motion(is_enabled, behavior, rules))


OFF = silver(is_enabled=False)
STORAGE = [
    Case("StorageDrsExcluded", "no datastore cluster", PASS, a.target_context(), "no disk lies in a datastore cluster"),
    Case("StorageDrsExcluded", "no entry is included", FAIL, pods(gold(), OFF), "datastore cluster gold: Storage DRS may move"),
    Case("StorageDrsExcluded", "the second cluster counts", FAIL, pods(gold(EXCLUDED), silver()), "datastore cluster silver"),
    Case("StorageDrsExcluded", "both fail", FAIL, pods(gold(), silver()), "datastore cluster silver"),
    Case("StorageDrsExcluded", "off for the VM in both", PASS, pods(gold(EXCLUDED), silver(EXCLUDED)), "leaves VM mt-win alone"),
    Case("StorageDrsExcluded", "off in one, off for it in the other", PASS, pods(gold(EXCLUDED), OFF)),
    Case("StorageDrsExcluded", "manual for the VM", PASS, pods(gold(MANUAL), OFF), "moves no disk of VM mt-win by itself"),
    Case("StorageDrsExcluded", "manual for all", PASS, pods(gold(behavior="manual"), OFF)),
    Case("StorageDrsExcluded", "another VM's entry", FAIL, pods(gold(replace(EXCLUDED, machine=Moref("vm-9"))), OFF)),
    Case("StorageDrsExcluded", "behavior not told", UNKNOWN, pods(gold(behavior=None), OFF), "was not told"),
    Case("StorageDrsExcluded", "switched on or not is not told", UNKNOWN, pods(gold(is_enabled=None), OFF), "cluster gold"),
    Case("StorageDrsExcluded", "settings unread", UNKNOWN, pods(a.pod(motion=None), OFF), "could not be read"),
    Case("StorageDrsExcluded", "cluster unread", UNKNOWN, pods(OFF), f"datastore cluster {a.POD}"),
    Case("StorageDrsExcluded", "unread beside a failure", FAIL, pods(gold()), "gold"),
    Case("StorageDrsExcluded", "datastore unread", UNKNOWN, pods(OFF, stores=(a.datastore(OTHER_STORE),)), "datastores"),
    Case(
        "StorageDrsExcluded",
        "a raw device has no datastore",
        PASS,
        a.target_context(vms=(a.located(replace(VM, disks=(a.disk(datastore=None),))),)),
    ),
    Case("StorageDrsExcluded", "disks unread", UNKNOWN, pods(OFF, vm=replace(VM, unread=frozenset({"disks"}))), "disks"),
    Case("StorageDrsExcluded", "no VM", UNKNOWN, NO_VM),
    Case("StorageDrsSilent", "no datastore cluster", PASS, a.target_context()),
    Case("StorageDrsSilent", "excluded", PASS, pods(gold(EXCLUDED), OFF)),
    Case("StorageDrsSilent", "manual for the VM", FAIL, pods(gold(MANUAL), OFF), "proposes moves of VM mt-win"),
    Case("StorageDrsSilent", "manual for all", FAIL, pods(gold(EXCLUDED), silver(behavior="manual")), "cluster silver"),
    Case("StorageDrsSilent", "automated is the other's", NA, pods(gold(), silver()), "see StorageDrsExcluded"),
    Case("StorageDrsSilent", "not told is the other's", NA, pods(gold(behavior=None), silver())),
    Case("StorageDrsSilent", "unread", UNKNOWN, pods(a.pod(motion=None), OFF)),
    Case("StorageDrsSilent", "no VM", UNKNOWN, NO_VM),
]


def cluster(motion, **changes):
    found = a.cluster(motion=motion)
    return a.target_context(vms=(a.located(VM, a.facts(VM, clusters=(found,), **changes)),))


def drs(*rules, is_enabled=True, behavior="fullyAutomated", are_rules_heeded=True):
    return cluster(Motion(is_enabled, behavior, rules, are_rules_heeded))


ALONE = (a.host(a.HOST_2, cluster=None),)
DRS = [
    Case("DrsAutomation", "off for the VM", PASS, drs(EXCLUDED), "leaves VM mt-win alone"),
    Case("DrsAutomation", "off", PASS, drs(is_enabled=False)),
    Case("DrsAutomation", "fully automated", FAIL, drs(), "cluster infra: DRS may move VM mt-win"),
    Case("DrsAutomation", "manual for the VM", PASS, drs(MANUAL), "only when a person says so"),
    Case("DrsAutomation", "partly automated", PASS, drs(behavior="partiallyAutomated")),
    Case("DrsAutomation", "rules are not heeded", FAIL, drs(EXCLUDED, are_rules_heeded=False)),
    Case("DrsAutomation", "automated for the VM alone", FAIL, drs(replace(MANUAL, behavior="fullyAutomated"), behavior="manual")),
    Case("DrsAutomation", "behavior not told", UNKNOWN, drs(behavior=None)),
    Case("DrsAutomation", "on or off not told", UNKNOWN, drs(is_enabled=None), "cluster infra"),
    Case("DrsAutomation", "settings unread", UNKNOWN, cluster(None)),
    Case("DrsAutomation", "cluster unread", UNKNOWN, a.target_context(vms=(a.located(VM, a.facts(VM, clusters=())),)), a.CLUSTER),
    Case("DrsAutomation", "host in no cluster", PASS, cluster(None, hosts=ALONE), "is in no cluster"),
    Case("DrsAutomation", "host not found", UNKNOWN, a.target_context(vms=(a.located(replace(VM, host=None)),))),
    Case("DrsAutomation", "host unread", UNKNOWN, a.target_context(vms=(a.located(replace(VM, unread=frozenset({"host"}))),))),
    Case("DrsAutomation", "no VM", UNKNOWN, NO_VM),
]

CASES = STORAGE + DRS


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(TARGET_CHECKS, case)
