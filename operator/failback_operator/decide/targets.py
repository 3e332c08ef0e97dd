"""The master targets of a site as found: their VM, the disks on it, and which machines hold them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1 import FailbackMachine, MasterTarget
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.contexts import LocatedVm, Lodger, TargetContext
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.decide.disk_uuid import disk_uuid
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.ledger_vm import settle_vm, settle_without_vm
from failback_operator.decide.lodging import lodgers, machine_name, orphans, twins
from failback_operator.decide.survey import machine_vms, settled_machine
from failback_operator.decide.target_vms import target_server, target_vms
from failback_operator.domain.fabric import MasterTargetServer
from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.steps import EffectKind
from failback_operator.planning.usage import Occupancy, ProtectedDisks, disk_usage, occupancy, slot_limit

ON_TARGET = frozenset({Phase.REPROTECTING, Phase.REPROTECTED, Phase.FAILING_BACK})
"""Positions in which a machine's disks belong on its master target."""


@dataclass(frozen=True, slots=True)
class Located:
    """A master target as found. `disks` and `holders` are None while unread; `target` holds the settled ledger."""

    target: MasterTarget
    server: MasterTargetServer | None
    vms: tuple[LocatedVm, ...]
    disks: Occupancy | None
    runs_here: frozenset[str]
    holders: tuple[str, ...] | None
    is_configuration_server: bool
    limit: int
    lodgers: tuple[Lodger, ...] = ()
    orphans: tuple[str, ...] = ()
    protected_keys: frozenset[int] = frozenset()
    twins: tuple[LocatedVm, ...] = ()

    def attached(self, item: ProtectedItem) -> int:
        """How many disks of the item are on it."""
        return self.disks.by_item.get(item.arm_id.casefold(), 0) if self.disks else 0

    def context(self, index: SiteIndex, reserved: int, planned: Iterable[ProtectedItem] = ()) -> TargetContext:
        """What checks are given, with that many slots promised to machines whose items are `planned`."""
        here = (index.items.by_id.get(ArmId(key)) for key in self.runs_here)
        items = {item.arm_id: item for item in (*here, *planned) if item is not None}
        usage = disk_usage(self.disks, self.runs_here, reserved, self.limit) if self.disks else None
        return TargetContext(
            site=index.site,
            target=self.target,
            server=self.server,
            vms=self.vms,
            usage=usage,
            holders=self.holders,
            is_configuration_server=self.is_configuration_server,
            lodgers=self.lodgers,
            planned=tuple(sorted(items.values(), key=lambda item: (item.friendly_name, item.arm_id.casefold()))),
            orphans=self.orphans,
            protected_keys=self.protected_keys,
            twins=self.twins,
        )


@dataclass(frozen=True, slots=True)
class Holding:
    """Which items Site Recovery shows on which master target (by its id), and whether any item's was not read."""

    by_server: dict[str, tuple[ProtectedItem, ...]]
    runs_on: dict[str, frozenset[str]]
    promised: dict[str, tuple[str, ...]]
    is_complete: bool


def locate_targets(index: SiteIndex) -> tuple[Located, ...]:
    """All master targets of the site in order of name."""
    protected = protected_disks(index)
    holding = _holding(index)
    return tuple(_locate(target, index, protected, holding) for target in sorted(index.site.view.targets, key=lambda t: t.name))


def protected_disks(index: SiteIndex) -> ProtectedDisks:
    """The disks of all protected machines: as recorded before reprotect, and as their VMs have them now."""
    found = ProtectedDisks()
    for item_id, machine in sorted(index.machines.items()):
        for record in machine.spec.recorded:
            for recorded in record.disks:
                found.add(item_id.casefold(), recorded.file, recorded.uuid)
    for item_id, item in sorted(index.items.by_id.items()):
        vms = machine_vms(item, None, index)
        for disk in vms[0].vm.disks if len(vms) == 1 else ():
            found.add(item_id.casefold(), disk.file_name, disk.uuid)
    return found


def _holding(index: SiteIndex) -> Holding:
    by_server: dict[str, list[ProtectedItem]] = defaultdict(list)
    runs_on: dict[str, set[str]] = defaultdict(set)
    is_complete = index.site.vault is not None
    oldest = index.site.now - index.site.limits.item_detail
    for item in sorted(index.items.by_id.values(), key=lambda i: i.friendly_name):
        if _is_at_rest_on_site(item):
            continue
        if item.detail is None or item.detail.as_of < oldest:
            is_complete = False
        if item.detail is not None and item.detail.master_target_id:
            server = item.detail.master_target_id.casefold()
            by_server[server].append(item)
            if architecture_of(item).position(item) in ON_TARGET:
                runs_on[server].add(item.arm_id.casefold())
    return Holding(
        by_server={server: tuple(items) for server, items in by_server.items()},
        runs_on={server: frozenset(keys) for server, keys in runs_on.items()},
        promised=_promised(index),
        is_complete=is_complete,
    )


def _is_at_rest_on_site(item: ProtectedItem) -> bool:
    """S0: it runs on the site with its own disks, and nothing of it can be on a master target but what vSphere shows there."""
    is_idle = item.current_scenario is None and item.active_location == "Primary"
    return is_idle and item.instance_type is InstanceType.TO_AZURE


def _promised(index: SiteIndex) -> dict[str, tuple[str, ...]]:
    """Machines whose reprotect is intended or runs, by the name of the MasterTarget that takes them: as assigned or recorded."""
    found: dict[str, list[str]] = defaultdict(list)
    for item_id, stored in sorted(index.machines.items()):
        machine = settled_machine(stored, index.items.by_id.get(item_id), index)
        is_open = any(
            e.effect == EffectKind.REPROTECT
            and e.outcome in {EffectOutcome.INTENDED, EffectOutcome.RUNNING, EffectOutcome.AMBIGUOUS}
            for e in machine.status.ledger
        )
        for name in _named_targets(machine) if is_open else ():
            found[name].append(item_id.casefold())
    return {name: tuple(keys) for name, keys in found.items()}


def _named_targets(machine: FailbackMachine) -> set[str]:
    newest = max(machine.spec.recorded, key=lambda r: r.failed_over_at, default=None)
    assigned = machine.status.assignment.master_target if machine.status.assignment else None
    return {name for name in (assigned, newest.master_target if newest else None) if name is not None}


def _locate(target: MasterTarget, index: SiteIndex, protected: ProtectedDisks, holding: Holding) -> Located:
    fabric = index.site.vault.fabric if index.site.vault else None
    server = target_server(target, fabric)
    vms = target_vms(target, server, index)
    vm = vms[0].vm if len(vms) == 1 else None
    # Whose disks they are is told by both worlds: while the vault is unread, nobody's are known.
    is_read = vm is not None and "disks" not in vm.unread and fabric is not None
    disks = occupancy(vm.disks, protected) if vm is not None and is_read else None
    promised = holding.promised.get(target.name, ())
    runs_on = holding.runs_on.get(server.id.casefold(), frozenset()) if server else frozenset()
    runs_here = runs_on | frozenset(promised)
    own_disks, controllers = (vm.disks, vm.controllers) if vm is not None and is_read else ((), ())
    return Located(
        target=_settled_target(target, vms, index),
        server=server,
        vms=vms,
        disks=disks,
        runs_here=runs_here,
        holders=_holders(server, disks, promised, (index, holding)),
        is_configuration_server=_is_configuration_server(target, server, vms, index),
        limit=slot_limit(target.spec.max_disks, index.site.limits, controllers, own_disks),
        lodgers=lodgers(runs_here, target.name, index),
        orphans=orphans(own_disks, runs_here, protected, index),
        protected_keys=frozenset(disk.key for disk in own_disks if protected.owner(disk) is not None),
        twins=twins(vms[0], runs_here, index) if vm is not None else (),
    )


def _settled_target(target: MasterTarget, vms: tuple[LocatedVm, ...], index: SiteIndex) -> MasterTarget:
    """The target with its ledger settled, and what is known of disk.EnableUUID."""
    stored, vm = target.status, vms[0].vm if len(vms) == 1 else None
    ledger = stored.ledger
    if vm is not None:
        read_at = index.site.view.snapshot.vcenters[vms[0].vcenter].as_of or index.site.now
        ledger = settle_vm(ledger, vms[0], read_at, index.site.limits)
    elif not vms and index.site.vsphere_is_complete:
        read = [index.site.view.snapshot.vcenters[name].as_of or index.site.now for name, _ in index.site.vcenters]
        ledger = settle_without_vm(ledger, min(read, default=index.site.now), index.site.limits)
    known = disk_uuid(stored, ledger, vm, index.site.now)
    changes = {"ledger": ledger, "disk_uuid_enabled": known.is_enabled, "disk_uuid_set_at": known.set_at}
    return target.model_copy(update={"status": stored.model_copy(update=changes)})


def _holders(
    server: MasterTargetServer | None, disks: Occupancy | None, promised: Iterable[str], known: tuple[SiteIndex, Holding]
) -> tuple[str, ...] | None:
    """Machines that are, or may soon be, on the target; None where a source was not read: then it counts as held."""
    index, holding = known
    if disks is None or not holding.is_complete:
        return None
    shown = holding.by_server.get(server.id.casefold(), ()) if server else ()
    keys = {*disks.by_item, *promised, *(item.arm_id.casefold() for item in shown)}
    return tuple(sorted({machine_name(key, index) for key in keys}))


def _is_configuration_server(
    target: MasterTarget, server: MasterTargetServer | None, vms: tuple[LocatedVm, ...], index: SiteIndex
) -> bool:
    """Whether the target's VM is the configuration server: by VM name, by address, by host name. Any sign is enough."""
    named = index.site.view.site.spec.configuration_server.vm_name
    if named is not None and any(v.vm.name == named for v in vms):
        return True
    fabric = index.site.vault.fabric if index.site.vault else None
    found = fabric.configuration_server if fabric else None
    addresses = {found.ip_address if found else None, *index.site.view.site.spec.configuration_server.ip_addresses} - {None}
    own = {server.ip_address if server else None, *(a for v in vms for a in v.vm.guest.ip_addresses)} - {None}
    names = {(found.host_name or "").casefold() if found else "", fabric.friendly_name.casefold() if fabric else ""} - {""}
    return bool(addresses & own) or target.spec.server_name.casefold() in names
