"""Fixes of master targets that the operator may make: shown in a finding first, one at a time, given up after some failures.

What fixes there are, and what keeps each from being made: decide/fixes. Safety rules 3, 5 and 8.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from failback_operator.checks.contexts import TargetContext
from failback_operator.decide.attempts import entries_of, failed_in_a_row, given_up, next_key, retry_at, was_shown
from failback_operator.decide.duplicates import paused
from failback_operator.decide.fixes import FIX_RULES, Ailing, Fix, propose_new
from failback_operator.decide.fixes.base import MOST_TEXT
from failback_operator.decide.judgement import Rulings
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.overdue import GUEST_MUST_SHUT_DOWN, overdue_shutdown
from failback_operator.domain.hard_off import may_switch_off
from failback_operator.domain.steps import Effect, MachineCall, ObjectKey, VaultCall
from failback_operator.domain.verdicts import Outcome

__all__ = ["Fix", "fix_effect", "fixes_of", "is_mending", "remedies_of", "with_remedies"]


def fixes_of(context: TargetContext, rulings: Rulings) -> tuple[Fix, ...]:
    """The fixes that are wanted and that the spec allows, in the order in which they are made, one at a time."""
    located = context.vm
    failing = frozenset(r.verdict.check_id for r in rulings if r.verdict.outcome is Outcome.FAIL)
    if located is None:
        found: Iterable[Fix] = propose_new(context, failing)
    else:
        ailing = Ailing(context, located, failing)
        found = (fix for rule in FIX_RULES for fix in rule.propose(ailing))
    return tuple(_as_it_stands(context, fix) for fix in found)


def _as_it_stands(context: TargetContext, fix: Fix) -> Fix:
    """The fix; a person's where a guest does not shut down for it, or where it failed too often. Then nobody waits for it."""
    overdue = overdue_shutdown(context)
    if overdue is not None and fix.kind in GUEST_MUST_SHUT_DOWN:
        return replace(fix, text=f"{overdue.observed}. {overdue.remedy}", obstacle=None, is_for_a_person=True)
    entries = entries_of(fix, context.target.status.ledger)
    if fix.is_for_a_person or failed_in_a_row(entries, context.target.spec.retries) < context.site.limits.attempts:
        return fix if fix.is_for_a_person else replace(fix, obstacle=paused(context.site.view) or fix.obstacle)
    return given_up(fix, entries[-1], context.site, f"{entries[-1].key} in spec.retries of this MasterTarget")


def remedies_of(fixes: Iterable[Fix]) -> dict[str, str]:
    """What the finding of each check says of its fixes. One that finds no room is not told, and so not made before the others."""
    told: dict[str, list[str]] = defaultdict(list)
    for fix in fixes:
        told[fix.check_id].append(fix.remedy)
    return {check_id: " ".join(remedies)[:MOST_TEXT] for check_id, remedies in told.items()}


def with_remedies(rulings: Rulings, fixes: tuple[Fix, ...]) -> Rulings:
    """The rulings; where the operator will make the fix, that is the remedy, and not what a person would do."""
    remedies = remedies_of(fixes)
    told = (r.with_remedy(remedies[r.verdict.check_id]) if r.verdict.check_id in remedies else r for r in rulings)
    return tuple(told) if remedies else rulings


def fix_effect(context: TargetContext, fixes: tuple[Fix, ...]) -> Effect | None:
    """The effect that makes the first fix that is due, if it was shown, nothing runs and none was made too lately."""
    fix = next((f for f in fixes if f.is_makeable), None)
    call = _call(context, fix) if fix is not None else None
    if fix is None or call is None or _has_open(context) or not was_shown(fix, context.target.status.findings):
        return None
    entries = entries_of(fix, context.target.status.ledger)
    if retry_at(entries, context.site) is not None:
        return None
    return Effect(
        key=next_key(fix, entries),
        kind=fix.kind,
        owner=ObjectKey("MasterTarget", context.target.namespace, context.target.name),
        call=call,
        description=fix.text,
    )


def _call(context: TargetContext, fix: Fix) -> MachineCall | VaultCall | None:
    located = context.vm
    if fix.call is not None or located is None:
        return fix.call
    is_hard = may_switch_off(context.target, context.holders)
    return MachineCall(located.vcenter, located.vm.moref, located.vm.instance_uuid, allow_hard_off=is_hard)


def is_mending(context: TargetContext, fixes: tuple[Fix, ...]) -> bool:
    """Whether a fix of the target is under way or due: no machine may start through it meanwhile."""
    return _has_open(context) or any(fix.is_makeable for fix in fixes)


def _has_open(context: TargetContext) -> bool:
    return any(e.outcome in OPEN for e in context.target.status.ledger)
