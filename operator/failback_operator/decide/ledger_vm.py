"""Settles effects on the VM of a master target: by the state that they were to reach."""

from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.checks.contexts import LocatedVm
from failback_operator.decide.fixes import RULE_OF
from failback_operator.decide.fixes.base import UNSENT
from failback_operator.decide.ledger import OPEN, concluded, deadline
from failback_operator.domain.limits import Limits
from failback_operator.domain.steps import EffectKind


def settle_vm(ledger: list[LedgerEntry], located: LocatedVm, read_at: datetime, limits: Limits) -> list[LedgerEntry]:
    """The ledger of a master target as observation of its VM leaves it.

    An intent that shows no result after its deadline counts as not sent, where the effect may safely be asked for again (vCenter
    refuses a second removal of snapshots while the first runs). Not so a power cycle: the VM is off, or its guest may be shutting
    down, which takes its time and has no task to ask about. It counts as running, and is followed until its state is reached.
    """
    return [_settle(entry, located, read_at, limits) for entry in ledger]


def settle_without_vm(ledger: list[LedgerEntry], read_at: datetime, limits: Limits) -> list[LedgerEntry]:
    """The ledger of a master target of which no VM is seen: one that was to be made, and would be seen by now, was not begun."""
    return [_without_vm(entry, read_at, limits) for entry in ledger]


def _without_vm(entry: LedgerEntry, read_at: datetime, limits: Limits) -> LedgerEntry:
    # A new VM is seen when vCenter is searched next, which is done every few minutes.
    is_due = entry.effect == EffectKind.MAKE_FROM_TEMPLATE and read_at > deadline(entry, limits) + limits.effect_result
    if entry.outcome is not EffectOutcome.INTENDED or not is_due:
        return entry
    return concluded(entry, EffectOutcome.NOT_SENT, "not sent: there is no such VM", read_at)


def _settle(entry: LedgerEntry, located: LocatedVm, read_at: datetime, limits: Limits) -> LedgerEntry:
    if entry.outcome not in OPEN:
        return entry
    is_due = entry.outcome is not EffectOutcome.INTENDED or read_at > deadline(entry, limits)
    rule = RULE_OF.get(EffectKind(entry.effect))
    if rule is None or not is_due or read_at <= entry.intended_at:
        return entry
    reached = rule.is_reached(entry, located)
    if reached:
        return concluded(entry, EffectOutcome.SUCCEEDED, None, read_at)
    if reached is None or entry.outcome is EffectOutcome.RUNNING:
        return entry
    job = UNSENT if rule.resume is None else rule.resume(entry, located)
    if job == UNSENT:
        return concluded(entry, EffectOutcome.NOT_SENT, "not sent: all is as it was before", read_at)
    return entry if job is None else entry.model_copy(update={"outcome": EffectOutcome.RUNNING, "job": job})
