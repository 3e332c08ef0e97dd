"""What the next step needs of Site Recovery and of the plan's author: the operation allowed, the failover meant."""

from datetime import datetime

from failback_operator.api.common import EffectOutcome, rfc3339
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan import Stage
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import EFFECTS, About
from failback_operator.checks.machine.base import IN_MOTION, item_check, next_step
from failback_operator.domain.failover_bound import BoundState, EffectiveBound, effective_bound
from failback_operator.domain.protected_item import ActiveSite, InstanceType, ProtectedItem
from failback_operator.domain.steps import EffectKind, Step

COMMIT = "Commit"
PROTECTED = "Protected"

OPERATIONS = {
    Step.REPROTECT: "SwitchProtection",
    Step.FAILBACK: "UnplannedFailover",
    Step.COMMIT: COMMIT,
    Step.PROTECT: "SwitchProtection",
}
"""The entry of allowedOperations that each step needs. Source: recorded items; not ReverseReplicate, which is Hyper-V's."""

NOTHING_HAPPENED = frozenset({EffectOutcome.REFUSED, EffectOutcome.NOT_SENT})

PLACES: dict[Step, tuple[InstanceType, ActiveSite | None]] = {
    Step.REPROTECT: (InstanceType.TO_AZURE, None),
    Step.FAILBACK: (InstanceType.TO_ON_PREMISES, ActiveSite.AZURE),
    Step.COMMIT: (InstanceType.TO_ON_PREMISES, None),
    Step.PROTECT: (InstanceType.TO_ON_PREMISES, ActiveSite.ON_PREMISES),
}
"""Instance type and active site that each step needs: the allowed operations alone do not tell reprotect from protection."""

PENDING = "the failover to Azure is not committed: until then another recovery point may be chosen"
COMMIT_IT = (
    "See that the machine in Azure works at the point that was chosen, then commit its failover in the portal; or let the "
    "operator do it before reprotect: spec.commitFailover: true of the plan. After it no other point can be chosen."
)
WHAT_WOULD_ALLOW: dict[Step, str] = {
    Step.REPROTECT: "It is allowed once the failover is committed and the agent of the running Azure VM has registered with the "
    "configuration server. See the item in the portal: its health errors and its last job. A migration that was completed, or "
    "protection that was disabled, cannot be taken back: then the machine cannot be failed back.",
    Step.FAILBACK: "It is allowed once the first synchronisation has ended, the state is Protected and a recovery point exists. "
    "See the item in the portal: progress of each disk, health errors, last job.",
    Step.COMMIT: "It is allowed once a failback has succeeded. See the item's last job in the portal: a failback of the classic "
    "architecture can be neither cancelled nor repeated.",
    Step.PROTECT: "It is allowed once the failback is committed. See the item in the portal: what it allows, its last job.",
}


def is_commit_pending(item: ProtectedItem) -> bool:
    """Whether a failover to Azure waits for its commit. Source: allowedOperations holds Commit until then."""
    return item.instance_type is InstanceType.TO_AZURE and COMMIT in item.allowed_operations


@item_check(
    About(
        id="FailoverCommitted",
        clause="R1",
        condition="OperationAllowed",
        expected="the failover to Azure is committed, or the plan says that the operator commits it (spec.commitFailover)",
        remedy=COMMIT_IT,
        source="allowedOperations of the item: Commit while a failover waits for it, SwitchProtection after it; a task of the "
        "reprotect's own job commits, which is inferred and not relied on",
        steps=frozenset({Step.REPROTECT}),
        fixes=frozenset({EffectKind.COMMIT_FAILOVER}),
    )
)
def failover_committed(context: MachineContext, item: ProtectedItem) -> Answer:
    """No commit is pending, or the plan lets the operator make it."""
    if not is_commit_pending(item):
        return passed("no commit of a failover is pending")
    if context.plan.spec.commit_failover:
        return passed("the failover is not committed yet; the operator does that before reprotect, as the plan says")
    return failed(PENDING)


@item_check(
    About(
        id="OperationAllowed",
        clause="R1",
        condition="OperationAllowed",
        expected="Site Recovery allows the operation that the machine needs next",
        remedy="See the item in the portal: what it allows, its health errors and its last job.",
        source="allowedOperations with instanceType and activeSiteType of the item; currentScenario while a job runs",
        steps=EFFECTS,
    )
)
def operation_allowed(context: MachineContext, item: ProtectedItem) -> Answer:
    """allowedOperations names what the next step needs, the item is on the right side, and no job runs on it."""
    step = next_step(context, item)
    if step is None or (context.phase in IN_MOTION and not _rests_unallowed(context, item)):
        return not_applicable("a step runs")
    operation, (kind, active_site) = OPERATIONS[step], PLACES[step]
    if item.current_scenario is not None:
        job = f" {item.current_scenario.job_name}" if item.current_scenario.job_name else ""
        return failed(
            f"{step.value}: a job runs on the item ({item.current_scenario.name}{job})",
            f"Wait for the job{job} to end; while it runs Site Recovery allows nothing else.",
        )
    if item.instance_type is not kind or (active_site is not None and item.active_site is not active_site):
        return failed(
            f"{step.value}: the item is {item.instance_type.value}, active site {_text(item.active_site)}{_stands(item)}"
        )
    if operation in item.allowed_operations:
        return passed(f"{step.value}: {operation} is allowed")
    if step is Step.REPROTECT and is_commit_pending(item) and context.plan.spec.commit_failover:
        return passed("Reprotect: the failover is committed first, and Commit is allowed")
    return _refused(context, step, operation, item)


def _rests_unallowed(context: MachineContext, item: ProtectedItem) -> bool:
    """A first synchronisation that is over with the failback not allowed: nothing runs that would change that."""
    is_reversed = item.instance_type is InstanceType.TO_ON_PREMISES and item.active_site is ActiveSite.AZURE
    is_over = item.protection_state == PROTECTED and item.current_scenario is None
    is_allowed = OPERATIONS[Step.FAILBACK] in item.allowed_operations
    return context.phase is Phase.REPROTECTING and is_reversed and is_over and not is_allowed


def _text(active_site: ActiveSite | None) -> str:
    return active_site.value if active_site is not None else "not told"


def _stands(item: ProtectedItem) -> str:
    """Where an item that is on the wrong side stands, for people."""
    if item.instance_type is InstanceType.TO_AZURE:
        return ": it replicates to Azure, so it was not reprotected"
    places = {ActiveSite.AZURE: ": it runs in Azure and replicates to the site", ActiveSite.ON_PREMISES: ": it runs on the site"}
    return places[item.active_site] if item.active_site is not None else ""


def _refused(context: MachineContext, step: Step, operation: str, item: ProtectedItem) -> Answer:
    """Why not, and what would allow it."""
    observed = f"{step.value} needs {operation}; allowed: {listed(item.allowed_operations) or 'nothing'}"
    if step is Step.REPROTECT and is_commit_pending(item):
        return failed(f"{observed}; {PENDING}", COMMIT_IT)
    until = context.failed_over_at + context.site.limits.agent_registration_grace if context.failed_over_at else None
    if step is Step.REPROTECT and until is not None and context.site.now < until:
        return failed(observed, "Wait: after a failover the agent takes up to 15 minutes to register.", until)
    if step is Step.PROTECT and COMMIT in item.allowed_operations:
        return failed(f"{observed}; the failback is not committed", "Let the failback be committed first.")
    state = f"; state: {item.protection_state_description or item.protection_state}" if item.protection_state else ""
    errors = listed(e.code for e in item.health_errors if e.level == "Error")
    told = f"{observed}{state}; health errors: {errors}" if errors else f"{observed}{state}"
    return failed(told, WHAT_WOULD_ALLOW[step])


@item_check(
    About(
        id="FailoverCovered",
        clause="R1",
        condition="FailoverCovered",
        expected="the failover to Azure lies within the plan's failedOverBefore",
        remedy="If this failover is meant, set spec.failedOverBefore of the plan to an instant after it and not in the future. "
        "Where its "
        "time is not known, state it: spec.machines[].failedOverAt.",
        source="lastSuccessfulFailoverTime while instanceType is InMageAzureV2; spec.recorded; the vault's jobs",
        steps=EFFECTS,
    )
)
def failover_covered(context: MachineContext, item: ProtectedItem) -> Answer:
    """The failover is not later than the bound; a run that began under a bound keeps it."""
    if _began_covered(context, item):
        return passed("its run began under a bound that covers the failover")
    bound = effective_bound(context.plan, context.site.now, context.site.limits)
    if bound.state is BoundState.NOT_GIVEN and context.plan.spec.stage is Stage.PREPARED:
        return not_applicable("stage Prepared starts nothing")
    return _covered(bound, context.failed_over_at)


def _began_covered(context: MachineContext, item: ProtectedItem) -> bool:
    """A record alone is no beginning: an effect must have been made, or the item be on its way home."""
    record = context.record
    if record is None or record.covered_by < record.failed_over_at:
        return False
    ledger = context.machine.status.ledger if context.machine else []
    made = any(e.intended_at > record.failed_over_at and e.outcome not in NOTHING_HAPPENED for e in ledger)
    return made or item.instance_type is InstanceType.TO_ON_PREMISES


def _covered(bound: EffectiveBound, failed_over_at: datetime | None) -> Answer:
    if bound.value is None:
        return failed("the plan gives no failedOverBefore")
    if bound.state is BoundState.AHEAD:
        return failed("failedOverBefore lay in the future when it was first seen, so it is ignored until it is edited")
    if failed_over_at is None:
        return unknown("neither the item, nor a record, nor the vault's jobs tell when it failed over")
    if bound.covers(failed_over_at):
        return passed("failedOverBefore covers the failover")
    return failed(f"it failed over at {rfc3339(failed_over_at)}, after failedOverBefore {rfc3339(bound.value)}")
