"""All catalogues, by the kind of their subject."""

from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.checks.plan import PLAN_CHECKS
from failback_operator.checks.process_server import SERVER_CHECKS
from failback_operator.checks.site import SITE_CHECKS

__all__ = ["KINDS", "MACHINE_CHECKS", "PLAN_CHECKS", "SERVER_CHECKS", "SITE_CHECKS", "TARGET_CHECKS"]

KINDS = {
    "RecoverySite": SITE_CHECKS,
    "MasterTarget": TARGET_CHECKS,
    "ProcessServer": SERVER_CHECKS,
    "FailbackMachine": MACHINE_CHECKS,
    "FailbackPlan": PLAN_CHECKS,
}
