"""The lab's vCenter: govmomi's simulator with the lab's additions (lab/vcenter), started and controlled from here."""

import json
import secrets
import ssl
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http.client import HTTPSConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from failback_lab.pki import LabCa, write_private
from failback_lab.process import Child, ChildDied
from failback_lab.scenario import Scenario
from failback_lab.vcenter_inventory import inventory

HOST = "127.0.0.1"
OPERATOR_USER = "operator@vsphere.local"
CONFIGURATION_SERVER_USER = "asr-cs@vsphere.local"
ADMINISTRATOR = "administrator@vsphere.local"
"""A person."""
TOKEN_HEADER = "X-Lab-Token"  # noqa: S105  the name of a header
START_TIMEOUT = 60.0
CONTROL_TIMEOUT = 30.0
CALLS_NAMED = 3

When = Literal["before", "task", "after", "drop", "status", "slow"]


class ControlError(Exception):
    """The control endpoint refused a command; carries the HTTP status and what it said."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class VCenterDied(ChildDied):
    """The simulator ended by itself; names the SOAP calls that it began last, since some of them end it."""

    def __init__(self, death: ChildDied, last_calls: Sequence[str]) -> None:
        lines = ["its last SOAP calls:", *(last_calls or ["none"]), "its log:", *death.log_lines]
        super().__init__(death.name, death.exit_code, lines)
        self.last_calls = tuple(last_calls)


class Control:
    """Client of the simulator's control endpoint; each method is one command of `/ctl/` (lab/vcenter/README.md)."""

    def __init__(self, port: int, tls: ssl.SSLContext, token: str) -> None:
        self._port = port
        self._tls = tls
        self._token = token

    def set(self, kind: str, name: str, path: str, value: Any) -> None:
        """Change one property of the object of type `kind` with this name or reference value; None unsets it."""
        self._send("set", {"kind": kind, "name": name, "path": path, "value": value})

    def get(self, kind: str, name: str, path: str) -> Any:
        """One property in the form that `set` takes; None where it is unset."""
        return self._send("get", {"kind": kind, "name": name, "path": path})

    def event(self, kind: str, machine: str, user: str, task: str = "") -> None:
        """Tell an event of a machine (`VmPoweredOnEvent`), in the name of a user, though nothing happened; until `undo`.

        A TaskEvent tells `task` (`VirtualMachine.createSnapshot`).
        """
        self._send("event", {"kind": kind, "name": machine, "user": user, "path": task})

    def conceal(self, kind: str, name: str, path: str, user: str = OPERATOR_USER) -> None:
        """Let `user` no longer read this property of this object (missingSet, NoPermission)."""
        self._send("conceal", {"kind": kind, "name": name, "path": path, "user": user})

    def undo(self) -> None:
        """Give back every property that `set` has changed since the last `undo`, with what followed; end all else begun here."""
        self._send("undo", {})

    def expire_sessions(self) -> int:
        """End every session; returns how many there were."""
        ended: int = self._send("expire", {})["ended"]
        return ended

    def fault(
        self,
        method: str,
        when: When,
        *,
        fault: Mapping[str, Any] | None = None,
        kind: str = "",
        name: str = "",
        user: str = "",
        **numbers: int,
    ) -> None:
        """Strike calls of `method` (of this user, on this object): `count` times (default once, 0 for ever) after `skip`.

        `fault` has `_typeName` and the fault's members; `numbers` are count, skip, delayMs and status.
        """
        rule: dict[str, Any] = {"method": method, "when": when, "kind": kind, "name": name, "user": user, "count": 1} | numbers
        if fault is not None:
            rule["fault"] = dict(fault)
        self._send("fault", rule)

    def clear_faults(self) -> None:
        """Drop every rule."""
        self._send("clearfaults", {})

    def delay(
        self, delay_ms: int = 0, *, methods: Mapping[str, int] | None = None, tasks: Mapping[str, int] | None = None
    ) -> None:
        """Wait before every call, before calls of SOAP methods, and before tasks begin (by task name, `PowerOff`)."""
        self._send("delay", {"delay": delay_ms, "methods": dict(methods or {}), "tasks": dict(tasks or {})})

    def missing_privileges(self, privileges: Sequence[str], user: str = "", *, kind: str = "", name: str = "") -> None:
        """Let `user` (every user, without one) lack exactly these privileges, everywhere or on one object."""
        self._send("missing", {"privileges": list(privileges), "user": user, "kind": kind, "name": name})

    def leave_deltas(self, machine: str) -> None:
        """Let the next removal of a snapshot of the machine leave its delta files and ask for a consolidation."""
        self._send("leavedeltas", {"name": machine})

    def stats(self, *, reset: bool = False) -> dict[str, int]:
        """SOAP calls by method since the start or the last reset."""
        counts: dict[str, int] = self._send("stats", {"reset": reset})
        return counts

    def _send(self, command: str, body: Mapping[str, Any]) -> Any:
        connection = HTTPSConnection(HOST, self._port, timeout=CONTROL_TIMEOUT, context=self._tls)
        try:
            headers = {TOKEN_HEADER: self._token, "Content-Type": "application/json"}
            connection.request("POST", f"/ctl/{command}", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise ControlError(answer.status, text.strip())
        return json.loads(text)


class VCenter:
    """The simulated vCenter of a scenario, on a free loopback port; ends with this context."""

    def __init__(self, directory: Path, ca: LabCa, binary: Path, scenario: Scenario) -> None:
        self.host = HOST
        self.port = 0
        self.ca_pem = ca.ca_pem
        self.scenario = scenario
        self.username = OPERATOR_USER
        self.passwords = {user: secrets.token_urlsafe(18) for user in (OPERATOR_USER, CONFIGURATION_SERVER_USER, ADMINISTRATOR)}
        self.token = secrets.token_urlsafe(24)
        self.session_timeout: timedelta | None = None
        """Idle time after which a session ends, read at the start; None for never."""
        self.tools_delay = timedelta(seconds=1)
        """From power-on until VMware Tools report, read at the start."""
        self._ca = ca
        self._binary = binary
        self._directory = directory
        self._child: Child | None = None
        self._control: Control | None = None

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._child = Child("vcenter", self._command(), log=self._directory / "vcenter.log", env=self._environment())
        self._child.start()
        try:
            self._child.wait_ready(self._ready_file.exists, START_TIMEOUT)
            self.port = int(json.loads(self._ready_file.read_text())["port"])
            self._control = Control(self.port, ssl.create_default_context(cafile=str(self.ca_pem)), self.token)
        except BaseException:
            self._child.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._child is not None:
            self._child.stop()

    @property
    def password(self) -> str:
        """The password of `username`."""
        return self.passwords[self.username]

    @property
    def control(self) -> Control:
        """Client of the control endpoint."""
        if self._control is None:
            raise RuntimeError("the vCenter simulator was not started")
        return self._control

    @property
    def pid(self) -> int:
        """The simulator's process."""
        return self._running().pid

    @property
    def is_alive(self) -> bool:
        """Whether the simulator runs."""
        return self._child is not None and self._child.is_alive

    def last_calls(self) -> list[str]:
        """The SOAP calls that the simulator began last, newest last: number, time, method, object."""
        if not self._record.exists():
            return []
        lines = self._record.read_text(errors="replace").splitlines()
        return sorted(line.rstrip() for line in lines if line.strip("\0 "))

    def check(self) -> None:
        """Do nothing while the simulator runs; raise `VCenterDied`, which names its last calls, when it has ended."""
        try:
            self._running().check()
        except ChildDied as death:
            raise VCenterDied(death, self.last_calls()[-CALLS_NAMED:]) from death

    @property
    def _ready_file(self) -> Path:
        return self._directory / "ready.json"

    @property
    def _record(self) -> Path:
        return self._directory / "last-calls"

    def _running(self) -> Child:
        if self._child is None:
            raise RuntimeError("the vCenter simulator was not started")
        return self._child

    def _environment(self) -> dict[str, str]:
        # Its datastores are temporary directories; here they go with the lab's own.
        return {"TMPDIR": str(self._directory), "HOME": str(self._directory)}

    def _command(self) -> list[str | Path]:
        self._ready_file.unlink(missing_ok=True)
        scenario, private = self._directory / "inventory.json", self._directory / "secrets.json"
        scenario.write_text(json.dumps(inventory(self.scenario)), encoding="utf-8")
        private.unlink(missing_ok=True)
        write_private(private, json.dumps({"users": self.passwords, "token": self.token}).encode())
        certificate, key = self._ca.issue(HOST, "localhost", self.scenario.vcenter.address)
        command: list[str | Path] = [self._binary, "-listen", f"{HOST}:{self.port}", "-cert", certificate, "-key", key]
        command += ["-scenario", scenario, "-secrets", private, "-ready", self._ready_file, "-record", self._record]
        command += ["-tools-delay", f"{self.tools_delay.total_seconds()}s"]
        if self.session_timeout is not None:
            command += ["-session-timeout", f"{self.session_timeout.total_seconds()}s"]
        return command
