"""Child processes of the lab: started with a log file, watched while they run, gone when the lab is gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

LOG_LINES_SHOWN = 15
POLL_SECONDS = 0.05
TETHER = Path(__file__).with_name("tethered.py")


class ChildDied(Exception):  # noqa: N818  an event, named as such
    """A child process ended by itself; carries its name, exit code (negative: signal) and the end of its log."""

    def __init__(self, name: str, exit_code: int, log_lines: Sequence[str]) -> None:
        how = f"killed by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"
        super().__init__("\n  ".join([f"{name} died ({how}); its last words:", *log_lines]))
        self.name = name
        self.exit_code = exit_code
        self.log_lines = tuple(log_lines)


class ChildNotReady(Exception):  # noqa: N818  as above
    """A child process runs but did not become ready in time."""

    def __init__(self, name: str, timeout: float, log_lines: Sequence[str]) -> None:
        super().__init__("\n  ".join([f"{name} was not ready after {timeout:g} s; the end of its log:", *log_lines]))


class Child:
    """A child process in a process group of its own, so that Ctrl-C reaches only the lab, which then stops it in order.

    It is killed by the kernel when the thread that entered this context ends, so that thread must live as long as the lab.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_timeout: float = 10.0,
    ) -> None:
        self.name = name
        self.command = tuple(str(part) for part in command)
        self.log = log
        self._env = env
        self._cwd = cwd
        self._stop_timeout = stop_timeout
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of the running child."""
        return self._running().pid

    @property
    def is_alive(self) -> bool:
        """Whether the child was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the child ended (negative: by this signal); None while it runs."""
        return self._running().poll()

    def start(self) -> None:
        """Start the process; also again after `stop` or `kill`, with the log continued."""
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid())]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*tether, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if self._env is None else dict(self._env),
                cwd=self._cwd,
                process_group=0,
            )

    def check(self) -> None:
        """Do nothing while the child runs; raise `ChildDied` when it has ended."""
        exit_code = self.exit_code
        if exit_code is not None:
            raise ChildDied(self.name, exit_code, self.last_log_lines())

    def wait_ready(self, is_ready: Callable[[], bool], timeout: float) -> None:
        """Wait until `is_ready()` is true; an OSError from it means not yet. Raises `ChildDied` or `ChildNotReady`."""
        deadline = time.monotonic() + timeout
        while True:
            self.check()
            try:
                if is_ready():
                    return
            except OSError:
                pass  # nobody listens yet
            if time.monotonic() > deadline:
                raise ChildNotReady(self.name, timeout, self.last_log_lines())
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Ask the process group to end, and end it by force after the time-out; nothing to do when it has ended."""
        process = self._process
        if process is None:
            return
        try:
            self._signal(signal.SIGTERM)
            process.wait(self._stop_timeout)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()

    def kill(self) -> None:
        """End the whole process group at once."""
        self._signal(signal.SIGKILL)
        self._running().wait()

    def last_log_lines(self, count: int = LOG_LINES_SHOWN) -> list[str]:
        """The last lines that the child wrote."""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 400 * count))
            return log.read().decode(errors="replace").splitlines()[-count:]

    def _signal(self, number: signal.Signals) -> None:
        # Once the child is reaped its id may belong to somebody else.
        if self.is_alive:
            os.killpg(self.pid, number)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process


@contextmanager
def sigterm_as_exit() -> Iterator[None]:
    """Within, SIGTERM and SIGHUP end this process as Ctrl-C does: by an exception, so every context closes what it opened."""

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
