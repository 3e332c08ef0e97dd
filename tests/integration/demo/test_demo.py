"""The demo as a user runs it.

Aspects: every step reached and each operation once; what it prints; kills between intent and recorded job; nothing left behind.
"""

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.conftest import DemoRun, run_demo

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
KILLS = 10


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
def test_interrupted_it_leaves_nothing_behind() -> None:
    before = remains()
    process = subprocess.Popen(
        [sys.executable, "-m", "failback_lab", "demo"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
    )
    deadline = time.monotonic() + 60
    while len(remains() - before) < 1 and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(5)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 128 + signal.SIGINT
    while remains() - before and time.monotonic() < deadline + 30:
        time.sleep(0.2)
    assert not children_of(process.pid)
    assert not remains() - before


def remains() -> set[str]:
    """Temporary directories of labs, and of the vCenter simulator's datastores."""
    root = Path(tempfile.gettempdir())
    return {path.name for pattern in ("failback-lab-*", "govcsim-*") for path in root.glob(pattern)}


def children_of(pid: int) -> list[str]:
    """Processes that the process group of `pid` still has."""
    listed = subprocess.run(["ps", "-eo", "ppid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.split()[0] == str(pid)]
