"""A world in which machines stand at each later step: the simulated Azure has brought them there, and vCenter with it."""

import asyncio

from tests.integration.azure.clients import Vault, codes
from tests.integration.verdicts.bench import Bench
from tests.integration.verdicts.plan_cases import plan
from tests.integration.verdicts.world import World, until

REPROTECTED = ("payroll-db-1", "payroll-app-1", "payroll-web-1")
FAILED_BACK = "files-1"
COMMITTED = "crm-1"
TOOLS_RUN = "guestToolsRunning"


def on_the_way(world: World) -> None:
    """The plan goes all the way, for the failover that it covers."""
    concurrency = {"reprotect": 8, "failback": 8, "commit": 8, "protect": 8}
    plan(world, stage="Protected", failedOverBefore=world.ago(hours=1), concurrency=concurrency)


async def brought_on_the_way(bench: Bench) -> None:
    """Let the operator look and record, bring the machines to their steps, and let it look again."""
    on_the_way(bench.world)
    await bench.keep()
    await asyncio.to_thread(_bring, bench.world)
    await bench.keep()
    bench.world.undo()


def _bring(world: World) -> None:
    vault = Vault(world.azure, retry_total=0)
    for machine in (*REPROTECTED, FAILED_BACK, COMMITTED):
        vault.reprotected(machine)
    for machine in (FAILED_BACK, COMMITTED):
        job = vault.run(machine, "unplannedFailover", vault.failover("InMage", recoveryPointType="LatestTime"))
        assert job.properties.state == "Succeeded", codes(job)
    job = vault.run(COMMITTED, "failoverCommit")
    assert job.properties.state == "Succeeded", codes(job)
    # An application-consistent point comes an hour after the protection began: some seconds in the lab.
    until(lambda: bool(vault.item(REPROTECTED[0]).properties.provider_specific_details.consistency_points), "the first point")
    tools = "guest.toolsRunningStatus"
    until(lambda: bool(world.told("VirtualMachine", FAILED_BACK, tools) == TOOLS_RUN), "VMware Tools of the returned machine")
