"""Whether a machine's failover is one that the plan means. Safety rule 2."""

from datetime import datetime

from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.decide.rounds import Round
from failback_operator.decide.selection import NOTHING_HAPPENED
from failback_operator.domain.failover_bound import EffectiveBound
from failback_operator.domain.protected_item import InstanceType


def covered_failover(found: Round, bound: EffectiveBound) -> datetime | None:
    """The time of the failover where the bound covers it, or a run of it began under a bound that did; else None."""
    moment = found.failed_over_at
    if moment is None or not (bound.covers(moment) or _began_covered(found)):
        return None
    return moment


def _began_covered(found: Round) -> bool:
    if found.record is None or found.record.covered_by < found.record.failed_over_at:
        return False
    made = any(entry.outcome not in NOTHING_HAPPENED for entry in found.entries())
    return made or found.item.instance_type is InstanceType.TO_ON_PREMISES


def uncovered_text(found: Round, plan: FailbackPlan) -> str:
    """Why the plan does not mean this failover."""
    if found.failed_over_at is None:
        return "when it failed over to Azure is not known: state it in spec.machines[].failedOverAt"
    return f"spec.failedOverBefore of {plan.name} does not cover its failover: see which disaster is meant, then correct it"
