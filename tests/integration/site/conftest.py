"""The operator as a process of its own, with the rights of its ServiceAccount, before the simulated site."""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.integration.round_trips import in_namespace, lost

from failback_lab.azure.client import AzureLab
from failback_lab.kubectl import Kubectl
from failback_lab.kubernetes import ApiServer
from failback_lab.manifests import demo_objects
from failback_lab.pki import LabCa
from failback_lab.process import Child
from failback_lab.scenario import Scenario
from failback_lab.vcenter import VCenter

ROOT = Path(__file__).resolve().parents[3]
SYSTEM = "failback-system"
ACCOUNT = "failback-operator"
USER = f"system:serviceaccount:{SYSTEM}:{ACCOUNT}"
NUMBERS = count(1)
FAST = {
    "FAILBACK_AZURE_LIST_SECONDS": "0.5",
    "FAILBACK_AZURE_READS_PER_HOUR": "1000000",
    "FAILBACK_AZURE_RETRY_SECONDS": "0.5",
    "FAILBACK_VSPHERE_WAIT_SECONDS": "1",
    "FAILBACK_VSPHERE_REFUSED_LOGIN_SECONDS": "1",
    "FAILBACK_CREDENTIALS_SECONDS": "5",
    "FAILBACK_BIND_ADDRESS": "127.0.0.1",
    "FAILBACK_LOG_FORMAT": "plain",
}


@pytest.fixture(scope="session")
def azure(
    tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, demo_scenario: Scenario, vcenter: VCenter
) -> Iterator[AzureLab]:
    """The demo's Azure, which these tests only read."""
    with AzureLab(tmp_path_factory.mktemp("azure"), lab_ca, demo_scenario, vcenter) as lab:
        yield lab


@pytest.fixture(scope="session")
def kubectl(api_server: ApiServer) -> Kubectl:
    """An administrator of a cluster on which `deploy/` is installed."""
    admin = Kubectl(api_server.admin_kubeconfig)
    admin.run("apply", "-k", str(ROOT / "deploy"))
    admin.run("wait", "--for=condition=Established", "--timeout=30s", "crd", "-l", "app.kubernetes.io/name=failback-operator")
    return admin


class SiteUnderTest:
    """A namespace with the demo's site, and operators for it."""

    def __init__(self, kubectl: Kubectl, api_server: ApiServer, azure: AzureLab, vcenter: VCenter) -> None:
        self.kubectl = kubectl
        self.api_server = api_server
        self.azure = azure
        self.vcenter = vcenter
        self.namespace = f"site-{next(NUMBERS)}"
        self.logs: list[Path] = []
        self._stack = ExitStack()
        self._writes_seen = 0

    def __enter__(self) -> "SiteUnderTest":
        self.kubectl.run("create", "namespace", self.namespace)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        # No finalizer may keep the namespace: nothing is in flight at stage Prepared.
        self.kubectl.run("delete", "namespace", self.namespace, "--wait=false")

    def secrets(self, **changed: dict[str, str]) -> None:
        """Put the Secrets and the CA; `azure={}` or `vcenter={}` replace values."""
        azure = {"clientSecret": self.azure.client_secret, **changed.get("azure", {})}
        vcenter = {"username": self.vcenter.username, "password": self.vcenter.password, **changed.get("vcenter", {})}
        self.put("Secret", "azure", stringData=azure)
        self.put("Secret", "vcenter", stringData=vcenter)
        self.put("ConfigMap", "lab-ca", data={"ca.pem": self.azure.ca_pem.read_text()})

    def put(self, kind: str, name: str, **members: Any) -> None:
        self.kubectl.apply({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": self.namespace}, **members})

    def manifests(self) -> dict[str, dict[str, Any]]:
        """The demo's objects by kind and name, in this namespace."""
        found = demo_objects(self.azure, self.vcenter)
        for each in found.values():
            each["metadata"]["namespace"] = self.namespace
        return found

    def apply(self, *names: str, **spec: Any) -> None:
        """Apply these of the demo's objects, or all; `spec` replaces members of each."""
        found = self.manifests()
        self.kubectl.apply(*({**found[name], "spec": {**found[name]["spec"], **spec}} for name in names or found))

    def operator(self, *flags: str, account: tuple[str, str] = (SYSTEM, ACCOUNT), **environment: str) -> Child:
        """Start an operator; for this namespace, unless `flags` say otherwise."""
        log = self.api_server.directory / f"{self.namespace}-operator-{len(self.logs)}.log"
        self.logs.append(log)
        kubeconfig = self.api_server.service_account_kubeconfig(*account)
        program = Path(sys.executable).with_name("failback-operator")
        command = [program, "run", "--kubeconfig", kubeconfig, *(flags or ("--namespace", self.namespace))]
        child = Child("failback-operator", command, log=log, env={**os.environ, **FAST, **environment})
        return self._stack.enter_context(child)

    def status(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.kubectl.get(kind, self.namespace, name).get("status", {})
        return found

    def condition(self, kind: str, name: str, condition: str = "Ready") -> tuple[str, str, str]:
        """Status, reason and message; empty while there is none."""
        found = self.status(kind, name).get("conditions", [])
        return next(((c["status"], c["reason"], c["message"]) for c in found if c["type"] == condition), ("", "", ""))

    def source(self, name: str) -> tuple[str, str, str]:
        """State, reason and message of a source of the site."""
        found = {each["name"]: each for each in self.status("rsite", "tokyo").get("sources", [])}.get(name, {})
        return found.get("state", ""), found.get("reason", ""), found.get("message", "")

    def eventually(self, read: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 60) -> Any:
        """Read until it is as wanted."""
        end = time.monotonic() + seconds
        while True:
            found = read()
            if wanted(found):
                return found
            assert time.monotonic() < end, f"still {found!r} after {seconds} s\n{self.log()[-4000:]}"
            time.sleep(0.3)

    def log(self) -> str:
        return "".join(path.read_text() for path in self.logs if path.exists())

    def writes(self) -> list[str]:
        """The operators' writes since the last call, Leases aside."""
        found = [
            f"{each['verb']} {each['objectRef']['resource']}/{each['objectRef'].get('name', '')}"
            for each in self.api_server.writes(USER)
            if each["objectRef"].get("namespace") == self.namespace
        ]
        fresh, self._writes_seen = found[self._writes_seen :], len(found)
        return fresh


@pytest.fixture
def site(kubectl: Kubectl, api_server: ApiServer, azure: AzureLab, vcenter: VCenter) -> Iterator[SiteUnderTest]:
    """The demo's site in a namespace of its own; no log may hold a traceback or a secret, and statuses are stored as sent."""
    with SiteUnderTest(kubectl, api_server, azure, vcenter) as found:
        yield found
    assert lost(in_namespace(api_server.writes(), found.namespace)) == []
    log = found.log()
    assert "Traceback" not in log
    assert found.azure.client_secret not in log
    assert found.vcenter.password not in log


@pytest.fixture
def free_ports() -> tuple[int, int]:
    """Two ports on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]
