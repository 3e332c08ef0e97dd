"""What others did, from reprotect to failback, to that with which a machine comes home: found in events, and remembered.

Not counted: what Site Recovery does by its own account in vCenter or while its failback runs; what the operator's ledger tells.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from failback_operator.api.common import LedgerEntry, rfc3339
from failback_operator.api.v1alpha1.failback_machine import Phase, TamperedPart, Tampering
from failback_operator.checks.answers import Answer, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, MachineContext, TargetContext
from failback_operator.checks.machine.base import vm_or_answer
from failback_operator.checks.master_target.base import no_vm
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vm_events import VmEvent, VmEventKind, is_same_account
from failback_operator.domain.vsphere import VsphereFacts

MOST_TOLD = 3
MOST_WHAT = 512
BEFORE_FAILBACK_BEGINS = frozenset({Phase.REPROTECTING, Phase.REPROTECTED})
SINCE_FAILBACK_BEGAN = frozenset({Phase.FAILING_BACK, Phase.FAILED_BACK, Phase.COMMITTING, Phase.COMMITTED})
OF_RETURNING_VM = frozenset(VmEventKind) - {VmEventKind.POWERED_OFF}
"""Reprotect itself powers the VM off; off is where it is to be."""
LAYOUT = "StorageLayoutUnchanged"
EVENTS = (
    "Let the operator's account read events (System.View on what it reads, propagated), and look at them yourself (Monitor > "
    "Events): if nothing was done since the reprotect, waive this check for the machine."
)


@dataclass(frozen=True, slots=True)
class Change:
    """What was done; `at` None: seen now, and not stored yet."""

    id: str
    part: TamperedPart
    what: str
    by: str | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        if self.part is TamperedPart.AZURE_VM:
            return f"{self.what} (seen {rfc3339(self.at)})" if self.at else self.what
        when = f"{rfc3339(self.at)} " if self.at else ""
        return f"{when}{self.by or 'vCenter itself'}: {self.what}"


Changes = tuple[Change, ...] | Answer
"""What was found now, or why nothing can be said of it."""


def judged(context: MachineContext, part: TamperedPart, found: Changes) -> Answer:
    """Fail over anything that was found or is remembered, whether or not it can be read now."""
    kept = remembered(context, part)
    ids = {each.id for each in kept}
    now = () if isinstance(found, Answer) else found
    changes = (*kept, *(each for each in now if each.id not in ids))
    if changes:
        return failed(_told(changes))
    return found if isinstance(found, Answer) else passed("nothing was done to it since the reprotect")


def _told(changes: tuple[Change, ...]) -> str:
    first = "; ".join(str(each) for each in changes[:MOST_TOLD])
    return first if len(changes) <= MOST_TOLD else f"{first}; and {len(changes) - MOST_TOLD} more"


def remembered(context: MachineContext, part: TamperedPart) -> tuple[Change, ...]:
    """What is stored of the round's present reprotect. What Site Recovery proves to have been its own counts no more."""
    stored = context.machine.spec.tampering if context.machine else []
    return tuple(
        Change(each.id, each.part, each.what, each.by, each.at)
        for each in stored
        if each.part is part and each.failed_over_at == context.failed_over_at and is_of_round(context, each.at)
    )


def all_changes(context: MachineContext) -> Iterator[Change]:
    """All that is found now. Of the Azure VM nothing once a failback was tried: that is what stops it."""
    parts = [returning_vm_changes(context), master_target_changes(context)]
    if not context.failbacks:
        parts.append(azure_vm_changes(context))
    for found in parts:
        yield from () if isinstance(found, Answer) else found


def stored_form(change: Change, failed_over_at: datetime, now: datetime) -> Tampering:
    """The change as it is remembered."""
    return Tampering(
        failed_over_at=failed_over_at,
        id=change.id,
        part=change.part,
        what=change.what[:MOST_WHAT],
        by=change.by,
        at=(change.at or now).replace(microsecond=0),
    )


def returning_vm_changes(context: MachineContext) -> Changes:
    """By the events of the VM onto which the machine comes home."""
    found = vm_or_answer(context)
    if isinstance(found, Answer):
        names = frozenset({context.name.casefold()}) if not context.vms else frozenset[str]()
        removed = tuple(_removals(context, TamperedPart.RETURNING_VM, names))
        return removed or found
    return _of_vm(context, TamperedPart.RETURNING_VM, found, OF_RETURNING_VM, frozenset({context.name.casefold()}))


def master_target_changes(context: MachineContext) -> Changes:
    """By the events of the master target's VM."""
    target = context.assigned
    if target is None:
        is_through = context.phase in SINCE_FAILBACK_BEGAN
        return (
            not_applicable("its disks have left the master target") if is_through else unknown("its master target is not known")
        )
    if target.vm is None:
        removed = tuple(_removals(context, TamperedPart.MASTER_TARGET, _names(target))) if not target.vms else ()
        return removed or unknown(f"{target.target.name}: {no_vm(target)}")
    kinds = frozenset(VmEventKind) - ({VmEventKind.RELOCATED} if _is_move_waived(context) else set())
    return _of_vm(context, TamperedPart.MASTER_TARGET, target.vm, kinds, _names(target))


def azure_vm_changes(context: MachineContext) -> Changes:
    """By what the Azure VM is now, against what was recorded before reprotect; until a failback stops it."""
    if context.phase not in BEFORE_FAILBACK_BEGINS:
        return not_applicable("the failback stops the Azure VM")
    if context.azure_vm_is_missing:
        return (_azure_change(context, "gone", f"Azure VM {_recorded_name(context)} is gone"),)
    vm = context.azure_vm
    if vm is None and context.record is None:
        return not_applicable("which Azure VM it is was not recorded: see LayoutRecorded")
    if vm is None or vm.power_state is None:
        return unknown("the Azure VM could not be read")
    name, record = vm.arm_id.resource_name, context.record
    found = []
    if vm.power_state != "running":
        found.append(_azure_change(context, "power", f"Azure VM {name} is {vm.power_state}"))
    size = record.azure_vm_size if record else None
    if size is not None and vm.size is not None and vm.size.casefold() != size.casefold():
        found.append(_azure_change(context, "size", f"Azure VM {name} has size {vm.size}, and had {size} at the reprotect"))
    if size is not None and vm.size is None and not found:
        return unknown("the size of the Azure VM could not be read")
    return tuple(found)


def _recorded_name(context: MachineContext) -> str:
    return context.record.azure_vm_id.rpartition("/")[2] if context.record else context.name


def _azure_change(context: MachineContext, kind: str, what: str) -> Change:
    began = context.reprotected_at or context.failed_over_at
    return Change(f"azure-{kind}-{rfc3339(began) if began else 'unknown'}", TamperedPart.AZURE_VM, what)


def _of_vm(
    context: MachineContext, part: TamperedPart, located: LocatedVm, kinds: Iterable[VmEventKind], names: frozenset[str]
) -> Changes:
    """By the VM's own events, and by the removal of another of its names: it may be the same, registered again."""
    if located.vm.events is None:
        return unknown(f"VM {located.vm.name}: its events since the reprotect could not be read", EVENTS)
    if context.reprotected_at is None:
        return unknown("when the reprotect began is not known")
    own = tuple(_counted(context, part, located.facts, (e for e in located.vm.events if e.kind in kinds)))
    removed = _removals(context, part, names | {located.vm.name.casefold()})
    told = {each.id for each in own}
    return (*(each for each in removed if each.id not in told), *own)


def _removals(context: MachineContext, part: TamperedPart, names: frozenset[str]) -> Iterator[Change]:
    for _, facts in context.site.vcenters:
        gone = (e for e in facts.removals or () if e.machine_name.casefold() in names)
        yield from _counted(context, part, facts, gone)


def _names(target: TargetContext) -> frozenset[str]:
    return frozenset({(target.target.spec.vm_name or target.target.spec.server_name).casefold()})


def _counted(context: MachineContext, part: TamperedPart, facts: VsphereFacts, events: Iterable[VmEvent]) -> Iterator[Change]:
    for each in events:
        if _is_within(context, each.at) and not _is_site_recovery(context, each) and not _is_own(context, facts, each):
            task = f" ({each.task})" if each.task else ""
            words = f": {each.message}" if each.message else ""
            what = f"VM {each.machine_name} {each.kind.value}{task}{words}"
            yield Change(f"{each.key}-{rfc3339(each.at)}", part, what, each.user or None, each.at)


def _is_within(context: MachineContext, at: datetime) -> bool:
    """From the start of the reprotect to the start of the failback that is under way or done."""
    if context.reprotected_at is not None and at <= context.reprotected_at:
        return False
    ended = context.last_failback_at if context.phase in SINCE_FAILBACK_BEGAN else None
    return ended is None or at < ended


def is_of_round(context: MachineContext, at: datetime) -> bool:
    """Whether a stored time, which has whole seconds, is within that too."""
    began = context.reprotected_at
    return _is_within(context, at) or (began is not None and at == began.replace(microsecond=0))


def _is_site_recovery(context: MachineContext, event: VmEvent) -> bool:
    """By its account; where that is not told, all that happens while a failback of the machine runs."""
    account = context.site.view.site.spec.configuration_server.vcenter_account
    if account is not None:
        return is_same_account(account, event.user)
    return any(start <= event.at and (end is None or event.at <= end) for start, end in context.failbacks)


def _is_own(context: MachineContext, facts: VsphereFacts, event: VmEvent) -> bool:
    """By the operator's account, while its ledger tells of an effect on a VM: another may use the account too."""
    if facts.own_account is None or not is_same_account(facts.own_account, event.user):
        return False
    own = context.machine.status.ledger if context.machine else []
    target = context.assigned.target.status.ledger if context.assigned else []
    return any(_spans(each, event.at, context) for each in (*own, *target) if not EffectKind(each.effect).is_on_item)


def _spans(entry: LedgerEntry, at: datetime, context: MachineContext) -> bool:
    skew = context.site.limits.failover_clock_skew
    return entry.intended_at - skew <= at and (entry.settled_at is None or at <= entry.settled_at + skew)


def _is_move_waived(context: MachineContext) -> bool:
    """Whether a person has said of the machine that it goes home although its disks were moved."""
    waivers = context.plan.spec.waivers
    return any(w.check == LAYOUT and w.machine == context.name and w.until > context.site.now for w in waivers)
