"""Checks of a plan as a whole."""

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.checks.plan import PLAN_CHECKS


def planned(status=None, site=None, **spec):
    return a.plan_context(plan=a.plan(status=status, **spec), site=site)


def servers(*found, **spec):
    return planned(site=a.site_context(a.view(servers=found)), **spec)


def waived(check, machine=None):
    waiver = {"check": check, "reason": "tried", "by": "dba on call", "until": a.minutes_ago(-60)}
    return planned(waivers=[waiver | ({"machine": machine} if machine else {})])


FUTURE = a.minutes_ago(-60)
SEEN = {"failoverBound": {"value": FUTURE, "firstSeen": a.minutes_ago(-58)}}
AZURE, SECOND, HOME = a.process_server(), a.process_server("ps-azure-2"), a.process_server("ps-onprem", "OnPremises")

CASES = [
    Case("MasterTargetKnown", "all exist", PASS, a.plan_context()),
    Case("MasterTargetKnown", "one does not", FAIL, a.plan_context(unknown_targets=("mt-9",)), "does not have: mt-9"),
    Case("MasterTargetKnown", "the site has none", FAIL, a.plan_context(site=a.site_context(a.view(targets=())))),
    Case("ProcessServerKnown", "the only one in Azure", PASS, a.plan_context(), "ps-azure"),
    Case("ProcessServerKnown", "named", PASS, servers(AZURE, SECOND, processServer={"name": "ps-azure-2"})),
    Case("ProcessServerKnown", "named, not there", FAIL, servers(AZURE, processServer={"name": "ps-9"}), "names ps-9"),
    Case("ProcessServerKnown", "named, none there", FAIL, servers(processServer={"name": "ps-9"}), "it has: none"),
    Case("ProcessServerKnown", "none in Azure", FAIL, servers(HOME), "no ProcessServer in Azure"),
    Case("ProcessServerKnown", "two in Azure", FAIL, servers(AZURE, SECOND), "ps-azure, ps-azure-2"),
    Case("ProcessServerInAzure", "in Azure", PASS, planned(processServer={"name": "ps-azure"})),
    Case("ProcessServerInAzure", "on-premises", FAIL, planned(processServer={"name": "ps-onprem"})),
    Case("ProcessServerInAzure", "not named", NA, a.plan_context()),
    Case("ProcessServerInAzure", "not there", NA, planned(processServer={"name": "ps-9"})),
    Case("PlanHasMachines", "some", PASS, a.plan_context()),
    Case("PlanHasMachines", "none", FAIL, a.plan_context(machines=())),
    Case("PlanHasMachines", "none, vault unread", UNKNOWN, a.plan_context(machines=(), site=a.blind_vault())),
    Case("FailoverBound", "given", PASS, a.plan_context()),
    Case("FailoverBound", "missing", FAIL, planned(failedOverBefore=None), "spec.failedOverBefore is missing"),
    Case("FailoverBound", "missing, nothing to start", NA, planned(failedOverBefore=None, stage="Prepared")),
    Case("FailoverBound", "five minutes ahead", PASS, planned(failedOverBefore=a.minutes_ago(-5))),
    Case(
        "FailoverBound", "more than five minutes ahead", FAIL, planned(failedOverBefore=a.minutes_ago(-5.1)), "lay in the future"
    ),
    Case("FailoverBound", "not ahead of its first sight", PASS, planned(SEEN, failedOverBefore=FUTURE)),
    Case("WaiversApply", "none", PASS, a.plan_context()),
    Case("WaiversApply", "of a check that may be waived", PASS, waived("OSVersion")),
    Case("WaiversApply", "for a machine", PASS, waived("OnPremisesDiverged", "app-1")),
    Case("WaiversApply", "without the machine", FAIL, waived("OnPremisesDiverged"), "spec.waivers[0]: check OnPremisesDiverged"),
    Case(
        "WaiversApply",
        "of what may not be waived",
        FAIL,
        waived("NoSnapshots"),
        "spec.waivers[0]: check NoSnapshots may not be waived",
    ),
    Case("WaiversApply", "of nothing", FAIL, waived("AppConsistentPoint"), "there is no check AppConsistentPoint"),
    Case("WaiversApply", "of a plan's own check", PASS, waived("ProcessServerInAzure")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(PLAN_CHECKS, case)
