"""Whether a machine's failover is one that the plan means. Safety rule 2."""

from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.decide.rounds import Round
from failback_operator.decide.selection import NOTHING_HAPPENED
from failback_operator.domain.failover_bound import EffectiveBound
from failback_operator.domain.vault import InstanceType


def is_covered(found: Round, bound: EffectiveBound) -> bool:
    """True where the bound covers the failover, or a run of it began under a bound that did: that keeps it to its end."""
    if found.failed_over_at is None:
        return False
    return bound.covers(found.failed_over_at) or _began_covered(found)


def _began_covered(found: Round) -> bool:
    if found.record is None or found.record.covered_by < found.record.failed_over_at:
        return False
    made = any(entry.outcome not in NOTHING_HAPPENED for entry in found.entries())
    return made or found.item.instance_type is InstanceType.TO_ON_PREMISES


def uncovered_text(found: Round, plan: FailbackPlan) -> str:
    """Why the plan does not mean this failover."""
    if found.failed_over_at is None:
        return "when it failed over to Azure is not known: state it in spec.machines[].failedOverAt"
    return f"spec.failedOverBefore of {plan.name} does not cover its failover"
