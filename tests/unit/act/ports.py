"""In-memory implementations of the guard's ports, in which every call is a point where things may happen."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Accepted, Conflict, SendResult
from failback_operator.domain.steps import Effect, EffectKind, ItemCall, ObjectKey

START = datetime(2026, 11, 24, 8, 0, 0, 700_000, tzinfo=UTC)
OWNER = ObjectKey("FailbackMachine", "dr", "payroll-db-1")
ITEM = ArmId(
    "/Subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/v"
    "/replicationFabrics/f/replicationProtectionContainers/c/replicationProtectedItems/i"
)


def effect(key: str = "Reprotect/1") -> Effect:
    return Effect(key, EffectKind.REPROTECT, OWNER, ItemCall(ITEM, "reProtect", {"properties": {}}), (ITEM,))


@dataclass
class World:
    """What happens at each point: `script` gets the point's name before it is passed."""

    script: Callable[[str], None] = lambda _: None
    now: datetime = START
    lease_held: bool = True
    wanted: bool = True
    answer: SendResult | BaseException = field(default_factory=lambda: Accepted("job-1"))
    send_seconds: float = 0.0
    settle_seconds: float = 0.0
    conflict: bool = False
    entries: dict[str, LedgerEntry] = field(default_factory=dict)
    trace: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def at(self, point: str) -> None:
        self.trace.append(point)
        self.script(point)


@dataclass
class FakeClock:
    world: World

    def now(self) -> datetime:
        return self.world.now


@dataclass
class FakeLease:
    world: World

    def is_held(self) -> bool:
        self.world.at("lease")
        return self.world.lease_held


@dataclass
class FakeLedger:
    """Keeps entries by key, as the status does; refuses a key that is there (the object changed since it was read)."""

    world: World

    async def intend(self, owner: ObjectKey, entry: LedgerEntry) -> None:
        assert owner == OWNER
        self.world.at("intend")
        await asyncio.sleep(0)
        if self.world.conflict or entry.key in self.world.entries:
            raise Conflict("the object has been modified")
        # As stored: whole seconds.
        self.world.entries[entry.key] = LedgerEntry.model_validate(entry.wire())
        self.world.at("intended")
        await asyncio.sleep(0)

    async def settle(self, owner: ObjectKey, entry: LedgerEntry) -> None:
        assert owner == OWNER
        self.world.at("settle")
        await asyncio.sleep(self.world.settle_seconds)
        assert entry.key in self.world.entries
        self.world.entries[entry.key] = LedgerEntry.model_validate(entry.wire())
        self.world.at("settled")


@dataclass
class FakeRedecide:
    world: World

    async def still_wanted(self, asked: Effect) -> Effect | None:
        self.world.at("redecide")
        await asyncio.sleep(0)
        return asked if self.world.wanted else None


@dataclass
class FakeTransport:
    """The other side: every call of `send` counts, and must find what the safety rule asks for."""

    world: World

    async def send(self, sent: Effect) -> SendResult:
        entry = self.world.entries.get(sent.key)
        assert entry is not None, "sent without a stored intent"
        assert entry.outcome is EffectOutcome.INTENDED, f"sent when the ledger said {entry.outcome}"
        assert self.world.now <= entry.not_after, "sent after notAfter"
        assert self.world.lease_held, "sent without the lease"
        self.world.at("send")
        self.world.sent.append(sent.key)
        await asyncio.sleep(self.world.send_seconds)
        self.world.at("answer")
        if isinstance(self.world.answer, BaseException):
            raise self.world.answer
        return self.world.answer


def later(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
