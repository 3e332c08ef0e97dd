"""A power cycle, or what needs one, whose guest does not shut down: it is never asked a second time, and a person is told."""

from datetime import datetime

from failback_operator.api.common import EffectOutcome, Finding, LedgerEntry, Severity, rfc3339
from failback_operator.checks.contexts import TargetContext
from failback_operator.domain.limits import Limits
from failback_operator.domain.mending import FIRST_BOOT, SHUT_DOWN_GUEST
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

CHECK = "GuestShutsDown"
GUEST_MUST_SHUT_DOWN = frozenset({EffectKind.POWER_CYCLE, EffectKind.REPLACE_CONTROLLERS})


def overdue_at(entry: LedgerEntry, limits: Limits) -> datetime | None:
    """From when on a guest has taken too long; None for an entry that waits for none."""
    if entry.outcome is not EffectOutcome.RUNNING:
        return None
    job = (entry.job or "").split("/")
    if entry.effect == EffectKind.POWER_CYCLE:
        return entry.intended_at + limits.vsphere_shutdown
    if entry.effect == EffectKind.REPLACE_CONTROLLERS and SHUT_DOWN_GUEST in job:
        # The last shutdown may come after another one and a boot, which may take as long.
        return entry.intended_at + limits.vsphere_shutdown * (1 if job[0] == FIRST_BOOT else 3)
    return None


def overdue_shutdown(context: TargetContext) -> Finding | None:
    """The finding of a master target that is to be power-cycled and has been running on for too long."""
    located, limits = context.vm, context.site.limits
    if located is None or located.vm.power_state is not PowerState.ON:
        return None
    for entry in context.target.status.ledger:
        due = overdue_at(entry, limits)
        if due is not None and context.site.now > due:
            return _finding(context, located.vm.name, entry, due)
    return None


def _finding(context: TargetContext, vm: str, entry: LedgerEntry, due: datetime) -> Finding:
    minutes = (due - entry.intended_at).total_seconds() / 60
    why = "its power cycle" if entry.effect == EffectKind.POWER_CYCLE else "the replacement of its controllers"
    return Finding(
        check=CHECK,
        subject=f"MasterTarget/{context.target.name}",
        severity=Severity.BLOCKER,
        verdict="Fail",
        expected=f"the guest shuts down within {minutes:g} min of being asked",
        observed=f"VM {vm} was to shut down for {why} at {rfc3339(entry.intended_at)} and still runs",
        remedy=(
            f"Shut the guest of {vm} down, or switch the VM off, in vCenter: the operator switches it on again. It does not ask"
            " the guest a second time, and no machine starts through this master target meanwhile."
        ),
    )
