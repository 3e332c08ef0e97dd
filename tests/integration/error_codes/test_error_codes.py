"""Every row of the table of error codes: the operator says so beforehand, and Site Recovery refuses or fails as the row says."""

import asyncio

import pytest
import pytest_asyncio
from tests.integration.azure.clients import Vault
from tests.integration.error_codes.cases import CASES, TOLD
from tests.integration.error_codes.trouble import MACHINE, SPARES, Trouble, plan_of, planned
from tests.integration.verdicts.bench import Bench
from tests.unit.decide.judged import evaluate

from failback_operator.api.common import StatusBase
from failback_operator.decide.evaluate import judge_site
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import ObjectKey
from failback_operator.domain.verdicts import Outcome

pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("error-codes"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vault(troubled: Bench) -> Vault:
    """Site Recovery, asked directly."""
    return await asyncio.to_thread(Vault, troubled.world.azure, retry_total=0)


async def seen(bench: Bench, trouble: Trouble | None = None) -> SiteView:
    """All as it is with the trouble."""
    bench.world.undo()
    planned(bench.world)
    if trouble is not None:
        trouble.breaks(bench.world)
    return await bench.view()


def plan_status(view: SiteView, machine: str) -> StatusBase:
    return evaluate(view).statuses[ObjectKey("FailbackPlan", "dr", plan_of(machine))]


def ready(status: StatusBase) -> tuple[str, str]:
    """Status and words of its condition Ready."""
    return next((c.status, f"{c.reason}: {c.message}") for c in status.conditions if c.type == "Ready")


def named(view: SiteView, machine: str) -> set[str]:
    """The checks that the plan's findings name, and those of its site, master target and machine, which it points to."""
    statuses = evaluate(view).statuses
    ours = {("FailbackPlan", plan_of(machine)), ("RecoverySite", "tokyo"), ("MasterTarget", "mt-win-1")}
    keys = {key for key in statuses if (key.kind, key.name) in ours or key.kind == "FailbackMachine"}
    return {finding.check for key in keys for finding in statuses[key].findings}


def outcome(view: SiteView, trouble: Trouble) -> Outcome:
    """What the check answers of the trouble's subject."""
    found = judge_site(view)
    groups = [found.site, *found.targets.values(), *found.servers.values(), *found.machines.values(), *found.plans.values()]
    verdicts = (each.verdict for group in groups for each in group)
    return next(v.outcome for v in verdicts if (v.check_id, str(v.subject)) == (trouble.check, trouble.subject))


async def test_without_trouble_all_plans_are_ready(troubled: Bench) -> None:
    view = await seen(troubled)
    told = {machine: ready(plan_status(view, machine)) for machine in (MACHINE, *SPARES)}
    assert {machine: status for machine, (status, _) in told.items()} == dict.fromkeys((MACHINE, *SPARES), "True"), told


@pytest.mark.parametrize("trouble", CASES, ids=str)
async def test_what_fails_is_said_beforehand(troubled: Bench, vault: Vault, trouble: Trouble) -> None:
    try:
        view = await seen(troubled, trouble)
        assert outcome(view, trouble) is trouble.outcome
        assert ready(plan_status(view, trouble.machine))[0] != "True"
        assert trouble.check in named(view, trouble.machine)
        assert trouble.call is not None
        assert await asyncio.to_thread(trouble.call, vault, troubled.world) == trouble.code
    finally:
        troubled.world.undo()


@pytest.mark.parametrize("trouble", TOLD, ids=str)
async def test_what_is_no_failure_is_told_and_blocks_nothing(troubled: Bench, vault: Vault, trouble: Trouble) -> None:
    try:
        view = await seen(troubled, trouble)
        assert outcome(view, trouble) is trouble.outcome
        assert ready(plan_status(view, trouble.machine))[0] == "True"
        if trouble.call is not None:
            assert await asyncio.to_thread(trouble.call, vault, troubled.world) == trouble.code
    finally:
        troubled.world.undo()
