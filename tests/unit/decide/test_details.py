"""Small parts of a decision that a whole run does not reach."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_of, plan_of, target_of
from tests.unit.decide.test_ledger import entry, job
from tests.unit.decide.world import uuid_of, world

from failback_operator.api.common import EffectOutcome, Severity
from failback_operator.api.v1alpha1.failback_machine import RecordedDisk
from failback_operator.checks.catalogue import Rule
from failback_operator.decide.conditions import aggregate, told
from failback_operator.decide.findings import Shown, findings, shortened, summarised
from failback_operator.decide.fixes.base import runs_anything
from failback_operator.decide.index import index_site
from failback_operator.decide.judgement import Ruling, is_waived
from failback_operator.decide.naming import attempt_of
from failback_operator.decide.recording import record_of
from failback_operator.decide.status_target import pruned
from failback_operator.decide.targets import locate_targets
from failback_operator.domain.job import JobState
from failback_operator.domain.verdicts import Outcome, Subject, Verdict

FAIL, UNKNOWN, PASS, NA = Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE


def ruling(outcome, name="x", severity=Severity.BLOCKER, check="Check", observed="seen"):
    verdict = Verdict(check, Subject("FailbackMachine", name), outcome, "expected", observed)
    return Ruling.of(verdict, Rule(check, "R1", severity, "Condition", frozenset(), False, "remedy", "source"))


@pytest.mark.parametrize(
    ("rulings", "status", "reason"),
    [
        ([], "True", "NotApplicable"),
        ([ruling(NA)], "True", "NotApplicable"),
        ([ruling(PASS), ruling(NA)], "True", "Passed"),
        ([ruling(PASS), ruling(UNKNOWN)], "Unknown", "Check"),
        ([ruling(UNKNOWN), ruling(FAIL, check="Worse")], "False", "Worse"),
        ([ruling(FAIL, severity=Severity.WARNING)], "True", "PassedWithWarnings"),
        ([ruling(UNKNOWN, severity=Severity.INFO)], "True", "PassedWithWarnings"),
    ],
)
def test_unknown_is_never_false_and_never_true(rulings, status, reason):
    state = aggregate(tuple(rulings))
    assert (state.status, state.reason) == (status, reason)


def test_what_is_waived_counts_as_a_warning():
    assert aggregate((ruling(FAIL),), lambda _: True).reason == "PassedWithWarnings"


@pytest.mark.parametrize(
    ("waivable", "needs_machine", "waiver", "waived"),
    [
        (True, False, {}, True),
        (False, False, {}, False),
        (True, True, {}, False),
        (True, True, {"machine": "app-1"}, True),
        (True, False, {"machine": "app-1"}, True),
        (True, False, {"machine": "db-1"}, False),
        (True, False, {"check": "Other"}, False),
        (True, False, {"until": b.NOW}, False),
        (True, False, {"until": b.minutes_ago(-1)}, True),
    ],
)
def test_who_may_waive_what(waivable, needs_machine, waiver, waived):
    given = {"check": "Check", "reason": "r", "by": "me", "until": "2027-01-01T00:00:00Z"} | waiver
    failed = ruling(FAIL)
    one = replace(failed, check=replace(failed.check, is_waivable=waivable, needs_machine=needs_machine))
    assert is_waived(one, b.plan(waivers=[given]), "app-1", b.NOW) is waived


def test_told_is_short():
    assert told(ruling(FAIL, name=f"m-{n}") for n in range(7)).endswith("m-4: seen; and 2 more")
    assert told([ruling(FAIL), ruling(FAIL), ruling(FAIL, observed="more")]) == "x: seen; more"


def test_findings_are_worst_first_and_bounded():
    shown = [
        Shown(ruling(FAIL, "waived"), is_waived=True),
        Shown(ruling(UNKNOWN, "unknown")),
        Shown(ruling(FAIL, "info", Severity.INFO)),
        Shown(ruling(PASS, "passed")),
        Shown(ruling(FAIL, "warning", Severity.WARNING)),
        Shown(ruling(FAIL, "fail")),
    ]
    assert [f.subject.rsplit("/", 1)[1] for f in findings(shown)] == ["fail", "unknown", "warning", "info", "waived"]
    many, omitted = shortened(findings([Shown(ruling(FAIL, f"m-{n:03}")) for n in range(123)]))
    assert (len(many), omitted, many[-1].subject) == (100, 23, "FailbackMachine/m-099")


def test_waived_ones_are_summed_up_apart():
    shown = [Shown(ruling(FAIL, f"m-{n}"), is_waived=n < 2) for n in range(4)]
    assert [(f.subject, f.waived) for f in summarised(shown)] == [("FailbackMachine/*", False), ("FailbackMachine/*waived", True)]


def test_a_ledger_is_cut_but_never_what_is_open():
    open_one = entry(EffectOutcome.RUNNING, key="first")
    ledger = [open_one, *(entry(EffectOutcome.NOT_SENT, key=f"k{n}") for n in range(45))]
    kept = pruned(ledger)
    assert len(kept) == 40
    assert kept[0] is open_one
    assert kept[1].key == "k6"


@pytest.mark.parametrize(("key", "attempt"), [("Reprotect/x/7", 7), ("Reprotect/x/y", 0), ("3", 3)])
def test_attempts_are_told_by_keys(key, attempt):
    assert attempt_of(key) == attempt


def test_a_record_holds_what_is_known():
    bare = b.item(detail=None, policy_id=None)
    context = b.machine_context(bare, vms=(b.located(b.vm(disks=(b.disk(datastore=None),))),))
    found = record_of(context, b.BOUND)
    assert (found.policy_id, found.log_storage_account_id, found.master_target, found.master_target_disks) == (
        None,
        None,
        None,
        [],
    )
    assert [d.datastore for d in found.disks] == [""]
    without = record_of(b.machine_context(vms=()), b.BOUND)
    assert (without.vm_instance_uuid, without.disks) == (None, [])


@pytest.mark.parametrize("gap", [{"azure_vm": None}, {"failed_over_at": None}, {"items": ()}])
def test_no_record_without_its_essentials(gap):
    assert record_of(b.machine_context(**gap), b.BOUND) is None


@pytest.mark.parametrize(
    ("site", "runs"),
    [
        (b.blind_vault(), True),
        (b.site_context(), False),
        (b.site_context(b.view(b.vault(jobs=(job(state=JobState.IN_PROGRESS),)))), True),
        (b.site_context(b.view(b.vault(jobs=(job(),)))), False),
    ],
)
def test_whether_something_runs_in_the_fabric(site, runs):
    assert runs_anything(site) is runs


def located(view):
    return {t.target.name: t for t in locate_targets(index_site(b.site_context(view)))}


@pytest.mark.parametrize(
    ("spec", "server", "vms", "found"),
    [
        ({"vmName": "other"}, {}, ("other", "mt-win"), ["other"]),
        ({"vmName": "nobody"}, {}, ("mt-win",), []),
        ({}, {"ip_address": "10.10.0.99"}, ("mt-win", "by-ip"), ["by-ip"]),
        ({}, {"ip_address": None}, ("mt-win",), ["mt-win"]),
        ({}, {"name": "unregistered"}, ("mt-win",), ["mt-win"]),
    ],
)
def test_the_vm_of_a_master_target(spec, server, vms, found):
    addresses = {"by-ip": ("10.10.0.99",)}
    machines = tuple(b.target_vm(n, guest=replace(b.target_vm().guest, ip_addresses=addresses.get(n, ()))) for n in vms)
    vault = b.vault(fabric=b.fabric(master_targets=(b.master_target_server(**server),)))
    view = b.view(vault, b.facts(*machines), targets=(b.master_target(**spec),))
    assert [v.vm.name for v in located(view)["mt-win"].vms] == found


@pytest.mark.parametrize(
    ("changes", "is_it"),
    [
        ({}, False),
        ({"site": b.site(configurationServer={"vmName": "mt-win"})}, True),
        ({"site": b.site(configurationServer={"ipAddresses": ["10.10.0.21"]})}, True),
        ({"targets": (b.master_target(serverName="CS-1"),)}, True),
        ({"snapshot": b.site_snapshot(vault_part=b.part(None))}, False),
    ],
)
def test_whether_a_target_is_the_configuration_server(changes, is_it):
    assert located(b.view(**changes))["mt-win"].is_configuration_server is is_it


def test_several_vms_of_one_name_are_no_vm():
    twin = replace(b.target_vm(), moref="vm-twin", instance_uuid="x", bios_uuid=None)
    found = located(b.view(vsphere=b.facts(b.target_vm(), twin)))["mt-win"]
    assert (found.disks, found.holders, len(found.vms)) == (None, None, 2)


def test_a_target_whose_disks_are_hidden_is_unread():
    found = located(b.view(vsphere=b.facts(b.target_vm(unread=frozenset({"disks"})))))["mt-win"]
    assert (found.disks, found.holders) == (None, None)


def test_holders_are_told_by_both_worlds():
    item = b.reprotected_item("app-1")
    view = b.view(b.vault(items=(item,)), b.facts(b.target_vm()))
    assert located(view)["mt-win"].holders == ("app-1",)
    orphan = b.target_vm(disks=(*b.disks(2, "mt-win"), b.disk(0, "gone-1")))
    recorded = RecordedDisk(file=b.disk(0, "gone-1").file_name, capacity_bytes=1, datastore="vmfs-1")
    gone = b.machine("gone-1", recorded=(b.record("gone-1", disks=[recorded]),))
    view = b.view(b.vault(items=()), b.facts(orphan), machines=(gone,))
    assert located(view)["mt-win"].holders == ("gone-1",)


def test_old_details_count_as_unread():
    item = b.reprotected_item("app-1")
    old = replace(item, detail=replace(item.detail, as_of=b.NOW - timedelta(hours=5)))
    assert located(b.view(b.vault(items=(old,))))["mt-win"].holders is None


def test_vm_of_a_machine_by_uuid_before_name():
    site = world("app-1", stage="Prepared")
    impostor = replace(site.vms["app-1"], moref="vm-x", instance_uuid="another")
    site.vms["renamed"] = replace(site.vms.pop("app-1"), name="renamed")
    site.vms["app-1"] = impostor
    machine = site.round().statuses
    assert machine
    assert "several VMs" not in plan_of(site.round()).message
    assert uuid_of("app-1") == site.vms["renamed"].instance_uuid


def test_a_machine_whose_disks_only_the_record_tells():
    site = world("app-1", stage="Reprotected")
    site.run()
    site.items["app-1"] = replace(site.items["app-1"], detail=replace(site.items["app-1"].detail, disks=()))
    assert machine_of(site).status.assignment.disks == 2
    site.round()
    assert machine_of(site).status.assignment.disks == 2


def test_a_machine_whose_disks_only_vcenter_tells():
    site = world("app-1", stage="Prepared")
    site.items["app-1"] = replace(site.items["app-1"], detail=replace(site.items["app-1"].detail, disks=()))
    assert plan_of(site.round()).disks.planned == 2


def test_a_target_without_host_lists_no_datastore():
    site = world("app-1")
    site.vms["mt-win"] = replace(site.vms["mt-win"], host=None)
    assert target_of(evaluate(site.view())).datastores == []


def test_jobs_are_found_by_id_or_by_name():
    by_id = job("by-id", target_object_id=str(b.item_id()).upper(), target_object_name=None)
    by_name = job("by-name", target_object_id=None)
    other = job("other", target_object_id=None, target_object_name=None)
    lonely = b.item("lonely", group_id=None)
    index = index_site(b.site_context(b.view(b.vault(items=(b.item(), lonely), jobs=(other, by_name, by_id))))).items
    assert {j.name for j in index.jobs_of(b.item())} == {"by-id", "by-name"}
    assert index.group_of(lonely) == (lonely,)
    assert index.job(None) is None


def test_child_jobs_are_watched_until_they_end():
    site = world("app-1", stage="Reprotected")
    site.round()
    site.round()
    site.jobs[0] = replace(site.jobs[0], child_jobs=("child", "missing"))
    site.jobs.append(job("child", JobState.IN_PROGRESS, target_object_id=None, target_object_name=None))
    assert evaluate(site.view()).watch_jobs == {"job-1", "child", "missing"}
    site.jobs[0] = replace(site.jobs[0], state=JobState.SUCCEEDED)
    assert evaluate(site.view()).watch_jobs == {"child", "missing"}
    site.jobs[0] = replace(site.jobs[0], child_jobs=())
    assert evaluate(site.view()).watch_jobs == {"job-1"}
