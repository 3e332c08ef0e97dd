"""Checks of a process server."""

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, PASS, UNKNOWN, Case, assert_case

from failback_operator.checks.process_server import SERVER_CHECKS
from failback_operator.domain.health import HealthError

BLIND = a.server_context(facts=None, site=a.blind_vault())
ERRORS = (HealthError("26101", "Error", "services do not run"), HealthError("26102", "Warning", "CPU above 80 %"))


def of_facts(**changes):
    return a.server_context(facts=a.process_server_facts(**changes))


CASES = [
    Case("ProcessServerRegistered", "listed", PASS, a.server_context()),
    Case("ProcessServerRegistered", "not listed", FAIL, a.server_context(facts=None), "it lists: ps-azure, ps-onprem"),
    Case(
        "ProcessServerRegistered",
        "nothing listed",
        FAIL,
        a.server_context(facts=None, site=a.site_context(a.view(a.vault(fabric=a.fabric(process_servers=()))))),
        "it lists: none",
    ),
    Case("ProcessServerRegistered", "vault unread", UNKNOWN, BLIND),
    Case("ProcessServerHealthy", "healthy", PASS, a.server_context()),
    Case("ProcessServerHealthy", "health Warning", PASS, of_facts(health="Warning")),
    Case("ProcessServerHealthy", "health Critical", FAIL, of_facts(health="Critical"), "health Critical"),
    Case(
        "ProcessServerHealthy", "health Critical, why", FAIL, of_facts(health="Critical", health_errors=ERRORS), "(errors 26101)"
    ),
    Case("ProcessServerHealthy", "health not told", UNKNOWN, of_facts(health=None)),
    Case("ProcessServerHealthy", "heartbeat at the limit", PASS, of_facts(last_heartbeat=a.minutes_ago(15))),
    Case("ProcessServerHealthy", "heartbeat older", FAIL, of_facts(last_heartbeat=a.minutes_ago(15.1)), "older than 15 min"),
    Case("ProcessServerHealthy", "no heartbeat", UNKNOWN, of_facts(last_heartbeat=None)),
    Case("ProcessServerHealthy", "services stopped", FAIL, of_facts(service_status="Stopped"), "service status Stopped"),
    Case("ProcessServerHealthy", "services not told", UNKNOWN, of_facts(service_status=None)),
    Case("ProcessServerHealthy", "not listed", UNKNOWN, a.server_context(facts=None), "no process server ps-azure"),
    Case("ProcessServerUnstrained", "normal", PASS, a.server_context()),
    Case("ProcessServerUnstrained", "Warning", FAIL, of_facts(health="Warning"), "health Warning"),
    Case("ProcessServerUnstrained", "Warning, why", FAIL, of_facts(health="Warning", health_errors=ERRORS), "26101, 26102"),
    Case("ProcessServerUnstrained", "not told", UNKNOWN, of_facts(health=None)),
    Case("ProcessServerUnstrained", "vault unread", UNKNOWN, BLIND),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(SERVER_CHECKS, case)
