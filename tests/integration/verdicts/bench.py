"""A site of the lab that is read through the real SDKs and judged, without an API server: what each check answers, and why.

Objects are the lab's manifests; machines that the operator would make are kept in memory, as it would store them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from tests.integration.verdicts.world import World
from tests.unit.decide.judged import evaluate

from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.decide.evaluate import judge_site
from failback_operator.domain.ids import ArmId
from failback_operator.domain.reading import Part, SourceFailed
from failback_operator.domain.snapshot import SiteSnapshot, SiteView
from failback_operator.domain.vault import VaultFacts
from failback_operator.domain.verdicts import Verdict
from failback_operator.domain.vsphere import VsphereFacts
from failback_operator.observe.vsphere import Interest
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
        self._starts = world.starts
        self._vcenter: Part[VsphereFacts] = Part()
        self._machines: tuple[FailbackMachine, ...] = ()
        self._kept: tuple[FailbackMachine, ...] = ()
        self._prepared: tuple[FailbackMachine, ...] = ()
        self._told: frozenset[str] = frozenset()
        self._followed: frozenset[ArmId] = frozenset()
        self._asked: Interest | None = None
        self._seen: SiteView | None = None
        self._baselines: dict[Callable[[World], None], tuple[Verdicts, tuple[FailbackMachine, ...]]] = {}

    async def begin(self) -> None:
        """Connect to Azure and read the vault once."""
        await self._azure.apply(self.world.azure_endpoint)
        await self._until(lambda: self._azure.part.facts is not None and self._azure.part.error is None)

    async def view(self) -> SiteView:
        """All as it is now, and the machines' objects as the operator would store them after it."""
        while True:
            view = await self._read()
            for _ in range(LOOKS):
                made = self._recorded(
                    FailbackMachine.model_validate(
                        {"metadata": {"name": each.key.name, "namespace": each.key.namespace}, "spec": each.spec.wire()}
                    )
                    for each in evaluate(view).machines
                )
                if made == view.machines:
                    break
                view = replace(view, machines=made)
            self._machines = view.machines
            if recorded_vms(view) == self._followed and self._interest() == self._asked:  # else what was recorded is to be read
                return view

    async def verdicts(self) -> Verdicts:
        """What every check answers now, by check and `Kind/name` of its subject; of a machine in its plan.

        The machines' objects are those of the world that was prepared: the operator has not written since.
        """
        self._machines = self._recorded(self._prepared)
        self._seen = await self._read()
        return _verdicts(self._seen)

    async def verdict(self, check: str, subject: str) -> Verdict:
        """What one check answers now."""
        return (await self.verdicts())[check, subject]

    async def baseline(self, prepare: Callable[[World], None]) -> Verdicts:
        """What every check answers in the prepared world, which this leaves behind; read once for each preparation."""
        prepare(self.world)
        if prepare not in self._baselines:
            self._machines, self._told = self._kept, frozenset()
            view = await self.view()
            self._baselines[prepare] = (_verdicts(view), view.machines)
        verdicts, self._prepared = self._baselines[prepare]
        self._told = frozenset(self.world.records)
        return verdicts

    def decide(self) -> None:
        """Decide about the world that was seen last: statuses keep their rules, or this raises AssertionError."""
        if self._seen is not None:
            evaluate(self._seen)

    async def keep(self) -> None:
        """Look, and keep the machines' objects with what was recorded in them, as the operator stores them."""
        await self.view()
        self._kept = self._machines

    async def close(self) -> None:
        """Disconnect."""
        await self._azure.close()

    async def _read(self) -> SiteView:
        """The vault by a full read, its machines one by one, every VM of interest, hosts and datastores.

        What cannot be read keeps its last facts beside the error, as in the operator.
        """
        self._followed = recorded_vms(self._view(SiteSnapshot(self._tools.clock.now())))
        self._azure.follow(Motion(vms=self._followed))
        interest = self._interest()
        vault, vcenter = await asyncio.gather(self._whole_vault(), self._whole_vcenter(interest))
        self._asked = self._interest()
        if self._asked != interest:  # the vault tells of other machines
            vcenter = await self._whole_vcenter(self._asked)
        self._vcenter = vcenter
        now = max(self._tools.clock.now(), vault.as_of or self._tools.clock.now()) + self.world.later
        return self._view(SiteSnapshot(now, self._aged(vault), {SITE: self._aged(vcenter)}))

    def _view(self, snapshot: SiteSnapshot) -> SiteView:
        objects: dict[str, list[Any]] = {name: [] for name in VIEWS.values()}
        for each in self.world.objects.values():
            objects[VIEWS[each["kind"]]].append(MODELS[each["kind"]].model_validate(each))
        site = next(each for each in objects["other_sites"] if each.name == SITE)
        objects["other_sites"].remove(site)
        lists = {name: tuple(found) for name, found in objects.items()}
        limits = replace(self._tools.settings, **self.world.settings).limits()
        return SiteView(site=site, snapshot=snapshot, limits=limits, machines=self._machines, **lists)

    def _recorded(self, machines: Iterable[FailbackMachine]) -> tuple[FailbackMachine, ...]:
        """The machines' objects, with what the test says was recorded of them."""
        records: dict[str, Any] = {name: [] for name in self._told} | self.world.records
        found = []
        for each in machines:
            spec = each.spec.wire()
            if spec["machineName"] in records:
                spec = {**spec, "recorded": records[spec["machineName"]]}
            found.append(FailbackMachine.model_validate({**each.model_dump(by_alias=True), "spec": spec}))
        return tuple(found)

    def _aged(self, part: Part[Any]) -> Part[Any]:
        """A part that could be read, as read later; one that could not stays as old as it is."""
        return replace(part, as_of=part.as_of + self.world.later) if part.error is None and part.as_of is not None else part

    def _interest(self) -> Interest:
        view = self._view(SiteSnapshot(self._tools.clock.now()))
        facts: VaultFacts | None = self._azure.part.facts
        return interest_of(view.site, view.targets, self._machines, facts, view.plans)

    async def _whole_vault(self) -> Part[VaultFacts]:
        """The vault by a full read that begins after now, or why there is none."""
        if self._starts != self.world.starts:
            await self._azure.close()
            self._azure, self._starts = AzureSource("bench", self._tools, self._news.set), self.world.starts
            self._azure.follow(Motion(vms=self._followed))
        await self._azure.apply(self.world.azure_endpoint)
        before = self._azure.part
        reading = asyncio.ensure_future(self._azure.fresh_all(DEADLINE))
        reading.add_done_callback(lambda _: self._news.set())
        try:
            await self._until(lambda: reading.done() or (self._azure.part is not before and self._azure.part.error is not None))
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError, SourceFailed):
                await reading
        return self._azure.part

    async def _whole_vcenter(self, interest: Interest) -> Part[VsphereFacts]:
        """vCenter as it is now: a watch that begins reads everything first."""
        source = VsphereSource(self._tools, self._news.set)
        await source.watch(interest)
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


def _verdicts(view: SiteView) -> Verdicts:
    judgement = judge_site(view)
    groups = [judgement.site, *judgement.targets.values(), *judgement.servers.values()]
    groups += [*judgement.machines.values(), *judgement.plans.values()]
    # When time alone may change an answer moves with the clock, and is no part of what is compared.
    return {(r.verdict.check_id, str(r.verdict.subject)): replace(r.verdict, recheck_at=None) for group in groups for r in group}


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
