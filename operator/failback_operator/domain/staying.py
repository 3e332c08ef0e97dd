"""Machines of a plan that stay in Azure."""

from failback_operator.api.v1alpha1 import FailbackPlan


def reason_to_stay(plan: FailbackPlan, machine: str) -> str | None:
    """Why the machine stays in Azure, as the plan says; None where it comes home."""
    return next((each.reason for each in plan.spec.stays_in_azure if each.machine == machine), None)
