"""Settles what was asked for of machines' VMs by where the VMs and their disks are; and tells how it is followed."""

from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry, rfc3339
from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.api.v1alpha1.failback_machine import Recorded
from failback_operator.checks.contexts import LocatedVm
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.ledger import OPEN, concluded, deadline
from failback_operator.decide.target_vms import vm_of_target
from failback_operator.domain.mending import DETACH, UNRECORDED, subject_in
from failback_operator.domain.reattach import NEEDED, Where, places, whereabouts
from failback_operator.domain.steps import EffectKind, MachineCall, ReattachOrder
from failback_operator.domain.vsphere import PowerState

RESUMED = f"{DETACH}/{UNRECORDED}"
"""Job of a re-attachment of which only the result is seen: some disks hang on neither VM, or the call may go on."""


def settle_requests(machine: FailbackMachine, index: SiteIndex) -> list[LedgerEntry]:
    """The machine's ledger as vCenter leaves it; entries of which nothing new is known are the same objects."""
    return [_settle_or_release(entry, machine, index) if _is_open(entry) else entry for entry in machine.status.ledger]


def request_call(machine: FailbackMachine, index: SiteIndex) -> MachineCall | None:
    """The call by which what runs of the machine is followed, made of what is stored alone; None where it cannot be."""
    entry = next(
        (e for e in machine.status.ledger if e.outcome is EffectOutcome.RUNNING and EffectKind(e.effect).is_on_request), None
    )
    return _call(entry, machine, index) if entry is not None else None


def _call(entry: LedgerEntry, machine: FailbackMachine, index: SiteIndex) -> MachineCall | None:
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
    if target is None or not _are_read(vm, target) or places(record, machine.spec.moved_disks, vm.vm)[1]:
        return None
    return reattach_call(machine, record, vm, target)


def reattach_call(machine: FailbackMachine, record: Recorded, vm: LocatedVm, target: LocatedVm) -> MachineCall:
    """The call that attaches the record's disks again: the same for whoever makes it and whoever goes on with it."""
    wanted, _ = places(record, machine.spec.moved_disks, vm.vm)
    order = ReattachOrder(target.vm.moref, target.vm.instance_uuid, wanted, len(record.disks))
    return MachineCall(vm.vcenter, vm.vm.moref, vm.vm.instance_uuid, reattach=order)


def _is_open(entry: LedgerEntry) -> bool:
    return entry.outcome in OPEN and EffectKind(entry.effect).is_on_request


def _settle_or_release(entry: LedgerEntry, machine: FailbackMachine, index: SiteIndex) -> LedgerEntry:
    """One that is not settled and cannot be followed ends by a person's word, once all vCenters are read and its call is over."""
    settled = _settle(entry, machine, index)
    if not _is_open(settled) or _call(settled, machine, index) is not None or not _is_named(entry, machine, index):
        return settled
    is_over = index.site.now > deadline(entry, index.site.limits)
    if not index.site.vsphere_is_complete or not is_over:
        return settled
    text = f"how it ended was not seen; a person let it go by spec.retries{_last_seen(entry, machine)}"
    return concluded(entry, EffectOutcome.FAILED, text, index.site.now)


def _is_named(entry: LedgerEntry, machine: FailbackMachine, index: SiteIndex) -> bool:
    """Whether the machine's plan names this very entry."""
    plan = next((p for p in index.site.view.plans if p.name == machine.spec.plan_ref.name), None)
    retries = plan.spec.retries if plan is not None else []
    return any((each.machine, each.job) == (machine.spec.machine_name, entry.key) for each in retries)


def _last_seen(entry: LedgerEntry, machine: FailbackMachine) -> str:
    """Where the disks of a re-attachment were last: as seen on the master target, else as recorded."""
    if entry.effect != EffectKind.REATTACH_DISKS:
        return ""
    record, subject = _record(entry, machine), subject_in(entry.key)
    files = {(d.uuid or d.file).casefold(): d.file for d in record.disks} if record is not None else {}
    files |= {d.uuid.casefold(): d.file for d in machine.spec.moved_disks if rfc3339(d.failed_over_at) == subject}
    told = ", ".join(f"{uuid} in {file}" for uuid, file in sorted(files.items()))
    return f". Its disks were last: {told}" if told else ""


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
    if target is None or not _are_read(vm, target):
        return entry
    return _reattached(entry, machine, record, (vm, target), index)


def _are_read(vm: LocatedVm, target: LocatedVm) -> bool:
    """Whether it is known what hangs on the two VMs of one vCenter."""
    return not NEEDED & (vm.vm.unread | target.vm.unread) and target.vcenter == vm.vcenter


def _reattached(
    entry: LedgerEntry, machine: FailbackMachine, record: Recorded, vms: tuple[LocatedVm, LocatedVm], index: SiteIndex
) -> LedgerEntry:
    """All home: done. An intent that has changed nothing was not sent. Anything else goes on from where the disks are."""
    vm, target = vms
    wanted, gaps = places(record, machine.spec.moved_disks, vm.vm)
    left = {each.where for each in whereabouts(wanted, vm.vm, target.vm)}
    if gaps or not left:
        left.add(Where.UNCLEAR)
    if left == {Where.HOME}:
        return concluded(entry, EffectOutcome.SUCCEEDED, None, index.site.now)
    if entry.outcome is not EffectOutcome.INTENDED:
        return entry
    if left <= {Where.HOME, Where.ON_TARGET}:
        return concluded(entry, EffectOutcome.NOT_SENT, "not sent: all is as it was before", index.site.now)
    return entry.model_copy(update={"outcome": EffectOutcome.RUNNING, "job": RESUMED})


def _switched_on(entry: LedgerEntry, vm: LocatedVm, index: SiteIndex) -> LedgerEntry:
    if vm.vm.power_state is PowerState.ON:
        return concluded(entry, EffectOutcome.SUCCEEDED, None, index.site.now)
    if entry.outcome is EffectOutcome.INTENDED and vm.vm.power_state is not None:
        return concluded(entry, EffectOutcome.NOT_SENT, "not sent: the VM is not on", index.site.now)
    return entry


def _deleted(entry: LedgerEntry, index: SiteIndex) -> LedgerEntry:
    """Gone is done; that a VM is gone is known only where every vCenter, and the UUID of each VM, was read since."""
    vm = _by_instance(subject_in(entry.key), index)
    if vm is not None:
        is_due = entry.outcome is EffectOutcome.INTENDED and _is_due(entry, _read_at(index, vm.vcenter), index)
        return concluded(entry, EffectOutcome.NOT_SENT, "not sent: the VM is there", index.site.now) if is_due else entry
    read = [_read_at(index, name) for name, _ in index.site.vcenters]
    # A VM whose files went and which stayed in the inventory is inaccessible, and tells no UUID any more.
    is_told = all(vm.instance_uuid is not None for _, facts in index.site.vcenters for vm in facts.machines)
    is_read = is_told and index.site.vsphere_is_complete and all(_is_due(entry, each, index) for each in read)
    return concluded(entry, EffectOutcome.SUCCEEDED, None, index.site.now) if is_read else entry


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
