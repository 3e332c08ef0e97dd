"""Small rules of the runtime: room in the ledger, names of Leases, Events for transitions only, secrets kept out of logs."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.runtime.objects import VAULT, body

from failback_operator.api.common import Condition, ConditionStatus, EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachineStatus, FailbackPlanStatus, RecoverySite
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.runtime.events import transitions
from failback_operator.runtime.keys import UNASSIGNED, SiteKey
from failback_operator.runtime.lease import lease_name
from failback_operator.runtime.ledger import MOST_ENTRIES, with_room
from failback_operator.runtime.logs import Redactor, configure
from failback_operator.runtime.metrics import Metrics

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def entry(number, outcome=EffectOutcome.SUCCEEDED):
    return LedgerEntry(
        key=f"Commit/{number}", effect="Commit", intended_at=NOW, not_after=NOW + timedelta(seconds=30), outcome=outcome
    )


def test_the_oldest_settled_entries_make_room_and_unsettled_ones_never_go():
    ledger = [entry(0, EffectOutcome.AMBIGUOUS), entry(1, EffectOutcome.RUNNING), *(entry(n) for n in range(2, MOST_ENTRIES + 2))]
    kept = [each.key for each in with_room(ledger)]
    assert len(kept) == MOST_ENTRIES
    assert kept[:3] == ["Commit/0", "Commit/1", "Commit/4"]


def site(**vault):
    return RecoverySite.model_validate(body("RecoverySite", "tokyo", 1, spec={"vault": {**VAULT, **vault}}))


def test_all_sites_on_one_vault_share_a_lease_in_whatever_words_they_name_the_fabric():
    assert lease_name(site()) == lease_name(site(resourceGroup="RG", fabric="CS-1"))
    assert lease_name(site()) == lease_name(site(fabric="0123456789abcdef"))
    assert lease_name(site()) != lease_name(site(name="vault-2"))
    assert lease_name(site(resourceGroup="a", name="bc")) != lease_name(site(resourceGroup="ab", name="c"))
    assert len(lease_name(site())) <= 63


def ready(status, reason="Because"):
    return Condition(type="Ready", status=status, reason=reason, message="words")


def test_events_come_with_a_changed_phase_or_ready_and_with_nothing_else():
    before = FailbackMachineStatus(phase=Phase.WAITING, conditions=[ready(ConditionStatus.TRUE)], message="a")
    assert list(transitions(before, before.model_copy(update={"message": "b"}))) == []
    (moved,) = transitions(before, before.model_copy(update={"phase": Phase.FAILED}))
    assert (moved.reason, moved.is_warning) == ("Failed", True)
    (blocked,) = transitions(before, before.model_copy(update={"conditions": [ready(ConditionStatus.FALSE)]}))
    assert (blocked.reason, blocked.is_warning) == ("Because", True)


def test_no_event_tells_that_nothing_is_known_yet():
    after = FailbackPlanStatus(conditions=[ready(ConditionStatus.UNKNOWN)])
    assert list(transitions(FailbackPlanStatus(), after)) == []
    assert len(list(transitions(FailbackPlanStatus(), FailbackPlanStatus(conditions=[ready(ConditionStatus.TRUE)])))) == 1


@pytest.mark.parametrize("log_format", ["json", "plain"])
def test_a_known_secret_is_in_no_line_not_even_in_a_traceback(log_format, capsys):
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    redactor = Redactor()
    redactor.add('p"ass\\word')
    redactor.add("abc")  # so short that hiding it would hide everything
    try:
        configure(log_format, "info", redactor)
        try:
            int('p"ass\\word')
        except ValueError:
            logging.getLogger("x").exception("abc %s", 'p"ass\\word', extra={"object": 'p"ass\\word'})
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    told = capsys.readouterr().err
    assert "word" not in told
    assert "abc ***" in told
    if log_format == "json":
        assert json.loads(told)["object"] == "***"


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_what_the_azure_sdk_logs_of_requests_and_refused_logins_is_left_out(level, capsys):
    """azure.identity repeats the tenant's answer at each refused log-in; what it means is the source's trouble, told once."""
    root, named = logging.getLogger(), logging.getLogger("azure")
    handlers, before = root.handlers[:], root.level
    identity = logging.getLogger("azure.identity.aio._internal.decorators")
    try:
        configure("json", level, Redactor())
        identity.warning("ClientSecretCredential.get_token failed: %s", "AADSTS7000215: invalid client secret provided")
        logging.getLogger("azure.core.pipeline.policies.http_logging_policy").info("Request headers: 'Authorization': 'x'")
        assert capsys.readouterr().err == ""
        named.error("this one is for people")
        assert "for people" in capsys.readouterr().err
    finally:
        root.handlers[:] = handlers
        root.setLevel(before)


def test_writes_are_counted_by_resource():
    metrics = Metrics()
    metrics.written("PATCH", "/apis/failback.dev/v1alpha1/namespaces/dr/failbackplans/home/status", 200)
    metrics.written("PUT", "/apis/coordination.k8s.io/v1/namespaces/system/leases/failback-1", 409)
    labels = {
        (sample.labels["method"], sample.labels["kind"], sample.labels["status"])
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "failback_kubernetes_writes_total"
    }
    assert labels == {("PATCH", "failbackplans/status", "200"), ("PUT", "leases", "409")}


def test_keys_read_well():
    assert str(SiteKey("dr", "tokyo")) == "dr/tokyo"
    assert str(UNASSIGNED) == "unassigned"
