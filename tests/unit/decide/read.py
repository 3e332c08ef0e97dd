"""Reading of decisions and stored objects, for tests."""

from tests.unit.decide.world import World

from failback_operator.api.common import Condition, StatusBase
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackMachineStatus, FailbackPlanStatus, MasterTargetStatus
from failback_operator.domain.decision import SiteDecision


def status(decision: SiteDecision, kind: str, name: str) -> StatusBase:
    return next(s for key, s in decision.statuses.items() if (key.kind, key.name) == (kind, name))


def plan_of(decision: SiteDecision, name: str = "payroll") -> FailbackPlanStatus:
    found = status(decision, "FailbackPlan", name)
    assert isinstance(found, FailbackPlanStatus)
    return found


def target_of(decision: SiteDecision, name: str = "mt-win") -> MasterTargetStatus:
    found = status(decision, "MasterTarget", name)
    assert isinstance(found, MasterTargetStatus)
    return found


def condition(found: StatusBase, kind: str) -> Condition:
    return next(c for c in found.conditions if c.type == kind)


def summary(found: StatusBase, kind: str = "Ready") -> tuple[str, str]:
    chosen = condition(found, kind)
    return chosen.status.value, chosen.reason


def machine_of(site: World, name: str = "app-1") -> FailbackMachine:
    return next(m for m in site.machines.values() if m.spec.machine_name == name)


def machine_status_of(decision: SiteDecision, site: World, name: str = "app-1") -> FailbackMachineStatus:
    found = status(decision, "FailbackMachine", machine_of(site, name).name)
    assert isinstance(found, FailbackMachineStatus)
    return found


def check_ids(found: StatusBase) -> list[str]:
    return [f.check for f in found.findings]
