"""Follows effects on VMs to their end, over restarts: what the ledger says is running is looked at until it is over."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from failback_operator.act.vsphere import MachineFollower, Progress
from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine, MasterTarget
from failback_operator.domain.hard_off import may_switch_off
from failback_operator.domain.reading import SourceFailed
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import EffectKind, MachineCall, ObjectKey
from failback_operator.domain.tasks import TaskPhase
from failback_operator.runtime.effect_session import EffectTools, Site
from failback_operator.runtime.keys import SiteKey, key_of
from failback_operator.runtime.touched import holders_of, machine_calls
from failback_operator.runtime.views import site_view

log = logging.getLogger(__name__)
MESSAGE_LENGTH = 1024  # of LedgerEntry.message
OUTCOMES = {TaskPhase.SUCCEEDED: EffectOutcome.SUCCEEDED, TaskPhase.FAILED: EffectOutcome.FAILED}


class VmEffects:
    """Keeps one task for each object with an effect on a VM that runs: a MasterTarget, or a FailbackMachine."""

    def __init__(
        self, tools: EffectTools, interval_seconds: float, shutdown: timedelta, again: Callable[[SiteKey, float], None]
    ) -> None:
        self._tools = tools
        self._interval = interval_seconds
        self._shutdown = shutdown
        self._again = again
        self._running: dict[ObjectKey, asyncio.Task[None]] = {}

    def follow(self, view: SiteView, site: Site) -> None:
        """Begin to follow what runs on the VMs of the site's master targets and machines and is not followed yet."""
        owners: list[MasterTarget | FailbackMachine] = [*view.targets, *view.machines]
        due = [each for each in owners if _running(each) and key_of(each) not in self._running]
        calls = machine_calls(view) if due else {}
        for each in due:
            key = key_of(each)
            if key in calls:
                self._running[key] = self._tools.background.start(f"follow {key}", self._follow(key, calls[key], site))

    async def _follow(self, key: ObjectKey, call: MachineCall, site: Site) -> None:
        follower = MachineFollower(site.worker.vcenter, site.lease, self._tools.clock, self._shutdown)
        try:
            while site.lease.is_held() and (entry := self._entry(key)) is not None:
                try:
                    await self._note(key, entry, await follower.follow(self._as_allowed(key, call, site), entry))
                except SourceFailed as failed:
                    log.info("%s of %s cannot be followed now: %s", entry.effect, key, failed)
                await asyncio.sleep(self._interval)
        except Exception:
            log.exception("following %s failed", key)
        finally:
            self._running.pop(key, None)
            self._again(site.worker.key, self._interval)

    def _as_allowed(self, key: ObjectKey, call: MachineCall, site: Site) -> MachineCall:
        """With the leave to switch the VM off as it is now: it may be given or taken while a guest is waited for."""
        owner, own_site = self._tools.cache.get(key), self._tools.cache.site(site.worker.key)
        if not isinstance(owner, MasterTarget) or own_site is None or not owner.spec.allow_hard_power_off:
            return replace(call, allow_hard_off=False)
        view = site_view(self._tools.cache, own_site, site.worker.snapshot(), self._tools.limits)
        return replace(call, allow_hard_off=may_switch_off(owner, holders_of(owner, view)))

    def _entry(self, key: ObjectKey) -> LedgerEntry | None:
        found = self._tools.cache.get(key)
        return _running(found) if isinstance(found, MasterTarget | FailbackMachine) else None

    async def _note(self, key: ObjectKey, entry: LedgerEntry, progress: Progress) -> None:
        """Write what became of it, if that is news."""
        outcome = OUTCOMES.get(progress.phase, EffectOutcome.RUNNING)
        if outcome is EffectOutcome.RUNNING and progress.job == entry.job:
            return
        is_over = outcome is not EffectOutcome.RUNNING
        changes = {
            "outcome": outcome,
            "job": progress.job,
            "message": progress.message[:MESSAGE_LENGTH] or None,
            "settled_at": self._tools.clock.now().replace(microsecond=0) if is_over else None,
        }
        await self._tools.ledger.settle(key, entry.model_copy(update=changes))
        if is_over:
            log.info("%s of %s: %s %s", entry.effect, key, outcome, progress.message)


def _running(owner: MasterTarget | FailbackMachine) -> LedgerEntry | None:
    """What runs on its VM: of a machine not the steps of its item, which the vault's jobs tell of."""
    running = (each for each in owner.status.ledger if each.outcome is EffectOutcome.RUNNING and each.job)
    return next((each for each in running if isinstance(owner, MasterTarget) or EffectKind(each.effect).is_on_request), None)
