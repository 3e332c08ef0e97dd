"""Azure VMs, interfaces, networks, gateways, connections and circuits.

Source: the published descriptions of Compute 2021-03-01 and Network 2021-02-01.
"""

from failback_lab.azure.arm import Json
from failback_lab.azure.clock import wire_time
from failback_lab.azure.estate import (
    CIRCUIT,
    CONNECTION,
    DISK,
    GATEWAY,
    LOCAL_GATEWAY,
    NIC,
    PUBLIC_IP,
    VNET,
    AzureVm,
    Circuit,
    Connection,
    Nic,
)
from failback_lab.azure.world import World
from failback_lab.scenario import derived_uuid

_POWER = {"running": "VM running", "stopped": "VM stopped", "deallocated": "VM deallocated", "starting": "VM starting"}
_DONE = "Succeeded"


def vm(world: World, it: AzureVm, *, with_view: bool, in_list: bool = False) -> Json:
    """A virtual machine; with its instance view where asked for. LIST spells the resource group in capitals."""
    estate = world.estate
    machine_id = estate.vm_id(it.name)
    if in_list:
        machine_id = machine_id.replace(f"/{estate.vm_group}/", f"/{estate.vm_group.upper()}/")
    system, *data = it.disk_gib
    system_disk: Json = {
        "osType": it.os_type,
        "createOption": "Attach",
        "caching": "ReadWrite",
        **_disk(world, f"{it.name}-os", system),
    }
    properties: Json = {
        "vmId": str(derived_uuid("azure-vm", it.name)),
        "hardwareProfile": {"vmSize": it.size},
        "storageProfile": {
            "osDisk": system_disk,
            "dataDisks": [
                {"lun": lun, "createOption": "Attach", "caching": "None", **_disk(world, f"{it.name}-data-{lun}", size)}
                for lun, size in enumerate(data)
            ],
        },
        "networkProfile": {
            "networkInterfaces": [{"id": world.ids.of(estate.vm_group, NIC, it.nic), "properties": {"primary": True}}]
        },
        "provisioningState": _DONE,
    }
    if with_view:
        properties["instanceView"] = _instance_view(it)
    body: Json = {
        "name": it.name,
        "id": machine_id,
        "type": "Microsoft.Compute/virtualMachines",
        "location": world.vault.location,
        "properties": properties,
    }
    return world.overlay.apply("vm", it.name, body)


def _disk(world: World, name: str, size_gib: int) -> Json:
    disk_id = world.ids.of(world.estate.vm_group, DISK, name)
    return {"name": name, "diskSizeGB": size_gib, "managedDisk": {"id": disk_id, "storageAccountType": "Standard_LRS"}}


def _instance_view(it: AzureVm) -> Json:
    return {
        "computerName": it.name.removesuffix("-az"),
        "osName": it.os_name,
        "hyperVGeneration": "V1",
        "statuses": [
            {
                "code": "ProvisioningState/succeeded",
                "level": "Info",
                "displayStatus": "Provisioning succeeded",
                "time": wire_time(it.created),
            },
            {
                "code": f"PowerState/{it.power}",
                "level": "Info",
                "displayStatus": _POWER.get(it.power, f"VM {it.power}"),
            },
        ],
    }


def nic(world: World, it: Nic) -> Json:
    """A network interface."""
    estate = world.estate
    nic_id = world.ids.of(estate.vm_group, NIC, it.name)
    address: Json = {
        "name": "ipconfig1",
        "id": f"{nic_id}/ipConfigurations/ipconfig1",
        "properties": {
            "provisioningState": _DONE,
            "privateIPAddress": it.ip_address,
            "privateIPAllocationMethod": "Static",
            "subnet": {"id": f"{world.ids.of(estate.network_group, VNET, it.network)}/subnets/{it.subnet}"},
            "primary": True,
            "privateIPAddressVersion": "IPv4",
        },
    }
    body: Json = {
        "name": it.name,
        "id": nic_id,
        "location": world.vault.location,
        "type": NIC,
        "properties": {
            "provisioningState": _DONE,
            "resourceGuid": str(derived_uuid("nic-guid", it.name)),
            "ipConfigurations": [address],
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "macAddress": it.mac_address,
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
            "primary": True,
            **({"virtualMachine": {"id": estate.vm_id(it.vm)}} if it.vm else {}),
            "hostedWorkloads": [],
            "tapConfigurations": [],
            "nicType": "Standard",
        },
    }
    return world.overlay.apply("nic", it.name, body)


def network(world: World) -> Json:
    """The virtual network."""
    estate, spec = world.estate, world.vault.network
    subnets = [
        {
            "name": name,
            "id": f"{estate.network_id}/subnets/{name}",
            "properties": {
                "provisioningState": _DONE,
                "addressPrefix": prefix,
                "delegations": [],
                "privateEndpointNetworkPolicies": "Enabled",
                "privateLinkServiceNetworkPolicies": "Enabled",
            },
            "type": f"{VNET}/subnets",
        }
        for name, prefix in spec.subnets.items()
    ]
    body: Json = {
        "name": spec.name,
        "id": estate.network_id,
        "type": VNET,
        "location": world.vault.location,
        "properties": {
            "provisioningState": _DONE,
            "resourceGuid": str(derived_uuid("vnet", spec.name)),
            "addressSpace": {"addressPrefixes": [spec.prefix]},
            "subnets": subnets,
            "virtualNetworkPeerings": [],
            "enableDdosProtection": False,
        },
    }
    return world.overlay.apply("network", spec.name, body)


def gateway(world: World) -> Json:
    """The VPN gateway of the network."""
    estate = world.estate
    gateway_id = world.ids.of(estate.network_group, GATEWAY, estate.gateway)
    address: Json = {
        "name": "default",
        "id": f"{gateway_id}/ipConfigurations/default",
        "properties": {
            "provisioningState": _DONE,
            "privateIPAllocationMethod": "Dynamic",
            "publicIPAddress": {"id": world.ids.of(estate.network_group, PUBLIC_IP, f"{estate.gateway}-ip")},
            "subnet": {"id": f"{estate.network_id}/subnets/GatewaySubnet"},
        },
    }
    body: Json = {
        "name": estate.gateway,
        "id": gateway_id,
        "type": GATEWAY,
        "location": world.vault.location,
        "properties": {
            "provisioningState": _DONE,
            "resourceGuid": str(derived_uuid("gateway", estate.gateway)),
            "ipConfigurations": [address],
            "sku": {"name": "VpnGw2", "tier": "VpnGw2", "capacity": 2},
            "gatewayType": "Vpn",
            "vpnType": "RouteBased",
            "enableBgp": False,
            "activeActive": False,
            "vpnGatewayGeneration": "Generation2",
        },
    }
    return world.overlay.apply("gateway", estate.gateway, body)


def connection(world: World, it: Connection) -> Json:
    """The connection of the gateway with the site."""
    estate = world.estate
    group = estate.network_group
    body: Json = {
        "name": it.name,
        "id": world.ids.of(group, CONNECTION, it.name),
        "type": CONNECTION,
        "location": world.vault.location,
        "properties": {
            "provisioningState": _DONE,
            "resourceGuid": str(derived_uuid("connection", it.name)),
            "virtualNetworkGateway1": {"id": world.ids.of(group, GATEWAY, estate.gateway), "properties": {}},
            "localNetworkGateway2": {"id": world.ids.of(group, LOCAL_GATEWAY, estate.local_gateway), "properties": {}},
            "connectionType": it.type,
            "connectionProtocol": "IKEv2",
            "routingWeight": 10,
            "connectionStatus": it.status,
            "egressBytesTransferred": 0,
            "ingressBytesTransferred": 0,
            "enableBgp": False,
            "usePolicyBasedTrafficSelectors": False,
        },
    }
    return world.overlay.apply("connection", it.name, body)


def circuit(world: World, it: Circuit) -> Json:
    """An ExpressRoute circuit."""
    body: Json = {
        "name": it.name,
        "id": world.ids.of(world.estate.network_group, CIRCUIT, it.name),
        "type": CIRCUIT,
        "location": world.vault.location,
        "sku": {"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"},
        "properties": {
            "provisioningState": _DONE,
            "peerings": [peering(world, it)],
            "authorizations": [],
            "serviceProviderProperties": {
                "serviceProviderName": "Equinix",
                "peeringLocation": "Tokyo",
                "bandwidthInMbps": 1000,
            },
            "circuitProvisioningState": it.state,
            "allowClassicOperations": False,
            "serviceProviderProvisioningState": it.provider_state,
            "globalReachEnabled": False,
        },
    }
    return world.overlay.apply("circuit", it.name, body)


def peering(world: World, it: Circuit) -> Json:
    """The private peering of a circuit."""
    name = "AzurePrivatePeering"
    body: Json = {
        "name": name,
        "id": f"{world.ids.of(world.estate.network_group, CIRCUIT, it.name)}/peerings/{name}",
        "type": f"{CIRCUIT}/peerings",
        "properties": {
            "provisioningState": _DONE,
            "peeringType": name,
            "state": it.peering_state,
            "azureASN": 12076,
            "peerASN": 65010,
            "primaryPeerAddressPrefix": "172.16.0.0/30",
            "secondaryPeerAddressPrefix": "172.16.0.4/30",
            "vlanId": 100,
            "connections": [],
            "peeredConnections": [],
        },
    }
    return world.overlay.apply("peering", it.name, body)
