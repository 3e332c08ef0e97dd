"""The real SDKs against the simulated Azure, as the operator uses them."""

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient
from pyVmomi import vim

from failback_lab.azure.client import AzureLab

DEADLINE = 60.0


def credential(azure: AzureLab, secret: str | None = None, tenant: str | None = None, client: str | None = None) -> Any:
    return ClientSecretCredential(
        tenant or azure.tenant_id,
        client or azure.client_id,
        secret or azure.client_secret,
        authority=azure.authority,
        disable_instance_discovery=True,
        connection_verify=str(azure.ca_pem),
    )


def recovery_client(azure: AzureLab, cred: Any | None = None, **kwargs: Any) -> SiteRecoveryManagementClient:
    return SiteRecoveryManagementClient(
        cred or credential(azure),
        azure.subscription_id,
        base_url=azure.base_url,
        credential_scopes=[f"{azure.base_url}/.default"],
        connection_verify=str(azure.ca_pem),
        polling_interval=1,
        **kwargs,
    )


def compute_client(azure: AzureLab) -> ComputeManagementClient:
    return ComputeManagementClient(
        credential(azure),
        azure.subscription_id,
        base_url=azure.base_url,
        credential_scopes=[f"{azure.base_url}/.default"],
        connection_verify=str(azure.ca_pem),
    )


def _single(headers: Any) -> dict[str, str]:
    """The last of headers that come twice."""
    return dict(headers.items())


@dataclass(frozen=True)
class Answer:
    """A raw answer."""

    status: int
    headers: dict[str, str]
    body: Any


class Vault:
    """One vault through the SDK, and raw where the wire itself is the point."""

    def __init__(self, azure: AzureLab, **kwargs: Any) -> None:
        self.azure = azure
        self.group = azure.scenario.vault.resource_group
        self.name = azure.scenario.vault.name
        self.credential = credential(azure)
        self.sdk = recovery_client(azure, self.credential, **kwargs)
        fabric = next(iter(self.sdk.replication_fabrics.list(self.group, self.name)))
        container = next(iter(self.sdk.replication_protection_containers.list(self.group, self.name)))
        self.fabric, self.container = fabric.name, container.name
        self.ids = {i.properties.friendly_name: i.name for i in self.items()}

    @property
    def path(self) -> str:
        return (
            f"/subscriptions/{self.azure.subscription_id}/resourceGroups/{self.group}"
            f"/providers/Microsoft.RecoveryServices/vaults/{self.name}"
        )

    @property
    def container_path(self) -> str:
        return f"{self.path}/replicationFabrics/{self.fabric}/replicationProtectionContainers/{self.container}"

    def items(self) -> list[Any]:
        return list(self.sdk.replication_protected_items.list(self.group, self.name))

    def place(self, machine: str) -> tuple[str, str, str, str, str]:
        return self.group, self.name, self.fabric, self.container, self.ids[machine]

    def item(self, machine: str) -> Any:
        return self.sdk.replication_protected_items.get(*self.place(machine))

    def item_path(self, machine: str) -> str:
        return f"{self.container_path}/replicationProtectedItems/{self.ids[machine]}"

    def custom_details(self) -> Any:
        return self.sdk.replication_fabrics.get(self.group, self.name, self.fabric).properties.custom_details

    def target(self, name: str) -> Any:
        return next(t for t in self.custom_details().master_target_servers if t.name == name)

    def server(self, name: str) -> Any:
        return next(s for s in self.custom_details().process_servers if s.friendly_name == name)

    def job(self, name: str) -> Any:
        return self.sdk.replication_jobs.get(self.group, self.name, name)

    def jobs(self, filter_text: str | None = None) -> list[Any]:
        return list(self.sdk.replication_jobs.list(self.group, self.name, filter=filter_text))

    def policy_id(self, name: str) -> str:
        return str(self.sdk.replication_policies.get(self.group, self.name, name).id)

    def to_site(self, target: str = "mt-win-1", drive: str = "R", server: str = "ps-azure-1") -> dict[str, Any]:
        """Body of a reprotect towards the site."""
        details = {
            "instanceType": "InMage",
            "masterTargetId": self.target(target).id,
            "processServerId": self.server(server).id,
            "retentionDrive": drive,
            "profileId": self.policy_id("policy-24h-failback"),
            "runAsAccountId": "1",
            "datastoreName": "vmfs-prod-1",
            "diskExclusionInput": {"volumeOptions": [{"volumeLabel": "Temporary Storage", "onlyExcludeIfSingleVolume": "Yes"}]},
        }
        return {"properties": {"failoverDirection": "RecoveryToPrimary", "providerSpecificDetails": details}}

    def to_azure(self, server: str = "ps-onprem-1") -> dict[str, Any]:
        """Body of a reprotect towards Azure."""
        details = {
            "instanceType": "InMageAzureV2",
            "masterTargetId": self.server(server).id,
            "processServerId": self.server(server).id,
            "runAsAccountId": "1",
            "policyId": self.policy_id("policy-24h"),
        }
        return {"properties": {"failoverDirection": "RecoveryToPrimary", "providerSpecificDetails": details}}

    @staticmethod
    def failover(provider: str, **details: Any) -> dict[str, Any]:
        """Body of a failover in either direction."""
        return {
            "properties": {
                "failoverDirection": "PrimaryToRecovery",
                "sourceSiteOperations": "Required",
                "providerSpecificDetails": {"instanceType": provider, **details},
            }
        }

    def post(self, machine: str, operation: str, body: Any = None) -> Answer:
        return self.raw("POST", f"{self.item_path(machine)}/{operation}", body)

    def run(self, machine: str, operation: str, body: Any = None) -> Any:
        """Post an operation that is accepted and follow its job to the end."""
        answer = self.post(machine, operation, body)
        assert answer.status == 202, answer
        return self.ended(answer.headers["x-ms-request-id"].rsplit("/", 1)[-1])

    def ended(self, job: str) -> Any:
        return wait(lambda: self.job(job), lambda j: j.properties.state not in {"NotStarted", "InProgress"})

    def wait_state(self, machine: str, state: str = "Protected") -> Any:
        return wait(lambda: self.item(machine), lambda i: i.properties.protection_state == state)

    def reprotected(self, machine: str, **choice: str) -> Any:
        """Bring a failed-over machine to S5."""
        job = self.run(machine, "reProtect", self.to_site(**choice))
        assert job.properties.state == "Succeeded", codes(job)
        return self.wait_state(machine)

    def raw(self, method: str, path: str, body: Any = None, *, token: str | None = "own", version: bool = True) -> Answer:
        """A request without the SDK."""
        url = path if path.startswith("https:") else f"{self.azure.base_url}{path}"
        if version and "api-version" not in url:
            url += ("&" if "?" in url else "?") + "api-version=2025-08-01"
        if token == "own":
            token = self.credential.get_token(f"{self.azure.base_url}/.default").token
        return send(self.azure, method, url, body, {"Authorization": f"Bearer {token}"} if token else {})


def send(azure: AzureLab, method: str, url: str, body: Any, headers: dict[str, str]) -> Answer:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    context = ssl.create_default_context(cafile=str(azure.ca_pem))
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return _answer(answer)
    except urllib.error.HTTPError as error:
        return _answer(error)


def _answer(answer: Any) -> Answer:
    content = answer.read()
    return Answer(answer.status, _single(answer.headers), json.loads(content) if content else None)


def codes(job: Any) -> list[str]:
    return [e.service_error_details.code for e in job.properties.errors]


def wait(look: Callable[[], Any], ready: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + DEADLINE
    while True:
        seen = look()
        if ready(seen):
            return seen
        assert time.monotonic() < deadline, f"not in {DEADLINE} s: {seen}"
        time.sleep(0.1)


def disks(site: Any, machine: str) -> int:
    """How many disks hang on a machine in vCenter."""
    devices = site.vm(machine).config.hardware.device
    return sum(isinstance(d, vim.vm.device.VirtualDisk) for d in devices)


def child_codes(vault: Vault, job: Any) -> list[str]:
    """Codes of the child job that did the work."""
    child = job.properties.tasks[-1].group_task_custom_details.child_tasks[0].custom_details.job_task
    return codes(vault.job(child.job_id.rsplit("/", 1)[-1]))


def refused(vault: Vault, machine: str = "crm-1", **choice: str) -> list[str]:
    """Codes of a reprotect that fails and leaves the item as it was."""
    job = vault.run(machine, "reProtect", vault.to_site(**choice))
    assert job.properties.state == "Failed"
    assert vault.item(machine).properties.allowed_operations[-1] == "SwitchProtection"
    return child_codes(vault, job)
