"""A site of the lab that is read through the real SDKs and judged, without an API server: what each check answers, and why.

Objects are the lab's manifests; machines that the operator would make are kept in memory, as it would store them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any

import yaml
from tests.integration.azure_adapter.sites import endpoint_of as azure_endpoint
from tests.integration.vsphere.watching import endpoint_of as vsphere_endpoint

from failback_lab.azure.client import AzureLab
from failback_lab.vcenter import VCenter
from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.decide.evaluate import evaluate, judge_site
from failback_operator.domain.reading import Part
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

ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 30.0
VIEWS = {"MasterTarget": "targets", "ProcessServer": "servers", "FailbackPlan": "plans"}
Json = dict[str, Any]


def manifests(azure: AzureLab, vcenter: VCenter) -> dict[str, Json]:
    """The lab's objects by `Kind/name`."""
    vault = azure.scenario.vault
    values = {
        "subscription_id": azure.subscription_id,
        "resource_group": vault.resource_group,
        "vault": vault.name,
        "fabric": vault.configuration_server.machine,
        "azure_url": azure.base_url,
        "authority": azure.authority,
        "tenant_id": azure.tenant_id,
        "client_id": azure.client_id,
        "vcenter_host": vcenter.host,
        "vcenter_port": vcenter.port,
    }
    texts = [(ROOT / "lab" / "manifests" / name).read_text() for name in ("site.yaml", "failbackplan.yaml")]
    found = [each for text in texts for each in yaml.safe_load_all(Template(text).safe_substitute(values))]
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}


class World:
    """Both worlds as a test changes them, and the objects that people wrote. `undo` puts everything back."""

    def __init__(self, azure: AzureLab, vcenter: VCenter) -> None:
        self.azure = azure
        self.vcenter = vcenter
        self.objects = manifests(azure, vcenter)

    def vm(self, name: str, path: str, value: Any) -> None:
        """Set a property of a VM in vCenter."""
        self.vsphere("VirtualMachine", name, path, value)

    def vsphere(self, kind: str, name: str, path: str, value: Any) -> None:
        """Set a property of any object in vCenter."""
        self.vcenter.control.set(kind, name, path, value)

    def vault(self, kind: str, name: str, path: str, value: Any) -> None:
        """Answer so for a resource of the vault (`item`, `crm-1`, `properties.replicationHealth`)."""
        self.azure.set(kind, name, path, value)

    def spec(self, kind: str, name: str, **members: Any) -> None:
        """Replace members of an object's spec (`spec("MasterTarget", "mt-win-1", maxDisks=4)`)."""
        key = f"{kind}/{name}"
        self.objects[key] = {**self.objects[key], "spec": {**self.objects[key]["spec"], **members}}

    def undo(self) -> None:
        """Put everything back that went through this object."""
        self.vcenter.control.undo()
        self.azure.clear_sets()
        self.azure.deny()
        self.objects = manifests(self.azure, self.vcenter)


class Bench:
    """Reads a world again and again, and judges it."""

    def __init__(self, world: World, tools: SourceTools) -> None:
        self.world = world
        self._tools = tools
        self._news = asyncio.Event()
        self._azure = AzureSource("bench", tools, self._news.set)
        self._machines: tuple[FailbackMachine, ...] = ()

    async def begin(self) -> None:
        """Connect to Azure and read the vault once."""
        await self._azure.apply(azure_endpoint(self.world.azure))
        await self._until(lambda: self._azure.part.facts is not None and self._azure.part.error is None)

    async def view(self) -> SiteView:
        """All as it is now: the vault by a full read, its machines one by one, every VM of interest, hosts and datastores."""
        vault = await self._azure.fresh_all(DEADLINE)
        vsphere = await self._whole_vcenter()
        now = self._tools.clock.now()
        view = self._view(SiteSnapshot(max(now, vault.as_of or now), vault, {"tokyo": vsphere}))
        for _ in range(3):  # machines, then their records, then what follows from these
            decision = evaluate(view)
            self._machines = tuple(
                FailbackMachine.model_validate(
                    {"metadata": {"name": each.key.name, "namespace": each.key.namespace}, "spec": each.spec.wire()}
                )
                for each in decision.machines
            )
            view = replace(view, machines=self._machines)
        self._azure.follow(Motion(vms=recorded_vms(view)))
        return view

    async def verdicts(self) -> dict[tuple[str, str], Verdict]:
        """What every check answers now, by check and `Kind/name` of its subject; of a machine in its plan."""
        judgement = judge_site(await self.view())
        groups = [judgement.site, *judgement.targets.values(), *judgement.servers.values()]
        groups += [*judgement.machines.values(), *judgement.plans.values()]
        return {(r.verdict.check_id, str(r.verdict.subject)): r.verdict for group in groups for r in group}

    async def verdict(self, check: str, subject: str) -> Verdict:
        """What one check answers now."""
        return (await self.verdicts())[check, subject]

    async def close(self) -> None:
        """Disconnect."""
        await self._azure.close()

    def forget(self) -> None:
        """Forget all machine objects, with what was recorded in them."""
        self._machines = ()

    def _view(self, snapshot: SiteSnapshot) -> SiteView:
        objects: dict[str, list[Any]] = {"targets": [], "servers": [], "plans": [], "sites": []}
        for each in self.world.objects.values():
            objects[VIEWS.get(each["kind"], "sites")].append(MODELS[each["kind"]].model_validate(each))
        (site,) = objects.pop("sites")
        settings = self._tools.settings.limits()
        lists = {name: tuple(found) for name, found in objects.items()}
        return SiteView(site=site, snapshot=snapshot, limits=settings, machines=self._machines, **lists)

    def _interest(self) -> Any:
        view = self._view(SiteSnapshot(self._tools.clock.now()))
        facts: VaultFacts | None = self._azure.part.facts
        return interest_of(view.site, view.targets, self._machines, facts)

    async def _whole_vcenter(self) -> Part[VsphereFacts]:
        """vCenter as it is now: a watch that begins reads everything first."""
        source = VsphereSource(self._tools, self._news.set)
        await source.watch(self._interest())
        await source.apply(vsphere_endpoint(self.world.vcenter))
        try:
            await self._until(lambda: source.part.facts is not None or source.part.error not in (None, Part().error))
            return source.part
        finally:
            await source.close()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not is_so():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def bench_of(world: World) -> AsyncIterator[Bench]:
    """A bench for the length of the context."""
    background = Background()
    settings = Settings.of({"azure_detail_seconds": 0.001, "azure_list_seconds": 3600})
    bench = Bench(world, SourceTools(settings, WallClock(), Metrics(), background))
    try:
        await bench.begin()
        yield bench
    finally:
        await bench.close()
        await asyncio.sleep(0)  # so that the session's end begins before it is hurried
        await background.stop()
