"""Runs a module's tests on a mutant of it: in a fork of a process that has imported all libraries, and none of our code.

The mutant is given to Python's import system and never written to a file.
"""

import contextlib
import importlib
import importlib.abc
import importlib.util
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType

LIBRARIES = (
    "hypothesis",
    "jsonschema",
    "pydantic",
    "pytest",
    "rich.console",
    "trustme",
    "yaml",
    "xdist",
    "pytest_asyncio",
    "kubernetes",
)
MOST_MEMORY = 3 * 1024**3
QUIET = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "--hypothesis-seed=0", "--no-header")


class End(StrEnum):
    """What came of a mutant. Killed: a test failed. Broken: it could not be imported. Overtime: it ran too long."""

    KILLED = "killed"
    BROKEN = "incompetent"
    OVERTIME = "overtime"
    SURVIVED = "survived"


@dataclass(frozen=True)
class Trial:
    """The tests of one module in a tree; the code is `source` instead of what the file holds."""

    tree: Path
    module: str
    path: Path
    source: str
    tests: tuple[Path, ...]

    def start(self, cpu_seconds: int) -> int:
        """Begin; the child's process id."""
        child = os.fork()
        if child == 0:
            code = 70
            try:
                code = self._run(cpu_seconds)
            finally:
                os._exit(code)
        return child

    def _run(self, cpu_seconds: int) -> int:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        with contextlib.suppress(OSError):
            os.nice(19 - os.nice(0))
        os.chdir(self.tree)
        sys.dont_write_bytecode = True
        for name in [each for each in sys.modules if each == "tests" or each.startswith("tests.")]:
            del sys.modules[name]
        here = str(Path(__file__).resolve().parents[2])
        sys.path[:] = [str(self.tree), str(self.tree / "operator"), str(self.tree / "lab"), *(p for p in sys.path if p != here)]
        sys.meta_path.insert(0, _Mutated(self))
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        pytest = importlib.import_module("pytest")
        arguments = [*QUIET, "-c", str(self.tree / "pyproject.toml"), f"--rootdir={self.tree}", *map(str, self.tests)]
        return int(pytest.main(arguments))


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, as the trial has it."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None):  # type: ignore[no-untyped-def]
        trial = self._trial
        if fullname != trial.module:
            return None
        return importlib.util.spec_from_file_location(fullname, trial.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._trial.source, str(self._trial.path), "exec"), module.__dict__)


def prepare() -> None:
    """Import what every trial needs, before the first fork."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def ended(child: int, deadline: float) -> End | None:
    """What came of a child; None while it runs. One that is past the deadline is stopped, with all that it started."""
    pid, status, _ = os.wait4(child, os.WNOHANG)
    if pid == 0:
        if time.monotonic() < deadline:
            return None
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return End.OVERTIME
    if os.WIFSIGNALED(status):
        return End.OVERTIME
    return {0: End.SURVIVED, 1: End.KILLED}.get(os.WEXITSTATUS(status), End.BROKEN)


def baseline(trial: Trial) -> float:
    """CPU seconds of the tests without a change. Raises RuntimeError where they fail."""
    child = trial.start(cpu_seconds=900)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(
            f"the tests of {trial.module} fail without any change (status {status}): {[str(t) for t in trial.tests]}"
        )
    return usage.ru_utime + usage.ru_stime
