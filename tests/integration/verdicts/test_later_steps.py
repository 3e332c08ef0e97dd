"""The checks that apply later in a machine's life, where the simulated Azure has really brought the machines."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from tests.integration.verdicts.advanced import brought_on_the_way
from tests.integration.verdicts.advanced_steps import CASES
from tests.integration.verdicts.bench import Bench, World, bench_of
from tests.integration.verdicts.case import Case
from tests.integration.verdicts.proof import grouped, name_of, prove, world_of
from tests.integration.verdicts.tamper_steps import CASES as TAMPER_CASES

from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.toolchain import Binaries

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("later-verdicts"),
]
SPEED = 600.0


@pytest.fixture(scope="module")
def later_world(
    tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, lab_binaries: Binaries, demo_scenario: Scenario
) -> Iterator[World]:
    with world_of(tmp_path_factory.mktemp("later"), (lab_ca, lab_binaries), demo_scenario, SPEED) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def advanced(later_world: World) -> AsyncIterator[Bench]:
    """A site with machines that are reprotected, failed back, and committed."""
    async with bench_of(later_world) as made:
        await brought_on_the_way(made)
        yield made


@pytest.mark.parametrize("cases", grouped((*CASES, *TAMPER_CASES)), ids=name_of)
async def test_a_check_answers_by_the_fact_that_it_is_about(advanced: Bench, cases: tuple[Case, ...]) -> None:
    await prove(advanced, cases)
