"""Which effects are wanted: stage, bound, holds, blockers, groups, limits. Safety rules 2, 4, 5, 7, 9."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import condition, machine_of, machine_status_of, plan_of, summary
from tests.unit.decide.world import change_plan, uuid_of, world

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.domain.job import JobState
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

REPROTECT, FAILBACK, COMMIT, PROTECT = EffectKind.REPROTECT, EffectKind.FAILBACK, EffectKind.COMMIT, EffectKind.PROTECT
STEPS = [REPROTECT, FAILBACK, COMMIT, PROTECT]


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
    assert plan_of(site.round()).message == "app-1 waits: spec.holds names it: remove the entry to go on"


def test_a_hold_that_names_no_machine_holds_all():
    """Else the machine that a person meant to hold would be brought home."""
    site = world("app-1", "db-1", stage="Reprotected", holds=[{"machine": "ap-1"}])
    site.run()
    assert site.made == []
    assert plan_of(site.round()).message == (
        "payroll: spec.holds names ap-1, which is no machine of the plan (the nearest is app-1). To do: Correct the name in"
        " spec.holds or spec.staysInAzure, or remove the entry. Until then nothing of the plan begins: the machine that is meant"
        " would not be held."
    )
    change_plan(site, holds=[{"machine": "app-1"}])
    site.run()
    assert site.made == [(REPROTECT, "db-1")]


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
    assert condition(plan_of(decision), "Ready").message.startswith("db-1: Azure VM db-1 is deallocated. To do: ")


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
    most: Counter[EffectKind] = Counter()
    quiet = 0
    while quiet < 2:
        site.round()
        most |= Counter(kind for (kind, _), job in zip(site.made, site.jobs, strict=True) if not job.is_over)
        quiet = 0 if site.in_motion() or len(site.made) < len(names) else quiet + 1
        site.finish_jobs()
        site.finish_syncs()
        site.tick()
    assert sorted(site.made) == sorted((kind, name) for kind in STEPS for name in names)
    assert most == Counter(dict.fromkeys(STEPS, limit))
    first = [name for kind, name in site.made if kind is REPROTECT]
    assert first == list(names)


def test_while_azure_asks_to_wait_the_plan_says_so_and_nothing_begins():
    site = world("app-1", stage="Reprotected")
    site.store(evaluate(site.view()))
    view = site.view()
    assert [each.kind for each in evaluate(view).effects] == [REPROTECT]
    held = replace(view, snapshot=replace(view.snapshot, azure_asks_to_wait=True))
    decision = evaluate(held)
    assert decision.effects == ()
    text = "app-1 waits: Azure asks to wait: the step begins once it takes requests again"
    plan = plan_of(decision)
    assert condition(plan, "Reconciling").reason == "Waiting"
    assert condition(plan, "Reconciling").message == text
    assert plan.message == text
    # It does not move while it lasts.
    later = replace(held, snapshot=replace(held.snapshot, as_of=held.snapshot.as_of + timedelta(seconds=40)))
    assert plan_of(evaluate(later)).message == text
    machine = machine_status_of(decision, site)
    assert summary(machine, "Reconciling") == ("True", "Throttled")


def test_waiting_for_slots_says_who_holds_them():
    site = world("a-1", "b-1", disks=30, stage="Reprotected")
    site.run(8)
    assert site.made == [(REPROTECT, "a-1")]
    plan = plan_of(site.round())
    assert summary(plan, "Scheduled") == ("False", "WaitingForSlots")
    assert condition(plan, "Scheduled").message == (
        "b-1 waits: 30 disk slots are needed on one master target: mt-win has 28 of 60 free, held by a-1 until their failback"
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


def test_a_failback_of_a_persons_own_that_ended_badly_needs_a_person():
    site = world("app-1", stage="Reprotected")
    site.run()
    job = replace(site.jobs[-1], name="job-9", scenario="UnplannedFailover", state=JobState.FAILED, started_at=site.now)
    site.jobs.append(replace(job, ended_at=site.now))
    site.items["app-1"] = replace(site.items["app-1"], protection_state="Odd", allowed_operations=frozenset())
    found = machine_status_of(evaluate(site.view()), site)
    assert summary(found) == ("False", "NeedsAttention")
    assert "neither failed back nor ready for another" in found.message
    assert found.message.endswith("the operator does not know a safe way on.")
