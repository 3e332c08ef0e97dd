"""Wherever the operator dies, loses its lease or its time: at most one call for each key, and never an untrue ledger."""

import asyncio
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from failback_operator.act.guard import Guard
from failback_operator.api.common import EffectOutcome
from failback_operator.domain.limits import Limits
from failback_operator.domain.ports import Accepted, Lost, Refused, Unnamed
from failback_operator.domain.steps import EffectKind

from .ports import START, FakeClock, FakeLease, FakeLedger, FakeRedecide, FakeTransport, World, effect, later

KEYS = ("Reprotect/1", "Reprotect/2")
LIMITS = Limits()


class Killed(BaseException):
    """The process dies here: nothing after this point runs."""


@dataclass(frozen=True)
class Turn:
    """One life of the operator: which effect it tries, at which point it dies, what moves meanwhile."""

    key: str
    dies_at: int | None
    cancelled_at: int | None
    loses_lease_at: int | None
    clock_jumps: dict[int, float]
    answer: object


points = st.none() | st.integers(0, 9)
turns = st.builds(
    Turn,
    key=st.sampled_from(KEYS),
    dies_at=points,
    cancelled_at=points,
    loses_lease_at=points,
    clock_jumps=st.dictionaries(st.integers(0, 9), st.floats(-40, 40), max_size=3),
    answer=st.sampled_from([Accepted("job"), Accepted(None), Refused("no"), Lost("?"), Unnamed("200")]),
)


async def live(world: World, turn: Turn) -> None:
    """One life. The fake transport asserts what must hold at each call."""
    world.lease_held = True
    world.answer = turn.answer  # type: ignore[assignment]
    count = 0

    def script(_: str) -> None:
        nonlocal count
        here, count = count, count + 1
        world.now += later(turn.clock_jumps.get(here, 0))
        if here == turn.loses_lease_at:
            world.lease_held = False
        if here == turn.cancelled_at:
            running.cancel()
        if here == turn.dies_at:
            raise Killed

    world.script = script
    guard = Guard(
        FakeLease(world),
        FakeLedger(world),
        FakeClock(world),
        FakeRedecide(world),
        {EffectKind.REPROTECT: FakeTransport(world)},
        LIMITS,
    )

    async def perform() -> None:
        try:
            await guard.perform(effect(turn.key))
        except Killed:
            # A task must not end in a BaseException: the loop would stop with it.
            return

    running = asyncio.ensure_future(perform())
    await asyncio.wait({running})
    if not running.cancelled():
        running.result()


@given(st.lists(turns, min_size=1, max_size=6))
def test_at_most_one_call_a_key_and_a_truthful_ledger(lives: list[Turn]) -> None:
    world = World(now=START)

    async def all_lives() -> None:
        for turn in lives:
            await live(world, turn)

    asyncio.run(all_lives())
    for key in KEYS:
        assert world.sent.count(key) <= 1
    for key, entry in world.entries.items():
        if entry.outcome in {EffectOutcome.RUNNING, EffectOutcome.SUCCEEDED, EffectOutcome.REFUSED, EffectOutcome.AMBIGUOUS}:
            assert key in world.sent
        if entry.outcome is EffectOutcome.NOT_SENT:
            assert key not in world.sent
