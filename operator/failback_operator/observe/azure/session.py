"""The SDK's clients of one endpoint: own TLS context, time-outs, few retries for reads, counted calls."""

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncHTTPPolicy,
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
from .budget import Account, Budget, BudgetBook, Kind
from .credential import RenewableCredential
from .endpoint import AzureEndpoint
from .errors import HeldBackError

SiteRecoveryClient = SiteRecoveryManagementClient
"""The vault's client, under the name by which those hand it on who know no SDK."""
READS = frozenset({"GET", "HEAD"})
USER_AGENT = "failback-operator"
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/?]+)", re.IGNORECASE)


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
BudgetOf = Callable[[str], Budget | None]
"""The budget for a URL; None for one that no subscription counts, such as a log-in."""


class CountingTransport(AioHttpTransport):  # type: ignore[misc]  # mypy does not follow azure.*
    """Transport that reports each request, retries and log-ins included, and counts it in its subscription's budget."""

    def __init__(self, service: str, watch: tuple[OnCall, BudgetOf], session: aiohttp.ClientSession, timeouts: Timeouts) -> None:
        super().__init__(
            session=session,
            session_owner=False,
            connection_timeout=timeouts.connect.total_seconds(),
            read_timeout=timeouts.read.total_seconds(),
        )
        self._service = service
        self._on_call, self._budget_of = watch

    async def send(self, request: Any, **config: Any) -> Any:
        """Send, and report."""
        status: int | None = None
        kind = Kind.READS if request.method in READS else Kind.WRITES
        budget = self._budget_of(request.url)
        if budget is not None:
            budget.sent(kind)
        try:
            response = await super().send(request, **config)
            status = response.status_code
        finally:
            self._on_call(CallRecord(self._service, request.method, status))
        if budget is not None:
            budget.answered(kind, response.status_code, response.headers)
        return response


class SparingReads(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):  # type: ignore[misc]
    """Makes no read while the service wants none of the subscription: waits a moment, and fails where it would be longer.

    Effects pass: what holds them back is asked before their intent is stored, not after.
    """

    def __init__(self, budget_of: BudgetOf, timeouts: Timeouts) -> None:
        super().__init__()
        self._budget_of = budget_of
        self._longest_wait = timeouts.longest_wait.total_seconds()

    async def send(self, request: PipelineRequest[HttpRequest]) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Wait or raise HeldBackError, then go on."""
        budget = self._budget_of(request.http_request.url) if request.http_request.method in READS else None
        wait = budget.held() if budget is not None else 0.0
        if wait > self._longest_wait:
            raise HeldBackError(wait)
        await asyncio.sleep(wait)
        return await self.next.send(request)


class PatientReads(AsyncRetryPolicy):  # type: ignore[misc]
    """Retries as the SDK does, but never waits longer than `longest_wait` for a Retry-After."""

    def __init__(self, timeouts: Timeouts) -> None:
        super().__init__(**timeouts.retry_options)
        self._longest_wait = timeouts.longest_wait.total_seconds()

    def get_retry_after(self, response: Any) -> float | None:
        """Seconds; None also where the header is no time. Source: the SDK's own raises for such a one."""
        try:
            seconds: float | None = super().get_retry_after(response)
        except (ValueError, OverflowError):
            return None
        return seconds

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

    def __init__(
        self,
        endpoint: AzureEndpoint,
        timeouts: Timeouts | None = None,
        on_call: OnCall = lambda _: None,
        budgets: BudgetBook | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._timeouts = timeouts or Timeouts()
        self._on_call = on_call
        self._budgets = budgets or BudgetBook()
        # With own certificates nothing else is trusted: neither the system's nor those that environment variables name.
        self._tls = ssl.create_default_context(cadata=endpoint.ca_pem) if endpoint.ca_pem else ssl.create_default_context()
        self._http: aiohttp.ClientSession | None = None
        self._credential: RenewableCredential | None = None
        self._site_recovery: SiteRecoveryManagementClient | None = None
        self._compute: dict[str, ComputeManagementClient] = {}
        self._resource_manager: ArmLists | None = None
        self._is_closed = False
        self.budget.users += 1

    @property
    def budget(self) -> Budget:
        """The budget of the vault's subscription."""
        return self._budget(self.endpoint.subscription_id)

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
        if not self._is_closed:
            self.budget.users -= 1
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
        return CountingTransport(service, (self._on_call, self._budget_of), self._http, self._timeouts)

    def _budget_of(self, url: str) -> Budget | None:
        found = _SUBSCRIPTION.search(url)
        return self._budget(found[1]) if found else None

    def _budget(self, subscription_id: str) -> Budget:
        at = self.endpoint
        return self._budgets.of(Account.of(at.addresses.resource_manager, at.credential.client_id, subscription_id))

    def _policies(self) -> list[object]:
        """The SDK's pipeline without redirects, without its logs of requests, and without the registration of providers.

        Source: on MissingSubscriptionRegistration the SDK registers a resource provider by itself; the operator must not.
        """
        return [
            RequestIdPolicy(),
            HeadersPolicy(),
            UserAgentPolicy(base_user_agent=USER_AGENT),
            ContentDecodePolicy(),
            SparingReads(self._budget_of, self._timeouts),
            PatientReads(self._timeouts),
            Authentication(self._login(), self.endpoint.addresses.scope),
            CustomHookPolicy(),
        ]
