"""Fixes of a site that the operator may make in Azure: shown in a finding first, one at a time, given up after some failures."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from failback_operator.api.common import EffectOutcome, Finding, LedgerEntry
from failback_operator.api.v1alpha1.recovery_site import Awaited
from failback_operator.checks.contexts import SiteContext, TargetContext
from failback_operator.decide.attempts import FAILURES, entries_of, failed_in_a_row, given_up, next_key, retry_at, was_shown
from failback_operator.decide.duplicates import paused
from failback_operator.decide.fixes.base import Fix
from failback_operator.decide.judgement import Judgement, Rulings
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.site_fixes.awaited import wants
from failback_operator.decide.site_fixes.policy import propose_policy
from failback_operator.decide.site_fixes.refresh import KIND as REFRESH
from failback_operator.decide.site_fixes.refresh import refresh_of
from failback_operator.domain.steps import Effect, ObjectKey
from failback_operator.domain.verdicts import Outcome

UNSURE = FAILURES | {EffectOutcome.AMBIGUOUS}
"""A refresh of which nothing is known may be made again, but not for ever."""


@dataclass(frozen=True, slots=True)
class SiteMending:
    """What is mended at a site. `told`: master target → fixes of the site that its findings tell; `machines`: check → remedy."""

    fixes: tuple[Fix, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    finding: Finding | None = None
    told: Mapping[str, tuple[Fix, ...]] = field(default_factory=dict)
    machines: Mapping[str, str] = field(default_factory=dict)
    moments: tuple[datetime, ...] = ()


def site_mending(site: SiteContext, targets: Mapping[str, TargetContext], judgement: Judgement) -> SiteMending:
    """What is wanted at the site, and what of it its spec allows."""
    failing = frozenset(r.verdict.check_id for r in judgement.site if r.verdict.outcome is Outcome.FAIL)
    policy = tuple(_as_it_stands(site, fix) for fix in propose_policy(site, failing))
    if site.vault is None:
        return SiteMending(fixes=policy, awaited=tuple(site.view.site.status.awaited))
    found = wants(site, targets.values(), judgement.machines)
    refresh = refresh_of(site, found, targets.values())
    awaited = tuple(want.stored() for want in found)
    if refresh is None:
        return SiteMending(fixes=policy, awaited=awaited)
    fix = _as_it_stands(site, refresh.fix) if refresh.fix is not None else None
    told: dict[str, list[Fix]] = defaultdict(list)
    machines: dict[str, str] = {}
    for want, text in refresh.told:
        kind, _, name = want.subject.partition("/")
        if kind == "MasterTarget":
            told[name].append(Fix(REFRESH, want.check, text, is_of_site=True))
        else:
            machines[want.check] = text
    return SiteMending(
        fixes=(*policy, *((fix,) if fix is not None else ())),
        awaited=awaited,
        finding=refresh.finding if fix is None else refresh.finding.model_copy(update={"remedy": fix.remedy}),
        told={name: tuple(each) for name, each in told.items()},
        machines=machines,
        moments=refresh.moments,
    )


def with_told(rulings: Rulings, told: Mapping[str, str]) -> Rulings:
    """The rulings on a machine; where a refresh may help, that is the remedy."""
    if not told or not any(r.is_open and r.verdict.check_id in told for r in rulings):
        return rulings
    return tuple(r.with_remedy(told[r.verdict.check_id]) if r.verdict.check_id in told else r for r in rulings)


def site_effect(site: SiteContext, mending: SiteMending) -> Effect | None:
    """The effect that makes the first fix that is due, if it was shown, nothing runs and none was made too lately."""
    stored = site.view.site
    ledger, findings = stored.status.ledger, stored.status.findings
    due = (f for f in mending.fixes if f.is_makeable and was_shown(f, findings) and retry_at(entries_of(f, ledger), site) is None)
    fix = next(due, None)
    if fix is None or fix.call is None or is_mending_site(site):
        return None
    return Effect(
        key=next_key(fix, entries_of(fix, ledger)),
        kind=fix.kind,
        owner=ObjectKey("RecoverySite", stored.namespace, stored.name),
        call=fix.call,
        description=fix.text,
    )


def is_mending_site(site: SiteContext) -> bool:
    """Whether an effect on the vault is under way: one at a time a fabric."""
    return under_way(site) is not None


def under_way(site: SiteContext) -> LedgerEntry | None:
    """The newest effect of the site of which the end is to be waited for."""
    stored = site.view.site
    return next((e for e in reversed(stored.status.ledger) if e.outcome in OPEN and not _is_let_go(e, stored.spec.retries)), None)


def _is_let_go(entry: LedgerEntry, retries: list[str]) -> bool:
    """One in doubt holds nothing up if a person says so, or if it was a refresh: that changes nothing."""
    return entry.outcome is EffectOutcome.AMBIGUOUS and (entry.effect == REFRESH or entry.key in retries)


def _as_it_stands(site: SiteContext, fix: Fix) -> Fix:
    """The fix; a person's where it failed too often, or where nobody knows what became of it."""
    spec, entries = site.view.site.spec, entries_of(fix, site.view.site.status.ledger)
    doubt = next((e for e in entries if e.outcome is EffectOutcome.AMBIGUOUS and not _is_let_go(e, spec.retries)), None)
    if doubt is not None:
        how = f"to go on, name {doubt.key} in spec.retries of this RecoverySite"
        text = f"{doubt.message}. See in the vault what became of it; {how}."
        return replace(fix, text=text, obstacle=None, is_for_a_person=True)
    failures = UNSURE if fix.kind is REFRESH else FAILURES
    if fix.is_for_a_person or failed_in_a_row(entries, spec.retries, failures) < site.limits.attempts:
        return fix if fix.is_for_a_person else replace(fix, obstacle=paused(site.view) or fix.obstacle)
    return given_up(fix, entries[-1], site, f"{entries[-1].key} in spec.retries of this RecoverySite")
