"""Ledgers at their edges: items that left the vault, several entries, the window in which a job may be an intent's own."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.test_ledger import BUSY, HOME, INTENDED_AT, O, entry, evidence, job, settled

from failback_operator.api.common import EffectOutcome
from failback_operator.decide.ledger import deadline, job_family, settle, settle_without_item
from failback_operator.domain.job import JobState
from failback_operator.domain.limits import Limits
from failback_operator.domain.steps import EffectKind

LIMITS = Limits()
SECOND = timedelta(seconds=1)
SKEW = LIMITS.failover_clock_skew
LATEST = INTENDED_AT + timedelta(seconds=30) + LIMITS.request_timeout


def left(one, *jobs, read_at=b.NOW, missing=()):
    """The entry of a machine whose item has left the vault."""
    index = replace(evidence(b.item(), *jobs).index, missing_jobs=dict.fromkeys(missing, b.NOW))
    (result,) = settle_without_item([one], index, read_at, LIMITS)
    return result


RUNS = job(state=JobState.IN_PROGRESS)


@pytest.mark.parametrize(
    ("outcome", "jobs", "missing", "ends"),
    [
        (O.RUNNING, (), (), True),
        (O.INTENDED, (), (), True),
        (O.AMBIGUOUS, (), (), True),
        (O.RUNNING, (job(),), (), True),
        (O.RUNNING, (RUNS,), (), False),
        (O.RUNNING, (RUNS,), ("job-1",), True),
        (O.SUCCEEDED, (), (), False),
        (O.FAILED, (), (), False),
        (O.REFUSED, (), (), False),
        (O.NOT_SENT, (), (), False),
    ],
)
def test_without_its_item_what_no_job_still_moves_has_failed(outcome, jobs, missing, ends):
    one = entry(outcome)
    found = left(one, *jobs, missing=missing)
    assert (found is not one) is ends
    if ends:
        assert (found.outcome, found.settled_at) == (EffectOutcome.FAILED, b.NOW)
        assert found.message.startswith("the protected item left the vault before Reprotect was seen to end")


@pytest.mark.parametrize(("read_at", "ends"), [(LATEST - SECOND, False), (LATEST, False), (LATEST + SECOND, True)])
def test_without_its_item_a_call_that_may_still_be_under_way_is_waited_for(read_at, ends):
    one = entry(O.INTENDED, job=None)
    assert deadline(one, LIMITS) == LATEST
    assert (left(one, read_at=read_at) is not one) is ends


def test_without_its_item_what_was_asked_for_of_a_vm_is_settled_elsewhere():
    one = entry(kind=EffectKind.DELETE_VM)
    assert left(one) is one


@pytest.mark.parametrize(
    ("started_at", "is_own"),
    [
        (INTENDED_AT - SKEW - SECOND, False),
        (INTENDED_AT - SKEW, True),
        (LATEST + SKEW, True),
        (LATEST + SKEW + SECOND, False),
    ],
)
def test_a_job_is_an_intents_own_if_it_began_while_the_call_may_have_been_taken(started_at, is_own):
    found = settled(entry(O.INTENDED, job=None), BUSY, job(state=JobState.IN_PROGRESS, started_at=started_at))
    assert (found.job, found.outcome) == (("job-1", O.RUNNING) if is_own else (None, O.AMBIGUOUS))


def test_of_two_jobs_the_first_is_an_intents_own_whatever_their_names_and_order():
    early, late = (
        job(n, state=JobState.IN_PROGRESS, started_at=INTENDED_AT + k * SECOND) for n, k in (("job-2", 1), ("job-1", 2))
    )
    for jobs in ((early, late), (late, early)):
        assert settled(entry(O.INTENDED, job=None), BUSY, *jobs).job == "job-2"


def test_a_job_that_another_entry_has_is_no_intents_own():
    runs = job(state=JobState.IN_PROGRESS)
    for other in (entry(O.FAILED, key="a"), entry(O.FAILED, job="JOB-1", key="a")):
        for ledger in ([entry(O.INTENDED, job=None), other], [other, entry(O.INTENDED, job=None)]):
            found = settle(ledger, evidence(BUSY, runs))
            assert O.AMBIGUOUS in {each.outcome for each in found}


def test_what_was_asked_for_of_a_vm_stays_and_what_comes_after_it_is_settled():
    asked = entry(kind=EffectKind.DELETE_VM, key="DeleteVm/1", job="task-1")
    first, second = settle([asked, entry()], evidence(HOME, job()))
    assert first is asked
    assert second.outcome is O.SUCCEEDED


@pytest.mark.parametrize(
    ("later", "is_closed"),
    [
        ({"outcome": O.SUCCEEDED}, True),
        ({"outcome": O.FAILED}, False),
        ({"outcome": O.SUCCEEDED, "kind": EffectKind.DELETE_VM}, False),
    ],
)
def test_a_doubt_ends_with_a_later_step_that_succeeded(later, is_closed):
    doubt = entry(O.AMBIGUOUS, job=None, message="not known")
    found, _ = settle([doubt, entry(key="b", job="job-b", **later)], evidence(b.item()))
    assert (found.outcome is O.FAILED) is is_closed


def test_an_end_is_told_in_whole_seconds_and_as_many_letters_as_the_status_takes():
    failed = job(state=JobState.FAILED, state_description="x" * 2000)
    found = settle([entry()], replace(evidence(b.item(), failed), now=b.NOW + timedelta(microseconds=5)))[0]
    assert (found.settled_at, len(found.message)) == (b.NOW, 1024)


def test_a_family_is_walked_once_though_a_child_names_its_parent():
    jobs = (job("a", child_jobs=("b", "A", "c")), job("b", child_jobs=("a",)), job("c", child_jobs=("d",)))
    assert list(job_family("a", evidence(b.item(), *jobs).index)) == ["a", "b", "c", "d"]


def test_a_doubt_does_not_end_with_an_earlier_step_that_succeeded():
    doubt = entry(O.AMBIGUOUS, job=None, message="not known")
    _, found = settle([entry(O.SUCCEEDED, key="a", job="job-a"), doubt], evidence(b.item()))
    assert found.outcome is O.AMBIGUOUS
