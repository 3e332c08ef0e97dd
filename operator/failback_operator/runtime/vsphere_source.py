"""One site's reading of one vCenter: the watcher, and the facts over a change of credentials."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import Part, SourceError, SourceFailed, SourceProblem
from failback_operator.domain.vsphere import VsphereFacts
from failback_operator.observe.vsphere import Interest, VsphereEndpoint, VsphereWatcher
from failback_operator.runtime.azure_source import SourceTools


class VsphereSource:
    """A vCenter's facts as they are known. `on_part` is called after each change."""

    def __init__(self, tools: SourceTools, on_part: Callable[[], None]) -> None:
        self._tools = tools
        self._on_part = on_part
        self._part: Part[VsphereFacts] = Part()
        self._watcher: VsphereWatcher | None = None
        self._interest = Interest()
        self._asked_at: float | None = None

    def is_searching(self) -> bool:
        """Whether VMs that matter only now are being looked for: until they are read, one not shown says nothing."""
        limit = self._tools.settings.first_read_seconds
        return self._asked_at is not None and asyncio.get_running_loop().time() - self._asked_at < limit

    @property
    def part(self) -> Part[VsphereFacts]:
        """The last complete facts, and what was answered last."""
        return self._part

    @property
    def watcher(self) -> VsphereWatcher | None:
        """The connection, for effects; None while there is none."""
        return self._watcher

    async def apply(self, endpoint: VsphereEndpoint | SourceError) -> None:
        """Read from there from now on. Another server's facts are other facts; other credentials leave them."""
        if isinstance(endpoint, SourceError):
            await self.close()
            if self._part.error != endpoint:
                self._put(replace(self._part, error=endpoint))
            return
        if self._watcher is not None and _is_same_server(self._watcher.session.endpoint, endpoint):
            await self._watcher.update_endpoint(endpoint)
            return
        if self._watcher is not None:
            await self.close()
            self._part = Part()
        settings = self._tools.settings.vsphere()
        self._watcher = VsphereWatcher(endpoint, self._interest, self._received, settings, self._tools.metrics.vsphere_called)
        await self._watcher.start()

    async def watch(self, interest: Interest) -> None:
        """Read these VMs."""
        if interest != self._interest:
            self._interest = interest
            if self._watcher is not None:
                self._asked_at = asyncio.get_running_loop().time()
                await self._watcher.update_interest(interest)

    async def fresh(self, morefs: Iterable[Moref]) -> Part[VsphereFacts]:
        """The facts with these VMs read now; VMs that are gone are left out. Raises SourceFailed."""
        part, wanted = self._part, frozenset(morefs)
        if self._watcher is None or part.facts is None:
            raise SourceFailed(part.error or SourceError(SourceProblem.UNREACHABLE, "vCenter is not being read"))
        read = {each.moref: each for each in await self._watcher.fresh(wanted)} if wanted else {}
        facts = self._part.facts or part.facts
        kept = (each for each in facts.machines if each.moref not in wanted)
        machines = tuple(sorted((*kept, *read.values()), key=lambda each: each.moref))
        return Part(replace(facts, machines=machines), self._part.as_of, self._part.error)

    async def close(self) -> None:
        """Stop reading and log out."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            await watcher.stop()

    def _received(self, part: Part[VsphereFacts]) -> None:
        self._put(replace(self._part, error=part.error) if part.facts is None else part)

    def _put(self, part: Part[VsphereFacts]) -> None:
        if part.error is None:
            self._asked_at = None
        self._part = part
        self._on_part()


def _is_same_server(former: VsphereEndpoint, endpoint: VsphereEndpoint) -> bool:
    return (former.server, former.port) == (endpoint.server, endpoint.port)
