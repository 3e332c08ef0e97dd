"""What the SDK raises, told once as a SourceError: which problem, in stable words that hold no secret."""

import math
import re
import ssl
from collections.abc import Iterator
from datetime import timedelta

import aiohttp
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)

from failback_operator.domain.reading import SourceError, SourceProblem

from .budget import retry_after
from .endpoint import AzureEndpoint, WorkloadIdentity
from .wire import MalformedError

LONGEST = 1000
_UNSTEADY = re.compile(
    r"\s*(Trace ID|Correlation ID|Timestamp|Request ID|ActivityId)\s*:\s*(\d{4}-\d\d-\d\d \S+|\S+)", re.IGNORECASE
)
_DENIED = re.compile(r"perform action '(?P<action>[^']+)'(?: over scope '(?P<scope>[^']+)')?", re.IGNORECASE)
_EXPIRED, _WRONG_HOST = 10, 62  # OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_HOSTNAME_MISMATCH


class ReadFailed(Exception):  # noqa: N818 - the event, not a fault of ours
    """A read that was not completed; nothing of it counts."""

    def __init__(self, error: SourceError) -> None:
        super().__init__(f"{error.problem}: {error.message}")
        self.error = error


class HeldBackError(AzureError):  # type: ignore[misc]  # mypy does not follow azure.*
    """A read that was not made: the service asked to be left alone for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("held back")
        self.seconds = seconds


class FabricMissing(Exception):  # noqa: N818 - the event, not a fault of ours
    """The vault is there, and has no such fabric."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def source_error(raised: BaseException, endpoint: AzureEndpoint) -> SourceError:
    """The SourceError of whatever a read raised."""
    chain = tuple(_chain(raised))
    found = (
        _read_failed(chain)
        or _held_back(chain)
        or _missing_fabric(chain, endpoint)
        or _certificate(chain)
        or _answered(chain, endpoint)
        or _unanswered(chain, endpoint)
        or SourceError(SourceProblem.UNREACHABLE, _words(raised))
    )
    return SourceError(found.problem, _tidy(found.message, endpoint), found.retry_after)


def _read_failed(chain: tuple[BaseException, ...]) -> SourceError | None:
    return next((each.error for each in chain if isinstance(each, ReadFailed)), None)


def _held_back(chain: tuple[BaseException, ...]) -> SourceError | None:
    return next((held_back(each.seconds) for each in chain if isinstance(each, HeldBackError)), None)


def held_back(seconds: float) -> SourceError:
    """What is told of a request that waits because the service wants fewer of them."""
    text = "Azure asks to wait before more requests to this subscription are made"
    return SourceError(SourceProblem.THROTTLED, text, timedelta(seconds=math.ceil(seconds)))


def _missing_fabric(chain: tuple[BaseException, ...], endpoint: AzureEndpoint) -> SourceError | None:
    for each in chain:
        if isinstance(each, FabricMissing):
            there = f"it has {', '.join(each.names)}" if each.names else "it has none"
            text = f"fabric {endpoint.fabric} was not found in {endpoint.vault_text}: {there}"
            return SourceError(SourceProblem.NOT_FOUND, text)
    return None


def _certificate(chain: tuple[BaseException, ...]) -> SourceError | None:
    """TLS that failed over the certificate, saying why."""
    host = next((each.host for each in chain if isinstance(each, aiohttp.ClientConnectorError)), "the server")
    for each in chain:
        # aiohttp's own error is one of ssl's classes as well, without what ssl tells.
        reason = each.certificate_error if isinstance(each, aiohttp.ClientConnectorCertificateError) else each
        if isinstance(reason, ssl.SSLCertVerificationError):
            return SourceError(SourceProblem.CERTIFICATE_INVALID, _certificate_text(reason, host))
    return None


def _certificate_text(error: ssl.SSLCertVerificationError, host: str) -> str:
    if error.verify_code == _EXPIRED:
        return f"the certificate of {host} or of its issuer has expired"
    if error.verify_code == _WRONG_HOST:
        return f"the certificate of {host} is for another host name"
    return f"the certificate of {host} is not signed by a trusted authority: {error.verify_message}"


def _answered(chain: tuple[BaseException, ...], endpoint: AzureEndpoint) -> SourceError | None:
    """An HTTP answer that was a refusal or a failure."""
    for each in chain:
        if isinstance(each, DecodeError | IncompleteReadError):
            return None
        if isinstance(each, HttpResponseError) and each.status_code is not None:
            return _refusal(each, each.status_code, endpoint)
    return None


def _refusal(error: HttpResponseError, status: int, endpoint: AzureEndpoint) -> SourceError:
    words = _words(error)
    if status == 403:
        return SourceError(SourceProblem.FORBIDDEN, _denied(words, endpoint))
    if status == 401 or (status < 429 and isinstance(error, ClientAuthenticationError)):
        return SourceError(SourceProblem.INVALID_CREDENTIALS, f"{_client(endpoint)} was refused: {words}")
    if status == 404:
        return SourceError(SourceProblem.NOT_FOUND, f"{endpoint.vault_text} was not found: {words}")
    if status == 429:
        return SourceError(SourceProblem.THROTTLED, "too many requests (HTTP 429)", _retry_after(error))
    if status in {408, 504}:
        problem = SourceProblem.TIMED_OUT
    else:
        problem = SourceProblem.UNREACHABLE if status >= 500 else SourceProblem.UNPARSABLE_RESPONSE
    return SourceError(problem, f"HTTP {status}: {words}", _retry_after(error))


def _denied(words: str, endpoint: AzureEndpoint) -> str:
    """Source: a missing right answers 403 AuthorizationFailed, naming the action (site-recovery facts, section 5)."""
    found = _DENIED.search(words)
    if found is None:
        return words
    scope = f" on {found['scope']}" if found["scope"] else ""
    return f"{_client(endpoint)} may not perform {found['action']}{scope}"


def denied_action(raised: BaseException) -> tuple[str, str | None] | None:
    """Action and scope of a refusal for want of a right; None for anything else, a 403 without an action among it."""
    if not isinstance(raised, HttpResponseError) or raised.status_code != 403:
        return None
    found = _DENIED.search(_words(raised))
    return None if found is None else (found["action"], found["scope"])


def _unanswered(chain: tuple[BaseException, ...], endpoint: AzureEndpoint) -> SourceError | None:
    """No answer, or one that could not be read to its end."""
    return next((found for each in chain if (found := _silence(each, endpoint) or _garbled(each))), None)


def _silence(error: BaseException, endpoint: AzureEndpoint) -> SourceError | None:
    match error:
        case TimeoutError() | ServiceRequestTimeoutError() | ServiceResponseTimeoutError():
            return SourceError(SourceProblem.TIMED_OUT, f"no answer in time from {endpoint.addresses.resource_manager}")
        case aiohttp.ClientConnectorError():
            text = f"cannot connect to {error.host}:{error.port}: {_os_words(error)}"
            return SourceError(SourceProblem.UNREACHABLE, text)
        case ClientAuthenticationError():
            return SourceError(SourceProblem.INVALID_CREDENTIALS, f"{_client(endpoint)} cannot log in: {_words(error)}")
        case FileNotFoundError() | PermissionError() if isinstance(endpoint.credential, WorkloadIdentity):
            text = f"the token file {endpoint.credential.token_file} cannot be read: {error.strerror or error}"
            return SourceError(SourceProblem.SECRET_MISSING, text)
        case _:
            return None


def _garbled(error: BaseException) -> SourceError | None:
    match error:
        case aiohttp.ClientPayloadError() | IncompleteReadError():
            return SourceError(SourceProblem.INCOMPLETE, "an answer ended before its end")
        case MalformedError():
            return SourceError(SourceProblem.INCOMPLETE, str(error))
        case DecodeError() | ValueError():
            return SourceError(SourceProblem.UNPARSABLE_RESPONSE, "an answer was not the JSON that it should be")
        case aiohttp.ClientError():
            return SourceError(SourceProblem.UNREACHABLE, f"the connection broke: {_words(error)}")
        case _:
            return None


def _client(endpoint: AzureEndpoint) -> str:
    return f"client {endpoint.credential.client_id} of tenant {endpoint.tenant_id}"


def _chain(raised: BaseException) -> Iterator[BaseException]:
    """`raised` and what caused it, group members included, each once."""
    waiting, seen = [raised], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        causes = (each.__cause__, getattr(each, "inner_exception", None), None if each.__cause__ else each.__context__)
        waiting += [cause for cause in causes if isinstance(cause, BaseException)]


def _words(error: BaseException) -> str:
    """The service's own code and message, or what the exception says."""
    said = getattr(error, "error", None)
    code, message = getattr(said, "code", None), getattr(said, "message", None)
    if code or message:
        return f"{code}: {message}"
    return str(getattr(error, "message", "") or error) or type(error).__name__


def _os_words(error: aiohttp.ClientConnectorError) -> str:
    return error.os_error.strerror or str(error.os_error) or type(error.os_error).__name__


def _retry_after(error: HttpResponseError) -> timedelta | None:
    return retry_after(error.response.headers) if error.response is not None else None


def _tidy(text: str, endpoint: AzureEndpoint) -> str:
    """One line without secrets and without what differs from answer to answer."""
    steady = _UNSTEADY.sub("", endpoint.redact(text))
    return " ".join(steady.split())[:LONGEST]
