"""Faults by request, the request log, the record and the budget."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, IncompleteReadError, ServiceRequestError, ServiceResponseError
from tests.integration.azure.clients import Vault, credential, send

from failback_lab.azure.client import AzureLab, LabRequestError
from failback_lab.azure.config import Limits
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario

MACHINES = ("payroll-db-1", "payroll-app-1", "payroll-web-1", "shop-db-1", "shop-web-1", "files-1", "crm-1", "mail-relay-1")
ITEMS = r"/vaults/[^/]+/replicationProtectedItems\?"


@pytest.fixture(scope="module")
def module_azure(tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, demo_scenario: Scenario) -> Iterator[AzureLab]:
    """One Azure for all tests here: what they change are faults and, each, a machine of its own."""
    directory = tmp_path_factory.mktemp("azure")
    with AzureLab(directory, lab_ca, demo_scenario, None, speed=60, record=directory / "record.jsonl") as lab:
        yield lab


@pytest.fixture(scope="module")
def module_vault(module_azure: AzureLab) -> Vault:
    return Vault(module_azure, retry_total=0)


@pytest.fixture
def faulty(module_vault: Vault) -> Vault:
    module_vault.azure.clear_faults()
    module_vault.azure.clear_sets()
    return module_vault


@pytest.fixture(scope="module")
def untouched() -> Iterator[str]:
    return iter(MACHINES)


@pytest.fixture
def machine(untouched: Iterator[str]) -> str:
    """A machine that no other test here has moved."""
    return next(untouched)


def test_connection_closed_before_the_request_is_done(faulty: Vault) -> None:
    """Source: the lab's README, Control: fault "before"."""
    faulty.azure.fault(kind="close", method="POST", path="/failoverCommit", when="before")
    faulty.azure.fault(kind="close", method="POST", path="/reProtect", when="before")
    with pytest.raises((ServiceResponseError, ServiceRequestError)):
        faulty.sdk.replication_protected_items.begin_reprotect(
            *faulty.place("crm-1"), faulty.to_site(), polling=False, retry_total=0
        )
    assert faulty.item("crm-1").properties.current_scenario.scenario_name == "None"
    entry = next(e for e in reversed(faulty.azure.log()) if e["operation"] == "reProtect")
    assert (entry["item"], entry["instance_type"]) == ("crm-1", "InMage")
    assert (entry["fault"], entry["accepted"], entry["job"]) == ("close/before", False, None)


def test_answer_lost_after_the_request_was_done(faulty: Vault, machine: str) -> None:
    """Source: the lab's README, Control: fault "after" (done, but the answer is lost)."""
    faulty.azure.fault(kind="close", method="POST", path="/reProtect", when="after")
    with pytest.raises((ServiceResponseError, ServiceRequestError)):
        faulty.sdk.replication_protected_items.begin_reprotect(
            *faulty.place(machine), faulty.to_site(), polling=False, retry_total=0
        )
    entry = next(e for e in faulty.azure.log() if e["operation"] == "reProtect" and e["item"] == machine)
    assert (entry["fault"], entry["accepted"], entry["status"]) == ("close/after", True, 0)
    assert (entry["instance_type"], entry["direction"]) == ("InMage", "RecoveryToPrimary")
    assert faulty.job(entry["job"]).properties.scenario_name == "SwitchReplicationGroupProtection"
    assert faulty.azure.counts()["operations"][machine] == {"reProtect/InMage": 1}


@pytest.mark.parametrize("status", [500, 503, 409, 403])
def test_error_before_the_request_is_done(faulty: Vault, status: int) -> None:
    """Source: the lab's README, Control: 500, 503; facts, section 1, pitfalls: clients repeat mutations on these."""
    faulty.azure.fault(kind="error", method="POST", path="/reProtect", status=status, retry_after=1)
    answer = faulty.post("crm-1", "reProtect", faulty.to_site())
    assert (answer.status, answer.headers["Retry-After"]) == (status, "1")
    assert faulty.azure.log()[-1]["accepted"] is False


@pytest.mark.parametrize("status", [500, 503])
def test_error_after_the_request_was_done(faulty: Vault, machine: str, status: int) -> None:
    """Source: the lab's README, Control: done, but the answer is lost."""
    faulty.azure.fault(kind="error", method="POST", path="/reProtect", when="after", status=status)
    assert faulty.post(machine, "reProtect", faulty.to_site()).status == status
    entry = faulty.azure.log()[-1]
    assert (entry["accepted"], entry["status"]) == (True, status)
    assert faulty.job(entry["job"]).properties.target_object_name == machine


def test_sdk_repeats_a_mutation_on_503_and_both_are_seen(faulty: Vault, machine: str) -> None:
    """Source: facts, section 1, pitfalls: POST is retried on 503, with the same x-ms-client-request-id."""
    vault = Vault(faulty.azure)
    faulty.azure.fault(kind="error", method="POST", path="/reProtect", when="after", status=503)
    with pytest.raises(HttpResponseError) as caught:
        vault.sdk.replication_protected_items.begin_reprotect(*vault.place(machine), vault.to_site(), polling=False)
    assert caught.value.status_code == 409
    first, second = (e for e in vault.azure.log() if e["operation"] == "reProtect" and e["item"] == machine)
    assert first["client_request_id"] == second["client_request_id"]
    assert (first["accepted"], second["accepted"]) == (True, False)


@pytest.mark.parametrize("retry_after", [None, 2])
def test_throttling_with_and_without_retry_after(faulty: Vault, retry_after: int | None) -> None:
    """Source: the lab's README, Control: 429 with and without Retry-After."""
    faulty.azure.fault(kind="throttle", path=ITEMS, retry_after=retry_after)
    answer = faulty.raw("GET", f"{faulty.path}/replicationProtectedItems")
    assert answer.status == 429
    assert answer.headers.get("Retry-After") == (None if retry_after is None else "2")
    assert faulty.raw("GET", f"{faulty.path}/replicationProtectedItems").status == 200


def test_nth_request_and_count(faulty: Vault) -> None:
    """Source: the lab's README, Control: by method, path pattern, nth call."""
    faulty.azure.fault(kind="error", method="GET", path=ITEMS, nth=2, count=2)
    path = f"{faulty.path}/replicationProtectedItems"
    assert [faulty.raw("GET", path).status for _ in range(4)] == [200, 500, 500, 200]
    faulty.azure.fault(kind="error", path=ITEMS, count=-1)
    assert {faulty.raw("GET", path).status for _ in range(4)} == {500}
    faulty.azure.clear_faults()
    assert faulty.raw("GET", path).status == 200


def test_slow_answer_is_logged_before_it_comes(faulty: Vault) -> None:
    """Source: the lab's README, Control: slow."""
    faulty.azure.fault(kind="slow", path=ITEMS, seconds=0.7)
    began = time.monotonic()
    assert faulty.raw("GET", f"{faulty.path}/replicationProtectedItems").status == 200
    assert time.monotonic() - began > 0.7


def test_half_a_page_as_a_short_list_and_as_a_broken_body(faulty: Vault) -> None:
    """Source: the lab's README, Control: half a page."""
    faulty.azure.fault(kind="half_list", path=ITEMS)
    assert len(faulty.items()) == 2
    faulty.azure.fault(kind="half_body", path=ITEMS)
    with pytest.raises((IncompleteReadError, ServiceResponseError, HttpResponseError)):
        faulty.items()
    assert len(faulty.items()) == 8


def test_expired_token_is_renewed_by_the_sdk(faulty: Vault) -> None:
    """Source: the lab's README, Control: expired token; facts, section 5 (claims challenge)."""
    faulty.azure.fault(kind="expired_token", path=ITEMS)
    assert len(faulty.items()) == 8


def test_faults_reach_the_token_endpoint(module_azure: AzureLab) -> None:
    """Source: the lab's README, Control: faults by path, of every request."""
    before = len(module_azure.log())
    module_azure.fault(kind="error", path="/oauth2/v2.0/token", status=503, count=1)
    cred = credential(module_azure)
    assert cred.get_token(f"{module_azure.base_url}/.default").token
    assert [e["status"] for e in module_azure.log(since=before) if e["operation"] == "entra.token"] == [503, 200]


def test_control_needs_its_own_token(module_azure: AzureLab) -> None:
    """Source: the lab's README, Control: control endpoints under /_lab/ with X-Lab-Token."""
    answer = send(module_azure, "GET", f"{module_azure.base_url}/_lab/log", None, {"X-Lab-Token": "wrong"})
    assert answer.status == 401
    with pytest.raises(LabRequestError, match="kind"):
        module_azure.fault(kind="earthquake")


def test_log_and_record_hold_no_secret(faulty: Vault, machine: str) -> None:
    """Source: the lab's README, Control: never secrets; record of full pairs."""
    faulty.post(machine, "reProtect", faulty.to_site())
    token = faulty.credential.get_token(f"{faulty.azure.base_url}/.default").token
    text = faulty.azure.record.read_text()
    for secret in (faulty.azure.client_secret, token):
        assert secret not in text
        assert secret not in json.dumps(faulty.azure.log())
    pairs = [json.loads(line) for line in text.splitlines()]
    path = f"{faulty.item_path(machine)}/reProtect"
    post = next(p for p in pairs if path in p["url"] and p["status"] == 202)
    assert (post["method"], post["response_body"]) == ("POST", None)
    assert post["request_body"]["properties"]["failoverDirection"] == "RecoveryToPrimary"
    assert "Authorization" not in post["request_headers"]


def test_log_can_be_read_from_a_number_on(faulty: Vault) -> None:
    """Source: the lab's README, Control: request log."""
    last = faulty.azure.log()[-1]["seq"]
    faulty.item("crm-1")
    (entry,) = faulty.azure.log(since=last)
    assert (entry["operation"], entry["item"], entry["status"]) == ("items.get", "crm-1", 200)
    assert entry["client_request_id"]


def test_answer_can_be_overlaid(faulty: Vault) -> None:
    """Source: the lab's README, Control: set(kind, name, path, value)."""
    faulty.azure.set("processServer", "ps-azure-1", "lastHeartbeat", "2026-01-01T00:00:00Z")
    faulty.azure.set("item", "crm-1", "properties.replicationHealth", "Critical")
    assert faulty.server("ps-azure-1").last_heartbeat.year == 2026
    assert faulty.item("crm-1").properties.replication_health == "Critical"
    faulty.azure.clear_sets()
    assert faulty.item("crm-1").properties.replication_health == "Normal"


def test_everything_that_was_changed_is_put_back(own_vault: Vault) -> None:
    """Source: the lab's README, Control: undo()."""
    lab, path = own_vault.azure, f"{own_vault.container_path}/replicationProtectionContainerMappings"
    mappings = own_vault.raw("GET", path).body
    before = lab.state()
    lab.set("item", "files-1", "exists", False)
    lab.set("item", "crm-1", "properties.replicationHealth", "Critical")
    lab.set("vm", "crm-1-az", "power", "stopped")
    lab.set("vm", "crm-1-az", "exists", False)
    lab.set("masterTarget", "mt-win-1", "exists", False)
    lab.set("mapping", "policy-24h-failback-mapping", "exists", False)
    lab.set("fabric", "cs-1", "connected", False)
    lab.fault(kind="error", path="replicationPolicies", count=-1)
    lab.deny("Microsoft.Compute/*")
    assert lab.state() != before
    assert own_vault.raw("GET", path).body != mappings
    lab.undo()
    assert lab.state() == before
    assert own_vault.raw("GET", path).body == mappings
    assert own_vault.item("crm-1").properties.replication_health == "Normal"
    assert own_vault.policy_id("policy-24h")


def test_budget_is_counted_down_and_refused_when_spent(tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario) -> None:
    """Source: facts, section 5, throttling."""
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, None, limits=Limits(reads_per_hour=12)) as lab:
        vault = Vault(lab, retry_total=0)
        answers = [vault.raw("GET", vault.path) for _ in range(12)]
        assert "x-ms-ratelimit-remaining-subscription-reads" in answers[0].headers
        assert answers[-1].status == 429
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61  # the lab's hour is a minute
