"""Every verdict through the real SDKs: a check passes, fails once its fact is changed in vCenter or Azure, and passes again."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.integration.verdicts import target_cases
from tests.integration.verdicts.bench import Bench, World, bench_of
from tests.integration.verdicts.case import Case

from failback_lab.azure.client import AzureLab
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.toolchain import Binaries
from failback_lab.vcenter import VCenter
from failback_operator.domain.verdicts import Outcome

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
CASES = target_cases.CASES


@pytest.fixture(scope="module")
def worlds(
    tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, lab_binaries: Binaries, demo_scenario: Scenario
) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("verdicts")
    with (
        VCenter(directory / "vcenter", lab_ca, lab_binaries.vcsim, demo_scenario) as vcenter,
        AzureLab(directory / "azure", lab_ca, demo_scenario, vcenter) as azure,
    ):
        yield World(azure, vcenter)


@pytest.fixture
async def bench(worlds: World) -> AsyncIterator[Bench]:
    """The demo's site as it begins."""
    async with bench_of(worlds) as made:
        yield made
    worlds.undo()


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_check_answers_by_the_fact_that_it_is_about(bench: Bench, case: Case) -> None:
    world = bench.world
    case.prepare(world)
    before = await bench.verdict(case.check, case.subject)
    assert before.outcome is Outcome.PASS, before
    case.breaks(world)
    found = await bench.verdict(case.check, case.subject)
    assert found.outcome is case.outcome, found
    for word in case.words:
        assert word in found.observed
    world.undo()
    case.prepare(world)
    assert await bench.verdict(case.check, case.subject) == before
