"""Physical machines that no failback brings home."""

from failback_operator.checks.answers import Answer, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.machine.base import fresh_detail, item_check
from failback_operator.checks.machine.returning import is_physical
from failback_operator.checks.machine.systems import item_system
from failback_operator.domain.operating_system import Family, OperatingSystem
from failback_operator.domain.protected_item import ProtectedItem

WITHOUT_FAILBACK = (2008, 2)
"""Windows Server 2008 R2, by year and release."""


@item_check(
    About(
        id="PhysicalSystemSupported",
        clause="R7",
        condition="OSMatch",
        expected="a physical machine does not run Windows Server 2008 R2 SP1, which Site Recovery fails back for virtual "
        "machines only",
        remedy="Leave the machine in Azure (spec.staysInAzure of the plan), or bring its data home by other means. If it is not "
        "SP1, or was a virtual machine after all, let a named person waive this check for the machine.",
        source="Site Recovery's page on types of failback: physical servers with Windows Server 2008 R2 SP1 that are protected "
        "to Azure cannot be failed back; discoveryType and osVersion of the item",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
        needs_machine=True,
        also=("R23",),
    )
)
def physical_system_supported(context: MachineContext, item: ProtectedItem) -> Answer:
    """Asked of machines that were discovered as physical ones. No source tells the service pack."""
    detail = fresh_detail(context, item)
    if detail is None or (detail.discovery_type is None and detail.vcenter_infrastructure_id is None):
        return unknown("how the machine was discovered could not be read lately")
    if not is_physical(context, item):
        return not_applicable("it is no physical machine")
    return _judged(item_system(context, item))


def _judged(system: OperatingSystem) -> Answer:
    told = f"it is a physical machine and runs {system}"
    if system.family is Family.LINUX:
        return passed(told)
    if system.low is None:
        return unknown(f"{told}: which version of Windows is not known")
    if system.low > WITHOUT_FAILBACK or (system.high is not None and system.high < WITHOUT_FAILBACK):
        return passed(told)
    if system.low == system.high:
        return failed(told)
    return unknown(f"{told}: whether that is Windows Server 2008 R2 is not known")
