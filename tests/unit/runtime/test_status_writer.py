"""What the status writer makes of a wanted status: transition times, the ledger left alone, nothing where nothing differs."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from failback_operator.api.common import Condition, ConditionStatus, EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachineStatus, FailbackPlanStatus
from failback_operator.api.v1alpha1.failback_plan_status import MachineCounts
from failback_operator.runtime.status_writer import status_changes, with_transition_times

NOW = datetime(2026, 11, 24, 6, 0, 0, 999_999, tzinfo=UTC)
THEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def condition(name, status, since=None, message=""):
    return Condition(type=name, status=status, reason="Because", message=message, last_transition_time=since)


def test_a_condition_keeps_its_time_while_its_status_stays_whatever_its_message_says():
    stored = [condition("Ready", ConditionStatus.TRUE, THEN, "old words")]
    (merged,) = with_transition_times([condition("Ready", ConditionStatus.TRUE, message="new words")], stored, NOW)
    assert merged.last_transition_time == THEN
    assert merged.message == "new words"


def test_a_changed_or_new_condition_gets_the_time_in_whole_seconds():
    stored = [condition("Ready", ConditionStatus.TRUE, THEN)]
    wanted = [condition("Ready", ConditionStatus.FALSE), condition("SiteReady", ConditionStatus.UNKNOWN)]
    merged = with_transition_times(wanted, stored, NOW)
    assert [each.last_transition_time for each in merged] == [NOW.replace(microsecond=0)] * 2


STATUSES = st.sampled_from(ConditionStatus)
CONDITIONS = st.dictionaries(st.sampled_from(["Ready", "SiteReady", "DiskLimit"]), STATUSES, max_size=3)


@given(history=st.lists(CONDITIONS, min_size=1, max_size=6))
def test_over_any_history_a_time_moves_exactly_when_the_status_does(history):
    stored, moment = [], THEN
    for step in history:
        moment += timedelta(seconds=1)
        merged = with_transition_times([condition(name, status) for name, status in step.items()], stored, moment)
        before = {each.type: each for each in stored}
        for each in merged:
            kept = each.type in before and before[each.type].status == each.status
            assert each.last_transition_time == (before[each.type].last_transition_time if kept else moment)
        assert [each.type for each in merged] == list(step)
        stored = merged


def entry():
    return LedgerEntry(
        key="Commit/1", effect="Commit", intended_at=THEN, not_after=THEN + timedelta(seconds=30), outcome=EffectOutcome.INTENDED
    )


def test_the_ledger_is_never_part_of_a_status_write():
    stored = FailbackMachineStatus.model_validate({"ledger": [entry().wire()], "phase": "FailedBack"})
    wanted = FailbackMachineStatus.model_validate({"ledger": [], "phase": "Committing"})
    changes = status_changes(stored, wanted)
    assert changes["phase"] == "Committing"
    assert "ledger" not in changes


def test_what_was_read_back_takes_no_write():
    wanted = FailbackPlanStatus(phase="Waiting", conditions=[condition("Ready", ConditionStatus.TRUE, THEN)])
    assert status_changes(FailbackPlanStatus.model_validate(wanted.wire()), wanted) == {}


def test_a_default_that_is_not_stored_yet_is_written():
    assert status_changes(FailbackMachineStatus(), FailbackMachineStatus())["phase"] == "Unknown"


def test_a_member_that_is_gone_is_taken_away_also_inside_another():
    counts = MachineCounts(total=1, done=0, in_flight=0, waiting=1, blocked=0, failed=0)
    stored = FailbackPlanStatus.model_validate({"progress": "10%", "machines": counts.wire()})
    wanted = FailbackPlanStatus(machines=counts.model_copy(update={"done": 1}))
    changes = status_changes(stored, wanted)
    assert changes["progress"] is None
    assert changes["machines"] == {"done": 1}
