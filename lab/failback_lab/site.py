"""The whole lab: control plane, vCenter, Azure, and the site's objects; everything ends with its context."""

import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from failback_lab.azure.client import AzureLab
from failback_lab.azure.config import Limits
from failback_lab.azure.roles import FAILBACK_POLICY_WRITER, READER, SITE_RECOVERY_OPERATOR
from failback_lab.kubectl import Kubectl
from failback_lab.kubernetes import ApiServer
from failback_lab.manifests import PLAN_MANIFEST, site_manifest
from failback_lab.pki import LabCa
from failback_lab.process import Child
from failback_lab.scenario import Scenario
from failback_lab.toolchain import LAB, Binaries
from failback_lab.vcenter import VCenter
from failback_lab.workspace import workspace

ROOT = LAB.parent
NAMESPACE = "dr"
OPERATOR_NAMESPACE = "failback-system"
OPERATOR_ACCOUNT = "failback-operator"
# The simulator's jobs take a sixtieth of the service's time, and so does the hour of its budget: the operator looks more often.
# Its limits stay as they are.
OPERATOR_SETTINGS = {
    "FAILBACK_AZURE_LIST_SECONDS": "5",
    "FAILBACK_AZURE_READS_PER_HOUR": "720000",
    "FAILBACK_AZURE_JOB_SECONDS": "1",
    "FAILBACK_AZURE_RETRY_SECONDS": "2",
    "FAILBACK_CREDENTIALS_SECONDS": "5",
    "FAILBACK_REFUSED_RETRY_SECONDS": "5",
    "FAILBACK_INTENT_VALID_SECONDS": "10",
    "FAILBACK_REQUEST_TIMEOUT_SECONDS": "10",
    "FAILBACK_VSPHERE_FOLLOW_SECONDS": "1",
    "FAILBACK_VSPHERE_RETRY_SECONDS": "1",
    "FAILBACK_VSPHERE_RETRY_LIMIT_SECONDS": "5",
    "FAILBACK_VSPHERE_REFUSED_LOGIN_SECONDS": "5",
    "FAILBACK_LOG_FORMAT": "plain",
}


@dataclass(frozen=True, slots=True)
class LabOptions:
    """What may differ between two labs; `speed` is the factor by which the service's durations are shortened."""

    scenario: Path | Scenario = LAB / "scenarios" / "demo.yaml"
    speed: float = 60.0
    record: Path | None = None
    limits: Limits = field(default_factory=Limits)


class Lab:
    """A recovery site on this machine. `directory` holds certificates, kubeconfigs, manifests and logs while it runs."""

    def __init__(self, options: LabOptions, binaries: Binaries) -> None:
        self.options = options
        self.scenario = options.scenario if isinstance(options.scenario, Scenario) else Scenario.load(options.scenario)
        self._binaries = binaries
        self._stack = ExitStack()
        self.directory: Path
        self.api_server: ApiServer
        self.vcenter: VCenter
        self.azure: AzureLab
        self.kubectl: Kubectl

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.directory = stack.enter_context(workspace())
            ca = LabCa(self.directory / "ca")
            self.api_server = stack.enter_context(ApiServer(self.directory / "kubernetes", ca, self._binaries.control_plane))
            self.kubectl = Kubectl(self.api_server.admin_kubeconfig)
            self.vcenter = stack.enter_context(VCenter(self.directory / "vcenter", ca, self._binaries.vcsim, self.scenario))
            self.azure = stack.enter_context(
                AzureLab(
                    self.directory / "azure",
                    ca,
                    self.scenario,
                    self.vcenter,
                    speed=self.options.speed,
                    record=self.options.record,
                    limits=self.options.limits,
                    actions=(*SITE_RECOVERY_OPERATOR, *FAILBACK_POLICY_WRITER, *READER),
                )
            )
            self._install(ca)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @property
    def site_manifest(self) -> Path:
        """The site's objects with this lab's addresses filled in."""
        return self.directory / "site.yaml"

    @property
    def plan_manifest(self) -> Path:
        """A copy of the plan, for the user to edit."""
        return self.directory / "failbackplan.yaml"

    def check(self) -> None:
        """Do nothing while all parts run; raise `ChildDied` for the first that does not."""
        self.api_server.check()
        self.vcenter.check()
        self.azure.check()

    def operator(self, settings: Mapping[str, str] = OPERATOR_SETTINGS) -> Child:
        """The operator as a child process that is not started yet, with the rights of its ServiceAccount and nothing more."""
        kubeconfig = self.api_server.service_account_kubeconfig(OPERATOR_NAMESPACE, OPERATOR_ACCOUNT)
        command: list[str | Path] = [
            Path(sys.executable).with_name("failback-operator"),
            "run",
            "--kubeconfig",
            kubeconfig,
            "--namespace",
            NAMESPACE,
        ]
        return Child("failback-operator", command, log=self.directory / "operator.log", env={**os.environ, **settings})

    def _install(self, ca: LabCa) -> None:
        """What an administrator does once: CRDs, role and account of the operator, the namespace with its secrets."""
        self.kubectl.run("apply", "-k", str(ROOT / "deploy"))
        self.kubectl.run(
            "wait", "--for=condition=Established", "--timeout=30s", "crd", "-l", "app.kubernetes.io/name=failback-operator"
        )
        self.kubectl.run("create", "namespace", NAMESPACE)
        self._put_secret("azure", clientSecret=self.azure.client_secret)
        self._put_secret("vcenter", username=self.vcenter.username, password=self.vcenter.password)
        self.kubectl.run("create", "configmap", "lab-ca", f"--from-file=ca.pem={ca.ca_pem}", "-n", NAMESPACE)
        self.site_manifest.write_text(site_manifest(self.azure, self.vcenter))
        shutil.copy(PLAN_MANIFEST, self.plan_manifest)

    def _put_secret(self, name: str, **values: str) -> None:
        """Through standard input, so that no secret stands in a process list."""
        self.kubectl.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "stringData": values}
        )
