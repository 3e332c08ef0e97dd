"""Where a site's Azure and vCenters are and how to log in to them: from its spec and the Secrets and ConfigMaps that it names."""

import os
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from failback_operator.api.common import SecretKeyRef
from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.api.v1alpha1.recovery_site import CaSource, VCenterSpec
from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.observe.azure import (
    CLOUDS,
    AzureEndpoint,
    ClientSecret,
    Cloud,
    CloudAddresses,
    WorkloadIdentity,
)
from failback_operator.observe.vsphere import VsphereEndpoint
from failback_operator.runtime.kube import ApiError, KubeClient
from failback_operator.runtime.logs import Redactor

T = TypeVar("T")
TOKEN_FILE_VARIABLE = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105 - the name of a variable
CLIENT_SECRET_KEY = "clientSecret"  # noqa: S105 - the name of a key


@dataclass(frozen=True, slots=True)
class SiteEndpoints:
    """An endpoint for each source, or why there is none."""

    azure: AzureEndpoint | SourceError
    vcenters: dict[str, VsphereEndpoint | SourceError] = field(default_factory=dict)


class EndpointReader:
    """Reads Secrets and ConfigMaps by name, nothing else of them. Raises ApiError where the API server cannot be asked."""

    def __init__(self, client: KubeClient, redactor: Redactor) -> None:
        self._client = client
        self._redactor = redactor

    async def read(self, site: RecoverySite) -> SiteEndpoints:
        """The site's endpoints as they are now."""
        azure = await _told(self._azure(site))
        vcenters = {each.name: await _told(self._vcenter(site.namespace, each)) for each in site.spec.vcenters}
        return SiteEndpoints(azure, vcenters)

    async def _azure(self, site: RecoverySite) -> AzureEndpoint:
        spec, vault = site.spec.azure, site.spec.vault
        cloud = Cloud(spec.cloud.name)
        return AzureEndpoint(
            cloud=cloud,
            addresses=_addresses(cloud, site),
            tenant_id=spec.credentials.tenant_id,
            credential=await self._credential(site),
            subscription_id=vault.subscription_id,
            resource_group=vault.resource_group,
            vault=vault.name,
            fabric=vault.fabric,
            ca_pem=await self._ca(site.namespace, spec.cloud.ca),
        )

    async def _credential(self, site: RecoverySite) -> ClientSecret | WorkloadIdentity:
        spec = site.spec.azure.credentials
        if spec.kind == "WorkloadIdentity":
            token_file = spec.token_file or os.environ.get(TOKEN_FILE_VARIABLE)
            if not token_file:
                text = f"WorkloadIdentity: neither tokenFile is given nor {TOKEN_FILE_VARIABLE} set in the operator's pod"
                raise _missing(text)
            return WorkloadIdentity(spec.client_id, token_file)
        if spec.secret_ref is None:
            raise _missing("spec.azure.credentials.secretRef is missing")
        values = await self._secret(site.namespace, spec.secret_ref.name, CLIENT_SECRET_KEY)
        return ClientSecret(spec.client_id, values[CLIENT_SECRET_KEY])

    async def _vcenter(self, namespace: str, spec: VCenterSpec) -> VsphereEndpoint:
        values = await self._secret(namespace, spec.credentials_ref.name, "username", "password")
        return VsphereEndpoint(
            server=spec.server,
            port=spec.port,
            username=values["username"],
            password=values["password"],
            ca_pem=await self._ca(namespace, spec.ca),
        )

    async def _secret(self, namespace: str, name: str, *keys: str) -> dict[str, str]:
        values = await _asked(self._client.secret, "Secret", namespace, name)
        for key in keys:
            if not values.get(key):
                raise _missing(f"Secret {name} in namespace {namespace} has no key {key}")
            if key != "username":
                self._redactor.add(values[key])
        # A line break at the end is an editor's doing, never part of what is meant.
        return {key: values[key].rstrip("\r\n") for key in keys}

    async def _ca(self, namespace: str, source: CaSource | None) -> str | None:
        if source is None:
            return None
        if source.inline is not None:
            return _certificates(source.inline, "the inline certificates")
        if source.config_map_key_ref is not None:
            return await self._pem(self._client.config_map, "ConfigMap", namespace, source.config_map_key_ref)
        if source.secret_key_ref is not None:
            return await self._pem(self._client.secret, "Secret", namespace, source.secret_key_ref)
        raise _missing("ca names no certificates")

    @staticmethod
    async def _pem(
        get: Callable[[str, str], Awaitable[dict[str, str] | None]], kind: str, namespace: str, ref: SecretKeyRef
    ) -> str:
        values = await _asked(get, kind, namespace, ref.name)
        if not values.get(ref.key):
            raise _missing(f"{kind} {ref.name} in namespace {namespace} has no key {ref.key}")
        return _certificates(values[ref.key], f"key {ref.key} of {kind} {ref.name}")


def _addresses(cloud: Cloud, site: RecoverySite) -> CloudAddresses:
    spec = site.spec.azure.cloud
    if cloud is not Cloud.CUSTOM:
        return CLOUDS[cloud]
    if spec.resource_manager is None or spec.authority is None or spec.audience is None:
        raise SourceFailed(SourceError(SourceProblem.NOT_FOUND, "a Custom cloud needs resourceManager, authority and audience"))
    return CloudAddresses(spec.resource_manager, spec.authority, spec.audience)


async def _asked(
    get: Callable[[str, str], Awaitable[dict[str, str] | None]], kind: str, namespace: str, name: str
) -> dict[str, str]:
    """The values of a Secret or ConfigMap. Raises SourceFailed where it is missing or not to be read."""
    try:
        values = await get(namespace, name)
    except ApiError as error:
        if error.status != 403:
            raise
        text = f"the operator may not read {kind} {name} in namespace {namespace}: {error.message}"
        raise SourceFailed(SourceError(SourceProblem.FORBIDDEN, text)) from error
    if values is None:
        raise _missing(f"{kind} {name} in namespace {namespace} does not exist")
    return values


def _certificates(pem: str, where: str) -> str:
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        text = f"{where}: no certificates in PEM form"
        raise SourceFailed(SourceError(SourceProblem.CERTIFICATE_INVALID, text)) from error
    return pem


def _missing(text: str) -> SourceFailed:
    return SourceFailed(SourceError(SourceProblem.SECRET_MISSING, text))


async def _told(reading: Awaitable[T]) -> T | SourceError:
    try:
        return await reading
    except SourceFailed as failed:
        return failed.error
