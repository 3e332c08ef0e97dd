"""The classic item's stages S0 to S8 with what they show and allow, in both directions, and what is refused."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.mgmt.recoveryservicessiterecovery import models
from tests.contract.sdk_models import undeclared
from tests.integration.azure.clients import Vault, wait

COMMITTED = ["CompleteMigration", "DisableProtection", "SwitchProtection"]


def shown(item: Any) -> tuple[str, str, str, str | None, list[str]]:
    p = item.properties
    site = getattr(p.provider_specific_details, "active_site_type", None)
    return p.provider_specific_details.instance_type, p.protection_state, p.active_location, site, p.allowed_operations


def test_the_way_home_and_back_under_protection(slow_vault: Vault) -> None:
    """Source: facts, section 2, S3 to S8 and S0."""
    vault, machine = slow_vault, "crm-1"
    assert shown(vault.item(machine)) == ("InMageAzureV2", "UnplannedFailoverCommitted", "Recovery", None, COMMITTED)
    name = vault.item(machine).name

    vault.run(machine, "reProtect", vault.to_site())
    copying = vault.item(machine)
    assert shown(copying) == ("InMage", "InitialReplicationInProgress", "Primary", "Azure", ["DisableProtection"])
    protected = vault.wait_state(machine)
    assert shown(protected) == ("InMage", "Protected", "Primary", "Azure", ["UnplannedFailover", "DisableProtection"])
    details = protected.properties.provider_specific_details
    assert (protected.properties.policy_friendly_name, details.discovery_type) == ("policy-24h-failback", "Physical")
    assert protected.properties.recovery_fabric_friendly_name == protected.properties.primary_fabric_friendly_name == "cs-1"
    assert details.master_target_id == vault.target("mt-win-1").id
    assert details.process_server_id == vault.server("ps-azure-1").id
    assert datetime.now(UTC) - details.last_heartbeat < timedelta(minutes=2)

    vault.run(machine, "unplannedFailover", vault.failover("InMage", recoveryPointType="LatestTime"))
    pending = shown(vault.item(machine))
    assert pending[1:3] == ("UnplannedFailoverCommitPendingStatesBegin", "Recovery")
    assert "Commit" in pending[4]
    assert vault.azure.state()["vms"]["crm-1-az"] == "deallocated"

    vault.run(machine, "failoverCommit")
    assert shown(vault.item(machine)) == ("InMage", "UnplannedFailoverCommitted", "Recovery", "OnPrem", COMMITTED)
    state = vault.azure.state()
    assert "crm-1-az" not in state["vms"]
    assert state["nics"]["crm-1-az-nic"] is None  # left over, facts, section 9

    vault.run(machine, "reProtect", vault.to_azure())
    last = vault.wait_state(machine)
    assert shown(last)[:3] == ("InMageAzureV2", "Protected", "Primary")
    assert last.properties.allowed_operations == ["UnplannedFailover", "DisableProtection", "TestFailover"]
    assert last.properties.provider_specific_details.target_vm_id.endswith("/virtualMachines/")
    assert last.name == name


def test_what_changes_with_the_direction(own_vault: Vault) -> None:
    """Source: facts, section 2: protectableItemId and vmId change, the on-premises VM becomes replicaId."""
    before = own_vault.item("crm-1").properties
    after = own_vault.reprotected("crm-1").properties
    assert after.protectable_item_id != before.protectable_item_id
    assert after.provider_specific_details.replica_id == before.provider_specific_details.vm_id
    assert after.provider_specific_details.ip_address == "10.50.1.32"


def test_agent_falls_silent_at_failback_and_speaks_again_under_protection(own_vault: Vault) -> None:
    """Source: recorded traffic: heartbeat and RPO of a failed-back item stand still since the failback."""
    vault, machine = own_vault, "crm-1"
    vault.reprotected(machine)
    vault.run(machine, "unplannedFailover", vault.failover("InMage", recoveryPointType="LatestTime"))
    first = vault.item(machine).properties.provider_specific_details
    vault.run(machine, "failoverCommit")
    time.sleep(1.1)
    second = vault.item(machine).properties.provider_specific_details
    assert (first.last_heartbeat, first.rpo_in_seconds) == (second.last_heartbeat, second.rpo_in_seconds)
    vault.run(machine, "reProtect", vault.to_azure())
    assert vault.wait_state(machine).properties.provider_specific_details.last_heartbeat > second.last_heartbeat


def test_heartbeats_stop_with_the_configuration_server(own_vault: Vault) -> None:
    """Source: facts, section 1: lastHeartbeat; requirement R2."""
    own_vault.azure.set("fabric", "cs-1", "connected", value=False)
    first = own_vault.custom_details()
    time.sleep(1.1)
    second = own_vault.custom_details()
    assert (first.last_heartbeat, second.cs_service_status) == (second.last_heartbeat, "Stopped")
    assert first.process_servers[0].last_heartbeat == second.process_servers[0].last_heartbeat


def test_next_disaster_fails_over_to_azure_again(own_vault: Vault) -> None:
    """Source: facts, section 2, S1 to S3; section 3: the agent registers within 15 minutes."""
    vault, machine = own_vault, "crm-1"
    vault.reprotected(machine)
    vault.run(machine, "unplannedFailover", vault.failover("InMage", recoveryPointType="LatestTime"))
    vault.run(machine, "failoverCommit")
    vault.run(machine, "reProtect", vault.to_azure())
    vault.wait_state(machine)
    job = vault.run(machine, "unplannedFailover", vault.failover("InMageAzureV2"))
    assert [t.name for t in job.properties.tasks][1] == "VmShutdownVmOnPrimary"
    assert vault.azure.state()["vms"]["crm-1-az"] == "running"
    assert vault.azure.state()["nics"]["crm-1-az-nic"] == "crm-1-az"
    vault.run(machine, "failoverCommit")
    assert shown(vault.item(machine))[:2] == ("InMageAzureV2", "UnplannedFailoverCommitted")
    early = vault.run(machine, "reProtect", vault.to_site())
    assert early.properties.state == "Failed"  # the agent has not registered yet


def test_item_shows_its_running_job_and_refuses_another(slow_vault: Vault) -> None:
    """Source: facts, section 2, S1 (in flight) and section 1 (currentScenario)."""
    vault = slow_vault
    vault.reprotected("crm-1")
    body = vault.failover("InMage", recoveryPointType="LatestTime")
    job = vault.post("crm-1", "unplannedFailover", body).headers["x-ms-request-id"]
    item = vault.item("crm-1").properties
    assert (item.current_scenario.scenario_name, item.current_scenario.job_id) == ("UnplannedFailover", job)
    assert item.protection_state == "UnplannedFailoverTransitionStatesBegin"
    assert "UnplannedFailover" not in item.allowed_operations
    second = vault.post("crm-1", "unplannedFailover", body)
    assert second.status == 409
    assert job.rsplit("/", 1)[-1] in second.body["error"]["message"]
    vault.ended(job.rsplit("/", 1)[-1])
    assert vault.azure.counts()["operations"]["crm-1"]["unplannedFailover/InMage"] == 1


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("failoverCommit", None),
        ("unplannedFailover", Vault.failover("InMageAzureV2")),
    ],
)
def test_operation_that_the_stage_does_not_allow_is_refused(vault: Vault, operation: str, body: Any) -> None:
    """Source: facts, section 0.3: gate on allowedOperations; refused with an error body."""
    answer = vault.post("crm-1", operation, body)
    assert answer.status == 400
    assert "SwitchProtection" in answer.body["error"]["message"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"failoverDirection": "PrimaryToRecovery"}, "RecoveryToPrimary"),
        ({"masterTargetId": "nobody"}, "masterTargetId"),
        ({"processServerId": ""}, "processServerId"),
        ({"retentionDrive": None}, "retentionDrive"),
        ({"profileId": "policy-24h-failback"}, "not the id of a policy"),
        ({"instanceType": "InMageAzureV2"}, "instanceType"),
    ],
)
def test_bad_reprotect_is_refused_at_once(vault: Vault, change: dict[str, Any], words: str) -> None:
    """Source: facts, section 2: InMageReprotectInput's required members, profileId = policy ARM id."""
    body = vault.to_site()
    properties = body["properties"]
    for name, value in change.items():
        (properties if name in properties else properties["providerSpecificDetails"])[name] = value
    answer = vault.post("crm-1", "reProtect", body)
    assert answer.status == 400
    assert words in answer.body["error"]["message"]
    assert vault.item("crm-1").properties.current_scenario.scenario_name == "None"


def test_progress_of_each_disk_grows_until_protected(slow_vault: Vault) -> None:
    """Source: facts, section 1: resyncProgressPercentage a disk, initialReplicationProgressPercentage as a string."""
    slow_vault.run("payroll-db-1", "reProtect", slow_vault.to_site())
    seen: list[list[int]] = []

    def look() -> Any:
        item = slow_vault.item("payroll-db-1")
        disks = item.properties.provider_specific_details.protected_disks
        seen.append([d.resync_progress_percentage for d in disks])
        return item

    item = wait(look, lambda i: i.properties.protection_state == "Protected")
    assert len(seen[0]) == 6
    assert any(0 < percent < 100 for percents in seen for percent in percents)
    assert all(a <= b for a, b in zip(seen[0], seen[1], strict=True))
    assert item.properties.provider_specific_details.protected_disks[0].protection_stage == "DifferentialSync"
    assert "IrCompletion" in {j.properties.scenario_name for j in slow_vault.jobs("TargetObjectName eq 'payroll-db-1'")}


def test_group_must_use_one_master_target(own_vault: Vault) -> None:
    """Source: requirement R7."""
    own_vault.reprotected("payroll-app-1")
    job = own_vault.run("payroll-web-1", "reProtect", own_vault.to_site(target="cs-1", drive="F"))
    assert job.properties.state == "Failed"
    assert own_vault.run("payroll-web-1", "reProtect", own_vault.to_site()).properties.state == "Succeeded"


def test_newer_master_target_lets_replication_stall(own_vault: Vault) -> None:
    """Source: facts, section 3: reprotect ok, replication fails when MT is newer than PS or CS."""
    own_vault.azure.set("masterTarget", "mt-win-1", "agent_version", "9.62.0.0")
    assert own_vault.run("crm-1", "reProtect", own_vault.to_site()).properties.state == "Succeeded"
    item = own_vault.item("crm-1").properties
    assert (item.replication_health, item.health_errors[0].error_level) == ("Critical", "Error")


def test_points_and_tags_appear_after_protection(own_vault: Vault) -> None:
    """Source: facts, section 1 (consistencyPoints) and S5 (needs one recovery point); tags every 60 minutes."""
    early = own_vault.failover("InMage", recoveryPointType="LatestTag")
    item = own_vault.reprotected("crm-1")
    assert item.properties.provider_specific_details.consistency_points == {}
    refused = own_vault.post("crm-1", "unplannedFailover", early)
    assert (refused.status, refused.body["error"]["code"]) == (400, "LAB-UNKNOWN-102")
    place = own_vault.place("crm-1")
    tags = wait(lambda: own_vault.item("crm-1").properties.provider_specific_details.consistency_points, bool)
    points = list(own_vault.sdk.recovery_points.list_by_replication_protected_items(*place))
    assert {"CrashConsistent", "AppConsistent"} == {p.properties.recovery_point_type for p in points}
    assert next(iter(tags.values())) in {p.properties.recovery_point_time for p in points}
    one = own_vault.sdk.recovery_points.get(*place, points[-1].name)
    custom = own_vault.failover("InMage", recoveryPointType="Custom", recoveryPointId=one.id)
    assert own_vault.run("crm-1", "unplannedFailover", custom).properties.state == "Succeeded"


def test_members_of_every_stage_are_known_to_the_models(slow_vault: Vault) -> None:
    """Source: docs/lab.md, contract check."""
    slow_vault.run("crm-1", "reProtect", slow_vault.to_site())
    for state in ("InitialReplicationInProgress", "Protected"):
        slow_vault.wait_state("crm-1", state)
        body = slow_vault.raw("GET", slow_vault.item_path("crm-1")).body
        assert undeclared(models.ReplicationProtectedItem, body) == set()
    point = slow_vault.raw("GET", f"{slow_vault.item_path('crm-1')}/recoveryPoints").body["value"][0]
    assert undeclared(models.RecoveryPoint, point) == set()
