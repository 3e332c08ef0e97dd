"""Every verdict through the real SDKs: a check passes, fails once its fact is changed in vCenter or Azure, and passes again."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from tests.integration.verdicts.bench import Bench, World, bench_of
from tests.integration.verdicts.case import Case
from tests.integration.verdicts.proof import NO_DISCOVERY, every_case, grouped, name_of, prove

from failback_lab.azure.client import AzureLab
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.toolchain import Binaries
from failback_lab.vcenter import VCenter

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("verdicts"),
]


@pytest.fixture(scope="module")
def demo_world(
    tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, lab_binaries: Binaries, demo_scenario: Scenario
) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("verdicts")
    with (
        VCenter(directory / "vcenter", lab_ca, lab_binaries.vcsim, demo_scenario) as vcenter,
        AzureLab(directory / "azure", lab_ca, demo_scenario, vcenter, durations=NO_DISCOVERY) as azure,
    ):
        yield World(azure, vcenter)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(demo_world: World) -> AsyncIterator[Bench]:
    """The demo's site as it begins: all machines failed over, none begun."""
    async with bench_of(demo_world) as made:
        yield made


@pytest.mark.parametrize("cases", grouped(every_case()), ids=name_of)
async def test_a_check_answers_by_the_fact_that_it_is_about(demo: Bench, cases: tuple[Case, ...]) -> None:
    await prove(demo, cases)
