"""The guard, with each order in which something can go wrong."""

import asyncio
from datetime import timedelta

import pytest

from failback_operator.act.guard import Guard, PerformResult
from failback_operator.api.common import EffectOutcome
from failback_operator.domain.limits import Limits
from failback_operator.domain.ports import Accepted, Lost, Refused, Unnamed
from failback_operator.domain.steps import EffectKind

from .ports import START, FakeClock, FakeLease, FakeLedger, FakeRedecide, FakeTransport, World, effect, later

LIMITS = Limits(request_timeout=timedelta(milliseconds=50))
KEY = "Reprotect/1"


def guard(world: World, limits: Limits = LIMITS) -> Guard:
    return Guard(
        FakeLease(world),
        FakeLedger(world),
        FakeClock(world),
        FakeRedecide(world),
        {EffectKind.REPROTECT: FakeTransport(world)},
        limits,
    )


async def test_an_accepted_call_is_recorded_with_its_job():
    world = World()
    outcome = await guard(world).perform(effect())
    entry = world.entries[KEY]
    assert outcome.result is PerformResult.ACCEPTED
    assert (entry.outcome, entry.job, entry.settled_at) == (EffectOutcome.RUNNING, "job-1", None)
    assert world.trace == ["lease", "redecide", "lease", "intend", "intended", "lease", "send", "answer", "settle", "settled"]


async def test_one_that_is_done_at_once_has_succeeded():
    world = World(answer=Accepted(None))
    await guard(world).perform(effect())
    assert world.entries[KEY].outcome is EffectOutcome.SUCCEEDED
    assert world.entries[KEY].settled_at is not None


async def test_the_intent_says_until_when_it_may_be_sent_in_whole_seconds():
    seen = {}
    world = World()
    world.script = lambda point: seen.update({point: world.entries.get(KEY)})
    await guard(world).perform(effect())
    intent = seen["send"]
    assert intent.outcome is EffectOutcome.INTENDED
    assert intent.intended_at == START.replace(microsecond=0)
    assert intent.not_after == (START + later(30)).replace(microsecond=0)
    assert intent.effect == "Reprotect"


async def test_without_lease_nothing_is_read_or_written():
    world = World(lease_held=False)
    outcome = await guard(world).perform(effect())
    assert outcome.result is PerformResult.NO_LEASE
    assert world.trace == ["lease"]


async def test_what_a_fresh_reading_no_longer_wants_is_not_intended():
    world = World(wanted=False)
    outcome = await guard(world).perform(effect())
    assert outcome.result is PerformResult.NOT_WANTED
    assert not world.entries


async def test_a_lease_lost_while_reading_writes_nothing():
    world = World()
    world.script = lambda point: setattr(world, "lease_held", point != "redecide" and world.lease_held)
    assert (await guard(world).perform(effect())).result is PerformResult.NO_LEASE
    assert not world.entries


async def test_a_conflict_abandons():
    world = World(conflict=True)
    outcome = await guard(world).perform(effect())
    assert outcome.result is PerformResult.CONFLICT
    assert not world.sent


async def test_a_key_that_the_ledger_has_is_not_sent_again():
    world = World()
    assert (await guard(world).perform(effect())).result is PerformResult.ACCEPTED
    assert (await guard(world).perform(effect())).result is PerformResult.CONFLICT
    assert world.sent == [KEY]


async def test_two_at_once_send_once():
    world = World()
    results = await asyncio.gather(guard(world).perform(effect()), guard(world).perform(effect()))
    assert sorted(each.result for each in results) == [PerformResult.ACCEPTED, PerformResult.CONFLICT]
    assert world.sent == [KEY]


async def test_a_lease_lost_after_the_intent_leaves_it_to_the_new_holder():
    world = World()
    world.script = lambda point: setattr(world, "lease_held", point != "intended" and world.lease_held)
    outcome = await guard(world).perform(effect())
    assert outcome.result is PerformResult.NO_LEASE
    assert world.entries[KEY].outcome is EffectOutcome.INTENDED
    assert not world.sent


@pytest.mark.parametrize(("seconds", "result"), [(29.3, PerformResult.ACCEPTED), (29.4, PerformResult.NOT_SENT)])
async def test_the_clock_is_read_again_just_before_sending(seconds: float, result: PerformResult):
    # START is 0.7 s past the second: the stored notAfter is 29.3 s away.
    world = World()
    world.script = lambda point: setattr(world, "now", START + later(seconds)) if point == "intended" else None
    outcome = await guard(world).perform(effect())
    assert outcome.result is result
    if result is PerformResult.NOT_SENT:
        assert not world.sent
        assert world.entries[KEY].outcome is EffectOutcome.NOT_SENT
        assert world.entries[KEY].settled_at is not None


async def test_a_wall_clock_that_is_set_back_does_not_prolong_the_intent():
    world = World()
    limits = Limits(intent_valid=timedelta(milliseconds=20))
    slow = guard(world, limits)

    class Slow(FakeLedger):
        async def intend(self, owner, entry):
            await super().intend(owner, entry)
            await asyncio.sleep(0.05)

    world.now = START.replace(microsecond=0)
    outcome = await Guard(slow.lease, Slow(world), slow.clock, slow.redecide, slow.transports, limits).perform(effect())
    assert outcome.result is PerformResult.NOT_SENT
    assert not world.sent


async def test_a_refusal_is_recorded_in_its_own_words():
    world = World(answer=Refused("409 Conflict: a job runs. " + "x" * 2000))
    outcome = await guard(world).perform(effect())
    entry = world.entries[KEY]
    assert outcome.result is PerformResult.REFUSED
    assert entry.outcome is EffectOutcome.REFUSED
    assert entry.message is not None
    assert entry.message.startswith("409 Conflict: a job runs. ")
    assert len(entry.message) == 1024


@pytest.mark.parametrize("answer", [Lost("HTTP 503"), TimeoutError()])
async def test_a_lost_answer_keeps_the_intent(answer):
    world = World(answer=answer)
    outcome = await guard(world).perform(effect())
    assert outcome.result is PerformResult.LOST
    assert world.entries[KEY].outcome is EffectOutcome.INTENDED
    assert "settle" not in world.trace


async def test_a_call_that_was_taken_without_a_job_is_left_to_a_person():
    """A 2xx without a job: were the intent left open, an item that still allows the step would settle it as never sent."""
    world = World(answer=Unnamed("answered 200 without naming a job"))
    outcome = await guard(world).perform(effect())
    entry = world.entries[KEY]
    assert outcome.result is PerformResult.LOST
    assert (entry.outcome, entry.job) == (EffectOutcome.AMBIGUOUS, None)
    assert entry.message is not None
    assert entry.message.startswith("answered 200 without naming a job: it counts as taken")


async def test_a_call_without_answer_in_time_is_lost():
    world = World(send_seconds=5)
    outcome = await guard(world).perform(effect())
    assert outcome.result is PerformResult.LOST
    assert outcome.message == "no answer within 0.05 s"
    assert world.entries[KEY].outcome is EffectOutcome.INTENDED


async def test_a_ledger_that_fails_sends_nothing():
    world = World()

    class Broken(FakeLedger):
        async def intend(self, owner, entry):
            await super().intend(owner, entry)
            raise ConnectionError("the API server went away after storing")

    whole = guard(world)
    with pytest.raises(ConnectionError):
        await Guard(whole.lease, Broken(world), whole.clock, whole.redecide, whole.transports, LIMITS).perform(effect())
    assert world.entries[KEY].outcome is EffectOutcome.INTENDED
    assert not world.sent


async def _cancel_at(world: World, point: str) -> None:
    running = asyncio.ensure_future(guard(world).perform(effect()))
    world.script = lambda passed: running.cancel() if passed == point else None
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("point", ["redecide", "intend"])
async def test_cancelled_before_the_intent_is_stored_nothing_is_left(point: str):
    world = World()
    await _cancel_at(world, point)
    assert not world.entries
    assert not world.sent


@pytest.mark.parametrize("point", ["intended", "send"])
async def test_cancelled_after_the_intent_it_stays_intended(point: str):
    world = World(send_seconds=0.01)
    await _cancel_at(world, point)
    assert world.entries[KEY].outcome is EffectOutcome.INTENDED
    assert len(world.sent) == (1 if point == "send" else 0)


@pytest.mark.parametrize("point", ["answer", "settle"])
async def test_cancelled_with_the_answer_at_hand_the_answer_is_still_recorded(point: str):
    world = World(settle_seconds=0.01)
    await _cancel_at(world, point)
    assert world.entries[KEY].outcome is EffectOutcome.RUNNING
    assert world.entries[KEY].job == "job-1"
