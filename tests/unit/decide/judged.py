"""Decisions as tests ask for them: every status of every decision keeps the rules of statuses."""

from tests.unit.status_rules import check_statuses

from failback_operator.api.common import StatusBase
from failback_operator.decide import evaluate as decided
from failback_operator.decide import unassigned
from failback_operator.decide.rules import RULES, Rules
from failback_operator.domain.decision import SiteDecision
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import ObjectKey


def evaluate(view: SiteView, rules: Rules = RULES) -> SiteDecision:
    """The decision about a site."""
    decision = decided.evaluate(view, rules)
    check_statuses(decision.statuses, (view.site, *view.targets, *view.servers, *view.plans, *view.machines))
    return decision


def evaluate_unassigned(objects: unassigned.Unassigned) -> dict[ObjectKey, StatusBase]:
    """The statuses of objects without a site."""
    statuses = unassigned.evaluate_unassigned(objects)
    check_statuses(statuses, (*objects.targets, *objects.servers, *objects.plans, *objects.machines))
    return statuses
