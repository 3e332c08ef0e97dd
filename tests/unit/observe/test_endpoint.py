"""Clouds by name, secrets out of sight."""

from dataclasses import replace

import pytest
from azure.core import AzureClouds
from azure.identity import AzureAuthorityHosts
from azure.mgmt.core.tools import get_arm_endpoints

from failback_operator.observe.azure import CLOUDS, AzureEndpoint, ClientSecret, Cloud, WorkloadIdentity

ENDPOINT = AzureEndpoint(
    Cloud.PUBLIC, CLOUDS[Cloud.PUBLIC], "tenant", ClientSecret("client", "s3cret"), "sub", "rg", "vault", "cs-1", "-----PEM"
)


@pytest.mark.parametrize(
    ("cloud", "sdk", "authority"),
    [
        (Cloud.PUBLIC, AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD),
        (Cloud.CHINA, AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA),
        (Cloud.US_GOVERNMENT, AzureClouds.AZURE_US_GOVERNMENT, AzureAuthorityHosts.AZURE_GOVERNMENT),
    ],
)
def test_named_clouds_are_those_of_the_sdk(cloud: Cloud, sdk: AzureClouds, authority: str):
    endpoints = get_arm_endpoints(sdk)
    addresses = CLOUDS[cloud]
    assert f"{addresses.resource_manager}/" == endpoints["resource_manager"]
    assert [addresses.scope] == endpoints["credential_scopes"]
    assert addresses.authority == f"https://{authority}"


def test_every_cloud_but_custom_has_addresses():
    assert set(CLOUDS) == set(Cloud) - {Cloud.CUSTOM}
    assert ENDPOINT.is_discoverable
    assert not replace(ENDPOINT, cloud=Cloud.CUSTOM).is_discoverable


def test_nothing_secret_is_shown():
    assert "s3cret" not in repr(ENDPOINT)
    assert "PEM" not in repr(ENDPOINT)
    text = "secret s3cret, token eyJhbGciOi.eyJhdWQi.c2ln, done"
    assert ENDPOINT.redact(text) == "secret ***, token ***, done"
    assert replace(ENDPOINT, credential=WorkloadIdentity("client", "/token")).redact("s3cret") == "s3cret"
