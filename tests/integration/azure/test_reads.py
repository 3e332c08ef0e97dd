"""Reads of the vault: members, nulls, dates, ids, pages, and what LIST leaves out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.recoveryservicessiterecovery import models
from tests.contract.sdk_models import undeclared
from tests.integration.azure.clients import Vault


def test_vault_itself(vault: Vault) -> None:
    """Source: facts, section 1, first row."""
    body = vault.raw("GET", vault.path).body
    assert body["sku"]["name"] == "RS0"
    assert body["properties"]["provisioningState"] == "Succeeded"
    assert body["id"].startswith("/subscriptions/")


def test_fabric_is_named_by_a_hash_and_shows_the_configuration_server(vault: Vault) -> None:
    """Source: facts, section 1: fabrics, VMwareDetails."""
    fabric = vault.sdk.replication_fabrics.get(vault.group, vault.name, vault.fabric)
    details = fabric.properties.custom_details
    assert len(fabric.name) == 64
    assert fabric.properties.friendly_name == details.host_name == "cs-1"
    assert details.cs_service_status == "Running"
    assert (details.process_server_count, details.protected_servers) == ("3", "8")
    assert [a.account_name for a in details.run_as_accounts] == ["vmadmin-windows", "vmadmin-linux"]


def test_heartbeats_are_fresh_and_move(vault: Vault) -> None:
    """Source: facts, section 4: no heartbeat for 15 minutes is critical; time stamps are the wall clock's."""
    details = vault.custom_details()
    beats = [details.last_heartbeat, *(s.last_heartbeat for s in details.process_servers)]
    beats += [t.last_heartbeat for t in details.master_target_servers]
    assert all(timedelta(0) < datetime.now(UTC) - b < timedelta(minutes=2) for b in beats)


def test_sentinel_dates_have_no_zone(vault: Vault) -> None:
    """Source: facts, section 1, pitfalls: 9999-12-31T23:59:59.9999999 comes out naive."""
    server = vault.server("ps-azure-1")
    assert server.agent_expiry_date.tzinfo is None
    assert server.agent_expiry_date.year == 9999
    assert server.os_version is None


def test_numbers_that_are_strings(vault: Vault) -> None:
    """Source: facts, section 1: counts and loads as strings, capacities in GB as strings."""
    fabric = vault.raw("GET", f"{vault.path}/replicationFabrics/{vault.fabric}").body["properties"]["customDetails"]
    assert fabric["replicationPairCount"] == "22"
    assert fabric["cpuLoad"].endswith("%")
    store = next(t for t in fabric["masterTargetServers"] if t["name"] == "mt-win-1")["dataStores"][0]
    assert (store["capacity"], store["freeSpace"]) == ("8192", "4096")


def test_server_ids_and_retention_volumes_as_recorded(vault: Vault) -> None:
    """Source: facts, section 1: MasterTargetServer (bare letter; Linux path), id of four groups."""
    target = vault.target("mt-win-1")
    assert [len(part) for part in target.id.split("-")] == [8, 4, 4, 16]
    assert target.retention_volumes[0].volume_name == "R"
    assert vault.target("mt-lin-1").retention_volumes[0].volume_name == "/mnt/retention"
    assert vault.target("cs-1").id == vault.server("cs-1").id


def test_provider_container_and_vcenter(vault: Vault) -> None:
    """Source: facts, section 1: providers, containers, vCenters."""
    provider = next(iter(vault.sdk.replication_recovery_services_providers.list(vault.group, vault.name)))
    assert (provider.properties.connection_status, provider.properties.allowed_scenarios) == ("Connected", ["Refresh"])
    assert vault.container == f"cloud_{provider.name}"
    container = vault.sdk.replication_protection_containers.get(vault.group, vault.name, vault.fabric, vault.container)
    assert (container.properties.pairing_status, container.properties.role) == ("Paired", "Primary")
    center = next(iter(vault.sdk.replicationv_centers.list(vault.group, vault.name)))
    assert center.properties.ip_address == "vcenter.tokyo.example.com"
    got = vault.sdk.replicationv_centers.get(vault.group, vault.name, vault.fabric, center.name)
    assert got.properties.port == "443"


def test_lists_are_paged_by_next_link(vault: Vault) -> None:
    """Source: facts, section 1: all lists page by nextLink, null when done."""
    first = vault.raw("GET", f"{vault.path}/replicationProtectedItems").body
    assert len(first["value"]) == 5
    assert first["nextLink"].startswith(vault.azure.base_url)
    second = vault.raw("GET", first["nextLink"]).body
    assert (len(second["value"]), second["nextLink"]) == (3, None)
    assert len(vault.items()) == 8
    assert (
        len(
            list(
                vault.sdk.replication_protected_items.list_by_replication_protection_containers(
                    vault.group, vault.name, vault.fabric, vault.container
                )
            )
        )
        == 8
    )


LOST: dict[str, Any] = {"masterTargetId": None, "protectedDisks": [], "diskResized": None}
LOST_IN_MAGE = {**LOST, "osDetails": None, "consistencyPoints": None, "retentionWindowStart": None, "retentionWindowEnd": None}


def test_list_is_lossy_where_get_is_not(own_vault: Vault) -> None:
    """Source: facts, section 0.5."""
    own_vault.reprotected("crm-1")
    listed = own_vault.raw("GET", f"{own_vault.container_path}/replicationProtectedItems").body
    listed["value"] += own_vault.raw("GET", listed["nextLink"]).body["value"]
    for machine, lost in {"crm-1": LOST_IN_MAGE, "files-1": LOST}.items():
        thin = next(i for i in listed["value"] if i["properties"]["friendlyName"] == machine)
        full = own_vault.raw("GET", own_vault.item_path(machine)).body
        thin_details, full_details = (b["properties"]["providerSpecificDetails"] for b in (thin, full))
        assert {k: thin_details[k] for k in lost} == lost
        assert all(full_details[k] for k in lost if k != "consistencyPoints")
        assert full_details["protectedDisks"]


def test_ids_have_a_capital_segment_and_paths_any_case(vault: Vault) -> None:
    """Source: facts, section 1, LRO on the wire: ids come back as /Subscriptions/…; compare ids case-insensitively."""
    item = vault.item("crm-1")
    assert item.id.startswith("/Subscriptions/")
    shouted = vault.raw("GET", vault.item_path("crm-1").replace("replicationProtectedItems", "REPLICATIONPROTECTEDITEMS").upper())
    assert shouted.body["name"] == item.name


def test_idle_item_shows_a_scenario_of_1753(vault: Vault) -> None:
    """Source: facts, section 1: currentScenario when idle."""
    scenario = vault.item("crm-1").properties.current_scenario
    assert (scenario.scenario_name, scenario.start_time.year) == ("None", 1753)
    assert scenario.job_id.endswith("/replicationJobs/None")


def test_recorded_casing_drift_and_absent_members(vault: Vault) -> None:
    """Source: facts, section 1, pitfalls: sourceVmCPUCount in 2017 traffic; a never-made test failover is absent."""
    properties = vault.raw("GET", vault.item_path("crm-1")).body["properties"]
    assert properties["providerSpecificDetails"]["sourceVmCPUCount"] == 0
    assert "lastSuccessfulTestFailoverTime" not in properties


def test_groups_and_the_singleton_group(vault: Vault) -> None:
    """Source: facts, section 1, gotcha: a machine alone has a group whose name is its id."""
    details = {n: vault.item(n).properties.provider_specific_details for n in ("shop-db-1", "shop-web-1", "crm-1")}
    assert details["shop-db-1"].multi_vm_group_id == details["shop-web-1"].multi_vm_group_id
    assert details["shop-db-1"].multi_vm_group_name == "shop"
    assert details["crm-1"].multi_vm_group_name == details["crm-1"].multi_vm_group_id


def test_protectable_items(vault: Vault) -> None:
    """Source: facts, section 1 (VMwareVirtualMachine) and section 2 (the Azure VM is a "Physical" protectable item)."""
    found = list(
        vault.sdk.replication_protectable_items.list_by_replication_protection_containers(
            vault.group, vault.name, vault.fabric, vault.container
        )
    )
    assert len(found) == 16
    assert {f.properties.custom_details.discovery_type for f in found} == {"vCenter", "Physical"}
    name = next(f.name for f in found if f.properties.friendly_name == "crm-1")
    one = vault.sdk.replication_protectable_items.get(vault.group, vault.name, vault.fabric, vault.container, name)
    assert one.properties.custom_details.os_type == "WINDOWS"


def test_policies_and_mappings(vault: Vault) -> None:
    """Source: facts, section 1: policies in minutes; the failback mapping's target is the container itself."""
    policies = {
        p.name: p.properties.provider_specific_details for p in vault.sdk.replication_policies.list(vault.group, vault.name)
    }
    back = policies["policy-24h-failback"]
    times = (back.recovery_point_threshold_in_minutes, back.recovery_point_history, back.app_consistent_frequency_in_minutes)
    assert (back.instance_type, times, back.multi_vm_sync_status) == ("InMage", (15, 1440, 60), "Enabled")
    assert policies["policy-24h"].crash_consistent_frequency_in_minutes == 5
    targets = {
        m.properties.policy_friendly_name: m.properties.target_protection_container_id
        for m in vault.sdk.replication_protection_container_mappings.list(vault.group, vault.name)
    }
    assert targets["policy-24h"] == "Microsoft Azure"
    assert targets["policy-24h-failback"].endswith(f"/replicationProtectionContainers/{vault.container}")


def test_past_failovers_are_in_the_vault_s_jobs(vault: Vault) -> None:
    """Source: design, safety rule 2: the newest successful failover job is a record of the failover."""
    jobs = [j for j in vault.jobs() if j.properties.target_object_name == "crm-1"]
    assert {j.properties.scenario_name for j in jobs} == {"UnplannedFailover", "CommitFailover"}
    assert vault.item("crm-1").properties.last_successful_failover_time == min(j.properties.start_time for j in jobs)


@pytest.mark.parametrize(
    ("find", "put", "code"),
    [
        ("/vaults/vault-tokyo", "/vaults/other", "ResourceNotFound"),
        ("/resourceGroups/rg-dr-tokyo", "/resourceGroups/other", "ResourceGroupNotFound"),
        ("/replicationProtectedItems/", "/replicationProtectedItems/x", "ResourceNotFound"),
    ],
)
def test_what_does_not_exist_is_404(vault: Vault, find: str, put: str, code: str) -> None:
    """Source: docs/operations.md: vault missing."""
    answer = vault.raw("GET", vault.item_path("crm-1").replace(find, put))
    assert (answer.status, answer.body["error"]["code"]) == (404, code)


def test_sdk_reads_404_as_not_found(vault: Vault) -> None:
    """Source: docs/operations.md: vault missing."""
    with pytest.raises(ResourceNotFoundError):
        list(vault.sdk.replication_protected_items.list(vault.group, "other"))


def test_api_version_is_required(vault: Vault) -> None:
    """Source: Resource Manager's rule for all requests."""
    assert vault.raw("GET", vault.path, version=False).body["error"]["code"] == "MissingApiVersionParameter"


def test_operations_that_the_lab_lacks_say_so(vault: Vault) -> None:
    """Source: the lab's README (LAB-NOT-SIMULATED): an honest error."""
    answer = vault.post("crm-1", "plannedFailover", {})
    assert (answer.status, answer.body["error"]["code"]) == (400, "LAB-NOT-SIMULATED")


def test_every_member_is_known_to_the_sdk_s_models(vault: Vault) -> None:
    """Source: docs/lab.md, contract check: a misspelt member fails; the one listed drift is recorded."""
    for path, model in {
        "replicationFabrics": models.Fabric,
        "replicationRecoveryServicesProviders": models.RecoveryServicesProvider,
        "replicationProtectionContainers": models.ProtectionContainer,
        "replicationvCenters": models.VCenter,
        "replicationProtectedItems": models.ReplicationProtectedItem,
        "replicationPolicies": models.Policy,
        "replicationProtectionContainerMappings": models.ProtectionContainerMapping,
        "replicationJobs": models.Job,
    }.items():
        for body in vault.raw("GET", f"{vault.path}/{path}").body["value"]:
            assert undeclared(model, body) <= {"properties.providerSpecificDetails.sourceVmCPUCount"}
