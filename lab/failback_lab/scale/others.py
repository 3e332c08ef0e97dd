"""Other ways to read the same: one question for each machine and fact, and govc."""

import json
import os
import resource
import ssl
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from failback_lab.azure.client import AzureLab
from failback_lab.vcenter import VCenter

LEAVES = (
    "name",
    "config.uuid",
    "config.instanceUuid",
    "config.template",
    "config.guestId",
    "config.files.vmPathName",
    "config.extraConfig",
    "config.hardware.device",
    "config.hardware.memoryMB",
    "guest.toolsRunningStatus",
    "guest.guestState",
    "guest.hostName",
    "guest.ipAddress",
    "guest.disk",
    "runtime.host",
    "runtime.powerState",
    "runtime.connectionState",
    "summary.runtime.bootTime",
    "snapshot",
    "datastore",
)
"""Properties of a VM, as many and of the kind that the operator reads."""
COMPUTE = "2024-07-01"
SITE_RECOVERY = "2025-08-01"
NETWORK = "2021-02-01"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a read took. `machines`: of so many; the rest is extrapolated."""

    machines: int
    requests: int
    seconds: float
    cpu_seconds: float

    def for_all(self, machines: int) -> dict[str, float]:
        """The same for `machines`."""
        share = machines / self.machines
        return {
            "machines_read": self.machines,
            "requests": round(self.requests * share),
            "seconds": round(self.seconds * share, 2),
            "cpu_seconds": round(self.cpu_seconds * share, 2),
        }


def attribute_by_attribute(vcenter: VCenter, names: set[str]) -> Cost:
    """As scripts over pyvmomi do: `vm.a.b` is a request for each attribute of each machine."""
    context = ssl.create_default_context(cafile=str(vcenter.ca_pem))
    service = SmartConnect(host=vcenter.host, port=vcenter.port, user=vcenter.username, pwd=vcenter.password, sslContext=context)
    try:
        content = service.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], recursive=True)
        machines = [vm for vm in view.view if vm.name in names]

        def read() -> None:
            for vm in machines:
                for path in LEAVES:
                    _attribute(vm, path)

        return _measured(vcenter, len(machines), read)
    finally:
        Disconnect(service)


def _attribute(vm: Any, path: str) -> object:
    found = vm
    for part in path.split("."):
        if found is None:
            return None
        # Unset, or of a kind that pyvmomi cannot read: scripts take it for absent.
        found = getattr(found, part, None)
    return found


def with_govc(vcenter: VCenter, govc: Path, machines: int) -> Cost:
    """`govc collect` of the same properties of all VMs; it has to parse and print all of them."""
    environment = {
        **os.environ,
        "GOVC_URL": f"https://{vcenter.host}:{vcenter.port}/sdk",
        "GOVC_USERNAME": vcenter.username,
        "GOVC_PASSWORD": vcenter.password,
        "GOVC_TLS_CA_CERTS": str(vcenter.ca_pem),
        "GOVC_PERSIST_SESSION": "false",
    }
    command = [str(govc), "object.collect", "-json", "-type", "m", "/", *LEAVES]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    def read() -> None:
        done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"govc: {done.stderr.decode()[:500]}")

    cost = _measured(vcenter, machines, read)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(machines, cost.requests, cost.seconds, used)


def _measured(vcenter: VCenter, machines: int, read: Callable[[], None]) -> Cost:
    """The calls are those that the simulator counts meanwhile; other clients rest."""
    before, wall, cpu = sum(vcenter.control.stats().values()), time.monotonic(), time.process_time()
    read()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return Cost(machines, sum(vcenter.control.stats().values()) - before, wall, cpu)


def machine_by_machine(azure: AzureLab, names: list[str], fabric_path: str) -> Cost:
    """As the vendor's PowerShell does for each machine: the item, the Azure VM with its status, the network interface."""
    context = ssl.create_default_context(cafile=str(azure.ca_pem))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    token = _token(azure, opener)

    def get(url: str) -> dict[str, Any]:
        request = urllib.request.Request(url)
        request.add_header("Authorization", f"Bearer {token}")
        with opener.open(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    base = azure.base_url
    ids = _item_ids(get, base, fabric_path)
    wall, cpu, requests = time.monotonic(), time.process_time(), 0
    for name in names:
        item = get(f"{base}{ids[name]}?api-version={SITE_RECOVERY}")
        vm_id = item["properties"]["providerSpecificDetails"]["targetVmId"]
        vm = get(f"{base}{vm_id}?api-version={COMPUTE}&$expand=instanceView")
        nic_id = vm["properties"]["networkProfile"]["networkInterfaces"][0]["id"]
        get(f"{base}{nic_id}?api-version={NETWORK}")
        requests += 3
    return Cost(len(names), requests, time.monotonic() - wall, time.process_time() - cpu)


def _item_ids(get: Callable[[str], dict[str, Any]], base: str, fabric_path: str) -> dict[str, str]:
    """The items' ids by name, from all pages."""
    found: dict[str, str] = {}
    for container in get(f"{base}{fabric_path}/replicationProtectionContainers?api-version={SITE_RECOVERY}")["value"]:
        url: str | None = f"{base}{container['id']}/replicationProtectedItems?api-version={SITE_RECOVERY}"
        while url:
            page = get(url)
            found |= {each["properties"]["friendlyName"]: each["id"] for each in page["value"]}
            url = page["nextLink"]
    return found


def _token(azure: AzureLab, opener: urllib.request.OpenerDirector) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": azure.client_id,
        "client_secret": azure.client_secret,
        "scope": f"{azure.base_url}/.default",
    }
    url = f"{azure.authority}/{azure.tenant_id}/oauth2/v2.0/token"
    with opener.open(url, urllib.parse.urlencode(form).encode(), timeout=30) as answer:
        return str(json.load(answer)["access_token"])
