"""The catalogues of checks that a decision asks, by kind of subject."""

from dataclasses import dataclass

from failback_operator.checks.catalogue import Catalogue
from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.checks.registry import MACHINE_CHECKS, PLAN_CHECKS, SERVER_CHECKS, SITE_CHECKS, TARGET_CHECKS


@dataclass(frozen=True, slots=True)
class Rules:
    """One catalogue a kind."""

    site: Catalogue[SiteContext]
    target: Catalogue[TargetContext]
    server: Catalogue[ServerContext]
    machine: Catalogue[MachineContext]
    plan: Catalogue[PlanContext]


RULES = Rules(SITE_CHECKS, TARGET_CHECKS, SERVER_CHECKS, MACHINE_CHECKS, PLAN_CHECKS)
"""All checks that there are."""
