"""One machine's whole way home and back under protection: each effect on the wire, each stage as facts.

Source of the stages: site-recovery facts, section 2 (S3 to S8 and S0).
"""

import asyncio
from collections.abc import Callable

from tests.integration.azure_adapter.sites import Site, read_item, read_job
from tests.integration.azure_adapter.test_effects import crm, effect, reprotect_body, transport

from failback_lab.azure.client import AzureLab
from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Accepted
from failback_operator.domain.protected_item import ActiveSite, InstanceType, ProtectedItem
from failback_operator.domain.vault import VaultFacts


async def until(site: Site, arm_id: ArmId, wish: Callable[[ProtectedItem], bool]) -> ProtectedItem:
    """The item once it is as wished and no job runs on it."""
    async with asyncio.timeout(30):
        while True:
            item = await read_item(site, arm_id)
            if wish(item) and item.current_scenario is None:
                return item
            await asyncio.sleep(0.1)


async def finished(site: Site, name: str) -> None:
    """Waits for a job's end, which must be a success with all its children."""
    async with asyncio.timeout(30):
        while True:
            jobs = await read_job(site, name)
            if jobs and all(job.is_over for job in jobs):
                assert all(job.is_success for job in jobs), jobs
                return
            await asyncio.sleep(0.1)


async def perform(site: Site, arm_id: ArmId, action: str, body: dict[str, object] | None) -> None:
    answer = await transport(site).send(effect(arm_id, action, body))
    assert isinstance(answer, Accepted), answer
    assert answer.job is not None
    await finished(site, answer.job)


def failback_body() -> dict[str, object]:
    return {
        "properties": {
            "failoverDirection": "PrimaryToRecovery",
            "sourceSiteOperations": "Required",
            "providerSpecificDetails": {"instanceType": "InMage", "recoveryPointType": "LatestTime"},
        }
    }


def protect_body(facts: VaultFacts) -> dict[str, object]:
    server = next(each for each in facts.fabric.process_servers if each.name == "ps-onprem-1")
    policy = next(each for each in facts.policies if each.instance_type == "InMageAzureV2")
    detail = facts.items[0].detail
    assert detail is not None
    return {
        "properties": {
            "failoverDirection": "RecoveryToPrimary",
            "providerSpecificDetails": {
                "instanceType": "InMageAzureV2",
                "processServerId": server.id,
                "masterTargetId": server.id,
                "runAsAccountId": "1",
                "policyId": str(policy.arm_id),
                "logStorageAccountId": str(detail.log_storage_account_id),
            },
        }
    }


async def test_home_and_back_under_protection(own_site: Site, own_lab: AzureLab):
    item, facts = await crm(own_site)
    arm_id, vm = item.arm_id, item.target_vm_id
    assert (item.instance_type, item.active_site, item.last_failover_time is None) == (InstanceType.TO_AZURE, None, False)

    await perform(own_site, arm_id, "reProtect", reprotect_body(facts))
    item = await until(own_site, arm_id, lambda i: "UnplannedFailover" in i.allowed_operations)
    assert (item.instance_type, item.active_site) == (InstanceType.TO_ON_PREMISES, ActiveSite.AZURE)
    assert (item.protection_state, item.active_location) == ("Protected", "Primary")
    assert (item.last_failover_time, item.target_vm_id) == (None, None)
    assert item.detail is not None
    assert {disk.percent for disk in item.detail.disks} <= {0, 100}  # nothing left to copy
    assert item.policy_id == ArmId(f"{facts.policies[0].arm_id.rsplit('/', 1)[0]}/policy-24h-failback")
    read = await own_site.reader.read_parts([arm_id], [], [vm])
    assert [each.power_state for each in read.vms] == ["running"]

    await perform(own_site, arm_id, "unplannedFailover", failback_body())
    item = await until(own_site, arm_id, lambda i: "Commit" in i.allowed_operations)
    assert item.active_site is ActiveSite.ON_PREMISES
    assert item.last_failover_time is None
    read = await own_site.reader.read_parts([], [], [vm])
    assert [each.power_state in {"stopped", "deallocated"} for each in read.vms] == [True]

    await perform(own_site, arm_id, "failoverCommit", None)
    item = await until(own_site, arm_id, lambda i: "SwitchProtection" in i.allowed_operations)
    assert (item.instance_type, item.active_site) == (InstanceType.TO_ON_PREMISES, ActiveSite.ON_PREMISES)
    read = await own_site.reader.read_parts([], [], [vm])
    assert (read.vms, read.read_vms) == ((), frozenset({vm}))

    await perform(own_site, arm_id, "reProtect", protect_body(facts))
    item = await until(own_site, arm_id, lambda i: i.protection_state == "Protected")
    assert (item.instance_type, item.active_site, item.target_vm_id) == (InstanceType.TO_AZURE, None, None)
    assert own_lab.counts()["operations"]["crm-1"] == {
        "reProtect/InMage": 1,
        "unplannedFailover/InMage": 1,
        "failoverCommit": 1,
        "reProtect/InMageAzureV2": 1,
    }
