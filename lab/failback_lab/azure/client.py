"""Starts the Azure simulator as a child process and talks to its control endpoints."""

import json
import secrets
import ssl
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import NAMESPACE_DNS, uuid5

from failback_lab.pki import LabCa, write_private
from failback_lab.process import Child
from failback_lab.scenario import Scenario
from failback_lab.vcenter import CONFIGURATION_SERVER_USER, VCenter

from .config import FederatedCredential, LabConfig, Principal, VCenterAccess

READY_SECONDS = 60
HOST = "localhost"
REGIONAL_HOST = "127.0.0.1"


class LabRequestError(Exception):
    """A control endpoint refused a request."""


class AzureLab:
    """The lab's Azure. `actions` are what the operator's roles give it; `settings` members of LabConfig, such as `limits`."""

    def __init__(
        self,
        directory: Path,
        ca: LabCa,
        scenario: Scenario,
        vcenter: VCenter | None,
        *,
        speed: float = 60.0,
        record: Path | None = None,
        federated: tuple[FederatedCredential, ...] = (),
        actions: tuple[str, ...] = ("*",),
        **settings: Any,
    ) -> None:
        self.tenant_id = str(uuid5(NAMESPACE_DNS, f"tenant.{scenario.name}.lab.failback.dev"))
        self.client_id = str(uuid5(NAMESPACE_DNS, f"client.{scenario.name}.lab.failback.dev"))
        self.subscription_id = str(uuid5(NAMESPACE_DNS, f"subscription.{scenario.name}.lab.failback.dev"))
        self.client_secret = secrets.token_urlsafe(24)
        self.ca_pem = ca.ca_pem
        self.scenario = scenario
        self.record = record
        self.port = 0
        self._directory = directory
        self._token = secrets.token_urlsafe(24)
        self._ca = ca
        self._vcenter = vcenter
        self._federated = federated
        self._actions = actions
        self._settings: dict[str, Any] = {"speed": speed, "record": record, **settings}
        self._child: Child | None = None

    @property
    def base_url(self) -> str:
        """Resource Manager's URL, which is also a good audience of tokens."""
        return f"https://{HOST}:{self.port}"

    @property
    def authority(self) -> str:
        """Entra ID's URL, without tenant."""
        return self.base_url

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        config, ready = self._directory / "config.json", self._directory / "ready"
        ready.unlink(missing_ok=True)
        config.unlink(missing_ok=True)
        write_private(config, self._config(ready).model_dump_json().encode())
        command: list[str | Path] = [sys.executable, "-m", "failback_lab.azure", "--config", config]
        self._child = Child("azure", command, log=self._directory / "azure.log")
        self._child.start()
        try:
            self._child.wait_ready(lambda: bool(ready.exists() and ready.read_text()), READY_SECONDS)
            self.port = int(ready.read_text())
        except BaseException:
            self._child.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._child is not None:
            self._child.stop()

    def check(self) -> None:
        """Raises ChildDied when the simulator has ended."""
        if self._child is not None:
            self._child.check()

    def _config(self, ready: Path) -> LabConfig:
        scenario = self._directory / "scenario.json"
        scenario.write_text(self.scenario.model_dump_json(), encoding="utf-8")
        certificate, key = self._ca.issue(HOST, REGIONAL_HOST)
        principal = Principal(
            client_id=self.client_id,
            object_id=str(uuid5(NAMESPACE_DNS, f"object.{self.client_id}")),
            secrets=(self.client_secret,),
            federated=self._federated,
            actions=self._actions,
        )
        access = None
        if self._vcenter is not None:
            access = VCenterAccess(
                host=self._vcenter.host,
                port=self._vcenter.port,
                username=CONFIGURATION_SERVER_USER,
                password=self._vcenter.passwords[CONFIGURATION_SERVER_USER],
                ca_pem=self._vcenter.ca_pem,
            )
        return LabConfig(
            scenario=scenario,
            host=HOST,
            regional_host=REGIONAL_HOST,
            certificate=certificate,
            key=key,
            tenant_id=self.tenant_id,
            subscription_id=self.subscription_id,
            principals=(principal,),
            lab_token=self._token,
            ready_file=ready,
            vcenter=access,
            **self._settings,
        )

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        """Requests after number `since`: time, method, path, operation, item, direction, job, status, fault, accepted."""
        entries: list[dict[str, Any]] = self._request("GET", f"log?since={since}")
        return entries

    def counts(self) -> dict[str, Any]:
        """`calls` by operation, and accepted `operations` by machine, keyed as `reProtect/InMage`."""
        counts: dict[str, Any] = self._request("GET", "counts")
        return counts

    def state(self) -> dict[str, Any]:
        """The vault in a few words: items, vms, nics, masterTargets, jobs."""
        state: dict[str, Any] = self._request("GET", "state")
        return state

    def fault(self, **rule: Any) -> None:
        """Arm a fault: members of FaultRule, `kind="throttle", path="replicationJobs", nth=2, retry_after=1`."""
        self._request("POST", "fault", rule)

    def clear_faults(self) -> None:
        """Disarm all faults and outcomes."""
        self._request("POST", "clear-faults", {})

    def outcome(self, scenario: str, state: str, **wish: Any) -> None:
        """Decide how the next job of `scenario` ends: item, task, description, code, message, causes, action, count."""
        self._request("POST", "outcome", {"scenario": scenario, "state": state, **wish})

    def set(self, kind: str, name: str, path: str, value: Any) -> None:
        """Change the world (`vm`, `crm-1-az`, `power`) or what is answered (`item`, `crm-1`, `properties.replicationHealth`)."""
        self._request("POST", "set", {"kind": kind, "name": name, "path": path, "value": value})

    def clear_sets(self) -> None:
        """Answer the truth again; changes of the world stay."""
        self._request("POST", "clear-sets", {})

    def undo(self) -> None:
        """Put back all that was set, denied, rotated or armed; what operations did stays."""
        self._request("POST", "undo", {})

    def deny(self, *actions: str) -> None:
        """Deny the operator's principal these actions (`*` allowed) instead of those before."""
        self._request("POST", "principal", {"client_id": self.client_id, "denied_actions": list(actions)})

    def rotate_secret(self, *valid: str) -> None:
        """Make these the only valid secrets."""
        self._request("POST", "principal", {"client_id": self.client_id, "secrets": list(valid)})

    def expire_tokens(self) -> None:
        """Revoke all tokens; Resource Manager answers with a claims challenge."""
        self._request("POST", "expire-tokens", {})

    def discover(self) -> None:
        """Let the configuration server read its master targets now."""
        self._request("POST", "discover", {})

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base_url}/_lab/{path}", data, method=method)
        request.add_header("X-Lab-Token", self._token)
        request.add_header("Content-Type", "application/json")
        context = ssl.create_default_context(cafile=str(self.ca_pem))
        try:
            with urllib.request.urlopen(request, context=context, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise LabRequestError(f"{path}: {error.read().decode()}") from error
