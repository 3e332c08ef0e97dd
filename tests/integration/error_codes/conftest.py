"""A site with machines that wait for their reprotect and some that wait for their failback, both worlds with it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from tests.conftest import DEMO_SCENARIO
from tests.integration.azure.clients import Vault
from tests.integration.error_codes.judging import plan_status, ready, seen
from tests.integration.error_codes.trouble import BACKWARDS, MACHINE, SPARES, planned
from tests.integration.verdicts.bench import Bench, World, bench_of
from tests.integration.verdicts.proof import world_of

from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.toolchain import Binaries

SPEED = 1200.0


@pytest.fixture(scope="module")
def troubled_world(tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, lab_binaries: Binaries) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("error-codes")
    path = directory / "scenario.yaml"
    path.write_text(yaml.safe_dump(_scenario()))
    scenario = Scenario.load(path)
    with world_of(directory, (lab_ca, lab_binaries), scenario, SPEED) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def troubled(troubled_world: World) -> AsyncIterator[Bench]:
    """All plans Ready, all that is to be recorded recorded."""
    async with bench_of(troubled_world) as bench:
        planned(bench.world)
        await bench.keep()
        await asyncio.to_thread(_reprotect, bench.world)
        view = await seen(bench)
        told = {machine: ready(plan_status(view, machine)) for machine in (MACHINE, *SPARES)}
        assert {status for status, _ in told.values()} == {"True"}, told
        yield bench


def _reprotect(world: World) -> None:
    vault = Vault(world.azure, retry_total=0)
    for machine in BACKWARDS:
        vault.reprotected(machine)


def _scenario() -> dict[str, object]:
    """The demo's scenario with that machine of its own, and spare ones like it."""
    raw = yaml.safe_load(Path(DEMO_SCENARIO).read_text())
    protected = {item["machine"] for item in raw["vault"]["items"]}
    raw["vault"]["items"] = [item for item in raw["vault"]["items"] if item["machine"] == MACHINE]
    machines = raw["vcenter"]["machines"]
    like = next(each for each in machines if each["name"] == MACHINE)
    kept = [each for each in machines if each["name"] not in protected - {MACHINE, "mail-relay-1"}]
    raw["vcenter"]["machines"] = kept
    for number, name in enumerate(SPARES, start=1):
        kept.append({**like, "name": name, "disks": [{"size_gib": 20}], "ips": [f"10.10.4.{number}"]})
        item = {"machine": name, "process_server": "ps-azure-1", "azure_ip": f"10.50.1.{100 + number}"}
        raw["vault"]["items"].append(item)
    return raw
