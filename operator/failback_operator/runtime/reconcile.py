"""One reconcile of a site: view → decision → objects, ledgers, statuses, effects.

Level-triggered: what it does follows from what is stored and seen, never from what it did before.
"""

import logging
import time
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from failback_operator.api.common import StatusBase
from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.decide.evaluate import evaluate
from failback_operator.decide.unassigned import evaluate_unassigned
from failback_operator.domain.decision import Settlement, SiteDecision
from failback_operator.domain.ports import Conflict
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.effect_session import EffectTools, Site
from failback_operator.runtime.effects import EffectRunner
from failback_operator.runtime.following import VmEffects
from failback_operator.runtime.keys import UNASSIGNED, AnyObject, SiteKey, key_of
from failback_operator.runtime.kube import ApiError
from failback_operator.runtime.lease import UNASSIGNED_LEASE, Lease, lease_name
from failback_operator.runtime.leases import Leases
from failback_operator.runtime.machine_objects import MachineObjects
from failback_operator.runtime.site_worker import SiteWorker, WorkerTools
from failback_operator.runtime.status_writer import StatusWriter
from failback_operator.runtime.views import site_view, unassigned_view

log = logging.getLogger(__name__)
SOON_SECONDS = 0.3
WAIT_SECONDS = 1.0


class UnreadableError(Exception):
    """Objects of the namespace do not fit our models: nothing there is judged, since it would be judged without them."""


@dataclass(slots=True)
class _Writes:
    """Writes of one reconcile: each object's failure stays its own; the first error is raised when all were tried.

    `count`: those that give cause to decide again (objects made or changed, ledgers settled).
    """

    count: int = 0
    conflicts: list[ObjectKey] = field(default_factory=list)
    errors: list[ApiError] = field(default_factory=list)

    async def attempt(self, key: ObjectKey, write: Awaitable[bool]) -> None:
        try:
            self.count += await write
        except Conflict as conflict:
            log.debug("%s: %s", key, conflict)
            self.conflicts.append(key)
        except ApiError as error:
            # One that was deleted meanwhile comes as an event.
            if error.status != 404:
                self.errors.append(error)


@dataclass(frozen=True, slots=True)
class Hands:
    """What a reconcile writes and acts with."""

    tools: EffectTools
    leases: Leases
    worker_tools: WorkerTools
    machines: MachineObjects
    statuses: StatusWriter
    runner: EffectRunner
    vm_effects: VmEffects


class Reconciler:
    """Reconciles keys. One key is never reconciled by two at a time (the queue sees to that)."""

    def __init__(self, hands: Hands, resync_seconds: float) -> None:
        self._hands = hands
        self._cache = hands.tools.cache
        self._resync = resync_seconds
        self._workers: dict[SiteKey, SiteWorker] = {}

    async def reconcile(self, key: SiteKey) -> float:
        """Bring `key` up to date; the seconds after which it is to be looked at again. Raises ApiError, UnreadableError."""
        if key == UNASSIGNED:
            return await self._reconcile_unassigned()
        site = self._cache.site(key)
        if site is None:
            await self._drop(key)
            return self._resync
        lease = self._hands.leases.get(lease_name(site))
        if not lease.is_held():
            await self._drop(key)
            return self._resync
        self._check_readable(key)
        worker = self._workers.get(key)
        if worker is not None and worker.uid != site.metadata.uid:
            # Deleted and made anew: only within one life is its vault immutable, so nothing read before counts.
            await self._drop(key)
            worker = None
        if worker is None:
            worker = self._workers[key] = SiteWorker(site, self._hands.worker_tools)
        worker.update(site)
        return await self._reconcile_site(site, worker, lease)

    async def close(self) -> None:
        """Stop observing everything."""
        for key in tuple(self._workers):
            await self._drop(key)

    def lease_names(self) -> frozenset[str]:
        """The Leases that are needed."""
        return frozenset({UNASSIGNED_LEASE, *(lease_name(site) for site in self._cache.sites())})

    def keys_of_lease(self, name: str) -> Iterator[SiteKey]:
        """What is reconciled under a Lease."""
        if name == UNASSIGNED_LEASE:
            yield UNASSIGNED
        yield from (SiteKey(each.namespace, each.name) for each in self._cache.sites() if lease_name(each) == name)

    async def _reconcile_site(self, site: RecoverySite, worker: SiteWorker, lease: Lease) -> float:
        snapshot = worker.snapshot()
        view = site_view(self._cache, site, snapshot, self._hands.tools.limits)
        is_searched = await worker.search(view)
        if site.status.conditions and not (is_searched and worker.is_read()):
            # It was judged before, and what is known now is less than what stands there.
            return WAIT_SECONDS
        began = time.thread_time()
        decision = evaluate(view)
        self._hands.tools.metrics.evaluation_seconds.observe(time.thread_time() - began)
        writes = _Writes()
        await self._write(decision, view, lease, writes)
        worker.follow(decision, view)
        self._hands.tools.metrics.show((site.namespace, site.name), view.machines, snapshot.vault.facts)
        if not writes.conflicts and not writes.errors:
            self._act(decision, view, Site(worker, lease))
        await self._mend(writes)
        return SOON_SECONDS if writes.conflicts or writes.count else self._next(decision, snapshot.as_of)

    async def _write(self, decision: SiteDecision, view: SiteView, lease: Lease, writes: _Writes) -> None:
        """Objects first, then ledgers, then statuses: what reprotect destroys is stored before anything follows from it."""
        seen = _objects(view)
        for wanted in decision.machines:
            if lease.is_held():
                await writes.attempt(wanted.key, self._hands.machines.ensure(wanted, seen.get(wanted.key)))
        for settlement in decision.settlements:
            if lease.is_held() and settlement.owner not in self._hands.runner.busy:
                await writes.attempt(settlement.owner, self._settle(settlement, seen))
        has_new_facts = writes.count > 0
        await self._write_statuses(decision.statuses, lease, writes, view.snapshot.as_of)
        for key in decision.machines_to_delete:
            if lease.is_held() and key in seen:
                await writes.attempt(key, self._hands.machines.delete(key, seen[key]))
        writes.count = int(has_new_facts)

    async def _settle(self, settlement: Settlement, seen: dict[ObjectKey, AnyObject]) -> bool:
        owner = seen[settlement.owner]
        if owner is not self._cache.get(settlement.owner):
            raise Conflict(f"{settlement.owner} changed since it was judged")
        await self._hands.tools.ledger.settle_observed(settlement.owner, settlement.entry, owner.metadata.resource_version)
        return True

    async def _write_statuses(self, statuses: dict[ObjectKey, StatusBase], lease: Lease, writes: _Writes, now: datetime) -> None:
        for key, status in statuses.items():
            found = self._cache.get(key)
            if found is not None and lease.is_held() and key not in self._hands.runner.busy and _is_about(status, found):
                await writes.attempt(key, self._hands.statuses.write(found, status, now))

    def _act(self, decision: SiteDecision, view: SiteView, site: Site) -> None:
        for effect in decision.effects:
            if site.lease.is_held():
                self._hands.runner.start(effect, site)
        self._hands.vm_effects.follow(view, site)

    async def _reconcile_unassigned(self) -> float:
        lease = self._hands.leases.get(UNASSIGNED_LEASE)
        await self._hands.leases.keep_only(self.lease_names())
        if not lease.is_held():
            return self._resync
        writes = _Writes()
        statuses = evaluate_unassigned(unassigned_view(self._cache))
        await self._write_statuses(statuses, lease, writes, self._hands.tools.clock.now())
        await self._mend(writes)
        return SOON_SECONDS if writes.conflicts else self._resync

    async def _mend(self, writes: _Writes) -> None:
        """Read again what was not as expected, then tell of the first error."""
        for key in writes.conflicts:
            body = await self._hands.tools.client.get(key)
            if body is not None:
                self._cache.put(key.kind, body)
        if writes.errors:
            raise writes.errors[0]

    async def _drop(self, key: SiteKey) -> None:
        worker = self._workers.pop(key, None)
        if worker is not None:
            await worker.close()
            self._hands.tools.metrics.show((key.namespace, key.name), (), None)

    def _check_readable(self, key: SiteKey) -> None:
        unreadable = self._cache.unreadable(key.namespace)
        if unreadable:
            texts = "; ".join(f"{each}: {text}" for each, text in unreadable.items())
            raise UnreadableError(f"namespace {key.namespace} is not judged: {texts}")

    def _next(self, decision: SiteDecision, now: datetime) -> float:
        if decision.recheck_at is None:
            return self._resync
        return min(self._resync, max(SOON_SECONDS, (decision.recheck_at - now).total_seconds()))


def _objects(view: SiteView) -> dict[ObjectKey, AnyObject]:
    """The objects of a view by key."""
    found: list[AnyObject] = [view.site, *view.targets, *view.servers, *view.plans, *view.machines]
    return {key_of(each): each for each in found}


def _is_about(status: StatusBase, found: AnyObject) -> bool:
    """Whether the status was decided from this generation of the object."""
    return status.observed_generation in {None, found.metadata.generation}
