"""Which VMs of vCenter a site is about: its servers and its protected machines."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan, MasterTarget, RecoverySite
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.domain.enabled import enabled_needs
from failback_operator.domain.ids import ArmId
from failback_operator.domain.mending import subject_in
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vault import VaultFacts
from failback_operator.observe.vsphere import Interest

BEFORE_FAILBACK = frozenset({Phase.REPROTECTING, Phase.REPROTECTED})
ON_THE_WAY = BEFORE_FAILBACK | {Phase.FAILING_BACK, Phase.FAILED_BACK}
"""Positions of an item in which it matters who touches what it comes home with; after the failback what was done before it."""


def interest_of(
    site: RecoverySite,
    targets: Iterable[MasterTarget],
    machines: Iterable[FailbackMachine],
    facts: VaultFacts | None,
    plans: Iterable[FailbackPlan] = (),
) -> Interest:
    """By UUID where Site Recovery or the record tells it, by name and address in any case: decide/ tells a clone by both."""
    server = site.spec.configuration_server
    targets, machines = tuple(targets), tuple(machines)
    names = {each.spec.vm_name or each.spec.server_name for each in targets}
    names |= {each.spec.template.name for each in targets if each.spec.template is not None}
    ips = set(server.ip_addresses)
    plans = tuple(plans)
    uuids = {record.vm_instance_uuid for machine in machines for record in machine.spec.recorded}
    uuids |= {each.instance_uuid for plan in plans for each in plan.spec.deletions} | set(_being_deleted(machines))
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
        mended=frozenset(_mended(targets, facts, plans)),
        account=server.vcenter_account,
        departed=frozenset(_departed(facts)),
        watched=watched,
        watched_since=since,
    )


def watched_azure_vms(view: SiteView) -> frozenset[ArmId]:
    """The Azure machines, as recorded, of machines between reprotect and failback."""
    vault = view.snapshot.vault.facts
    items = {item.arm_id: item for item in vault.items} if vault is not None else {}
    found = set()
    for machine in view.machines:
        item = items.get(ArmId(machine.spec.item_id))
        if item is not None and machine.spec.recorded and architecture_of(item).position(item) in BEFORE_FAILBACK:
            found.add(ArmId(max(machine.spec.recorded, key=lambda each: each.failed_over_at).azure_vm_id))
    return frozenset(found)


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


def _being_deleted(machines: Iterable[FailbackMachine]) -> Iterator[str]:
    """Instance UUIDs of VMs that the operator deletes, or has deleted: one that is there must be seen."""
    for machine in machines:
        yield from (subject_in(e.key) for e in machine.status.ledger if e.effect == EffectKind.DELETE_VM)


def _mended(targets: Iterable[MasterTarget], facts: VaultFacts | None, plans: Iterable[FailbackPlan]) -> Iterator[str]:
    """Names of VMs that may be changed, of master targets the address as well: what a spec enables, or asks for by name."""
    servers = facts.fabric.master_targets if facts is not None else ()
    addresses = {server.name.casefold(): server.ip_address for server in servers}
    plans = tuple(plans)
    for plan in plans:
        yield from (each.machine for each in plan.spec.reattach)
        yield from (each.machine for each in plan.spec.deletions)
    is_any = any(plan.spec.reattach for plan in plans)
    for target in targets:
        if is_any or enabled_needs(target):
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
