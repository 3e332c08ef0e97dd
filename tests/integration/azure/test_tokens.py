"""Entra ID and Resource Manager's front door: credentials, tokens, challenges, rights."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import WorkloadIdentityCredential
from azure.identity.aio import ClientSecretCredential as AioCredential
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.integration.azure.clients import Vault, compute_client, credential, recovery_client, send

from failback_lab.azure.client import AzureLab
from failback_lab.azure.config import FederatedCredential
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario

ISSUER = "https://cluster.example.com"


SUBJECT = "system:serviceaccount:dr:failback-operator"


def now() -> float:
    return datetime.now(UTC).timestamp()


def test_secret_gives_a_bearer_token_of_the_announced_life(azure: AzureLab) -> None:
    """Source: lab facts, "Also tried" (authority + disable_instance_discovery)."""
    token = credential(azure).get_token(f"{azure.base_url}/.default")
    assert 3500 < token.expires_on - now() < 3700


async def test_asynchronous_credential_works_too(azure: AzureLab) -> None:
    """Source: lab facts, "Also tried" (sync and aio)."""
    async with AioCredential(
        azure.tenant_id,
        azure.client_id,
        azure.client_secret,
        authority=azure.authority,
        disable_instance_discovery=True,
        connection_verify=str(azure.ca_pem),
    ) as cred:
        assert (await cred.get_token(f"{azure.base_url}/.default")).token


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secret": "wrong"}, "AADSTS7000215"),
        ({"client": "00000000-0000-0000-0000-000000000001"}, "AADSTS700016"),
        ({"tenant": "00000000-0000-0000-0000-000000000002"}, None),
    ],
)
def test_bad_credentials_give_the_directory_s_code(azure: AzureLab, change: dict[str, str], code: str | None) -> None:
    """Source: Entra's reference of error codes."""
    with pytest.raises((ClientAuthenticationError, ValueError)) as caught:
        credential(azure, **change).get_token(f"{azure.base_url}/.default")
    if code:
        assert code in str(caught.value)


def test_unknown_tenant_is_named(azure: AzureLab) -> None:
    """Source: Entra's reference of error codes (AADSTS90002)."""
    answer = send(azure, "GET", f"{azure.base_url}/nobody/v2.0/.well-known/openid-configuration", None, {})
    assert answer.status == 400
    assert answer.body["error_codes"] == [90002]


def test_unknown_resource_is_refused(azure: AzureLab) -> None:
    """Source: Entra's reference of error codes (AADSTS500011)."""
    with pytest.raises(ClientAuthenticationError, match="AADSTS500011"):
        credential(azure).get_token("https://nobody.example.com/.default")


def test_rotated_secret_is_noticed_and_cured(own_azure: AzureLab) -> None:
    """Source: docs/operations.md: wrong, missing or rotated secret."""
    own_azure.rotate_secret("new")
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential(own_azure).get_token(f"{own_azure.base_url}/.default")
    assert credential(own_azure, secret="new").get_token(f"{own_azure.base_url}/.default").token


class Issuer:
    """A cluster that signs tokens of service accounts."""

    def __init__(self, directory: Path) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.public = directory / "issuer.pem"
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        self.public.write_bytes(self.key.public_key().public_bytes(serialization.Encoding.PEM, form))
        self.file = directory / "token"

    def write(self, *, key: Any = None, **claims: Any) -> None:
        told = {"iss": ISSUER, "sub": SUBJECT, "aud": ["api://AzureADTokenExchange"], "exp": now() + 600, **claims}
        signed = ".".join(_part(json.dumps(p).encode()) for p in ({"alg": "RS256", "typ": "JWT"}, told))
        signature = (key or self.key).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        self.file.write_text(f"{signed}.{_part(signature)}")


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
def federated(tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario, issuer: Issuer) -> Iterator[AzureLab]:
    trust = FederatedCredential(issuer=ISSUER, subject=SUBJECT, public_key=issuer.public)
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, None, federated=(trust,)) as lab:
        yield lab


def workload_identity(azure: AzureLab, issuer: Issuer) -> WorkloadIdentityCredential:
    return WorkloadIdentityCredential(
        tenant_id=azure.tenant_id,
        client_id=azure.client_id,
        token_file_path=str(issuer.file),
        authority=azure.authority,
        disable_instance_discovery=True,
        connection_verify=str(azure.ca_pem),
    )


def test_workload_identity_logs_in_with_a_service_account_s_token(federated: AzureLab, issuer: Issuer) -> None:
    """Source: lab facts, "Also tried"; Entra, workload identity federation."""
    issuer.write()
    client = recovery_client(federated, workload_identity(federated, issuer))
    assert list(client.replication_fabrics.list(federated.scenario.vault.resource_group, federated.scenario.vault.name))


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": "system:serviceaccount:dr:default"}, "AADSTS70021"),
        ({"exp": 1_600_000_000}, "AADSTS700024"),
        ({"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)}, "AADSTS700027"),
    ],
    ids=["other subject", "expired", "other key"],
)
def test_assertion_that_nobody_trusts_is_refused(federated: AzureLab, issuer: Issuer, claims: dict[str, Any], code: str) -> None:
    """Source: Entra's reference of error codes."""
    issuer.write(**claims)
    with pytest.raises(ClientAuthenticationError, match=code):
        workload_identity(federated, issuer).get_token(f"{federated.base_url}/.default")


def test_request_without_token_is_challenged(vault: Vault) -> None:
    """Source: facts, section 5 (ARMChallengeAuthenticationPolicy)."""
    answer = vault.raw("GET", vault.path, token=None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")
    assert answer.body["error"]["code"] == "AuthenticationFailed"


def test_token_for_another_audience_is_refused(vault: Vault) -> None:
    """Source: Entra, access tokens (aud): Resource Manager checks the audience."""
    token = vault.credential.get_token("https://graph.microsoft.com/.default").token
    answer = vault.raw("GET", vault.path, token=token)
    assert answer.body["error"]["code"] == "InvalidAuthenticationTokenAudience"


def test_token_expires(tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario) -> None:
    """Source: docs/operations.md: expired token."""
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, None, token_seconds=2) as lab:
        vault = Vault(lab)
        token = vault.credential.get_token(f"{lab.base_url}/.default").token
        assert vault.raw("GET", vault.path, token=token).status == 200
        time.sleep(2.1)
        answer = vault.raw("GET", vault.path, token=token)
        assert (answer.status, answer.body["error"]["code"]) == (401, "ExpiredAuthenticationToken")


def test_revoked_token_is_replaced_by_the_sdk_itself(own_vault: Vault) -> None:
    """Source: facts, section 5: a 401 with claims triggers a new token."""
    before = own_vault.azure.counts()["calls"]["entra.token"]
    own_vault.azure.expire_tokens()
    assert len(own_vault.items()) == 8
    assert own_vault.azure.counts()["calls"]["entra.token"] == before + 1


def test_denied_action_is_named_with_its_scope(own_vault: Vault) -> None:
    """Source: facts, section 5, RBAC: missing right → 403 AuthorizationFailed naming the action."""
    prefix = "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers/replicationProtectedItems"
    own_vault.azure.deny(f"{prefix}/reProtect/action", "Microsoft.Compute/*")
    answer = own_vault.post("crm-1", "reProtect", own_vault.to_site())
    assert answer.status == 403
    assert answer.body["error"]["code"] == "AuthorizationFailed"
    assert f"action '{prefix}/reProtect/action'" in answer.body["error"]["message"]
    assert f"scope '{own_vault.item_path('crm-1')}'" in answer.body["error"]["message"]
    assert own_vault.item("crm-1").properties.allowed_operations[-1] == "SwitchProtection"
    with pytest.raises(HttpResponseError, match=r"Microsoft\.Compute/virtualMachines/read"):
        list(compute_client(own_vault.azure).virtual_machines.list_all())
    own_vault.azure.deny()
    assert own_vault.post("crm-1", "reProtect", own_vault.to_site()).status == 202
