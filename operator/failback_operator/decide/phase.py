"""The phase of a machine: where it stands, what runs, and what went wrong. Derived from observation and the settled ledger."""

from dataclasses import dataclass

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.rounds import Round
from failback_operator.decide.selection import NOTHING_HAPPENED
from failback_operator.domain.limits import Limits
from failback_operator.domain.steps import EffectKind

FLIGHT = {
    EffectKind.COMMIT_FAILOVER: Phase.REPROTECTING,  # as a reprotect's own job commits first
    EffectKind.REPROTECT: Phase.REPROTECTING,
    EffectKind.FAILBACK: Phase.FAILING_BACK,
    EffectKind.COMMIT: Phase.COMMITTING,
    EffectKind.PROTECT: Phase.PROTECTING,
}
"""The phase in which each effect runs."""

IN_FLIGHT = frozenset(FLIGHT.values())
ORDER = tuple(Phase)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a machine goes no further without a person: `entry` is the ledger's entry, `text` what is known of it."""

    phase: Phase
    entry: LedgerEntry | None
    text: str


def running_entry(found: Round) -> LedgerEntry | None:
    """The newest effect on the item that was intended or runs."""
    entries = found.all_entries()
    return next((e for e in reversed(entries) if e.outcome in {EffectOutcome.INTENDED, EffectOutcome.RUNNING}), None)


def phase_of(found: Round) -> Phase:
    """Where the machine is: in the phase of what runs, else where its item stands."""
    entry = running_entry(found)
    return FLIGHT[EffectKind(entry.effect)] if entry else found.position


def is_acknowledged(entry: LedgerEntry, plan: FailbackPlan, name: str) -> bool:
    """Whether a person asks in spec.retries to go on after this very failure."""
    return any(r.machine == name and r.job in {entry.job, entry.key} for r in plan.spec.retries)


def attempts_refused(found: Round, kind: EffectKind, plan: FailbackPlan, name: str) -> int:
    """How often in a row the service refused the step, since a person last asked to try again."""
    count = 0
    for entry in reversed(found.entries(kind)):
        if entry.outcome is not EffectOutcome.REFUSED or is_acknowledged(entry, plan, name):
            break
        count += 1
    return count


def trouble_of(found: Round, plan: FailbackPlan, name: str, limits: Limits) -> Trouble | None:
    """What stops the machine until a person says otherwise: a doubt of any round, else the newest entry of this one."""
    doubt = _doubt(found, plan, name)
    if doubt is not None:
        return doubt
    entries = found.entries()
    if not entries:
        return _stuck(found)
    last = entries[-1]
    kind = EffectKind(last.effect)
    if is_acknowledged(last, plan, name):
        return None
    match last.outcome:
        case EffectOutcome.FAILED:
            return Trouble(Phase.FAILED, last, f"{kind} failed: {last.message or 'no reason was given'}")
        case EffectOutcome.REFUSED if _is_exhausted(found, kind, plan, name, limits):
            text = f"{kind} was refused {limits.attempts} times: {last.message or 'no reason was given'}"
            return Trouble(Phase.NEEDS_ATTENTION, last, text)
        case _:
            return _stuck(found)


def _doubt(found: Round, plan: FailbackPlan, name: str) -> Trouble | None:
    """The step that may have been taken, of which nobody said that it was looked at, if none was taken since then."""
    taken = (e for e in reversed(found.all_entries()) if e.outcome not in NOTHING_HAPPENED)
    last = next(taken, None)
    if last is None or last.outcome is not EffectOutcome.AMBIGUOUS or is_acknowledged(last, plan, name):
        return None
    return Trouble(Phase.NEEDS_ATTENTION, last, last.message or f"it is not known whether {last.effect} was taken")


def _is_exhausted(found: Round, kind: EffectKind, plan: FailbackPlan, name: str, limits: Limits) -> bool:
    is_past = found.architecture.is_after(found.item, kind)
    return not is_past and attempts_refused(found, kind, plan, name) >= limits.attempts


def _stuck(found: Round) -> Trouble | None:
    if found.position is Phase.UNKNOWN and found.last_failback_at is not None and running_entry(found) is None:
        text = f"a failback began and the item stands in {found.item.protection_state}: neither failed back nor ready for another"
        return Trouble(Phase.NEEDS_ATTENTION, None, text)
    return None
