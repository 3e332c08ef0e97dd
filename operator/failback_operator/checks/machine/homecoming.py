"""The disks of a machine after its failback: at its own VM, or left on the master target that a Storage vMotion moved."""

from collections.abc import Mapping, Sequence

from failback_operator.api.common import EffectOutcome, rfc3339
from failback_operator.api.v1alpha1.failback_machine import Phase, Recorded
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, MachineContext
from failback_operator.checks.define import About
from failback_operator.checks.machine.base import item_check, vm_or_answer
from failback_operator.checks.master_target.base import no_vm
from failback_operator.domain.mending import subject_in
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.reattach import (
    NEEDED,
    Where,
    Whereabouts,
    base_file,
    last_files,
    places,
    whereabouts,
    with_uuid,
)
from failback_operator.domain.steps import EffectKind, Step
from failback_operator.domain.verdicts import Outcome
from failback_operator.domain.vsphere import PowerState, VirtualMachine

MOST_TOLD = 4
UNDER_WAY = frozenset({EffectOutcome.INTENDED, EffectOutcome.RUNNING})


@item_check(
    About(
        id="DisksReturned",
        clause="R15",
        condition="OnPremisesSafe",
        expected="after the failback each disk of the machine hangs on its own VM where it hung before reprotect, and none on "
        "the master target",
        remedy="Name the machine in spec.reattach of the plan (with reason and by) and the operator attaches them; or by hand: "
        "remove each named disk from the master target's VM without deleting its file, attach that file to the machine's VM at "
        "the controller and unit named, and start the VM when all are there. Keep the Azure VM stopped.",
        source="Vendor's page on preparing failback: disks that moved with the master target are found and attached to the "
        "on-premises machine before it boots; vSphere VirtualDisk.backing.{uuid, fileName}, controllerKey, unitNumber",
        steps=frozenset({Step.COMMIT, Step.PROTECT}),
        is_waivable=True,
        needs_machine=True,
        judged_at=frozenset({Step.FAILBACK}),
        fixes=frozenset({EffectKind.REATTACH_DISKS, EffectKind.POWER_ON}),
    )
)
def disks_returned(context: MachineContext, item: ProtectedItem) -> Answer:
    """By backing UUID, once a failback was made; of a machine whose disks were attached again, that it is on as well."""
    if not is_after_failback(context, item):
        return not_applicable("no failback was made, or it runs")
    record, files = context.record, _files(context)
    if record is None or not record.disks:
        why = "it comes back as a new VM, or the disks of its VM were not recorded: see LayoutRecorded"
        return _lost(context, files, "they were not recorded as disks of its VM") if files else not_applicable(why)
    found = vm_or_answer(context, "disks", "controllers", "power_state")
    if isinstance(found, Answer):
        is_gone = files and found.outcome is Outcome.NOT_APPLICABLE
        return _lost(context, files, "vCenter has no VM of the machine") if is_gone else found
    if context.came_through is None:
        return _without_target(context, record, found.vm, files)
    target = context.came_through.vm
    if target is None or NEEDED & target.vm.unread:
        return unknown(no_vm(context.came_through) if target is None else f"the disks of VM {target.vm.name} could not be read")
    return _judged(context, record, found, target)


def _files(context: MachineContext) -> dict[str, str]:
    """The file in which each disk of this round was last seen on the master target, by UUID."""
    since = context.record.failed_over_at if context.record is not None else context.failed_over_at
    return last_files(context.machine.spec.moved_disks, since) if context.machine is not None and since is not None else {}


def _lost(context: MachineContext, files: Mapping[str, str], why: str) -> Answer:
    """Disks that the operator saw on the master target, and of which it cannot tell any more where they belong."""
    told = [f"disk {uuid} was last seen in {file}" for uuid, file in sorted(files.items())]
    return failed("; ".join([f"{why}: {told[0]}", *told[1:MOST_TOLD], *_more(told), *_unfollowed(context)]))


def _unfollowed(context: MachineContext) -> list[str]:
    """What to do where the re-attachment that was begun can be followed no further."""
    ledger = context.machine.status.ledger if context.machine is not None else []
    key = next((e.key for e in ledger if e.effect == EffectKind.REATTACH_DISKS and e.outcome in UNDER_WAY), None)
    text = f"{key} is under way and cannot be followed to its end: see in vCenter that nothing runs, then name it in spec.retries"
    return [text] if key is not None else []


def _without_target(context: MachineContext, record: Recorded, vm: VirtualMachine, files: Mapping[str, str]) -> Answer:
    """Judged by its own VM alone: the MasterTarget through which it came is gone."""
    why = f"MasterTarget {record.master_target} does not exist any more"
    away = {uuid: file for uuid, file in files.items() if not _is_in(vm, uuid, file)}
    if away:
        return _lost(context, away, why)
    return _incomplete(context, record, vm) or (_on(vm) if files else not_applicable(why))


def _is_in(vm: VirtualMachine, uuid: str, file: str) -> bool:
    return any(base_file(disk.file_name) == base_file(file) for disk in with_uuid(vm.disks, uuid))


def is_after_failback(context: MachineContext, item: ProtectedItem) -> bool:
    """Whether a failback was made, well or badly, and nothing runs on the item."""
    is_over = context.phase is not Phase.FAILING_BACK and item.current_scenario is None
    return is_over and item.instance_type is InstanceType.TO_ON_PREMISES and context.last_failback_at is not None


def _judged(context: MachineContext, record: Recorded, located: LocatedVm, target: LocatedVm) -> Answer:
    vm, moved = located.vm, context.machine.spec.moved_disks if context.machine else []
    is_kept = any(with_uuid(target.vm.disks, disk.uuid) for disk in record.disks if disk.uuid)
    if not is_kept and not _files(context):
        return _incomplete(context, record, vm) or passed(
            f"all disks of VM {vm.name} are attached to it, and none to {target.vm.name}"
        )
    if not is_kept and reattached(context, record):
        return _incomplete(context, record, vm) or _on(vm)
    wanted, gaps = places(record, moved, vm)
    away = [each for each in whereabouts(wanted, vm, target.vm) if each.where is not Where.HOME]
    if not away and not gaps:
        return _on(vm)
    told = [_told(each, record, vm.name, target) for each in away]
    return failed("; ".join([*told[:MOST_TOLD], *_more(told), *gaps[:MOST_TOLD], *(_unfollowed(context) if gaps else ())]))


def _incomplete(context: MachineContext, record: Recorded, vm: VirtualMachine) -> Answer | None:
    """Why not all recorded disks are known to hang on their own VM; None where they do."""
    files = _files(context)
    missing = [disk for disk in record.disks if disk.uuid and not with_uuid(vm.disks, disk.uuid)]
    if missing:
        told = [
            f"disk {disk.uuid} is not attached to VM {vm.name}, but {_holder(context, disk.uuid or '')} (recorded: {disk.file}"
            f"{', last seen: ' + files[disk.uuid.casefold()] if disk.uuid and disk.uuid.casefold() in files else ''})"
            for disk in missing
        ]
        return failed("; ".join([*told[:MOST_TOLD], *_more(told)]))
    untold = sum(1 for disk in record.disks if not disk.uuid)
    return (
        unknown(f"the UUID of {untold} of its disks was not recorded: whether VM {vm.name} has them cannot be told")
        if untold
        else None
    )


def _holder(context: MachineContext, uuid: str) -> str:
    names = {each.vm.name for each in context.disk_holders.get(uuid.casefold(), ())}
    return f"to VM {listed(names)}" if names else "to no VM that is seen"


def _on(vm: VirtualMachine) -> Answer:
    """Of a machine whose disks were attached again: Site Recovery cannot have started it at the failback."""
    if vm.power_state is PowerState.ON:
        return passed(f"all disks of VM {vm.name} are attached to it again")
    return failed(f"all disks of VM {vm.name} are attached to it again, and it is not on", "Start the VM.")


def reattached(context: MachineContext, record: Recorded) -> bool:
    """Whether the operator attached the disks of this round again, whatever was done with the VM since."""
    ledger = context.machine.status.ledger if context.machine else []
    subject = rfc3339(record.failed_over_at)
    made = (e for e in ledger if e.effect == EffectKind.REATTACH_DISKS and e.outcome is EffectOutcome.SUCCEEDED)
    return any(subject_in(e.key) == subject for e in made)


def _more(told: Sequence[str]) -> list[str]:
    return [f"and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []


def _told(found: Whereabouts, record: Recorded, name: str, target: LocatedVm) -> str:
    """One disk: its UUID, where it lies and lay, and where it belongs."""
    place = found.place
    kept = with_uuid(target.vm.disks, place.uuid)
    bus = next((d.bus for d in record.disks if d.uuid == place.uuid), None)
    belongs = f"belongs on VM {name} at controller {place.controller_key} (bus {bus}) unit {place.unit}"
    if found.where is Where.UNCLEAR:
        return f"disk {place.uuid} {belongs}, but {found.why}"
    where = f"on master target VM {target.vm.name} in {kept[0].file_name}" if kept else f"attached to no VM, in {place.file}"
    return f"disk {place.uuid} is {where} (recorded: {place.file_before}) and {belongs}"
