"""Which effects are wanted: stage, bound, holds, blockers, groups, limits. Safety rules 2, 4, 5, 7, 9."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.read import condition, machine_of, machine_status_of, plan_of, summary
from tests.unit.decide.test_ledger import job
from tests.unit.decide.world import uuid_of, world

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.evaluate import evaluate
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vault import JobState
from failback_operator.domain.vsphere import PowerState

REPROTECT, FAILBACK, COMMIT, PROTECT = EffectKind.REPROTECT, EffectKind.FAILBACK, EffectKind.COMMIT, EffectKind.PROTECT
STEPS = [REPROTECT, FAILBACK, COMMIT, PROTECT]


def change_plan(site, name="payroll", **spec):
    old = site.plans[name]
    new = b.plan(name, **(old.spec.wire() | spec))
    site.plans[name] = new.model_copy(update={"status": old.status})


def test_an_effect_needs_the_record_to_be_stored_first():
    site = world("app-1")
    first = evaluate(site.view())
    assert first.effects == ()
    (wanted,) = first.machines
    (recorded,) = wanted.spec.recorded
    assert (recorded.azure_vm_id, recorded.covered_by, recorded.master_target) == (str(b.azure_vm_id()), b.BOUND, "mt-win")
    assert recorded.vm_instance_uuid == uuid_of("app-1")
    assert [d.datastore for d in recorded.disks] == ["vmfs-1", "vmfs-1"]
    assert evaluate(site.view()) == first
    site.store(first)
    second = evaluate(site.view())
    (effect,) = second.effects
    assert effect.key == "Reprotect/2026-11-24T05:00:00Z/1"
    assert effect.owner.name == wanted.key.name
    assert effect.group == (b.item_id("app-1"),)
    assert effect.description == "Reprotect app-1 through mt-win"
    assert second.machines[0].is_in_flight
    assert second.watch_items == {str(b.item_id("app-1"))}


def test_no_record_without_the_azure_vm():
    site = world("app-1")
    waiver = {"check": "AzureVmRunning", "machine": "app-1", "reason": "r", "by": "me", "until": "2027-01-01T00:00:00Z"}
    change_plan(site, waivers=[waiver])
    site.azure_vms.clear()
    site.run(4)
    assert site.made == []
    assert machine_of(site).spec.recorded == []


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"suspend": True}, "WaitingForPerson"),
        ({"holds": [{"machine": "app-1", "reason": "the owner is asleep"}]}, "WaitingForPerson"),
        ({"stage": "Prepared"}, "ReadyToStart"),
    ],
)
def test_nothing_begins_when_a_person_says_so(spec, reason):
    site = world("app-1", **({"stage": "Protected"} | spec))
    site.run(4)
    assert site.made == []
    plan = plan_of(site.round())
    assert summary(plan) == ("True", reason)
    assert summary(plan, "Stalled") == ("False", "NotStalled")
    assert summary(plan, "Reconciling") == ("False", "Idle")


def test_suspended_site():
    site = world("app-1", stage="Protected")
    site.site = b.site(suspend=True)
    site.run(4)
    assert site.made == []
    assert "the RecoverySite tokyo is suspended" in plan_of(site.round()).message


def test_a_hold_of_one_machine_lets_others_go():
    site = world("app-1", "db-1", stage="Reprotected", holds=[{"machine": "app-1"}])
    site.run()
    assert site.made == [(REPROTECT, "db-1")]
    assert plan_of(site.round()).message.startswith("app-1: spec.holds names app-1")


@pytest.mark.parametrize(
    ("bound", "covered"),
    [
        (b.FAILED_OVER_AT, True),
        (b.FAILED_OVER_AT - timedelta(seconds=1), False),
        (b.NOW + timedelta(minutes=4), True),
        (b.NOW + timedelta(minutes=6), False),
    ],
)
def test_only_covered_failovers_are_brought_home(bound, covered):
    site = world("app-1", failedOverBefore=bound)
    site.run(8)
    assert bool(site.made) == covered
    plan = plan_of(site.round())
    assert (summary(plan, "FailoverCovered")[0] == "True") == covered
    if not covered:
        assert summary(plan) == ("False", "Blocked")
        assert "failedOverBefore" in plan.message


def test_a_run_keeps_the_bound_under_which_it_began():
    site = world("app-1", stage="Reprotected")
    site.run()
    change_plan(site, stage="Protected", failedOverBefore=b.FAILED_OVER_AT - timedelta(days=9))
    site.run()
    assert [kind for kind, _ in site.made] == STEPS
    # Past its end a value that no longer covers is ignored: the machine counts as never failed over.
    assert machine_of(site).status.phase is Phase.NOT_FAILED_OVER


def test_the_next_disaster_is_not_touched():
    site = world("app-1", stage="Protected")
    site.run()
    made = list(site.made)
    site.tick(600)
    site.items["app-1"] = b.item("app-1", last_failover_time=site.now, detail=site.items["app-1"].detail)
    site.azure_vms["app-1"] = b.azure_vm("app-1")
    site.gone_vms.clear()
    site.vms["app-1"] = replace(site.vms["app-1"], power_state=PowerState.OFF)
    site.tick(20)
    site.run(8)
    assert site.made == made
    assert summary(plan_of(site.round()), "FailoverCovered")[0] == "False"
    change_plan(site, failedOverBefore=site.now)
    site.run()
    assert site.made == made * 2
    assert len(machine_of(site).spec.recorded) == 2


def test_two_plans_for_one_machine_block_each_other():
    site = world("app-1", "db-1", stage="Reprotected")
    site.plans["other"] = b.plan("other", machines=[{"name": "app-1"}], stage="Reprotected")
    site.run(8)
    assert site.made == [(REPROTECT, "db-1")]
    decision = site.round()
    assert "other" in condition(plan_of(decision), "Ready").message
    assert "payroll" in condition(plan_of(decision, "other"), "Ready").message


def test_of_two_plans_the_one_that_began_goes_on():
    site = world("app-1", stage="Reprotected")
    site.run()
    site.plans["a-new-one"] = b.plan("a-new-one", machines=[{"name": "app-1"}], stage="Protected")
    change_plan(site, stage="FailedBack")
    site.run()
    assert site.made == [(REPROTECT, "app-1"), (FAILBACK, "app-1")]
    decision = site.round()
    assert summary(plan_of(decision)) == ("True", "StageReached")
    assert machine_of(site).spec.plan_ref.name == "payroll"
    assert summary(plan_of(decision, "a-new-one"))[0] == "False"


def test_lowering_the_stage_stops_what_is_new_and_follows_what_runs():
    site = world("app-1", stage="Protected")
    site.round()
    site.round()
    assert site.made == [(REPROTECT, "app-1")]
    change_plan(site, stage="Prepared")
    decision = site.round()
    assert decision.watch_jobs == {"job-1"}
    site.run(5)
    assert site.made == [(REPROTECT, "app-1")]
    assert machine_of(site).status.phase is Phase.REPROTECTED
    assert machine_of(site).status.ledger[0].outcome is EffectOutcome.SUCCEEDED


def test_group_is_posted_one_by_one_and_named_whole():
    site = world("app-1", "db-1", group="payroll", stage="Reprotected")
    site.round()
    decision = site.round()
    (effect,) = decision.effects
    assert set(effect.group) == {b.item_id("app-1"), b.item_id("db-1")}
    (second,) = evaluate(site.view()).effects
    assert second.key == effect.key
    assert second.owner != effect.owner


def test_while_a_members_intent_is_open_the_others_wait():
    site = world("app-1", "db-1", group="payroll", stage="Reprotected")
    site.round()
    (effect,) = evaluate(site.view()).effects
    site.perform(effect, answer=EffectOutcome.INTENDED)
    assert evaluate(site.view()).effects == ()


def test_a_blocked_member_stops_its_group_and_nobody_else():
    site = world("app-1", "db-1", group="payroll", stage="Protected", acceptIndependentPoints=True)
    lone = world("files-1", stage="Protected")
    site.items |= lone.items
    site.vms |= {"files-1": lone.vms["files-1"]}
    site.azure_vms |= lone.azure_vms
    change_plan(site, machines=[{"name": n} for n in ("app-1", "db-1", "files-1")])
    site.azure_vms["db-1"] = b.azure_vm("db-1", power_state="deallocated")
    site.run()
    assert site.made == [(kind, "files-1") for kind in STEPS]
    decision = site.round()
    assert machine_status_of(decision, site, "app-1").phase is Phase.WAITING
    assert machine_status_of(decision, site, "app-1").message == "db-1 of its group is stopped"
    assert condition(plan_of(decision), "Ready").message == "db-1: Azure VM db-1 is deallocated"


def test_failback_waits_until_the_whole_group_is_reprotected():
    site = world("app-1", "db-1", group="payroll", stage="Protected", acceptIndependentPoints=True)
    for _ in range(6):
        site.round()
        site.tick()
    site.finish_jobs()
    site.round()
    site.finish_syncs("app-1")
    decision = site.round()
    assert site.made == [(REPROTECT, "app-1"), (REPROTECT, "db-1")]
    assert machine_status_of(decision, site, "app-1").message == "db-1 of its group is Reprotecting"
    site.finish_syncs("db-1")
    site.round()
    assert site.made[2:] == [(FAILBACK, "app-1")]


def test_a_held_member_holds_its_group():
    site = world("app-1", "db-1", group="payroll", stage="Reprotected", holds=[{"machine": "db-1"}])
    site.run(5)
    assert site.made == []


def test_a_group_with_a_member_that_is_not_failed_over_waits():
    site = world("app-1", "db-1", group="payroll", stage="Reprotected")
    site.items["db-1"] = replace(
        b.protected_item("db-1", detail=site.items["db-1"].detail), group_id="payroll", group_name="payroll"
    )
    site.run(5)
    assert site.made == []
    assert "db-1 of its group is NotFailedOver" in machine_of(site).status.message


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_more_run_at_a_time_than_the_plan_allows(limit):
    names = ("a-1", "b-1", "c-1", "d-1")
    site = world(*names, stage="Protected", concurrency=dict.fromkeys(("reprotect", "failback", "commit", "protect"), limit))
    most = 0
    for _ in range(60):
        site.round()
        site.round()
        most = max(most, sum(not j.is_over for j in site.jobs))
        site.finish_jobs()
        site.round()
        site.finish_syncs()
        site.tick()
    assert sorted(site.made) == sorted((kind, name) for kind in STEPS for name in names)
    assert most <= limit * 4
    first = [name for kind, name in site.made if kind is REPROTECT]
    assert first == list(names)


def test_waiting_for_slots_says_who_holds_them():
    site = world("a-1", "b-1", disks=30, stage="Reprotected")
    site.run(8)
    assert site.made == [(REPROTECT, "a-1")]
    plan = plan_of(site.round())
    assert summary(plan, "Scheduled") == ("False", "WaitingForSlots")
    assert condition(plan, "Scheduled").message == (
        "b-1 wait: 30 disk slots are needed on one master target: mt-win has 28 of 60 free, held by a-1 until their failback"
        " detaches the disks"
    )
    assert summary(plan, "DiskLimit")[0] == "True"
    assert plan.machines.waiting == 1
    assert [(w.number, w.machines) for w in plan.waves] == [(1, ["a-1"]), (2, ["b-1"])]


def test_a_group_that_fits_nowhere():
    site = world("a-1", disks=59, stage="Reprotected")
    site.run(4)
    assert site.made == []
    plan = plan_of(site.round())
    assert summary(plan)[0] == "False"
    assert summary(plan, "DiskLimit") == ("False", "GroupTooLarge")
    assert summary(plan, "Stalled") == ("True", "DiskLimit")


def test_slots_of_who_may_not_start_go_to_who_may():
    site = world("a-1", "b-1", disks=40, stage="Reprotected")
    site.azure_vms["a-1"] = b.azure_vm("a-1", power_state="stopped")
    site.run(6)
    assert site.made == [(REPROTECT, "b-1")]


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
    waiver = {"check": "ProtectionPrepared", "machine": "app-1", "reason": "later", "by": "me", "until": "2027-01-01T00:00:00Z"}
    change_plan(site, waivers=[waiver])
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
