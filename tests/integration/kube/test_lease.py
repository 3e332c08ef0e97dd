"""Leases on the real API server: one holder at a time, take-over after its end, none by a clock that is wrong."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.kube.conftest import SYSTEM

from failback_operator.runtime.lease import Lease, LeasePlace
from failback_operator.runtime.settings import LeaseTimes

TIMES = LeaseTimes(duration=2.0, renew=0.3, retry=0.2, margin=0.5)


class ShiftedClock:
    """A wall clock that is wrong by so much."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self._shift = shift

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift


@pytest.fixture
def replica(client, namespace):
    """Makes Leases of one name for replicas of different names; the name is the test's own."""

    def make(identity, shift=timedelta(), told=None):
        changes = [] if told is None else told
        place = LeasePlace(client, SYSTEM, identity)
        return Lease(f"failback-{namespace}", place, TIMES, ShiftedClock(shift), lambda _: changes.append(identity))

    return make


async def test_one_of_two_holds_it_and_keeps_it_while_it_renews(replica):
    first, second = replica("a"), replica("b")
    assert await first.try_once()
    for _ in range(10):
        assert not await second.try_once()
        assert await first.try_once()
        await asyncio.sleep(0.3)


async def test_of_many_that_begin_at_once_exactly_one_gets_it(replica):
    leases = [replica(f"r{number}") for number in range(6)]
    assert sum(await asyncio.gather(*(lease.try_once() for lease in leases))) == 1
    assert sum(lease.is_held() for lease in leases) == 1


async def test_it_no_longer_counts_as_held_before_another_may_take_it(replica):
    """What safety rests on: at no time do two replicas believe that they hold it."""
    first, second = replica("a"), replica("b")
    assert await first.try_once()
    began = asyncio.get_running_loop().time()
    lost = taken = None
    while taken is None:
        both = first.is_held() and second.is_held()
        assert not both
        if lost is None and not first.is_held():
            lost = asyncio.get_running_loop().time() - began
        if await second.try_once():
            taken = asyncio.get_running_loop().time() - began
            assert not first.is_held()
        await asyncio.sleep(0.05)
    assert lost is not None
    assert lost <= TIMES.duration - TIMES.margin + 0.2
    assert TIMES.duration <= taken <= TIMES.duration + 1.0
    assert not await first.try_once()


async def test_a_clock_that_is_wrong_by_hours_takes_nothing_from_a_living_holder(replica):
    first, second = replica("a"), replica("b", timedelta(hours=5))
    assert await first.try_once()
    for _ in range(12):
        assert not await second.try_once()
        assert await first.try_once()
        await asyncio.sleep(0.25)


async def test_a_released_one_is_taken_at_once_and_not_asked_for_again(replica):
    first, second = replica("a"), replica("b")
    await first.try_once()
    await first.release()
    assert not first.is_held()
    assert await second.try_once()


async def test_a_replica_that_comes_back_under_its_name_goes_on(replica):
    first = replica("a")
    await first.try_once()
    assert await replica("a").try_once()


async def test_winning_and_losing_is_told_once_each(replica):
    told = []
    first = replica("a", told=told)
    await first.try_once()
    await first.try_once()
    assert told == ["a"]
    await asyncio.sleep(TIMES.duration + 0.1)
    thief = replica("b")
    await thief.try_once()  # from now on it knows the version that must not change
    await asyncio.sleep(TIMES.duration + 0.1)
    assert await thief.try_once()
    await first.try_once()
    assert told == ["a", "a"]


async def test_times_and_transitions_tell_the_story(replica, installed, namespace):
    first, second = replica("a"), replica("b")
    await first.try_once()
    await first.release()
    await second.try_once()
    spec = installed.get("lease", SYSTEM, f"failback-{namespace}")["spec"]
    assert (spec["holderIdentity"], spec["leaseTransitions"], spec["leaseDurationSeconds"]) == ("b", 1, 2)
