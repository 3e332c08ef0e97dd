"""Whatever goes wrong between here and vCenter, in the words of the domain."""

import http.client
import socket
import ssl
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from xml.parsers.expat import ExpatError

from pyVmomi import vim, vmodl

from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.observe.vsphere.endpoint import VsphereEndpoint

# Source: OpenSSL's x509_vfy.h, X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH.
EXPIRED = 10
WRONG_NAME = frozenset({62, 64})

UNPARSABLE = (KeyError, AttributeError, TypeError, ValueError, LookupError, ExpatError)
"""What pyvmomi's deserializer raises over an answer that it does not understand (vSphere facts, section 7)."""


def source_error(error: BaseException, endpoint: VsphereEndpoint) -> SourceError:
    """What to tell about `error`."""
    if isinstance(error, SourceFailed):
        return error.error
    if isinstance(error, vmodl.MethodFault):
        return _fault(error, endpoint)
    if isinstance(error, OSError | http.client.HTTPException):
        return _network(error, endpoint)
    if isinstance(error, UNPARSABLE):
        message = f"an answer of {endpoint} could not be understood ({type(error).__name__}: {error})"
        return SourceError(SourceProblem.UNPARSABLE_RESPONSE, message)
    return SourceError(SourceProblem.INCOMPLETE, f"reading {endpoint} failed: {_words(error)}")


def _network(error: Exception, endpoint: VsphereEndpoint) -> SourceError:
    """Order matters: a certificate error is an SSLError is an OSError."""
    match error:
        case ssl.SSLCertVerificationError():
            return SourceError(SourceProblem.CERTIFICATE_INVALID, _certificate(error, endpoint))
        case TimeoutError():
            return SourceError(SourceProblem.TIMED_OUT, f"{endpoint} did not answer in time")
        case socket.gaierror():
            return SourceError(SourceProblem.UNREACHABLE, f"the name {endpoint.server} does not resolve: {error.strerror}")
        case ssl.SSLError():
            return SourceError(SourceProblem.UNREACHABLE, f"no TLS with {endpoint}: {getattr(error, 'reason', None) or error}")
    return SourceError(SourceProblem.UNREACHABLE, f"{endpoint}: {_words(error)}")


def expired_authority(
    certificates: Iterable[Mapping[str, object]], endpoint: VsphereEndpoint, now: datetime
) -> SourceError | None:
    """Names the first certificate of the trusted bundle that is expired at `now`; the shape is SSLContext.get_ca_certs()'s."""
    for certificate in certificates:
        end = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
        if end < now:
            message = f"the CA certificate {_subject(certificate)!r} given for {endpoint} expired on {end:%Y-%m-%d}"
            return SourceError(SourceProblem.CERTIFICATE_INVALID, message)
    return None


def words(fault: vmodl.MethodFault) -> str:
    """vCenter's own message, or the name of the fault where it says nothing."""
    kind = type(fault).__name__.rpartition(".")[2]
    return f"{kind}: {fault.msg}" if fault.msg else kind


def _fault(fault: vmodl.MethodFault, endpoint: VsphereEndpoint) -> SourceError:
    match fault:
        case vim.fault.InvalidLogin():
            message = f"{endpoint} refused the user name or password of {endpoint.username}"
            return SourceError(SourceProblem.INVALID_CREDENTIALS, message)
        case vim.fault.NotAuthenticated():
            return SourceError(SourceProblem.SESSION_LOST, f"the session with {endpoint} ended during the read")
        case vim.fault.NoPermission():
            message = f"{endpoint.username} lacks the privilege {fault.privilegeId or 'System.View'} at {endpoint}"
            return SourceError(SourceProblem.FORBIDDEN, message)
        case vmodl.fault.ManagedObjectNotFound():
            return SourceError(SourceProblem.NOT_FOUND, f"{endpoint}: {words(fault)}")
    return SourceError(SourceProblem.INCOMPLETE, f"{endpoint} answered {words(fault)}")


def _certificate(error: ssl.SSLCertVerificationError, endpoint: VsphereEndpoint) -> str:
    if error.verify_code == EXPIRED:
        return f"the certificate of {endpoint} has expired"
    if error.verify_code in WRONG_NAME:
        return f"the certificate of {endpoint} is for another host name: {error.verify_message}"
    return f"the certificate of {endpoint} is not trusted: {error.verify_message}"


def _subject(certificate: Mapping[str, object]) -> str:
    """The common name, or the organization, of a certificate in the form of the ssl module."""
    named: dict[str, str] = {}
    for part in certificate.get("subject", ()):  # type: ignore[attr-defined]
        named.update(part)
    return named.get("commonName") or named.get("organizationName") or "without a name"


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
