"""Rounds of observation by the real readers over TLS, each judged; how old facts are is counted in rounds.

A round stands for the interval at which a vault is read in full. Thus no machine's speed decides whether facts are stale.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.integration.verdicts.bench import Bench
from tests.integration.verdicts.world import World
from tests.unit.decide.judged import evaluate

from failback_operator.domain.reading import Part
from failback_operator.domain.vsphere import VsphereFacts
from failback_operator.observe.azure import PollSettings
from failback_operator.observe.vsphere import Interest
from failback_operator.runtime.azure_source import SourceTools
from failback_operator.runtime.background import Background
from failback_operator.runtime.clock import WallClock
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.settings import Settings
from failback_operator.runtime.vsphere_source import VsphereSource

ROUND = PollSettings().list_interval
STORE = "vmfs-infra-1"
TRUE = "True"
MIB = 2**20
NOT_BY_ITSELF = 3600.0
SETTINGS = {
    # A full read comes when a round asks for it; what only GET shows is read in each.
    "azure_list_seconds": NOT_BY_ITSELF,
    "azure_retry_seconds": NOT_BY_ITSELF,
    "azure_detail_seconds": 0.001,
    "azure_estate_seconds": 0.001,
    "azure_read_seconds": 1.0,
    "azure_retries": 0,
    "vsphere_call_seconds": 3.0,
    "vsphere_wait_seconds": 1.0,
    "vsphere_retry_seconds": 0.02,
    "vsphere_retry_limit_seconds": 0.05,
}


@dataclass
class _Read:
    """What a source gave last, and in which round it was read."""

    part: Part[Any] = field(default_factory=Part)
    round: int = 0

    def take(self, part: Part[Any], number: int) -> None:
        """A part that was published in that round."""
        if part.error is None and part.as_of != self.part.as_of:
            self.round = number
        self.part = part


class Rounds(Bench):
    """The bench with one watch of vCenter that lasts, as in the operator."""

    def __init__(self, world: World, tools: SourceTools) -> None:
        super().__init__(world, tools)
        self.number = 0
        self._vault_read, self._vcenter_read = _Read(), _Read()
        self._watched = VsphereSource(tools, self._news.set)

    async def judged(self) -> dict[str, str]:
        """One round: Ready of every object, by `Kind/name`: its status, and unless True its words."""
        self.number += 1
        error = self._azure.part.error
        if error is not None and error.retry_after is not None:  # a second that Azure asks for is over long before the next round
            await asyncio.sleep(error.retry_after.total_seconds())
        view = await self.view()
        found = {}
        for key, status in evaluate(view).statuses.items():
            ready = next(c for c in status.conditions if c.type == "Ready")
            words = "" if ready.status == TRUE else f" {ready.reason}: {ready.message}"
            found[f"{key.kind}/{key.name}"] = f"{ready.status}{words}"
        return found

    async def close(self) -> None:
        """Disconnect."""
        await self._watched.close()
        await super().close()

    def _aged(self, part: Part[Any]) -> Part[Any]:
        """As old as the rounds since it was read."""
        read = self._vcenter_read if isinstance(part.facts, VsphereFacts) else self._vault_read
        read.take(part, self.number)
        if part.as_of is None:
            return part
        return replace(part, as_of=self._tools.clock.now() - (self.number - read.round) * ROUND)

    async def _whole_vcenter(self, interest: Interest) -> Part[VsphereFacts]:
        """What the watch tells next; a datastore's free space moves, as it always does."""
        before = self._watched.part
        await self._watched.watch(interest)
        await self._watched.apply(self.world.vcenter_endpoint)
        free = (self.number % 7) * MIB
        await asyncio.to_thread(self.world.vsphere, "Datastore", STORE, "summary.freeSpace", 2048 * 1024 * MIB + free)
        await self._until(lambda: self._watched.part is not before)
        return self._watched.part


@asynccontextmanager
async def rounds_of(world: World) -> AsyncIterator[Rounds]:
    """Rounds for the length of the context."""
    background = Background()
    rounds = Rounds(world, SourceTools(Settings.of(SETTINGS), WallClock(), Metrics(), background))
    try:
        await rounds.begin()
        yield rounds
    finally:
        await rounds.close()
        await background.stop()
