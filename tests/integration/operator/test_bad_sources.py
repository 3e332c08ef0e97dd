"""Sources that cannot be read: each says which, why and what was answered; the plans of other sites do not notice.

Aspects: secrets, certificates, vCenter (down, slow, sessions), vault (missing, forbidden, throttled), half answers.
After each test (fixture `site`): `tokyo` is Ready again by the same process, no condition of `osaka` moved, nothing was sent
to Site Recovery, no traceback, no secret in log, objects or events.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.integration.operator.conftest import TwoSites
from tests.integration.operator.rehearsal import NAMESPACE, plan, site_objects
from tests.integration.tls_servers import LONG_AGO, expired_authority, listening

from failback_lab.pki import LabCa
from failback_lab.vcenter import OPERATOR_USER

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-sources"), pytest.mark.timeout(300)]

AZURE, VCENTER = "azure", "vcenter/tokyo"
VAULT = r"/vaults/"
FABRICS = "Microsoft.RecoveryServices/vaults/replicationFabrics/read"


def expect(site: TwoSites, source: str, reason: str, *words: str) -> None:
    """The source says so, osaka goes on, and while it lasts nothing is written again and again."""
    site.until_source("tokyo", source, reason, *words)
    site.others_go_on()
    site.rests()


@contextmanager
def nothing_changes(site: TwoSites) -> Iterator[None]:
    """No condition moves, of any site, and nothing is written: what was read before still counts."""
    before, writes = site.transitions("tokyo", "osaka"), site.writes()
    yield
    assert site.transitions("tokyo", "osaka") == before
    assert site.writes() == writes


@contextmanager
def only_newcomers_change(site: TwoSites) -> Iterator[None]:
    """No condition moves of the sites that there were."""
    before = site.transitions("tokyo", "osaka")
    yield
    assert site.transitions("tokyo", "osaka") == before


def reads(site: TwoSites) -> int:
    """How often the vault's items were listed."""
    return sum(entry["operation"] == "items.listAll" for entry in site.lab.azure.log())


def after_rounds(site: TwoSites, rounds: int) -> None:
    """Wait for so many more readings of the vault."""
    seen = reads(site)
    site.eventually(lambda: reads(site), lambda now: now >= seen + rounds)


# --- secrets


@pytest.mark.parametrize(
    ("secret", "key", "source", "names"),
    [("tokyo-azure", "clientSecret", AZURE, "client"), ("tokyo-vcenter", "password", VCENTER, OPERATOR_USER)],
    ids=["Azure", "vCenter"],
)
def test_a_secret_that_is_wrong_then_missing_then_right(site: TwoSites, secret: str, key: str, source: str, names: str) -> None:
    good = site.lab.azure.client_secret if source == AZURE else site.lab.vcenter.password
    user = {} if source == AZURE else {"username": OPERATOR_USER}
    site.put_secret(secret, **user, **{key: "canary-of-a-wrong-secret"})
    expect(site, source, "InvalidCredentials", names)
    site.delete("Secret", secret)
    expect(site, source, "SecretMissing", f"Secret {secret} in namespace {NAMESPACE} does not exist")
    site.put_secret(secret, **user, other="canary-of-another-key")
    expect(site, source, "SecretMissing", f"Secret {secret} in namespace {NAMESPACE} has no key {key}")
    site.put_secret(secret, **user, **{key: good})
    site.eventually(lambda: site.source("tokyo", source), lambda found: (found["state"], found.get("reason")) == ("Fresh", None))


def test_azure_rotates_its_secret(site: TwoSites) -> None:
    azure = site.lab.azure
    azure.rotate_secret("canary-of-the-next-secret")
    azure.expire_tokens()
    expect(site, AZURE, "InvalidCredentials", azure.client_id)
    site.put_secret("tokyo-azure", clientSecret="canary-of-the-next-secret")
    site.eventually(lambda: site.source("tokyo", AZURE), lambda found: found.get("reason") is None)
    azure.rotate_secret(azure.client_secret)
    site.put_secret("tokyo-azure", clientSecret=azure.client_secret)


def test_vcenter_rotates_its_password(site: TwoSites) -> None:
    vcenter = site.lab.vcenter
    vcenter.__exit__(None, None, None)
    vcenter.passwords[OPERATOR_USER] = "canary-of-the-next-password"
    vcenter.__enter__()
    expect(site, VCENTER, "InvalidCredentials", OPERATOR_USER)
    site.put_secret("tokyo-vcenter", username=OPERATOR_USER, password=vcenter.password)


# --- certificates


def lead_azure_to(site: TwoSites, port: int, ca: dict[str, Any]) -> None:
    url = f"https://localhost:{port}"
    # A merge keeps what it is not told of, and just one of these may be there.
    only = {"inline": None, "configMapKeyRef": None, **ca}
    cloud = {"name": "Custom", "resourceManager": url, "authority": url, "audience": url, "ca": only}
    site.patch("RecoverySite", "tokyo", {"azure": {"cloud": cloud}})


def lead_vcenter_to(site: TwoSites, port: int, ca: dict[str, Any]) -> None:
    (vcenter,) = site.get("RecoverySite", "tokyo")["spec"]["vcenters"]
    site.patch("RecoverySite", "tokyo", {"vcenters": [{**vcenter, "server": "localhost", "port": port, "ca": ca}]})


LEAD = {AZURE: lead_azure_to, VCENTER: lead_vcenter_to}


@pytest.fixture
def lead_back(site: TwoSites) -> Iterator[None]:
    yield
    site.apply(site_objects("tokyo", site.lab.azure, site.lab.vcenter)["RecoverySite/tokyo"])


@pytest.mark.usefixtures("lead_back")
@pytest.mark.parametrize("source", [AZURE, VCENTER], ids=["Azure", "vCenter"])
def test_certificates_that_do_not_prove_the_server(site: TwoSites, source: str, tmp_path: Path) -> None:
    """One after the other: expired, of an expired CA, for another host name, of a CA that is not the given one."""
    ca, lead = LabCa(site.lab.directory / "ca"), LEAD[source]
    of_the_lab = {"configMapKeyRef": {"name": "lab-ca", "key": "ca.pem"}}
    with listening(*ca.issue("localhost", not_after=LONG_AGO)) as port:
        lead(site, port, of_the_lab)
        expect(site, source, "CertificateInvalid", "localhost", "expired")
    chain, key, authority = expired_authority(tmp_path)
    with listening(chain, key) as port:
        lead(site, port, {"inline": authority})
        expect(site, source, "CertificateInvalid", "localhost", "expired")
    with listening(*ca.issue("somewhere.example.com")) as port:
        lead(site, port, of_the_lab)
        expect(site, source, "CertificateInvalid", "localhost", "for another host name")
    with listening(*LabCa(tmp_path / "other").issue("localhost")) as port:
        lead(site, port, of_the_lab)
        expect(site, source, "CertificateInvalid", "localhost")


# --- vCenter


def test_vcenter_down(site: TwoSites) -> None:
    vcenter = site.lab.vcenter
    vcenter.__exit__(None, None, None)
    try:
        expect(site, VCENTER, "Unreachable", str(vcenter.port))
        site.until_said("RecoverySite", "tokyo", "False", "VCenterReachable", "Unreachable")
        site.until_said("FailbackPlan", "payroll", "False", "vCenter tokyo: Unreachable")
    finally:
        vcenter.__enter__()


def test_vcenter_slow(site: TwoSites) -> None:
    """Slower than the operator waits for an answer; a little slow is no trouble at all."""
    control = site.lab.vcenter.control
    with nothing_changes(site):
        control.delay(500)
        after_rounds(site, 4)
    control.delay(methods={"WaitForUpdatesEx": 60_000, "RetrieveServiceContent": 60_000, "RetrievePropertiesEx": 60_000})
    try:
        expect(site, VCENTER, "TimedOut", str(site.lab.vcenter.port))
        site.until_said("FailbackPlan", "payroll", "False", "vCenter tokyo: TimedOut")
    finally:
        control.delay()


def test_vcenter_loses_its_session_in_mid_read(site: TwoSites) -> None:
    """While it waits, between the pages of a read, and as properties that nobody raises."""
    control = site.lab.vcenter.control
    with nothing_changes(site):
        for _ in range(3):
            control.stats(reset=True)
            control.fault("ContinueRetrievePropertiesEx", "before", fault={"_typeName": "NotAuthenticated"}, user=OPERATOR_USER)
            assert control.expire_sessions() >= 1
            site.eventually(lambda: control.stats().get("Login", 0), lambda logins: logins >= 1)
            after_rounds(site, 2)
        control.clear_faults()


# --- the vault


def test_a_vault_that_does_not_exist(site: TwoSites) -> None:
    objects = site_objects("tokyo", site.lab.azure, site.lab.vcenter)
    found = objects["RecoverySite/tokyo"]
    found["metadata"]["name"] = "kyoto"
    found["spec"]["vault"]["name"] = "vault-kyoto"
    with only_newcomers_change(site):
        site.apply(found, plan("temple", "kyoto", "files-1"))
        site.until_source("kyoto", AZURE, "NotFound", "vault-kyoto")
        site.until_said("RecoverySite", "kyoto", "False", "AzureReachable", "vault-kyoto")
        site.until_said("FailbackPlan", "temple", "False", "vault-kyoto")
        site.rests()
        site.delete("FailbackPlan", "temple")
        site.delete("RecoverySite", "kyoto")


def test_the_vault_is_deleted_and_restored(site: TwoSites) -> None:
    text = "The Resource 'Microsoft.RecoveryServices/vaults/vault-tokyo' under resource group 'rg-dr-tokyo' was not found."
    site.lab.azure.fault(kind="error", path=VAULT, count=-1, status=404, code="ResourceNotFound", message=text)
    expect(site, AZURE, "NotFound", "vault-tokyo", "ResourceNotFound")


def test_a_right_is_taken_away(site: TwoSites) -> None:
    site.lab.azure.deny(FABRICS)
    try:
        expect(site, AZURE, "Forbidden", FABRICS, site.lab.azure.client_id)
    finally:
        site.lab.azure.deny()


def test_the_vault_throttles(site: TwoSites) -> None:
    site.lab.azure.fault(kind="throttle", path=VAULT, count=-1, retry_after=1)
    expect(site, AZURE, "Throttled", "429")
    site.until_said("FailbackPlan", "payroll", "False", "the vault: Throttled")
    site.until_said("RecoverySite", "tokyo", "False", "AzureReachable")


@pytest.mark.parametrize("retry_after", [None, 1])
def test_a_short_throttling_is_no_trouble(site: TwoSites, retry_after: int | None) -> None:
    with nothing_changes(site):
        site.lab.azure.fault(kind="throttle", path=VAULT, count=6, retry_after=retry_after)
        after_rounds(site, 3)


# --- half answers


@pytest.mark.parametrize("path", ["replicationProtectedItems", "replicationJobs", "replicationPolicies", "Mappings", "Providers"])
def test_half_a_page(site: TwoSites, path: str) -> None:
    """A short list without a nextLink: nothing that is missing in it counts as gone."""
    with nothing_changes(site):
        site.lab.azure.fault(kind="half_list", path=rf"{path}\?", count=-1)
        after_rounds(site, 3)


def test_half_a_body(site: TwoSites) -> None:
    with nothing_changes(site):
        site.lab.azure.fault(kind="half_body", path=VAULT, count=3)
        after_rounds(site, 3)
    site.lab.azure.fault(kind="half_body", path=VAULT, count=-1)
    expect(site, AZURE, "Incomplete")
    site.until_said("FailbackPlan", "payroll", "False", "the vault: Incomplete")


MISHAPS: dict[str, Callable[[TwoSites], None]] = {
    "connection closed": lambda site: site.lab.azure.fault(kind="close", path=VAULT, count=2),
    "500": lambda site: site.lab.azure.fault(kind="error", path=VAULT, count=3, status=500),
    "503 with Retry-After": lambda site: site.lab.azure.fault(kind="error", path=VAULT, count=3, status=503, retry_after=1),
    "token revoked": lambda site: site.lab.azure.expire_tokens(),
    "token expired in mid-read": lambda site: site.lab.azure.fault(kind="expired_token", path=VAULT, nth=3),
}


@pytest.mark.parametrize("mishap", MISHAPS.values(), ids=MISHAPS.keys())
def test_a_mishap_that_passes_is_no_trouble(site: TwoSites, mishap: Callable[[TwoSites], None]) -> None:
    with nothing_changes(site):
        mishap(site)
        after_rounds(site, 3)
