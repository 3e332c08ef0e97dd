"""The machines and networks that the lab's subscription holds."""

from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address, ip_network

from failback_lab.scenario import Machine, Vault, derived_uuid

from .arm import Ids

VM = "Microsoft.Compute/virtualMachines"
NIC = "Microsoft.Network/networkInterfaces"
VNET = "Microsoft.Network/virtualNetworks"
GATEWAY = "Microsoft.Network/virtualNetworkGateways"
CONNECTION = "Microsoft.Network/connections"
CIRCUIT = "Microsoft.Network/expressRouteCircuits"
LOCAL_GATEWAY = "Microsoft.Network/localNetworkGateways"
PUBLIC_IP = "Microsoft.Network/publicIPAddresses"
DISK = "Microsoft.Compute/disks"
LOCK = "Microsoft.Authorization/locks"
STORAGE = "Microsoft.Storage/storageAccounts"


@dataclass(slots=True)
class AzureVm:
    """An Azure VM. `power` is the last part of its PowerState code."""

    name: str
    size: str
    os_type: str
    os_name: str
    disk_gib: tuple[int, ...]
    nic: str
    created: datetime
    power: str = "running"
    group: str | None = None
    """The resource group into which it was moved, if it was."""
    is_locked: bool = False
    """A lock of a resource makes its deletion fail (inferred in the facts)."""


@dataclass(slots=True)
class Nic:
    """A network interface; `vm` is None once its machine is gone, for it is left over then."""

    name: str
    ip_address: str
    mac_address: str
    subnet: str
    vm: str | None
    network: str


@dataclass(slots=True)
class Connection:
    """The gateway's connection to the site."""

    name: str
    type: str
    status: str = "Connected"


@dataclass(slots=True)
class Circuit:
    """An ExpressRoute circuit with its private peering."""

    name: str
    state: str = "Enabled"
    provider_state: str = "Provisioned"
    peering_state: str = "Enabled"


@dataclass(slots=True)
class Estate:
    """All of it."""

    vault: Vault
    ids: Ids
    gateway: str
    local_gateway: str
    vms: dict[str, AzureVm] = field(default_factory=dict)
    nics: dict[str, Nic] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    circuits: dict[str, Circuit] = field(default_factory=dict)
    storage_accounts: tuple[str, ...] = ()
    """Those in the vault's group."""
    locked_groups: set[str] = field(default_factory=set)
    """Resource groups with a lock, which all that is in them inherits."""

    @property
    def vm_group(self) -> str:
        return self.vault.vm_resource_group

    @property
    def network_group(self) -> str:
        return self.vault.resource_group

    @property
    def network_id(self) -> str:
        return self.ids.of(self.network_group, VNET, self.vault.network.name)

    def vm_id(self, name: str) -> str:
        vm = self.vms.get(name)
        return self.ids.of(vm.group if vm is not None and vm.group else self.vm_group, VM, name)

    def is_locked(self, vm: AzureVm) -> bool:
        """Whether a lock keeps the machine from being deleted.

        Source: documentation of Microsoft.Authorization/locks: resources inherit the locks of their scope.
        """
        return vm.is_locked or self.vm_group in self.locked_groups

    def network_of(self, address: str) -> str | None:
        """Name of the network in which the interface with that address is."""
        return next((nic.network for nic in self.nics.values() if nic.ip_address == address), None)

    def has_private_path(self) -> bool:
        """Whether a connection to the site is up."""
        return any(c.status == "Connected" for c in self.connections.values())

    def subnet_of(self, address: str) -> str:
        """Name of the subnet that holds `address`. Raises StopIteration."""
        return next(n for n, prefix in self.vault.network.subnets.items() if ip_address(address) in ip_network(prefix))

    def add_vm(self, vm: AzureVm, address: str) -> None:
        """Put a machine and its interface there; a left-over interface of that name is used again."""
        tail = derived_uuid("azure-nic", vm.name).hex[:6].upper()
        self.vms[vm.name] = vm
        mac = f"00-22-48-{tail[:2]}-{tail[2:4]}-{tail[4:]}"
        self.nics[vm.nic] = Nic(vm.nic, address, mac, self.subnet_of(address), vm.name, self.vault.network.name)

    def remove_vm(self, name: str) -> None:
        """Delete a machine; its interface stays, as it does in the service.

        Source: site-recovery facts, section 9 (NICs, disks and public IPs may be left over after commit).
        """
        vm = self.vms.pop(name)
        self.nics[vm.nic].vm = None


def failed_over_vm(machine: Machine, os_type: str, os_name: str, name: str, created: datetime) -> AzureVm:
    """The Azure VM that a failover makes of a machine."""
    return AzureVm(
        name=name,
        size="Standard_F2s_v2",
        os_type=os_type,
        os_name=os_name,
        disk_gib=tuple(d.size_gib for d in machine.disks),
        nic=f"{name}-nic",
        created=created,
    )


def build_estate(vault: Vault, ids: Ids, created: datetime) -> Estate:
    """The network, its VPN gateway with a connection to the site, a circuit, log storage, and the process servers in Azure."""
    site = vault.name.removeprefix("vault-")
    estate = Estate(vault, ids, gateway=f"vgw-{site}", local_gateway=f"lgw-{site}")
    estate.connections[f"cn-{site}"] = Connection(f"cn-{site}", "IPsec")
    estate.circuits[f"er-{site}"] = Circuit(f"er-{site}")
    estate.storage_accounts = (vault.log_storage_account,)
    for server in vault.process_servers:
        if server.location == "Azure":
            vm = AzureVm(
                server.name,
                "Standard_A8_v2",
                "Windows",
                "Windows Server 2016 Datacenter",
                (127, 600),
                f"{server.name}-nic",
                created,
            )
            estate.add_vm(vm, server.ip_address)
    return estate
