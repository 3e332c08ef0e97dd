"""Performs decided effects: one at a time for each owner, so many at a time in all, each behind the guard."""

import asyncio
import logging
from collections.abc import Callable

from failback_operator.act.azure import AzureTransport
from failback_operator.act.azure_vault import VaultTransport
from failback_operator.act.guard import Guard, Outcome, PerformResult
from failback_operator.act.vsphere import VsphereTransport
from failback_operator.domain.ports import Conflict, Transport
from failback_operator.domain.reading import SourceFailed
from failback_operator.domain.steps import Effect, EffectKind, ObjectKey
from failback_operator.runtime.effect_session import EffectSession, EffectTools, Site
from failback_operator.runtime.events import Transition
from failback_operator.runtime.keys import SiteKey
from failback_operator.runtime.kube import ApiError

log = logging.getLogger(__name__)
QUIET = frozenset({PerformResult.NOT_WANTED, PerformResult.CONFLICT, PerformResult.NO_LEASE})
"""Nothing happened, and the next reconcile decides anew."""
SOON_SECONDS = 0.5
RETRY_SECONDS = 5.0


class EffectRunner:
    """Keeps the tasks of effects. `again` asks for the next reconcile of a site after so many seconds."""

    def __init__(self, tools: EffectTools, at_a_time: int, again: Callable[[SiteKey, float], None]) -> None:
        self._tools = tools
        self._room = asyncio.Semaphore(at_a_time)
        self._again = again
        self._running: dict[ObjectKey, asyncio.Task[None]] = {}
        self._not_before: dict[ObjectKey, float] = {}
        self._is_draining = False

    @property
    def busy(self) -> frozenset[ObjectKey]:
        """Owners with an effect under way: their status is the effect's to write."""
        return frozenset(self._running)

    def start(self, effect: Effect, site: Site) -> None:
        """Begin `effect` unless one of its owner is under way, or ended a moment ago without having been sent."""
        rests = asyncio.get_running_loop().time() < self._not_before.get(effect.owner, 0.0)
        if not self._is_draining and not rests and effect.owner not in self._running:
            name = f"effect {effect.owner} {effect.key}"
            self._running[effect.owner] = self._tools.background.start(name, self._run(effect, site))

    async def drain(self, limit_seconds: float) -> None:
        """Begin nothing more, and let what is under way come to its end."""
        self._is_draining = True
        if self._running:
            await asyncio.wait(self._running.values(), timeout=limit_seconds)

    async def _run(self, effect: Effect, site: Site) -> None:
        delay = RETRY_SECONDS
        try:
            outcome = await self._perform(effect, site)
            delay = SOON_SECONDS if outcome.result in QUIET else 0.0
        except (SourceFailed, ApiError, Conflict) as error:
            # Before the intent: nothing was sent. After it: the ledger tells, and observation settles it.
            log.warning("%s of %s was not begun: %s", effect.kind, effect.owner, error, extra=_extra(effect))
            self._tools.metrics.effects.labels(effect.kind, "Unread").inc()
            delay = max(delay, _retry_after(error))
        except Exception:
            log.exception("%s of %s failed", effect.kind, effect.owner, extra=_extra(effect))
            self._tools.metrics.effects.labels(effect.kind, "Error").inc()
        finally:
            self._running.pop(effect.owner, None)
            self._not_before[effect.owner] = asyncio.get_running_loop().time() + delay
            self._again(site.worker.key, delay)

    async def _perform(self, effect: Effect, site: Site) -> Outcome:
        session = EffectSession(site, self._tools, self._room)
        guard = Guard(
            lease=site.lease,
            ledger=session,
            clock=self._tools.clock,
            redecide=session,
            transports=_transports(site),
            limits=self._tools.limits,
        )
        try:
            outcome = await guard.perform(effect)
        finally:
            session.leave()
        self._tools.metrics.effects.labels(effect.kind, outcome.result).inc()
        level = logging.DEBUG if outcome.result in QUIET else logging.INFO
        log.log(level, "%s of %s: %s %s", effect.kind, effect.owner, outcome.result, outcome.message, extra=_extra(effect))
        owner = self._tools.cache.get(effect.owner)
        if outcome.result not in QUIET and owner is not None:
            said = f": {outcome.message}" if outcome.message else ""
            text = f"{effect.description or effect.kind} ({outcome.result}{said})"
            is_warning = outcome.result is not PerformResult.ACCEPTED
            await self._tools.events.post(owner, Transition(effect.kind, text, is_warning), self._tools.clock.now())
        return outcome


def _transports(site: Site) -> dict[EffectKind, Transport]:
    items, vault = AzureTransport(site.worker.site_recovery), VaultTransport(site.worker.site_recovery)
    vsphere = VsphereTransport(site.worker.vcenter)
    return {kind: items if kind.is_on_item else vault if kind.is_on_vault else vsphere for kind in EffectKind}


def _retry_after(error: Exception) -> float:
    """How long the other side asks to be left alone."""
    wait = error.error.retry_after if isinstance(error, SourceFailed) else None
    return wait.total_seconds() if wait is not None else 0.0


def _extra(effect: Effect) -> dict[str, str]:
    return {"effect": effect.key, "object": str(effect.owner), "namespace": effect.owner.namespace}
