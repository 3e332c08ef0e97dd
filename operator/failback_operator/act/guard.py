"""The one gate to every effect: lease, fresh decision, stored intent, clock, one call, record. Safety rule 3 of the design."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.domain.limits import Limits
from failback_operator.domain.ports import (
    Accepted,
    Clock,
    Conflict,
    LeaseHolder,
    Ledger,
    Lost,
    Redecide,
    Refused,
    SendResult,
    Transport,
    Unnamed,
)
from failback_operator.domain.steps import Effect, EffectKind

MESSAGE_LENGTH = 1024  # of LedgerEntry.message
JOB_LENGTH = 253  # of LedgerEntry.job


class PerformResult(StrEnum):
    """How far an effect came."""

    NO_LEASE = "NoLease"
    NOT_WANTED = "NotWanted"
    CONFLICT = "Conflict"
    NOT_SENT = "NotSent"
    ACCEPTED = "Accepted"
    REFUSED = "Refused"
    LOST = "Lost"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an effect; `entry` is the ledger's entry as it was left, None where no intent was written."""

    result: PerformResult
    entry: LedgerEntry | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """Performs decided effects, each key at most once.

    The ledger is truthful wherever this is interrupted: an entry that stays Intended says that nobody knows yet, and is settled
    by observation after its notAfter and the request's time-out.
    """

    lease: LeaseHolder
    ledger: Ledger
    clock: Clock
    redecide: Redecide
    transports: Mapping[EffectKind, Transport]
    limits: Limits

    async def perform(self, effect: Effect) -> Outcome:
        """Make `effect` happen if it is still wanted. Raises what the ledger and the fresh reading raise, and cancellation."""
        if not self.lease.is_held():
            return Outcome(PerformResult.NO_LEASE, message="the lease is not held")
        wanted = await self.redecide.still_wanted(effect)
        if wanted is None or wanted.key != effect.key:
            return Outcome(PerformResult.NOT_WANTED, message="a fresh reading no longer asks for it")
        if not self.lease.is_held():
            return Outcome(PerformResult.NO_LEASE, message="the lease was lost while reading")
        return await self._intend_and_send(wanted)

    async def _intend_and_send(self, effect: Effect) -> Outcome:
        """Store the intent, then send while lease and time allow."""
        entry = self._intent(effect)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.limits.intent_valid.total_seconds()
        try:
            await self.ledger.intend(effect.owner, entry)
        except Conflict as conflict:
            return Outcome(PerformResult.CONFLICT, message=str(conflict) or "the owner changed since the decision")
        if not self.lease.is_held():
            # Only the holder writes status: whoever holds it now finds the intent and settles it.
            return Outcome(PerformResult.NO_LEASE, entry, "the lease was lost before sending")
        # The monotonic deadline stands for a wall clock that was set back in between.
        if self.clock.now() > entry.not_after or loop.time() > deadline:
            late = self._settled(entry, EffectOutcome.NOT_SENT, message="not sent: the time to send it had passed")
            return await self._settle(effect, late, PerformResult.NOT_SENT)
        return await self._record(effect, entry, await self._send(effect))

    def _intent(self, effect: Effect) -> LedgerEntry:
        """The entry to be stored. Times are whole seconds, as they are stored: what is compared is what others read."""
        now = self.clock.now()
        return LedgerEntry(
            key=effect.key,
            effect=effect.kind,
            intended_at=_whole(now),
            not_after=_whole(now + self.limits.intent_valid),
            outcome=EffectOutcome.INTENDED,
        )

    async def _send(self, effect: Effect) -> SendResult:
        """The one call, bounded in time: what has no answer by then is lost."""
        limit = self.limits.request_timeout
        try:
            async with asyncio.timeout(limit.total_seconds()):
                return await self.transports[effect.kind].send(effect)
        except TimeoutError:
            return Lost(f"no answer within {limit.total_seconds():g} s")

    async def _record(self, effect: Effect, entry: LedgerEntry, answer: SendResult) -> Outcome:
        """Store the answer; a lost one leaves the intent as it stands."""
        match answer:
            case Accepted(job):
                outcome = EffectOutcome.RUNNING if job else EffectOutcome.SUCCEEDED
                return await self._settle(effect, self._settled(entry, outcome, job=job), PerformResult.ACCEPTED)
            case Unnamed(message):
                text = f"{message}: it counts as taken, and is not made again until a person says so"
                return await self._settle(effect, self._settled(entry, EffectOutcome.AMBIGUOUS, message=text), PerformResult.LOST)
            case Refused(message):
                refused = self._settled(entry, EffectOutcome.REFUSED, message=message)
                return await self._settle(effect, refused, PerformResult.REFUSED)
            case Lost(message):
                return Outcome(PerformResult.LOST, entry, message)
            case _:
                assert_never(answer)

    def _settled(
        self, entry: LedgerEntry, outcome: EffectOutcome, *, job: str | None = None, message: str | None = None
    ) -> LedgerEntry:
        """`entry` with what became of it, cut to what the status may hold."""
        is_final = outcome is not EffectOutcome.RUNNING
        return entry.model_copy(
            update={
                "outcome": outcome,
                "job": job[:JOB_LENGTH] if job else None,
                "message": message[:MESSAGE_LENGTH] if message else None,
                "settled_at": _whole(self.clock.now()) if is_final else None,
            }
        )

    async def _settle(self, effect: Effect, entry: LedgerEntry, result: PerformResult) -> Outcome:
        """Write `entry`. A cancellation waits for the write: it holds the only record of the answer."""
        writing = asyncio.ensure_future(self.ledger.settle(effect.owner, entry))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing}, timeout=self.limits.request_timeout.total_seconds())
            raise
        return Outcome(result, entry, entry.message or "")


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
