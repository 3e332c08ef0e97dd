"""Machines of a plan that stay in Azure."""

from failback_operator.api.v1alpha1 import FailbackPlan


def staying(plan: FailbackPlan) -> dict[str, str]:
    """Name of each machine that the plan leaves in Azure → why."""
    return {each.machine: each.reason for each in plan.spec.stays_in_azure}
