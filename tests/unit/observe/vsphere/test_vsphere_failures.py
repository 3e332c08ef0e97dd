"""Every kind of failure in the words of the domain."""

import http.client
import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.observe.vsphere import VsphereEndpoint, VsphereSettings
from failback_operator.observe.vsphere.failures import expired_authority, source_error

ENDPOINT = VsphereEndpoint("vcenter.example.com", 443, "operator@vsphere.local", "s3cret")


def certificate_error(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("error", "problem", "said"),
    [
        (TimeoutError(), SourceProblem.TIMED_OUT, "did not answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), SourceProblem.UNREACHABLE, "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), SourceProblem.UNREACHABLE, "does not resolve"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), SourceProblem.UNREACHABLE, "no TLS"),
        (certificate_error(10, "certificate has expired"), SourceProblem.CERTIFICATE_INVALID, "has expired"),
        (certificate_error(62, "Hostname mismatch"), SourceProblem.CERTIFICATE_INVALID, "another host name"),
        (certificate_error(64, "IP address mismatch"), SourceProblem.CERTIFICATE_INVALID, "another host name"),
        (certificate_error(19, "self-signed certificate"), SourceProblem.CERTIFICATE_INVALID, "not trusted"),
        (http.client.HTTPException("503 Service Unavailable"), SourceProblem.UNREACHABLE, "503 Service Unavailable"),
        (http.client.RemoteDisconnected("closed"), SourceProblem.UNREACHABLE, "closed"),
        (vim.fault.InvalidLogin(), SourceProblem.INVALID_CREDENTIALS, "operator@vsphere.local"),
        (vim.fault.NotAuthenticated(), SourceProblem.SESSION_LOST, "session"),
        (vim.fault.NoPermission(privilegeId="System.View"), SourceProblem.FORBIDDEN, "System.View"),
        (vmodl.fault.ManagedObjectNotFound(msg="gone"), SourceProblem.NOT_FOUND, "ManagedObjectNotFound: gone"),
        (vmodl.fault.SystemError(msg="bad"), SourceProblem.INCOMPLETE, "SystemError: bad"),
        (KeyError("SystemErrorFault"), SourceProblem.UNPARSABLE_RESPONSE, "SystemErrorFault"),
        (AttributeError("dreaming"), SourceProblem.UNPARSABLE_RESPONSE, "dreaming"),
        (RuntimeError("odd"), SourceProblem.INCOMPLETE, "odd"),
        (SourceFailed(SourceError(SourceProblem.THROTTLED, "x")), SourceProblem.THROTTLED, "x"),
    ],
)
def test_failures_are_named(error: BaseException, problem: SourceProblem, said: str) -> None:
    told = source_error(error, ENDPOINT)
    assert told.problem is problem
    assert said in told.message
    assert "s3cret" not in told.message


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (((("commonName", "corp CA"),),), "corp CA"),
        (((("organizationName", "Corp"),),), "Corp"),
        ((), "without a name"),
    ],
)
def test_the_expired_one_of_a_bundle_is_named(subject: Any, name: str) -> None:
    good = {"notAfter": "Jan  2 00:00:00 2040 GMT", "subject": ((("commonName", "good"),),)}
    bad = {"notAfter": "Jan  2 00:00:00 2020 GMT", "subject": subject}
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert expired_authority([good], ENDPOINT, now) is None
    told = expired_authority([good, bad], ENDPOINT, now)
    assert told is not None
    assert told.message == f"the CA certificate {name!r} given for vcenter.example.com:443 expired on 2020-01-02"


@pytest.mark.parametrize("seconds", [0, -1, 61])
def test_the_wait_is_bounded(seconds: int) -> None:
    with pytest.raises(ValueError, match="at most 60 s"):
        VsphereSettings(wait=timedelta(seconds=seconds))
