"""Settles effects on the VM of a master target: by the state that they were to reach."""

from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.decide.ledger import OPEN, deadline
from failback_operator.domain.boot import boot_mark
from failback_operator.domain.limits import Limits
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState, VirtualMachine

SHUTDOWN = "shut-down-guest"
UNRECORDED_SHUTDOWN = f"{SHUTDOWN}/unrecorded"
"""Job of a power cycle of which only the result is seen: the VM is off. In the form that act/ follows."""


def settle_vm(ledger: list[LedgerEntry], vm: VirtualMachine, read_at: datetime, limits: Limits) -> list[LedgerEntry]:
    """The ledger of a master target as observation of its VM leaves it.

    An intent that shows no result after its deadline counts as not sent, where the effect may safely be asked for again (vCenter
    refuses a second removal of snapshots while the first runs). Not so a power cycle: the VM is off, or its guest may be shutting
    down, which takes its time and has no task to ask about. It counts as running, and is followed until its state is reached.
    """
    return [_settle(entry, vm, read_at, limits) for entry in ledger]


def _settle(entry: LedgerEntry, vm: VirtualMachine, read_at: datetime, limits: Limits) -> LedgerEntry:
    if entry.outcome not in OPEN:
        return entry
    is_due = entry.outcome is not EffectOutcome.INTENDED or read_at > deadline(entry, limits)
    if not is_due or read_at <= entry.intended_at:
        return entry
    reached = is_reached(EffectKind(entry.effect), entry.intended_at, vm)
    if reached:
        return _final(entry, EffectOutcome.SUCCEEDED, None, read_at)
    if reached is None or entry.outcome is EffectOutcome.RUNNING:
        return entry
    if entry.effect == EffectKind.POWER_CYCLE:
        return _followed(entry, vm)
    return _final(entry, EffectOutcome.NOT_SENT, "not sent: the VM is as it was before", read_at)


def _followed(entry: LedgerEntry, vm: VirtualMachine) -> LedgerEntry:
    """A power cycle without an answer as one whose shutdown was asked for: whoever follows it switches the VM on again."""
    jobs = {PowerState.OFF: UNRECORDED_SHUTDOWN, PowerState.ON: f"{SHUTDOWN}/{boot_mark(vm)}"}
    job = jobs.get(vm.power_state) if vm.power_state is not None else None
    return entry if job is None else entry.model_copy(update={"outcome": EffectOutcome.RUNNING, "job": job})


def _final(entry: LedgerEntry, outcome: EffectOutcome, message: str | None, at: datetime) -> LedgerEntry:
    return entry.model_copy(update={"outcome": outcome, "settled_at": at.replace(microsecond=0), "message": message})


def is_reached(kind: EffectKind, since: datetime, vm: VirtualMachine) -> bool | None:
    """Whether the VM is where the effect was to bring it; None where that was not read."""
    match kind:
        case EffectKind.REMOVE_SNAPSHOTS:
            return None if "snapshots" in vm.unread else not vm.snapshots
        case EffectKind.SET_DISK_UUID:
            return None if "disk_uuid_enabled" in vm.unread else vm.disk_uuid_enabled is True
        case EffectKind.POWER_CYCLE:
            if vm.power_state is None or vm.power_state is not PowerState.ON:
                return None if vm.power_state is None else False
            return None if vm.boot_time is None else vm.boot_time > since
        case _:
            return None
