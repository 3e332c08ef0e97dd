"""FailbackMachines that a person deletes, and items that leave the vault: what keeps a machine, and what lets it go."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate, evaluate_unassigned
from tests.unit.decide.read import condition, machine_of, machine_status_of, status
from tests.unit.decide.world import world

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.failback_machine import IN_FLIGHT_FINALIZER
from failback_operator.decide.unassigned import Unassigned
from failback_operator.domain.job import JobState, MissingJob
from failback_operator.domain.reading import Part


def leaving(machine, now):
    """The machine as `kubectl delete` leaves it while the finalizer holds."""
    changes = {"deletion_timestamp": now, "finalizers": (IN_FLIGHT_FINALIZER,)}
    return machine.model_copy(update={"metadata": machine.metadata.model_copy(update=changes)})


def under_way(*, is_deleted=True, **plan):
    """A world in which the reprotect of app-1 runs, as job-1."""
    site = world("app-1", **({"stage": "Reprotected"} | plan))
    site.round()
    site.round()
    machine = machine_of(site)
    assert machine.status.ledger[0].job == "job-1"
    site.machines = {machine.name: leaving(machine, site.now) if is_deleted else machine}
    return site


def view_of(site, **changes):
    view = site.view()
    vault = replace(view.snapshot.vault.facts, **changes)
    return replace(view, snapshot=replace(view.snapshot, vault=Part(vault, site.now, None)))


def without_item(site, *, is_proved, **changes):
    """The view once protection was disabled: the item is in no list; proved gone once it was asked for by name."""
    site.tick(5)
    gone = frozenset({b.item_id("app-1")}) if is_proved else frozenset()
    return view_of(site, items=(), missing_items=gone, **changes)


def finalizers(decision):
    return [wanted.is_in_flight for wanted in decision.machines]


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_machine_whose_item_is_proved_gone_is_let_go(is_listed):
    site = under_way()
    if not is_listed:
        site.plans.clear()
    decision = evaluate(without_item(site, is_proved=True, jobs=()))
    assert finalizers(decision) == [False]
    assert decision.machines_to_delete == ()
    assert decision.effects == ()


@pytest.mark.parametrize("is_listed", [True, False])
def test_one_whose_item_is_only_not_found_is_kept_and_asked_about(is_listed):
    site = under_way()
    if not is_listed:
        site.plans.clear()
    decision = evaluate(without_item(site, is_proved=False, jobs=()))
    assert finalizers(decision) == [True]
    assert decision.machines_to_delete == ()
    assert str(b.item_id("app-1")) in decision.watch_items
    assert decision.settlements == ()


def test_nor_while_the_vault_is_not_read():
    site = under_way()
    view = site.view()
    decision = evaluate(replace(view, snapshot=replace(view.snapshot, vault=Part())))
    assert finalizers(decision) == [True]
    told = condition(machine_status_of(decision, site), "Reconciling")
    assert "Reprotect (job job-1) runs" in told.message


def test_what_was_open_is_settled_as_failed_when_the_item_is_gone():
    site = under_way(is_deleted=False)
    decision = evaluate(without_item(site, is_proved=True, jobs=()))
    (settlement,) = decision.settlements
    assert settlement.entry.outcome is EffectOutcome.FAILED
    assert "left the vault" in settlement.entry.message
    assert finalizers(decision) == [False]


@pytest.mark.parametrize(
    ("state", "missing", "is_settled"),
    [(JobState.IN_PROGRESS, (), False), (JobState.IN_PROGRESS, (MissingJob("JOB-1", b.NOW),), True), (JobState.FAILED, (), True)],
)
def test_a_job_that_still_runs_keeps_the_machine_even_without_its_item(state, missing, is_settled):
    site = under_way()
    jobs = (replace(site.jobs[0], state=state),)
    decision = evaluate(without_item(site, is_proved=True, jobs=jobs, missing_jobs=missing))
    assert finalizers(decision) == [not is_settled]
    assert bool(decision.settlements) is is_settled


def test_an_intent_is_not_settled_before_its_deadline_though_the_item_is_gone():
    site = world("app-1", stage="Reprotected")
    site.round()
    (effect,) = evaluate(site.view()).effects
    site.intend(effect)
    site.now += timedelta(seconds=60)
    gone = {"items": (), "missing_items": frozenset({b.item_id("app-1")})}
    assert evaluate(view_of(site, **gone)).settlements == ()
    site.now += timedelta(seconds=31)
    (settlement,) = evaluate(view_of(site, **gone)).settlements
    assert settlement.entry.outcome is EffectOutcome.FAILED


def test_a_record_is_not_lost_to_a_list_that_is_short():
    site = world("app-1", stage="Reprotected")
    site.run()
    site.plans.clear()
    kept = evaluate(without_item(site, is_proved=False))
    assert kept.machines_to_delete == ()
    assert str(b.item_id("app-1")) in kept.watch_items
    gone = evaluate(without_item(site, is_proved=True))
    assert [key.name for key in gone.machines_to_delete] == [machine_of(site).name]


@pytest.mark.parametrize("is_listed", [True, False])
def test_the_condition_names_what_keeps_it_and_how_a_person_lets_it_go(is_listed):
    site = under_way()
    if not is_listed:
        site.plans.clear()
    decision = evaluate(site.view())
    assert finalizers(decision) == [True]
    found = machine_status_of(decision, site)
    told = condition(found, "Reconciling")
    assert (told.status, told.reason) == ("True", "Deleting")
    name = machine_of(site).name
    for text in (
        "kept by its finalizer failback.dev/in-flight: Reprotect (job job-1) runs.",
        f"""kubectl patch fbm {name} -n dr --type=merge -p '{{"metadata":{{"finalizers":null}}}}'""",
    ):
        assert text in told.message
    assert found.message == told.message


def test_a_machine_on_its_way_says_so():
    site = world("app-1", stage="Reprotected")
    site.run()
    machine = machine_of(site)
    site.machines = {machine.name: leaving(machine, site.now)}
    told = condition(machine_status_of(evaluate(site.view()), site), "Reconciling")
    assert "the machine is on its way (Reprotected), which needs what is recorded here" in told.message


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"outcome": EffectOutcome.AMBIGUOUS}, "it is not known what became of Reprotect (job job-1)"),
        ({"outcome": EffectOutcome.INTENDED, "job": None}, "Reprotect was begun and its answer is not known yet"),
        ({"outcome": EffectOutcome.FAILED}, "its protected item is not found, and the vault has not said yet that it is gone"),
    ],
)
def test_other_reasons(changes, says):
    site = under_way()
    machine = machine_of(site)
    ledger = [machine.status.ledger[0].model_copy(update=changes)]
    site.machines[machine.name] = machine.model_copy(update={"status": machine.status.model_copy(update={"ledger": ledger})})
    decision = evaluate(without_item(site, is_proved=False))
    assert says in condition(machine_status_of(decision, site), "Reconciling").message


def test_without_the_vault_it_is_not_known_whether_anything_runs():
    site = world("app-1", stage="Reprotected")
    site.run()
    machine = machine_of(site)
    site.machines = {machine.name: leaving(machine, site.now)}
    view = site.view()
    decision = evaluate(replace(view, snapshot=replace(view.snapshot, vault=Part())))
    assert finalizers(decision) == [True]
    assert "the vault could not be read lately" in condition(machine_status_of(decision, site), "Reconciling").message


def test_a_machine_whose_site_was_deleted_says_what_to_do():
    site = under_way()
    (machine,) = site.machines.values()
    found = evaluate_unassigned(Unassigned(machines=(machine,)))
    (told,) = [each for each in next(iter(found.values())).conditions if each.type == "Reconciling"]
    assert told.reason == "Deleting"
    assert "apply the site again" in told.message
    assert "kubectl patch fbm" in told.message
    # One that nobody deletes says what its site lacks, and nothing of finalizers.
    kept = machine.model_copy(update={"metadata": machine.metadata.model_copy(update={"deletion_timestamp": None})})
    (other,) = evaluate_unassigned(Unassigned(machines=(kept,))).values()
    assert "finalizer" not in str(other.conditions)


def test_a_doubt_whose_step_the_item_is_past_keeps_nothing_by_itself():
    site = world("app-1", stage="Protected")
    site.run()
    machine = machine_of(site)
    last = machine.status.ledger[-1].model_copy(update={"outcome": EffectOutcome.AMBIGUOUS, "job": None})
    ledger = [*machine.status.ledger[:-1], last]
    stored = machine.model_copy(update={"status": machine.status.model_copy(update={"ledger": ledger})})
    site.machines = {machine.name: leaving(stored, site.now)}
    assert finalizers(evaluate(site.view())) == [False]


def test_status_of_a_plan_whose_machine_left_the_vault_names_it():
    site = under_way(is_deleted=False)
    decision = evaluate(without_item(site, is_proved=True, jobs=()))
    assert "app-1" in status(decision, "FailbackPlan", "payroll").message
