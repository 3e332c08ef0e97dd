"""Every row of the table of error codes: the operator says so beforehand, and Site Recovery refuses or fails as the row says."""

import asyncio

import pytest
import pytest_asyncio
from tests.integration.azure.clients import Vault
from tests.integration.error_codes.cases import CASES, TOLD
from tests.integration.error_codes.judging import named, outcome, plan_status, ready, seen
from tests.integration.error_codes.trouble import Trouble
from tests.integration.verdicts.bench import Bench

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
