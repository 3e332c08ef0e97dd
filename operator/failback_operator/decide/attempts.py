"""The tries of a fix: none before it was shown, and given up after some failures in a row, until a person names the last one."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from failback_operator.api.common import EffectOutcome, Finding, LedgerEntry
from failback_operator.checks.contexts import SiteContext
from failback_operator.decide.fixes.base import Fix
from failback_operator.decide.naming import attempt_of
from failback_operator.domain.mending import mending_key, subject_in

FAILURES = frozenset({EffectOutcome.REFUSED, EffectOutcome.FAILED})
TRIED = FAILURES | {EffectOutcome.SUCCEEDED}
MOST_ANSWER = 400


def entries_of(fix: Fix, ledger: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """What the ledger has of the fix, oldest first."""
    return [e for e in ledger if e.effect == fix.kind and subject_in(e.key) == fix.subject]


def was_shown(fix: Fix, findings: Iterable[Finding]) -> bool:
    """Whether the stored findings told a person of it: nothing is done that was not to be read before."""
    return any(f.check == fix.check_id and fix.remedy in f.remedy for f in findings)


def given_up(fix: Fix, last: LedgerEntry, site: SiteContext, what_to_name: str) -> Fix:
    """The fix as a person's, after its `last` try; `what_to_name` lets it be tried again."""
    text = (
        f"The operator tried {site.limits.attempts} times and does not try again: {fix.text} Last answer: "
        f"{(last.message or 'none')[:MOST_ANSWER]}. Mend it by hand, or name {what_to_name}."
    )
    return replace(fix, text=text, obstacle=None, is_for_a_person=True)


def failed_in_a_row(
    entries: Sequence[LedgerEntry], retries: Container[str], failures: frozenset[EffectOutcome] = FAILURES
) -> int:
    """How often it failed since it went well, or since a person asked for another try."""
    count = 0
    for entry in reversed(entries):
        if entry.outcome not in failures or entry.key in retries:
            break
        count += 1
    return count


def retry_at(entries: Sequence[LedgerEntry], site: SiteContext) -> datetime | None:
    """When the fix may be tried again, None where it may be now. What went well shows only in what is read after it."""
    if not entries or entries[-1].outcome not in TRIED:
        return None
    settled = entries[-1].settled_at or entries[-1].not_after
    moment = settled + site.limits.refused_retry
    return moment if moment > site.now else None


def next_key(fix: Fix, entries: Iterable[LedgerEntry]) -> str:
    """The key of the next try."""
    return mending_key(fix.kind, fix.subject, 1 + max((attempt_of(entry.key) for entry in entries), default=0))
