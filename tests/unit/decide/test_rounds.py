"""The failover that a machine is in, its record, and the phase. Safety rule 2."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.test_ledger import entry, job

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.coverage import covered_failover, uncovered_text
from failback_operator.decide.phase import phase_of, trouble_of
from failback_operator.decide.rounds import RoundInput, derive_round
from failback_operator.domain.failover_bound import BoundState, EffectiveBound
from failback_operator.domain.job import JobState
from failback_operator.domain.limits import Limits
from failback_operator.domain.protected_item import InstanceType
from failback_operator.domain.steps import EffectKind

F = b.FAILED_OVER_AT
O = EffectOutcome  # noqa: E741 - read more easily
HOUR = timedelta(hours=1)


def jobs(*steps):
    """Successful jobs, given as (letter, hours after F): F failover, S switch, C commit; newest first."""
    names = {"F": "UnplannedFailover", "S": "SwitchReplicationGroupProtection", "C": "CommitFailover"}
    made = [
        job(f"{letter}{hours}", scenario=names[letter], started_at=F + hours * HOUR, ended_at=F + hours * HOUR)
        for letter, hours in steps
    ]
    return tuple(sorted(made, key=lambda j: j.started_at, reverse=True))


def round_of(item, past=(), records=(), *, ledger=(), stated=None, bound=b.BOUND):
    machine = b.machine(recorded=tuple(records), status={"ledger": [e.wire() for e in ledger]}) if records or ledger else None
    return derive_round(RoundInput(item, machine, tuple(past), stated, bound, Limits().failover_clock_skew))


S3 = b.item()
S3_SILENT = b.item(last_failover_time=None)
S5 = b.reprotected_item()
S7 = b.committed_item()
S0 = b.protected_item()
IR_AWAY = b.protected_item(protection_state="InitialReplicationInProgress", allowed_operations=frozenset())


@pytest.mark.parametrize(
    ("given", "told", "has_record"),
    [
        ({"item": S3}, F, False),
        ({"item": S3, "records": [b.record()]}, F, True),
        ({"item": S3, "records": [b.record(failed_over_at=F - HOUR)]}, F, False),
        ({"item": b.item(last_failover_time=F + timedelta(microseconds=5)), "records": [b.record()]}, F, True),
        ({"item": S3_SILENT}, None, False),
        ({"item": S3_SILENT, "past": jobs(("F", 2), ("F", -9))}, F + 2 * HOUR, False),
        ({"item": S3_SILENT, "stated": F}, F, False),
        ({"item": S5}, None, False),
        ({"item": S5, "stated": F}, F, False),
        ({"item": S5, "records": [b.record()]}, F, True),
        ({"item": S5, "records": [b.record(failed_over_at=F - HOUR), b.record()]}, F, True),
        # Reprotected by hand: the failover before the last switch.
        ({"item": S5, "past": jobs(("F", 1), ("S", 2))}, F + HOUR, False),
        # The failback's own failover is never taken for the one to Azure.
        ({"item": S7, "past": jobs(("F", 1), ("S", 2), ("F", 3), ("C", 4))}, F + HOUR, False),
        ({"item": S7, "past": jobs(("F", 3), ("C", 4))}, None, False),
        # The record is of an earlier disaster: a later failover was reprotected by hand.
        ({"item": S5, "records": [b.record()], "past": jobs(("F", 5), ("S", 6))}, F + 5 * HOUR, False),
        ({"item": S5, "records": [b.record()], "past": jobs(("F", 0), ("S", 6))}, F, True),
        ({"item": S5, "past": (replace(jobs(("S", 1))[0], started_at=None), *jobs(("F", 0)))}, None, False),
    ],
)
def test_failover_to_azure(given, told, has_record):
    found = round_of(**given)
    assert found.failed_over_at == told
    assert (found.record is not None) == has_record


@pytest.mark.parametrize(
    ("given", "position"),
    [
        ({"item": S0}, Phase.NOT_FAILED_OVER),
        ({"item": S0, "records": [b.record()]}, Phase.PROTECTED),
        ({"item": S0, "records": [b.record()], "bound": None}, Phase.NOT_FAILED_OVER),
        ({"item": S0, "records": [b.record()], "bound": F - HOUR}, Phase.NOT_FAILED_OVER),
        ({"item": S0, "past": jobs(("F", 0), ("S", 1), ("F", 2), ("C", 3))}, Phase.PROTECTED),
        ({"item": S0, "past": jobs(("F", 0), ("S", 1), ("F", 2), ("C", 3)), "bound": None}, Phase.NOT_FAILED_OVER),
        ({"item": S0, "past": jobs(("F", 0), ("S", 1), ("F", 2))}, Phase.NOT_FAILED_OVER),
        ({"item": S0, "past": jobs(("F", 0), ("C", 1))}, Phase.NOT_FAILED_OVER),
        ({"item": S0, "past": jobs(("F", 0), ("C", 1), ("S", 2))}, Phase.NOT_FAILED_OVER),
        ({"item": S0, "past": jobs(("F", 3), ("S", 4), ("C", 5))}, Phase.NOT_FAILED_OVER),
        ({"item": S0, "past": (replace(jobs(("F", 0))[0], started_at=None, ended_at=None),)}, Phase.NOT_FAILED_OVER),
        ({"item": IR_AWAY}, Phase.NOT_FAILED_OVER),
        ({"item": IR_AWAY, "records": [b.record()]}, Phase.PROTECTING),
        ({"item": IR_AWAY, "records": [b.record()], "bound": None}, Phase.PROTECTING),
        ({"item": IR_AWAY, "past": jobs(("F", 0), ("S", 1), ("C", 3))}, Phase.PROTECTING),
        ({"item": S3}, Phase.FAILED_OVER),
        ({"item": S5}, Phase.REPROTECTED),
        ({"item": b.item(instance_type=InstanceType.MODERNIZED)}, Phase.UNKNOWN),
    ],
)
def test_position_in_the_round(given, position):
    assert round_of(**given).position is position


def test_a_failback_that_left_the_item_nowhere():
    stuck = b.reprotected_item(protection_state="UnplannedFailoverTransitionStatesBegin", allowed_operations=frozenset())
    past = jobs(("F", 0), ("S", 1), ("F", 2))
    found = round_of(stuck, past, [b.record()])
    assert found.position is Phase.UNKNOWN
    assert found.last_failback_at == F + 2 * HOUR
    trouble = trouble_of(found, b.plan(), "app-1", Limits())
    assert trouble.phase is Phase.NEEDS_ATTENTION
    assert "UnplannedFailoverTransitionStatesBegin" in trouble.text


def test_last_failback_is_told_by_the_ledger_where_jobs_are_gone():
    made = entry(O.SUCCEEDED, "job-2", EffectKind.FAILBACK, key="Failback/2026-11-24T05:00:00Z/1")
    assert round_of(S7, records=[b.record()], ledger=[made]).last_failback_at == made.intended_at
    assert round_of(S7, records=[b.record()]).last_failback_at is None
    assert round_of(S3, records=[b.record()], ledger=[made]).last_failback_at is None


def reprotect(outcome, attempt=1, **changes):
    return entry(outcome, key=f"Reprotect/2026-11-24T05:00:00Z/{attempt}", **changes)


@pytest.mark.parametrize(
    ("ledger", "phase"),
    [
        ([], Phase.FAILED_OVER),
        ([reprotect(O.INTENDED)], Phase.REPROTECTING),
        ([reprotect(O.RUNNING)], Phase.REPROTECTING),
        ([reprotect(O.NOT_SENT)], Phase.FAILED_OVER),
        ([reprotect(O.AMBIGUOUS)], Phase.FAILED_OVER),
        ([entry(O.RUNNING, kind=EffectKind.FAILBACK)], Phase.FAILING_BACK),
        ([entry(O.RUNNING, kind=EffectKind.COMMIT)], Phase.COMMITTING),
        ([entry(O.RUNNING, kind=EffectKind.PROTECT)], Phase.PROTECTING),
    ],
)
def test_phase_is_what_runs_else_where_the_item_stands(ledger, phase):
    assert phase_of(round_of(S3, records=[b.record()], ledger=ledger)) is phase


@pytest.mark.parametrize(
    ("item", "ledger", "retries", "phase"),
    [
        (S3, [reprotect(O.FAILED)], [], Phase.FAILED),
        (S3, [reprotect(O.FAILED)], ["job-1"], None),
        (S3, [reprotect(O.FAILED)], ["Reprotect/2026-11-24T05:00:00Z/1"], None),
        (S3, [reprotect(O.FAILED)], ["job-2"], Phase.FAILED),
        (S3, [reprotect(O.FAILED), reprotect(O.FAILED, 2, job="job-2")], ["job-1"], Phase.FAILED),
        (S5, [reprotect(O.FAILED)], [], Phase.FAILED),
        (S3, [reprotect(O.AMBIGUOUS)], [], Phase.NEEDS_ATTENTION),
        (S3, [reprotect(O.AMBIGUOUS)], ["Reprotect/2026-11-24T05:00:00Z/1"], None),
        (S3, [reprotect(O.REFUSED)], [], None),
        (S3, [reprotect(O.REFUSED, n) for n in (1, 2, 3)], [], Phase.NEEDS_ATTENTION),
        (S3, [reprotect(O.REFUSED), reprotect(O.NOT_SENT, 2), reprotect(O.REFUSED, 3)], [], None),
        (S3, [reprotect(O.REFUSED, n, job=f"j{n}") for n in (1, 2, 3)], ["j3"], None),
        (S3, [reprotect(O.REFUSED, n, job=f"j{n}") for n in (1, 2, 3, 4)], ["j3"], None),
        (S5, [reprotect(O.REFUSED, n) for n in (1, 2, 3)], [], None),
        (S3, [reprotect(O.SUCCEEDED)], [], None),
        (S3, [reprotect(O.RUNNING)], [], None),
        (S3, [entry(O.FAILED, key="Reprotect/2020-01-01T00:00:00Z/1", intended_at=F - HOUR)], [], None),
        (S3, [entry(O.FAILED, key="Reprotect/2020-01-01T00:00:00Z/1")], [], Phase.FAILED),
        (S3, [entry(O.AMBIGUOUS, key="Reprotect/2020-01-01T00:00:00Z/1", intended_at=F - HOUR)], [], Phase.NEEDS_ATTENTION),
        (S3, [entry(O.AMBIGUOUS, key="Reprotect/2020-01-01T00:00:00Z/1", intended_at=F - HOUR)], ["job-1"], None),
    ],
)
def test_trouble(item, ledger, retries, phase):
    plan = b.plan(retries=[{"machine": "app-1", "job": job_name} for job_name in retries])
    trouble = trouble_of(round_of(item, records=[b.record()], ledger=ledger), plan, "app-1", Limits())
    assert (trouble.phase if trouble else None) is phase


def test_trouble_without_words():
    for outcome in (O.FAILED, O.AMBIGUOUS):
        found = round_of(S3, records=[b.record()], ledger=[reprotect(outcome, message=None)])
        assert trouble_of(found, b.plan(), "app-1", Limits()).text
    refused = [reprotect(O.REFUSED, n, message=None) for n in (1, 2, 3)]
    assert "no reason" in trouble_of(round_of(S3, records=[b.record()], ledger=refused), b.plan(), "app-1", Limits()).text


def bound(at):
    return EffectiveBound(BoundState.COUNTS, at, at, at)


@pytest.mark.parametrize(
    ("given", "at", "covered"),
    [
        ({"item": S3}, F, True),
        ({"item": S3}, F - timedelta(seconds=1), False),
        ({"item": S3}, None, False),
        ({"item": S3_SILENT}, F, False),
        # A record alone is no beginning.
        ({"item": S3, "records": [b.record()]}, None, False),
        ({"item": S3, "records": [b.record()], "ledger": [reprotect(O.NOT_SENT)]}, None, False),
        ({"item": S3, "records": [b.record()], "ledger": [reprotect(O.FAILED)]}, None, True),
        ({"item": S5, "records": [b.record()]}, None, True),
        ({"item": S5, "records": [b.record(covered_by=F - HOUR)]}, None, False),
        ({"item": S5, "past": jobs(("F", 0), ("S", 1))}, None, False),
    ],
)
def test_coverage(given, at, covered):
    limit = bound(at) if at else EffectiveBound(BoundState.NOT_GIVEN)
    assert covered_failover(round_of(**given), limit) == (F if covered else None)


def test_why_not_covered():
    assert "failedOverAt" in uncovered_text(round_of(S3_SILENT), b.plan())
    assert "failedOverBefore of payroll" in uncovered_text(round_of(S3), b.plan())


def test_unsuccessful_failovers_tell_nothing():
    failed = replace(jobs(("F", 2))[0], state=JobState.FAILED)
    assert round_of(S3_SILENT, (failed,)).failed_over_at is None


def protect_attempt(state):
    return replace(jobs(("S", 4))[0], state=state)


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.IN_PROGRESS])
@pytest.mark.parametrize("records", [[], [b.record()]])
def test_an_attempt_to_protect_is_no_reprotect_after_which_the_failback_would_count(state, records):
    found = round_of(S7, (protect_attempt(state), *jobs(("F", 0), ("S", 1), ("F", 2), ("C", 3))), records)
    assert found.failed_over_at == F
    assert (found.record is not None) == bool(records)


def test_a_failback_that_succeeded_in_part_still_parts_the_switches():
    failback = replace(jobs(("F", 2))[0], state_description="PartiallySucceeded")
    found = round_of(S7, (protect_attempt(JobState.FAILED), failback, *jobs(("F", 0), ("S", 1))), [b.record()])
    assert found.failed_over_at == F
    assert found.record is not None


def test_the_record_of_a_round_that_ended_is_not_taken_for_the_next():
    done = entry(O.SUCCEEDED, kind=EffectKind.PROTECT, key="Protect/2026-11-24T05:00:00Z/1")
    found = round_of(S5, records=[b.record()], ledger=[done])
    assert (found.record, found.failed_over_at) == (None, None)
