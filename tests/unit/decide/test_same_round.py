"""No step is made a second time without a person, and nothing recorded twice, whatever is told of the failover's time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.test_ledger import job
from tests.unit.decide.world import World, change_plan, world

from failback_operator.api.common import EffectOutcome
from failback_operator.domain.job import JobState
from failback_operator.domain.steps import EffectKind

F = b.FAILED_OVER_AT
SKEW = int(b.LIMITS.failover_clock_skew.total_seconds())
REPROTECT = [(EffectKind.REPROTECT, "a-1")]
FAILOVER = job("failover", scenario="UnplannedFailover", started_at=F - timedelta(minutes=9), ended_at=F + timedelta(seconds=20))


def site_with_failover() -> World:
    site = world("a-1", stage="Protected")
    item = site.items["a-1"]
    site.jobs = [replace(FAILOVER, target_object_id=item.arm_id.resource_name, target_object_name="a-1")]
    return site


def tell(site: World, told) -> None:
    site.items["a-1"] = replace(site.items["a-1"], last_failover_time=told)


def stopped(outcome: EffectOutcome) -> World:
    """A world whose reprotect failed, or of which it is not known whether it was taken; the item allows another."""
    site = site_with_failover()
    while not site.made:
        site.round()
    if outcome is EffectOutcome.FAILED:
        site.finish_jobs(state=JobState.FAILED, description="Failed")
        site.tick()
        site.round()
    else:
        site.finish_jobs(state=JobState.FAILED, description="Failed")
        (machine,) = site.machines.values()
        entry = machine.status.ledger[-1].model_copy(update={"outcome": outcome, "job": None, "settled_at": site.now})
        site.jobs = site.jobs[:1]
        status = machine.status.model_copy(update={"ledger": [entry]})
        site.machines[machine.name] = machine.model_copy(update={"status": status})
    return site


def trouble(site: World) -> str:
    (found,) = (s for k, s in evaluate(site.view()).statuses.items() if k.kind == "FailbackMachine")
    return str(found.phase)


@pytest.mark.parametrize(
    ("outcome", "phase"), [(EffectOutcome.FAILED, "Failed"), (EffectOutcome.AMBIGUOUS, "NeedsAttention")], ids=str
)
@pytest.mark.parametrize("told", [F, None, F + timedelta(seconds=1), F + timedelta(seconds=20)], ids=str)
def test_another_time_of_the_same_failover_takes_away_no_trouble(outcome, phase, told):
    site = stopped(outcome)
    tell(site, told)
    for _ in range(3):
        site.round()
        assert trouble(site) == phase
        site.tick()
    assert site.made == REPROTECT
    assert [len(m.spec.recorded) for m in site.machines.values()] == [1]


@pytest.mark.parametrize("seconds", [-3600, -1, 1, 3600])
@pytest.mark.parametrize("outcome", [EffectOutcome.FAILED, EffectOutcome.AMBIGUOUS], ids=str)
def test_a_stated_time_that_is_edited_takes_away_no_trouble(outcome, seconds):
    site = stopped(outcome)
    site.jobs = [j for j in site.jobs if j.name != "failover"]
    tell(site, None)
    change_plan(site, machines=[{"name": "a-1", "failedOverAt": F + timedelta(seconds=seconds)}])
    for _ in range(3):
        site.round()
        site.tick()
    assert site.made == REPROTECT
    assert [len(m.spec.recorded) for m in site.machines.values()] == [1]


def test_a_record_is_not_written_again_for_a_time_that_was_read_once():
    site = site_with_failover()
    tell(site, None)
    site.round()
    site.round(perform=False)
    tell(site, F)
    site.run()
    assert [r.failed_over_at for m in site.machines.values() for r in m.spec.recorded] == [F + timedelta(seconds=20)]
    assert len(site.made) == 4


def test_a_later_failover_is_another_round():
    site = stopped(EffectOutcome.FAILED)
    later = site.now + timedelta(hours=1)
    site.now = later + timedelta(hours=1)
    tell(site, later)
    change_plan(site, failedOverBefore=later)
    for _ in range(3):
        site.round()
    assert len(site.made) == 2
    assert [len(m.spec.recorded) for m in site.machines.values()] == [2]


TIMES = st.one_of(st.none(), st.integers(-SKEW, SKEW).map(lambda seconds: F + timedelta(seconds=seconds)))
ENDS = st.sampled_from((JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.FAILED))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(TIMES, st.booleans(), ENDS), min_size=12, max_size=12))
def test_whatever_is_told_of_the_failover_each_step_is_made_once_and_one_record_written(rounds):
    """Of times that lie further apart than clocks may differ nothing says that they are of one failover: only steps count."""
    site, times = site_with_failover(), {F + timedelta(seconds=20)}
    for told, is_listed, end in rounds:
        is_before = site.items["a-1"].active_site is None
        if is_before:
            tell(site, told)
            times |= {told} - {None}
        failover = [] if is_listed else [j for j in site.jobs if j.name == "failover"]
        hidden, site.jobs = failover, [j for j in site.jobs if j not in failover]
        site.round()
        site.jobs = [*hidden, *site.jobs]
        site.finish_jobs(state=end, description=end.value)
        site.finish_syncs()
        site.tick()
        assert len(set(site.made)) == len(site.made)
        if max(times) - min(times) <= b.LIMITS.failover_clock_skew:
            assert all(len(m.spec.recorded) <= 1 for m in site.machines.values())
