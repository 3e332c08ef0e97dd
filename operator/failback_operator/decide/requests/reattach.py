"""Disks that a Storage vMotion kept on the master target are attached to their machine's VM again, and it is switched on. R15.

Safety rule 8 allows it on a master target that holds other machines' disks; safety rule 5 asks that no machine runs twice.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from failback_operator.api.common import EffectOutcome, rfc3339
from failback_operator.api.v1alpha1.failback_machine import MovedDisk, Recorded
from failback_operator.api.v1alpha1.failback_plan import Reattachment, Stage
from failback_operator.checks.answers import listed
from failback_operator.checks.contexts import LocatedVm, TargetContext
from failback_operator.checks.machine.azure import STOPPED
from failback_operator.checks.machine.homecoming import reattached
from failback_operator.decide.fixes.base import Fix, affected, configuration_server_obstacle
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.ledger_requests import reattach_call
from failback_operator.decide.requests.base import Asked
from failback_operator.domain.reattach import Where, Whereabouts, places, unstored, whereabouts
from failback_operator.domain.steps import DiskPlace, EffectKind, MachineCall
from failback_operator.domain.vsphere import PowerState

CHECK = "DisksReturned"
MOST_TOLD = 4
MOST_STORED = 256  # of spec.movedDisks


def propose(asked: Asked) -> Iterator[Fix]:
    """What is made next for a machine whose disks are not all back, where a person asked for it."""
    request = reattachment_of(asked)
    context, record, through = asked.context, asked.context.record, asked.context.came_through
    target = through.vm if through is not None else None
    if request is None or record is None or not asked.fails(CHECK) or context.vm is None or through is None or target is None:
        return
    wanted, gaps = places(record, asked.stored.spec.moved_disks, context.vm.vm)
    state = whereabouts(wanted, context.vm.vm, target.vm)
    if state and not gaps and all(each.where is Where.HOME for each in state):
        yield _power_on(asked, record, context.vm)
    else:
        yield _reattach(asked, record, through, (context.vm, target), state)


def reattachment_of(asked: Asked) -> Reattachment | None:
    """The request for the machine."""
    return next((each for each in asked.spec.spec.reattach if each.machine == asked.context.name), None)


def to_store(asked: Asked) -> tuple[MovedDisk, ...]:
    """Files of disks that are about to be detached and are not stored yet."""
    record, through = asked.context.record, asked.context.came_through
    if reattachment_of(asked) is None or record is None or through is None or through.vm is None or not asked.fails(CHECK):
        return ()
    new = unstored(record, asked.stored.spec.moved_disks, through.vm.vm)
    return new if len(asked.stored.spec.moved_disks) + len(new) <= MOST_STORED else ()


def _reattach(
    asked: Asked, record: Recorded, through: TargetContext, vms: tuple[LocatedVm, LocatedVm], state: tuple[Whereabouts, ...]
) -> Fix:
    vm, target = vms
    moving = [each.place for each in state if each.where is not Where.HOME]
    told = ", ".join(f"{p.file} at controller {p.controller_key} unit {p.unit}" for p in moving[:MOST_TOLD])
    more = f" and {len(moving) - MOST_TOLD} more" if len(moving) > MOST_TOLD else ""
    text = (
        f"Will be attached again by the operator to VM {vm.vm.name}, and detached from {target.vm.name} without deleting a file: "
        f"{told}{more}. When all are there, the VM is switched on.{affected(through)}"
    )
    fix = Fix(EffectKind.REATTACH_DISKS, CHECK, text, subject=rfc3339(record.failed_over_at))
    unclear = [f"disk {each.place.uuid}: {each.why}" for each in state if each.where is Where.UNCLEAR]
    unclear += places(record, asked.stored.spec.moved_disks, vm.vm)[1]
    unclear += _elsewhere(asked, record, vms)
    new = unstored(record, asked.stored.spec.moved_disks, target.vm)
    if len(asked.stored.spec.moved_disks) + len(new) > MOST_STORED:
        unclear.append("spec.movedDisks of its FailbackMachine is full")
    if unclear:
        return replace(fix, text=f"A person must see to this first: {'; '.join(unclear[:MOST_TOLD])}.", is_for_a_person=True)
    why = _obstacle(asked, vms, through) or _out_of_reach(vm, moving)
    return replace(fix, obstacle=why, call=reattach_call(asked.stored, record, vm, target))


def _elsewhere(asked: Asked, record: Recorded, vms: tuple[LocatedVm, LocatedVm]) -> list[str]:
    """Disks of which a third VM has the UUID: a copy, or the disk itself."""
    known = {(each.vcenter, each.vm.moref) for each in vms}
    found = []
    for disk in record.disks:
        holders = asked.context.disk_holders.get((disk.uuid or "").casefold(), ())
        found += [f"disk {disk.uuid}: VM {h.vm.name} has it, too" for h in holders if (h.vcenter, h.vm.moref) not in known]
    return found


def _obstacle(asked: Asked, vms: tuple[LocatedVm, LocatedVm], through: TargetContext) -> str | None:
    """What keeps the disks from being attached now."""
    vm, target = vms
    if through.is_configuration_server and (why := configuration_server_obstacle(through)) is not None:
        return why
    return (
        apart(vm, target)
        or asked.forbidden(Stage.FAILED_BACK)
        or _not_off(vm)
        or _azure_vm_runs(asked)
        or _busy(asked, through)
        or ("where its disks lie is being recorded first" if to_store(asked) else None)
    )


def apart(vm: LocatedVm, target: LocatedVm) -> str | None:
    """Why no disk can go from the one to the other."""
    if vm.vcenter == target.vcenter:
        return None
    return f"VM {vm.vm.name} and VM {target.vm.name} are in different vCenters"


def _out_of_reach(vm: LocatedVm, moving: Iterable[DiskPlace]) -> str | None:
    """A disk that the VM's host cannot reach would be detached and not attached."""
    host = vm.vm.host
    mounted = {s.name for s in vm.facts.datastores if any(m.host == host and m.is_read_write for m in s.mounts)}
    missing = {place.file[1:].partition("]")[0] for place in moving} - mounted
    where = vm.host.name if vm.host is not None else "of the VM"
    return f"host {where} does not have datastore {listed(missing)} mounted read/write" if missing else None


def _not_off(vm: LocatedVm) -> str | None:
    if vm.vm.power_state is PowerState.OFF:
        return None
    return f"VM {vm.vm.name} is {vm.vm.power_state.value if vm.vm.power_state else 'in a power state that could not be read'}"


def _azure_vm_runs(asked: Asked) -> str | None:
    """The machine must not run twice. A VM that is not found under its id may have been moved, and run."""
    found = asked.context.azure_vm
    if found is None or found.power_state is None:
        return "whether the Azure VM is stopped could not be read"
    return (
        None if found.power_state in STOPPED else f"Azure VM {found.arm_id.resource_name} is {found.power_state}: stop it first"
    )


def _busy(asked: Asked, through: TargetContext) -> str | None:
    """One at a time on a master target."""
    if any(e.outcome in OPEN for e in through.target.status.ledger):
        return f"{through.target.name} is being mended"
    for other in asked.around.machines:
        runs = any(e.effect == EffectKind.REATTACH_DISKS and e.outcome in OPEN for e in other.status.ledger)
        if runs and other.name != asked.stored.name:
            return f"disks of {other.spec.machine_name} are being attached"
    return None


def _power_on(asked: Asked, record: Recorded, vm: LocatedVm) -> Fix:
    text = f"Will be switched on by the operator: VM {vm.vm.name}, which has all its disks again."
    fix = Fix(EffectKind.POWER_ON, CHECK, text, subject=rfc3339(record.failed_over_at))
    was_on = any(e.outcome is EffectOutcome.SUCCEEDED for e in asked.entries(fix))
    if was_on or not reattached(asked.context, record):
        by_whom = "was switched on by the operator once" if was_on else "got its disks from somebody else"
        return replace(fix, text=f"VM {vm.vm.name} {by_whom}: look at it, and start it.", is_for_a_person=True)
    why = asked.forbidden(Stage.FAILED_BACK) or _not_off(vm) or _azure_vm_runs(asked)
    call = MachineCall(vm.vcenter, vm.vm.moref, vm.vm.instance_uuid)
    return replace(fix, obstacle=why, call=call)
