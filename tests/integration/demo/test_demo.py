"""The demo as a user runs it.

Aspects: every step reached and each operation once; what it prints; kills between intent and recorded job; nothing left behind.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from tests.conftest import DemoRun, run_demo

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
KILLS = 10
# The demo itself, etcd, API server, controller manager, vCenter, Azure, operator.
PROCESSES = 7


@pytest.mark.xdist_group("demo")
def test_eight_machines_come_home_with_each_operation_once(demo_run: DemoRun) -> None:
    assert demo_run.exit_code == 0, demo_run.output[-5000:]
    for shown in ("kubectl apply", "kubectl get fbp", "before-kernel-update", "disk.EnableUUID", "RemoveSnapshots"):
        assert shown in demo_run.output
    machines = re.findall(r"^(\S+)\s+1\s+1\s+1\s+1$", demo_run.output, re.MULTILINE)
    assert len(machines) == 8


@pytest.mark.xdist_group("demo-chaos")
def test_kills_at_seeded_moments_double_nothing(tmp_path: Path) -> None:
    run = run_demo(tmp_path, f"--chaos={KILLS}", "--seed=7")
    assert run.exit_code == 0, run.output[-5000:]
    killed = re.findall(r"^killed after .*$", run.output, re.MULTILINE)
    assert len(killed) == KILLS
    assert sum("(job " in line for line in killed) == KILLS // 2
    assert len(re.findall(r"^\S+\s+1\s+1\s+1\s+1$", run.output, re.MULTILINE)) == 8


@pytest.mark.xdist_group("demo-chaos")
def test_interrupted_it_leaves_nothing_behind(tmp_path: Path) -> None:
    mark = f"FAILBACK_TEST={uuid4()}"
    process = subprocess.Popen(
        [sys.executable, "-m", "failback_lab", "demo"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
        env={**os.environ, "TMPDIR": str(tmp_path), **dict([mark.split("=")])},
    )
    wait_until(lambda: len(marked(mark)) >= PROCESSES)
    assert any(tmp_path.iterdir())
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 128 + signal.SIGINT
    wait_until(lambda: not marked(mark))
    wait_until(lambda: not any(tmp_path.iterdir()))


def wait_until(is_so: Callable[[], bool], timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def marked(mark: str) -> list[int]:
    """Processes that carry the mark in their environment."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in environ.read_bytes():
                found.append(int(environ.parent.name))
    return found
