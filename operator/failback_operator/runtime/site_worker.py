"""Observes one site while this replica holds its Lease: endpoints, sources, the snapshot."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.domain.decision import SiteDecision
from failback_operator.domain.ids import ArmId
from failback_operator.domain.reading import Part, SourceError, SourceProblem
from failback_operator.domain.snapshot import SiteSnapshot, SiteView
from failback_operator.domain.steps import Effect
from failback_operator.observe.azure import SiteRecoveryClient
from failback_operator.observe.vsphere import VsphereWatcher
from failback_operator.runtime.azure_source import AzureSource, Motion, SourceTools
from failback_operator.runtime.endpoints import EndpointReader
from failback_operator.runtime.interest import interest_of, watched_azure_vms
from failback_operator.runtime.keys import SiteKey
from failback_operator.runtime.kube import ApiError
from failback_operator.runtime.touched import recorded_vms, touched
from failback_operator.runtime.vsphere_source import VsphereSource

log = logging.getLogger(__name__)
LOGIN_PROBLEMS = frozenset(
    {
        SourceProblem.INVALID_CREDENTIALS,
        SourceProblem.CERTIFICATE_INVALID,
        SourceProblem.SECRET_MISSING,
    }
)
REREAD_SECONDS = 5.0
"""After a refused log-in Secrets are read again this often: a rotation is usually under way."""


@dataclass(frozen=True, slots=True)
class WorkerTools:
    """What a worker needs: readers of endpoints and sources, and whom to tell of news."""

    sources: SourceTools
    endpoints: EndpointReader
    on_news: Callable[[SiteKey], None]


class SiteWorker:
    """One site's sources. `update` must be given the site whenever it may have changed."""

    def __init__(self, site: RecoverySite, tools: WorkerTools) -> None:
        self.key = SiteKey(site.namespace, site.name)
        self.deciding = asyncio.Lock()
        self.reading = asyncio.Semaphore(tools.sources.settings.effects)
        self.uid = site.metadata.uid
        self._site = site
        self._tools = tools
        self._azure = AzureSource(str(self.key), tools.sources, self._news)
        self._vcenters: dict[str, VsphereSource] = {}
        self._wanted = asyncio.Event()
        self._began = asyncio.get_running_loop().time()
        self._task = tools.sources.background.keep(f"endpoints {self.key}", self._keep_endpoints)

    def update(self, site: RecoverySite) -> None:
        """Take over a changed spec."""
        if site.spec != self._site.spec:
            self._wanted.set()
        self._site = site

    def is_read(self) -> bool:
        """Whether each source has answered, well or badly, since the worker began; or has had the time to."""
        complete = len(self._vcenters) == len(self._site.spec.vcenters)
        answered = all(error is None or error.problem is not SourceProblem.NOT_READ_YET for error in self._errors())
        waited = asyncio.get_running_loop().time() - self._began
        return (complete and answered) or waited > self._tools.sources.settings.first_read_seconds

    def snapshot(self) -> SiteSnapshot:
        """The site's worlds as they are known now."""
        names = [each.name for each in self._site.spec.vcenters]
        parts = {name: self._vcenters[name].part if name in self._vcenters else Part() for name in names}
        return SiteSnapshot(self._tools.sources.clock.now(), self._azure.part, parts, self._azure.asks_to_wait())

    async def fresh_snapshot(self, effect: Effect, view: SiteView) -> SiteSnapshot:
        """The snapshot with all that `effect` depends on read now. Raises SourceFailed if anything could not be read."""
        if effect.kind.has_job:
            self._azure.check_writes()
        needs = touched(effect, view)
        if needs.is_whole_vault:
            vault = await self._azure.fresh_all(self._tools.sources.settings.azure_call_seconds)
        else:
            vault = await self._azure.fresh_items(needs.items, needs.azure_vms)
        now = self._tools.sources.clock.now()
        vcenters = {name: await source.fresh(needs.vms.get(name, ())) for name, source in self._vcenters.items()}
        return SiteSnapshot(max(now, vault.as_of or now), vault, vcenters)

    async def search(self, view: SiteView) -> bool:
        """Look for the VMs that matter now; False while some of them were not looked for yet."""
        interest = interest_of(view.site, view.targets, view.machines, self._azure.part.facts, view.plans)
        for source in self._vcenters.values():
            await source.watch(interest)
        return not any(source.is_searching() for source in self._vcenters.values())

    def follow(self, decision: SiteDecision, view: SiteView) -> None:
        """Read more often what moves."""
        items = frozenset(ArmId(each) for each in decision.watch_items)
        self._azure.follow(Motion(items, decision.watch_jobs, recorded_vms(view), watched_azure_vms(view)))

    def site_recovery(self) -> SiteRecoveryClient:
        """The client for effects on items. Raises SourceFailed while there is none."""
        return self._azure.client()

    def vcenter(self, name: str) -> VsphereWatcher | None:
        """The connection for effects on VMs."""
        source = self._vcenters.get(name)
        return source.watcher if source is not None else None

    async def close(self) -> None:
        """Stop observing."""
        await self._tools.sources.background.stop(self._task)
        await self._azure.close()
        for source in self._vcenters.values():
            await source.close()

    async def _keep_endpoints(self) -> None:
        while True:
            self._wanted.clear()
            try:
                await self._read_endpoints()
            except ApiError as error:
                log.warning("%s: its Secrets cannot be read now: %s", self.key, error)
            await asyncio.sleep(REREAD_SECONDS)
            pause = self._tools.sources.settings.credentials_seconds - REREAD_SECONDS
            try:
                async with asyncio.timeout(max(0.0, pause)):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def _read_endpoints(self) -> None:
        found = await self._tools.endpoints.read(self._site)
        await self._azure.apply(found.azure)
        for name in self._vcenters.keys() - found.vcenters.keys():
            await self._vcenters.pop(name).close()
        for name, endpoint in found.vcenters.items():
            if name not in self._vcenters:
                self._vcenters[name] = VsphereSource(self._tools.sources, self._news)
            await self._vcenters[name].apply(endpoint)

    def _news(self) -> None:
        if any(error is not None and error.problem in LOGIN_PROBLEMS for error in self._errors()):
            self._wanted.set()
        self._tools.on_news(self.key)

    def _errors(self) -> list[SourceError | None]:
        """What each source answered last, where that was no success."""
        return [self._azure.part.error, *(each.part.error for each in self._vcenters.values())]
