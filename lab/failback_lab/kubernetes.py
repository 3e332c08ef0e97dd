"""The lab's API server: real etcd, kube-apiserver, and the controller manager with two of its controllers."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from failback_lab.kubeconfig import certificate_user, token_user, write_kubeconfig
from failback_lab.pki import LabCa
from failback_lab.process import Child
from failback_lab.rest import ApiError, RestClient
from failback_lab.toolchain import ControlPlane

HOST = "127.0.0.1"
ADMIN_GROUP = "system:masters"
# Relative on purpose: every child runs in the lab's directory, and the path of a socket may have 107 bytes only.
# These are the names of files, which etcd wants to look like host:port even so.
ETCD_SOCKET = "unix://etcd:1"
ETCD_PEER_SOCKET = "unix://etcd:2"
SERVICE_NETWORK = "10.96.0.0/24"
CONTROLLERS = ("garbage-collector-controller", "namespace-controller")
START_TIMEOUT = 60.0
TOKEN_SECONDS = 24 * 3600
# Writes only: the demo and the tests count them; reads would make the file grow by what the watches do. Of the operator's kinds,
# and of no others (Secrets), the log holds what was sent and what was stored, so that a member that was pruned is found out.
WRITES = ["create", "update", "patch", "delete", "deletecollection"]
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "RequestResponse", "verbs": WRITES, "resources": [{"group": "failback.dev"}], "omitManagedFields": True},
        {"level": "Metadata", "verbs": WRITES},
        {"level": "None"},
    ],
}


class ApiServer:
    """A control plane on a free loopback port, with RBAC on and its data in `directory`; ends with this context."""

    def __init__(self, directory: Path, ca: LabCa, binaries: ControlPlane) -> None:
        self.directory = directory
        self.admin_kubeconfig = directory / "admin.kubeconfig"
        self.audit_log = directory / "audit.log"
        self._ca = ca
        self._binaries = binaries
        self._stack = ExitStack()
        self._port = 0
        self._children: list[Child] = []
        self._admin: RestClient | None = None
        self._events: list[dict[str, Any]] = []
        self._events_end = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Where the API server listens."""
        return f"https://{HOST}:{self._port}"

    @property
    def admin(self) -> RestClient:
        """A client with all rights."""
        if self._admin is None:
            raise RuntimeError("the API server was not started")
        return self._admin

    @property
    def pids(self) -> dict[str, int]:
        """The process of each part, by its name."""
        return {child.name: child.pid for child in self._children}

    def check(self) -> None:
        """Do nothing while all parts run; raise `ChildDied` for the first that does not."""
        for child in self._children:
            child.check()

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """A kubeconfig with a fresh token of this service account, which must exist (else `ApiError` 404).

        Source: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
        """
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": TOKEN_SECONDS},
        }
        answer = self.admin.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", request)
        user = token_user(answer["status"]["token"])
        return write_kubeconfig(self.directory / f"{namespace}-{name}.kubeconfig", self.url, self._ca.ca_pem, user, namespace)

    def writes(self, user: str | None = None) -> list[dict[str, Any]]:
        """The audit events of all writes so far (of `user`, if given), oldest first, refused ones included.

        Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
        """
        with self.audit_log.open("rb") as log:
            log.seek(self._events_end)
            for line in log:
                if line.endswith(b"\n"):
                    self._events.append(json.loads(line))
                    self._events_end += len(line)
        return [event for event in self._events if user is None or event["user"]["username"] == user]

    def _start(self, stack: ExitStack) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._port = stack.enter_context(reserved_port())
        client = self._ca.issue_client("lab-admin", ADMIN_GROUP)
        admin = RestClient(self.url, self._ca.ca_pem, client)
        self._admin = admin
        write_kubeconfig(self.admin_kubeconfig, self.url, self._ca.ca_pem, certificate_user(*client))
        self._enter(stack, "etcd", self._etcd_command())
        api_server = self._enter(stack, "kube-apiserver", self._api_server_command())
        api_server.wait_ready(lambda: self._is_ready(admin), START_TIMEOUT)
        self._enter(stack, "kube-controller-manager", self._controller_manager_command())

    def _enter(self, stack: ExitStack, name: str, command: list[str | Path]) -> Child:
        child = Child(name, command, log=self.directory / f"{name}.log", cwd=self.directory)
        self._children.append(stack.enter_context(child))
        return child

    def _is_ready(self, admin: RestClient) -> bool:
        self.check()
        try:
            return admin.text("GET", "/readyz", timeout=2.0) == "ok"
        except ApiError:  # it answers before all its parts are up
            return False

    def _etcd_command(self) -> list[str | Path]:
        return [
            self._binaries.etcd,
            "--data-dir=etcd-data",
            "--unsafe-no-fsync",  # the data is not to outlive the process
            f"--listen-client-urls={ETCD_SOCKET}",
            f"--advertise-client-urls={ETCD_SOCKET}",
            f"--listen-peer-urls={ETCD_PEER_SOCKET}",
            f"--initial-advertise-peer-urls={ETCD_PEER_SOCKET}",
            f"--initial-cluster=default={ETCD_PEER_SOCKET}",
            "--log-level=warn",
        ]

    def _api_server_command(self) -> list[str | Path]:
        chain, key = self._ca.issue(HOST, "localhost", "kubernetes.default.svc")
        _, token_key = self._ca.issue("service-account-tokens")
        policy = self.directory / "audit-policy.json"
        policy.write_text(json.dumps(AUDIT_POLICY))
        return [
            self._binaries.kube_apiserver,
            f"--etcd-servers={ETCD_SOCKET}",
            f"--bind-address={HOST}",
            f"--secure-port={self._port}",
            "--permit-port-sharing=true",  # with the socket that keeps the port for us
            f"--tls-cert-file={chain}",
            f"--tls-private-key-file={key}",
            f"--client-ca-file={self._ca.ca_pem}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={token_key}",
            f"--service-account-signing-key-file={token_key}",
            f"--service-cluster-ip-range={SERVICE_NETWORK}",
            "--endpoint-reconciler-type=none",  # the service `kubernetes` leads nowhere here
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
            "--profiling=false",
        ]

    def _controller_manager_command(self) -> list[str | Path]:
        user = certificate_user(*self._ca.issue_client("system:kube-controller-manager", "failback-lab"))
        path = self.directory / "controller-manager.kubeconfig"
        return [
            self._binaries.kube_controller_manager,
            f"--kubeconfig={write_kubeconfig(path, self.url, self._ca.ca_pem, user)}",
            f"--controllers={','.join(CONTROLLERS)}",
            # Each controller then has the role of its own; the manager's role allows neither to delete anything.
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--secure-port=0",
        ]


@contextmanager
def reserved_port() -> Iterator[int]:
    """A free loopback port that nobody else is given while this context lasts.

    The socket never listens, so all connections go to the child that shares the port.
    Source: https://man7.org/linux/man-pages/man7/socket.7.html, SO_REUSEPORT
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        keeper.bind((HOST, 0))
        port: int = keeper.getsockname()[1]
        yield port
