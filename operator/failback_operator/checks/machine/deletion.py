"""An on-premises VM that a person asked to be deleted before reprotect: which one it is, and what would go with it."""

from failback_operator.api.v1alpha1.failback_plan import Deletion
from failback_operator.checks.answers import Answer, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import About
from failback_operator.checks.machine.base import item_check, vm_or_answer
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import EffectKind, Step
from failback_operator.domain.verdicts import Outcome
from failback_operator.domain.vsphere import VirtualMachine

MOST_DISKS = 6


@item_check(
    About(
        id="RequestedDeletionDone",
        clause="R22",
        condition="OnPremisesSafe",
        expected="the on-premises VM that spec.deletions of the plan names, by its instance UUID, is gone before reprotect",
        remedy="Correct the instance UUID in spec.deletions, or remove the entry. To delete the VM by hand: Delete from Disk in "
        "the vSphere client, before reprotect; never between reprotect and commit.",
        source="Vendor's pages on failback: the on-premises VM may be deleted before reprotect, which then makes a new one; "
        "vSphere config.instanceUuid",
        steps=frozenset({Step.REPROTECT}),
        fixes=frozenset({EffectKind.DELETE_VM}),
    )
)
def requested_deletion_done(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """What is there and will go; a VM with another UUID is not the one that was meant."""
    request = deletion_of(context)
    if request is None:
        return not_applicable("no VM of it is to be deleted")
    found = vm_or_answer(context, "instance_uuid", "disks")
    if isinstance(found, Answer):
        is_gone = found.outcome is Outcome.NOT_APPLICABLE
        return passed("vCenter has no VM of the machine any more") if is_gone else unknown(found.observed)
    vm = found.vm
    if vm.instance_uuid is None or vm.instance_uuid.casefold() != request.instance_uuid.casefold():
        return failed(f"spec.deletions names instance UUID {request.instance_uuid}, and VM {vm.name} has {vm.instance_uuid}")
    return failed(f"to be deleted, says {request.by} ({request.reason}): {contents(vm)}")


def deletion_of(context: MachineContext) -> Deletion | None:
    """The request for the machine."""
    return next((each for each in context.plan.spec.deletions if each.machine == context.name), None)


def contents(vm: VirtualMachine) -> str:
    """The VM with all that goes with it."""
    disks = [f"{d.label} {d.file_name}" for d in sorted(vm.disks, key=lambda d: d.key)]
    more = f" and {len(disks) - MOST_DISKS} more" if len(disks) > MOST_DISKS else ""
    home = f", {vm.config_file}" if vm.config_file else ""
    return f"VM {vm.name} (instance UUID {vm.instance_uuid}{home}) with {', '.join(disks[:MOST_DISKS]) or 'no disk'}{more}"
