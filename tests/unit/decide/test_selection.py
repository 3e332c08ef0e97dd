"""Which machines a plan is about; whose an item is."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import condition, machine_of, plan_of, summary
from tests.unit.decide.world import World, world

from failback_operator.domain.reading import Part
from failback_operator.domain.steps import EffectKind


def by_pattern(pattern: str = "app-*", stage: str = "Prepared", *names: str) -> World:
    site = world(*(names or ("app-1", "app-2", "db-1")))
    spec = {k: v for k, v in b.plan(stage=stage).spec.wire().items() if k != "machines"}
    site.plans["payroll"] = b.plan(**spec, machines=[], selector={"namePattern": pattern})
    return site


def test_a_selector_takes_names_by_pattern_in_order():
    decision = by_pattern().round()
    assert [m.spec.machine_name for m in decision.machines] == ["app-1", "app-2"]
    assert plan_of(decision).machines.total == 2
    assert plan_of(decision).selected == []


def test_the_set_is_frozen_before_the_first_effect():
    site = by_pattern(stage="Reprotected")
    first = site.round()
    assert plan_of(first).selected == ["app-1", "app-2"]
    assert first.effects == ()
    late = world("app-9")
    site.items |= late.items
    site.vms["app-9"] = late.vms["app-9"]
    site.azure_vms |= late.azure_vms
    site.run()
    assert site.made == [(EffectKind.REPROTECT, "app-1"), (EffectKind.REPROTECT, "app-2")]
    assert plan_of(site.round()).selected == ["app-1", "app-2"]


def test_the_set_is_open_again_when_the_plan_is_set_back():
    site = by_pattern(stage="Reprotected")
    site.round()
    site.plans["payroll"] = site.plans["payroll"].model_copy(
        update={"spec": site.plans["payroll"].spec.model_copy(update={"stage": b.plan(stage="Prepared").spec.stage})}
    )
    assert plan_of(site.round()).selected == []


def test_a_set_that_runs_stays_frozen_whatever_the_stage():
    site = by_pattern(stage="Reprotected")
    site.run()
    site.plans["payroll"] = site.plans["payroll"].model_copy(
        update={"spec": site.plans["payroll"].spec.model_copy(update={"stage": b.plan(stage="Prepared").spec.stage})}
    )
    site.items["app-9"] = b.item("app-9")
    assert plan_of(site.round()).selected == ["app-1", "app-2"]


def test_what_a_pattern_matches_is_not_known_while_the_vault_is_unread():
    view = by_pattern().view()
    plan = plan_of(evaluate(replace(view, snapshot=replace(view.snapshot, vault=Part()))))
    assert summary(plan) == ("Unknown", "NoMachines")


def test_a_pattern_that_matches_nothing():
    plan = plan_of(by_pattern("nothing-*").round())
    assert summary(plan) == ("False", "NoMachines")
    assert plan.machines_done == "0/0"
    assert plan.phase is None
    assert "PlanHasMachines" in [f.check for f in plan.findings]


def test_an_unread_vault_leaves_a_selector_its_machines():
    site = by_pattern()
    site.round()
    blind = b.replace(site.view(), snapshot=b.replace(site.view().snapshot, vault=b.Part()))
    decision = evaluate(blind)
    assert plan_of(decision).machines.total == 2
    assert summary(plan_of(decision)) == ("Unknown", "NotRead")
    assert decision.machines_to_delete == ()


def test_a_frozen_machine_that_the_vault_lost_is_missed_and_kept():
    site = by_pattern(stage="Reprotected")
    site.round()
    del site.items["app-1"]
    decision = site.round()
    assert decision.machines_to_delete == ()
    assert "the vault has no protected item app-1" in plan_of(decision).message


def test_a_listed_machine_that_the_vault_lost_keeps_its_object():
    site = world("app-1", "db-1")
    site.round()
    del site.items["app-1"]
    decision = site.round()
    assert decision.machines_to_delete == ()
    assert {m.spec.machine_name for m in decision.machines} == {"app-1", "db-1"}
    assert summary(plan_of(decision)) == ("False", "Blocked")


def test_an_unknown_machine_is_named():
    site = world("app-1", machines=[{"name": "app-1"}, {"name": "app-0"}])
    plan = plan_of(site.round())
    assert summary(plan) == ("False", "Blocked")
    assert condition(plan, "Ready").message.startswith("app-0: the vault has no protected item app-0. To do: ")


@pytest.mark.parametrize(
    ("ref", "found"), [({"name": "app-1"}, False), ({"name": "app-1", "id": str(b.item_id("app-1")).upper()}, True)]
)
def test_an_id_settles_a_name_that_two_items_share(ref, found):
    site = world("app-1", machines=[ref])
    site.items["twin"] = b.replace(b.item("twin"), friendly_name="app-1")
    decision = site.round()
    assert bool(decision.machines) == found
    if not found:
        assert "2 items have this name" in plan_of(decision).message


@pytest.mark.parametrize("spec", [{}, {"machines": [], "selector": {"namePattern": "app-*"}}])
def test_objects_of_machines_whose_name_became_ambiguous_stay(spec):
    site = world("app-1", stage="Reprotected", **spec)
    site.run()
    ((name, machine),) = site.machines.items()
    twin = machine.model_dump(by_alias=True)
    twin["metadata"]["name"], twin["spec"]["itemId"] = "twin", str(b.item_id("twin"))
    twin["status"]["ledger"], twin["spec"]["recorded"] = [], []
    site.machines["twin"] = type(machine).model_validate(twin)
    site.items["twin"] = b.replace(b.protected_item("twin"), friendly_name="app-1")
    assert "2 items have this name" not in plan_of(site.round()).message
    site.items["app-1"] = b.replace(site.items["app-1"], instance_type=b.InstanceType.OTHER)
    decision = site.round()
    assert "2 items have this name" in plan_of(decision).message
    assert decision.machines_to_delete == ()
    assert {m.key.name for m in decision.machines} == {name, "twin"}


def test_an_id_that_is_not_there():
    site = world("app-1", machines=[{"name": "app-1", "id": "/nowhere"}])
    assert "no protected item" in plan_of(site.round()).message


def test_an_adopted_machine_keeps_its_name_and_gets_the_new_plan():
    site = world("app-1", stage="Prepared")
    site.round()
    name = machine_of(site).name
    site.plans = {"new": b.plan("new", stage="Prepared")}
    site.round()
    assert (machine_of(site).name, machine_of(site).spec.plan_ref.name) == (name, "new")


def test_renamed_machines_keep_their_object():
    site = world("app-1", stage="Prepared")
    site.round()
    name = machine_of(site).name
    site.items = {"app-1": b.replace(site.items["app-1"], friendly_name="renamed")}
    site.plans["payroll"] = b.plan(stage="Prepared", machines=[{"name": "renamed"}])
    site.round()
    assert list(site.machines) == [name]
    assert site.machines[name].spec.machine_name == "renamed"
