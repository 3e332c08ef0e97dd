"""All Leases that this replica asks for, by name."""

import asyncio
from collections.abc import Callable, Iterable

from failback_operator.domain.ports import Clock
from failback_operator.runtime.background import Background
from failback_operator.runtime.lease import Lease, LeasePlace
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.settings import LeaseTimes


class Leases:
    """Keeps one `Lease` with its task for each name in use. `on_change` is told the name of one that was won or lost."""

    def __init__(self, place: LeasePlace, times: LeaseTimes, clock: Clock, background: Background, metrics: Metrics) -> None:
        self._place = place
        self._times = times
        self._clock = clock
        self._background = background
        self._metrics = metrics
        self._leases: dict[str, tuple[Lease, asyncio.Task[None]]] = {}
        self.on_change: Callable[[str], None] = lambda _: None

    def get(self, name: str) -> Lease:
        """The Lease of that name, asked for from now on."""
        if name not in self._leases:
            lease = Lease(name, self._place, self._times, self._clock, self._changed)
            self._leases[name] = (lease, self._background.keep(f"Lease {name}", lambda: self._run(lease)))
        return self._leases[name][0]

    async def keep_only(self, names: Iterable[str]) -> None:
        """Give up those that nothing needs any more."""
        for name in self._leases.keys() - set(names):
            lease, task = self._leases.pop(name)
            await self._background.stop(task)
            await lease.release()

    async def release_all(self) -> None:
        """Give up all, so that others need not wait for their end."""
        await self.keep_only(())

    async def _run(self, lease: Lease) -> None:
        # Replicas that hold less come first, so that sites spread over those that start together.
        held = sum(each.is_held() for each, _ in self._leases.values())
        await asyncio.sleep(min(held, 10) * self._times.renew / 10)
        await lease.run()

    def _changed(self, name: str) -> None:
        self._metrics.leases.set(sum(each.is_held() for each, _ in self._leases.values()))
        self.on_change(name)
