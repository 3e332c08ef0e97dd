"""What an effect depends on in the two worlds: read again before it is made."""

from collections import defaultdict
from dataclasses import dataclass

from failback_operator.api.v1alpha1 import MasterTarget
from failback_operator.checks.contexts import LocatedVm, SiteContext
from failback_operator.decide.fixes.template import clone_order, template_of
from failback_operator.decide.index import SiteIndex, index_site
from failback_operator.decide.ledger_requests import request_call
from failback_operator.decide.survey import machine_vms
from failback_operator.decide.targets import locate_targets
from failback_operator.domain.ids import ArmId, Moref
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import Effect, ItemCall, MachineCall, ObjectKey


@dataclass(frozen=True, slots=True)
class Touched:
    """Items, Azure machines and VMs by vCenter. `is_whole_vault`: any item may matter, so a full read is needed."""

    items: frozenset[ArmId]
    azure_vms: frozenset[ArmId]
    vms: dict[str, frozenset[Moref]]
    is_whole_vault: bool


def touched(effect: Effect, view: SiteView) -> Touched:
    """What `effect` depends on: its group's items and VMs, and all master targets of the site."""
    index = index_site(SiteContext(view, view.vault(), view.vsphere()))
    items = _items(effect)
    located = [each for target in locate_targets(index) for each in target.vms]
    for item_id in items:
        located += _machine_vms(item_id, index)
    vms: dict[str, set[Moref]] = defaultdict(set)
    for each in located:
        vms[each.vcenter].add(each.vm.moref)
    if isinstance(effect.call, MachineCall):
        vms[effect.call.vcenter].add(effect.call.machine)
    return Touched(
        items=items,
        azure_vms=frozenset(vm for item_id in items for vm in recorded_vms(view, item_id)),
        vms={name: frozenset(morefs) for name, morefs in vms.items()},
        # Whether a master target holds anything is told by every item.
        is_whole_vault=not items,
    )


def recorded_vms(view: SiteView, item_id: ArmId | None = None) -> frozenset[ArmId]:
    """The Azure machines that were recorded last, of one item or of all: after the failback the items no longer name them."""
    machines = (each for each in view.machines if each.spec.recorded and item_id in {None, ArmId(each.spec.item_id)})
    return frozenset(ArmId(max(each.spec.recorded, key=lambda record: record.failed_over_at).azure_vm_id) for each in machines)


def machine_calls(view: SiteView) -> dict[ObjectKey, MachineCall]:
    """How effects are followed.

    For each MasterTarget whose VM, or else the template for it, is known without doubt; and for what is asked of machines' VMs.
    """
    index = index_site(SiteContext(view, view.vault(), view.vsphere()))
    found: dict[ObjectKey, MachineCall] = {}
    for located in locate_targets(index):
        made_from = template_of(located.target, index.vms.by_name) if not located.vms else None
        if len(located.vms) == 1 or made_from is not None:
            vm = made_from or located.vms[0]
            key = ObjectKey("MasterTarget", located.target.namespace, located.target.name)
            order = clone_order(located.target, vm.facts)
            found[key] = MachineCall(vm.vcenter, vm.vm.moref, vm.vm.instance_uuid, clone=order)
    for machine in view.machines:
        call = request_call(machine, index)
        if call is not None:
            found[ObjectKey("FailbackMachine", machine.namespace, machine.name)] = call
    return found


def holders_of(target: MasterTarget, view: SiteView) -> tuple[str, ...] | None:
    """The machines that are, or may soon be, on the master target, as the view shows it; None where a source was not read."""
    index = index_site(SiteContext(view, view.vault(), view.vsphere()))
    return next((each.holders for each in locate_targets(index) if each.target.name == target.name), None)


def _items(effect: Effect) -> frozenset[ArmId]:
    own = frozenset({effect.call.item_id}) if isinstance(effect.call, ItemCall) else frozenset()
    return own | frozenset(effect.group)


def _machine_vms(item_id: ArmId, index: SiteIndex) -> list[LocatedVm]:
    item, machine = index.items.by_id.get(item_id), index.machines.get(item_id)
    found = list(machine_vms(item, None, index)) if item is not None else []
    for record in machine.spec.recorded if machine is not None else ():
        found += index.vms.by_uuid.get((record.vm_instance_uuid or "").casefold(), ())
    return found
