"""Version v1alpha1 of the kinds."""

from failback_operator.api.v1alpha1.failback_machine import FailbackMachine, FailbackMachineSpec, FailbackMachineStatus
from failback_operator.api.v1alpha1.failback_plan import FailbackPlan, FailbackPlanSpec
from failback_operator.api.v1alpha1.failback_plan_status import FailbackPlanStatus
from failback_operator.api.v1alpha1.master_target import MasterTarget, MasterTargetSpec, MasterTargetStatus
from failback_operator.api.v1alpha1.process_server import ProcessServer, ProcessServerSpec, ProcessServerStatus
from failback_operator.api.v1alpha1.recovery_site import RecoverySite, RecoverySiteSpec, RecoverySiteStatus

__all__ = [
    "FailbackMachine",
    "FailbackMachineSpec",
    "FailbackMachineStatus",
    "FailbackPlan",
    "FailbackPlanSpec",
    "FailbackPlanStatus",
    "MasterTarget",
    "MasterTargetSpec",
    "MasterTargetStatus",
    "ProcessServer",
    "ProcessServerSpec",
    "ProcessServerStatus",
    "RecoverySite",
    "RecoverySiteSpec",
    "RecoverySiteStatus",
]
