"""Checks of what the site's servers and its architecture are good for: versions, certificates, the vendor's support."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.checks.site import SITE_CHECKS
from failback_operator.domain.protected_item import InstanceType

DAY = 24 * 60
LONG_AGO = datetime(2026, 1, 31, tzinfo=UTC)


def site(**fabric):
    return a.site_context(a.view(a.vault(fabric=a.fabric(**fabric))))


def own(**changes):
    return site(configuration_server=a.configuration_server(**changes))


def process_server(**changes):
    return site(process_servers=(a.process_server_facts(**changes),))


def target(**changes):
    return site(master_targets=(a.master_target_server(**changes),))


def items(*kinds, last=date(2026, 3, 30), now=a.NOW):
    facts = a.vault(items=tuple(a.item(f"m-{n}", instance_type=kind) for n, kind in enumerate(kinds)))
    view = a.view(facts, limits=replace(a.LIMITS, classic_support_end=last))
    return a.site_context(replace(view, snapshot=replace(a.site_snapshot(a.Part(facts, now, None)), as_of=now)))


def at(*moment):
    return items(InstanceType.TO_AZURE, now=datetime(*moment, tzinfo=UTC))


VERSIONS = [
    Case("AgentVersions", "all supported, no end told", PASS, a.site_context()),
    Case("AgentVersions", "vault unread", UNKNOWN, a.blind_vault()),
    Case(
        "AgentVersions",
        "old configuration server",
        FAIL,
        own(version_status="UpdateRequired"),
        "configuration server cs-1: version 9.62.0.0 is UpdateRequired",
    ),
    Case("AgentVersions", "deprecated process server", FAIL, process_server(version_status="Deprecated"), "server ps-azure"),
    Case("AgentVersions", "unsupported master target", FAIL, target(version_status="NotSupported"), "master target mt-win"),
    Case("AgentVersions", "status not told", UNKNOWN, own(version_status=None), "was not reported"),
    Case("AgentVersions", "in other case", PASS, own(version_status="supported")),
    Case("AgentVersions", "number not told", FAIL, own(version_status="Deprecated", agent_version=None), "of unknown number"),
    Case("AgentVersions", "no configuration server told", PASS, site(configuration_server=None)),
    Case("AgentVersions", "nameless configuration server", FAIL, own(host_name=None, version_status="Deprecated"), "cs-1"),
    Case(
        "AgentVersions",
        "expired",
        FAIL,
        target(agent_expires=LONG_AGO),
        "master target mt-win: version 9.62.0.0 has expired on 2026-01-31",
    ),
    Case("AgentVersions", "expires now", FAIL, own(agent_expires=a.NOW), "has expired on 2026-11-24"),
    Case("AgentVersions", "expires within the month", FAIL, own(agent_expires=a.minutes_ago(-29 * DAY)), "expires on 2026-12-23"),
    Case("AgentVersions", "expires in 30 days", FAIL, own(agent_expires=a.minutes_ago(-30 * DAY)), "expires on 2026-12-24"),
    Case("AgentVersions", "expires in 31 days", PASS, own(agent_expires=a.minutes_ago(-31 * DAY)), "good until 2026-12-25"),
]

CERTIFICATES = [
    Case("CertificateValid", "good for years", PASS, a.site_context()),
    Case("CertificateValid", "vault unread", UNKNOWN, a.blind_vault()),
    Case("CertificateValid", "expired", FAIL, own(certificate_expires=LONG_AGO), "its certificate has expired on 2026-01-31"),
    Case("CertificateValid", "expires now", FAIL, own(certificate_expires=a.NOW)),
    Case("CertificateValid", "expires in a minute", PASS, own(certificate_expires=a.minutes_ago(-1))),
    Case("CertificateValid", "of a process server", FAIL, process_server(certificate_expires=LONG_AGO), "server ps-azure"),
    Case("CertificateValid", "end not told", UNKNOWN, process_server(certificate_expires=None), "was not reported"),
    Case("CertificateExpiring", "good for years", PASS, a.site_context(), "good until 2028-03-01"),
    Case("CertificateExpiring", "vault unread", UNKNOWN, a.blind_vault()),
    Case("CertificateExpiring", "in 31 days", PASS, own(certificate_expires=a.minutes_ago(-31 * DAY))),
    Case("CertificateExpiring", "in 30 days", FAIL, own(certificate_expires=a.minutes_ago(-30 * DAY)), "expires on 2026-12-24"),
    Case("CertificateExpiring", "in 29 days", FAIL, process_server(certificate_expires=a.minutes_ago(-29 * DAY))),
    Case(
        "CertificateExpiring",
        "has expired",
        NA,
        site(configuration_server=None, process_servers=(a.process_server_facts(certificate_expires=LONG_AGO),)),
        "see CertificateValid",
    ),
]

ARCHITECTURE = [
    Case("ClassicArchitectureRetired", "before the day", PASS, at(2026, 3, 29), "supported until 2026-03-30"),
    Case("ClassicArchitectureRetired", "on the day", PASS, at(2026, 3, 30, 23, 59)),
    Case("ClassicArchitectureRetired", "after the day", FAIL, at(2026, 3, 31), "ended on 2026-03-30"),
    Case("ClassicArchitectureRetired", "on its way back", FAIL, items(InstanceType.TO_ON_PREMISES)),
    Case("ClassicArchitectureRetired", "by the setting", PASS, items(InstanceType.TO_AZURE, last=date(2026, 11, 24))),
    Case("ClassicArchitectureRetired", "modernized only", NA, items(InstanceType.MODERNIZED, InstanceType.OTHER)),
    Case("ClassicArchitectureRetired", "no items", NA, items()),
    Case("ClassicArchitectureRetired", "vault unread", UNKNOWN, a.blind_vault()),
]

CASES = VERSIONS + CERTIFICATES + ARCHITECTURE


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(SITE_CHECKS, case)


@pytest.mark.parametrize(
    ("check", "context", "moment"),
    [
        ("CertificateValid", own(certificate_expires=a.minutes_ago(-40 * DAY)), a.minutes_ago(-40 * DAY)),
        ("CertificateExpiring", own(certificate_expires=a.minutes_ago(-40 * DAY)), a.minutes_ago(-10 * DAY)),
        ("CertificateExpiring", own(certificate_expires=a.minutes_ago(-20 * DAY)), a.minutes_ago(-20 * DAY)),
        ("ClassicArchitectureRetired", at(2026, 3, 1), datetime(2026, 3, 31, tzinfo=UTC)),
    ],
)
def test_a_date_tells_when_time_alone_will_change_the_verdict(check, context, moment):
    assert SITE_CHECKS.get(check).run(context).recheck_at == moment


def test_a_classic_site_is_told_what_still_works_and_what_does_not():
    told = SITE_CHECKS.get("ClassicArchitectureRetired").run(at(2026, 11, 24)).observed
    assert "reprotect, failback and commit are still in the interface" in told
    assert "the portal's operations and changes of protected items are not" in told
