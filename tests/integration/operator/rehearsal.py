"""A lab with its running operator, and what people and Git do there: the tests' hands and eyes."""

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import yaml
from tests.integration.round_trips import lost

from failback_lab.azure.client import AzureLab
from failback_lab.manifests import site_manifest
from failback_lab.process import Child
from failback_lab.rest import ApiError
from failback_lab.site import NAMESPACE, OPERATOR_ACCOUNT, OPERATOR_NAMESPACE, Lab
from failback_lab.vcenter import VCenter

Json = dict[str, Any]
T = TypeVar("T")

USER = f"system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR_ACCOUNT}"
PLURALS = {
    "RecoverySite": "recoverysites",
    "MasterTarget": "mastertargets",
    "ProcessServer": "processservers",
    "FailbackPlan": "failbackplans",
    "FailbackMachine": "failbackmachines",
}
OURS = "/apis/failback.dev/v1alpha1"
PATIENCE = 90.0
LOOK_SECONDS = 0.2
LOG_LINES = 40
# Intervals short, so that tests are; a source counts as stale after seconds, so that an outage shows while a test waits.
SETTINGS = {
    "FAILBACK_AZURE_LIST_SECONDS": "1",
    "FAILBACK_AZURE_READS_PER_HOUR": "1000000",
    "FAILBACK_AZURE_JOB_SECONDS": "0.5",
    "FAILBACK_AZURE_RETRY_SECONDS": "0.5",
    "FAILBACK_AZURE_CONNECT_SECONDS": "3",
    "FAILBACK_AZURE_READ_SECONDS": "6",
    "FAILBACK_VSPHERE_CONNECT_SECONDS": "3",
    "FAILBACK_VSPHERE_CALL_SECONDS": "6",
    "FAILBACK_VSPHERE_WAIT_SECONDS": "1",
    "FAILBACK_VSPHERE_RETRY_SECONDS": "0.3",
    "FAILBACK_VSPHERE_RETRY_LIMIT_SECONDS": "1",
    "FAILBACK_VSPHERE_REFUSED_LOGIN_SECONDS": "1",
    "FAILBACK_VSPHERE_FOLLOW_SECONDS": "0.5",
    "FAILBACK_VSPHERE_PAGE_SIZE": "4",
    "FAILBACK_CREDENTIALS_SECONDS": "5",
    "FAILBACK_REFUSED_RETRY_SECONDS": "2",
    "FAILBACK_INTENT_VALID_SECONDS": "4",
    "FAILBACK_REQUEST_TIMEOUT_SECONDS": "3",
    "FAILBACK_LEASE_SECONDS": "8",
    "FAILBACK_LEASE_RENEW_SECONDS": "2",
    "FAILBACK_LEASE_RETRY_SECONDS": "1",
    "FAILBACK_LEASE_MARGIN_SECONDS": "2",
    "FAILBACK_RESYNC_SECONDS": "2",
    "FAILBACK_LOG_FORMAT": "plain",
}


class Rehearsal:
    """Objects of the lab's namespace as its administrator sees and changes them, and the operator's process."""

    def __init__(self, lab: Lab, operator: Child) -> None:
        self.lab = lab
        self.operator = operator
        self.pid = operator.pid
        self.secrets = {lab.azure.client_secret, *lab.vcenter.passwords.values()}
        """Values that must never be shown anywhere."""

    # --- objects

    def apply(self, *objects: Json) -> None:
        """Apply as Git does: server-side, whole objects. Raises ApiError where the API server refuses one."""
        for each in objects:
            kind, name = each["kind"], each["metadata"]["name"]
            body = {"apiVersion": "failback.dev/v1alpha1", **each}
            path = f"{_path(kind, each['metadata'].get('namespace', NAMESPACE))}/{name}?fieldManager=git&force=true"
            self._admin.request("PATCH", path, body, content_type="application/apply-patch+yaml")

    def patch(self, kind: str, name: str, spec: Json) -> None:
        """Merge into the spec."""
        path = f"{_path(kind)}/{name}"
        self._admin.request("PATCH", path, {"spec": spec}, content_type="application/merge-patch+json")

    def get(self, kind: str, name: str) -> Json:
        """An object; an empty one where there is none."""
        try:
            return self._admin.request("GET", f"{_path(kind)}/{name}")
        except ApiError as error:
            if error.status != 404:
                raise
            return {}

    def every(self, kind: str) -> list[Json]:
        """All objects of a kind."""
        found: list[Json] = self._admin.request("GET", _path(kind))["items"]
        return found

    def delete(self, kind: str, name: str) -> None:
        """Delete, and wait until it is gone."""
        self._admin.request("DELETE", f"{_path(kind)}/{name}")
        self.eventually(lambda: self.get(kind, name), lambda found: not found)

    def put_secret(self, name: str, **values: str) -> None:
        """Make or change a Secret; every value is watched for from now on."""
        self.secrets |= {value for key, value in values.items() if key != "username"}
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
        self.apply(secret)

    def machine(self, name: str) -> Json:
        """The FailbackMachine of a machine; an empty object while there is none."""
        return next((each for each in self.every("FailbackMachine") if each["spec"]["machineName"] == name), {})

    # --- what is said

    def condition(self, kind: str, name: str, wanted: str = "Ready") -> Json:
        """A condition, if it speaks of the present spec; else an empty one."""
        return condition(self.get(kind, name), wanted)

    def until_said(self, kind: str, name: str, status: str, *words: str, condition: str = "Ready") -> Json:
        """Wait until the condition has this status and its words name all of these."""
        return self.eventually(
            lambda: self.condition(kind, name, condition),
            lambda found: found.get("status") == status and all(w in f"{found['reason']}: {found['message']}" for w in words),
        )

    def finding(self, kind: str, name: str, check: str) -> Json:
        """The finding of a check on an object; an empty one where there is none."""
        return next((f for f in self.get(kind, name).get("status", {}).get("findings", []) if f["check"] == check), {})

    def source(self, site: str, name: str) -> Json:
        """What a site says of one of its sources."""
        sources = self.get("RecoverySite", site).get("status", {}).get("sources", [])
        return next((each for each in sources if each["name"] == name), {})

    def until_source(self, site: str, name: str, reason: str, *words: str) -> Json:
        """Wait until the source is in that trouble and its words name all of these."""
        return self.eventually(
            lambda: self.source(site, name),
            lambda found: found.get("reason") == reason and all(word in found["message"] for word in words),
        )

    def until_phase(self, machine: str, *phases: str) -> Json:
        """Wait until the machine is in one of the phases."""
        return self.eventually(lambda: self.machine(machine), lambda found: found.get("status", {}).get("phase") in phases)

    def transitions(self, *sites: str) -> dict[str, dict[str, tuple[str, str]]]:
        """Status and time of the last transition of each condition, of all objects of these sites."""
        found = {}
        for kind in PLURALS:
            for each in self.every(kind):
                site = each["metadata"]["name"] if kind == "RecoverySite" else each["spec"]["siteRef"]["name"]
                if site in sites:
                    conditions = each.get("status", {}).get("conditions", [])
                    name = f"{kind}/{each['metadata']['name']}"
                    found[name] = {c["type"]: (c["status"], c["lastTransitionTime"]) for c in conditions}
        return found

    # --- what is done

    def writes(self) -> list[str]:
        """The operator's writes so far, Leases aside."""
        events = (event for event in self.lab.api_server.writes(USER) if event["objectRef"]["resource"] != "leases")
        return [f"{e['verb']} {e['objectRef']['resource']}/{e['objectRef'].get('name', '')}" for e in events]

    def rests(self, seconds: float = 2.5) -> None:
        """Wait until the operator writes and logs nothing for that long: what it says does not flap."""
        measure = lambda: (len(self.writes()), self.operator.log.stat().st_size)  # noqa: E731
        quiet_since, seen = time.monotonic(), measure()
        end = quiet_since + PATIENCE
        while time.monotonic() - quiet_since < seconds:
            time.sleep(LOOK_SECONDS)
            now = measure()
            if now != seen:
                quiet_since, seen = time.monotonic(), now
            assert time.monotonic() < end, self.told("it writes and writes", self.writes()[-20:])

    def operations(self, machine: str) -> list[str]:
        """Operations on a machine that Site Recovery accepted, in order; whether or not the answer arrived."""
        posts = (entry for entry in self.lab.azure.log() if entry["method"] == "POST" and entry["item"] == machine)
        return [f"{entry['operation']}/{entry['instance_type'] or '-'}" for entry in posts if entry["accepted"]]

    # --- waiting and telling

    def eventually(self, read: Callable[[], T], wanted: Callable[[T], object], seconds: float = PATIENCE) -> T:
        """Read until it is as wanted; never a measure of speed, so the deadline is generous."""
        end = time.monotonic() + seconds
        while True:
            self.operator.check()
            found = read()
            if wanted(found):
                return found
            assert time.monotonic() < end, self.told(f"not as wanted after {seconds:g} s", found)
            time.sleep(LOOK_SECONDS)

    def told(self, what: str, found: object) -> str:
        """For a failure: what was seen last, and the operator's last words."""
        return "\n".join([what, json.dumps(found, indent=1, default=str), *self.operator.last_log_lines(LOG_LINES)])

    def assert_sound(self) -> None:
        """The operator still runs as it was started, raised nothing unforeseen, showed no secret, and all it wrote was stored."""
        self.operator.check()
        assert self.operator.pid == self.pid
        log = self.operator.log.read_text()
        assert "Traceback" not in log, log[-6000:]
        shown = log + "".join(json.dumps(self.every(kind)) for kind in PLURALS)
        shown += json.dumps(self._admin.request("GET", f"/api/v1/namespaces/{NAMESPACE}/events"))
        encoded = {base64.b64encode(secret.encode()).decode() for secret in self.secrets}
        for secret in self.secrets | encoded:
            assert secret not in shown
        assert "Bearer " not in shown
        assert lost(self.lab.api_server.writes(USER)) == []

    @property
    def _admin(self) -> Any:
        return self.lab.api_server.admin


def _path(kind: str, namespace: str = NAMESPACE) -> str:
    core = {"Secret": "secrets", "ConfigMap": "configmaps"}
    if kind in core:
        return f"/api/v1/namespaces/{namespace}/{core[kind]}"
    return f"{OURS}/namespaces/{namespace}/{PLURALS[kind]}"


def condition(found: Json, wanted: str) -> Json:
    """A condition of an object, if it speaks of the present spec; else an empty one."""
    generation = found.get("metadata", {}).get("generation")
    conditions = found.get("status", {}).get("conditions", [])
    return next((c for c in conditions if c["type"] == wanted and c.get("observedGeneration") == generation), {})


def site_objects(name: str, azure: AzureLab, vcenter: VCenter) -> dict[str, Json]:
    """The demo's site under another name, by kind and name: each object's own name begins with the site's."""
    objects: dict[str, Json] = {}
    for each in yaml.safe_load_all(site_manifest(azure, vcenter)):
        spec = each["spec"]
        if each["kind"] == "RecoverySite":
            each["metadata"]["name"] = name
            spec["azure"]["credentials"]["secretRef"]["name"] = f"{name}-azure"
            spec["vcenters"][0]["credentialsRef"]["name"] = f"{name}-vcenter"
            spec["vcenters"][0]["name"] = name
        else:
            each["metadata"]["name"] = f"{name}-{each['metadata']['name']}"
            spec["siteRef"]["name"] = name
        objects[f"{each['kind']}/{each['metadata']['name']}"] = each
    return objects


def plan(name: str, site: str, *machines: str, **spec: Any) -> Json:
    """A plan of Windows machines through the site's Windows master target; `spec` adds and replaces."""
    wanted = {
        "siteRef": {"name": site},
        "machines": [{"name": machine} for machine in machines],
        "masterTargets": [{"name": f"{site}-mt-win-1"}],
        "processServer": {"name": f"{site}-ps-azure-1"},
        "acceptIndependentPoints": True,
        "protection": {"processServer": "ps-onprem-1"},
        "concurrency": {"reprotect": 20, "failback": 20, "commit": 20, "protect": 20},
    }
    return {"kind": "FailbackPlan", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": wanted | spec}


def moment(**ahead: float) -> str:
    """Now, or so much later, as objects hold times."""
    return (datetime.now(UTC) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")
