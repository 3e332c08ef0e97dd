"""The API server with our CRDs and role installed as `deploy/` ships them."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from tests.integration.round_trips import in_namespace, lost

from failback_lab.kubectl import Kubectl
from failback_lab.kubernetes import ApiServer
from failback_operator.runtime.kube import KubeClient
from failback_operator.runtime.login import connection

ROOT = Path(__file__).resolve().parents[3]
SYSTEM = "failback-system"
ACCOUNT = "failback-operator"
USER = f"system:serviceaccount:{SYSTEM}:{ACCOUNT}"
NUMBERS = count(1)


@dataclass(frozen=True)
class Told:
    """What kubectl did: its exit code and both streams."""

    code: int
    out: str
    err: str


def told(kubectl: Kubectl, *arguments: str, stdin: str | None = None) -> Told:
    """Run kubectl, whatever comes of it."""
    program = Path(sys.executable).with_name("kubectl")
    command = [str(program), f"--kubeconfig={kubectl.kubeconfig}", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def kubectl(api_server: ApiServer) -> Kubectl:
    """An administrator."""
    return Kubectl(api_server.admin_kubeconfig)


@pytest.fixture(scope="session")
def installed(kubectl: Kubectl) -> Kubectl:
    """The administrator, after `kubectl apply -k deploy`."""
    kubectl.run("apply", "-k", str(ROOT / "deploy"))
    kubectl.run("wait", "--for=condition=Established", "--timeout=30s", "crd", "-l", "app.kubernetes.io/name=failback-operator")
    return kubectl


@pytest.fixture
def namespace(installed: Kubectl, api_server: ApiServer) -> Iterator[str]:
    """A namespace of this test's own; at the end all that the operator's client wrote there must be stored as it was sent."""
    name = f"test-{next(NUMBERS)}"
    installed.run("create", "namespace", name)
    yield name
    installed.run("delete", "namespace", name, "--wait=false")
    assert lost(in_namespace(api_server.writes(), name)) == []


@pytest.fixture
async def client(api_server: ApiServer, installed: Kubectl) -> AsyncIterator[KubeClient]:
    """The operator's client, with the operator's rights and nothing more."""
    kubeconfig = api_server.service_account_kubeconfig(SYSTEM, ACCOUNT)
    made = KubeClient(partial(connection, str(kubeconfig)), 10.0)
    yield made
    await made.close()


@pytest.fixture
def writes(api_server: ApiServer) -> Callable[[], int]:
    """Counts the operator's writes, Leases aside, since the last call."""
    seen = 0

    def new() -> int:
        nonlocal seen
        all_writes = [each for each in api_server.writes(USER) if each["objectRef"]["resource"] != "leases"]
        fresh, seen = len(all_writes) - seen, len(all_writes)
        return fresh

    new()
    return new
