"""Settles what was asked for of machines' VMs by where the VMs and their disks are; and tells how it is followed."""

from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry, rfc3339
from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.api.v1alpha1.failback_machine import Recorded
from failback_operator.checks.contexts import LocatedVm
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.ledger import OPEN, deadline
from failback_operator.decide.target_vms import vm_of_target
from failback_operator.domain.mending import DETACH, UNRECORDED, subject_in
from failback_operator.domain.reattach import NEEDED, Where, places, whereabouts
from failback_operator.domain.steps import EffectKind, MachineCall, ReattachOrder
from failback_operator.domain.vsphere import PowerState

RESUMED = f"{DETACH}/{UNRECORDED}"
"""Job of a re-attachment of which only the result is seen: some disks hang on neither VM, or the call may go on."""


def settle_requests(machine: FailbackMachine, index: SiteIndex) -> list[LedgerEntry]:
    """The machine's ledger as vCenter leaves it; entries of which nothing new is known are the same objects."""
    return [_settle(entry, machine, index) if _is_open(entry) else entry for entry in machine.status.ledger]


def request_call(machine: FailbackMachine, index: SiteIndex) -> MachineCall | None:
    """The call by which what runs of the machine is followed, made of what is stored alone; None where a VM is not found."""
    entry = next(
        (e for e in machine.status.ledger if e.outcome is EffectOutcome.RUNNING and EffectKind(e.effect).is_on_request), None
    )
    if entry is None:
        return None
    if entry.effect == EffectKind.DELETE_VM:
        vm = _by_instance(subject_in(entry.key), index)
        return MachineCall(vm.vcenter, vm.vm.moref, vm.vm.instance_uuid) if vm is not None else None
    record = _record(entry, machine)
    vm = _by_instance(record.vm_instance_uuid, index) if record is not None else None
    if record is None or vm is None:
        return None
    if entry.effect == EffectKind.POWER_ON:
        return MachineCall(vm.vcenter, vm.vm.moref, vm.vm.instance_uuid)
    target = vm_of_target(record.master_target, index)
    return reattach_call(machine, record, vm, target) if target is not None else None


def reattach_call(machine: FailbackMachine, record: Recorded, vm: LocatedVm, target: LocatedVm) -> MachineCall:
    """The call that attaches the record's disks again: the same for whoever makes it and whoever goes on with it."""
    wanted, _ = places(record, machine.spec.moved_disks, vm.vm)
    order = ReattachOrder(target.vm.moref, target.vm.instance_uuid, wanted)
    return MachineCall(vm.vcenter, vm.vm.moref, vm.vm.instance_uuid, reattach=order)


def _is_open(entry: LedgerEntry) -> bool:
    return entry.outcome in OPEN and EffectKind(entry.effect).is_on_request


def _settle(entry: LedgerEntry, machine: FailbackMachine, index: SiteIndex) -> LedgerEntry:
    if entry.effect == EffectKind.DELETE_VM:
        return _deleted(entry, index)
    record = _record(entry, machine)
    vm = _by_instance(record.vm_instance_uuid, index) if record is not None else None
    if record is None or vm is None or not _is_due(entry, _read_at(index, vm.vcenter), index):
        return entry
    if entry.effect == EffectKind.POWER_ON:
        return _switched_on(entry, vm, index)
    target = vm_of_target(record.master_target, index)
    if target is None or NEEDED & (vm.vm.unread | target.vm.unread) or target.vcenter != vm.vcenter:
        return entry
    return _reattached(entry, machine, record, (vm, target), index)


def _reattached(
    entry: LedgerEntry, machine: FailbackMachine, record: Recorded, vms: tuple[LocatedVm, LocatedVm], index: SiteIndex
) -> LedgerEntry:
    """All home: done. An intent that has changed nothing was not sent. Anything else goes on from where the disks are."""
    vm, target = vms
    wanted, _ = places(record, machine.spec.moved_disks, vm.vm)
    left = {each.where for each in whereabouts(wanted, vm.vm, target.vm)}
    if left <= {Where.HOME}:
        return _final(entry, EffectOutcome.SUCCEEDED, None, index)
    if entry.outcome is not EffectOutcome.INTENDED:
        return entry
    if left <= {Where.HOME, Where.ON_TARGET}:
        return _final(entry, EffectOutcome.NOT_SENT, "not sent: all is as it was before", index)
    return entry.model_copy(update={"outcome": EffectOutcome.RUNNING, "job": RESUMED})


def _switched_on(entry: LedgerEntry, vm: LocatedVm, index: SiteIndex) -> LedgerEntry:
    if vm.vm.power_state is PowerState.ON:
        return _final(entry, EffectOutcome.SUCCEEDED, None, index)
    if entry.outcome is EffectOutcome.INTENDED and vm.vm.power_state is not None:
        return _final(entry, EffectOutcome.NOT_SENT, "not sent: the VM is not on", index)
    return entry


def _deleted(entry: LedgerEntry, index: SiteIndex) -> LedgerEntry:
    """Gone is done; that a VM is gone is known only where every vCenter was read as a whole since."""
    vm = _by_instance(subject_in(entry.key), index)
    if vm is not None:
        is_due = entry.outcome is EffectOutcome.INTENDED and _is_due(entry, _read_at(index, vm.vcenter), index)
        return _final(entry, EffectOutcome.NOT_SENT, "not sent: the VM is there", index) if is_due else entry
    read = [_read_at(index, name) for name, _ in index.site.vcenters]
    is_read = index.site.vsphere_is_complete and all(_is_due(entry, each, index) for each in read)
    return _final(entry, EffectOutcome.SUCCEEDED, None, index) if is_read else entry


def _record(entry: LedgerEntry, machine: FailbackMachine) -> Recorded | None:
    return next((r for r in machine.spec.recorded if rfc3339(r.failed_over_at) == subject_in(entry.key)), None)


def _by_instance(uuid: str | None, index: SiteIndex) -> LocatedVm | None:
    wanted = (uuid or "").casefold()
    found = [v for v in index.vms.by_uuid.get(wanted, ()) if (v.vm.instance_uuid or "").casefold() == wanted] if wanted else []
    return found[0] if len(found) == 1 else None


def _read_at(index: SiteIndex, vcenter: str) -> datetime:
    return index.site.view.snapshot.vcenters[vcenter].as_of or index.site.now


def _is_due(entry: LedgerEntry, read_at: datetime, index: SiteIndex) -> bool:
    """Whether vCenter was read late enough to tell: an intent's call may come until its deadline."""
    return read_at > (deadline(entry, index.site.limits) if entry.outcome is EffectOutcome.INTENDED else entry.intended_at)


def _final(entry: LedgerEntry, outcome: EffectOutcome, message: str | None, index: SiteIndex) -> LedgerEntry:
    return entry.model_copy(update={"outcome": outcome, "settled_at": index.site.now.replace(microsecond=0), "message": message})
