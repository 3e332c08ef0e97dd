"""Which record and which steps are of a machine's round: each rule at its edge, to the second. Safety rule 2."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.test_ledger import entry, job
from tests.unit.decide.test_rounds import HOUR, IR_AWAY, S0, S3, S3_SILENT, S5, S7, F, O, jobs, round_of

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.naming import EffectKey
from failback_operator.decide.rounds import derive_round  # noqa: F401 - what all of this is about
from failback_operator.domain.steps import EffectKind

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
EVER = datetime.min.replace(tzinfo=UTC)
RECORD = b.record()
REPROTECT, FAILBACK, COMMIT, PROTECT = EffectKind.REPROTECT, EffectKind.FAILBACK, EffectKind.COMMIT, EffectKind.PROTECT
COMMIT_FAILOVER = EffectKind.COMMIT_FAILOVER


def step(kind, outcome=O.SUCCEEDED, at=F + HOUR, of=F):
    return entry(outcome, kind=kind, key=str(EffectKey(kind, of, 1)), intended_at=at)


def failover(offset):
    return (job("F", scenario="UnplannedFailover", started_at=F + offset, ended_at=F + offset + 9 * MINUTE),)


MADE, BEGUN = [step(REPROTECT)], [step(REPROTECT, O.FAILED)]


@pytest.mark.parametrize(
    ("offset", "ledger", "is_of_record"),
    [
        (MINUTE + SECOND, [], False),
        (MINUTE, [], True),
        (MINUTE, MADE, True),
        (-MINUTE, MADE, True),
        (-MINUTE - SECOND, MADE, False),
        (-MINUTE - SECOND, BEGUN, True),
        (-MINUTE - SECOND, [step(COMMIT_FAILOVER)], True),
        (-MINUTE - SECOND, [step(PROTECT)], False),
        (-MINUTE - SECOND, [step(REPROTECT, at=F - MINUTE)], False),
        (-MINUTE - SECOND, [step(REPROTECT, at=F, of=F - HOUR)], True),
        (-MINUTE - SECOND, [step(REPROTECT, at=F + SECOND, of=F - HOUR)], False),
    ],
)
def test_the_items_time_and_a_record_are_of_one_failover_within_a_minute(offset, ledger, is_of_record):
    found = round_of(replace(S3, last_failover_time=F + offset), records=[RECORD], ledger=ledger)
    assert (found.record is not None) is is_of_record
    assert found.failed_over_at == (F if is_of_record else F + offset)


@pytest.mark.parametrize(
    ("past", "ledger", "is_of_record"),
    [
        (failover(MINUTE), [], True),
        (failover(MINUTE), MADE, False),
        (failover(MINUTE + SECOND), [], False),
        (jobs(("F", 2), ("F", -9)), [], False),
    ],
)
def test_where_the_item_tells_no_time_its_newest_job_does(past, ledger, is_of_record):
    assert (round_of(S3_SILENT, past, [RECORD], ledger=ledger).record is not None) is is_of_record


@pytest.mark.parametrize(
    ("stated", "ledger", "is_of_record"),
    [
        (None, [], False),
        (F + MINUTE, [], True),
        (F - MINUTE, [], True),
        (F + MINUTE + SECOND, [], False),
        (F - MINUTE - SECOND, [], False),
        (F - HOUR, BEGUN, True),
        (F - HOUR, MADE, False),
        (F, MADE, True),
        (F - HOUR, [step(REPROTECT, O.NOT_SENT)], False),
    ],
)
def test_where_the_vault_tells_nothing_a_person_or_a_step_that_began_does(stated, ledger, is_of_record):
    assert (round_of(S3_SILENT, (), [RECORD], ledger=ledger, stated=stated).record is not None) is is_of_record


@pytest.mark.parametrize(
    ("ledger", "is_of_record"),
    [
        ([step(PROTECT)], False),
        ([step(PROTECT, O.FAILED)], True),
        ([step(REPROTECT)], True),
        ([step(COMMIT)], True),
        ([step(PROTECT, at=F, of=F - HOUR)], True),
    ],
)
def test_a_record_whose_round_ended_is_none_of_a_reversed_item(ledger, is_of_record):
    assert (round_of(S5, (), [RECORD], ledger=ledger).record is not None) is is_of_record


@pytest.mark.parametrize(("offset", "is_of_record"), [(MINUTE, True), (MINUTE + SECOND, False)])
def test_a_later_failover_that_was_reprotected_is_of_no_record(offset, is_of_record):
    past = (*jobs(("S", 6)), *failover(offset))
    assert (round_of(S5, past, [RECORD]).record is not None) is is_of_record


@pytest.mark.parametrize(
    ("item", "past", "told"),
    [
        (S3_SILENT, (replace(failover(HOUR)[0], ended_at=None),), F + HOUR),
        (S3_SILENT, failover(HOUR), F + HOUR + 9 * MINUTE),
        (S5, jobs(("F", 2), ("S", 2)), None),
        (S7, jobs(("F", 1), ("S", 2), ("F", 2)), None),
    ],
)
def test_what_jobs_tell_of_the_failover(item, past, told):
    assert round_of(item, past).failed_over_at == told


@pytest.mark.parametrize(
    ("given", "since"),
    [
        ({"item": S3}, F),
        ({"item": S3_SILENT, "past": failover(HOUR)}, F + HOUR + 9 * MINUTE),
        ({"item": S3_SILENT}, EVER),
        ({"item": S3_SILENT, "stated": F}, EVER),
        ({"item": S3_SILENT, "stated": F, "ledger": [step(PROTECT, at=F - HOUR), step(PROTECT, at=F - 2 * HOUR)]}, F - HOUR),
        ({"item": S3_SILENT, "stated": F, "ledger": [step(PROTECT, O.FAILED)]}, EVER),
        ({"item": S3_SILENT, "stated": F, "ledger": [step(REPROTECT)]}, EVER),
        ({"item": S3_SILENT, "stated": F, "ledger": [step(COMMIT)]}, EVER),
        ({"item": S3_SILENT, "stated": F, "records": [RECORD]}, F),
    ],
)
def test_from_when_the_ledger_is_of_the_round(given, since):
    assert round_of(**given).since == since


@pytest.mark.parametrize(
    ("one", "is_of_round"),
    [
        (step(REPROTECT, of=F - HOUR, at=F), False),
        (step(REPROTECT, of=F - HOUR, at=F + SECOND), True),
        (step(REPROTECT, of=F, at=F - HOUR), True),
    ],
)
def test_an_entry_is_of_the_round_by_its_time_or_its_key(one, is_of_round):
    assert bool(round_of(S3, ledger=[one]).entries()) is is_of_round


@pytest.mark.parametrize(
    ("item", "given", "position"),
    [
        (S0, {"records": [RECORD], "bound": F}, Phase.PROTECTED),
        (S0, {"records": [RECORD], "bound": F - SECOND}, Phase.NOT_FAILED_OVER),
        (S0, {"past": jobs(("F", 0), ("S", 1), ("C", 2)), "bound": F}, Phase.PROTECTED),
        (S0, {"past": jobs(("F", 0), ("S", 1), ("C", 2)), "bound": F - SECOND}, Phase.NOT_FAILED_OVER),
        (S0, {"past": jobs(("S", -5), ("F", 0), ("C", 1))}, Phase.NOT_FAILED_OVER),
        (IR_AWAY, {"records": [RECORD], "bound": F - SECOND}, Phase.PROTECTING),
    ],
)
def test_who_came_home(item, given, position):
    assert round_of(item, **given).position is position


@pytest.mark.parametrize(
    ("past", "started"),
    [
        (jobs(("F", 1), ("S", 2)), None),
        (jobs(("F", 1), ("S", 2), ("F", 3)), F + 3 * HOUR),
        (jobs(("F", 1), ("S", 2), ("F", 2)), None),
        (jobs(("F", 1), ("S", 2), ("C", 3)), None),
        (jobs(("F", 1)), None),
    ],
)
def test_a_failback_is_a_failover_after_the_reprotect(past, started):
    found = round_of(S5, past)
    assert found.last_failback_at == started
    assert [start for start, _ in found.failbacks] == ([started] if started else [])


@pytest.mark.parametrize(
    ("past", "ledger", "moment"),
    [
        (jobs(("S", 2)), [], F + 2 * HOUR),
        (jobs(("S", 0)), [], None),
        (jobs(("S", -1)), [step(REPROTECT, O.RUNNING)], F + HOUR),
        ((), [step(REPROTECT, O.NOT_SENT)], None),
    ],
)
def test_when_the_round_was_reprotected(past, ledger, moment):
    assert round_of(S5, past, [RECORD], ledger=ledger).reprotected_at == moment


SYNCING = b.reprotected_item(protection_state="InitialReplicationInProgress", allowed_operations=frozenset())


@pytest.mark.parametrize(
    ("item", "past", "position"),
    [
        (SYNCING, jobs(("F", 1), ("S", 2)), Phase.REPROTECTING),
        (SYNCING, jobs(("F", 1), ("S", 2), ("F", 3)), Phase.UNKNOWN),
        (S5, jobs(("F", 1), ("S", 2), ("F", 3)), Phase.REPROTECTED),
    ],
)
def test_a_synchronisation_after_a_failback_tells_no_phase(item, past, position):
    assert round_of(item, past).position is position
