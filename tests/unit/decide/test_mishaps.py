"""What becomes of effects: refused, failed, lost, in doubt; plans that come and go; lost statuses. Safety rules 2, 3, 9."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_of, machine_status_of, plan_of, summary
from tests.unit.decide.test_ledger import job
from tests.unit.decide.world import change_plan, uuid_of, world

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.domain.job import JobState
from failback_operator.domain.reading import Part
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

REPROTECT, FAILBACK, COMMIT, PROTECT = EffectKind.REPROTECT, EffectKind.FAILBACK, EffectKind.COMMIT, EffectKind.PROTECT
STEPS = [REPROTECT, FAILBACK, COMMIT, PROTECT]


def test_refused_three_times_waits_for_a_person():
    site = world("app-1", stage="Reprotected")
    site.round()
    keys = []
    for _ in range(20):
        decision = evaluate(site.view())
        site.store(decision)
        for effect in decision.effects:
            keys.append(effect.key)
            site.refuse(effect, "Conflict: try later")
        site.tick(1)
    assert [k.rsplit("/", 1)[1] for k in keys] == ["1", "2", "3"]
    decision = site.round()
    assert machine_status_of(decision, site).phase is Phase.NEEDS_ATTENTION
    assert summary(plan_of(decision)) == ("False", "MachinesFailed")
    change_plan(site, retries=[{"machine": "app-1", "job": keys[-1]}])
    site.run(5)
    assert site.made == [(REPROTECT, "app-1")]


def test_after_a_refusal_it_waits_and_says_so():
    site = world("app-1", stage="Reprotected")
    site.round()
    (effect,) = evaluate(site.view()).effects
    site.refuse(effect, "Conflict: try later")
    decision = site.round()
    assert decision.effects == ()
    assert "Conflict: try later" in machine_status_of(decision, site).message
    assert decision.recheck_at == site.now + timedelta(minutes=2)
    assert summary(plan_of(decision), "Reconciling") == ("True", "Waiting")


def test_a_failed_job_is_tried_again_only_by_name():
    site = world("app-1", "db-1", stage="Protected")
    site.round()
    site.round()
    site.finish_jobs("app-1", state=JobState.FAILED, description="Failed")
    site.run()
    assert [kind for kind, name in site.made if name == "app-1"] == [REPROTECT]
    assert [kind for kind, name in site.made if name == "db-1"] == STEPS
    decision = site.round()
    status = machine_status_of(decision, site)
    assert status.phase is Phase.FAILED
    assert status.findings[0].check == "StepFailed"
    assert "job-1" in status.findings[0].remedy
    plan = plan_of(decision)
    assert plan.machines.failed == 1
    assert plan.findings[0].check == "StepFailed"
    assert summary(plan, "Stalled") == ("True", "MachinesFailed")
    change_plan(site, retries=[{"machine": "app-1", "job": "job-1"}])
    site.run()
    assert [kind for kind, name in site.made if name == "app-1"] == [REPROTECT, *STEPS]


def test_a_lost_answer_is_settled_by_the_vaults_jobs():
    site = world("app-1", stage="Reprotected")
    site.round()
    (effect,) = evaluate(site.view()).effects
    site.perform(effect, answer=EffectOutcome.INTENDED)
    assert evaluate(site.view()).recheck_at == site.now + timedelta(seconds=90)
    site.tick(2)
    decision = site.round()
    (settlement,) = decision.settlements
    assert (settlement.entry.outcome, settlement.entry.job) == (EffectOutcome.RUNNING, "job-1")
    site.run()
    assert site.made == [(REPROTECT, "app-1")]


def test_an_intent_that_was_never_sent_is_made_under_a_new_key():
    site = world("app-1", stage="Reprotected")
    site.round()
    (effect,) = evaluate(site.view()).effects
    site.intend(effect)
    assert site.round().effects == ()
    site.tick(2)
    assert [e.key for e in site.round().effects] == ["Reprotect/2026-11-24T05:00:00Z/2"]
    assert site.made == [(REPROTECT, "app-1")]


def test_doubt_waits_for_a_person():
    site = world("app-1", stage="Reprotected")
    site.round()
    (effect,) = evaluate(site.view()).effects
    site.intend(effect)
    site.items["app-1"] = replace(site.items["app-1"], allowed_operations=frozenset())
    site.tick(2)
    decision = site.round()
    status = machine_status_of(decision, site)
    assert status.phase is Phase.NEEDS_ATTENTION
    assert status.findings[0].check == "StepInDoubt"
    assert decision.watch_items
    assert decision.effects == ()


def test_deleting_and_making_the_plan_anew_causes_nothing_twice():
    site = world("app-1", stage="Protected")
    site.round()
    site.round()
    plan = site.plans.pop("payroll")
    decision = site.round()
    assert decision.machines_to_delete == ()
    assert [m.is_in_flight for m in decision.machines] == [True]
    status = machine_status_of(decision, site)
    assert summary(status) == ("False", "NotInAnyPlan")
    assert status.phase is Phase.REPROTECTING
    assert decision.watch_jobs == {"job-1"}
    site.finish_jobs()
    site.round()
    assert machine_of(site).status.ledger[0].outcome is EffectOutcome.SUCCEEDED
    site.plans["payroll"] = b.plan(**plan.spec.wire())
    site.run()
    assert site.made == [(kind, "app-1") for kind in STEPS]


def test_losing_every_status_causes_nothing_twice():
    site = world("app-1", "db-1", group="payroll", stage="Protected", acceptIndependentPoints=True)
    for _ in range(40):
        site.round()
        site.finish_jobs()
        site.round()
        site.finish_syncs()
        for name, machine in site.machines.items():
            bare = {"metadata": machine.metadata.model_dump(), "spec": machine.spec.wire()}
            site.machines[name] = type(machine).model_validate(bare)
        site.plans["payroll"] = b.plan(**site.plans["payroll"].spec.wire())
        site.tick()
    assert sorted(site.made) == sorted((kind, name) for kind in STEPS for name in ("app-1", "db-1"))


def test_a_machine_without_plan_goes_when_it_is_at_rest():
    site = world("app-1", stage="Protected")
    site.run()
    del site.plans["payroll"]
    decision = evaluate(site.view())
    assert [k.name for k in decision.machines_to_delete] == [machine_of(site).name]
    assert decision.machines == ()
    leaving = machine_of(site).model_copy(
        update={"metadata": machine_of(site).metadata.model_copy(update={"deletion_timestamp": site.now})}
    )
    site.machines = {leaving.name: leaving}
    decision = evaluate(site.view())
    assert decision.machines_to_delete == ()
    assert [m.is_in_flight for m in decision.machines] == [False]


def test_a_machine_that_the_plan_drops_midway_is_kept():
    site = world("app-1", "db-1", stage="Reprotected")
    site.run()
    change_plan(site, machines=[{"name": "db-1"}])
    decision = site.round()
    assert decision.machines_to_delete == ()
    assert summary(machine_status_of(decision, site)) == ("False", "NotInAnyPlan")


def test_a_machine_reprotected_by_hand_goes_on_without_a_record():
    site = world("app-1", stage="FailedBack")
    switch = job("hand", started_at=b.minutes_ago(60), ended_at=b.minutes_ago(55))
    failover = job("disaster", scenario="UnplannedFailover", started_at=b.FAILED_OVER_AT, ended_at=b.FAILED_OVER_AT)
    site.jobs = [failover, switch]
    detail = replace(b.reprotected_item("app-1").detail, infrastructure_vm_id=uuid_of("app-1"))
    site.items["app-1"] = b.reprotected_item("app-1", detail=detail)
    waiver = {"machine": "app-1", "reason": "looked at", "by": "me", "until": "2027-01-01T00:00:00Z"}
    later = {"check": "ProtectionPrepared", **waiver}
    change_plan(site, waivers=[later])
    site.run(6)
    assert site.made == []
    assert "LayoutRecorded" in [f.check for f in plan_of(site.round()).findings]
    change_plan(site, waivers=[later, {"check": "LayoutRecorded", **waiver}])
    site.run(6)
    assert site.made == [(FAILBACK, "app-1")]
    assert site.keys == [f"FailbackMachine/{machine_of(site).name}:Failback/2026-11-24T05:00:00Z/1"]
    assert machine_of(site).spec.recorded == []


def test_a_machine_that_runs_on_site_is_not_overwritten():
    site = world("app-1", stage="Reprotected")
    site.vms["app-1"] = replace(site.vms["app-1"], power_state=PowerState.ON)
    site.run(4)
    assert site.made == []
    plan = plan_of(site.round())
    assert "OnPremisesDiverged" in [f.check for f in plan.findings]
    waiver = {"check": "OnPremisesDiverged", "reason": "it is a copy", "by": "dba", "until": "2027-01-01T00:00:00Z"}
    change_plan(site, waivers=[waiver])
    site.run(4)
    assert site.made == []
    change_plan(site, waivers=[waiver | {"machine": "app-1", "until": "2026-11-24T08:10:00Z"}])
    site.now = b.NOW + timedelta(minutes=11)
    site.run(4)
    assert site.made == []
    change_plan(site, waivers=[waiver | {"machine": "app-1"}])
    waived = [f.check for f in plan_of(site.round()).findings if f.waived]
    assert waived == ["OnPremisesDiverged"]
    site.run(6)
    assert site.made == [(REPROTECT, "app-1")]


def test_a_machine_object_that_is_being_deleted_is_made_anew_before_a_run_begins():
    site = world("app-1", stage="Protected")
    site.round()
    leaving = machine_of(site)
    stamped = leaving.metadata.model_copy(update={"deletion_timestamp": site.now})
    site.machines = {leaving.name: leaving.model_copy(update={"metadata": stamped})}
    decision = evaluate(site.view())
    assert decision.effects == ()
    assert [m.is_in_flight for m in decision.machines] == [False]
    site.machines = {}
    site.run()
    assert site.made == [(kind, "app-1") for kind in STEPS]


def test_a_run_that_began_is_not_stopped_by_a_newcomer_of_the_same_name():
    site = world("app-1", stage="Protected")
    site.round()
    site.round()
    site.items["twin"] = replace(b.protected_item("twin"), friendly_name="app-1")
    site.run()
    assert machine_of(site).status.phase is not Phase.REPROTECTING
    assert site.made[0] == (REPROTECT, "app-1")
    assert len(site.made) == len(set(site.made))


def test_no_machine_object_goes_while_the_vault_is_unread():
    site = world("app-1", stage="Protected")
    site.run()
    del site.plans["payroll"]
    view = site.view()
    blind = replace(view, snapshot=replace(view.snapshot, vault=Part()))
    assert evaluate(view).machines_to_delete != ()
    assert evaluate(blind).machines_to_delete == ()
    assert [m.is_in_flight for m in evaluate(blind).machines] == [False]


def test_protection_that_failed_waits_for_a_person_whatever_the_bound():
    site = world("app-1", stage="Protected")
    while not site.made or site.made[-1][0] is not PROTECT:
        site.round()
        if site.made and site.made[-1][0] is PROTECT:
            break
        site.finish_jobs()
        site.round(perform=False)
        site.finish_syncs()
        site.tick(20)
    site.finish_jobs(state=JobState.FAILED)
    site.items["app-1"] = replace(site.items["app-1"], allowed_operations=b.committed_item().allowed_operations)
    site.round()
    site.tick(5)
    change_plan(site, failedOverBefore=site.now.isoformat())
    site.round()
    decision = site.round()
    assert machine_status_of(decision, site).phase is Phase.FAILED
    assert [kind for kind, _ in site.made] == STEPS


def test_a_record_stays_while_the_item_tells_no_phase():
    site = world("app-1", stage="Committed")
    site.run()
    site.items["app-1"] = replace(site.items["app-1"], allowed_operations=frozenset({"DisableProtection"}))
    site.plans.clear()
    site.round()
    assert machine_of(site).spec.recorded


def test_nothing_begins_for_a_plan_that_is_being_deleted():
    site = world("app-1", stage="Reprotected")
    site.round(perform=False)
    assert site.round(perform=False).effects
    plan = site.plans["payroll"]
    metadata = plan.metadata.model_copy(update={"deletion_timestamp": site.now})
    site.plans["payroll"] = plan.model_copy(update={"metadata": metadata})
    assert site.round(perform=False).effects == ()


@pytest.mark.parametrize("target", ["item-twin", f"{b.CONTAINER_ID}/replicationProtectedItems/item-twin", "unheard-of"])
def test_the_job_of_a_namesake_is_not_adopted(target):
    site = world("app-1", stage="Reprotected")
    site.items["twin"] = b.item(arm_id=b.item_id("twin"), group_id="twin", group_name="twin", detail=b.detail("twin"))
    change_plan(site, machines=[{"name": "app-1", "id": str(b.item_id())}])
    site.round(perform=False)
    (effect,) = site.round(perform=False).effects
    site.intend(effect)
    site.jobs.append(job("twins", started_at=site.now, target_object_id=target))
    site.tick(5)
    (settlement,) = site.round(perform=False).settlements
    assert settlement.entry.outcome is EffectOutcome.NOT_SENT


def test_the_job_of_a_namesake_in_another_fabric_is_not_adopted():
    site = world("app-1", stage="Reprotected")
    site.round(perform=False)
    (effect,) = site.round(perform=False).effects
    site.intend(effect)
    other = str(b.item_id()).replace("fabric-1", "fabric-2")
    site.jobs.append(job("others", started_at=site.now, target_object_id=other))
    site.tick(5)
    (settlement,) = site.round(perform=False).settlements
    assert settlement.entry.outcome is EffectOutcome.NOT_SENT
