"""What stands around the Azure machines of a site: their network interfaces, the networks of these, and locks on them.

None means: not told, which is not the same as absent. Source of each member: the published descriptions of Microsoft.Compute
2021-03-01, Microsoft.Network 2021-02-01 and Microsoft.Authorization 2016-09-01 (management locks).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from failback_operator.domain.ids import ArmId
from failback_operator.domain.reading import Part

SUBNETS = "/subnets/"


@dataclass(frozen=True, slots=True)
class AzureDisk:
    """A managed disk of an Azure machine (`storageProfile.osDisk`, `dataDisks`). A machine's temporary disk is none of them."""

    name: str
    size_bytes: int | None
    arm_id: ArmId | None = None
    is_system: bool = False


@dataclass(frozen=True, slots=True)
class AzureNic:
    """A network interface: the machine that has it (None: left over), and subnet and address of each of its configurations."""

    arm_id: ArmId
    vm_id: ArmId | None
    subnet_ids: tuple[ArmId, ...]
    addresses: tuple[str, ...]

    @property
    def network_ids(self) -> frozenset[ArmId]:
        """The virtual networks that it is in."""
        return frozenset(network_of(subnet) for subnet in self.subnet_ids)


@dataclass(frozen=True, slots=True)
class AzureSubnet:
    """A subnet of a virtual network, with its address ranges (`addressPrefix`, or `addressPrefixes`) as text."""

    arm_id: ArmId
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AzureNetwork:
    """A virtual network."""

    arm_id: ArmId
    subnets: tuple[AzureSubnet, ...]


@dataclass(frozen=True, slots=True)
class NicIndex:
    """Network interfaces by id and by address; several may have one address, in different networks."""

    by_id: Mapping[ArmId, AzureNic]
    by_address: Mapping[str, tuple[AzureNic, ...]]

    @classmethod
    def of(cls, nics: Iterable[AzureNic]) -> Self:
        """Walk them once."""
        by_id, by_address = {}, defaultdict(list)
        for nic in nics:
            by_id[nic.arm_id] = nic
            for address in nic.addresses:
                by_address[address].append(nic)
        return cls(by_id, {address: tuple(found) for address, found in by_address.items()})


@dataclass(frozen=True, slots=True)
class AzureLock:
    """A management lock. `level` is CanNotDelete or ReadOnly."""

    arm_id: ArmId
    level: str

    @property
    def scope(self) -> ArmId:
        """What it lies on: a resource, a resource group or a subscription."""
        head, _, _ = self.arm_id.casefold().rpartition("/providers/microsoft.authorization/locks/")
        return ArmId(self.arm_id[: len(head)])

    def covers(self, resource: ArmId) -> bool:
        """Whether `resource` cannot be deleted because of it. Source: what lies below a locked scope inherits the lock."""
        return f"{resource.casefold()}/".startswith(f"{self.scope.casefold()}/")


@dataclass(frozen=True, slots=True)
class StorageAccounts:
    """All storage accounts of these subscriptions (case-folded)."""

    subscriptions: frozenset[str]
    ids: frozenset[ArmId]

    def has(self, account: ArmId) -> bool | None:
        """Whether the account is there; None where its subscription was not read."""
        if account in self.ids:
            return True
        return False if subscription_of(account) in self.subscriptions else None


@dataclass(frozen=True, slots=True)
class AzureEstate:
    """Interfaces and locks of the subscriptions in which the machines stand, storage accounts there, and the networks in use.

    Each is read for itself and more seldom than the vault: one that may not be read leaves the rest as it is.
    """

    nics: Part[tuple[AzureNic, ...]] = field(default_factory=Part)
    locks: Part[tuple[AzureLock, ...]] = field(default_factory=Part)
    networks: Part[tuple[AzureNetwork, ...]] = field(default_factory=Part)
    storage: Part[StorageAccounts] = field(default_factory=Part)


def subscription_of(resource: ArmId) -> str:
    """The subscription of a resource, case-folded."""
    return resource.strip("/").split("/")[1].casefold()


def network_of(subnet: ArmId) -> ArmId:
    """The virtual network of a subnet."""
    head, _, _ = subnet.casefold().rpartition(SUBNETS)
    return ArmId(subnet[: len(head)])
