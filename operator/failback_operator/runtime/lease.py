"""Leases: which replica may write for a vault. Safety rule 6.

As client-go does, another holder's Lease counts as ended when it has not changed for its duration by *our* clock, since
the clocks of two machines differ. Source: https://kubernetes.io/docs/concepts/architecture/leases/
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.domain.ports import Clock, Conflict
from failback_operator.runtime.kube import ApiError, Body, KubeClient
from failback_operator.runtime.settings import LeaseTimes

log = logging.getLogger(__name__)
UNASSIGNED_LEASE = "failback-unassigned"
DIGEST_LENGTH = 16


def lease_name(site: RecoverySite) -> str:
    """The Lease of the site's vault: the same for all sites on it, in whatever namespace and case.

    The fabric is no part of it: a spec may give its name or its friendly name, and which fabric that is is known only once the
    vault was read, which needs the Lease. So all sites that may be on one fabric are in one hand from the start.
    """
    vault = site.spec.vault
    parts = (vault.subscription_id, vault.resource_group, vault.name)
    digest = hashlib.sha256("/".join(parts).casefold().encode()).hexdigest()[:DIGEST_LENGTH]
    return f"failback-{digest}"


@dataclass(frozen=True, slots=True)
class LeasePlace:
    """Where our Leases are and who we are in them."""

    client: KubeClient
    namespace: str
    identity: str


class Lease:
    """One Lease, asked for and renewed while `run` runs. `on_change` is told when it is won or lost."""

    def __init__(self, name: str, place: LeasePlace, times: LeaseTimes, clock: Clock, on_change: Callable[[str], None]) -> None:
        self.name = name
        self._place = place
        self._times = times
        self._clock = clock
        self._on_change = on_change
        self._held_until = float("-inf")
        self._was_held = False
        self._seen: tuple[str, float] = ("", 0.0)
        self._is_leaving = False

    def is_held(self) -> bool:
        """True while the Lease is surely ours."""
        return not self._is_leaving and asyncio.get_running_loop().time() < self._held_until

    async def run(self) -> None:
        """Ask for the Lease and renew it until cancelled. Never raises for what the API server does."""
        while True:
            interval = self._times.renew if await self.try_once() else self._times.retry
            await asyncio.sleep(interval * random.uniform(0.8, 1.0))  # noqa: S311 - only to spread the calls

    async def try_once(self) -> bool:
        """One attempt to take or renew it; whether it is held now."""
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._times.renew):
                is_ours = await self._take()
            if is_ours:
                # From before the call: the server's time of renewal cannot be earlier.
                self._held_until = began + self._times.duration - self._times.margin
        except (ApiError, Conflict, TimeoutError) as error:
            log.debug("Lease %s: %s", self.name, error)
        self._tell()
        return self.is_held()

    async def release(self) -> None:
        """Let others have it at once. To be called when no effect runs any more."""
        was_held, self._is_leaving = self.is_held(), True
        if not was_held:
            return
        try:
            found = await self._place.client.lease(self._place.namespace, self.name)
            if found is not None and _spec(found).get("holderIdentity") == self._place.identity:
                await self._replace(found, {**_spec(found), "holderIdentity": "", "leaseDurationSeconds": 1})
        except (ApiError, Conflict) as error:
            log.info("Lease %s could not be released and ends by itself: %s", self.name, error)

    async def _take(self) -> bool:
        found = await self._place.client.lease(self._place.namespace, self.name)
        if found is None:
            metadata: Body = {"name": self.name, "namespace": self._place.namespace}
            body: Body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": self._ours({})}
            await self._place.client.create_lease(self._place.namespace, body)
            return True
        spec = _spec(found)
        holder = str(spec.get("holderIdentity") or "")
        if holder != self._place.identity and not self._has_ended(found, holder):
            return False
        await self._replace(found, self._ours(spec))
        return True

    def _has_ended(self, found: Body, holder: str) -> bool:
        """Whether another's Lease has ended: it was released, or did not change for its duration since we first saw it so."""
        if not holder:
            return True
        version = str(_metadata(found).get("resourceVersion"))
        now = asyncio.get_running_loop().time()
        if self._seen[0] != version:
            self._seen = (version, now)
        duration = float(str(_spec(found).get("leaseDurationSeconds") or self._times.duration))
        return now - self._seen[1] > duration

    def _ours(self, found: Body) -> Body:
        """The Lease's spec with us as holder; a change of holder begins a new term."""
        now = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        is_renewal = found.get("holderIdentity") == self._place.identity
        return {
            "holderIdentity": self._place.identity,
            "leaseDurationSeconds": max(1, round(self._times.duration)),
            "renewTime": now,
            "acquireTime": found.get("acquireTime") if is_renewal else now,
            "leaseTransitions": int(str(found.get("leaseTransitions") or 0)) + (0 if is_renewal or not found else 1),
        }

    async def _replace(self, found: Body, spec: Body) -> None:
        await self._place.client.replace_lease(self._place.namespace, self.name, {**found, "spec": spec})

    def _tell(self) -> None:
        if self.is_held() != self._was_held:
            self._was_held = not self._was_held
            log.info("Lease %s %s", self.name, "is ours" if self._was_held else "is not ours any more")
            self._on_change(self.name)


def _metadata(found: Body) -> Body:
    value = found.get("metadata")
    return value if isinstance(value, dict) else {}


def _spec(found: Body) -> Body:
    value = found.get("spec")
    return value if isinstance(value, dict) else {}
