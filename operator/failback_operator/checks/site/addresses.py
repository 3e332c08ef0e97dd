"""Where machines kept their addresses in Azure, or a range is on both sides: what the configuration server's cards must be."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.site.base import of_vault, site_check
from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import InstanceType, ItemDetail, ProtectedItem
from failback_operator.domain.vault import VaultFacts
from failback_operator.domain.vsphere import VirtualMachine

LINK_LOCAL = IPv4Network("169.254.0.0/16")


@site_check(
    About(
        id="ConfigurationServerNics",
        clause="R4",
        condition="ConfigurationServerConnected",
        expected="where machines kept their addresses, the configuration server has two connected network cards in different "
        "subnets, the one for failback outside every range that is both in Azure and on the site",
        remedy="Add a second card to the configuration server, in a subnet that exists on the site alone, and route the traffic "
        "from Azure through it. A card that is added after the registration needs a new registration, in the same vault.",
        source="Site Recovery article vmware-azure-prepare-failback: two NICs where addresses are retained; read from "
        "config.hardware.device, guest.net[].ipConfig, Microsoft.Network networkInterfaces and virtualNetworks",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
    )
)
@of_vault
def configuration_server_nics(context: SiteContext, vault: VaultFacts) -> Answer:
    """Two cards where a machine that has still to be reprotected collides; not applicable where none does.

    Of a machine that is off its address alone is known, not the size of its subnet: then a range in Azure collides that holds it.
    """
    found = _Collisions.of(context, vault)
    if found.machines:
        return _cards(context, vault, found)
    if found.unread:
        return unknown(f"whether machines kept their addresses is not known: {listed(found.unread)}")
    return not_applicable("no machine kept its address in Azure, and no address of the site lies in a range there")


@dataclass(slots=True)
class _Collisions:
    """Machines whose address, or whose subnet, is in Azure too; the ranges in which; and what was not read."""

    machines: set[str] = field(default_factory=set)
    ranges: set[IPv4Network] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, context: SiteContext, vault: VaultFacts) -> "_Collisions":
        """Look at each machine that has still to be reprotected."""
        found, azure, site = cls(), _AzureSide.of(context, vault), _site_networks(context)
        for item in vault.items:
            if item.instance_type is InstanceType.TO_AZURE:
                found.look(context, item, azure, site)
        return found

    def look(self, context: SiteContext, item: ProtectedItem, azure: "_AzureSide", site: dict[IPv4Address, IPv4Network]) -> None:
        """Compare one machine's address with those that it has, or is to have, in Azure."""
        detail = item.detail
        if detail is None or context.now - detail.as_of > context.limits.item_detail:
            self.unread.add("details of items")
            return
        source = _address(detail.ip_address)
        if source is None:
            self.unread.add(f"the address of {item.friendly_name}")
            return
        subnets = azure.subnets(item, detail)
        if isinstance(subnets, str):
            self.unread.add(subnets)
            return
        own = site.get(source, IPv4Network(source))
        for subnet in subnets:
            prefixes = azure.prefixes.get(subnet, ())
            if not prefixes:
                self.unread.add("networks in Azure")
            hits = [prefix for prefix in prefixes if prefix.overlaps(own)]
            if hits:
                self.machines.add(item.friendly_name)
                self.ranges |= {*hits, *([own] if own.prefixlen < own.max_prefixlen else ())}


@dataclass(frozen=True, slots=True)
class _AzureSide:
    """What is known of the Azure machines' interfaces and networks, by what it is looked up by."""

    nics: dict[ArmId, tuple[ArmId, ...]] | None
    vms: dict[ArmId, tuple[ArmId, ...]]
    missing: frozenset[ArmId]
    prefixes: dict[ArmId, tuple[IPv4Network, ...]]

    @classmethod
    def of(cls, context: SiteContext, vault: VaultFacts) -> "_AzureSide":
        """Walk the lists once."""
        nics = vault.estate.nics.fresh(context.now, context.limits.azure_estate_stale)
        networks = vault.estate.networks.fresh(context.now, context.limits.azure_estate_stale) or ()
        return cls(
            nics=None if nics is None else {nic.arm_id: nic.subnet_ids for nic in nics},
            vms={vm.arm_id: vm.nic_ids for vm in vault.azure_vms},
            missing=vault.missing_vms,
            prefixes={s.arm_id: tuple(_networks(s.prefixes)) for n in networks for s in n.subnets},
        )

    def subnets(self, item: ProtectedItem, detail: ItemDetail) -> tuple[ArmId, ...] | str:
        """The subnets in which the machine is in Azure, or is to be; else what was not read. One that is gone is in none."""
        if item.active_location != "Recovery":
            return detail.recovery_subnet_ids
        if item.target_vm_id is None or item.target_vm_id in self.missing:
            return ()
        if self.nics is None:
            return "network interfaces in Azure"
        ids = self.vms.get(item.target_vm_id)
        if ids is None or any(nic not in self.nics for nic in ids):
            return "Azure machines and their network interfaces"
        return tuple(subnet for nic in ids for subnet in self.nics[nic])


def _site_networks(context: SiteContext) -> dict[IPv4Address, IPv4Network]:
    """The subnet of each address that VMware Tools report on the site."""
    machines = (machine for _, facts in context.vcenters for machine in facts.machines)
    found = (each for machine in machines for network in machine.guest.networks for each in _interfaces(network.interfaces))
    return {each.ip: each.network for each in found}


def _cards(context: SiteContext, vault: VaultFacts, found: _Collisions) -> Answer:
    machine = _server(context, vault)
    if isinstance(machine, str):
        return unknown(machine)
    missing = machine.unread & {"cards", "guest.networks"}
    if missing:
        return unknown(f"VM {machine.name}: vCenter did not let {listed(missing)} be read")
    connected = {card.key for card in machine.cards if card.is_connected}
    interfaces = [i for n in machine.guest.networks if n.card_key in connected for i in _interfaces(n.interfaces)]
    if not interfaces:
        return unknown(f"VM {machine.name}: VMware Tools tell no address of a connected card")
    why = f"{listed(found.machines)}: their addresses or subnets exist in Azure, too ({listed(map(str, found.ranges))})"
    subnets = {each.network for each in interfaces}
    if len(subnets) < 2:
        return failed(f"{why}; the connected cards of {machine.name} are all in {listed(map(str, subnets))}")
    if all(any(subnet.overlaps(each) for each in found.ranges) for subnet in subnets):
        return failed(f"{why}; every connected card of {machine.name} is in one of these ({listed(map(str, subnets))})")
    return passed(f"{machine.name} has cards in {listed(map(str, subnets))}")


def _server(context: SiteContext, vault: VaultFacts) -> VirtualMachine | str:
    """The configuration server's VM by its name in the spec, else by its addresses; or why there is none to judge."""
    if not context.vsphere_is_complete:
        return context.vsphere_gap
    spec, server = context.view.site.spec.configuration_server, vault.fabric.configuration_server
    addresses = {*spec.ip_addresses, *([server.ip_address] if server is not None and server.ip_address else ())}
    if spec.vm_name is not None:
        found = [vm for _, facts in context.vcenters for vm in facts.by_name(spec.vm_name)]
    else:
        found = [vm for _, facts in context.vcenters for vm in facts.machines if addresses & {*vm.guest.ip_addresses}]
    if len(found) == 1:
        return found[0]
    return f"{len(found)} VMs of the site's vCenters match the configuration server ({spec.vm_name or listed(addresses)})"


def _interfaces(texts: Iterable[str]) -> Iterator[IPv4Interface]:
    """Those of version 4 that were given or assigned. Source: Site Recovery does not support IPv6 of a guest."""
    for text in texts:
        try:
            interface = IPv4Interface(text)
        except ValueError:
            continue
        if interface.ip not in LINK_LOCAL:
            yield interface


def _networks(texts: Iterable[str]) -> Iterator[IPv4Network]:
    for text in texts:
        try:
            yield IPv4Network(text)
        except ValueError:
            continue


def _address(text: str | None) -> IPv4Address | None:
    try:
        return IPv4Address(text or "")
    except ValueError:
        return None
