"""Physical machines that no failback brings home."""

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS

CHECK = "PhysicalSystemSupported"


def physical(os_version, os_type="Windows", **changes):
    told = {"discovery_type": "Physical", "vcenter_infrastructure_id": None, "os_version": os_version, "os_type": os_type}
    return a.machine_context(a.item(detail=a.detail(**(told | changes))), vms=())


CASES = [
    Case(CHECK, "a later system", PASS, physical("Microsoft Windows Server 2012 Standard"), "2012"),
    Case(CHECK, "an earlier system", PASS, physical("Microsoft Windows Server 2008 Standard"), "2008"),
    Case(CHECK, "the one", FAIL, physical("Microsoft Windows Server 2008 R2 Standard"), "2008 R2"),
    Case(CHECK, "the one with its service pack", FAIL, physical("Microsoft Windows Server 2008 R2 Enterprise SP1"), "2008 R2"),
    Case(CHECK, "Linux", PASS, physical("RHEL-7.9-64", "Linux")),
    Case(CHECK, "this Windows or a later one", UNKNOWN, physical("Microsoft Windows Server 2008 or later"), "is not known"),
    Case(CHECK, "system not told", UNKNOWN, physical(None, None), "is not known"),
    Case(CHECK, "discovery not told", UNKNOWN, physical("RHEL-7.9-64", discovery_type=None), "could not be read"),
    Case(CHECK, "not read", UNKNOWN, a.machine_context(a.item(detail=None))),
    Case(CHECK, "a virtual machine", NA, a.machine_context()),
    Case(CHECK, "it is past that", NA, a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    assert_case(MACHINE_CHECKS, case)
