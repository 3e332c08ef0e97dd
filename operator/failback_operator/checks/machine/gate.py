"""What the next step needs of Site Recovery and of the plan's author: the operation allowed, the failover meant."""

from datetime import datetime

from failback_operator.api.common import EffectOutcome, rfc3339
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan import RecoveryPointType, Stage
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import EFFECTS, About
from failback_operator.checks.machine.base import IN_MOTION, fresh_detail, item_check, next_step
from failback_operator.domain.failover_bound import BoundState, EffectiveBound, effective_bound
from failback_operator.domain.protected_item import ActiveSite, InstanceType, ProtectedItem
from failback_operator.domain.steps import Step

OPERATIONS = {
    Step.REPROTECT: "SwitchProtection",
    Step.FAILBACK: "UnplannedFailover",
    Step.COMMIT: "Commit",
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


@item_check(
    About(
        id="OperationAllowed",
        clause="R1",
        condition="OperationAllowed",
        expected="Site Recovery allows the operation that the machine needs next",
        remedy="See the item in the portal: what it allows, its health errors and its last job. A failover to Azure that is not "
        "committed is committed first.",
        source="allowedOperations with instanceType and activeSiteType of the item; currentScenario while a job runs",
        steps=EFFECTS,
    )
)
def operation_allowed(context: MachineContext, item: ProtectedItem) -> Answer:
    """allowedOperations names what the next step needs, the item is on the right side, and no job runs on it."""
    step = next_step(context, item)
    if step is None or context.phase in IN_MOTION:
        return not_applicable("a step runs")
    operation, (kind, active_site) = OPERATIONS[step], PLACES[step]
    if item.current_scenario is not None:
        return failed(f"{step.value}: a job runs on the item ({item.current_scenario.name})", "Wait for the job to end.")
    if item.instance_type is not kind or (active_site is not None and item.active_site is not active_site):
        return failed(f"{step.value}: the item is {item.instance_type.value}, active site {_text(item.active_site)}")
    if operation in item.allowed_operations:
        return passed(f"{step.value}: {operation} is allowed")
    return _refused(context, step, operation, item)


def _text(active_site: ActiveSite | None) -> str:
    return active_site.value if active_site is not None else "not told"


def _refused(context: MachineContext, step: Step, operation: str, item: ProtectedItem) -> Answer:
    observed = f"{step.value} needs {operation}; allowed: {listed(item.allowed_operations) or 'nothing'}"
    until = context.failed_over_at + context.site.limits.agent_registration_grace if context.failed_over_at else None
    if step is Step.REPROTECT and until is not None and context.site.now < until:
        return failed(observed, "Wait: after a failover the agent takes up to 15 minutes to register.", until)
    errors = listed(e.code for e in item.health_errors if e.level == "Error")
    return failed(f"{observed}; health errors: {errors}" if errors else observed)


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


@item_check(
    About(
        id="RecoveryPointAvailable",
        clause="R1",
        condition="OperationAllowed",
        expected="an application-consistent recovery point exists where the plan asks for LatestTag",
        remedy="Wait for the next application-consistent point (every 60 minutes), or set spec.recoveryPoint: LatestTime.",
        source="consistencyPoints of the InMage item; a failback needs at least one recovery point",
        steps=frozenset({Step.FAILBACK}),
    )
)
def recovery_point_available(context: MachineContext, item: ProtectedItem) -> Answer:
    """With LatestTag the item has a tag."""
    if context.plan.spec.recovery_point is not RecoveryPointType.LATEST_TAG:
        return not_applicable("the plan takes the latest time")
    if context.phase is Phase.REPROTECTING:
        return not_applicable("the first synchronisation runs")
    detail = fresh_detail(context, item)
    if detail is None:
        return unknown("the details of the item were not read lately")
    if detail.consistency_points:
        return passed("an application-consistent point exists")
    return failed("there is no application-consistent point yet")
