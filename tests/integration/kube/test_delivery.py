"""deploy/ and the chart, on the real API server: they install, say the same, and give exactly the rights that are needed."""

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.integration.kube.conftest import ACCOUNT, ROOT, SYSTEM, USER, told

from failback_lab.kubectl import Kubectl
from failback_lab.toolchain import Binaries
from failback_operator.runtime.keys import PLURALS
from failback_operator.runtime.settings import described

CHART = ROOT / "helm" / "failback-operator"
PEOPLE = [plural for plural in PLURALS.values() if plural != "failbackmachines"]
ALLOWED = {
    *((verb, f"{plural}.failback.dev") for plural in PLURALS.values() for verb in ("get", "list", "watch")),
    *((verb, "failbackmachines.failback.dev") for verb in ("create", "patch", "delete")),
    *(("patch", f"{plural}.failback.dev/status") for plural in PLURALS.values()),
    ("get", "secrets"),
    ("get", "configmaps"),
    ("create", "events"),
}
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
RESOURCES = (
    *(f"{plural}.failback.dev" for plural in PLURALS.values()),
    *(f"{plural}.failback.dev/status" for plural in PLURALS.values()),
    *("secrets", "configmaps", "events", "pods", "pods/exec", "services", "serviceaccounts", "serviceaccounts/token"),
    *("leases.coordination.k8s.io", "roles.rbac.authorization.k8s.io", "deployments.apps"),
)


def may(kubectl: Kubectl, user: str, verb: str, resource: str, namespace: str) -> bool:
    """Ask the API server itself."""
    group, _, rest = resource.partition(".")[2].partition("/")
    name, _, sub = resource.partition("/")
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": user,
            "groups": ["system:serviceaccounts", "system:authenticated"],
            "resourceAttributes": {
                "verb": verb,
                "group": group,
                "resource": name.partition(".")[0],
                "subresource": sub or rest,
                "namespace": namespace,
            },
        },
    }
    answer = kubectl.run("create", "-f", "-", "-o", "json", stdin=json.dumps(review))
    return bool(json.loads(answer)["status"]["allowed"])


def rights(kubectl: Kubectl, user: str, namespace: str) -> set[tuple[str, str]]:
    return {pair for pair in itertools.product(VERBS, RESOURCES) if may(kubectl, user, *pair, namespace)}


@pytest.mark.timeout(600)
def test_the_operator_may_do_what_it_needs_and_nothing_else(installed: Kubectl, namespace):
    assert rights(installed, USER, namespace) == ALLOWED


def test_leases_are_its_own_in_its_own_namespace_only(installed: Kubectl, namespace):
    wanted = {"get": True, "create": True, "update": True, "list": False, "watch": False, "delete": False}
    assert {verb: may(installed, USER, verb, "leases.coordination.k8s.io", SYSTEM) for verb in wanted} == wanted
    assert not may(installed, USER, "update", "leases.coordination.k8s.io", namespace)


def installed_objects(kubectl: Kubectl) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(kubectl.run("kustomize", str(ROOT / "deploy"))) if each]


def only(objects: list[dict[str, Any]], kind: str, name: str | None = None) -> dict[str, Any]:
    (found,) = (each for each in objects if each["kind"] == kind and name in {None, each["metadata"]["name"]})
    return found


def pod_of(deployment: dict[str, Any], namespace: str, account: str) -> dict[str, Any]:
    """The Deployment's pod as its controller would make it (that controller does not run in the lab)."""
    template = deployment["spec"]["template"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "operator", "namespace": namespace, "labels": template["metadata"]["labels"]},
        "spec": {**template["spec"], "serviceAccountName": account},
    }


def test_the_pod_passes_the_restricted_standard_that_its_namespace_enforces(installed: Kubectl):
    deployment = only(installed_objects(installed), "Deployment")
    pod = pod_of(deployment, SYSTEM, ACCOUNT)
    answer = told(installed, "apply", "--server-side", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    assert (answer.code, answer.err) == (0, "")
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    answer = told(installed, "apply", "--server-side", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    assert 'violates PodSecurity "restricted' in answer.err


def test_installing_again_changes_nothing(installed: Kubectl):
    answer = told(installed, "apply", "-k", str(ROOT / "deploy"))
    assert answer.err == ""
    assert {line.split()[-1] for line in answer.out.splitlines()} == {"unchanged"}


def test_every_variable_of_the_deployment_is_a_setting(installed: Kubectl):
    known = {each.variable for each in described()}
    container = only(installed_objects(installed), "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert {each["name"] for each in container["env"]} <= known


class Chart:
    """The chart, rendered by the real helm."""

    def __init__(self, helm: Path) -> None:
        self._helm = helm

    def render(self, *arguments: str, release: str = ACCOUNT) -> list[dict[str, Any]]:
        command = [str(self._helm), "template", release, str(CHART), "--namespace", SYSTEM, "--skip-crds", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return [each for each in yaml.safe_load_all(done.stdout) if each]

    def lint(self) -> str:
        done = subprocess.run([str(self._helm), "lint", "--strict", str(CHART)], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr


@pytest.fixture(scope="session")
def chart(lab_binaries: Binaries) -> Chart:
    return Chart(lab_binaries.helm)


# Helm is built when it is first asked for.
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("helm")
class TestChart:
    def test_it_passes_helm_lint(self, chart: Chart):
        assert "0 chart(s) failed" in chart.lint()

    def test_it_says_what_deploy_says(self, chart: Chart, installed: Kubectl):
        ours, theirs = installed_objects(installed), chart.render()
        for kind in ("ClusterRole", "Role", "Deployment", "ServiceAccount"):
            assert essence(only(theirs, kind)) == essence(only(ours, kind))

    def test_it_installs_on_the_api_server_without_a_warning(self, chart: Chart, installed: Kubectl):
        # Under a name of its own, beside the operator that deploy/ installed. Its CRDs are those of crds/ (see the unit tests).
        objects = chart.render(release="second")
        stream = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        answer = told(installed, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=stream)
        assert (answer.code, answer.err) == (0, "")
        assert len(answer.out.splitlines()) == len(objects) == 6

    def test_with_namespaces_to_watch_it_has_rights_there_and_nowhere_else(self, chart: Chart, installed: Kubectl, namespace):
        objects = chart.render("--set", f"watchNamespaces={{{namespace}}}")
        assert not [each for each in objects if each["kind"].startswith("Cluster")]
        container = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
        assert {"name": "FAILBACK_NAMESPACE", "value": namespace} in container["env"]
        roles = [
            each for each in objects if each["kind"] in {"Role", "RoleBinding"} and each["metadata"]["namespace"] == namespace
        ]
        for each in roles:
            for subject in each.get("subjects", ()):
                subject["namespace"] = namespace  # so that the rights are not those of the installed operator
        installed.apply(*roles)
        user = f"system:serviceaccount:{namespace}:{ACCOUNT}"
        assert may(installed, user, "patch", "failbackplans.failback.dev/status", namespace)
        assert may(installed, user, "get", "secrets", namespace)
        assert not may(installed, user, "list", "secrets", namespace)
        assert not may(installed, user, "get", "secrets", "default")
        assert not may(installed, user, "list", "failbackplans.failback.dev", "default")

    def test_settings_become_the_variables_that_the_operator_knows(self, chart: Chart):
        known = {each.variable for each in described()}
        names = {each.name: "".join(part.capitalize() for part in each.name.split("_")) for each in described()}
        values = {name[:1].lower() + name[1:]: "1" for name in names.values()}
        arguments = [part for name, value in values.items() for part in ("--set-string", f"settings.{name}={value}")]
        container = only(chart.render(*arguments), "Deployment")["spec"]["template"]["spec"]["containers"][0]
        assert {each["name"] for each in container["env"]} == known
        container = only(chart.render("--set", "settings.acceptedControllers={LsiLogic,ParaVirtual}"), "Deployment")
        environment = container["spec"]["template"]["spec"]["containers"][0]["env"]
        assert {"name": "FAILBACK_ACCEPTED_CONTROLLERS", "value": "LsiLogic ParaVirtual"} in environment


def essence(found: dict[str, Any]) -> Any:
    """What matters of an object: not its name, nor the labels that tell who installed it."""
    if found["kind"] == "Deployment":
        spec = found["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        container.pop("imagePullPolicy", None)
        container["ports"].sort(key=lambda port: port["name"])
        return {"replicas": found["spec"]["replicas"], **spec}
    return found.get("rules")
