"""One site's reading of Azure: the session, the poller, and the facts over a change of credentials."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Clock
from failback_operator.domain.reading import Part, SourceError, SourceFailed, SourceProblem
from failback_operator.domain.vault import VaultFacts
from failback_operator.observe.azure import (
    AzureEndpoint,
    AzurePoller,
    AzureSession,
    BudgetBook,
    SiteRecoveryClient,
    VaultReader,
    held_back,
)
from failback_operator.runtime.background import Background
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceTools:
    """What every source of facts needs."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    background: Background
    budgets: BudgetBook = field(default_factory=BudgetBook)


@dataclass(frozen=True, slots=True)
class _Running:
    endpoint: AzureEndpoint
    session: AzureSession
    poller: AzurePoller
    task: asyncio.Task[None]


@dataclass(frozen=True, slots=True)
class Motion:
    """Items and jobs to be read at the short interval; Azure machines to be read besides the items' own, and to be watched."""

    items: frozenset[ArmId] = frozenset()
    jobs: frozenset[str] = frozenset()
    vms: frozenset[ArmId] = frozenset()
    watched: frozenset[ArmId] = frozenset()


class AzureSource:
    """The vault's facts as they are known. `on_part` is called after each change."""

    def __init__(self, name: str, tools: SourceTools, on_part: Callable[[], None]) -> None:
        self._name = name
        self._tools = tools
        self._on_part = on_part
        self._part: Part[VaultFacts] = Part()
        self._running: _Running | None = None
        self._motion = Motion()
        self._published = asyncio.Event()

    @property
    def part(self) -> Part[VaultFacts]:
        """The last complete facts, and what was answered last."""
        return self._part

    async def apply(self, endpoint: AzureEndpoint | SourceError) -> None:
        """Read from there from now on. The facts read so far stay until newer ones come: a vault never changes under a site."""
        if isinstance(endpoint, SourceError):
            await self._stop()
            if self._part.error != endpoint:
                self._put(replace(self._part, error=endpoint))
        elif self._running is None or self._running.endpoint != endpoint:
            await self._stop()
            self._start(endpoint)

    def follow(self, motion: Motion) -> None:
        """Read what moves more often."""
        if motion != self._motion:
            self._motion = motion
            if self._running is not None:
                self._running.poller.update_motion(motion.items, motion.jobs, motion.vms)
                self._running.poller.watch(motion.watched)

    async def fresh_items(self, items: frozenset[ArmId], vms: frozenset[ArmId]) -> Part[VaultFacts]:
        """The facts with these items and machines read now. Raises SourceFailed if not all could be read."""
        if self._running is None:
            raise SourceFailed(self._part.error or SourceError(SourceProblem.UNREACHABLE, "Azure is not being read"))
        part = await self._running.poller.refresh_items(items, vms)
        if part.facts is None or part.error is not None:
            raise SourceFailed(part.error or SourceError(SourceProblem.NOT_READ_YET, "the vault was not read yet"))
        return part

    async def fresh_all(self, limit_seconds: float) -> Part[VaultFacts]:
        """The facts of a full read that begins after now. Raises SourceFailed if none comes in time, at once while none can."""
        asked = self._tools.clock.now()
        self._check_reads()
        if self._running is not None:
            self._running.poller.refresh_soon()
        try:
            async with asyncio.timeout(limit_seconds):
                while not _is_newer(self._part, asked):
                    self._check_reads()
                    self._published.clear()
                    await self._published.wait()
        except TimeoutError as late:
            text = f"no full read of the vault within {limit_seconds:g} s"
            raise SourceFailed(self._part.error or SourceError(SourceProblem.TIMED_OUT, text)) from late
        return self._part

    def asks_to_wait(self) -> bool:
        """Whether effects wait because Azure wants no requests, and for longer than a moment."""
        return self._running is not None and self._running.poller.asks_to_wait()

    def _check_reads(self) -> None:
        held = self._running.poller.held() if self._running is not None else None
        if held is not None:
            raise SourceFailed(held)

    def check_writes(self) -> None:
        """Raises SourceFailed while the service wants no effects on this subscription."""
        wait = self._running.session.budget.write_delay() if self._running is not None else 0.0
        if wait > 0:
            raise SourceFailed(held_back(wait))

    def client(self) -> SiteRecoveryClient:
        """The vault's client under the present credentials. Raises SourceFailed while there is none."""
        if self._running is None:
            raise SourceFailed(self._part.error or SourceError(SourceProblem.UNREACHABLE, "Azure is not being read"))
        return self._running.session.site_recovery

    async def close(self) -> None:
        """Stop reading."""
        await self._stop()

    def _start(self, endpoint: AzureEndpoint) -> None:
        settings = self._tools.settings
        session = AzureSession(endpoint, settings.timeouts(), self._tools.metrics.azure_called, self._tools.budgets)
        reader = VaultReader(session, self._tools.clock, settings.reader())
        poller = AzurePoller(reader, settings.poll(), self._received, self._tools.clock)
        poller.update_motion(self._motion.items, self._motion.jobs, self._motion.vms)
        poller.watch(self._motion.watched)
        task = self._tools.background.keep(f"azure {self._name}", poller.run)
        self._running = _Running(endpoint, session, poller, task)
        self._tools.metrics.azure_read(self._name, lambda: poller.delay)

    async def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            self._tools.metrics.azure_not_read(self._name)
            await self._tools.background.stop(running.task)
            # An effect may be under way on this session: its answer must not be cut off.
            self._tools.background.start(f"azure {self._name} former session", self._retire(running.session))

    async def _retire(self, session: AzureSession) -> None:
        try:
            await asyncio.sleep(self._tools.settings.request_timeout_seconds)
        finally:
            await session.aclose()

    def _received(self, part: Part[VaultFacts]) -> None:
        if part.facts is None:
            part = replace(self._part, error=part.error)
        self._put(part)

    def _put(self, part: Part[VaultFacts]) -> None:
        self._part = part
        self._published.set()
        self._on_part()


def _is_newer(part: Part[VaultFacts], asked: datetime) -> bool:
    return part.error is None and part.as_of is not None and part.as_of > asked
