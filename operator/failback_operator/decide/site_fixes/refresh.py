"""The configuration server is told to discover anew, while Site Recovery does not list what the site has. Clauses R17, R23.

A refresh only reads, and one serves the whole site. So it is asked of the RecoverySite, at most once in a while, and no more than
a few times for one and the same want: what the third refresh does not bring, the fourth will not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from failback_operator.api.common import EffectOutcome, Finding, LedgerEntry, Severity, rfc3339
from failback_operator.checks.answers import listed
from failback_operator.checks.contexts import SiteContext, TargetContext
from failback_operator.checks.site.rights import lacking, missing_actions
from failback_operator.decide.duplicates import paused
from failback_operator.decide.fixes.base import AUTOMATIC, MOST_TEXT, Fix
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.site_fixes.awaited import Want
from failback_operator.domain.fabric import Provider
from failback_operator.domain.rights import REFRESH_ACTIONS, VaultPart
from failback_operator.domain.steps import EffectKind, VaultCall
from failback_operator.domain.vault import VaultFacts

CHECK = "DiscoveryRefresh"
KIND = EffectKind.REFRESH_PROVIDER
ACTION, SCENARIO = "refreshProvider", "Refresh"
TAKEN = frozenset({EffectOutcome.RUNNING, EffectOutcome.SUCCEEDED, EffectOutcome.FAILED, EffectOutcome.AMBIGUOUS})
"""Outcomes after which a refresh was, or may have been, made."""
MANUAL = (
    "Refresh the configuration server (portal: Configuration servers > the server > Refresh Server), or let the operator do it: "
    "spec.refreshRequestedAt with the present instant, or spec.remediation.refreshProvider: Automatic, of this RecoverySite."
)


@dataclass(frozen=True, slots=True)
class Refresh:
    """What is wanted of a refresh: `fix` if the spec lets the operator make it, `finding` what is shown, `told` by want."""

    finding: Finding
    fix: Fix | None
    told: tuple[tuple[Want, str], ...]
    moments: tuple[datetime, ...]


def refresh_of(site: SiteContext, wants: tuple[Want, ...], targets: Iterable[TargetContext]) -> Refresh | None:
    """The refresh that is wanted, or None."""
    requested = _request(site)
    spent = tuple(want for want in wants if _times(site, want) >= site.limits.attempts)
    hopeful = tuple(want for want in wants if want not in spent)
    asked = (*((requested,) if requested else ()), *(hopeful if _is_automatic(site) else ()))
    due = tuple(want for want in asked if want.due_at <= site.now)
    later = min((want.due_at for want in asked if want not in due), default=None)
    fix = _fix(site, due, tuple(targets)) if due else None
    shown = (*((requested,) if requested else ()), *wants)
    if not shown:
        return None
    if fix is None and spent and not hopeful and not requested:
        fix = Fix(KIND, CHECK, _spent_text(site, spent), is_for_a_person=True)
    remedy = fix.remedy if fix is not None else _waiting_text(site, later) if later is not None else MANUAL
    moments = [want.due_at for want in shown if want.due_at > site.now]
    moments += [fix.due_at] if fix is not None and fix.due_at is not None else []
    return Refresh(_finding(site, shown, remedy), fix, tuple(_told(site, wants, spent, fix)), tuple(moments))


def _request(site: SiteContext) -> Want | None:
    """What a person asked for, unless it was served."""
    asked = site.view.site.spec.refresh_requested_at
    if asked is None or any(e.intended_at >= asked for e in refreshes(site) if e.outcome is EffectOutcome.SUCCEEDED):
        return None
    return Want("spec.refreshRequestedAt", rfc3339(asked), f"asked for by spec.refreshRequestedAt {rfc3339(asked)}", asked, asked)


def refreshes(site: SiteContext) -> list[LedgerEntry]:
    """The refreshes of the ledger, newest last."""
    return [entry for entry in site.view.site.status.ledger if entry.effect == KIND]


def _times(site: SiteContext, want: Want) -> int:
    """How often the configuration server was refreshed since that is wanted, and a person last asked for another try."""
    count = 0
    for entry in reversed(refreshes(site)):
        if entry.key in site.view.site.spec.retries or entry.intended_at < want.since:
            break
        count += entry.outcome is EffectOutcome.SUCCEEDED
    return count


def _is_automatic(site: SiteContext) -> bool:
    return site.view.site.spec.remediation.refresh_provider == AUTOMATIC


def _fix(site: SiteContext, due: tuple[Want, ...], targets: tuple[TargetContext, ...]) -> Fix:
    vault = site.vault
    text = f"Will be refreshed by the operator: configuration server {_server(site)}, because {_reasons(due)}."
    provider = _provider(vault) if vault is not None else "the vault was not read"
    call = VaultCall(provider.arm_id, ACTION) if isinstance(provider, Provider) else None
    fix = Fix(KIND, CHECK, text[:MOST_TEXT], call=call)
    obstacle = paused(site.view) or _obstacle(site, provider, targets)
    if obstacle is not None:
        return replace(fix, obstacle=obstacle)
    again = _again_at(site)
    return fix if again is None else replace(fix, obstacle=f"it waits until {rfc3339(again)}, since the last one", due_at=again)


def _obstacle(site: SiteContext, provider: Provider | str, targets: tuple[TargetContext, ...]) -> str | None:
    return provider if isinstance(provider, str) else _no_right(site) or _changing(targets)


def _provider(vault: VaultFacts) -> Provider | str:
    """The fabric's provider, or why none can be refreshed.

    Source: site-recovery facts, section 1: `connectionStatus` Connected; `allowedScenarios` names Refresh (recorded).
    """
    if vault.is_denied(VaultPart.PROVIDERS):
        return "the providers of the fabric may not be read: see AzureAuthorized"
    if len(vault.providers) != 1:
        return f"the fabric has {len(vault.providers)} providers, and which one to refresh is not known"
    provider = vault.providers[0]
    if provider.connection_status not in {None, "Connected"}:
        return f"the provider of the configuration server is {provider.connection_status}"
    if provider.allowed_scenarios is not None and SCENARIO not in provider.allowed_scenarios:
        return f"Site Recovery allows no refresh now (allowed: {listed(provider.allowed_scenarios) or 'nothing'})"
    return provider


def _no_right(site: SiteContext) -> str | None:
    missing = missing_actions(site, site.vault, REFRESH_ACTIONS) if site.vault is not None else None
    return lacking(site, missing) if missing else None


def _changing(targets: tuple[TargetContext, ...]) -> str | None:
    """A master target that discovery finds switched off lists no datastores until the next one."""
    names = [t.target.name for t in targets if any(e.outcome in OPEN for e in t.target.status.ledger)]
    return f"master target {listed(names)} is being changed" if names else None


def _again_at(site: SiteContext) -> datetime | None:
    """Until when the last refresh has its time; None where another one may be made."""
    last = max((e.intended_at for e in refreshes(site) if e.outcome in TAKEN), default=None)
    again = last + site.limits.refresh_interval if last is not None else None
    return again if again is not None and again > site.now else None


def _told(site: SiteContext, wants: tuple[Want, ...], spent: tuple[Want, ...], fix: Fix | None) -> Iterable[tuple[Want, str]]:
    """What the finding of the check says that fails for a want."""
    for want in wants:
        if want in spent:
            yield want, _spent_text(site, (want,))
        elif _is_automatic(site) and want.due_at > site.now:
            yield want, _waiting_text(site, want.due_at)
        elif _is_automatic(site) and fix is not None:
            yield want, f"{_place(site)}: {fix.remedy}"[:MOST_TEXT]


def _place(site: SiteContext) -> str:
    return f"RecoverySite {site.view.site.name}"


def _server(site: SiteContext) -> str:
    return site.vault.fabric.friendly_name if site.vault is not None else site.view.site.spec.vault.fabric


def _reasons(wants: Iterable[Want]) -> str:
    return "; ".join(want.what for want in wants)


def _waiting_text(site: SiteContext, due_at: datetime) -> str:
    text = f"The operator waits until {rfc3339(due_at)}; if it is not listed then, it refreshes the configuration server."
    pause = paused(site.view)
    return f"{text} Not now: {pause}." if pause is not None else text


def _spent_text(site: SiteContext, wants: tuple[Want, ...]) -> str:
    last = next((e for e in reversed(refreshes(site)) if e.outcome is EffectOutcome.SUCCEEDED), None)
    key = last.key if last is not None else ""
    return (
        f"The configuration server was refreshed {site.limits.attempts} times, and still: {_reasons(wants)}. Look for the cause, "
        f"or name {key} in spec.retries of {_place(site)} for further tries."
    )[:MOST_TEXT]


def _finding(site: SiteContext, wants: tuple[Want, ...], remedy: str) -> Finding:
    return Finding(
        check=CHECK,
        subject=f"RecoverySite/{site.view.site.name}",
        severity=Severity.INFO,
        verdict="Fail",
        clause="R17",
        expected="Site Recovery lists what the site has, and no refresh of the configuration server is asked for",
        observed=_reasons(wants)[:MOST_TEXT],
        remedy=remedy[:MOST_TEXT],
    )
