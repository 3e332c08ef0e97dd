"""Who holds slots, who is promised some, and who is not."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import plan_of, summary, target_of
from tests.unit.decide.world import change_plan, uuid_of, world

from failback_operator.api.common import EffectOutcome
from failback_operator.domain.steps import EffectKind

REPROTECT = EffectKind.REPROTECT


def test_a_plan_that_may_not_start_is_promised_nothing():
    assert target_of(world("app-1", stage="Prepared").round()).disks.reserved == 0
    assert target_of(world("app-1", stage="Reprotected", failedOverBefore=b.minutes_ago(9999)).round()).disks.reserved == 0
    assert target_of(world("app-1", stage="Reprotected").round()).disks.reserved == 2


def test_a_machine_in_two_plans_is_promised_its_slots_once():
    site = world("app-1", stage="Reprotected")
    site.plans["other"] = b.plan("other")
    assert target_of(site.round()).disks.reserved == 2


def test_what_is_attached_is_not_promised_again():
    site = world("app-1", stage="Reprotected", disks=5)
    site.round()
    site.round()
    found = target_of(site.round()).disks
    assert (found.own, found.attached, found.reserved) == (2, 5, 0)
    site.vms["mt-win"] = replace(site.vms["mt-win"], disks=site.vms["mt-win"].disks[:-2])
    found = target_of(site.round()).disks
    assert (found.own, found.attached, found.reserved) == (2, 3, 2)


def test_a_prepared_plan_is_planned_on_what_others_leave():
    site = world("a-1", "b-1", disks=40, machines=[{"name": "a-1"}])
    site.plans["later"] = b.plan("later", machines=[{"name": "b-1"}], stage="Prepared")
    decision = site.round()
    assert summary(plan_of(decision, "later"), "MasterTargetsReady") == ("True", "WaitingForSlots")
    assert [(w.number, w.machines) for w in plan_of(decision, "later").waves] == [(1, ["b-1"])]


def test_a_target_in_trouble_is_taken_last():
    site = world("app-1", stage="Reprotected")
    site.targets["mt-zero"] = b.master_target("mt-zero")
    guest = replace(b.target_vm().guest, ip_addresses=())
    site.vms["mt-zero"] = b.target_vm("mt-zero", guest=guest)
    site.vms["mt-win"] = replace(site.vms["mt-win"], snapshots=(b.snapshot(),))
    decision = site.round()
    assert target_of(decision, "mt-zero").disks.reserved == 2
    assert target_of(decision, "mt-win").disks.reserved == 0
    site.run(5)
    assert site.made == [(REPROTECT, "app-1")]


def test_a_promise_moves_to_a_target_without_trouble():
    site = world("app-1", stage="Reprotected", holds=[{"machine": "app-1"}])
    site.targets["mt-zero"] = b.master_target("mt-zero")
    site.vms["mt-zero"] = b.target_vm("mt-zero", guest=replace(b.target_vm().guest, ip_addresses=()))
    site.round()
    assert target_of(site.round()).disks.reserved == 2
    site.vms["mt-win"] = replace(site.vms["mt-win"], snapshots=(b.snapshot(),))
    assert target_of(site.round(), "mt-zero").disks.reserved == 2
    site.vms["mt-win"] = replace(site.vms["mt-win"], snapshots=())
    assert target_of(site.round(), "mt-zero").disks.reserved == 2


def test_only_those_that_go_next_are_recorded():
    site = world("a-1", "b-1", "c-1", stage="Reprotected", concurrency={"reprotect": 1})
    decision = site.round()
    assert [m.spec.machine_name for m in decision.machines if m.spec.recorded] == ["a-1"]
    for _ in range(3):
        decision = site.round()
    assert [m.spec.machine_name for m in decision.machines if m.spec.recorded] == ["a-1"]


MENDED = {"remediation": {"removeSnapshots": "Automatic"}}


def dirty_target(site):
    site.targets["mt-win"] = b.master_target(**MENDED)
    site.vms["mt-win"] = replace(site.vms["mt-win"], snapshots=(b.snapshot(),))
    site.store(evaluate(site.view()))
    return [e.kind for e in evaluate(site.view()).effects]


def test_machines_at_rest_hold_nothing_even_unread():
    site = world("app-1", stage="Prepared")
    site.items["idle-1"] = b.protected_item("idle-1", detail=None)
    assert dirty_target(site) == [EffectKind.REMOVE_SNAPSHOTS]


def test_one_that_is_failed_over_and_unread_may_hold_it():
    site = world("app-1", stage="Prepared")
    site.items["other-1"] = b.item("other-1", detail=None)
    assert dirty_target(site) == []


@pytest.mark.parametrize("answer", [EffectOutcome.INTENDED, EffectOutcome.RUNNING])
def test_a_reprotect_that_is_under_way_holds_its_target_before_any_disk_is_there(answer):
    site = world("app-1", stage="Reprotected")
    site.round()
    (effect,) = evaluate(site.view()).effects
    disks = site.vms["mt-win"].disks
    site.perform(effect, answer=answer)
    site.vms["mt-win"] = replace(site.vms["mt-win"], disks=disks)
    site.items["app-1"] = replace(site.items["app-1"], detail=replace(site.items["app-1"].detail, master_target_id=None))
    assert dirty_target(site) == []
    remedy = next(f.remedy for f in site.targets["mt-win"].status.findings if f.check == "NoSnapshots")
    assert "holds disks of app-1" in remedy


def test_a_fix_that_is_under_way_is_not_made_again():
    site = world("app-1", stage="Prepared")
    assert dirty_target(site) == [EffectKind.REMOVE_SNAPSHOTS]
    (effect,) = evaluate(site.view()).effects
    site.perform(effect)
    site.vms["mt-win"] = replace(site.vms["mt-win"], snapshots=(b.snapshot(),))
    for _ in range(5):
        site.tick(30)
        assert evaluate(site.view()).effects == ()
    assert summary(target_of(evaluate(site.view())), "Ready") == ("False", "RemoveSnapshots")


def test_a_refused_fix_waits_its_time():
    site = world("app-1", stage="Prepared")
    dirty_target(site)
    (effect,) = evaluate(site.view()).effects
    site.refuse(effect, "busy")
    moments = [bool(evaluate(site.view()).effects)]
    for _ in range(4):
        site.tick(0.5)
        moments.append(bool(evaluate(site.view()).effects))
    assert moments == [False, False, False, False, True]


def test_a_group_goes_to_one_target_or_waits():
    site = world("a-1", "b-1", group="g", disks=20, stage="Reprotected")
    site.vms["mt-win"] = replace(site.vms["mt-win"], disks=b.disks(30, "mt-win"))
    site.targets["mt-zero"] = b.master_target("mt-zero", maxDisks=30)
    site.vms["mt-zero"] = b.target_vm("mt-zero", guest=replace(b.target_vm().guest, ip_addresses=()))
    site.run(5)
    assert site.made == []
    change_plan(site, stage="Prepared")
    assert summary(plan_of(site.round()), "DiskLimit")[0] == "False"


def add_machine(site, name, item, disks):
    """A further machine of the site with so many disks of its own."""
    detail = replace(item.detail, disks=b.item_disks(disks), infrastructure_vm_id=uuid_of(name))
    site.items[name] = replace(item, detail=detail)
    site.vms[name] = b.vm(name, disks=b.disks(disks, name), instance_uuid=uuid_of(name), bios_uuid=None)
    site.azure_vms[name] = b.azure_vm(name)


@pytest.mark.parametrize(("disks", "starts"), [(38, True), (39, False)])
def test_what_a_person_reprotects_is_counted_before_its_disks_are_there(disks, starts):
    site = world("app-1", stage="Reprotected", disks=20)
    syncing = b.reprotected_item("other-1", protection_state="InitialReplicationInProgress", allowed_operations=frozenset())
    add_machine(site, "other-1", syncing, disks)
    site.round(perform=False)
    decision = site.round(perform=False)
    assert bool(decision.effects) == starts
    assert target_of(decision).disks.reserved == disks + (20 if starts else 0)


def test_a_reprotect_whose_plan_is_gone_keeps_its_slots():
    site = world("app-1", stage="Reprotected", disks=40)
    site.round(perform=False)
    (effect,) = site.round(perform=False).effects
    disks = site.vms["mt-win"].disks
    site.perform(effect)
    site.vms["mt-win"] = replace(site.vms["mt-win"], disks=disks)
    site.items["app-1"] = replace(site.items["app-1"], detail=replace(site.items["app-1"].detail, master_target_id=None))
    add_machine(site, "db-1", b.item("db-1"), 20)
    site.plans = {"web": b.plan("web", machines=[{"name": "db-1"}], stage="Reprotected")}
    site.round(perform=False)
    decision = site.round(perform=False)
    assert decision.effects == ()
    assert target_of(decision).disks.reserved == 40
