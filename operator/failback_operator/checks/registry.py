"""All catalogues, by the kind of their subject."""

from failback_operator.checks.catalogue import Catalogue, Check
from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.checks.plan import PLAN_CHECKS
from failback_operator.checks.process_server import SERVER_CHECKS
from failback_operator.checks.site import SITE_CHECKS

__all__ = ["KINDS", "MACHINE_CHECKS", "PLAN_CHECKS", "SERVER_CHECKS", "SITE_CHECKS", "TARGET_CHECKS", "AnyCatalogue", "AnyCheck"]

AnyCatalogue = (
    Catalogue[SiteContext]
    | Catalogue[TargetContext]
    | Catalogue[ServerContext]
    | Catalogue[MachineContext]
    | Catalogue[PlanContext]
)
AnyCheck = Check[SiteContext] | Check[TargetContext] | Check[ServerContext] | Check[MachineContext] | Check[PlanContext]

KINDS: dict[str, AnyCatalogue] = {
    "RecoverySite": SITE_CHECKS,
    "MasterTarget": TARGET_CHECKS,
    "ProcessServer": SERVER_CHECKS,
    "FailbackMachine": MACHINE_CHECKS,
    "FailbackPlan": PLAN_CHECKS,
}
