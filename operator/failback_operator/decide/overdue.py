"""A power cycle whose guest does not shut down: it is never asked a second time, and a person is told."""

from datetime import datetime

from failback_operator.api.common import EffectOutcome, Finding, LedgerEntry, Severity, rfc3339
from failback_operator.checks.contexts import TargetContext
from failback_operator.domain.limits import Limits
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

CHECK = "GuestShutsDown"


def overdue_at(entry: LedgerEntry, limits: Limits) -> datetime | None:
    """From when on a guest has taken too long; None for an entry that waits for none."""
    is_cycle = entry.effect == EffectKind.POWER_CYCLE and entry.outcome is EffectOutcome.RUNNING
    return entry.intended_at + limits.vsphere_shutdown if is_cycle else None


def overdue_shutdown(context: TargetContext) -> Finding | None:
    """The finding of a master target that is to be power-cycled and has been running on for too long."""
    located, limits = context.vm, context.site.limits
    if located is None or located.vm.power_state is not PowerState.ON:
        return None
    for entry in context.target.status.ledger:
        due = overdue_at(entry, limits)
        if due is not None and context.site.now > due:
            return _finding(context, located.vm.name, entry)
    return None


def _finding(context: TargetContext, vm: str, entry: LedgerEntry) -> Finding:
    minutes = context.site.limits.vsphere_shutdown.total_seconds() / 60
    return Finding(
        check=CHECK,
        subject=f"MasterTarget/{context.target.name}",
        severity=Severity.BLOCKER,
        verdict="Fail",
        expected=f"the guest shuts down within {minutes:g} min of being asked",
        observed=f"VM {vm} was to shut down for its power cycle at {rfc3339(entry.intended_at)} and still runs",
        remedy=(
            f"Shut the guest of {vm} down, or switch the VM off, in vCenter: the operator switches it on again. It does not ask"
            " the guest a second time, and no machine starts through this master target meanwhile."
        ),
    )
