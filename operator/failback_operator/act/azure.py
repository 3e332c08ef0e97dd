"""Sends the four effects on protected items to Site Recovery: one POST each, answered by the job that does it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.recoveryservicessiterecovery.aio import SiteRecoveryManagementClient

from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Accepted, Lost, Refused, SendResult, Unnamed
from failback_operator.domain.steps import Effect, ItemCall

JOB = re.compile(r"/(?:replicationJobs|replicationOperationStatus|operationresults)/([^/?#,\s]+)", re.IGNORECASE)
JOB_HEADERS = ("x-ms-request-id", "Azure-AsyncOperation", "Location")
ITEM = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.RecoveryServices"
    r"/vaults/(?P<vault>[^/]+)/replicationFabrics/(?P<fabric>[^/]+)/replicationProtectionContainers/(?P<container>[^/]+)"
    r"/replicationProtectedItems/(?P<item>[^/]+)$",
    re.IGNORECASE,
)
REQUEST_TIMEOUT = 408


class SiteRecovery(Protocol):
    """Gives the client of the site's vault, as it is now (credentials may be replaced while the operator runs)."""

    def __call__(self) -> SiteRecoveryManagementClient:
        """The client; it stays the caller's to close."""
        ...


@dataclass(slots=True)
class _Exchange:
    """What is known of the one call: whether it went out, and the head of its answer."""

    was_sent: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def on_request(self, _: PipelineRequest[HttpRequest]) -> None:
        """Called after authentication, just before the request goes to the wire."""
        self.was_sent = True

    def on_response(self, response: PipelineResponse[HttpRequest, AsyncHttpResponse]) -> None:
        """Called with the head of the answer, before its body is read."""
        self.status = response.http_response.status_code
        self.headers = response.http_response.headers


@dataclass(frozen=True, slots=True)
class AzureTransport:
    """Transport of effects on items.

    Source: the SDK repeats a POST on 500, 503, 504 and on any answer with Retry-After, and fails to read the empty 202; so there
    are no retries here, no polling, and the answer is what the hooks saw (site-recovery facts, "Pitfalls").
    """

    client: SiteRecovery

    async def send(self, effect: Effect) -> SendResult:
        """Make the call. Never raises for what the other side does; cancellation passes."""
        if not isinstance(effect.call, ItemCall):
            raise TypeError(f"{effect.kind} is no call on a protected item")
        action, path = _action(self.client(), effect.call.action), _path(effect.call.item_id)
        exchange = _Exchange()
        try:
            await action(
                *path,
                *(() if effect.call.body is None else (effect.call.body,)),
                polling=False,
                retry_total=0,
                raw_request_hook=exchange.on_request,
                raw_response_hook=exchange.on_response,
            )
        except (AzureError, ValueError, OSError) as error:
            # ValueError: the SDK stumbles over a Retry-After that is no integer, after the call was taken.
            # OSError: the file of a workload identity's token cannot be read.
            return _failed(exchange, error)
        return _accepted(exchange)


def _action(client: SiteRecoveryManagementClient, name: str) -> Callable[..., Awaitable[object]]:
    """The client's method for an action's path segment. Only what a failback needs can be called at all (safety rule 10)."""
    items = client.replication_protected_items
    actions: dict[str, Callable[..., Awaitable[object]]] = {
        "reProtect": items.begin_reprotect,
        "unplannedFailover": items.begin_unplanned_failover,
        "failoverCommit": items.begin_failover_commit,
    }
    if name not in actions:
        raise ValueError(f"{name} is never called on a protected item")
    return actions[name]


def _path(item_id: ArmId) -> tuple[str, str, str, str, str]:
    """Resource group, vault, fabric, container and item of an item's id."""
    found = ITEM.match(item_id)
    if found is None:
        raise ValueError(f"{item_id} is not the id of a protected item")
    return found["group"], found["vault"], found["fabric"], found["container"], found["item"]


def _accepted(exchange: _Exchange) -> SendResult:
    """The answer to a call that was taken.

    Source: site-recovery facts, section 1: these actions answer 202 with the job in a header (recorded), or 200, of which nothing
    more is known. Whatever a 2xx without a job means, it is no refusal: the item may well look untouched for a while.
    x-ms-request-id names the job and comes twice (recorded), which the client joins by a comma.
    """
    job = next((found[1] for header in JOB_HEADERS if (found := JOB.search(exchange.headers.get(header) or ""))), None)
    if job is None:
        return Unnamed(f"answered {exchange.status} without naming a job")
    return Accepted(job)


def _failed(exchange: _Exchange, error: Exception) -> SendResult:
    """The answer to a call that ended in `error`."""
    status = exchange.status
    if status is None and not exchange.was_sent:
        return Refused(f"not sent, the log-in failed: {_words(error)}")
    if status is None or status >= 500 or status == REQUEST_TIMEOUT:
        return Lost(f"{_words(error)}" if status is None else f"HTTP {status}: {_words(error)}")
    if status < 300:
        return _accepted(exchange)
    return Refused(f"HTTP {status}: {_words(error)}")


def _words(error: Exception) -> str:
    """The service's own code and message, or what the transport says."""
    said = getattr(error, "error", None)
    code, message = getattr(said, "code", None), getattr(said, "message", None)
    if code or message:
        details = [f"{d.code}: {d.message}" for d in getattr(said, "details", None) or ()]
        return "; ".join([f"{code}: {message}", *details])
    return str(getattr(error, "message", "") or error) or type(error).__name__
