"""A watcher against the simulator, and everything that it handed on."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

from failback_lab.vcenter import VCenter
from failback_operator.domain.reading import Part
from failback_operator.domain.vsphere import VirtualMachine, VsphereFacts
from failback_operator.observe.vsphere import Interest, VsphereEndpoint, VsphereSettings, VsphereWatcher

DEADLINE = 15.0
SETTINGS = VsphereSettings(
    wait=timedelta(seconds=1),
    search=timedelta(seconds=1),
    connect_timeout=timedelta(seconds=2),
    call_timeout=timedelta(seconds=2),
    retry=timedelta(milliseconds=50),
    retry_limit=timedelta(milliseconds=200),
)


def endpoint_of(vcenter: VCenter, port: int | None = None) -> VsphereEndpoint:
    """The simulator as the operator logs in to it."""
    return VsphereEndpoint(vcenter.host, port or vcenter.port, vcenter.username, vcenter.password, vcenter.ca_pem.read_text())


class Watch:
    """A running watcher, with all that it handed on."""

    def __init__(self, endpoint: VsphereEndpoint, interest: Interest, settings: VsphereSettings) -> None:
        self.calls: Counter[str] = Counter()
        self.parts: list[Part[VsphereFacts]] = []
        self._news = asyncio.Event()
        self.watcher = VsphereWatcher(endpoint, interest, self._take, settings, self._count)

    def _count(self, method: str, seconds: float) -> None:
        self.calls[method] += 1

    def _take(self, part: Part[VsphereFacts]) -> None:
        self.parts.append(part)
        self._news.set()

    @property
    def last(self) -> Part[VsphereFacts]:
        """The latest part."""
        return self.parts[-1]

    @property
    def facts(self) -> VsphereFacts:
        """The latest facts."""
        assert self.last.facts is not None
        return self.last.facts

    def vm(self, name: str) -> VirtualMachine:
        """The one VM of that name."""
        (found,) = self.facts.by_name(name)
        return found

    async def until(self, holds: Callable[[Part[VsphereFacts]], bool]) -> Part[VsphereFacts]:
        """Wait for a part that fulfils the condition; the latest counts."""
        async with asyncio.timeout(DEADLINE):
            while not (self.parts and holds(self.last)):
                self._news.clear()
                await self._news.wait()
        return self.last

    async def until_vm(self, name: str, holds: Callable[[VirtualMachine], bool]) -> VirtualMachine:
        """Wait until the one VM of that name fulfils the condition."""
        await self.until(lambda part: part.facts is not None and any(map(holds, part.facts.by_name(name))))
        return self.vm(name)

    async def until_read(self) -> VsphereFacts:
        """Wait for facts without an error."""
        await self.until(lambda part: part.error is None)
        return self.facts


WatchMaker = Callable[..., Awaitable[Watch]]
