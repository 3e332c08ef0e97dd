"""The one session with a vCenter that reads and effects share: few threads, logged in anew when it ends, logged out at last."""

import asyncio
import http.client
import logging
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from pyVmomi import vim

from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.observe.vsphere.connection import Attempt, Connection, Target
from failback_operator.observe.vsphere.endpoint import CallObserver, VsphereEndpoint, VsphereSettings, count_nothing
from failback_operator.observe.vsphere.failures import source_error

T = TypeVar("T")
log = logging.getLogger(__name__)

STALE_SOCKET = (ConnectionError, http.client.BadStatusLine, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""What a call meets on a socket that the other side closed meanwhile."""


class VsphereSession:
    """A session that opens itself when it is needed. All methods may be called from any thread; coroutines from the loop.

    A function that is given to it gets the Connection, and runs in one of few threads: it must do nothing but call vCenter.
    """

    def __init__(
        self, endpoint: VsphereEndpoint, settings: VsphereSettings | None = None, observer: CallObserver = count_nothing
    ) -> None:
        self.endpoint = endpoint
        self.settings = settings or VsphereSettings()
        self._observer = observer
        self._executor = ThreadPoolExecutor(self.settings.threads, thread_name_prefix=f"vsphere-{endpoint.server}")
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._generation = 0
        self._refusals = 0
        self._refused_until = 0.0
        self._is_closed = False
        self._attempt = Attempt()

    @property
    def generation(self) -> int:
        """Grows with each log-in."""
        return self._generation

    async def call(self, function: Callable[[Connection], T]) -> T:
        """Read: run `function` in a thread; once more after a new log-in if the session had ended. Raises SourceFailed."""
        try:
            async with asyncio.timeout(self.settings.read_timeout.total_seconds()):
                return await self._in_thread(lambda: self.read(function))
        except TimeoutError as error:
            raise self._failed(error) from error

    async def send(self, function: Callable[[Connection], T]) -> T:
        """Change something: run `function` once in a thread, whatever happens. Raises SourceFailed if it was not begun.

        Everything else that is raised comes from `function` as it is; TimeoutError says that it may still run.
        """
        is_abandoned = threading.Event()

        def once() -> T:
            try:
                connection = self.connect()
            except Exception as error:
                raise self._failed(error) from error
            if is_abandoned.is_set():
                raise self._failed(TimeoutError())
            return function(connection)

        try:
            async with asyncio.timeout(self.settings.read_timeout.total_seconds()):
                return await self._in_thread(once)
        except (TimeoutError, asyncio.CancelledError):
            # Nobody waits any more, and the ledger may soon say that it was not sent: a call not yet begun must stay so.
            is_abandoned.set()
            raise

    def read(self, function: Callable[[Connection], T]) -> T:
        """As `call`, in the calling thread. `function` raises NotAuthenticated for both shapes of an ended session."""
        try:
            return self._read(function)
        except Exception as error:
            raise self._failed(error) from error

    def _read(self, function: Callable[[Connection], T]) -> T:
        connection = self.connect()
        try:
            return function(connection)
        except vim.fault.NotAuthenticated:
            self.expire(connection)
        except STALE_SOCKET:
            pass
        return function(self.connect())

    def connect(self) -> Connection:
        """The connection, logged in; by one thread at a time. Raises SourceFailed for a log-in that is not tried now."""
        with self._lock:
            self._check_open()
            if self._connection is None:
                self._check_refused()
                self._connection = self._log_in()
            return self._connection

    def _log_in(self) -> Connection:
        try:
            target = Target(self.endpoint, self.settings, self._observer)
            connection = Connection.open(target, self._generation + 1, self._attempt)
        except vim.fault.InvalidLogin:
            self._note_refused()
            raise
        if self._is_closed:
            _leave(connection)
        self._check_open()
        self._generation += 1
        self._refusals = 0
        return connection

    def expire(self, connection: Connection) -> None:
        """Tell that the session of `connection` has ended; the next use logs in again, unless another thread did so already."""
        with self._lock:
            if self._connection is connection:
                self._connection = None
        connection.stub.DropConnections()

    def update_endpoint(self, endpoint: VsphereEndpoint) -> None:
        """Use other credentials or certificates from now on, and leave the session under the former ones. Blocks."""
        with self._lock:
            former, self._connection = self._connection, None
            self.endpoint = endpoint
            self._refusals, self._refused_until = 0, 0.0
        if former is not None:
            _leave(former)

    async def close(self, limit: timedelta = timedelta(seconds=5)) -> None:
        """Log out, end calls under way and all threads. What vCenter says to it is of no interest any more."""
        self._is_closed = True
        self._attempt.abort()
        former, self._connection = self._connection, None
        if former is not None:
            leaving = asyncio.ensure_future(asyncio.to_thread(_leave, former))
            await asyncio.wait({leaving}, timeout=limit.total_seconds())
            former.stub.abort()
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)

    async def _in_thread(self, function: Callable[[], T]) -> T:
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    def _failed(self, error: BaseException) -> SourceFailed:
        return error if isinstance(error, SourceFailed) else SourceFailed(source_error(error, self.endpoint))

    def _check_open(self) -> None:
        if self._is_closed:
            raise SourceFailed(SourceError(SourceProblem.UNREACHABLE, f"the reading of {self.endpoint} has ended"))

    def _check_refused(self) -> None:
        left = self._refused_until - time.monotonic()
        if left > 0:
            error = source_error(vim.fault.InvalidLogin(), self.endpoint)
            raise SourceFailed(SourceError(error.problem, error.message, timedelta(seconds=left)))

    def _note_refused(self) -> None:
        pause = min(self.settings.refused_login * 2**self._refusals, self.settings.refused_login_limit)
        self._refusals = min(self._refusals + 1, 16)
        self._refused_until = time.monotonic() + pause.total_seconds()


def _leave(connection: Connection) -> None:
    """Log out as well as it goes: the session may have ended, the server be gone."""
    try:
        connection.close()
    except Exception as error:  # noqa: BLE001 - nobody waits for the answer
        log.debug("log-out of %s: %s", connection.endpoint, source_error(error, connection.endpoint).message)
