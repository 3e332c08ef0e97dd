"""The real API server takes the CRDs, keeps every member of samples and statuses, and refuses bad input by the field's name."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.integration.kube.conftest import ROOT, told
from tests.integration.kube.objects import GONE, RECORD, SPECS, made
from tests.integration.round_trips import lost, missing, stored_writes
from tests.unit import builders
from tests.unit.decide.judged import evaluate

from failback_lab.kubectl import Kubectl
from failback_lab.kubernetes import ApiServer
from failback_operator.api.crds import KINDS, definition
from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.domain.steps import ObjectKey

SAMPLES = sorted((ROOT / "deploy" / "samples").glob("*.yaml"))


def applied(kubectl: Kubectl, *objects: dict[str, Any], flags: tuple[str, ...] = ()) -> Any:
    """Apply strictly: a member that the schema does not know is an error, not a warning."""
    stream = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    return told(kubectl, "apply", "--server-side", "--force-conflicts", "--validate=strict", *flags, "-f", "-", stdin=stream)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_crd_is_structural_and_its_rules_compile(installed: Kubectl, kind):
    found = json.loads(installed.run("get", "crd", f"{kind.plural}.failback.dev", "-o", "json"))
    conditions = {each["type"]: each["status"] for each in found["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert conditions["NamesAccepted"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


def test_the_category_and_short_names_find_our_objects(installed: Kubectl, namespace):
    assert applied(installed, *(made(kind, namespace) for kind in SPECS)).code == 0
    names = installed.run("get", "failback", "-n", namespace, "-o", "name").split()
    assert sorted(names) == sorted(f"{kind.lower()}.failback.dev/one" for kind in SPECS)
    header = installed.run("get", "fbp", "-n", namespace).splitlines()[0].split()
    assert header == ["NAME", "STAGE", "READY", "PHASE", "MACHINES", "DISKS", "WAVE", "PROGRESS", "MESSAGE", "AGE"]
    for short in ("rsite", "mt", "ps", "fbm"):
        assert "one" in installed.run("get", short, "-n", namespace, "-o", "wide")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_sample_round_trips(installed: Kubectl, namespace, path: Path):
    for sample in yaml.safe_load_all(path.read_text()):
        sample["metadata"]["namespace"] = namespace
        assert applied(installed, sample).err == ""
        stored = installed.get(sample["kind"].lower(), namespace, sample["metadata"]["name"])
        assert missing(sample["spec"], stored["spec"]) == []


def test_the_samples_state_every_safety_field_of_a_plan_and_hold_no_null():
    plan = yaml.safe_load((ROOT / "deploy/samples/failbackplan.yaml").read_text())["spec"]
    assert {"stage", "suspend", "recoveryPoint", "acceptIndependentPoints", "concurrency", "holds", "waivers"} <= plan.keys()
    for path in SAMPLES:
        assert "null" not in [str(event.value) for event in yaml.parse(path.read_text()) if isinstance(event, yaml.ScalarEvent)]


def filled(schema: dict[str, Any]) -> Any:
    """A value that has every member of a schema."""
    if "enum" in schema:
        return schema["enum"][-1]
    if "properties" in schema:
        return {name: filled(child) for name, child in schema["properties"].items()}
    if "items" in schema:
        return [filled(schema["items"])]
    text = "2026-11-24T05:00:00Z" if schema.get("format") == "date-time" else "x" * schema.get("minLength", 1)
    return {"integer": schema.get("maximum", 7), "boolean": True, "string": text}[schema["type"]]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_a_status_with_every_member_round_trips_through_api_server_and_model(installed: Kubectl, namespace, client, kind):
    installed.apply(made(kind.name, namespace))
    schema = definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    wanted = kind.model.model_fields["status"].annotation.model_validate(filled(schema)).wire()
    stored = await write_status(client, ObjectKey(kind.name, namespace, "one"), wanted)
    assert missing(wanted, stored["status"]) == []
    assert kind.model.model_validate(stored).status.wire() == wanted


async def write_status(client, key: ObjectKey, status: dict[str, Any]):
    """Write a status as the operator does, and read it back."""
    found = await client.get(key)
    await client.patch(key, {"status": status}, found["metadata"]["resourceVersion"], is_status=True)
    return await client.get(key)


def test_a_member_that_the_api_server_prunes_is_found_in_its_log(installed: Kubectl, api_server: ApiServer, namespace):
    installed.apply(made("MasterTarget", namespace))
    disks = {"attached": 0, "own": 2, "reserved": 0, "orphaned": 0, "free": 58, "limit": 60, "shape": "round"}
    pruned = {"status": {"host": "esx-1", "colour": "red", "disks": disks}}
    patch = ("patch", "mastertarget", "one", "-n", namespace, "--subresource=status", "--type=merge", "-p", json.dumps(pruned))
    assert told(installed, *patch).code == 0
    events = [each for each in stored_writes(api_server.writes()) if each["objectRef"]["namespace"] == namespace]
    assert lost(events) == [
        "patch mastertargets/one: status.colour",
        "patch mastertargets/one: status.disks.shape",
    ]


async def test_statuses_of_a_judged_site_round_trip(installed: Kubectl, namespace, client):
    decision = evaluate(builders.view(plans=(builders.plan(stage="Reprotected"),)))
    assert decision.statuses
    for key, status in decision.statuses.items():
        name = f"judged-{key.name}"
        installed.apply(made(key.kind, namespace, name))
        stored = await write_status(client, ObjectKey(key.kind, namespace, name), status.wire())
        assert missing(status.wire(), stored["status"]) == []


LOST = {"machine": "a", "reason": "lost", "by": "me"}
NIL = "00000000-0000-0000-0000-000000000000"
REFUSED = [
    ("MasterTarget", {"maxDisks": 61}, "spec.maxDisks"),
    ("MasterTarget", {"maxDisks": 0}, "spec.maxDisks"),
    ("MasterTarget", {"siteRef": GONE}, '"siteRef"'),
    ("MasterTarget", {"remediation__removeSnapshots": "Sometimes"}, "spec.remediation.removeSnapshots"),
    ("MasterTarget", {"maxDiscs": 3}, "maxDiscs"),
    ("ProcessServer", {"location": "Moon"}, "spec.location"),
    ("FailbackPlan", {"stage": "Reprotected"}, "failedOverBefore"),
    ("FailbackPlan", {"stage": "Everything"}, "spec.stage"),
    ("FailbackPlan", {"location": "Alternate", "datastore": GONE}, "an Alternate location needs a datastore"),
    ("FailbackPlan", {"location": "Elsewhere"}, "spec.location"),
    ("FailbackPlan", {"machines": GONE}, "either machines or selector"),
    ("FailbackPlan", {"machines": []}, "either machines or selector"),
    ("FailbackPlan", {"selector": {"namePattern": "app-*"}}, "either machines or selector"),
    ("FailbackPlan", {"machines": [{"name": "a"}, {"name": "a"}]}, "spec.machines"),
    ("FailbackPlan", {"failedOverBefore": "yesterday"}, "spec.failedOverBefore"),
    ("FailbackPlan", {"failedOverBefore": "2026-11-24T06:00:00"}, "spec.failedOverBefore"),
    ("FailbackPlan", {"concurrency__reprotect": 0}, "spec.concurrency.reprotect"),
    (
        "FailbackPlan",
        {"waivers": [{"check": "X", "reason": "r", "by": "me"}]},
        '"until" in',
    ),
    (
        "FailbackPlan",
        {"waivers": [{"check": "X", "by": "me", "until": "2026-12-01T00:00:00Z"}]},
        '"reason" in',
    ),
    ("FailbackPlan", {"reattach": [{"machine": "a", "reason": "moved"}]}, '"by" in'),
    ("FailbackPlan", {"reattach": [{"machine": "a", "reason": "", "by": "me"}]}, "spec.reattach"),
    ("FailbackPlan", {"deletions": [{**LOST, "instanceUuid": ""}]}, "spec.deletions"),
    ("FailbackPlan", {"deletions": [{**LOST, "instanceUuid": "crm-1"}]}, "spec.deletions"),
    ("FailbackPlan", {"deletions": [{**LOST, "instanceUuid": NIL}]}, "the instance UUID of the one VM"),
    ("FailbackPlan", {"deletions": [LOST]}, '"instanceUuid" in'),
    ("RecoverySite", {"azure__cloud": {"name": "Custom"}}, "resourceManager, authority and audience"),
    ("RecoverySite", {"azure__cloud": {"name": "Public", "resourceManager": "http://plain"}}, "resourceManager"),
    ("RecoverySite", {"azure__credentials__secretRef": GONE}, "ClientSecret needs secretRef"),
    ("RecoverySite", {"azure__credentials__tenantId": "me"}, "spec.azure.credentials.tenantId"),
    ("RecoverySite", {"vcenters": []}, "spec.vcenters"),
    ("RecoverySite", {"vcenters__0__ca": {"inline": "x", "secretKeyRef": {"name": "a", "key": "b"}}}, "exactly one of inline"),
    ("RecoverySite", {"vcenters__0__ca": {}}, "exactly one of inline"),
    ("RecoverySite", {"vcenters__0__port": 70000}, "port"),
    ("FailbackMachine", {"itemId": GONE}, '"itemId"'),
]


@pytest.mark.parametrize(("kind", "changes", "says"), REFUSED, ids=lambda value: value if isinstance(value, str) else None)
def test_bad_input_is_refused_and_the_field_named(installed: Kubectl, namespace, kind, changes, says):
    answer = applied(installed, made(kind, namespace, **changes))
    assert answer.code != 0
    assert says in answer.err


MOVED = {"failedOverAt": "2026-11-24T05:00:00Z", "uuid": "6000c290", "file": "[a] b/c.vmdk"}
CHANGES = [
    ("FailbackMachine", {"movedDisks": [MOVED]}, {"movedDisks": []}, "written once and never changed"),
    ("FailbackMachine", {"movedDisks": [MOVED]}, {"movedDisks": GONE}, "written once and never changed"),
    ("RecoverySite", {}, {"vault__name": "another"}, "the vault of a site is immutable"),
    ("RecoverySite", {}, {"vault__fabric": "cs-2"}, "the vault of a site is immutable"),
    ("FailbackMachine", {}, {"itemId": "/another"}, "the item of a machine is immutable"),
    ("FailbackMachine", {"recorded": [RECORD]}, {"recorded": GONE}, "written once and never changed"),
    ("FailbackMachine", {"recorded": [RECORD]}, {"recorded": []}, "written once and never changed"),
    ("FailbackMachine", {"recorded": [RECORD]}, {"recorded": [{**RECORD, "azureVmId": "/x"}]}, "written once and never changed"),
    ("FailbackMachine", {"recorded": [RECORD]}, {"recorded": [{**RECORD, "disks": []}]}, "written once and never changed"),
    (
        "FailbackMachine",
        {"recorded": [RECORD]},
        {"recorded": [{**RECORD, "failedOverAt": "2026-11-25T05:00:00Z"}]},
        "written once and never changed",
    ),
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_written_once_stays(installed: Kubectl, namespace, change):
    kind, before, after, says = change
    installed.apply(made(kind, namespace, **before))
    stream = json.dumps(made(kind, namespace, **after))
    answer = told(installed, "replace", "-f", "-", stdin=stream)
    assert answer.code != 0
    assert says in answer.err


def test_a_further_disaster_is_recorded_beside_the_first(installed: Kubectl, namespace):
    installed.apply(made("FailbackMachine", namespace, recorded=[RECORD]))
    second = {**RECORD, "failedOverAt": "2027-01-01T00:00:00Z"}
    installed.apply(made("FailbackMachine", namespace, recorded=[RECORD, second]))
    assert len(installed.get("failbackmachine", namespace, "one")["spec"]["recorded"]) == 2


def tampering(*minutes: int) -> list[dict[str, str]]:
    """Entries of one failover, told apart by the minute."""
    entry = {"failedOverAt": RECORD["failedOverAt"], "part": "AzureVM", "what": "it was stopped"}
    return [{**entry, "id": str(minute), "at": f"2026-11-24T06:{minute:02}:00Z"} for minute in minutes]


def test_of_what_others_did_only_the_older_makes_room_and_only_where_there_is_little(installed: Kubectl, namespace):
    def put(*minutes: int) -> tuple[bool, str]:
        answer = applied(installed, made("FailbackMachine", namespace, tampering=tampering(*minutes)))
        return answer.code == 0, answer.err

    refused = "written once and never changed"
    assert put(*range(25))[0]
    few, text = put(*range(1, 25))
    assert (few, refused in text) == (False, True)
    assert put(*range(40))[0]
    newest, text = put(*range(39))
    assert (newest, refused in text) == (False, True)
    assert put(*range(1, 41)) == (True, "")
    assert put(*range(14, 54)) == (True, "")


def test_defaults_stand_in_the_stored_object(installed: Kubectl, namespace):
    installed.apply(made("FailbackPlan", namespace), made("MasterTarget", namespace))
    plan = installed.get("failbackplan", namespace, "one")["spec"]
    assert (plan["stage"], plan["suspend"], plan["recoveryPoint"]) == ("Prepared", False, "LatestTime")
    assert plan["concurrency"] == {"reprotect": 4, "failback": 4, "commit": 8, "protect": 4}
    target = installed.get("mastertarget", namespace, "one")["spec"]
    assert target["maxDisks"] == 60
    assert {"removeSnapshots", "enableDiskUuid", "replaceControllers"} <= target["remediation"].keys()
    assert set(target["remediation"].values()) == {"Manual"}


def test_times_that_the_api_server_takes_are_times_for_the_models(installed: Kubectl, namespace):
    for number, text in enumerate(["2026-11-24T06:00:00Z", "2026-11-24T07:00:00+01:00", "2026-11-24T06:00:00.000Z"]):
        name = f"time-{number}"
        installed.apply(made("FailbackPlan", namespace, name, failedOverBefore=text))
        plan = FailbackPlan.model_validate(installed.get("failbackplan", namespace, name))
        assert plan.spec.failed_over_before == datetime(2026, 11, 24, 6, tzinfo=UTC)
