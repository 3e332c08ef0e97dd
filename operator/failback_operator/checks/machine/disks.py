"""The disks of a machine's group, against the master targets that may take it."""

from failback_operator.checks.answers import Answer, any_of, failed, listed, passed, unknown
from failback_operator.checks.contexts import MachineContext, TargetContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.machine.base import fresh_detail, item_check, named, targets_of
from failback_operator.checks.machine.systems import fitting_targets
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.vault import AzureVm


def disks_of(context: MachineContext, item: ProtectedItem) -> int | None:
    """How many disks of the item come back: those that Site Recovery protects, else those of its VM; None while neither tells.

    Its Azure VM may have got more since the failover.
    """
    detail = fresh_detail(context, item)
    if detail is not None and detail.disks:
        return returning_disks(len(detail.disks), item, azure_vm_of(context, item))
    is_own = context.item is not None and context.item.arm_id == item.arm_id
    if not is_own or context.vm is None or "disks" in context.vm.vm.unread:
        return None
    shown = len(context.vm.vm.disks)
    return returning_disks(shown, item, azure_vm_of(context, item)) if shown else None


def azure_vm_of(context: MachineContext, item: ProtectedItem) -> AzureVm | None:
    """The Azure VM of the machine's own item, or of one of its group, if read."""
    if context.item is not None and context.item.arm_id == item.arm_id:
        return context.azure_vm
    return context.azure_vms.get(item.target_vm_id) if item.target_vm_id is not None else None


def returning_disks(protected: int, item: ProtectedItem, azure_vm: AzureVm | None) -> int:
    """The larger of the protected disks and those of the Azure VM, its OS disk and data disks.

    Once it is reversed the item tells which disks come back. The temporary disk is neither of the two and is excluded.
    """
    if azure_vm is None or item.instance_type is not InstanceType.TO_AZURE:
        return protected
    return max(protected, 1 + azure_vm.data_disk_count)


@item_check(
    About(
        id="GroupDiskLimit",
        clause="R6",
        condition="DiskLimit",
        expected="the disks of the machine, with those of its group, fit on a master target that may take it, were that empty",
        remedy="Add a master target with more free slots (fewer own disks, spec.maxDisks up to 60), or divide the group in Site "
        "Recovery.",
        source="Vendor's page on preparing failback: 60 disks a master target, one master target a group",
        steps=BEFORE_REPROTECT,
    )
)
def group_disk_limit(context: MachineContext, item: ProtectedItem) -> Answer:
    """The group's disks are no more than the limit less the target's own disks, on one fitting candidate at least."""
    targets = fitting_targets(context, item) or targets_of(context)
    if not targets:
        return unknown("no master target is known for it")
    counts = {m.friendly_name: disks_of(context, m) for m in context.group}
    known = sum(count or 0 for count in counts.values())
    unread = [name for name, count in counts.items() if count is None]
    return any_of(named(target, _fits(target, known, unread)) for target in targets)


def _fits(target: TargetContext, disks: int, unread: list[str]) -> Answer:
    if target.usage is None:
        return unknown("its disk slots could not be read")
    slots = target.usage.free_when_empty
    if disks > slots:
        return failed(f"{disks}{' or more' if unread else ''} disks, {slots} slots even when empty")
    if unread:
        return unknown(f"the disks of {listed(unread)} could not be read")
    return passed(f"{disks} disks, {slots} slots when empty")
