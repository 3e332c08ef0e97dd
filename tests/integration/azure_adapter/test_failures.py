"""What goes wrong when reading: named in words that help, never half taken, and over when the cause is."""

import asyncio
import base64
import json
import logging
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from tests.integration.azure_adapter.sites import Site, endpoint_of, last, requests, site_of

from failback_lab.azure.client import AzureLab
from failback_lab.azure.config import FederatedCredential
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_operator.domain.reading import SourceError, SourceProblem
from failback_operator.observe.azure import (
    AzureEndpoint,
    AzureSession,
    ClientSecret,
    CloudAddresses,
    ReaderSettings,
    ReadFailed,
    Timeouts,
    WorkloadIdentity,
)

ISSUER = "https://cluster.example.com"


async def error_of(site: Site) -> SourceError:
    with pytest.raises(ReadFailed) as failed:
        await site.reader.read_all(None, frozenset())
    return failed.value.error


async def error_at(endpoint: AzureEndpoint) -> SourceError:
    async with site_of(endpoint) as site:
        return await error_of(site)


async def test_a_right_that_is_missing_is_named(site: Site, lab: AzureLab):
    lab.deny("Microsoft.RecoveryServices/vaults/replicationJobs/read")
    error = await error_of(site)
    assert error.problem is SourceProblem.FORBIDDEN
    assert "may not perform Microsoft.RecoveryServices/vaults/replicationJobs/read on /subscriptions/" in error.message
    assert "vaults/vault-tokyo" in error.message
    lab.deny()
    await site.reader.read_all(None, frozenset())


async def test_a_vault_that_is_not_there(lab: AzureLab):
    error = await error_at(endpoint_of(lab, vault="vault-kyoto"))
    assert error.problem is SourceProblem.NOT_FOUND
    assert error.message.startswith("vault vault-kyoto in resource group rg-dr-tokyo of subscription")


async def test_a_fabric_that_is_not_there(lab: AzureLab):
    error = await error_at(endpoint_of(lab, fabric="cs-9"))
    assert error.problem is SourceProblem.NOT_FOUND
    assert error.message.startswith("fabric cs-9 was not found in vault vault-tokyo")
    assert error.message.endswith("it has cs-1")


async def test_a_wrong_secret_is_told_without_it(lab: AzureLab, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    wrong = "S3cret-that-nobody-may-see"
    endpoint = endpoint_of(lab, credential=ClientSecret(lab.client_id, wrong))
    first, second = await error_at(endpoint), await error_at(endpoint)
    assert first.problem is SourceProblem.INVALID_CREDENTIALS
    assert "AADSTS7000215" in first.message
    assert lab.client_id in first.message
    # Equal while nothing changes: no trace id, no time stamp.
    assert first == second
    assert wrong not in first.message
    assert wrong not in caplog.text
    assert wrong not in repr(endpoint)


async def test_nothing_of_a_good_log_in_is_logged(site: Site, lab: AzureLab, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    await site.reader.read_all(None, frozenset())
    assert lab.client_secret not in caplog.text
    assert "Bearer ey" not in caplog.text
    assert lab.client_secret not in repr(site.session.endpoint)


async def test_a_rotated_secret(lab: AzureLab):
    endpoint = endpoint_of(lab)
    async with site_of(endpoint) as site:
        await site.reader.read_all(None, frozenset())
        lab.rotate_secret("the-new-one")
        lab.expire_tokens()
        assert (await error_of(site)).problem is SourceProblem.INVALID_CREDENTIALS
    async with site_of(endpoint_of(lab, credential=ClientSecret(lab.client_id, "the-new-one"))) as site:
        await site.reader.read_all(None, frozenset())


async def test_an_unknown_application_and_tenant(lab: AzureLab):
    other = "11111111-2222-3333-4444-555555555555"
    for endpoint, code in (
        (endpoint_of(lab, credential=ClientSecret(other, "x")), "AADSTS700016"),
        (endpoint_of(lab, tenant_id=other), "AADSTS90002"),
    ):
        error = await error_at(endpoint)
        assert (error.problem, code in error.message) == (SourceProblem.INVALID_CREDENTIALS, True)


async def test_revoked_tokens_are_replaced_without_notice(site: Site, lab: AzureLab):
    await site.reader.read_all(None, frozenset())
    lab.expire_tokens()
    await site.reader.read_all(None, frozenset())


async def test_a_token_file_that_is_not_there(lab: AzureLab, tmp_path: Path):
    error = await error_at(endpoint_of(lab, credential=WorkloadIdentity(lab.client_id, str(tmp_path / "token"))))
    assert error.problem is SourceProblem.SECRET_MISSING
    assert str(tmp_path / "token") in error.message


async def test_throttling_keeps_its_retry_after(site: Site, lab: AzureLab):
    lab.fault(kind="throttle", path="replicationPolicies", retry_after=37, count=-1)
    since = last(lab)
    error = await error_of(site)
    assert error == SourceError(SourceProblem.THROTTLED, "too many requests (HTTP 429)", timedelta(seconds=37))
    # It waits longer than a read may: the poller's matter, no retry.
    assert len(requests(lab, since, "replicationPolicies")) == 1


async def test_a_short_retry_after_is_waited_for(site: Site, lab: AzureLab):
    lab.fault(kind="throttle", path="replicationPolicies", retry_after=1)
    since = last(lab)
    await site.reader.read_all(None, frozenset())
    assert len(requests(lab, since, "replicationPolicies")) == 2


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_failure_of_the_service_is_tried_again_a_little(site: Site, lab: AzureLab, status: int):
    lab.fault(kind="error", path="replicationPolicies", status=status)
    await site.reader.read_all(None, frozenset())
    lab.fault(kind="error", path="replicationPolicies", status=status, count=-1)
    since = last(lab)
    error = await error_of(site)
    assert (error.problem, f"HTTP {status}" in error.message) == (SourceProblem.UNREACHABLE, True)
    assert len(requests(lab, since, "replicationPolicies")) == 3


async def test_a_connection_that_breaks_is_tried_again(site: Site, lab: AzureLab):
    lab.fault(kind="close", path="replicationvCenters")
    await site.reader.read_all(None, frozenset())


async def test_a_second_page_that_fails_fails_the_read(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    lab.fault(kind="error", path="vault-tokyo/replicationProtectedItems", nth=2, count=-1)
    with pytest.raises(ReadFailed):
        await site.reader.read_all(facts, frozenset())


async def test_an_answer_that_breaks_off_is_incomplete(lab: AzureLab):
    async with site_of(endpoint_of(lab), timeouts=Timeouts(retries=0)) as site:
        lab.fault(kind="half_body", path="vault-tokyo/replicationProtectedItems", count=-1)
        assert (await error_of(site)).problem is SourceProblem.INCOMPLETE


async def test_a_slow_answer_times_out(lab: AzureLab):
    timeouts = Timeouts(read=timedelta(milliseconds=200), retries=0)
    async with site_of(endpoint_of(lab), timeouts=timeouts) as site:
        await site.reader.read_all(None, frozenset())
        lab.fault(kind="slow", path="replicationPolicies", seconds=1)
        assert (await error_of(site)).problem is SourceProblem.TIMED_OUT


async def test_the_total_time_of_a_call_is_limited(lab: AzureLab):
    async with site_of(endpoint_of(lab), ReaderSettings(call_timeout=timedelta(milliseconds=300))) as site:
        await site.reader.read_all(None, frozenset())
        lab.fault(kind="slow", path="replicationPolicies", seconds=1)
        assert (await error_of(site)).problem is SourceProblem.TIMED_OUT


async def test_nobody_listens(lab: AzureLab):
    url = "https://localhost:9"
    error = await error_at(endpoint_of(lab, addresses=CloudAddresses(url, lab.authority, lab.base_url)))
    assert error.problem is SourceProblem.UNREACHABLE
    assert error.message.startswith("cannot connect to localhost:9: ")
    error = await error_at(endpoint_of(lab, addresses=CloudAddresses(lab.base_url, url, lab.base_url)))
    assert error.problem is SourceProblem.UNREACHABLE


async def test_another_ca_is_not_trusted_whatever_the_environment_says(lab: AzureLab, monkeypatch: pytest.MonkeyPatch):
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(lab.ca_pem))
    other = trustme.CA().cert_pem.bytes().decode()
    error = await error_at(endpoint_of(lab, ca_pem=other))
    assert error.problem is SourceProblem.CERTIFICATE_INVALID
    assert "not signed by a trusted authority" in error.message


async def test_the_ca_is_trusted_whatever_the_environment_says(lab: AzureLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other = tmp_path / "other.pem"
    other.write_bytes(trustme.CA().cert_pem.bytes())
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(other))
    async with site_of(endpoint_of(lab)) as site:
        await site.reader.read_all(None, frozenset())


async def test_the_ca_leaves_no_file(lab: AzureLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with site_of(endpoint_of(lab)) as site:
        await site.reader.read_all(None, frozenset())
        assert not os.listdir(tmp_path)  # noqa: PTH208


async def test_a_ca_that_is_no_pem(lab: AzureLab):
    with pytest.raises(ssl.SSLError):
        AzureSession(endpoint_of(lab, ca_pem="no certificate"))


async def _answering(certificate: tuple[Path, Path], answer: web.StreamResponse) -> tuple[web.AppRunner, str]:
    async def handle(_: web.Request) -> web.StreamResponse:
        return answer

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    return runner, f"https://localhost:{runner.addresses[0][1]}"


@pytest.mark.parametrize(
    ("name", "days", "words"), [("localhost", -1, "has expired"), ("elsewhere.example.com", 30, "is for another host name")]
)
async def test_certificates_that_are_not_good(lab: AzureLab, lab_ca: LabCa, name: str, days: int, words: str):
    certificate = lab_ca.issue(name, not_after=datetime.now(UTC) + timedelta(days=days))
    runner, url = await _answering(certificate, web.Response())
    try:
        error = await error_at(endpoint_of(lab, addresses=CloudAddresses(url, lab.authority, lab.base_url)))
    finally:
        await runner.cleanup()
    assert error.problem is SourceProblem.CERTIFICATE_INVALID
    assert words in error.message
    assert "localhost" in error.message


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<html>a proxy's page</html>", SourceProblem.UNPARSABLE_RESPONSE),
        ('{"value": [', SourceProblem.UNPARSABLE_RESPONSE),
        ("{}", SourceProblem.INCOMPLETE),
        ('{"value": null}', SourceProblem.INCOMPLETE),
        ("[]", SourceProblem.INCOMPLETE),
        ('{"value": [{"properties": {"friendlyName": "cs-1"}}]}', SourceProblem.INCOMPLETE),
        ('{"value": [3]}', SourceProblem.INCOMPLETE),
    ],
)
async def test_answers_of_another_form(lab: AzureLab, lab_ca: LabCa, body: str, problem: SourceProblem):
    answer = web.Response(text=body, content_type="application/json")
    runner, url = await _answering(lab_ca.issue("localhost"), answer)
    try:
        error = await error_at(endpoint_of(lab, addresses=CloudAddresses(url, lab.authority, lab.base_url)))
    finally:
        await runner.cleanup()
    assert error.problem is problem


async def test_a_missing_registration_is_not_mended(lab: AzureLab):
    """The SDK's own pipeline would register a resource provider on this answer."""
    lab.fault(kind="error", path="replicationFabrics", status=409, code="MissingSubscriptionRegistration", count=-1)
    since = last(lab)
    async with site_of(endpoint_of(lab)) as site:
        assert "MissingSubscriptionRegistration" in (await error_of(site)).message
    assert {entry["method"] for entry in lab.log(since) if "oauth2" not in entry["path"]} == {"GET"}


async def test_cancellation_passes(site: Site, lab: AzureLab):
    lab.fault(kind="slow", path="replicationPolicies", seconds=2)
    reading = asyncio.ensure_future(site.reader.read_all(None, frozenset()))
    await asyncio.sleep(0.2)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await site.reader.read_all(None, frozenset())


async def test_a_workload_identity(tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario):
    trust = FederatedCredential(issuer=ISSUER, subject="system:serviceaccount:dr:op")
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, None, federated=(trust,)) as lab:
        file = tmp_path / "token"
        async with site_of(endpoint_of(lab, credential=WorkloadIdentity(lab.client_id, str(file)))) as site:
            file.write_text(_assertion("system:serviceaccount:dr:somebody"))
            error = await error_of(site)
            assert (error.problem, "AADSTS70021" in error.message) == (SourceProblem.INVALID_CREDENTIALS, True)
            assert file.read_text() not in error.message
            # The kubelet rotates the file; the same session takes the new one.
            file.write_text(_assertion("system:serviceaccount:dr:op"))
            await site.reader.read_all(None, frozenset())


def _assertion(subject: str) -> str:
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": ISSUER, "sub": subject, "aud": "api://AzureADTokenExchange", "nbf": now - 60, "exp": now + 600}
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "eA"])
