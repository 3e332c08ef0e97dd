"""Which VMs of vCenter a site is about: its servers and its protected machines."""

from collections.abc import Iterable, Iterator

from failback_operator.api.v1alpha1 import FailbackMachine, MasterTarget, RecoverySite
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.domain.enabled import enabled_needs
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.vault import VaultFacts
from failback_operator.observe.vsphere import Interest


def interest_of(
    site: RecoverySite, targets: Iterable[MasterTarget], machines: Iterable[FailbackMachine], facts: VaultFacts | None
) -> Interest:
    """By UUID where Site Recovery or the record tells it, by name and address in any case: decide/ tells a clone by both."""
    server = site.spec.configuration_server
    targets = tuple(targets)
    names = {each.spec.vm_name or each.spec.server_name for each in targets}
    names |= {each.spec.template.name for each in targets if each.spec.template is not None}
    ips = set(server.ip_addresses)
    uuids = {record.vm_instance_uuid for machine in machines for record in machine.spec.recorded}
    if server.vm_name:
        names.add(server.vm_name)
    if facts is not None:
        names |= {item.friendly_name for item in facts.items}
        uuids |= set(_uuids(facts.items))
        ips |= {address for address in _server_addresses(facts) if address}
    return Interest(
        uuids=frozenset(uuid for uuid in uuids if uuid),
        ips=frozenset(ips),
        names=frozenset(names),
        mended=frozenset(_mended(targets, facts)),
        account=server.vcenter_account,
        departed=frozenset(_departed(facts)),
    )


def _departed(facts: VaultFacts | None) -> Iterator[str]:
    """UUID and name of each machine that is failed over and not reprotected yet: of that VM it matters whether it was started."""
    for item in facts.items if facts is not None else ():
        if architecture_of(item).position(item) is Phase.FAILED_OVER:
            yield item.friendly_name
            if item.detail is not None and item.detail.infrastructure_vm_id:
                yield item.detail.infrastructure_vm_id


def _mended(targets: Iterable[MasterTarget], facts: VaultFacts | None) -> Iterator[str]:
    """Name and address of each master target on which some fix is enabled."""
    servers = facts.fabric.master_targets if facts is not None else ()
    addresses = {server.name.casefold(): server.ip_address for server in servers}
    for target in targets:
        if enabled_needs(target):
            yield target.spec.vm_name or target.spec.server_name
            address = addresses.get(target.spec.server_name.casefold())
            if address and target.spec.vm_name is None:
                yield address


def _uuids(items: Iterable[ProtectedItem]) -> Iterator[str | None]:
    return (item.detail.infrastructure_vm_id for item in items if item.detail is not None)


def _server_addresses(facts: VaultFacts) -> Iterator[str | None]:
    if facts.fabric.configuration_server is not None:
        yield facts.fabric.configuration_server.ip_address
    yield from (server.ip_address for server in facts.fabric.master_targets)
