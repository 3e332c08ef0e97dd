"""What statuses say: conditions always all there, Unknown where nothing was read, messages for a tired person."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import condition, machine_of, machine_status_of, plan_of, status, summary, target_of
from tests.unit.decide.world import World, world

from failback_operator.api.common import ConditionStatus
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.domain.reading import Part, SourceError, SourceProblem

PLAN_CONDITIONS = [
    "Ready",
    "Reconciling",
    "Stalled",
    "SiteReady",
    "MasterTargetsReady",
    "ProcessServerReady",
    "MachinesReady",
    "DiskLimit",
    "OSMatch",
    "FailoverCovered",
    "Scheduled",
]


def blind(site: World, *, vault: bool = True, vcenter: bool = True, problem: SourceProblem = SourceProblem.NOT_READ_YET):
    """The view of a site of which the sources given could not be read."""
    view = site.view()
    error = SourceError(problem, "no answer")
    snapshot = replace(
        view.snapshot,
        vault=Part(None, None, error) if vault else view.snapshot.vault,
        vcenters={b.VCENTER: Part(None, None, error)} if vcenter else view.snapshot.vcenters,
    )
    return replace(view, snapshot=snapshot)


def all_statuses(decision):
    return decision.statuses.items()


@pytest.mark.parametrize("make", [lambda s: s.view(), blind, lambda s: blind(s, vault=False), lambda s: blind(s, vcenter=False)])
def test_conditions_are_always_the_same_ones_and_of_this_generation(make):
    site = world("app-1", stage="Protected")
    site.round()
    types = {key: [c.type for c in s.conditions] for key, s in all_statuses(evaluate(site.view()))}
    for key, found in all_statuses(evaluate(make(site))):
        assert [c.type for c in found.conditions] == types[key]
        assert len(found.conditions) <= 12
        assert all(c.observed_generation == 1 and c.last_transition_time is None for c in found.conditions)
        assert found.observed_generation == 1
        summed_up = ["Ready"] if key.kind == "MasterTarget" else ["Ready", "Reconciling", "Stalled"]
        assert [c.type for c in found.conditions if c.type in {"Ready", "Reconciling", "Stalled"}] == summed_up
    assert types[next(k for k in types if k.kind == "FailbackPlan")] == PLAN_CONDITIONS


@pytest.mark.parametrize(("vault", "vcenter"), [(True, True), (True, False), (False, True)])
def test_what_is_not_read_is_never_ready_and_nothing_begins(vault, vcenter):
    site = world("app-1", stage="Protected")
    site.round()
    site.round(perform=False)
    decision = evaluate(blind(site, vault=vault, vcenter=vcenter))
    assert decision.effects == ()
    plan = plan_of(decision)
    assert summary(plan) == ("Unknown", "NotRead")
    assert summary(target_of(decision))[0] == "Unknown"
    assert summary(machine_status_of(decision, site))[0] == "Unknown"
    assert not any(c.status is ConditionStatus.FALSE for c in plan.conditions if c.type not in {"Reconciling", "Stalled"})


@pytest.mark.parametrize("problem", list(SourceProblem))
def test_no_problem_of_a_source_leaves_anything_ready(problem):
    site = world("app-1", stage="Protected")
    for _ in range(2):
        site.round(perform=False)
    decision = evaluate(blind(site, problem=problem))
    assert decision.effects == ()
    for found in (plan_of(decision), target_of(decision), machine_status_of(decision, site)):
        assert summary(found)[0] != "True"


def test_an_unread_vault_takes_nothing_back():
    site = world("app-1", stage="Reprotected")
    site.run()
    before = machine_of(site).status
    target = site.targets["mt-win"].status
    decision = evaluate(blind(site, vcenter=False))
    after = machine_status_of(decision, site)
    assert after.phase is Phase.UNKNOWN
    assert (after.assignment, after.ledger, after.protection_state) == (before.assignment, before.ledger, before.protection_state)
    assert target_of(decision).disks == target.disks
    assert decision.machines[0].spec == machine_of(site).spec
    assert plan_of(decision).history == site.plans["payroll"].status.history
    site.store(decision)
    site.round()
    assert machine_of(site).status == before


def test_running_machines_without_a_vault_are_still_followed():
    site = world("app-1", stage="Reprotected")
    site.round()
    site.round()
    decision = evaluate(blind(site))
    assert decision.watch_jobs == {"job-1"}
    assert decision.machines[0].is_in_flight


@pytest.mark.parametrize("minutes", [0, 4.9])
def test_a_source_may_be_a_little_old(minutes):
    site = world("app-1", stage="Prepared")
    view = site.view()
    snapshot = replace(
        view.snapshot, vcenters={b.VCENTER: replace(view.snapshot.vcenters[b.VCENTER], as_of=b.minutes_ago(minutes))}
    )
    assert summary(plan_of(evaluate(replace(view, snapshot=snapshot))))[0] == "True"
    old = replace(view.snapshot, vcenters={b.VCENTER: replace(view.snapshot.vcenters[b.VCENTER], as_of=b.minutes_ago(5.1))})
    assert summary(plan_of(evaluate(replace(view, snapshot=old))))[0] == "Unknown"


def test_nothing_is_written_while_only_clocks_move():
    site = world("app-1", "db-1", stage="Reprotected")
    site.run()
    before = dict(evaluate(site.view()).statuses)
    site.store(evaluate(site.view()))
    for _ in range(60):
        site.tick(1)
        for name, item in site.items.items():
            site.items[name] = replace(item, rpo_seconds=(item.rpo_seconds or 0) + 7)
        site.items = dict(reversed(site.items.items()))
        site.vms = dict(reversed(site.vms.items()))
        decision = evaluate(site.view())
        assert dict(decision.statuses) == before
        assert decision.effects == decision.settlements == ()


def test_ready_months_before_a_disaster():
    site = world("app-1", "db-1", stage="Prepared", failedOverBefore=None)
    for name in site.items:
        site.items[name] = b.protected_item(name, detail=site.items[name].detail)
    site.azure_vms.clear()
    plan = plan_of(site.round())
    assert summary(plan) == ("True", "ReadyForFailover")
    assert plan.phase == "NotFailedOver"
    assert plan.stage == "Prepared"
    assert plan.failover_bound is None
    assert plan.disks.planned == 4
    assert [(w.number, w.machines, w.master_target) for w in plan.waves] == [(1, ["app-1", "db-1"], "mt-win")]


def test_counts_progress_and_waves_of_a_run():
    site = world("app-1", "db-1", stage="Protected", concurrency={"reprotect": 1})
    site.round()
    site.round()
    site.finish_jobs()
    item = site.items["app-1"]
    disks = (b.item_disk(0, percent=57), b.item_disk(1, percent=None), b.item_disk(2, percent=99))
    site.items["app-1"] = replace(item, detail=replace(item.detail, disks=disks))
    decision = site.round(perform=False)
    plan = plan_of(decision)
    assert plan.progress == "70%"
    counts = {name: number for name, number in plan.machines.model_dump().items() if number}
    assert counts == {"total": 2, "in_flight": 1, "waiting": 1}
    assert plan.machines_done == "0/2"
    assert plan.wave == "1/1"
    assert plan.phase == "Waiting"
    status_of = machine_status_of(decision, site)
    assert [(d.name, d.percent) for d in status_of.disks] == [("disk-0", 50), ("disk-2", 90)]
    assert status_of.progress == "50%"
    assert condition(plan, "Ready").message == (
        "app-1: reprotect is running; db-1 waits: no more than 1 at a time (spec.concurrency.reprotect)"
    )
    assert summary(plan, "Scheduled") == ("True", "ConcurrencyLimit")


def test_findings_of_many_machines_are_one_line():
    names = [f"app-{n}" for n in range(7)]
    site = world(*names, stage="Prepared")
    for name in names:
        site.azure_vms[name] = b.azure_vm(name, power_state="stopped")
    plan = plan_of(site.round())
    (line,) = [f for f in plan.findings if f.check == "AzureVmRunning"]
    assert line.subject == "FailbackMachine/*"
    assert line.observed.startswith(
        "7 of kind FailbackMachine: app-0, app-1, app-2, app-3, app-4 and 2 more; first: Azure VM app-0"
    )
    assert plan.message.startswith("app-0: Azure VM app-0 is stopped. To do: Start the Azure VM.")
    assert plan.message.endswith("Also blocked: app-1, app-2, app-3, app-4, app-5 and 1 more.")


def test_findings_are_worst_first_and_at_most_a_hundred():
    site = world("app-1", stage="Prepared")
    site.azure_vms["app-1"] = b.azure_vm("app-1", power_state="stopped")
    site.vms["app-1"] = replace(site.vms["app-1"], disk_uuid_enabled=False)
    found = machine_status_of(_twice(site), site).findings
    assert [f.check for f in found] == ["AzureVmRunning", "SourceDiskUuid"]


def _twice(site):
    site.round()
    return site.round()


def test_site_tells_its_sources():
    site = world("app-1")
    view = blind(site, vault=False, problem=SourceProblem.UNREACHABLE)
    sources = {s.name: s for s in status(evaluate(view), "RecoverySite", "tokyo").sources}
    assert (sources["azure"].state, sources["azure"].reason) == ("Fresh", None)
    assert (sources[f"vcenter/{b.VCENTER}"].state, sources[f"vcenter/{b.VCENTER}"].reason) == ("Unread", "Unreachable")
    assert sources["azure"].fresh_since == site.now


@pytest.mark.parametrize(
    ("problem", "shown"), [(SourceProblem.INVALID_CREDENTIALS, "InvalidCredentials"), (SourceProblem.TIMED_OUT, None)]
)
def test_a_lasting_problem_is_told_while_facts_are_fresh(problem, shown):
    view = world("app-1").view()
    part = replace(view.snapshot.vault, error=SourceError(problem, "no"))
    found = status(evaluate(replace(view, snapshot=replace(view.snapshot, vault=part))), "RecoverySite", "tokyo")
    assert found.sources[0].reason == shown
    assert found.found.model_dump() == {"protected_items": 1, "failed_over": 1, "master_targets": 1, "process_servers": 2}


def test_stale_source_keeps_its_time():
    site = world("app-1")
    first = status(evaluate(site.view()), "RecoverySite", "tokyo")
    site.site = site.site.model_copy(update={"status": first})
    old = replace(site.view().snapshot.vault, as_of=b.minutes_ago(20))
    site.tick(1)
    view = site.view()
    second = status(evaluate(replace(view, snapshot=replace(view.snapshot, vault=old))), "RecoverySite", "tokyo")
    assert second.sources[0].state == "Stale"
    assert second.sources[0].fresh_since == site.now
    assert second.sources[1].fresh_since == b.NOW
    assert second.found == first.found
    assert second.fabric_id == first.fabric_id


def test_of_two_sites_on_one_fabric_the_younger_stands_back():
    site = world("app-1", stage="Protected")
    older = b.site("osaka", metadata={"creationTimestamp": "2025-01-01T00:00:00Z"})
    decision = evaluate(replace(site.view(), other_sites=(older,)))
    found = status(decision, "RecoverySite", "tokyo")
    assert summary(found) == ("False", "DuplicateSite")
    assert "dr/osaka" in condition(found, "Ready").message
    assert summary(found, "Stalled") == ("True", "DuplicateSite")
    assert summary(found, "UniqueSite") == ("False", "DuplicateSite")
    assert summary(plan_of(decision), "SiteReady") == ("False", "DuplicateSite")
    assert decision.machines == decision.effects == ()
    younger = b.site("osaka", metadata={"creationTimestamp": "2027-01-01T00:00:00Z"})
    assert evaluate(replace(site.view(), other_sites=(younger,))).machines
    ageless = b.site("osaka", metadata={"creationTimestamp": None})
    assert evaluate(replace(site.view(), other_sites=(ageless,))).machines


def test_suspended_site_says_so():
    site = world("app-1")
    site.site = b.site(suspend=True)
    found = status(evaluate(site.view()), "RecoverySite", "tokyo")
    assert condition(found, "Ready").message.startswith("suspended")


def test_master_target_tells_where_it_stands():
    found = target_of(evaluate(world("app-1").view()))
    assert found.operating_system == "Microsoft Windows Server 2022 Datacenter"
    assert found.host == "esx-2.example.com"
    assert found.datastores == ["vmfs-1"]
    assert found.disks.model_dump() == {"own": 2, "attached": 0, "orphaned": 0, "reserved": 2, "limit": 60, "free": 56}


def test_disks_on_a_target_are_attached_then_gone():
    site = world("app-1", stage="FailedBack")
    seen = []
    for _ in range(12):
        decision = site.round()
        found = target_of(decision).disks
        seen.append((found.attached, found.orphaned, found.reserved))
        site.finish_jobs()
        site.finish_syncs()
        site.tick()
    assert list(dict.fromkeys(seen)) == [(0, 0, 2), (2, 0, 0), (0, 0, 0)]


def test_a_disk_that_was_left_behind_is_orphaned_and_holds():
    site = world("app-1", stage="Prepared")
    site.items["app-1"] = b.protected_item("app-1", detail=site.items["app-1"].detail)
    site.vms["mt-win"] = replace(site.vms["mt-win"], disks=(*site.vms["mt-win"].disks, site.vms["app-1"].disks[0]))
    found = target_of(site.round())
    assert (found.disks.own, found.disks.orphaned) == (2, 1)


def test_recorded_disks_are_known_when_the_machine_is_gone():
    site = world("app-1", stage="Reprotected")
    site.run()
    del site.vms["app-1"]
    del site.items["app-1"]
    found = target_of(site.round())
    assert (found.disks.own, found.disks.orphaned) == (2, 2)


def test_history_is_bounded_and_does_not_flap():
    names = [f"m-{n:03}" for n in range(120)]
    site = world(*names, stage="Prepared")
    history = plan_of(_twice(site)).history
    assert len(history) == 100
    assert plan_of(_twice(site)).history == history
    site.items["m-000"] = b.reprotected_item("m-000")
    assert plan_of(_twice(site)).history[-1].phase == "Reprotected"


def test_a_name_is_stable_and_short():
    site = world("App_1 with a very long and  odd name, longer than any label may be", stage="Prepared")
    (machine,) = site.round().machines
    assert machine.key.name.startswith("tokyo-app-1-with-a-very-long-and-odd-")
    assert len(machine.key.name) <= 63


def test_unknown_process_server_blocks():
    site = world("app-1", stage="Reprotected", processServer={"name": "nobody"})
    site.run(4)
    assert site.made == []
    plan = plan_of(site.round())
    assert summary(plan) == ("False", "Blocked")
    assert summary(plan, "ProcessServerReady") == ("False", "ProcessServerKnown")
    assert "nobody" in plan.message


def test_unknown_master_target_blocks():
    site = world("app-1", stage="Reprotected", masterTargets=[{"name": "nobody"}])
    site.run(4)
    assert site.made == []
    plan = plan_of(site.round())
    assert summary(plan)[0] == "False"
    assert "nobody" in condition(plan, "MasterTargetsReady").message


def test_a_site_without_master_targets():
    site = world("app-1", stage="Prepared")
    view = replace(site.view(), targets=())
    plan = plan_of(evaluate(view))
    assert summary(plan)[0] == "False"
    assert plan.disks is None


def test_modernized_machines_are_never_ready():
    site = world("app-1", stage="Protected")
    site.items["app-1"] = replace(site.items["app-1"], instance_type=b.InstanceType.MODERNIZED)
    site.run(4)
    assert site.made == []
    decision = site.round()
    assert summary(plan_of(decision)) == ("False", "Blocked")
    assert machine_status_of(decision, site).phase is Phase.UNKNOWN
