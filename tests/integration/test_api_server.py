"""The lab's API server is a real one: rights, tokens, ownership, the end of namespaces, and its own end."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from failback_lab.kubernetes import ApiServer
from failback_lab.pki import LabCa
from failback_lab.process import ChildDied
from failback_lab.rest import ApiError, RestClient
from failback_lab.toolchain import Binaries

pytestmark = pytest.mark.lab

KUBECTL = Path(sys.executable).with_name("kubectl")
# A second lab, to be ended from outside: prints its processes and its directory.
LAB = """
import json, signal, time
from failback_lab.kubernetes import ApiServer
from failback_lab.pki import LabCa
from failback_lab.process import sigterm_as_exit
from failback_lab.toolchain import Binaries
from failback_lab.workspace import workspace
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits "ignored"
with sigterm_as_exit(), workspace() as directory:
    with ApiServer(directory / "k", LabCa(directory / "ca"), Binaries().control_plane) as api:
        print(json.dumps([*api.pids.values()]), directory, flush=True)
        time.sleep(120)
"""


def eventually(claim: Callable[[], bool], seconds: float = 90.0) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_gone(admin: RestClient, path: str) -> bool:
    try:
        admin.request("GET", path)
    except ApiError as error:
        return error.status == 404
    return False


def kubectl(kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": str(kubeconfig.parent)}
    command = [KUBECTL, f"--kubeconfig={kubeconfig}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def config_map(name: str, owner: dict[str, object] | None = None) -> dict[str, object]:
    references = [] if owner is None else [owner]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": references}}


@pytest.fixture
def namespace(api_server: ApiServer) -> Iterator[str]:
    name = f"test-{uuid4().hex[:10]}"
    api_server.admin.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    if not is_gone(api_server.admin, f"/api/v1/namespaces/{name}"):
        api_server.admin.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def robot(api_server: ApiServer, namespace: str) -> Path:
    """Kubeconfig of the service account `robot`, which has no rights yet."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    api_server.admin.request("POST", path, {"metadata": {"name": "robot"}})
    return api_server.service_account_kubeconfig(namespace, "robot")


class TestRights:
    def test_service_account_without_a_role_is_known_and_refused(self, robot: Path, namespace: str) -> None:
        done = kubectl(robot, "get", "configmaps")
        assert done.returncode != 0
        assert f'User "system:serviceaccount:{namespace}:robot" cannot list resource "configmaps"' in done.stderr

    def test_role_gives_just_what_it_says(self, api_server: ApiServer, robot: Path, namespace: str) -> None:
        rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
        rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
        api_server.admin.request("POST", f"{rbac}/roles", {"metadata": {"name": "reader"}, "rules": rules})
        binding = {
            "metadata": {"name": "reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": namespace}],
        }
        api_server.admin.request("POST", f"{rbac}/rolebindings", binding)
        assert eventually(lambda: kubectl(robot, "get", "configmaps").returncode == 0)
        refused = kubectl(robot, "create", "configmap", "mine")
        assert 'cannot create resource "configmaps"' in refused.stderr
        elsewhere = kubectl(robot, "get", "configmaps", "--namespace=kube-system")
        assert "Forbidden" in elsewhere.stderr

    def test_invented_token_is_nobody(self, robot: Path, namespace: str) -> None:
        config = json.loads(robot.read_text())
        config["users"][0]["user"]["token"] += "x"
        robot.write_text(json.dumps(config))
        assert "You must be logged in to the server" in kubectl(robot, "get", "configmaps", f"--namespace={namespace}").stderr

    def test_token_needs_a_service_account(self, api_server: ApiServer, namespace: str) -> None:
        with pytest.raises(ApiError, match=r'404.*"nobody" not found'):
            api_server.service_account_kubeconfig(namespace, "nobody")

    def test_token_ends_with_its_service_account(self, api_server: ApiServer, robot: Path, namespace: str) -> None:
        api_server.admin.request("DELETE", f"/api/v1/namespaces/{namespace}/serviceaccounts/robot")
        assert eventually(lambda: "You must be logged in to the server" in kubectl(robot, "get", "configmaps").stderr)

    def test_administrator_may_all(self, api_server: ApiServer) -> None:
        assert kubectl(api_server.admin_kubeconfig, "auth", "can-i", "*", "*").stdout.strip() == "yes"

    def test_kubeconfigs_are_for_their_owner_alone(self, api_server: ApiServer, robot: Path) -> None:
        for path in (api_server.admin_kubeconfig, robot):
            assert path.stat().st_mode & 0o077 == 0


class TestControllers:
    def test_owned_object_goes_with_its_owner(self, api_server: ApiServer, namespace: str) -> None:
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        owner = api_server.admin.request("POST", path, config_map("owner"))
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
        api_server.admin.request("POST", path, config_map("owned", reference))
        api_server.admin.request("POST", path, config_map("free"))
        api_server.admin.request("DELETE", f"{path}/owner")
        assert eventually(lambda: is_gone(api_server.admin, f"{path}/owned"))
        assert not is_gone(api_server.admin, f"{path}/free")

    def test_object_of_an_owner_that_never_was_goes(self, api_server: ApiServer, namespace: str) -> None:
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": str(uuid4())}
        api_server.admin.request("POST", path, config_map("orphan", reference))
        assert eventually(lambda: is_gone(api_server.admin, f"{path}/orphan"))

    def test_deletion_of_a_namespace_finishes(self, api_server: ApiServer, namespace: str) -> None:
        api_server.admin.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", config_map("content"))
        api_server.admin.request("DELETE", f"/api/v1/namespaces/{namespace}")
        assert eventually(lambda: is_gone(api_server.admin, f"/api/v1/namespaces/{namespace}"), seconds=60)


class TestServer:
    def test_tells_its_real_version(self, api_server: ApiServer) -> None:
        version = api_server.admin.request("GET", "/version")
        assert version["major"] == "1"
        assert int(version["minor"]) >= 33
        assert version["gitVersion"].startswith(f"v1.{version['minor']}.")

    def test_listens_on_loopback_only(self, api_server: ApiServer) -> None:
        port = int(api_server.url.rpartition(":")[2])
        listening = [
            line.split()[1]
            for table in ("/proc/net/tcp", "/proc/net/tcp6")
            for line in Path(table).read_text().splitlines()[1:]
            if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
        ]
        assert listening == [f"0100007F:{port:04X}"]

    def test_parts_use_no_other_port(self, api_server: ApiServer) -> None:
        sockets = {f"socket:[{line.split()[9]}]" for line in Path("/proc/net/tcp").read_text().splitlines()[1:]}
        etcd = Path(f"/proc/{api_server.pids['etcd']}/fd")
        assert not sockets & {str(entry.readlink()) for entry in etcd.iterdir()}

    def test_writes_are_counted_by_user_refused_ones_too(self, api_server: ApiServer, robot: Path, namespace: str) -> None:
        user = f"system:serviceaccount:{namespace}:robot"
        kubectl(robot, "get", "configmaps")
        kubectl(robot, "create", "configmap", "mine")
        assert eventually(lambda: len(api_server.writes(user)) == 1)
        (event,) = api_server.writes(user)
        assert (event["verb"], event["objectRef"]["resource"], event["responseStatus"]["code"]) == ("create", "configmaps", 403)

    def test_death_of_a_part_is_noticed_and_the_port_given_back(
        self, tmp_path: Path, lab_ca: LabCa, lab_binaries: Binaries
    ) -> None:
        with ApiServer(tmp_path / "k", lab_ca, lab_binaries.control_plane) as second:
            second.check()
            port = int(second.url.rpartition(":")[2])
            os.kill(second.pids["etcd"], signal.SIGKILL)

            def stays_whole() -> bool:
                second.check()
                return False

            with pytest.raises(ChildDied, match="etcd died"):
                eventually(stays_whole)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0

    def test_etcd_that_cannot_start_is_named_at_once(self, tmp_path: Path, lab_ca: LabCa, lab_binaries: Binaries) -> None:
        (tmp_path / "k").mkdir()
        (tmp_path / "k" / "etcd-data").write_text("a file where the data should be")
        begin = time.monotonic()
        with pytest.raises(ChildDied, match="etcd died"), ApiServer(tmp_path / "k", lab_ca, lab_binaries.control_plane):
            pass
        assert time.monotonic() - begin < 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_nothing_is_left_of_a_lab(number: signal.Signals, lab_binaries: Binaries) -> None:
    assert all(path.exists() for path in lab_binaries.control_plane.paths)
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(LAB)], stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        printed, directory = lab.stdout.readline().rsplit(maxsplit=1)
        pids = json.loads(printed)
        assert len(pids) == 3
        assert all(map(is_running, pids))
        lab.send_signal(number)
        lab.wait(40)
        assert eventually(lambda: not any(map(is_running, pids)))
        assert eventually(lambda: not Path(directory).exists())
