"""A site of the lab that is read through the real SDKs and judged, without an API server: what each check answers, and why.

Objects are the lab's manifests; machines that the operator would make are kept in memory, as it would store them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from tests.integration.verdicts.world import World
from tests.unit.decide.judged import evaluate

from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.decide.evaluate import judge_site
from failback_operator.domain.reading import Part, SourceFailed
from failback_operator.domain.snapshot import SiteSnapshot, SiteView
from failback_operator.domain.vault import VaultFacts
from failback_operator.domain.verdicts import Verdict
from failback_operator.domain.vsphere import VsphereFacts
from failback_operator.runtime.azure_source import AzureSource, Motion, SourceTools
from failback_operator.runtime.background import Background
from failback_operator.runtime.clock import WallClock
from failback_operator.runtime.interest import interest_of
from failback_operator.runtime.keys import MODELS
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.settings import Settings
from failback_operator.runtime.touched import recorded_vms
from failback_operator.runtime.vsphere_source import VsphereSource

__all__ = ["Bench", "Verdicts", "World", "bench_of"]

DEADLINE = 30.0
LOOKS = 4
"""Machines are made, then their records, then what follows from these."""
SITE = "tokyo"
VIEWS = {"MasterTarget": "targets", "ProcessServer": "servers", "FailbackPlan": "plans", "RecoverySite": "other_sites"}
Verdicts = dict[tuple[str, str], Verdict]


class Bench:
    """Reads a world again and again, and judges it."""

    def __init__(self, world: World, tools: SourceTools) -> None:
        self.world = world
        self._tools = tools
        self._news = asyncio.Event()
        self._azure = AzureSource("bench", tools, self._news.set)
        self._vcenter: Part[VsphereFacts] = Part()
        self._machines: tuple[FailbackMachine, ...] = ()
        self._kept: tuple[FailbackMachine, ...] = ()
        self._baselines: dict[Callable[[World], None], Verdicts] = {}

    async def begin(self) -> None:
        """Connect to Azure and read the vault once."""
        await self._azure.apply(self.world.azure_endpoint)
        await self._until(lambda: self._azure.part.facts is not None and self._azure.part.error is None)

    async def view(self) -> SiteView:
        """All as it is now: the vault by a full read, its machines one by one, every VM of interest, hosts and datastores.

        What cannot be read keeps its last facts beside the error, as in the operator.
        """
        vault = await self._whole_vault()
        vcenter = self._vcenter = await self._whole_vcenter()
        now = max(self._tools.clock.now(), vault.as_of or self._tools.clock.now()) + self.world.later
        view = self._view(SiteSnapshot(now, self._aged(vault), {SITE: self._aged(vcenter)}))
        for _ in range(LOOKS):
            made = tuple(
                FailbackMachine.model_validate(
                    {"metadata": {"name": each.key.name, "namespace": each.key.namespace}, "spec": each.spec.wire()}
                )
                for each in evaluate(view).machines
            )
            if made == view.machines:
                break
            view = replace(view, machines=made)
        self._machines = view.machines
        self._azure.follow(Motion(vms=recorded_vms(view)))
        return view

    async def verdicts(self) -> Verdicts:
        """What every check answers now, by check and `Kind/name` of its subject; of a machine in its plan.

        The machines' objects are those that were kept: what an earlier look recorded does not count.
        """
        self._machines = self._kept
        judgement = judge_site(await self.view())
        groups = [judgement.site, *judgement.targets.values(), *judgement.servers.values()]
        groups += [*judgement.machines.values(), *judgement.plans.values()]
        # When time alone may change an answer moves with the clock, and is no part of what is compared.
        return {
            (r.verdict.check_id, str(r.verdict.subject)): replace(r.verdict, recheck_at=None) for group in groups for r in group
        }

    async def verdict(self, check: str, subject: str) -> Verdict:
        """What one check answers now."""
        return (await self.verdicts())[check, subject]

    async def baseline(self, prepare: Callable[[World], None]) -> Verdicts:
        """What every check answers in the prepared world, which this leaves behind; read once for each preparation."""
        prepare(self.world)
        if prepare not in self._baselines:
            self._baselines[prepare] = await self.verdicts()
        return self._baselines[prepare]

    async def keep(self) -> None:
        """Look, and keep the machines' objects with what was recorded in them, as the operator stores them."""
        await self.view()
        self._kept = self._machines

    async def close(self) -> None:
        """Disconnect."""
        await self._azure.close()

    def _view(self, snapshot: SiteSnapshot) -> SiteView:
        objects: dict[str, list[Any]] = {name: [] for name in VIEWS.values()}
        for each in self.world.objects.values():
            objects[VIEWS[each["kind"]]].append(MODELS[each["kind"]].model_validate(each))
        site = next(each for each in objects["other_sites"] if each.name == SITE)
        objects["other_sites"].remove(site)
        lists = {name: tuple(found) for name, found in objects.items()}
        limits = replace(self._tools.settings, **self.world.settings).limits()
        return SiteView(site=site, snapshot=snapshot, limits=limits, machines=self._machines, **lists)

    def _aged(self, part: Part[Any]) -> Part[Any]:
        """A part that could be read, as read later; one that could not stays as old as it is."""
        return replace(part, as_of=part.as_of + self.world.later) if part.error is None and part.as_of is not None else part

    def _interest(self) -> Any:
        view = self._view(SiteSnapshot(self._tools.clock.now()))
        facts: VaultFacts | None = self._azure.part.facts
        return interest_of(view.site, view.targets, self._machines, facts)

    async def _whole_vault(self) -> Part[VaultFacts]:
        """The vault by a full read that begins after now, or why there is none."""
        await self._azure.apply(self.world.azure_endpoint)
        before = self._azure.part
        reading = asyncio.ensure_future(self._azure.fresh_all(DEADLINE))
        try:
            await self._until(lambda: reading.done() or (self._azure.part is not before and self._azure.part.error is not None))
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError, SourceFailed):
                await reading
        return self._azure.part

    async def _whole_vcenter(self) -> Part[VsphereFacts]:
        """vCenter as it is now: a watch that begins reads everything first."""
        source = VsphereSource(self._tools, self._news.set)
        await source.watch(self._interest())
        await source.apply(self.world.vcenter_endpoint)
        try:
            await self._until(lambda: source.part.facts is not None or source.part.error not in (None, Part().error))
        finally:
            await source.close()
        return source.part if source.part.facts is not None else replace(self._vcenter, error=source.part.error)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not is_so():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def bench_of(world: World) -> AsyncIterator[Bench]:
    """A bench for the length of the context."""
    background = Background()
    at_once = {"azure_detail_seconds": 0.001, "azure_estate_seconds": 0.001}
    settings = Settings.of({**at_once, "azure_list_seconds": 3600, "azure_retry_seconds": 3600})
    bench = Bench(world, SourceTools(settings, WallClock(), Metrics(), background))
    try:
        await bench.begin()
        yield bench
    finally:
        await bench.close()
        await background.stop()
