"""Azure VMs and networks."""

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.compute import models
from tests.contract.sdk_models import undeclared
from tests.integration.azure.clients import Vault, compute_client


def test_vm_with_its_instance_view(vault: Vault) -> None:
    """Source: facts, section 1, Azure VM."""
    machines = compute_client(vault.azure).virtual_machines
    bare = machines.get("rg-dr-vms", "crm-1-az")
    assert bare.instance_view is None
    full = machines.get("rg-dr-vms", "crm-1-az", expand="instanceView")
    assert [s.code for s in full.instance_view.statuses] == ["ProvisioningState/succeeded", "PowerState/running"]
    assert full.network_profile.network_interfaces[0].id.endswith("/networkInterfaces/crm-1-az-nic")
    assert vault.item("crm-1").properties.provider_specific_details.target_vm_id.casefold() == full.id.casefold()
    assert machines.instance_view("rg-dr-vms", "crm-1-az").statuses[1].display_status == "VM running"


def test_list_with_status_is_paged_and_spells_the_group_in_capitals(vault: Vault) -> None:
    """Source: design, section 5 (paged list with status); ids are compared case-insensitively (facts, section 1)."""
    everything = list(compute_client(vault.azure).virtual_machines.list_all(status_only="true"))
    assert len(everything) == 9
    assert all(m.instance_view.statuses[-1].code == "PowerState/running" for m in everything)
    assert all("/RG-DR-VMS/" in m.id for m in everything)
    assert list(compute_client(vault.azure).virtual_machines.list("rg-dr-tokyo")) == []


def test_power_state_can_change(own_vault: Vault) -> None:
    """Source: facts, section 3 (78093)."""
    own_vault.azure.set("vm", "crm-1-az", "power", "stopped")
    view = compute_client(own_vault.azure).virtual_machines.instance_view("rg-dr-vms", "crm-1-az")
    assert view.statuses[-1].code == "PowerState/stopped"
    own_vault.azure.set("vm", "crm-1-az", "exists", value=False)
    with pytest.raises(ResourceNotFoundError):
        compute_client(own_vault.azure).virtual_machines.get("rg-dr-vms", "crm-1-az")


def test_members_of_a_vm_are_known_to_the_models(vault: Vault) -> None:
    """Source: docs/lab.md, contract check."""
    body = vault.raw("GET", f"{group(vault, 'rg-dr-vms')}/Microsoft.Compute/virtualMachines/crm-1-az?$expand=instanceView").body
    assert undeclared(models.VirtualMachine, body) == set()


def group(vault: Vault, name: str) -> str:
    return f"/subscriptions/{vault.azure.subscription_id}/resourceGroups/{name}/providers"


def test_process_server_in_azure_is_found_by_its_address(vault: Vault) -> None:
    """Source: facts, section 1: compare the process server's ipAddress with NICs in the target network."""
    first = vault.raw("GET", f"{group(vault, 'rg-dr-vms')}/Microsoft.Network/networkInterfaces").body
    nics = first["value"] + vault.raw("GET", first["nextLink"]).body["value"]
    addresses = {n["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]: n for n in nics}
    nic = addresses[vault.server("ps-azure-1").ip_address]
    subnet = nic["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"]
    network = vault.raw("GET", f"{group(vault, 'rg-dr-tokyo')}/Microsoft.Network/virtualNetworks/vnet-dr").body
    assert subnet in {s["id"] for s in network["properties"]["subnets"]}
    assert vault.raw("GET", nic["id"]).body["name"] == "ps-azure-1-nic"


def test_gateway_connection_and_circuit(own_vault: Vault) -> None:
    """Source: facts, section 1, NIC/VNet/VPN."""
    base = f"{group(own_vault, 'rg-dr-tokyo')}/Microsoft.Network"
    gateways = own_vault.raw("GET", f"{base}/virtualNetworkGateways").body["value"]
    connections = own_vault.raw("GET", f"{base}/connections").body["value"]
    assert connections[0]["properties"]["virtualNetworkGateway1"]["id"] == gateways[0]["id"]
    assert connections[0]["properties"]["connectionStatus"] == "Connected"
    own_vault.azure.set("connection", "cn-tokyo", "status", "NotConnected")
    assert own_vault.raw("GET", connections[0]["id"]).body["properties"]["connectionStatus"] == "NotConnected"
    circuit = own_vault.raw("GET", f"{base}/expressRouteCircuits").body["value"][0]
    peering = own_vault.raw("GET", f"{circuit['id']}/peerings").body["value"][0]
    assert (peering["name"], peering["properties"]["state"]) == ("AzurePrivatePeering", "Enabled")
    assert own_vault.raw("GET", peering["id"]).body["id"] == peering["id"]
    for kind, name in (("virtualNetworkGateways", "vgw-tokyo"), ("expressRouteCircuits", "er-tokyo")):
        assert own_vault.raw("GET", f"{base}/{kind}/{name}").status == 200
        assert own_vault.raw("GET", f"{base}/{kind}/nobody").status == 404


def test_locks_of_the_subscription(own_vault: Vault) -> None:
    """Source: the published description of Microsoft.Authorization 2016-09-01; inherited by what lies below their scope."""
    path = f"/subscriptions/{own_vault.azure.subscription_id}/providers/Microsoft.Authorization/locks"
    assert own_vault.raw("GET", path).body["value"] == []
    own_vault.azure.set("vm", "crm-1-az", "locked", value=True)
    own_vault.azure.set("group", "rg-dr-vms", "locked", value=True)
    scopes = [
        lock["id"].rpartition("/providers/Microsoft.Authorization/")[0] for lock in own_vault.raw("GET", path).body["value"]
    ]
    assert {scope.rsplit("/", 1)[1] for scope in scopes} == {"crm-1-az", "rg-dr-vms"}
    own_vault.azure.undo()
    assert own_vault.raw("GET", path).body["value"] == []


def test_storage_accounts_of_the_subscription(own_vault: Vault) -> None:
    """Source: the published description of Microsoft.Storage 2021-02-01."""
    path = f"/subscriptions/{own_vault.azure.subscription_id}/providers/Microsoft.Storage/storageAccounts"
    details = own_vault.item("crm-1").properties.provider_specific_details
    (account,) = own_vault.raw("GET", path).body["value"]
    assert account["id"].casefold() == details.recovery_azure_log_storage_account_id.casefold()
    own_vault.azure.set("storage", account["name"], "exists", value=False)
    assert own_vault.raw("GET", path).body["value"] == []
    own_vault.azure.undo()
    assert len(own_vault.raw("GET", path).body["value"]) == 1
