"""What an administrator writes: policies, mappings, recovery plans; and the refresh of discovery."""

from typing import Any

import pytest
from tests.integration.azure.clients import Vault, codes, wait

FAILBACK_POLICY = {
    "properties": {
        "providerSpecificInput": {
            "instanceType": "InMage",
            "recoveryPointThresholdInMinutes": 15,
            "recoveryPointHistory": 1440,
            "appConsistentFrequencyInMinutes": 60,
            "multiVmSyncStatus": "Enable",
        }
    }
}


def test_missing_failback_policy_and_mapping_are_made_by_two_puts(own_vault: Vault) -> None:
    """Source: facts, section 1, Policies: the portal makes both, API users make them themselves (requirement R10)."""
    vault = own_vault
    body = vault.to_site()
    vault.azure.set("mapping", "policy-24h-failback-mapping", "exists", value=False)
    job = vault.run("crm-1", "reProtect", body)
    assert job.properties.state == "Failed"
    vault.azure.set("policy", "policy-24h-failback", "exists", value=False)

    policies = vault.sdk.replication_policies
    policy = policies.begin_create(vault.group, vault.name, "made", FAILBACK_POLICY).result()
    assert policy.properties.provider_specific_details.multi_vm_sync_status == "Enabled"
    target = f"{vault.container_path}".replace("/subscriptions/", "/Subscriptions/")
    wanted = {"properties": {"targetProtectionContainerId": target, "policyId": policy.id}}
    mappings = vault.sdk.replication_protection_container_mappings
    mapping = mappings.begin_create(vault.group, vault.name, vault.fabric, vault.container, "made-mapping", wanted).result()
    assert (mapping.properties.state, mapping.properties.target_protection_container_friendly_name) == ("Paired", "cs-1")

    body["properties"]["providerSpecificDetails"]["profileId"] = policy.id
    job = vault.run("crm-1", "reProtect", body)
    assert job.properties.state == "Succeeded", codes(job)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("replicationPolicies/x", {"properties": {"providerSpecificInput": {"instanceType": "A2A"}}}),
        (
            "replicationPolicies/x",
            {"properties": {"providerSpecificInput": {"instanceType": "InMage", "multiVmSyncStatus": "Enabled"}}},
        ),
        ("replicationPolicies/x", {}),
    ],
)
def test_bad_policies_are_refused(vault: Vault, kind: str, body: Any) -> None:
    """Source: facts, section 1: input enum Enable|Disable."""
    assert vault.raw("PUT", f"{vault.path}/{kind}", body).status == 400


def test_mapping_of_a_failback_policy_to_azure_is_refused(vault: Vault) -> None:
    """Source: facts, section 1: failback mapping: target = the same container (recorded)."""
    body = {"properties": {"targetProtectionContainerId": "Microsoft Azure", "policyId": vault.policy_id("policy-24h-failback")}}
    path = f"{vault.container_path}/replicationProtectionContainerMappings/x"
    assert vault.raw("PUT", path, body).status == 400


def test_recovery_plan_can_be_written_and_its_reprotect_is_dead(own_vault: Vault) -> None:
    """Source: facts, section 0.2."""
    vault = own_vault
    fabric = f"{vault.path}/replicationFabrics/{vault.fabric}"
    group = {
        "groupType": "Boot",
        "replicationProtectedItems": [{"id": vault.item("crm-1").id, "virtualMachineId": "x"}],
        "startGroupActions": [],
        "endGroupActions": [],
    }
    wanted = {"properties": {"primaryFabricId": fabric, "recoveryFabricId": "Microsoft Azure", "groups": [group]}}
    plan = vault.sdk.replication_recovery_plans.begin_create(vault.group, vault.name, "night", wanted).result()
    assert plan.properties.groups[0].replication_protected_items[0].id == vault.item("crm-1").id
    assert [p.name for p in vault.sdk.replication_recovery_plans.list(vault.group, vault.name)] == ["night"]
    assert vault.sdk.replication_recovery_plans.get(vault.group, vault.name, "night").name == "night"
    dead = vault.raw("POST", f"{vault.path}/replicationRecoveryPlans/night/reProtect")
    assert (dead.status, "no longer works" in dead.body["error"]["message"]) == (400, True)


def test_refresh_provider_runs_discovery(own_vault: Vault) -> None:
    """Source: facts, section 1: refreshProvider re-reads the master targets; 202 and the provider at its end."""
    vault = own_vault
    provider = next(iter(vault.sdk.replication_recovery_services_providers.list(vault.group, vault.name)))
    place = (vault.group, vault.name, vault.fabric, provider.name)
    refreshed = vault.sdk.replication_recovery_services_providers.begin_refresh_provider(*place).result()
    assert refreshed.properties.connection_status == "Connected"
    assert wait(lambda: vault.target("mt-win-1"), lambda t: t.disk_count == 2).data_stores
    vault.azure.set("fabric", "cs-1", "connected", value=False)
    assert vault.custom_details().cs_service_status == "Stopped"
    path = f"{vault.path}/replicationFabrics/{vault.fabric}/replicationRecoveryServicesProviders/{provider.name}/refreshProvider"
    assert vault.raw("POST", path).status == 409
