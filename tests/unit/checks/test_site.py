"""Checks of a site: sources, configuration server, policy, duplicates."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, PASS, UNKNOWN, Case, assert_case

from failback_operator.checks.site import SITE_CHECKS
from failback_operator.domain.fabric import Provider
from failback_operator.domain.health import HealthError
from failback_operator.domain.ids import ArmId
from failback_operator.domain.reading import Part, SourceError, SourceProblem

OTHER = ArmId("/other")


def error(problem: SourceProblem) -> SourceError:
    return SourceError(problem, "what was answered")


def azure(content=True, age=0.0, problem=None):
    part = a.part(a.vault() if content else None, age, error(problem) if problem else None)
    return a.site_context(a.view(snapshot=a.site_snapshot(vault_part=part)))


def vcenter(content=True, age=0.0, problem=None):
    part = a.part(a.facts() if content else None, age, error(problem) if problem else None)
    return a.site_context(a.view(snapshot=a.site_snapshot(vcenter_part=part)))


def server(**changes):
    return vault(fabric=a.fabric(configuration_server=a.configuration_server(**changes)))


def vault(**changes):
    return a.site_context(a.view(a.vault(**changes)))


def others(*sites, own=None):
    return a.site_context(a.view(site=own or a.site(), other_sites=sites))


def provider(status):
    return Provider(a.PROVIDER_ID, status, a.NOW)


AZURE = [
    Case("AzureReachable", "fresh", PASS, azure(), "the vault is read"),
    Case("AzureReachable", "as old as the limit", PASS, azure(age=10)),
    Case("AzureReachable", "older than the limit without an error", UNKNOWN, azure(age=10.1), "older than 10 min"),
    Case("AzureReachable", "not read yet", UNKNOWN, a.blind_vault(), "not read yet"),
    Case("AzureReachable", "passing trouble, facts fresh", PASS, azure(age=3, problem=SourceProblem.THROTTLED)),
    Case("AzureReachable", "passing trouble, facts old", FAIL, azure(age=11, problem=SourceProblem.THROTTLED), "Throttled"),
    Case(
        "AzureReachable",
        "lasting trouble, facts fresh",
        FAIL,
        azure(problem=SourceProblem.FORBIDDEN),
        "Forbidden: what was answered",
    ),
    Case("AzureReachable", "never read, wrong secret", FAIL, azure(content=False, problem=SourceProblem.INVALID_CREDENTIALS)),
    Case("VCenterReachable", "fresh", PASS, vcenter()),
    Case("VCenterReachable", "as old as the limit", PASS, vcenter(age=5)),
    Case("VCenterReachable", "older than the limit", UNKNOWN, vcenter(age=5.1), "older than 5 min"),
    Case("VCenterReachable", "not read yet", UNKNOWN, a.blind_vsphere()),
    Case("VCenterReachable", "expired CA", FAIL, vcenter(problem=SourceProblem.CERTIFICATE_INVALID), "vCenter vc-1"),
    Case("VCenterReachable", "a session lost in mid-read", PASS, vcenter(age=1, problem=SourceProblem.SESSION_LOST)),
    Case(
        "VCenterReachable",
        "no part at all",
        UNKNOWN,
        a.site_context(a.view(snapshot=replace(a.site_snapshot(), vcenters={}))),
    ),
]

CONNECTED = [
    Case("ConfigurationServerConnected", "healthy", PASS, a.site_context()),
    Case("ConfigurationServerConnected", "service stopped", FAIL, server(service_status="Stopped"), "service status Stopped"),
    Case("ConfigurationServerConnected", "service not told", UNKNOWN, server(service_status=None)),
    Case("ConfigurationServerConnected", "heartbeat at the limit", PASS, server(last_heartbeat=a.minutes_ago(15))),
    Case(
        "ConfigurationServerConnected", "heartbeat older", FAIL, server(last_heartbeat=a.minutes_ago(15.1)), "older than 15 min"
    ),
    Case("ConfigurationServerConnected", "no heartbeat", UNKNOWN, server(last_heartbeat=None), "no heartbeat"),
    Case("ConfigurationServerConnected", "heartbeat of a fast clock", PASS, server(last_heartbeat=a.minutes_ago(-2))),
    Case("ConfigurationServerConnected", "no provider", FAIL, vault(providers=()), "no provider"),
    Case("ConfigurationServerConnected", "provider away", FAIL, vault(providers=(provider("Disconnected"),)), "Disconnected"),
    Case("ConfigurationServerConnected", "provider not told", UNKNOWN, vault(providers=(provider(None),))),
    Case("ConfigurationServerConnected", "one of two connected", PASS, vault(providers=(provider(None), provider("Connected")))),
    Case("ConfigurationServerConnected", "no details", UNKNOWN, vault(fabric=a.fabric(configuration_server=None))),
    Case("ConfigurationServerConnected", "vault unread", UNKNOWN, a.blind_vault(), "could not be read lately"),
    Case("ConfigurationServerConnected", "name not told", PASS, server(host_name=None), "cs-1"),
    Case("ConfigurationServerAddress", "as pinned", PASS, a.site_context()),
    Case("ConfigurationServerAddress", "another", FAIL, server(ip_address="10.10.0.99"), "10.10.0.99, pinned: 10.10.0.10"),
    Case("ConfigurationServerAddress", "not told", UNKNOWN, server(ip_address=None)),
    Case("ConfigurationServerAddress", "no details", UNKNOWN, vault(fabric=a.fabric(configuration_server=None))),
    Case("ConfigurationServerAddress", "none pinned", PASS, others(own=a.site(configurationServer={})), "no address is pinned"),
]


def discovered(*records, items=None, machines=()):
    view = a.view(a.vault(vcenters=records, items=items or (a.item(),)))
    return a.site_context(replace(view, machines=machines))


def reprotected(record):
    return {"items": (a.reprotected_item(),), "machines": (a.machine(recorded=(a.record(vcenter_infrastructure_id=record),)),)}


def health(level):
    return (HealthError("95000", level, "log-in failed", recommended_action="Give it a password that works."),)


BROKEN = a.vcenter_record("old", infrastructure_id="other", discovery_status="Failed")

DISCOVERY = [
    Case("ConfigurationServerVCenter", "discovered", PASS, a.site_context(), "vCenter vc-1 is discovered"),
    Case("ConfigurationServerVCenter", "vault unread", UNKNOWN, a.blind_vault()),
    Case("ConfigurationServerVCenter", "none", FAIL, discovered(), "knows no vCenter"),
    Case("ConfigurationServerVCenter", "in other case", PASS, discovered(a.vcenter_record(discovery_status="COMPLETED"))),
    Case(
        "ConfigurationServerVCenter", "failed", FAIL, discovered(a.vcenter_record(discovery_status="Failed")), "discovery Failed"
    ),
    Case(
        "ConfigurationServerVCenter",
        "pending",
        UNKNOWN,
        discovered(a.vcenter_record(discovery_status="Pending")),
        "setting vcenter-discovered",
    ),
    Case("ConfigurationServerVCenter", "status not told", UNKNOWN, discovered(a.vcenter_record(discovery_status=None))),
    Case(
        "ConfigurationServerVCenter",
        "heartbeat at the limit",
        PASS,
        discovered(a.vcenter_record(last_heartbeat=a.minutes_ago(15))),
    ),
    Case(
        "ConfigurationServerVCenter",
        "heartbeat older",
        FAIL,
        discovered(a.vcenter_record(last_heartbeat=a.minutes_ago(15.1))),
        "vCenter vc-1: the last heartbeat is older than 15 min",
    ),
    Case("ConfigurationServerVCenter", "no heartbeat", UNKNOWN, discovered(a.vcenter_record(last_heartbeat=None))),
    Case(
        "ConfigurationServerVCenter",
        "an error",
        FAIL,
        discovered(a.vcenter_record(health_errors=health("Error"))),
        "vCenter vc-1: 95000: log-in failed",
        "Give it a password that works.",
    ),
    Case("ConfigurationServerVCenter", "a warning", PASS, discovered(a.vcenter_record(health_errors=health("Warning")))),
    Case("ConfigurationServerVCenter", "another than the machines'", PASS, discovered(a.vcenter_record(), BROKEN)),
    Case(
        "ConfigurationServerVCenter",
        "another than the recorded one",
        PASS,
        discovered(a.vcenter_record(), BROKEN, **reprotected(a.VCENTER_UUID.upper())),
    ),
    Case(
        "ConfigurationServerVCenter",
        "any where none is told of",
        FAIL,
        discovered(a.vcenter_record(), BROKEN, **reprotected(None)),
        "vCenter old",
    ),
    Case(
        "ConfigurationServerVCenter",
        "any where the machines' one is gone",
        FAIL,
        discovered(BROKEN),
        "vCenter old",
    ),
    Case(
        "ConfigurationServerVCenter",
        "one that nothing identifies",
        PASS,
        discovered(a.vcenter_record(infrastructure_id=None)),
    ),
    Case(
        "ConfigurationServerVCenter",
        "details of the items unread",
        PASS,
        discovered(a.vcenter_record(), items=(a.item(detail=None),)),
    ),
]


def policy(**changes):
    return vault(policies=(a.forward_policy(), a.failback_policy(**changes)))


def mapping(**changes):
    return vault(mappings=(a.forward_mapping(), a.failback_mapping(**changes)))


POLICY = [
    Case("FailbackPolicyAssociated", "as documented", PASS, a.site_context()),
    Case("FailbackPolicyAssociated", "vault unread", UNKNOWN, a.blind_vault()),
    Case("FailbackPolicyAssociated", "no policy", FAIL, vault(policies=(a.forward_policy(),)), "no failback policy"),
    Case("FailbackPolicyAssociated", "rpo 16", FAIL, policy(rpo_threshold_minutes=16), "RPO threshold 16 min"),
    Case("FailbackPolicyAssociated", "retention 1439", FAIL, policy(retention_minutes=1439), "retention 1439 min"),
    Case("FailbackPolicyAssociated", "consistent 61", FAIL, policy(app_consistent_minutes=61), "every 61 min"),
    Case("FailbackPolicyAssociated", "figures not told", UNKNOWN, policy(rpo_threshold_minutes=None)),
    Case("FailbackPolicyAssociated", "no mapping", FAIL, vault(mappings=(a.forward_mapping(),)), "policy-24h-failback"),
    Case("FailbackPolicyAssociated", "to another container", FAIL, mapping(target_container_id="/elsewhere"), "cloud-1"),
    Case("FailbackPolicyAssociated", "of another policy", FAIL, mapping(policy_id=a.POLICY_ID)),
    Case("FailbackPolicyAssociated", "without a policy", FAIL, mapping(policy_id=None)),
    Case("FailbackPolicyAssociated", "pairing", FAIL, mapping(state="Pairing"), "its mapping is Pairing"),
    Case("FailbackPolicyAssociated", "state not told", UNKNOWN, mapping(state=None)),
    Case("FailbackPolicyAssociated", "ids of another case", PASS, mapping(target_container_id=str(a.CONTAINER_ID).upper())),
    Case("FailbackPolicyAssociated", "no items, mapped", PASS, vault(items=())),
    Case("FailbackPolicyAssociated", "no items, not mapped", FAIL, vault(items=(), mappings=()), "no container"),
    Case(
        "FailbackPolicyAssociated",
        "a second container without",
        FAIL,
        vault(items=(a.item(), a.item("db-1", container_id=ArmId("/containers/cloud-2")))),
        "cloud-2",
    ),
    Case(
        "FailbackPolicyAssociated",
        "one of two mappings is right",
        PASS,
        vault(mappings=(a.failback_mapping(state="Broken"), a.failback_mapping())),
    ),
]

OLD = {"creationTimestamp": "2025-01-01T00:00:00Z"}
YOUNG = {"creationTimestamp": "2026-06-01T00:00:00Z"}

UNIQUE = [
    Case("DuplicateSite", "alone", PASS, others()),
    Case("DuplicateSite", "the older", PASS, others(a.site("osaka", YOUNG))),
    Case("DuplicateSite", "the younger", FAIL, others(a.site("osaka", OLD)), "the RecoverySite dr/osaka is older"),
    Case("DuplicateSite", "equally old, later by name", FAIL, others(a.site("osaka"))),
    Case("DuplicateSite", "equally old, earlier by name", PASS, others(a.site("zurich"))),
    Case("DuplicateSite", "of unknown age", FAIL, others(a.site("osaka"), own=a.site(metadata={"creationTimestamp": None}))),
]

CASES = AZURE + CONNECTED + DISCOVERY + POLICY + UNIQUE


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(SITE_CHECKS, case)


def test_a_part_tells_when_time_alone_will_change_it():
    verdict = SITE_CHECKS.get("AzureReachable").run(azure(age=4))
    assert verdict.recheck_at == a.minutes_ago(-6)


def test_no_age_is_told():
    old, older = (SITE_CHECKS.get("AzureReachable").run(azure(age=age)) for age in (12, 300))
    assert old.observed == older.observed


def test_an_unread_part_is_the_default():
    assert Part().error == SourceError(SourceProblem.NOT_READ_YET, "not read yet")
    assert OTHER.resource_name == "other"
