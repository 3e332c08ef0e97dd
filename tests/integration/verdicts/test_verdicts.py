"""Every verdict through the real SDKs: a check passes, fails once its fact is changed in vCenter or Azure, and passes again."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio
from tests.integration.verdicts.bench import Bench, World, bench_of
from tests.integration.verdicts.case import Case, as_it_is
from tests.integration.verdicts.proof import every_case, grouped, name_of, prove, world_of
from tests.integration.verdicts.sources import vault_unread, vcenter_unread

from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.toolchain import Binaries
from failback_operator.domain.verdicts import Outcome
from failback_operator.observe.vsphere.convert import FIELDS_OF_PATH

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
    with world_of(tmp_path_factory.mktemp("verdicts"), (lab_ca, lab_binaries), demo_scenario) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(demo_world: World) -> AsyncIterator[Bench]:
    """The demo's site as it begins: all machines failed over, none begun."""
    async with bench_of(demo_world) as made:
        yield made


@pytest.mark.parametrize("cases", grouped(every_case()), ids=name_of)
async def test_a_check_answers_by_the_fact_that_it_is_about(demo: Bench, cases: tuple[Case, ...]) -> None:
    await prove(demo, cases)


@pytest.mark.parametrize(("unread", "told_by"), [(vault_unread, "AzureReachable"), (vcenter_unread, "VCenterReachable")])
async def test_a_half_that_is_not_read_fails_itself_alone(demo: Bench, unread: Callable[[World], None], told_by: str) -> None:
    """What cannot be read is Unknown: no other check fails over it, and none of those that passed says that it does not apply."""
    before = await demo.baseline(as_it_is)
    try:
        unread(demo.world)
        after = await demo.verdicts()
    finally:
        demo.world.undo()
    passed = {key: after[key].outcome for key, verdict in before.items() if verdict.outcome is Outcome.PASS}
    assert {check for (check, _), outcome in passed.items() if outcome is Outcome.FAIL} == {told_by}
    assert [key for key, outcome in passed.items() if outcome is Outcome.NOT_APPLICABLE] == []


@pytest.mark.parametrize("path", FIELDS_OF_PATH)
async def test_a_property_that_may_not_be_read_fails_nothing(demo: Bench, path: str) -> None:
    """Of master targets and returning machines alike."""
    before = await demo.baseline(as_it_is)
    try:
        for name in ("mt-win-1", "mt-lin-1", "crm-1", "mail-relay-1", "payroll-db-1"):
            demo.world.conceal(name, path)
        after = await demo.verdicts()
    finally:
        demo.world.undo()
    failed = [key for key, verdict in after.items() if verdict.outcome is Outcome.FAIL]
    assert [key for key in failed if before[key].outcome is not Outcome.FAIL] == []
