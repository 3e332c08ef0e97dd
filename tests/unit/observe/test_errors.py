"""Every way to fail has one name, and texts that stay equal while nothing changes."""

import ssl
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError, DecodeError, HttpResponseError, ServiceRequestError

from failback_operator.domain.reading import SourceError, SourceProblem
from failback_operator.observe.azure.errors import ReadFailed, source_error
from failback_operator.observe.azure.wire import MalformedError

from .test_endpoint import ENDPOINT


@dataclass
class Answer:
    """As much of an HTTP answer as the SDK's exceptions look at."""

    status_code: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    reason: str = "Reason"

    def text(self, _encoding: str | None = None) -> str:
        return self.body


def answered(status: int, body: str = "", **headers: str) -> SourceError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return source_error(HttpResponseError(response=Answer(status, body, named)), ENDPOINT)


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (400, SourceProblem.UNPARSABLE_RESPONSE),
        (401, SourceProblem.INVALID_CREDENTIALS),
        (403, SourceProblem.FORBIDDEN),
        (404, SourceProblem.NOT_FOUND),
        (408, SourceProblem.TIMED_OUT),
        (409, SourceProblem.UNPARSABLE_RESPONSE),
        (429, SourceProblem.THROTTLED),
        (500, SourceProblem.UNREACHABLE),
        (503, SourceProblem.UNREACHABLE),
        (504, SourceProblem.TIMED_OUT),
    ],
)
def test_statuses(status: int, problem: SourceProblem):
    assert answered(status).problem is problem


def test_a_missing_right_names_action_and_scope():
    body = (
        '{"error": {"code": "AuthorizationFailed", "message": "The client \'c\' with object id \'o\' does not have '
        "authorization to perform action 'Microsoft.X/y/read' over scope '/subscriptions/s' or the scope is invalid.\"}}"
    )
    assert answered(403, body).message == "client client of tenant tenant may not perform Microsoft.X/y/read on /subscriptions/s"
    assert answered(403, '{"error": {"code": "Disallowed", "message": "by policy"}}').message == "Disallowed: by policy"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "37"}, timedelta(seconds=37)),
        ({"Retry_After": "Tue, 24 Nov 2026 08:01:00 GMT", "Date": "Tue, 24 Nov 2026 08:00:00 GMT"}, timedelta(minutes=1)),
        ({"Retry_After": "Tue, 24 Nov 2026 07:00:00 GMT", "Date": "Tue, 24 Nov 2026 08:00:00 GMT"}, timedelta(0)),
        ({"Retry_After": "Tue, 24 Nov 2026 08:01:00 GMT"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "9" * 30}, timedelta(hours=1)),
        ({"Retry_After": "9" * 5000}, None),
        ({"Retry_After": "-5"}, timedelta(0)),
        ({"Retry_After": "1.5"}, timedelta(seconds=1.5)),
        ({"Retry_After": "\u00b2"}, None),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "inf"}, None),
        ({"Retry_After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Tue, 24 Nov 2026 08:00:00 GMT"}, timedelta(hours=1)),
        ({"Retry_After": "Tue, 24 Nov 2026 08:01:00 -0000", "Date": "Tue, 24 Nov 2026 08:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], wait: timedelta | None):
    assert answered(429, **headers).retry_after == wait


def test_log_in_errors_lose_what_changes_and_the_secret():
    def told(trace: str) -> SourceError:
        tail = f"Trace ID: {trace}\r\nCorrelation ID: {trace}\r\nTimestamp: 2026-11-24 08:00:0{len(trace)}Z"
        message = f"AADSTS7000215: Invalid client secret s3cret.\r\n{tail}"
        return source_error(ClientAuthenticationError(message=message), ENDPOINT)

    assert told("a") == told("bb")
    assert told("a").problem is SourceProblem.INVALID_CREDENTIALS
    assert told("a").message == "client client of tenant tenant cannot log in: AADSTS7000215: Invalid client secret ***."


def test_an_authority_that_is_down_is_no_wrong_secret():
    down = ClientAuthenticationError(message="down", response=Answer(503))
    assert source_error(down, ENDPOINT).problem is SourceProblem.UNREACHABLE


def certificate(code: int, message: str = "m") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("code", "words"), [(10, "has expired"), (62, "is for another host name"), (19, "not signed by a trusted authority: m")]
)
def test_certificates(code: int, words: str):
    outer = ServiceRequestError("x")
    outer.__cause__ = certificate(code)
    error = source_error(outer, ENDPOINT)
    assert (error.problem, words in error.message) == (SourceProblem.CERTIFICATE_INVALID, True)


@pytest.mark.parametrize(
    ("raised", "problem"),
    [
        (TimeoutError(), SourceProblem.TIMED_OUT),
        (MalformedError("a list without list"), SourceProblem.INCOMPLETE),
        (aiohttp.ClientPayloadError(), SourceProblem.INCOMPLETE),
        (DecodeError("x", response=Answer(200)), SourceProblem.UNPARSABLE_RESPONSE),
        (ValueError("not JSON"), SourceProblem.UNPARSABLE_RESPONSE),
        (aiohttp.ServerDisconnectedError(), SourceProblem.UNREACHABLE),
        (RuntimeError("x"), SourceProblem.UNREACHABLE),
        (ExceptionGroup("g", [ExceptionGroup("h", [TimeoutError()])]), SourceProblem.TIMED_OUT),
    ],
)
def test_other_ways_to_fail(raised: Exception, problem: SourceProblem):
    assert source_error(raised, ENDPOINT).problem is problem


def test_what_was_told_already_stays():
    known = SourceError(SourceProblem.NOT_FOUND, "no such thing")
    assert source_error(ReadFailed(known), ENDPOINT) == known


def test_texts_are_short_and_on_one_line():
    error = source_error(RuntimeError("a\n  b" + "x" * 5000), ENDPOINT)
    assert error.message.startswith("a b")
    assert len(error.message) == 1000
