"""The last line: with no check at all the state of the world alone keeps effects from being made wrongly."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import condition, machine_status_of, plan_of, summary
from tests.unit.decide.world import World, world

from failback_operator.checks.catalogue import Catalogue
from failback_operator.decide.rules import Rules
from failback_operator.domain.protected_item import CurrentScenario
from failback_operator.domain.steps import EffectKind

NO_CHECKS = Rules(Catalogue(), Catalogue(), Catalogue(), Catalogue(), Catalogue())


def decide(site: World, rounds: int = 3):
    """Decide with no checks, storing but never acting."""
    for _ in range(rounds):
        decision = evaluate(site.view(), NO_CHECKS)
        site.store(decision)
    return decision


def test_what_may_go_goes():
    (effect,) = decide(world("app-1")).effects
    assert effect.kind is EffectKind.REPROTECT


def test_not_covered():
    site = world("app-1", failedOverBefore=b.FAILED_OVER_AT - timedelta(seconds=1))
    decision = decide(site)
    assert decision.effects == ()
    assert summary(plan_of(decision), "FailoverCovered") == ("False", "NotCovered")
    assert summary(plan_of(decision)) == ("False", "FailoverCovered")
    assert "app-1" in condition(plan_of(decision), "Ready").message


def test_unknown_time_of_failover():
    site = world("app-1")
    site.items["app-1"] = replace(site.items["app-1"], last_failover_time=None)
    decision = decide(site)
    assert decision.effects == ()
    assert "failedOverAt" in machine_status_of(decision, site).message


def test_rivals():
    site = world("app-1")
    site.plans["other"] = b.plan("other")
    decision = decide(site)
    assert decision.effects == ()
    assert machine_status_of(decision, site).message == "it is also in plan payroll: take it out of one of the two"


@pytest.mark.parametrize(
    "changes", [{"allowed_operations": frozenset()}, {"current_scenario": CurrentScenario("TestFailover", "job-9")}]
)
def test_not_allowed(changes):
    site = world("app-1")
    site.items["app-1"] = replace(site.items["app-1"], **changes)
    decision = decide(site)
    assert decision.effects == ()
    assert "does not allow Reprotect" in machine_status_of(decision, site).message
    assert summary(plan_of(decision), "Reconciling") == ("True", "Waiting")
    assert str(b.item_id("app-1")) in decision.watch_items


def test_facts_missing_for_the_call():
    site = world("app-1")
    site.targets["mt-win"] = b.master_target(retentionVolume="Q")
    decision = decide(site)
    assert decision.effects == ()
    assert "the retention volume of mt-win" in machine_status_of(decision, site).message


def test_azure_vm_unread():
    site = world("app-1")
    site.azure_vms.clear()
    decision = decide(site)
    assert decision.effects == ()
    assert "must be recorded before reprotect" in machine_status_of(decision, site).message


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda s: s.vms.pop("mt-win"), "not known yet"),
        (lambda s: s.targets.update({"mt-win": b.master_target(cordon=True)}), "is cordoned: mt-win"),
        (lambda s: s.targets.update({"mt-win": b.master_target(maxDisks=3)}), "even when it is empty"),
        (lambda s: s.plans.update({"payroll": b.plan(masterTargets=[{"name": "nobody"}])}), "no candidate master target"),
        (
            lambda s: s.items.update(
                {"app-1": b.item("app-1", detail=b.detail("app-1", os_type="Linux", os_version="RHEL-7.9-64"))}
            ),
            "none fits its operating system",
        ),
        (
            lambda s: s.items.update({"app-1": b.item("app-1", detail=b.detail("app-1", disks=()))}) or s.vms.pop("app-1"),
            "not known yet",
        ),
    ],
)
def test_no_slots(spoil, text):
    site = world("app-1")
    spoil(site)
    decision = decide(site)
    assert decision.effects == ()
    assert text in machine_status_of(decision, site).message
    assert summary(plan_of(decision), "Scheduled") == ("False", "WaitingForSlots")


def test_slots_promised_to_those_that_go_before():
    site = world("a-1", "b-1", disks=30)
    decision = decide(site)
    assert "promised to machines that go before" in machine_status_of(decision, site, "b-1").message
    assert len(decision.effects) == 1


def test_a_target_that_somebody_filled_by_hand_takes_nobody():
    """A member reprotected by hand ties its group to a target on which there is no room left for the others."""
    site = world("app-1", "db-1", group="g", disks=2)
    site.items["app-1"] = replace(b.reprotected_item("app-1"), group_id="g")
    site.vms["mt-win"] = replace(site.vms["mt-win"], disks=b.disks(59, "mt-win"))
    decision = decide(site)
    assert decision.effects == ()
    assert machine_status_of(decision, site, "db-1").message == "it is planned on mt-win, which has no room now"


def test_a_plan_whose_targets_are_all_in_use():
    site = world("a-1", "b-1", disks=50, stage="Reprotected")
    site.run()
    site.plans["payroll"] = b.plan(stage="Prepared", machines=[{"name": "a-1"}])
    site.plans["next"] = b.plan("next", stage="Reprotected", machines=[{"name": "b-1"}])
    plan = plan_of(decide(site), "next")
    assert summary(plan, "MasterTargetsReady") == ("True", "WaitingForSlots")
    assert summary(plan)[0] == "True"
    assert [(w.number, w.machines) for w in plan.waves] == [(1, ["b-1"])]
    assert plan.wave is None


def test_a_plan_that_lost_its_place_keeps_quiet():
    site = world("app-1")
    site.vms.pop("mt-win")
    plan = plan_of(decide(site))
    assert summary(plan, "MasterTargetsReady") == ("Unknown", "NoneAssigned")
    assert summary(plan) == ("Unknown", "NotRead")
    assert plan.disks is None


def test_what_is_over_needs_no_target():
    site = world("app-1", stage="Protected")
    site.run()
    plan = plan_of(decide(site))
    assert summary(plan, "MasterTargetsReady") == ("True", "NotNeeded")
    assert summary(plan) == ("True", "StageReached")


def test_an_item_without_architecture_is_lost():
    site = world("app-1")
    site.items["app-1"] = replace(site.items["app-1"], instance_type=b.InstanceType.OTHER)
    decision = decide(site)
    assert decision.effects == ()
    assert summary(plan_of(decision)) == ("Unknown", "NotRead")
    assert summary(plan_of(decision), "MachinesReady") == ("Unknown", "NotRead")
    assert summary(machine_status_of(decision, site)) == ("Unknown", "NotRead")


def test_a_part_that_is_unknown_keeps_the_plan_from_ready():
    site = world("app-1", "db-1", stage="Reprotected")
    site.run()
    site.items["db-1"] = replace(b.item("db-1"), detail=b.detail("db-1", disks=()))
    site.vms.pop("db-1")
    site.machines = {k: m for k, m in site.machines.items() if m.spec.machine_name == "app-1"}
    plan = plan_of(decide(site))
    assert summary(plan, "DiskLimit") == ("Unknown", "NotRead")
    assert summary(plan) == ("Unknown", "NotRead")


def with_targets(site, cordoned, more=()):
    """mt-win takes no 59 disks even when empty; these do."""
    site.targets["mt-win"] = b.master_target(cordon=True)
    for name in (*cordoned, *more):
        site.targets[name] = b.master_target(name, cordon=name in cordoned)
        guest = replace(b.target_vm().guest, ip_addresses=())
        site.vms[name] = b.target_vm(name, guest=guest, disks=b.disks(1, name))
    return site


def test_many_full_targets_are_told_in_few_words():
    site = with_targets(world("app-1", "db-1", disks=59), [f"mt-{n}" for n in range(2, 6)], ["mt-6"])
    decision = decide(site)
    assert machine_status_of(decision, site, "db-1").message == (
        "59 disk slots are needed on one master target: mt-2 is cordoned; mt-3 is cordoned; mt-4 is cordoned; and 2 more"
    )


def test_targets_that_are_all_cordoned_are_told_as_such():
    site = with_targets(world("app-1", disks=59), [f"mt-{n}" for n in range(2, 4)])
    decision = decide(site)
    text = "every master target that fits is cordoned: mt-2, mt-3; set spec.cordon of one to false"
    assert machine_status_of(decision, site).message == text
    assert plan_of(decision).message.startswith(f"app-1 waits: {text}")
