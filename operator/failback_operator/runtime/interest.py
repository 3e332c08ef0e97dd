"""Which VMs of vCenter a site is about: its servers and its protected machines."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from failback_operator.api.v1alpha1 import FailbackMachine, MasterTarget, RecoverySite
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.domain.enabled import enabled_needs
from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.vault import VaultFacts
from failback_operator.observe.vsphere import Interest

ON_THE_WAY = frozenset({Phase.REPROTECTING, Phase.REPROTECTED, Phase.FAILING_BACK, Phase.FAILED_BACK})
"""Positions of an item in which it matters who touches what it comes home with; after the failback what was done before it."""


def interest_of(
    site: RecoverySite, targets: Iterable[MasterTarget], machines: Iterable[FailbackMachine], facts: VaultFacts | None
) -> Interest:
    """By UUID where Site Recovery or the record tells it, by name and address in any case: decide/ tells a clone by both."""
    server = site.spec.configuration_server
    targets, machines = tuple(targets), tuple(machines)
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
    watched, since = _watched(targets, machines, facts)
    return Interest(
        uuids=frozenset(uuid for uuid in uuids if uuid),
        ips=frozenset(ips),
        names=frozenset(names),
        mended=frozenset(_mended(targets, facts)),
        account=server.vcenter_account,
        departed=frozenset(_departed(facts)),
        watched=watched,
        watched_since=since,
    )


def _departed(facts: VaultFacts | None) -> Iterator[str]:
    """UUID and name of each machine that is failed over and not reprotected yet: of that VM it matters whether it was started."""
    for item in facts.items if facts is not None else ():
        if architecture_of(item).position(item) is Phase.FAILED_OVER:
            yield item.friendly_name
            if item.detail is not None and item.detail.infrastructure_vm_id:
                yield item.detail.infrastructure_vm_id


def _watched(
    targets: Iterable[MasterTarget], machines: Iterable[FailbackMachine], facts: VaultFacts | None
) -> tuple[frozenset[str], datetime | None]:
    """The VMs of machines on their way home and, while there are any, all master targets; since the first of their failovers."""
    stored = {ArmId(each.spec.item_id): each.spec.recorded for each in machines}
    found: set[str | None] = set()
    began: list[datetime | None] = []
    for item in facts.items if facts is not None else ():
        if item.arm_id in stored and architecture_of(item).position(item) in ON_THE_WAY:
            record = max(stored[item.arm_id], key=lambda each: each.failed_over_at, default=None)
            found |= {item.friendly_name, record.vm_instance_uuid if record else None}
            found.add(item.detail.infrastructure_vm_id if item.detail else None)
            began.append(record.failed_over_at if record else None)
    if not found or facts is None:
        return frozenset(), None
    found |= {each.spec.vm_name or each.spec.server_name for each in targets}
    found |= {server.ip_address for server in facts.fabric.master_targets}
    known = [each for each in began if each is not None]
    return frozenset(each for each in found if each), min(known) if len(known) == len(began) else None


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
