"""What counts against the limits of a plan, and what is waited for before an effect: each at its edge."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_of, machine_status_of
from tests.unit.decide.test_ledger import entry
from tests.unit.decide.world import change_plan, uuid_of, world

from failback_operator.api.common import EffectOutcome
from failback_operator.decide.effects import Schedule  # noqa: F401 - what all of this is about
from failback_operator.domain.steps import EffectKind

REPROTECT, FAILBACK = EffectKind.REPROTECT, EffectKind.FAILBACK
ONE = {"concurrency": {"reprotect": 1, "failback": 1, "commit": 1, "protect": 1}}


def test_what_runs_since_an_earlier_decision_counts_and_so_does_its_synchronisation():
    site = world("a-1", "b-1", stage="Reprotected", **ONE)
    for _ in range(5):
        site.round()
    assert site.made == [(REPROTECT, "a-1")]
    site.finish_jobs()
    for _ in range(5):
        site.round()
    assert site.made == [(REPROTECT, "a-1")]
    site.finish_syncs()
    for _ in range(5):
        site.round()
    assert site.made == [(REPROTECT, "a-1"), (REPROTECT, "b-1")]


def test_who_is_held_takes_nobodys_place():
    site = world("a-1", "b-1", stage="Reprotected", holds=[{"machine": "a-1"}], **ONE)
    for _ in range(3):
        site.round()
    assert site.made == [(REPROTECT, "b-1")]


def test_nothing_is_recorded_of_a_machine_whose_turn_is_not_next():
    site = world("a-1", "b-1", stage="Reprotected", **ONE)
    site.round(perform=False)
    assert (len(machine_of(site, "a-1").spec.recorded), len(machine_of(site, "b-1").spec.recorded)) == (1, 0)


@pytest.mark.parametrize(("disks", "made"), [(58, [(REPROTECT, "a-1")]), (59, [])])
def test_a_master_target_is_filled_to_its_last_slot_and_no_further(disks, made):
    site = world("a-1", disks=disks, stage="Reprotected")
    for _ in range(4):
        site.round()
    assert site.made == made


@pytest.mark.parametrize("name", ["another", "zeta"])
def test_another_plan_takes_a_machine_over_before_it_does_anything(name):
    site = world("app-1", stage="Reprotected")
    site.run()
    site.plans = {name: b.plan(name, stage="FailedBack")}
    first = evaluate(site.view())
    assert first.effects == ()
    assert machine_status_of(first, site).message == "its FailbackMachine is stored first"
    site.store(first)
    (effect,) = evaluate(site.view()).effects
    assert effect.kind is FAILBACK


def test_a_machine_that_a_person_reprotected_has_an_object_before_anything_is_done():
    protection = {"processServer": "ps-onprem", "policy": "policy-24h", "logStorageAccountId": str(b.LOG_STORAGE_ID)}
    waiver = {"machine": "app-1", "reason": "seen", "by": "me", "until": "2027-01-01T00:00:00Z"}
    waivers = [waiver | {"check": check} for check in ("LayoutRecorded", "ReturningVmUntouched", "MasterTargetUntouched")]
    stated = {"name": "app-1", "failedOverAt": b.FAILED_OVER_AT}
    site = world("app-1", stage="FailedBack", machines=[stated], protection=protection, waivers=waivers)
    detail = replace(b.reprotected_item("app-1").detail, infrastructure_vm_id=uuid_of("app-1"), master_target_id="mt-win-id")
    site.items["app-1"] = b.reprotected_item("app-1", detail=detail)
    site.vms["mt-win"] = b.target_vm(disks=(*b.target_vm().disks, *site.vms["app-1"].disks))
    first = evaluate(site.view())
    assert first.effects == ()
    site.store(first)
    (effect,) = evaluate(site.view()).effects
    assert effect.kind is FAILBACK


@pytest.mark.parametrize(("outcome", "waits"), [(EffectOutcome.RUNNING, True), (EffectOutcome.SUCCEEDED, False)])
def test_no_step_begins_while_something_asked_for_is_done_to_the_vm(outcome, waits):
    site = world("a-1", stage="Reprotected")
    for _ in range(2):
        decision = site.round(perform=False)
    assert [e.kind for e in decision.effects] == [REPROTECT]
    machine = machine_of(site, "a-1")
    asked = entry(outcome, kind=EffectKind.POWER_ON, key=f"PowerOn/{b.FAILED_OVER_AT:%Y-%m-%dT%H:%M:%SZ}/1", job="task-1")
    status = machine.status.model_copy(update={"ledger": [asked]})
    site.machines[machine.name] = machine.model_copy(update={"status": status})
    decision = evaluate(site.view())
    assert [e.kind for e in decision.effects] == ([] if waits else [REPROTECT])
    assert ("asked for" in machine_status_of(decision, site, "a-1").message) is waits


def test_a_group_that_is_on_its_way_goes_first_whatever_the_plans_order():
    site = world("a-1", "b-1", "c-1", stage="Reprotected", acceptIndependentPoints=True, holds=[{"machine": "a-1"}], **ONE)
    for name in ("b-1", "c-1"):
        site.items[name] = replace(site.items[name], group_id="g", group_name="g")
    for _ in range(3):
        site.round()
    site.finish_jobs()
    site.round()
    site.finish_syncs()
    assert site.made == [(REPROTECT, "b-1")]
    change_plan(site, holds=[])
    for _ in range(2):
        site.round()
    assert site.made == [(REPROTECT, "b-1"), (REPROTECT, "c-1")]


def test_effects_of_one_decision_count_against_its_limit():
    site = world("a-1", "b-1", "c-1", stage="Reprotected")
    for _ in range(2):
        decision = site.round(perform=False)
    assert len(decision.effects) == 3
    change_plan(site, **ONE)
    assert len(evaluate(site.view()).effects) == 1


@pytest.mark.parametrize(("seconds", "kinds"), [(119, []), (120, [REPROTECT]), (121, [REPROTECT])])
def test_a_refused_step_is_tried_again_after_two_minutes(seconds, kinds):
    site = world("a-1", stage="Reprotected")
    for _ in range(2):
        decision = site.round(perform=False)
    site.refuse(decision.effects[0], "not now")
    site.tick(seconds / 60)
    assert [e.kind for e in evaluate(site.view()).effects] == kinds


def test_the_commit_of_a_members_failback_is_not_that_of_its_failover():
    site = world("a-1", "b-1", group="g", stage="Committed", acceptIndependentPoints=True)
    for _ in range(2):
        decision = site.round(perform=False)
    assert decision.effects[0].description.startswith("Reprotect a-1")
    machine = machine_of(site, "b-1")
    runs = entry(EffectOutcome.RUNNING, kind=EffectKind.COMMIT, key="Commit/2026-11-24T05:00:00Z/1", job="job-x")
    status = machine.status.model_copy(update={"ledger": [runs]})
    site.machines[machine.name] = machine.model_copy(update={"status": status})
    assert [e.kind for e in evaluate(site.view()).effects] == [REPROTECT]
