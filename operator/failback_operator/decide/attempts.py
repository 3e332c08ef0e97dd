"""How often a fix was tried: it is given up after some failures in a row, until a person names the last one."""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.checks.contexts import SiteContext
from failback_operator.decide.naming import attempt_of

FAILURES = frozenset({EffectOutcome.REFUSED, EffectOutcome.FAILED})
TRIED = FAILURES | {EffectOutcome.SUCCEEDED}


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


def next_attempt(entries: Iterable[LedgerEntry]) -> int:
    """The number of the next try."""
    return 1 + max((attempt_of(entry.key) for entry in entries), default=0)
