"""Status of a RecoverySite."""

from datetime import timedelta
from typing import Literal

from failback_operator.api.v1alpha1 import RecoverySite, RecoverySiteStatus
from failback_operator.api.v1alpha1.recovery_site import FoundCounts, SourceStatus
from failback_operator.checks.contexts import SiteContext
from failback_operator.decide.conditions import FALSE, IDLE, NOT_STALLED, TRUE, Conditions, State, by_condition, rendered, summary
from failback_operator.decide.findings import Shown, findings, shortened
from failback_operator.decide.judgement import Rulings
from failback_operator.decide.site_fixes.mending import SiteMending, under_way
from failback_operator.decide.status_target import pruned
from failback_operator.decide.wording import fitted
from failback_operator.domain.protected_item import InstanceType
from failback_operator.domain.reading import Part, SourceProblem
from failback_operator.domain.vault import VaultFacts
from failback_operator.domain.vsphere import VsphereFacts

PERSISTENT = frozenset(
    {
        SourceProblem.CERTIFICATE_INVALID,
        SourceProblem.SECRET_MISSING,
        SourceProblem.INVALID_CREDENTIALS,
        SourceProblem.FORBIDDEN,
        SourceProblem.NOT_FOUND,
    }
)
"""Problems that a person must mend: shown at once, while the facts of the last good read still count."""


def site_status(
    context: SiteContext, rulings: Rulings, duplicate_of: RecoverySite | None, mending: SiteMending
) -> RecoverySiteStatus:
    """Sources, what was found, conditions and findings, what is mended."""
    site = context.view.site
    # First: it is shown whatever else there is, since nothing is done that was not shown.
    shown, omitted = shortened([*([mending.finding] if mending.finding else []), *findings(Shown(r) for r in rulings)])
    vault = context.vault
    server = vault.fabric.configuration_server if vault else None
    stored = site.status
    return RecoverySiteStatus(
        observed_generation=site.metadata.generation,
        conditions=rendered(_conditions(context, rulings, duplicate_of), site.metadata.generation),
        findings=shown,
        findings_omitted=omitted,
        sources=_sources(context),
        found=_found(vault) if vault else stored.found,
        configuration_server_version=fitted(server.agent_version, 63) if server else stored.configuration_server_version,
        fabric_id=str(vault.fabric.arm_id) if vault else stored.fabric_id,
        awaited=list(mending.awaited),
        ledger=pruned(stored.ledger),
    )


def _conditions(context: SiteContext, rulings: Rulings, duplicate_of: RecoverySite | None) -> Conditions:
    ready, stalled = summary(rulings), NOT_STALLED
    if duplicate_of is not None:
        name = f"{duplicate_of.namespace}/{duplicate_of.name}"
        text = f"the RecoverySite {name} is older and has the same vault and fabric: only it works; delete one of the two"
        ready, stalled = State(FALSE, "DuplicateSite", text), State(TRUE, "DuplicateSite", text)
    elif context.view.site.spec.suspend:
        ready = State(ready.status, ready.reason, f"suspended: no new effect begins; {ready.message}")
    running = under_way(context)
    reconciling = IDLE if running is None else State(TRUE, running.effect, f"{running.effect} is under way")
    return {"Ready": ready, "Reconciling": reconciling, "Stalled": stalled, **by_condition(rulings)}


def _sources(context: SiteContext) -> list[SourceStatus]:
    view = context.view
    snapshot, limits = view.snapshot, view.limits
    sources = [_source("azure", snapshot.vault, limits.azure_stale, context)]
    for spec in sorted(view.site.spec.vcenters, key=lambda v: v.name):
        part: Part[VsphereFacts] = snapshot.vcenters.get(spec.name, Part())
        sources.append(_source(f"vcenter/{spec.name}", part, limits.vsphere_stale, context))
    return sources


def _source(name: str, part: Part[VaultFacts] | Part[VsphereFacts], limit: timedelta, context: SiteContext) -> SourceStatus:
    is_fresh = part.fresh(context.now, limit) is not None
    state: Literal["Fresh", "Stale", "Unread"] = "Fresh" if is_fresh else "Unread" if part.facts is None else "Stale"
    error = part.error if part.error and (not is_fresh or part.error.problem in PERSISTENT) else None
    before = next((s for s in context.view.site.status.sources if s.name == name and s.state == state), None)
    since = before.fresh_since if before and before.fresh_since else context.now.replace(microsecond=0)
    return SourceStatus(
        name=name,
        state=state,
        reason=error.problem.value if error else None,
        message=error.message[:1024] if error else None,
        fresh_since=since,
    )


def _found(vault: VaultFacts) -> FoundCounts:
    in_azure = [
        i
        for i in vault.items
        if (i.instance_type is InstanceType.TO_AZURE and i.active_location == "Recovery")
        or (i.instance_type is InstanceType.TO_ON_PREMISES and i.active_location == "Primary")
    ]
    return FoundCounts(
        protected_items=len(vault.items),
        failed_over=len(in_azure),
        master_targets=len(vault.fabric.master_targets),
        process_servers=len(vault.fabric.process_servers),
    )
