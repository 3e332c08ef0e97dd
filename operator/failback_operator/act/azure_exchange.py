"""One exchange with Site Recovery: what the hooks of the SDK saw of it, and what its answer says."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.recoveryservicessiterecovery.aio import SiteRecoveryManagementClient

from failback_operator.domain.ports import Accepted, Lost, Refused, SendResult, Unnamed

JOB = re.compile(r"/(?:replicationJobs|replicationOperationStatus|operationresults)/([^/?#,\s]+)", re.IGNORECASE)
RESOURCE = re.compile(
    r"^/subscriptions/[^/]+/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.RecoveryServices/vaults/(?P<vault>[^/]+)"
    r"(?P<below>(?:/[^/]+/[^/]+)+)$",
    re.IGNORECASE,
)
JOB_HEADERS = ("x-ms-request-id", "Azure-AsyncOperation", "Location")
REQUEST_TIMEOUT = 408

Action = Callable[..., Awaitable[object]]
"""A method of the SDK's client that begins an operation."""


class SiteRecovery(Protocol):
    """Gives the client of the site's vault, as it is now (credentials may be replaced while the operator runs)."""

    def __call__(self) -> SiteRecoveryManagementClient:
        """The client; it stays the caller's to close."""
        ...


@dataclass(slots=True)
class Exchange:
    """What is known of the one call: whether it went out, and the head of its answer."""

    was_sent: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def job(self) -> str | None:
        """The job that the answer names.

        Source: x-ms-request-id names the job and comes twice (recorded), which the client joins by a comma.
        """
        return next((found[1] for header in JOB_HEADERS if (found := JOB.search(self.headers.get(header) or ""))), None)

    def on_request(self, _: PipelineRequest[HttpRequest]) -> None:
        """Called after authentication, just before the request goes to the wire."""
        self.was_sent = True

    def on_response(self, response: PipelineResponse[HttpRequest, AsyncHttpResponse]) -> None:
        """Called with the head of the answer, before its body is read."""
        self.status = response.http_response.status_code
        self.headers = response.http_response.headers


def place_of(resource_id: str, what: str = "resource of a vault") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The kinds of resource in the path below the vault, case-folded, and all names: resource group, vault, and those below.

    Raises ValueError for what is no id of a resource of a vault, and calls it no `what`.
    """
    found = RESOURCE.match(resource_id)
    if found is None:
        raise ValueError(f"{resource_id} is not the id of a {what}")
    segments = found["below"].strip("/").split("/")
    return tuple(kind.casefold() for kind in segments[0::2]), (found["group"], found["vault"], *segments[1::2])


TellAccepted = Callable[[Exchange], SendResult]
"""What an answer that took the call says."""


async def call_once(action: Action, *arguments: object, accepted: TellAccepted) -> SendResult:
    """Make the call. Never raises for what the other side does; cancellation passes.

    Source: the SDK repeats a POST on 500, 503, 504 and on any answer with Retry-After, and fails to read the empty 202; so there
    are no retries here, no polling, and the answer is what the hooks saw (site-recovery facts, "Pitfalls").
    """
    exchange = Exchange()
    try:
        await action(
            *arguments,
            polling=False,
            retry_total=0,
            raw_request_hook=exchange.on_request,
            raw_response_hook=exchange.on_response,
        )
    except (AzureError, ValueError, OSError) as error:
        # ValueError: the SDK stumbles over a Retry-After that is no integer, after the call was taken.
        # OSError: the file of a workload identity's token cannot be read.
        return _failed(exchange, error, accepted)
    return accepted(exchange)


def named_job(exchange: Exchange) -> SendResult:
    """The answer to a call that was taken, of which a job tells the end.

    Whatever a 2xx without a job means, it is no refusal.
    """
    job = exchange.job
    return Unnamed(f"answered {exchange.status} without naming a job") if job is None else Accepted(job)


def _failed(exchange: Exchange, error: Exception, accepted: TellAccepted) -> SendResult:
    """The answer to a call that ended in `error`."""
    status = exchange.status
    if status is None and not exchange.was_sent:
        return Refused(f"not sent, the log-in failed: {_words(error)}")
    if status is None or status >= 500 or status == REQUEST_TIMEOUT:
        return Lost(f"{_words(error)}" if status is None else f"HTTP {status}: {_words(error)}")
    if status < 300:
        return accepted(exchange)
    return Refused(f"HTTP {status}: {_words(error)}")


def _words(error: Exception) -> str:
    """The service's own code and message, or what the transport says."""
    said = getattr(error, "error", None)
    code, message = getattr(said, "code", None), getattr(said, "message", None)
    if code or message:
        details = [f"{d.code}: {d.message}" for d in getattr(said, "details", None) or ()]
        return "; ".join([f"{code}: {message}", *details])
    return str(getattr(error, "message", "") or error) or type(error).__name__
