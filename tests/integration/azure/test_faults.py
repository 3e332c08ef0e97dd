"""Faults by request, the request log, the record and the budget."""

import json
import time
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, IncompleteReadError, ServiceRequestError, ServiceResponseError
from tests.integration.azure.clients import Vault, credential, send

from failback_lab.azure.client import AzureLab, LabRequestError
from failback_lab.azure.config import Limits
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario

ITEMS = r"/vaults/[^/]+/replicationProtectedItems\?"


def test_connection_closed_before_the_request_is_done(own_vault: Vault) -> None:
    """Source: issue, section 2: fault "before"."""
    own_vault.azure.fault(kind="close", method="POST", path="/failoverCommit", when="before")
    own_vault.azure.fault(kind="close", method="POST", path="/reProtect", when="before")
    with pytest.raises((ServiceResponseError, ServiceRequestError)):
        own_vault.sdk.replication_protected_items.begin_reprotect(
            *own_vault.place("crm-1"), own_vault.to_site(), polling=False, retry_total=0
        )
    assert own_vault.item("crm-1").properties.current_scenario.scenario_name == "None"
    entry = own_vault.azure.log()[-2]
    assert (entry["operation"], entry["fault"], entry["accepted"], entry["job"]) == ("", "close/before", False, None)


def test_answer_lost_after_the_request_was_done(own_vault: Vault) -> None:
    """Source: issue, section 2: fault "after" (done, but the answer is lost)."""
    own_vault.azure.fault(kind="close", method="POST", path="/reProtect", when="after")
    with pytest.raises((ServiceResponseError, ServiceRequestError)):
        own_vault.sdk.replication_protected_items.begin_reprotect(
            *own_vault.place("crm-1"), own_vault.to_site(), polling=False, retry_total=0
        )
    entry = next(e for e in own_vault.azure.log() if e["operation"] == "reProtect")
    assert (entry["fault"], entry["accepted"], entry["status"], entry["item"]) == ("close/after", True, 0, "crm-1")
    assert (entry["instance_type"], entry["direction"]) == ("InMage", "RecoveryToPrimary")
    assert own_vault.job(entry["job"]).properties.scenario_name == "SwitchReplicationGroupProtection"
    assert own_vault.azure.counts()["operations"]["crm-1"] == {"reProtect/InMage": 1}


@pytest.mark.parametrize("status", [500, 503, 409, 403])
@pytest.mark.parametrize("when", ["before", "after"])
def test_error_answers_before_and_after(own_vault: Vault, status: int, when: str) -> None:
    """Source: issue, section 2: 500, 503; facts, section 1, pitfalls: clients repeat mutations on these."""
    own_vault.azure.fault(kind="error", method="POST", path="/reProtect", when=when, status=status, retry_after=1)
    answer = own_vault.post("crm-1", "reProtect", own_vault.to_site())
    assert (answer.status, answer.headers["Retry-After"]) == (status, "1")
    entry = own_vault.azure.log()[-1]
    assert (entry["accepted"], entry["job"] is not None) == (when == "after",) * 2


def test_sdk_repeats_a_mutation_on_503_and_both_are_seen(own_vault: Vault) -> None:
    """Source: facts, section 1, pitfalls: POST is retried on 503, with the same x-ms-client-request-id."""
    vault = Vault(own_vault.azure)
    own_vault.azure.fault(kind="error", method="POST", path="/reProtect", when="after", status=503)
    with pytest.raises(HttpResponseError) as caught:
        vault.sdk.replication_protected_items.begin_reprotect(*vault.place("crm-1"), vault.to_site(), polling=False)
    assert caught.value.status_code == 409
    first, second = (e for e in vault.azure.log() if e["operation"] == "reProtect")
    assert first["client_request_id"] == second["client_request_id"]
    assert (first["accepted"], second["accepted"]) == (True, False)


@pytest.mark.parametrize("retry_after", [None, 2])
def test_throttling_with_and_without_retry_after(own_vault: Vault, retry_after: int | None) -> None:
    """Source: issue, section 2: 429 with and without Retry-After."""
    own_vault.azure.fault(kind="throttle", path=ITEMS, retry_after=retry_after)
    answer = own_vault.raw("GET", f"{own_vault.path}/replicationProtectedItems")
    assert answer.status == 429
    assert answer.headers.get("Retry-After") == (None if retry_after is None else "2")
    assert own_vault.raw("GET", f"{own_vault.path}/replicationProtectedItems").status == 200


def test_nth_request_and_count(own_vault: Vault) -> None:
    """Source: issue, section 2: by method, path pattern, nth call."""
    own_vault.azure.fault(kind="error", method="GET", path=ITEMS, nth=2, count=2)
    path = f"{own_vault.path}/replicationProtectedItems"
    assert [own_vault.raw("GET", path).status for _ in range(4)] == [200, 500, 500, 200]
    own_vault.azure.fault(kind="error", path=ITEMS, count=-1)
    assert {own_vault.raw("GET", path).status for _ in range(4)} == {500}
    own_vault.azure.clear_faults()
    assert own_vault.raw("GET", path).status == 200


def test_slow_answer_is_logged_before_it_comes(own_vault: Vault) -> None:
    """Source: issue, section 2: slow."""
    own_vault.azure.fault(kind="slow", path=ITEMS, seconds=0.7)
    began = time.monotonic()
    assert own_vault.raw("GET", f"{own_vault.path}/replicationProtectedItems").status == 200
    assert time.monotonic() - began > 0.7


def test_half_a_page_as_a_short_list_and_as_a_broken_body(own_vault: Vault) -> None:
    """Source: issue, section 2: half a page."""
    own_vault.azure.fault(kind="half_list", path=ITEMS)
    assert len(own_vault.items()) == 2
    own_vault.azure.fault(kind="half_body", path=ITEMS)
    with pytest.raises((IncompleteReadError, ServiceResponseError, HttpResponseError)):
        own_vault.items()
    assert len(own_vault.items()) == 8


def test_expired_token_is_renewed_by_the_sdk(own_vault: Vault) -> None:
    """Source: issue, section 2: expired token; facts, section 5 (claims challenge)."""
    own_vault.azure.fault(kind="expired_token", path=ITEMS)
    assert len(own_vault.items()) == 8


def test_faults_reach_the_token_endpoint(own_azure: AzureLab) -> None:
    """Source: brief: faults by path, of every request."""
    own_azure.fault(kind="error", path="/oauth2/v2.0/token", status=503, count=1)
    cred = credential(own_azure)
    assert cred.get_token(f"{own_azure.base_url}/.default").token
    assert [e["status"] for e in own_azure.log() if e["method"] == "POST"] == [503, 200]


def test_control_needs_its_own_token(own_azure: AzureLab) -> None:
    """Source: brief: control endpoints under /_lab/ with X-Lab-Token."""
    answer = send(own_azure, "GET", f"{own_azure.base_url}/_lab/log", None, {"X-Lab-Token": "wrong"})
    assert answer.status == 401
    with pytest.raises(LabRequestError, match="kind"):
        own_azure.fault(kind="earthquake")


def test_log_and_record_hold_no_secret(own_vault: Vault, tmp_path: Path) -> None:
    """Source: brief: never secrets; record of full pairs."""
    own_vault.post("crm-1", "reProtect", own_vault.to_site())
    token = own_vault.credential.get_token(f"{own_vault.azure.base_url}/.default").token
    text = (tmp_path / "record.jsonl").read_text()
    for secret in (own_vault.azure.client_secret, token):
        assert secret not in text
        assert secret not in json.dumps(own_vault.azure.log())
    pairs = [json.loads(line) for line in text.splitlines()]
    post = next(p for p in pairs if p["url"].split("?")[0].endswith("/reProtect"))
    assert (post["method"], post["status"], post["response_body"]) == ("POST", 202, None)
    assert post["request_body"]["properties"]["failoverDirection"] == "RecoveryToPrimary"
    assert "Authorization" not in post["request_headers"]


def test_log_can_be_read_from_a_number_on(own_vault: Vault) -> None:
    """Source: brief: request log."""
    last = own_vault.azure.log()[-1]["seq"]
    own_vault.item("crm-1")
    (entry,) = own_vault.azure.log(since=last)
    assert (entry["operation"], entry["item"], entry["status"]) == ("items.get", "crm-1", 200)
    assert entry["client_request_id"]


def test_answer_can_be_overlaid(own_vault: Vault) -> None:
    """Source: brief: set(kind, name, path, value)."""
    own_vault.azure.set("processServer", "ps-azure-1", "lastHeartbeat", "2026-01-01T00:00:00Z")
    own_vault.azure.set("item", "crm-1", "properties.replicationHealth", "Critical")
    assert own_vault.server("ps-azure-1").last_heartbeat.year == 2026
    assert own_vault.item("crm-1").properties.replication_health == "Critical"
    own_vault.azure.clear_sets()
    assert own_vault.item("crm-1").properties.replication_health == "Normal"


def test_budget_is_counted_down_and_refused_when_spent(tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario) -> None:
    """Source: facts, section 5, throttling."""
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, None, limits=Limits(reads_per_hour=12)) as lab:
        vault = Vault(lab, retry_total=0)
        answers = [vault.raw("GET", vault.path) for _ in range(12)]
        assert "x-ms-ratelimit-remaining-subscription-reads" in answers[0].headers
        assert answers[-1].status == 429
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61  # the lab's hour is a minute
