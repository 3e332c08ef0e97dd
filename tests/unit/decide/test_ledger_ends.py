"""Jobs that end in nothing: purged, or ended without moving the item; items that left the vault. Safety rules 3, 4."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_of, machine_status_of
from tests.unit.decide.test_ledger import BUSY, HOME, KEY, SWITCH, O, entry, evidence, job
from tests.unit.decide.world import change_plan, world

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.ledger import settle
from failback_operator.domain.job import JobState, MissingJob
from failback_operator.domain.limits import Limits
from failback_operator.domain.protected_item import CurrentScenario
from failback_operator.domain.reading import Part
from failback_operator.domain.steps import EffectKind

GRACE = Limits().effect_result
LONG_AGO = b.NOW - GRACE - timedelta(seconds=1)
CHILD = job(child_jobs=("child",), ended_at=LONG_AGO)


def ended(item, *jobs, one=None, read_at=b.NOW, got_at=b.NOW, **missing):
    """The entry as settled; `missing` names jobs that the vault denies, and since when."""
    found = evidence(replace(item, detail=replace(item.detail, as_of=got_at)), *jobs, read_at=read_at)
    index = replace(found.index, missing_jobs={name.replace("_", "-"): since for name, since in missing.items()})
    (result,) = settle([one or entry()], replace(found, index=index))
    return result


@pytest.mark.parametrize(
    ("item", "jobs", "missing", "outcome"),
    [
        # Not there in each read of the whole grace: purged, wherever the item stands.
        (b.item(), [], {"job_1": LONG_AGO}, O.AMBIGUOUS),
        (HOME, [], {"job_1": LONG_AGO}, O.AMBIGUOUS),
        (HOME, [job(state=JobState.IN_PROGRESS)], {"job_1": LONG_AGO}, O.AMBIGUOUS),
        (b.item(), [], {"job_1": b.NOW - GRACE}, O.RUNNING),
        # Not listed, or the question not answered: that proves nothing, however long it lasts.
        (b.item(), [], {}, O.RUNNING),
        (b.item(), [], {"another": LONG_AGO}, O.RUNNING),
        # Something else is at work on the item; the lost job's own shadow on it is not.
        (BUSY, [], {"job_1": LONG_AGO}, O.RUNNING),
        (b.item(current_scenario=CurrentScenario(SWITCH, "JOB-1")), [], {"job_1": LONG_AGO}, O.AMBIGUOUS),
        (b.item(current_scenario=CurrentScenario(SWITCH, None)), [], {"job_1": LONG_AGO}, O.RUNNING),
        # A child job without its end: the whole may have succeeded in part.
        (HOME, [CHILD], {"child": LONG_AGO}, O.AMBIGUOUS),
        (HOME, [CHILD], {}, O.RUNNING),
        (HOME, [replace(CHILD, state=JobState.FAILED)], {"child": LONG_AGO}, O.FAILED),
        # Succeeded, and the item stands still.
        (b.item(), [job(ended_at=LONG_AGO)], {}, O.AMBIGUOUS),
        (b.item(), [job(ended_at=b.NOW - GRACE)], {}, O.RUNNING),
        (b.item(), [job(started_at=LONG_AGO, ended_at=None)], {}, O.AMBIGUOUS),
        (b.item(), [job(ended_at=LONG_AGO, child_jobs=("child",)), job("child", ended_at=b.NOW)], {}, O.RUNNING),
        (b.item(), [job(state=JobState.IN_PROGRESS, started_at=LONG_AGO, ended_at=None)], {}, O.RUNNING),
    ],
)
def test_what_never_ends_is_left_to_a_person_after_a_grace(item, jobs, missing, outcome):
    result = ended(item, *jobs, **missing)
    assert (result.outcome, result.job) == (outcome, "job-1")
    assert (result.settled_at is None) == (outcome is O.RUNNING)


@pytest.mark.parametrize(("seconds", "outcome"), [(-1, O.RUNNING), (0, O.RUNNING), (1, O.AMBIGUOUS)])
@pytest.mark.parametrize("jobs", [[job(ended_at=LONG_AGO)], []])
def test_the_item_must_have_been_got_and_the_vault_read_since(jobs, seconds, outcome):
    moment = LONG_AGO + GRACE + timedelta(seconds=seconds)
    missing = {} if jobs else {"job_1": LONG_AGO}
    assert ended(b.item(), *jobs, got_at=moment, **missing).outcome is outcome
    assert ended(b.item(), *jobs, read_at=moment, **missing).outcome is outcome


@pytest.mark.parametrize(
    ("item", "jobs", "missing", "says"),
    [
        (
            b.item(),
            [],
            {"job_1": LONG_AGO},
            "the vault no longer has job job-1, so the end of Reprotect is not known; the item is not",
        ),
        (HOME, [], {"job_1": LONG_AGO}, "the item is where the step leads (it stands in Protected)"),
        (b.item(), [job(ended_at=LONG_AGO)], {}, "job job-1 of Reprotect succeeded, and 15 min later the item was not where"),
    ],
)
def test_the_doubt_says_what_is_known_and_what_lets_it_go_on(item, jobs, missing, says):
    message = ended(item, *jobs, **missing).message
    assert says in message
    assert "Look at app-1 and its jobs in the vault" in message
    assert "name job job-1 in spec.retries of the plan" in message


def test_a_doubt_stays_as_it_is_and_ends_when_the_job_tells():
    doubt = ended(b.item(), job_1=LONG_AGO)
    assert ended(b.item(), one=doubt, job_1=LONG_AGO) is doubt
    # A start forgets since when a job is missing: no news.
    assert ended(b.item(), one=doubt) is doubt
    assert ended(b.item(), one=doubt, job_1=b.NOW) is doubt
    again = ended(BUSY, job(state=JobState.IN_PROGRESS), one=doubt)
    assert (again.outcome, again.message, again.settled_at) == (O.RUNNING, None, None)
    assert ended(HOME, job(), one=doubt).outcome is O.SUCCEEDED
    still = ended(b.item(), job(ended_at=LONG_AGO))
    assert ended(b.item(), job(ended_at=LONG_AGO), one=still) is still
    assert ended(HOME, job(ended_at=LONG_AGO), one=still).outcome is O.SUCCEEDED


def test_an_item_that_was_never_got_by_itself_proves_nothing():
    one = entry()
    assert settle([one], evidence(b.item(detail=None), job(ended_at=LONG_AGO))) == [one]


def test_a_doubt_is_over_when_a_later_step_succeeded():
    doubt = ended(HOME, job_1=LONG_AGO)
    later = entry(O.SUCCEEDED, "job-2", EffectKind.FAILBACK, key=KEY.replace("Reprotect", "Failback"))
    closed, kept = settle([doubt, later], evidence(b.failed_back_item()))
    assert (closed.outcome, kept) == (O.FAILED, later)
    assert "never known" in closed.message
    running = entry()
    assert settle([running, later], evidence(HOME, job()))[0].outcome is O.SUCCEEDED


def under_way(**plan):
    site = world("app-1", stage="Reprotected", **plan)
    site.round()
    site.round()
    assert machine_of(site).status.ledger[0].job == "job-1"
    return site


def view_of(site, **changes):
    view = site.view()
    vault = replace(view.snapshot.vault.facts, **changes)
    return replace(view, snapshot=replace(view.snapshot, vault=Part(vault, site.now, None)))


def test_a_job_that_was_purged_is_never_followed_by_a_second_call_but_by_a_persons_word():
    site = under_way()
    site.items["app-1"] = b.item("app-1", detail=site.items["app-1"].detail)
    gone = {"jobs": (), "missing_jobs": (MissingJob("job-1", site.now),)}
    for _ in range(40):
        decision = evaluate(view_of(site, **gone))
        site.store(decision)
        assert decision.effects == ()
        assert decision.watch_jobs == {"job-1"}
        site.tick()
    status = machine_status_of(decision, site)
    assert status.phase is Phase.NEEDS_ATTENTION
    assert status.findings[0].check == "StepInDoubt"
    assert "job-1" in status.findings[0].remedy
    change_plan(site, retries=[{"machine": "app-1", "job": "job-1"}])
    (effect,) = evaluate(view_of(site, **gone)).effects
    assert effect.key.endswith("/2")


def test_a_job_that_succeeded_in_vain_is_left_to_a_person():
    site = under_way()
    site.jobs[0] = replace(site.jobs[0], state=JobState.SUCCEEDED, ended_at=site.now)
    site.items["app-1"] = replace(site.items["app-1"], current_scenario=None, allowed_operations=b.item().allowed_operations)
    for minutes in range(40):
        decision = site.round()
        phase = machine_status_of(decision, site).phase
        assert phase is (Phase.REPROTECTING if minutes <= 15 else Phase.NEEDS_ATTENTION)
        site.tick()
    assert site.made == [(EffectKind.REPROTECT, "app-1")]
