"""What machines claim of the datastores and hosts that they share is summed over all plans, each machine once."""

from dataclasses import replace

import pytest
from tests.unit import builders as a

from failback_operator.decide.evaluate import judge_site
from failback_operator.domain.protected_item import CurrentScenario
from failback_operator.domain.verdicts import Outcome

GIB = a.GIB
ITEMS = (a.item(), a.item("db-1"))
BOTH = [{"name": "app-1"}, {"name": "db-1"}]
ALTERNATE = {"location": "Alternate", "datastore": "vmfs-1"}


def verdicts(check, items, plans, *vms, free):
    """What the check answers of each machine of each plan, with so much free on vmfs-1."""
    stores = (a.datastore(free_bytes=free), a.datastore(a.NFS, name="nfs-1", type="NFS"))
    azure = tuple(a.azure_vm(i.friendly_name) for i in items)
    site = a.view(a.vault(items=items, azure_vms=azure), a.facts(a.target_vm(), *vms, datastores=stores), plans=plans)
    found = judge_site(site).machines
    return {key: next(r.verdict.outcome for r in rulings if r.verdict.check_id == check) for key, rulings in found.items()}


@pytest.mark.parametrize(("free", "outcome"), [(176 * GIB, Outcome.PASS), (176 * GIB - 1, Outcome.FAIL)])
def test_new_vms_need_room_for_all_of_them(free, outcome):
    plans = (a.plan(machines=BOTH, **ALTERNATE),)
    assert set(verdicts("FreeSpace", ITEMS, plans, free=free).values()) == {outcome}


@pytest.mark.parametrize(("free", "outcome"), [(176 * GIB, Outcome.PASS), (176 * GIB - 1, Outcome.FAIL)])
def test_machines_of_another_plan_count_and_one_in_two_plans_counts_once(free, outcome):
    plans = (a.plan(machines=BOTH, **ALTERNATE), a.plan("other", machines=[{"name": "app-1"}], **ALTERNATE))
    found = verdicts("FreeSpace", ITEMS, plans, free=free)
    assert found == dict.fromkeys([("other", "app-1"), ("payroll", "app-1"), ("payroll", "db-1")], outcome)


def test_what_is_on_its_way_already_is_not_counted_again():
    items = (ITEMS[0], a.reprotected_item("db-1"))
    found = verdicts("FreeSpace", items, (a.plan(machines=BOTH, **ALTERNATE),), free=88 * GIB)
    assert found["payroll", "app-1"] is Outcome.PASS
    assert found["payroll", "db-1"] is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(("free", "outcome"), [(160 * GIB, Outcome.PASS), (160 * GIB - 1, Outcome.FAIL)])
def test_growth_is_that_of_all_machines_on_the_datastore(free, outcome):
    plans = (a.plan(machines=BOTH),)
    assert set(verdicts("GrowthSpace", ITEMS, plans, a.vm(), a.vm("db-1"), free=free).values()) == {outcome}


def test_a_machine_without_item_claims_nothing():
    found = verdicts("FreeSpace", ITEMS[:1], (a.plan(machines=BOTH, **ALTERNATE),), free=88 * GIB)
    assert found == {("payroll", "app-1"): Outcome.PASS, ("payroll", "db-1"): Outcome.NOT_APPLICABLE}


RUNS = {"allowed_operations": frozenset(), "current_scenario": CurrentScenario("UnplannedFailover", "job-1")}


@pytest.mark.parametrize(
    ("other", "gib", "outcome"),
    [
        (RUNS, 12, Outcome.PASS),
        (RUNS, 11, Outcome.FAIL),
        ({}, 4, Outcome.PASS),
        ({}, 3, Outcome.FAIL),
    ],
)
def test_the_memory_of_a_failback_that_runs_is_taken_and_of_no_other(other, gib, outcome):
    items = (a.reprotected_item(), replace(a.reprotected_item("db-1"), **other))
    hosts = tuple(a.host(each, memory_bytes=256 * GIB, used_memory_bytes=(256 - gib) * GIB) for each in (a.HOST_1, a.HOST_2))
    facts = a.facts(a.target_vm(), a.vm(), a.vm("db-1", memory_mib=8192), hosts=hosts, clusters=())
    plans = (a.plan(machines=BOTH, stage="FailedBack"),)
    azure = tuple(a.azure_vm(i.friendly_name) for i in items)
    found = judge_site(a.view(a.vault(items=items, azure_vms=azure), facts, plans=plans)).machines["payroll", "app-1"]
    assert next(r.verdict.outcome for r in found if r.verdict.check_id == "MemoryForPowerOn") is outcome
