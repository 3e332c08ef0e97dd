"""Children of the lab: ready, dead or deaf; nothing survives its parent, and the lab's directory goes with it."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from failback_lab.process import Child, ChildDied, ChildNotReady
from failback_lab.workspace import PREFIX, workspace

PYTHON = (sys.executable, "-I", "-S", "-c")
SLEEP = "import time; print('started', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
# A lab in miniature: a child and a directory, both to be gone whatever happens to this process.
LAB = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits "ignored"
from failback_lab.process import Child, sigterm_as_exit
from failback_lab.workspace import workspace
with sigterm_as_exit(), workspace() as directory:
    with Child("sleeper", ["sleep", "60"], log=directory / "log") as child:
        print(child.pid, directory, flush=True)
        time.sleep(60)
"""


def eventually(claim: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def lab_in_miniature() -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    lab = subprocess.Popen([sys.executable, "-c", textwrap.dedent(LAB)], stdout=subprocess.PIPE, text=True)
    with lab:
        assert lab.stdout is not None
        pid, directory = lab.stdout.readline().split()
        assert is_running(int(pid))
        yield lab, int(pid), Path(directory)
        lab.kill()


class TestChild:
    def test_waits_until_ready_and_ends_with_its_context(self, tmp_path: Path) -> None:
        with Child("one", [*PYTHON, SLEEP], log=tmp_path / "log") as child:
            child.wait_ready(lambda: child.last_log_lines() == ["started"], timeout=10)
            child.check()
            pid = child.pid
        assert not is_running(pid)
        assert child.exit_code == -signal.SIGTERM

    def test_nobody_listening_yet_is_not_ready(self, tmp_path: Path) -> None:
        attempts: list[int] = []

        def refuse_twice() -> bool:
            attempts.append(1)
            if len(attempts) < 3:
                raise ConnectionRefusedError
            return True

        with Child("one", [*PYTHON, SLEEP], log=tmp_path / "log") as child:
            child.wait_ready(refuse_twice, timeout=10)
        assert len(attempts) == 3

    def test_not_ready_in_time_names_the_child_and_its_log(self, tmp_path: Path) -> None:
        with Child("slow", [*PYTHON, SLEEP], log=tmp_path / "log") as child:
            assert eventually(lambda: child.last_log_lines() != [])
            with pytest.raises(ChildNotReady, match=r"(?s)slow was not ready after 0\.2 s.*started"):
                child.wait_ready(lambda: False, timeout=0.2)

    def test_death_is_named_with_exit_code_and_last_words(self, tmp_path: Path) -> None:
        code = "print('first'); print('no such thing'); raise SystemExit(3)"
        with Child("short", [*PYTHON, code], log=tmp_path / "log") as child, pytest.raises(ChildDied) as death:
            child.wait_ready(lambda: False, timeout=10)
        assert (death.value.name, death.value.exit_code) == ("short", 3)
        assert death.value.log_lines == ("first", "no such thing")
        assert "short died (exit code 3)" in str(death.value)

    def test_death_by_signal_is_named(self, tmp_path: Path) -> None:
        with Child("shot", [*PYTHON, SLEEP], log=tmp_path / "log") as child:
            os.kill(child.pid, signal.SIGKILL)
            assert eventually(lambda: not child.is_alive)
            with pytest.raises(ChildDied, match="killed by SIGKILL"):
                child.check()

    def test_program_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with (
            Child("none", [tmp_path / "no-such-program"], log=tmp_path / "log") as child,
            pytest.raises(ChildDied, match="no-such-program: No such file"),
        ):
            child.wait_ready(lambda: False, timeout=10)

    def test_deaf_child_is_ended_by_force(self, tmp_path: Path) -> None:
        with Child("deaf", [*PYTHON, DEAF], log=tmp_path / "log", stop_timeout=0.3) as child:
            assert eventually(lambda: child.last_log_lines() == ["deaf"])
        assert child.exit_code == -signal.SIGKILL

    def test_starts_again_after_its_end(self, tmp_path: Path) -> None:
        with Child("one", [*PYTHON, SLEEP], log=tmp_path / "log") as child:
            assert eventually(lambda: len(child.last_log_lines()) == 1)
            first = child.pid
            child.kill()
            child.start()
            assert eventually(lambda: len(child.last_log_lines()) == 2)
            assert child.pid != first
            child.check()

    def test_group_of_its_own_keeps_ctrl_c_away(self, tmp_path: Path) -> None:
        with Child("one", [*PYTHON, SLEEP], log=tmp_path / "log") as child:
            assert os.getpgid(child.pid) == child.pid != os.getpgid(0)

    def test_not_started_has_no_pid(self, tmp_path: Path) -> None:
        with pytest.raises(RuntimeError, match="one was not started"):
            _ = Child("one", ["true"], log=tmp_path / "log").pid


class TestEndOfTheLab:
    @pytest.mark.parametrize(
        "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name
    )
    def test_nothing_is_left(self, number: signal.Signals) -> None:
        with lab_in_miniature() as (lab, child, directory):
            lab.send_signal(number)
            lab.wait(20)
            assert eventually(lambda: not is_running(child))
            assert eventually(lambda: not directory.exists())

    def test_sigterm_gives_the_exit_code_that_shells_give(self) -> None:
        with lab_in_miniature() as (lab, _, _):
            lab.terminate()
            assert lab.wait(20) == 128 + signal.SIGTERM


class TestWorkspace:
    def test_is_private_and_named_after_the_lab(self) -> None:
        with workspace() as directory:
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
            assert directory.name.startswith(PREFIX)
        assert not directory.exists()

    def test_goes_after_an_error_too(self) -> None:
        seen: list[Path] = []

        def fail() -> None:
            with workspace() as directory:
                seen.append(directory)
                (directory / "file").touch()
                raise ValueError("boom")

        with pytest.raises(ValueError, match="boom"):
            fail()
        assert not seen[0].exists()
