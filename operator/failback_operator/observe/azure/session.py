"""The SDK's clients of one endpoint: own TLS context, time-outs, few retries for reads, counted calls."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncRetryPolicy,
    ContentDecodePolicy,
    CustomHookPolicy,
    HeadersPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.compute.aio import ComputeManagementClient
from azure.mgmt.core import AsyncARMPipelineClient
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from azure.mgmt.recoveryservicessiterecovery.aio import SiteRecoveryManagementClient

from .arm import ArmLists
from .credential import RenewableCredential
from .endpoint import AzureEndpoint

SiteRecoveryClient = SiteRecoveryManagementClient
"""The vault's client, under the name by which those hand it on who know no SDK."""
READS = frozenset({"GET", "HEAD"})
USER_AGENT = "failback-operator"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits of one request, and of the retries of a read. A longer Retry-After is left to the poller."""

    connect: timedelta = timedelta(seconds=10)
    read: timedelta = timedelta(seconds=30)
    retries: int = 2
    backoff: timedelta = timedelta(milliseconds=500)
    longest_wait: timedelta = timedelta(seconds=5)

    @property
    def retry_options(self) -> dict[str, Any]:
        """The SDK's keywords for retries."""
        return {
            "retry_total": self.retries,
            "retry_connect": self.retries,
            "retry_read": self.retries,
            "retry_status": self.retries,
            "retry_backoff_factor": self.backoff.total_seconds(),
            "retry_backoff_max": self.longest_wait.total_seconds(),
        }


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One request that went to the wire; `status` is None where no answer came."""

    service: str
    method: str
    status: int | None


OnCall = Callable[[CallRecord], None]


class CountingTransport(AioHttpTransport):  # type: ignore[misc]  # mypy does not follow azure.*
    """Transport that reports each request, retries and log-ins included."""

    def __init__(self, service: str, on_call: OnCall, session: aiohttp.ClientSession, timeouts: Timeouts) -> None:
        super().__init__(
            session=session,
            session_owner=False,
            connection_timeout=timeouts.connect.total_seconds(),
            read_timeout=timeouts.read.total_seconds(),
        )
        self._service = service
        self._on_call = on_call

    async def send(self, request: Any, **config: Any) -> Any:
        """Send, and report."""
        status: int | None = None
        try:
            response = await super().send(request, **config)
            status = response.status_code
        finally:
            self._on_call(CallRecord(self._service, request.method, status))
        return response


class PatientReads(AsyncRetryPolicy):  # type: ignore[misc]
    """Retries as the SDK does, but never waits longer than `longest_wait` for a Retry-After."""

    def __init__(self, timeouts: Timeouts) -> None:
        super().__init__(**timeouts.retry_options)
        self._longest_wait = timeouts.longest_wait.total_seconds()

    def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
        """Whether to try again."""
        wait = self.get_retry_after(response)
        return (wait is None or wait <= self._longest_wait) and bool(super().is_retry(settings, response))


class Authentication(AsyncARMChallengeAuthenticationPolicy):  # type: ignore[misc]
    """Bearer tokens. A refused token is forgotten, and a read then tried once with a new one; an effect is never sent again.

    Source: the SDK drops only its policy's copy, and the credential's cache hands the refused token out again until it expires.
    """

    def __init__(self, credential: RenewableCredential, scope: str) -> None:
        super().__init__(credential, scope)
        self._renewable = credential

    async def send(self, request: PipelineRequest[HttpRequest]) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Authorize and send."""
        response = await super().send(request)
        if response.http_response.status_code != 401:
            return response
        await self._renewable.forget()
        if request.http_request.method not in READS:
            return response
        return await super().send(request)

    async def on_challenge(
        self, request: PipelineRequest[HttpRequest], response: PipelineResponse[HttpRequest, AsyncHttpResponse]
    ) -> bool:
        """Answer a claims challenge to a read."""
        return request.http_request.method in READS and bool(await super().on_challenge(request, response))


class AzureSession:
    """Clients of Site Recovery and Compute over one connection pool. To be used and closed in one event loop.

    Raises ssl.SSLError at construction if the endpoint's CA is no PEM.
    """

    def __init__(self, endpoint: AzureEndpoint, timeouts: Timeouts | None = None, on_call: OnCall = lambda _: None) -> None:
        self.endpoint = endpoint
        self._timeouts = timeouts or Timeouts()
        self._on_call = on_call
        # With own certificates nothing else is trusted: neither the system's nor those that environment variables name.
        self._tls = ssl.create_default_context(cadata=endpoint.ca_pem) if endpoint.ca_pem else ssl.create_default_context()
        self._http: aiohttp.ClientSession | None = None
        self._credential: RenewableCredential | None = None
        self._site_recovery: SiteRecoveryManagementClient | None = None
        self._compute: dict[str, ComputeManagementClient] = {}
        self._resource_manager: ArmLists | None = None
        self._is_closed = False

    @property
    def site_recovery(self) -> SiteRecoveryManagementClient:
        """The vault's client."""
        if self._site_recovery is None:
            self._site_recovery = SiteRecoveryManagementClient(
                self._login(),
                self.endpoint.subscription_id,
                base_url=self.endpoint.addresses.resource_manager,
                policies=self._policies(),
                transport=self._transport("SiteRecovery"),
            )
        return self._site_recovery

    def compute(self, subscription_id: str) -> ComputeManagementClient:
        """The client of the machines of a subscription, which need not be the vault's."""
        key = subscription_id.casefold()
        if key not in self._compute:
            self._compute[key] = ComputeManagementClient(
                self._login(),
                subscription_id,
                base_url=self.endpoint.addresses.resource_manager,
                policies=self._policies(),
                transport=self._transport("Compute"),
            )
        return self._compute[key]

    @property
    def resource_manager(self) -> ArmLists:
        """Lists of what neither client knows."""
        if self._resource_manager is None:
            self._resource_manager = ArmLists(
                AsyncARMPipelineClient(
                    self.endpoint.addresses.resource_manager,
                    policies=self._policies(),
                    transport=self._transport("ResourceManager"),
                )
            )
        return self._resource_manager

    async def aclose(self) -> None:
        """Close connections. Calls after it fail."""
        self._is_closed = True
        if self._credential is not None:
            await self._credential.close()
        if self._http is not None:
            await self._http.close()

    def _login(self) -> RenewableCredential:
        if self._credential is None:
            self._credential = RenewableCredential(self.endpoint, lambda: self._transport("Entra"), self._timeouts.retry_options)
        return self._credential

    def _transport(self, service: str) -> CountingTransport:
        if self._is_closed:
            raise RuntimeError("the session is closed")
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls),
                trust_env=True,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return CountingTransport(service, self._on_call, self._http, self._timeouts)

    def _policies(self) -> list[object]:
        """The SDK's pipeline without redirects, without its logs of requests, and without the registration of providers.

        Source: on MissingSubscriptionRegistration the SDK registers a resource provider by itself; the operator must not.
        """
        return [
            RequestIdPolicy(),
            HeadersPolicy(),
            UserAgentPolicy(base_user_agent=USER_AGENT),
            ContentDecodePolicy(),
            PatientReads(self._timeouts),
            Authentication(self._login(), self.endpoint.addresses.scope),
            CustomHookPolicy(),
        ]
