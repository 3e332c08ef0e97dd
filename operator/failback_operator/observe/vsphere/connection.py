"""One logged-in connection to a vCenter: TLS that is always verified, a time-out on everything, calls counted."""

import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from xml.etree import ElementTree as Xml

from pyVmomi import SoapStubAdapter, vim
from pyVmomi.VmomiSupport import GetServiceVersions, versionIdMap

from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.observe.vsphere.endpoint import CallObserver, VsphereEndpoint, VsphereSettings
from failback_operator.observe.vsphere.failures import EXPIRED, expired_authority

SDK_PATH = "/sdk"
VERSIONS_PATH = f"{SDK_PATH}/vimServiceVersions.xml"
VIM_NAMESPACE = "urn:vim25"
VERSIONS_SIZE_LIMIT = 1 << 20
IDLE_SOCKET_SECONDS = 20
"""Sockets idle for longer are not used again: vCenter or something between may have closed them, and a call whose effect
cannot be repeated must not be the one to find out."""


class _SoapOverHttps(http.client.HTTPSConnection):
    """Refuses pages for people, such as a gateway's log-in: pyvmomi would take one for an answer without objects."""

    def getresponse(self) -> http.client.HTTPResponse:
        """The answer's head."""
        answer = super().getresponse()
        kind = answer.getheader("Content-Type", "")
        if "html" in kind.lower() and answer.status in {http.client.OK, http.client.INTERNAL_SERVER_ERROR}:
            self.close()
            raise ValueError(f"{kind} instead of SOAP")
        return answer


class Stub(SoapStubAdapter):  # type: ignore[misc]
    """pyvmomi's adapter, with its calls observed, and with a way to end calls that are under way."""

    def __init__(self, observer: CallObserver, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.scheme = _SoapOverHttps
        self._observer = observer
        self._active: dict[int, http.client.HTTPConnection] = {}
        self._is_aborted = False

    def InvokeMethod(self, mo: Any, info: Any, args: Any, outerStub: Any = None) -> Any:  # noqa: N802, N803 - pyvmomi's names
        """Send one call."""
        started = time.monotonic()
        try:
            return super().InvokeMethod(mo, info, args, outerStub)
        finally:
            self._active.pop(threading.get_ident(), None)
            self._observer(info.wsdlName, time.monotonic() - started)

    def GetConnection(self) -> http.client.HTTPConnection:  # noqa: N802 - pyvmomi's name
        """A socket for the calling thread's call."""
        connection: http.client.HTTPConnection = super().GetConnection()
        self._active[threading.get_ident()] = connection
        if self._is_aborted:
            connection.close()
            raise ConnectionAbortedError("the connection is being closed")
        return connection

    def ReturnConnection(self, conn: http.client.HTTPConnection) -> None:  # noqa: N802 - pyvmomi's name
        """Keep a socket for later calls, unless there will be none."""
        if self._is_aborted:
            conn.close()
        else:
            super().ReturnConnection(conn)

    def abort(self) -> None:
        """End the calls that are under way, as if the network had failed. Their threads raise; later calls do too."""
        self._is_aborted = True
        for connection in list(self._active.values()):
            _cut(connection)

    def close(self) -> None:
        """Close the sockets: those at rest now, those of calls under way when these have ended. Later calls raise."""
        self._is_aborted = True
        self.DropConnections()


def _cut(connection: http.client.HTTPConnection) -> None:
    """End what a thread waits for on this connection."""
    if connection.sock is not None:
        with suppress(OSError):  # it may have ended by itself
            # Not SSLSocket.shutdown: that would take the TLS state from under the thread that reads.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


class Attempt:
    """A log-in under way, which another thread may end."""

    def __init__(self) -> None:
        self._current: http.client.HTTPConnection | Stub | None = None
        self._is_aborted = False

    def done(self) -> None:
        """It has ended well: from now on there is nothing to end."""
        self._current = None

    def on(self, current: http.client.HTTPConnection | Stub) -> None:
        """It goes on with this. Raises ConnectionAbortedError if it was ended."""
        self._current = current
        if self._is_aborted:
            raise ConnectionAbortedError("the log-in was given up")

    def abort(self) -> None:
        """End it, as if the network had failed."""
        self._is_aborted = True
        match self._current:
            case Stub() as stub:
                stub.abort()
            case http.client.HTTPConnection() as connection:
                _cut(connection)


@dataclass(frozen=True, slots=True)
class Target:
    """Where to log in, and how."""

    endpoint: VsphereEndpoint
    settings: VsphereSettings
    observer: CallObserver


@dataclass(frozen=True, slots=True)
class Connection:
    """A session in vCenter. `generation` grows with each log-in: what was made under another one is dead."""

    content: Any
    stub: Stub
    generation: int
    endpoint: VsphereEndpoint
    settings: VsphereSettings
    observer: CallObserver

    @classmethod
    def open(cls, to: Target, generation: int, attempt: Attempt) -> Self:
        """Connect and log in. Raises what the network, TLS and vCenter raise."""
        endpoint, settings, observer = to.endpoint, to.settings, to.observer
        context = _tls(endpoint)
        try:
            version = _version(to, context, attempt)
        except ssl.SSLCertVerificationError as error:
            raise _named(error, endpoint, settings, context) from error
        stub = _stub(_Wire(endpoint, context, version, settings.threads, observer), settings.call_timeout)
        try:
            attempt.on(stub)
            content: Any = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
            content.sessionManager.Login(endpoint.username, endpoint.password, None)
        except BaseException:
            stub.close()
            raise
        attempt.done()
        return cls(content, stub, generation, endpoint, settings, observer)

    def waiting_stub(self) -> Stub:
        """A stub of the same session, for calls that answer late by design (waits for changes)."""
        wire = _Wire(self.endpoint, self.stub.schemeArgs["context"], self.stub.version, 1, self.observer)
        twin = _stub(wire, self.settings.wait + self.settings.call_timeout)
        twin.cookie = self.stub.cookie
        return twin

    def close(self) -> None:
        """Log out and close the sockets. Raises what the log-out raises."""
        try:
            self.content.sessionManager.Logout()
        finally:
            self.stub.close()


@dataclass(frozen=True, slots=True)
class _Wire:
    """What a stub needs to reach its server."""

    endpoint: VsphereEndpoint
    context: ssl.SSLContext
    version: str
    sockets: int
    observer: CallObserver


def _stub(wire: _Wire, timeout: timedelta) -> Stub:
    return Stub(
        wire.observer,
        host=wire.endpoint.server,
        port=wire.endpoint.port,
        path=SDK_PATH,
        version=wire.version,
        sslContext=wire.context,
        httpConnectionTimeout=timeout.total_seconds(),
        connectionPoolTimeout=IDLE_SOCKET_SECONDS,
        poolSize=wire.sockets,
    )


def _tls(endpoint: VsphereEndpoint) -> ssl.SSLContext:
    """A verifying context that trusts the endpoint's CA bundle alone, or the system's. Never thumbprints, never none.

    Source: pyvmomi accepts wrong thumbprints and leaves contexts unverified behind (vSphere facts, section 1.1).
    """
    try:
        if endpoint.ca_pem is not None and not endpoint.ca_pem.strip():
            raise ValueError("it is empty")  # noqa: TRY301 - the ssl module would fall back to the system's certificates
        return ssl.create_default_context(cadata=endpoint.ca_pem)
    except (ssl.SSLError, ValueError) as error:
        message = f"the CA bundle given for {endpoint} cannot be read: {error}"
        raise SourceFailed(SourceError(SourceProblem.CERTIFICATE_INVALID, message)) from error


def _named(
    error: ssl.SSLCertVerificationError, endpoint: VsphereEndpoint, settings: VsphereSettings, context: ssl.SSLContext
) -> Exception:
    """`error`, or if it is about an expired certificate and one of the trusted bundle is expired, that one by name."""
    if error.verify_code != EXPIRED or endpoint.ca_pem is None:
        return error
    expired = expired_authority(context.get_ca_certs(), endpoint, settings.now())
    return error if expired is None else SourceFailed(expired)


def _version(to: Target, context: ssl.SSLContext, attempt: Attempt) -> str:
    """The newest API version that both ends know. Raises ValueError when there is none.

    pyvmomi's own probe has no time-out (vSphere facts, section 7).
    """
    seconds = to.settings.connect_timeout.total_seconds()
    probe = http.client.HTTPSConnection(to.endpoint.server, to.endpoint.port, timeout=seconds, context=context)
    try:
        probe.connect()
        attempt.on(probe)
        probe.request("GET", VERSIONS_PATH)
        answer = probe.getresponse()
        text = answer.read(VERSIONS_SIZE_LIMIT)
    finally:
        probe.close()
    if answer.status != http.client.OK:
        raise http.client.HTTPException(f"{VERSIONS_PATH} answered {answer.status} {answer.reason}")
    try:
        root = Xml.fromstring(text)  # noqa: S314 - from a server whose certificate was verified, of limited size
    except Xml.ParseError as error:
        raise ValueError(f"{VERSIONS_PATH} is no XML: is this a vCenter?") from error
    offered = {
        (version.text or "").strip()
        for namespace in root.iter("namespace")
        if namespace.findtext("name", "").strip() == VIM_NAMESPACE
        for version in namespace.iter("version")
    }
    known: list[str] = GetServiceVersions("vim25")
    chosen = next((version for version in known if versionIdMap[version] and versionIdMap[version] in offered), None)
    if chosen is None:
        raise ValueError(f"no API version of {sorted(offered)} is known")
    return chosen
