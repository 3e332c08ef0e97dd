"""Onto what a machine comes back: the VM that is there, or a new one that reprotect makes on the master target's host."""

from failback_operator.api.v1alpha1.failback_plan import Location
from failback_operator.checks.answers import Answer, not_applicable, unknown
from failback_operator.checks.contexts import MachineContext, TargetContext
from failback_operator.checks.machine.base import AskItem, fresh_detail
from failback_operator.checks.machine.datastores import datastore_name
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.vsphere import Datastore, Host

PHYSICAL = "physical"
STAYS = "it comes back onto its VM"


def is_physical(context: MachineContext, item: ProtectedItem) -> bool:
    """A machine that never was a VM. A reversed item does not tell: it shows the Azure VM, which is physical to the server.

    Source: discoveryType of the item (recorded: vCenter, Physical).
    """
    detail = fresh_detail(context, item)
    kind = detail.discovery_type if detail is not None and item.instance_type is InstanceType.TO_AZURE else None
    return (kind or "").casefold() == PHYSICAL


def is_namesake(context: MachineContext, item: ProtectedItem) -> bool:
    """Whether the VM found has the machine's name, but none of the cards that Site Recovery knows of the machine.

    Source: vmNics[].nicId of an InMageAzureV2 item is the source machine's MAC address (recorded), of a reversed item the
    Azure VM's.
    """
    detail = fresh_detail(context, item)
    if context.vm is None or detail is None or item.instance_type is not InstanceType.TO_AZURE:
        return False
    own = set(context.vm.vm.mac_addresses)
    return bool(own) and bool(detail.mac_addresses) and not own & set(detail.mac_addresses)


def comes_back_new(context: MachineContext, item: ProtectedItem) -> bool | None:
    """Whether reprotect makes a new VM: at an alternate location, and where vCenter has no VM of the machine; None: not known."""
    if context.plan.spec.location is Location.ALTERNATE:
        return True
    if context.vms:
        return is_namesake(context, item)
    return True if context.site.vsphere_is_complete else None


def of_new_vm(ask: AskItem) -> AskItem:
    """Ask only where the machine comes back as a new VM."""

    def guarded(context: MachineContext, item: ProtectedItem) -> Answer:
        is_new = comes_back_new(context, item)
        if is_new is None:
            return unknown(context.site.vsphere_gap)
        return ask(context, item) if is_new else not_applicable(STAYS)

    return guarded


def host_of(target: TargetContext) -> Host | Answer:
    """The host on which the master target runs, where a new VM will be made."""
    if target.vm is None or target.vm.host is None:
        return unknown("its host could not be read")
    return target.vm.host


def new_datastore(context: MachineContext, item: ProtectedItem, target: TargetContext) -> Datastore | None:
    """The datastore for the new VM, as the master target's vCenter knows it."""
    name = datastore_name(context, item)
    if name is None or target.vm is None:
        return None
    return next((store for store in target.vm.facts.datastores if store.name == name), None)
