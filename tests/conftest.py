"""Fixtures of the whole suite: the lab's parts, started once for each session (or worker of pytest-xdist)."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from failback_lab.kubernetes import ApiServer
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.toolchain import Binaries
from failback_lab.vcenter import VCenter
from failback_lab.workspace import workspace

DEMO_SCENARIO = Path(__file__).resolve().parent.parent / "lab" / "scenarios" / "demo.yaml"

settings.register_profile("nightly", max_examples=10_000)


@pytest.fixture(scope="session")
def lab_binaries() -> Binaries:
    """The lab's binaries, each made when it is first asked for (`make test` has made them before)."""
    return Binaries()


@pytest.fixture(scope="session")
def lab_directory() -> Iterator[Path]:
    """A private directory for what the lab writes; removed even if the test run is killed."""
    with workspace() as directory:
        yield directory


@pytest.fixture(scope="session")
def lab_ca(lab_directory: Path) -> LabCa:
    """The CA of all the lab's servers in this session."""
    return LabCa(lab_directory / "ca")


@pytest.fixture(scope="session")
def api_server(lab_directory: Path, lab_ca: LabCa, lab_binaries: Binaries) -> Iterator[ApiServer]:
    """A real API server, shared by the session: each test works in namespaces and with names of its own."""
    with ApiServer(lab_directory / "kubernetes", lab_ca, lab_binaries.control_plane) as server:
        yield server


@pytest.fixture(scope="session")
def demo_scenario() -> Scenario:
    """The demo's site."""
    return Scenario.load(DEMO_SCENARIO)


@pytest.fixture(scope="session")
def vcenter(lab_directory: Path, lab_ca: LabCa, lab_binaries: Binaries, demo_scenario: Scenario) -> Iterator[VCenter]:
    """The demo's vCenter, shared by the session: for tests that only read."""
    with VCenter(lab_directory / "vcenter", lab_ca, lab_binaries.vcsim, demo_scenario) as server:
        yield server


@pytest.fixture
def own_vcenter(lab_ca: LabCa, lab_binaries: Binaries, demo_scenario: Scenario) -> Iterator[VCenter]:
    """The demo's vCenter for one test, which may change what it likes."""
    with workspace() as directory, VCenter(directory / "vcenter", lab_ca, lab_binaries.vcsim, demo_scenario) as server:
        yield server


@dataclass(frozen=True)
class DemoRun:
    """A demo that has ended: its exit code, what it printed, and the file of its traffic with Azure."""

    exit_code: int
    output: str
    record: Path


def run_demo(directory: Path, *arguments: str) -> DemoRun:
    """Run the demo as a user does, with its traffic recorded."""
    record = directory / "pairs.jsonl"
    command = [sys.executable, "-m", "failback_lab", "demo", "--record", str(record), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=840, check=False, stdin=subprocess.DEVNULL)
    return DemoRun(done.returncode, done.stdout + done.stderr, record)


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """One run of the demo, for all tests that look at a whole run (they share the xdist group `demo`)."""
    return run_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def demo_record(demo_run: DemoRun) -> Path:
    """The traffic of the demo's run."""
    assert demo_run.exit_code == 0, demo_run.output[-5000:]
    return demo_run.record


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of an xdist group together.

    pytest-xdist 3.8 tells the group by a suffix of `Item._nodeid`, of which pytest 9.2 knows nothing any more: without this each
    worker would start the servers of every group, and run the demo.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        group = item.get_closest_marker("xdist_group")
        suffix = f"@{group.args[0]}" if group else ""
        if not item.nodeid.endswith(suffix):
            item._id = type(item.id).parse(item.nodeid + suffix)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests of each kind ran and how many were skipped."""
    kinds: Counter[str] = Counter()
    for outcome in ("passed", "failed", "xfailed", "xpassed"):
        kinds.update(report.nodeid.split("/")[1] for report in terminalreporter.getreports(outcome) if report.when == "call")
    skipped = len(terminalreporter.getreports("skipped"))
    by_kind = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    terminalreporter.write_line(f"tests: {sum(kinds.values())} ({by_kind}); skipped: {skipped}")
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties if report.when == "call" else ():
            terminalreporter.write_line(f"{name}: {value}")
