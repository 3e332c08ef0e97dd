"""The write-ahead record of effects, in the status of the object that they are about."""

import asyncio
import logging

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine, MasterTarget, RecoverySite
from failback_operator.domain.ports import Conflict
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.keys import MODELS
from failback_operator.runtime.kube import ApiError, Body, KubeClient

log = logging.getLogger(__name__)
MOST_ENTRIES = 50  # of status.ledger
UNSETTLED = frozenset({EffectOutcome.INTENDED, EffectOutcome.RUNNING, EffectOutcome.AMBIGUOUS})
SUPERSEDED = frozenset({EffectOutcome.INTENDED, EffectOutcome.RUNNING, EffectOutcome.AMBIGUOUS, EffectOutcome.NOT_SENT})
"""Stored outcomes that an answer of the service itself may replace; the others came from seeing the end."""
Owner = FailbackMachine | MasterTarget | RecoverySite
RETRY_SECONDS = 0.5
RETRY_LIMIT_SECONDS = 10.0


class LedgerStore:
    """Reads the ledger from the cache, writes it with an optimistic lock, and puts the answer back into the cache."""

    def __init__(self, client: KubeClient, cache: Cache) -> None:
        self._client = client
        self._cache = cache

    async def intend(self, owner: ObjectKey, entry: LedgerEntry, version: str) -> None:
        """Append `entry` if the owner still has that resourceVersion and no entry of that key. Raises Conflict, ApiError."""
        found = self._cached(owner)
        if found is None or found.metadata.resource_version != version:
            raise Conflict(f"{owner} changed since the decision")
        ledger = found.status.ledger
        if any(each.key == entry.key for each in ledger):
            raise Conflict(f"the ledger of {owner} already holds {entry.key}")
        await self._write(owner, with_room([*ledger, entry]), version)

    async def settle_observed(self, owner: ObjectKey, entry: LedgerEntry, version: str) -> None:
        """Replace the entry of that key if the owner still has that resourceVersion. Raises Conflict, ApiError."""
        found = self._cached(owner)
        if found is None or found.metadata.resource_version != version:
            raise Conflict(f"{owner} changed since it was looked at")
        await self._write(owner, _replaced(found.status.ledger, entry), version)

    async def settle(self, owner: ObjectKey, entry: LedgerEntry) -> None:
        """Replace the entry of that key with what the service answered. Tries until written; an owner that is gone is let go."""
        pause = RETRY_SECONDS
        while True:
            try:
                if await self._settle_once(owner, entry):
                    return
            except Conflict:
                continue
            except ApiError as error:
                log.warning("the outcome %s of %s cannot be written yet: %s", entry.outcome, entry.key, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_LIMIT_SECONDS)

    async def _settle_once(self, owner: ObjectKey, entry: LedgerEntry) -> bool:
        body = await self._client.get(owner)
        if body is None:
            log.warning("%s is gone; the outcome %s of %s is not recorded", owner, entry.outcome, entry.key)
            return True
        self._cache.put(owner.kind, body)
        found = MODELS[owner.kind].model_validate(body)
        if not isinstance(found, Owner):
            raise TypeError(f"{owner} has no ledger")
        stored = next((each for each in found.status.ledger if each.key == entry.key), None)
        if stored == entry or (stored is not None and stored.outcome not in SUPERSEDED):
            return True
        await self._write(owner, _replaced(found.status.ledger, entry), found.metadata.resource_version)
        return True

    def _cached(self, owner: ObjectKey) -> Owner | None:
        found = self._cache.get(owner)
        return found if isinstance(found, Owner) else None

    async def _write(self, owner: ObjectKey, ledger: list[LedgerEntry], version: str) -> None:
        status: Body = {"ledger": [each.wire() for each in ledger]}
        self._cache.put(owner.kind, await self._client.patch(owner, {"status": status}, version, is_status=True))


def with_room(ledger: list[LedgerEntry]) -> list[LedgerEntry]:
    """The ledger cut to what the status may hold: the oldest settled entries go first, unsettled ones never."""
    surplus = len(ledger) - MOST_ENTRIES
    settled = [each for each in ledger if each.outcome not in UNSETTLED]
    dropped = {each.key for each in settled[: max(0, surplus)]}
    return [each for each in ledger if each.key not in dropped]


def _replaced(ledger: list[LedgerEntry], entry: LedgerEntry) -> list[LedgerEntry]:
    """The ledger with `entry` in the place of the one with its key; at the end if there was none."""
    if any(each.key == entry.key for each in ledger):
        return [entry if each.key == entry.key else each for each in ledger]
    return with_room([*ledger, entry])
