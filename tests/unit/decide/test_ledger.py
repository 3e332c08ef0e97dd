"""Entries are settled by observation. Safety rule 3."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b

from failback_operator.act.vsphere.power import shut_down_guest
from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.decide.architectures.classic import Classic
from failback_operator.decide.fixes import RULE_OF
from failback_operator.decide.index import index_site
from failback_operator.decide.ledger import Evidence, deadline, settle
from failback_operator.decide.ledger_vm import settle_vm
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job, JobError, JobState
from failback_operator.domain.limits import Limits
from failback_operator.domain.protected_item import CurrentScenario
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

INTENDED_AT = b.minutes_ago(10)
KEY = "Reprotect/2026-11-24T05:00:00Z/1"
SWITCH = "SwitchReplicationGroupProtection"
O = EffectOutcome  # noqa: E741 - the table below is read more easily


def entry(outcome=O.RUNNING, job="job-1", kind=EffectKind.REPROTECT, **changes):
    made = LedgerEntry(
        key=KEY, effect=kind, intended_at=INTENDED_AT, not_after=INTENDED_AT + timedelta(seconds=30), outcome=outcome, job=job
    )
    return made.model_copy(update=changes)


def job(name="job-1", state=JobState.SUCCEEDED, **changes):
    base = Job(
        arm_id=ArmId(f"/jobs/{name}"),
        name=name,
        scenario=SWITCH,
        state=state,
        state_description="Completed",
        started_at=INTENDED_AT + timedelta(seconds=5),
        ended_at=b.minutes_ago(5),
        target_object_id=b.item_id().resource_name,
        target_object_name="app-1",
        errors=(),
        child_jobs=(),
        is_whole=True,
    )
    return replace(base, **changes)


def evidence(item, *jobs, read_at=b.NOW):
    index = index_site(b.site_context(b.view(b.vault(items=(item,), jobs=jobs)))).items
    return Evidence(item, Classic(), index.jobs_of(item), index, Limits(), read_at=read_at, now=b.NOW)


def settled(one, item, *jobs, read_at=b.NOW):
    (result,) = settle([one], evidence(item, *jobs, read_at=read_at))
    return result


BUSY = b.item(current_scenario=CurrentScenario(SWITCH, "job-9"), allowed_operations=frozenset())
HOME = b.reprotected_item()


@pytest.mark.parametrize(
    ("item", "jobs", "outcome"),
    [
        (BUSY, [], O.RUNNING),
        (BUSY, [job(state=JobState.IN_PROGRESS)], O.RUNNING),
        (BUSY, [job(state=JobState.NOT_STARTED)], O.RUNNING),
        (BUSY, [job(state=JobState.SUSPENDED)], O.RUNNING),
        (BUSY, [job(state=JobState.OTHER)], O.RUNNING),
        (b.item(), [job()], O.RUNNING),
        (HOME, [job()], O.SUCCEEDED),
        (HOME, [job(state_description="CompletedWithInformation")], O.SUCCEEDED),
        # A LIST tells the end of a job, not which child jobs it started.
        (HOME, [job(is_whole=False)], O.RUNNING),
        (b.item(), [job(state=JobState.FAILED, is_whole=False)], O.RUNNING),
        (HOME, [job(child_jobs=("child",)), job("child", is_whole=False)], O.RUNNING),
        (HOME, [job(state_description="PartiallySucceeded")], O.FAILED),
        (HOME, [job(child_jobs=("child",))], O.RUNNING),
        (HOME, [job(child_jobs=("child",)), job("child", JobState.IN_PROGRESS)], O.RUNNING),
        (HOME, [job(child_jobs=("child",)), job("child")], O.SUCCEEDED),
        (HOME, [job(child_jobs=("child",)), job("child", JobState.FAILED)], O.FAILED),
        (HOME, [job(child_jobs=("child",)), job("child", child_jobs=("job-1",))], O.SUCCEEDED),
        (b.item(), [job(state=JobState.FAILED)], O.FAILED),
        (b.item(), [job(state=JobState.CANCELLED)], O.FAILED),
    ],
)
def test_running_is_followed_to_the_end_of_job_children_and_item(item, jobs, outcome):
    result = settled(entry(), item, *jobs)
    assert result.outcome is outcome
    assert (result.settled_at is None) == (outcome is O.RUNNING)


def test_failure_keeps_the_services_words():
    error = JobError("78093", "VM is not running", "It was stopped.", "Start it.")
    bare = JobError("95226", "cannot reach", None, None)
    result = settled(
        entry(),
        b.item(),
        job(state=JobState.FAILED, state_description=None, errors=(error,), child_jobs=("child",)),
        job("child", JobState.FAILED, errors=(bare,), scenario="EnableDr"),
    )
    assert result.message == (
        "job job-1 (SwitchReplicationGroupProtection) ended Failed: 78093 VM is not running Possible causes: It was stopped."
        " Recommended action: Start it. | job child (EnableDr) ended Completed: 95226 cannot reach"
    )


@pytest.mark.parametrize(
    ("item", "jobs", "outcome", "adopted"),
    [
        (b.item(), [], O.NOT_SENT, None),
        (BUSY, [], O.AMBIGUOUS, None),
        (HOME, [], O.AMBIGUOUS, None),
        (BUSY, [job("job-9", JobState.IN_PROGRESS)], O.RUNNING, "job-9"),
        (HOME, [job("job-9")], O.SUCCEEDED, "job-9"),
        (b.item(), [job("job-9", JobState.FAILED)], O.FAILED, "job-9"),
        (b.item(), [job("old", started_at=INTENDED_AT - timedelta(minutes=2))], O.NOT_SENT, None),
        (BUSY, [job("skewed", JobState.IN_PROGRESS, started_at=INTENDED_AT - timedelta(seconds=59))], O.RUNNING, "skewed"),
        (b.item(), [job("other", scenario="CommitFailover")], O.NOT_SENT, None),
        (b.item(), [job("unstarted", started_at=None)], O.NOT_SENT, None),
        (b.item(), [job("else", target_object_id="x", target_object_name="y")], O.NOT_SENT, None),
        (HOME, [job("second", started_at=b.minutes_ago(3)), job("first")], O.SUCCEEDED, "first"),
        # Begun long after the call could have been taken: a person's.
        (HOME, [job("theirs", started_at=b.minutes_ago(7))], O.AMBIGUOUS, None),
        (b.item(), [job("theirs", JobState.FAILED, started_at=b.minutes_ago(7))], O.NOT_SENT, None),
    ],
)
def test_an_intent_without_job_is_settled_by_item_and_jobs(item, jobs, outcome, adopted):
    result = settled(entry(O.INTENDED, None), item, *jobs)
    assert (result.outcome, result.job) == (outcome, adopted)


@pytest.mark.parametrize(("seconds", "outcome"), [(0, O.INTENDED), (1, O.NOT_SENT)])
def test_an_intent_stands_until_the_vault_was_read_after_its_deadline(seconds, outcome):
    one = entry(O.INTENDED, None)
    read_at = deadline(one, Limits()) + timedelta(seconds=seconds)
    assert settled(one, b.item(), read_at=read_at).outcome is outcome


def test_a_doubtful_intent_is_settled_when_its_job_appears():
    doubtful = settled(entry(O.INTENDED, None), BUSY)
    assert "spec.retries" in doubtful.message
    assert KEY in doubtful.message
    assert settled(doubtful, BUSY) is doubtful
    assert settled(doubtful, HOME, job("job-9")).outcome is O.SUCCEEDED


def test_a_job_is_adopted_once():
    first, second = entry(O.RUNNING, "job-9"), entry(O.INTENDED, None, key=KEY.replace("/1", "/2"))
    results = settle([first, second], evidence(b.item(), job("job-9", JobState.IN_PROGRESS)))
    assert [r.outcome for r in results] == [O.RUNNING, O.NOT_SENT]
    results = settle([second, first], evidence(b.item(), job("JOB-9", JobState.IN_PROGRESS)))
    assert [r.outcome for r in results] == [O.NOT_SENT, O.RUNNING]


@pytest.mark.parametrize("outcome", [O.SUCCEEDED, O.FAILED, O.REFUSED, O.NOT_SENT])
def test_what_is_settled_stays(outcome):
    one = entry(outcome)
    assert settled(one, HOME, job()) is one


@pytest.mark.parametrize(
    ("kind", "vm", "reached"),
    [
        (EffectKind.REMOVE_SNAPSHOTS, b.target_vm(), True),
        (EffectKind.REMOVE_SNAPSHOTS, b.target_vm(snapshots=(b.snapshot(),)), False),
        (EffectKind.REMOVE_SNAPSHOTS, b.target_vm(unread=frozenset({"snapshots"})), None),
        (EffectKind.SET_DISK_UUID, b.target_vm(), True),
        (EffectKind.SET_DISK_UUID, b.target_vm(disk_uuid_enabled=None), False),
        (EffectKind.SET_DISK_UUID, b.target_vm(unread=frozenset({"disk_uuid_enabled"})), None),
        (EffectKind.POWER_CYCLE, b.target_vm(), False),
        (EffectKind.POWER_CYCLE, b.target_vm(boot_time=b.NOW), True),
        (EffectKind.POWER_CYCLE, b.target_vm(boot_time=None), None),
        (EffectKind.POWER_CYCLE, b.target_vm(power_state=PowerState.OFF, boot_time=b.NOW), False),
        (EffectKind.POWER_CYCLE, b.target_vm(power_state=None), None),
        (EffectKind.REMOVE_SNAPSHOTS, b.target_vm(consolidation_needed=True), False),
        (EffectKind.REMOVE_SNAPSHOTS, b.target_vm(unread=frozenset({"consolidation_needed"})), None),
    ],
)
def test_whether_a_vm_is_where_it_was_to_be(kind, vm, reached):
    job = shut_down_guest(b.target_vm()).job(None) if kind is EffectKind.POWER_CYCLE else None
    assert RULE_OF[kind].is_reached(entry(O.RUNNING, job, kind), b.located(vm)) is reached


def test_an_effect_that_is_none_on_a_vm_is_left_alone():
    one = entry(O.RUNNING, None, EffectKind.REPROTECT)
    assert settle_vm([one], b.located(b.target_vm()), b.NOW, Limits()) == [one]


DIRTY = b.target_vm(snapshots=(b.snapshot(),))
HIDDEN = b.target_vm(unread=frozenset({"snapshots"}))


@pytest.mark.parametrize(
    ("outcome", "vm", "read_at", "result"),
    [
        (O.RUNNING, DIRTY, b.NOW, O.RUNNING),
        (O.RUNNING, b.target_vm(), b.NOW, O.SUCCEEDED),
        (O.RUNNING, b.target_vm(), INTENDED_AT, O.RUNNING),
        (O.INTENDED, b.target_vm(), INTENDED_AT + timedelta(seconds=90), O.INTENDED),
        (O.INTENDED, b.target_vm(), INTENDED_AT + timedelta(seconds=91), O.SUCCEEDED),
        (O.INTENDED, DIRTY, b.NOW, O.NOT_SENT),
        (O.INTENDED, HIDDEN, b.NOW, O.INTENDED),
        (O.AMBIGUOUS, b.target_vm(), b.NOW, O.SUCCEEDED),
        (O.FAILED, b.target_vm(), b.NOW, O.FAILED),
    ],
)
def test_effects_on_a_vm_are_settled_by_its_state(outcome, vm, read_at, result):
    one = entry(outcome, "task-1", EffectKind.REMOVE_SNAPSHOTS)
    (found,) = settle_vm([one], b.located(vm), read_at, Limits())
    assert found.outcome is result
    assert (found is one) == (result is outcome)


@pytest.mark.parametrize(("seconds", "outcome"), [(-1, O.INTENDED), (0, O.INTENDED), (1, O.NOT_SENT)])
def test_an_intent_is_judged_by_an_item_that_was_got_since_its_deadline(seconds, outcome):
    intent = entry(O.INTENDED, None)
    got_at = deadline(intent, Limits()) + timedelta(seconds=seconds)
    assert settled(intent, b.item(detail=b.detail(as_of=got_at))).outcome is outcome


def test_an_intent_on_an_item_without_detail_waits():
    intent = entry(O.INTENDED, None)
    assert settled(intent, b.item(detail=None)) is intent
