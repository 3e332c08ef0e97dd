"""Machines that stay in Azure, machines that are not failed over, and who goes through which master target."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import check_ids, machine_status_of, plan_of, summary, target_of
from tests.unit.decide.world import change_plan, world

from failback_operator.api.v1alpha1.failback_plan_status import AssignmentState
from failback_operator.domain.steps import EffectKind

REPROTECT = EffectKind.REPROTECT


def stays(*names):
    return [{"machine": name, "reason": "it moves to Azure for good"} for name in names]


def assigned(plan):
    return [(a.group, a.machines, a.state, a.master_target, a.slots) for a in plan.assignments]


def test_nothing_is_begun_for_who_stays_and_it_is_counted_apart():
    site = world("app-1", "app-2", staysInAzure=stays("app-2"))
    site.run()
    assert site.made == [(REPROTECT, "app-1")]
    decision = site.round()
    plan = plan_of(decision)
    assert (plan.machines.total, plan.machines.done, plan.machines.stays_in_azure) == (1, 1, 1)
    assert plan.machines_done == "1/1"
    assert summary(plan) == ("True", "StageReached")
    staying = machine_status_of(decision, site, "app-2")
    assert summary(staying) == ("True", "StaysInAzure")
    assert staying.message == "it stays in Azure, as the plan says: it moves to Azure for good"
    assert staying.findings == []
    assert staying.assignment is None
    assert {h.machine for h in plan.history} == {"app-1"}


def test_what_would_block_it_blocks_nobody():
    site = world("app-1", "app-2", staysInAzure=stays("app-2"))
    site.azure_vms["app-2"] = b.azure_vm("app-2", power_state="stopped")
    site.items["app-2"] = replace(site.items["app-2"], allowed_operations=frozenset())
    site.run()
    assert site.made == [(REPROTECT, "app-1")]


def test_no_slots_are_kept_for_who_stays():
    site = world("app-1", "app-2", stage="Prepared", staysInAzure=stays("app-2"))
    plan = plan_of(site.round(perform=False))
    assert plan.disks.planned == 2
    assert plan.disks.gib == 80
    assert assigned(plan) == [("app-1", 1, AssignmentState.PLANNED, "mt-win", 2)]
    assert [w.machines for w in plan.waves] == [["app-1"]]


def test_a_plan_of_which_all_stay_has_nothing_to_do():
    site = world("app-1", staysInAzure=stays("app-1"))
    site.run()
    assert site.made == []
    plan = plan_of(site.round())
    assert summary(plan) == ("True", "StageReached")
    assert (plan.machines_done, plan.message) == ("0/0", "all machines of the plan stay in Azure")


def test_a_group_is_all_or_nothing():
    site = world("app-1", "app-2", group="g", acceptIndependentPoints=True, staysInAzure=stays("app-2"))
    site.run()
    assert site.made == []
    plan = plan_of(site.round())
    assert "GroupUndivided" in check_ids(plan)
    assert summary(plan) == ("False", "Blocked")
    change_plan(site, staysInAzure=stays("app-1", "app-2"))
    site.run()
    assert site.made == []
    assert summary(plan_of(site.round())) == ("True", "StageReached")


def test_a_name_that_is_no_machine_of_the_plan_stops_all():
    """Else the machine that is meant to stay would be brought home."""
    site = world("app-1", staysInAzure=stays("ap-1"))
    site.run()
    assert site.made == []
    assert "spec.staysInAzure names ap-1, which is no machine of the plan (the nearest is app-1)" in plan_of(site.round()).message


def test_who_stays_while_its_disks_are_on_a_master_target_keeps_their_slots():
    site = world("app-1", "app-2")
    site.run()
    change_plan(site, staysInAzure=stays("app-2"))
    decision = site.round()
    assert target_of(decision).disks.attached == 4
    assert machine_status_of(decision, site, "app-2").message.startswith("it stays in Azure")


def test_machines_that_are_not_failed_over_are_counted_apart():
    site = world("app-1", "app-2")
    site.items["app-2"] = b.protected_item("app-2", detail=site.items["app-2"].detail)
    site.run()
    assert site.made == [(REPROTECT, "app-1")]
    plan = plan_of(site.round())
    assert (plan.machines.total, plan.machines.done, plan.machines.not_failed_over) == (2, 1, 1)
    assert plan.machines_done == "1/1"
    assert summary(plan) == ("True", "StageReached")
    assert plan.message == "all machines that failed over have reached Reprotected"


def test_the_plan_tells_who_goes_through_which_master_target():
    site = world("app-1", "app-2", "db-1", group=None, stage="Reprotected")
    site.items |= {n: replace(site.items[n], group_id="g") for n in ("app-1", "app-2")}
    change_plan(site, acceptIndependentPoints=True)
    plan = plan_of(site.round(perform=False))
    assert assigned(plan) == [
        ("app-1", 2, AssignmentState.RESERVED, "mt-win", 4),
        ("db-1", 1, AssignmentState.RESERVED, "mt-win", 2),
    ]


@pytest.mark.parametrize(("most", "state"), [(5, AssignmentState.WAITING), (3, AssignmentState.NO_FIT)])
def test_who_does_not_fit_now_waits_or_never_fits(most, state):
    site = world("app-1", "app-2", stage="Reprotected")
    site.targets["mt-win"] = b.master_target(maxDisks=most)
    assert assigned(plan_of(site.round(perform=False)))[1] == ("app-2", 1, state, None, 2)


def test_where_disks_are_not_known_nothing_is_assigned():
    site = world("app-1")
    site.items["app-1"] = replace(site.items["app-1"], detail=replace(site.items["app-1"].detail, disks=()))
    site.vms["app-1"] = replace(site.vms["app-1"], disks=(), unread=frozenset({"disks"}))
    site.azure_vms.clear()
    plan = plan_of(site.round(perform=False))
    assert assigned(plan) == [("app-1", 1, AssignmentState.UNKNOWN, None, None)]
    assert plan.disks.gib is None


def test_the_size_is_that_of_the_azure_vm_where_it_has_more_disks():
    site = world("app-1")
    disks = b.azure_vm().disks
    more = (*disks, replace(disks[1], name="more", size_bytes=100 * b.GIB))
    site.azure_vms["app-1"] = b.azure_vm(disks=more, data_disk_count=2)
    assert plan_of(site.round(perform=False)).disks.gib == 180
    site.azure_vms["app-1"] = b.azure_vm(disks=(*disks, replace(more[2], size_bytes=None)), data_disk_count=2)
    assert plan_of(site.round(perform=False)).disks.gib is None


def test_the_same_is_decided_whatever_the_order():
    site = world("app-1", "app-2", staysInAzure=stays("app-2"))
    assert evaluate(site.view()) == evaluate(replace(site.view(), targets=tuple(reversed(site.view().targets))))
