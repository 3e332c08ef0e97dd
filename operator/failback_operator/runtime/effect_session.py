"""One effect's ledger and fresh decision: the intent is locked on the very object that was decided upon."""

import asyncio
from dataclasses import dataclass

from failback_operator.api.common import LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.decide.evaluate import evaluate
from failback_operator.domain.limits import Limits
from failback_operator.domain.ports import Clock, LeaseHolder
from failback_operator.domain.steps import Effect, ObjectKey
from failback_operator.runtime.background import Background
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.events import EventPoster
from failback_operator.runtime.keys import PLAN_KIND, TARGET_KIND
from failback_operator.runtime.kube import KubeClient
from failback_operator.runtime.ledger import LedgerStore
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.site_worker import SiteWorker
from failback_operator.runtime.views import site_view


@dataclass(frozen=True, slots=True)
class EffectTools:
    """What all effects need."""

    client: KubeClient
    cache: Cache
    ledger: LedgerStore
    events: EventPoster
    metrics: Metrics
    clock: Clock
    limits: Limits
    background: Background


@dataclass(frozen=True, slots=True)
class Site:
    """Where an effect is made: the site's worker and Lease."""

    worker: SiteWorker
    lease: LeaseHolder


class EffectSession:
    """The ports Ledger and Redecide of domain/ for one effect."""

    def __init__(self, site: Site, tools: EffectTools, room: asyncio.Semaphore) -> None:
        self._site = site
        self._tools = tools
        self._room = room
        self._has_room = False
        self._version = ""
        self._is_deciding = False

    async def still_wanted(self, effect: Effect) -> Effect | None:
        """Read objects, items and VMs again, decide again. Raises SourceFailed, ApiError."""
        for key in (self._site.worker.key.object_key, effect.owner, *self._depends_on(effect)):
            await self._refresh(key)
        site = self._tools.cache.site(self._site.worker.key)
        if site is None or self._tools.cache.get(effect.owner) is None:
            return None
        view = site_view(self._tools.cache, site, self._site.worker.snapshot(), self._tools.limits)
        # Read before the room is taken that all sites share: one whose sources are slow keeps no other's effects waiting.
        async with self._site.worker.reading:
            snapshot = await self._site.worker.fresh_snapshot(effect, view)
        if not await self._enter():
            return None
        # From here to the stored intent no other effect of the site decides: two that exclude each other (a reprotect, and a
        # fix of its master target) would else both be decided before either is seen.
        await self._site.worker.deciding.acquire()
        self._is_deciding = True
        current = self._tools.cache.site(self._site.worker.key)
        owner = self._tools.cache.get(effect.owner)
        if current is None or owner is None:
            return None
        self._version = owner.metadata.resource_version
        decision = evaluate(site_view(self._tools.cache, current, snapshot, self._tools.limits))
        # The very same call: what is stored (the assigned master target, the fix that was shown) tells of no other.
        return next((each for each in decision.effects if _is_same(each, effect)), None)

    async def intend(self, owner: ObjectKey, entry: LedgerEntry) -> None:
        """Append `entry`. Raises Conflict, ApiError."""
        try:
            await self._tools.ledger.intend(owner, entry, self._version)
        finally:
            self.release()

    async def _enter(self) -> bool:
        """Take the room; False where that took so long that what was read is no longer fresh: the next reconcile decides anew."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        if not self._has_room:
            await self._room.acquire()
            self._has_room = True
        return loop.time() - asked <= self._tools.limits.intent_valid.total_seconds()

    def leave(self) -> None:
        """Give the room back. To be called when the effect has ended, however it did."""
        self.release()
        if self._has_room:
            self._has_room = False
            self._room.release()

    def release(self) -> None:
        """Let the site's other effects decide."""
        if self._is_deciding:
            self._is_deciding = False
            self._site.worker.deciding.release()

    async def settle(self, owner: ObjectKey, entry: LedgerEntry) -> None:
        """Replace the entry of that key; tries until written."""
        await self._tools.ledger.settle(owner, entry)

    def _depends_on(self, effect: Effect) -> list[ObjectKey]:
        """The machine's plan and master target: a person may have lowered a stage or cordoned a moment ago."""
        owner = self._tools.cache.get(effect.owner)
        if not isinstance(owner, FailbackMachine):
            return []
        namespace, assigned = effect.owner.namespace, owner.status.assignment
        targets = {record.master_target for record in owner.spec.recorded} | {assigned.master_target if assigned else None}
        keys = [ObjectKey(TARGET_KIND, namespace, name) for name in sorted(each for each in targets if each)]
        return [ObjectKey(PLAN_KIND, namespace, owner.spec.plan_ref.name), *keys]

    async def _refresh(self, key: ObjectKey) -> None:
        """Never act on what the watch missed."""
        body = await self._tools.client.get(key)
        known = self._tools.cache.get(key)
        if body is not None:
            self._tools.cache.put(key.kind, body)
        elif known is not None:
            self._tools.cache.remove(key, int(known.metadata.resource_version or 0), known.metadata.uid)


def _is_same(found: Effect, effect: Effect) -> bool:
    return (found.key, found.owner, found.call) == (effect.key, effect.owner, effect.call)
