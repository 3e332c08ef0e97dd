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


def of_machines(*names, site=None, **spec):
    """A plan of these machines; a list, unless a selector is given."""
    listed = {} if "selector" in spec else {"machines": [{"name": n} for n in names]}
    given = {"machines": []} | listed | spec
    machines = tuple(a.machine_context(a.item(n)) for n in names)
    return a.plan_context(plan=a.plan(**given), machines=machines, site=site)


def held(*names):
    return {"holds": [{"machine": n} for n in names]}


def waiver(machine):
    return {"check": "OSVersion", "machine": machine, "reason": "tried", "by": "dba on call", "until": a.minutes_ago(-60)}


PAYROLL = ("payroll-db-1", "payroll-app-1")
BY_PATTERN = {"selector": {"namePattern": "payroll-*"}}
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
    Case("WaiversApply", "of nothing", FAIL, waived("NoSuchCheck"), "there is no check NoSuchCheck"),
    Case("WaiversApply", "of a plan's own check", PASS, waived("ProcessServerInAzure")),
    Case("HeldMachinesKnown", "none held", PASS, of_machines(*PAYROLL), "no machine is named"),
    Case("HeldMachinesKnown", "one of the plan's", PASS, of_machines(*PAYROLL, **held("payroll-db-1"))),
    Case(
        "HeldMachinesKnown",
        "misspelt",
        FAIL,
        of_machines(*PAYROLL, **held("payroll-db-1", "payrol-db-1")),
        "spec.holds names payrol-db-1, which is no machine of the plan (the nearest is payroll-db-1)",
    ),
    Case(
        "HeldMachinesKnown",
        "in other letters",
        FAIL,
        of_machines("Payroll-DB-1", **held("payroll-db-1")),
        "names payroll-db-1, which is no machine of the plan (the nearest is Payroll-DB-1)",
    ),
    Case("HeldMachinesKnown", "like none", FAIL, of_machines(*PAYROLL, **held("x")), "names x, which is no machine of the plan"),
    Case("HeldMachinesKnown", "by pattern, misspelt", FAIL, of_machines(*PAYROLL, **BY_PATTERN, **held("payrol-db-1"))),
    Case(
        "HeldMachinesKnown",
        "by pattern, vault unread",
        UNKNOWN,
        of_machines(*PAYROLL, site=a.blind_vault(), **BY_PATTERN, **held("payroll-db-2")),
        "payroll-db-2",
    ),
    Case(
        "HeldMachinesKnown",
        "by pattern, vault unread, yet known",
        PASS,
        of_machines(*PAYROLL, site=a.blind_vault(), **BY_PATTERN, **held("payroll-db-1")),
    ),
    Case(
        "HeldMachinesKnown",
        "by list, vault unread",
        FAIL,
        of_machines(*PAYROLL, site=a.blind_vault(), **held("payrol-db-1")),
        "the nearest is payroll-db-1",
    ),
    Case(
        "HeldMachinesKnown",
        "as many as are told",
        FAIL,
        of_machines(*PAYROLL, **held("x-1", "x-2", "x-3")),
        "names x-3, which is no machine of the plan",
    ),
    Case("HeldMachinesKnown", "one more", FAIL, of_machines(*PAYROLL, **held("x-1", "x-2", "x-3", "x-4")), "; and 1 more"),
    Case("NamedMachinesKnown", "none named", PASS, of_machines(*PAYROLL), "no machine is named"),
    Case("NamedMachinesKnown", "a waiver of the whole plan", PASS, waived("OSVersion"), "no machine is named"),
    Case(
        "NamedMachinesKnown",
        "all known",
        PASS,
        of_machines(*PAYROLL, waivers=[waiver("payroll-db-1")], retries=[{"machine": "payroll-app-1", "job": "job-1"}]),
    ),
    Case(
        "NamedMachinesKnown",
        "a waiver's",
        FAIL,
        of_machines(*PAYROLL, waivers=[waiver("payroll-db-1"), waiver("payroll-db-l")]),
        "spec.waivers[1].machine names payroll-db-l, which is no machine of the plan (the nearest is payroll-db-1)",
    ),
    Case(
        "NamedMachinesKnown",
        "a retry's",
        FAIL,
        of_machines(*PAYROLL, retries=[{"machine": "payroll-ap-1", "job": "job-1"}]),
        "spec.retries[0].machine names payroll-ap-1, which is no machine of the plan (the nearest is payroll-app-1)",
    ),
    Case(
        "NamedMachinesKnown",
        "a retry's, by pattern, vault unread",
        UNKNOWN,
        of_machines(site=a.blind_vault(), **BY_PATTERN, retries=[{"machine": "payroll-db-1", "job": "job-1"}]),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(PLAN_CHECKS, case)
