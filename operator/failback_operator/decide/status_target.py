"""Status of a MasterTarget."""

from failback_operator.api.common import Finding, LedgerEntry
from failback_operator.api.v1alpha1 import MasterTargetStatus
from failback_operator.api.v1alpha1.master_target import DiskCounts
from failback_operator.checks.contexts import TargetContext
from failback_operator.decide.conditions import (
    FALSE,
    TRUE,
    UNKNOWN,
    Conditions,
    State,
    by_condition,
    rendered,
    summary,
)
from failback_operator.decide.findings import Shown, findings, shortened
from failback_operator.decide.judgement import Rulings
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.overdue import overdue_shutdown
from failback_operator.decide.remediation import Fix, remedies_of
from failback_operator.decide.wording import fitted
from failback_operator.domain.usage import DiskUsage

MOST_NAME = 253
MOST_LEDGER = 40  # the schema allows 50: what is appended before the next status is written finds room
USABLE_TYPES = frozenset({"vmfs", "vsan"})


def target_status(context: TargetContext, rulings: Rulings, fixes: tuple[Fix, ...]) -> MasterTargetStatus:
    """Disk slots, place, conditions and findings; a fix that the operator will make is told in its finding."""
    target, stored = context.target, context.target.status
    remedies = remedies_of(fixes)
    shown = [Shown(r, remedy=remedies.get(r.verdict.check_id)) for r in rulings]
    overdue = overdue_shutdown(context)
    listed, omitted = shortened([*([overdue] if overdue else []), *findings(shown)])
    return MasterTargetStatus(
        observed_generation=target.metadata.generation,
        conditions=rendered(_conditions(context, rulings, fixes, overdue), target.metadata.generation),
        findings=listed,
        findings_omitted=omitted,
        operating_system=fitted(_system(context), MOST_NAME) or stored.operating_system,
        host=fitted(context.vm.host.name, MOST_NAME) if context.vm and context.vm.host else stored.host,
        datastores=_datastores(context) if context.vm else stored.datastores,
        disks=disk_counts(context.usage) if context.usage else stored.disks,
        disk_uuid_enabled=stored.disk_uuid_enabled,
        disk_uuid_set_at=stored.disk_uuid_set_at,
        ledger=pruned(stored.ledger),
    )


def pruned(ledger: list[LedgerEntry]) -> list[LedgerEntry]:
    """The newest entries; what is open is never dropped."""
    surplus = len(ledger) - MOST_LEDGER
    if surplus <= 0:
        return ledger
    settled = [e.key for e in ledger if e.outcome not in OPEN][:surplus]
    return [e for e in ledger if e.key not in settled]


def disk_counts(usage: DiskUsage) -> DiskCounts:
    """Disk slots as the status shows them."""
    return DiskCounts(
        own=usage.own,
        attached=usage.attached,
        orphaned=usage.orphaned,
        reserved=usage.reserved,
        limit=usage.limit,
        free=usage.free,
    )


def _conditions(context: TargetContext, rulings: Rulings, fixes: tuple[Fix, ...], overdue: Finding | None) -> Conditions:
    """Ready, and what the checks feed: with Reconciling and Stalled they would be more than twelve, so Ready tells those."""
    return {"Ready": _ready(context, summary(rulings), fixes, overdue), **by_condition(rulings)}


def _ready(context: TargetContext, judged: State, fixes: tuple[Fix, ...], overdue: Finding | None) -> State:
    if overdue is not None:
        return State(FALSE, overdue.check, f"{overdue.observed}. To do: {overdue.remedy}")
    running = next((e for e in reversed(context.target.status.ledger) if e.outcome in OPEN), None)
    if running is not None:
        rest = "" if judged.status is TRUE else f"; {judged.message}"
        return State(FALSE, running.effect, f"{running.effect} is under way{rest}")
    if context.site.vault is None and not context.site.vcenters and judged.status is not FALSE:
        return State(UNKNOWN, "NotRead", "neither the vault nor a vCenter could be read")
    fix = next((f for f in fixes if f.is_makeable), None)
    return judged if fix is None else State(judged.status, judged.reason, f"{judged.message}. {fix.text}")


def _system(context: TargetContext) -> str | None:
    if context.server is not None and context.server.os_version:
        return context.server.os_version
    return context.vm.vm.guest.full_name if context.vm else None


def _datastores(context: TargetContext) -> list[str]:
    """Names of the VMFS and vSAN datastores that the target's host mounts read/write."""
    located = context.vm
    if located is None or located.host is None:
        return []
    names = [
        store.name
        for store in located.facts.datastores
        if (store.type or "").casefold() in USABLE_TYPES
        and any(mount.host == located.host.moref and mount.is_read_write for mount in store.mounts)
    ]
    return sorted(names)[:256]
