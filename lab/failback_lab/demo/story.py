"""The demo's story: apply, not ready and why, mended, and then stage by stage home."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from failback_lab.demo.chaos import Chaos
from failback_lab.demo.screen import Screen
from failback_lab.process import Child
from failback_lab.site import NAMESPACE, Lab

PLAN = "tokyo-home"
ALL_KINDS = "fbp,fbm,mt,ps,rsite"
STAGES = ("Reprotected", "FailedBack", "Committed", "Protected")
LOOK_SECONDS = 0.5
SHOW_SECONDS = 5.0
READY_TIMEOUT = 120.0
STAGE_TIMEOUT = 240.0
API = f"/apis/failback.dev/v1alpha1/namespaces/{NAMESPACE}"

Resource = dict[str, Any]


class StepNotReached(Exception):  # noqa: N818  an event, named as such
    """A step of the story did not come about in time; the text says what was waited for and what was seen last."""


def condition(resource: Resource, kind: str) -> Resource:
    """The condition of that type, if it speaks of the present generation of the spec; else an empty one."""
    generation = resource["metadata"]["generation"]
    conditions = resource.get("status", {}).get("conditions", [])
    return next((c for c in conditions if c["type"] == kind and c.get("observedGeneration") == generation), {})


def is_unready_over(plan: Resource, *words: str) -> bool:
    """The plan says that it is not ready, and its words name each of these."""
    ready = condition(plan, "Ready")
    findings = json.dumps(plan.get("status", {}).get("findings", []))
    return ready.get("status") == "False" and all(word in ready["message"] + findings for word in words)


def has_reached(plan: Resource, stage: str) -> bool:
    """Every machine of the plan is at `stage`, and nothing more is wanted."""
    ready = condition(plan, "Ready")
    return (ready.get("status"), ready.get("reason")) == ("True", "StageReached") and plan["status"].get("stage") == stage


class Story:
    """Runs the demo in a lab that is up."""

    def __init__(self, lab: Lab, screen: Screen, operator: Child, chaos: Chaos) -> None:
        self._lab = lab
        self._screen = screen
        self._operator = operator
        self._chaos = chaos
        self._shown_at = 0.0
        self._shown = ""

    def run(self) -> None:
        """The whole story. Raises StepNotReached, or ChildDied when a part of the lab or the operator ended."""
        self._prepare()
        self._mend()
        for stage in STAGES:
            self._go_to(stage)
        self._screen.heading("Home, and protected again")
        self._screen.get(ALL_KINDS)

    def _prepare(self) -> None:
        self._screen.heading("An engineer commits the site and the plan")
        self._screen.apply(str(self._lab.site_manifest))
        self._screen.apply(str(self._lab.plan_manifest))
        self._until(
            "the plan names what is missing", lambda plan: is_unready_over(plan, "mt-lin-1", "snapshot", "disk.EnableUUID")
        )
        self._screen.heading("Not ready, and it says why")
        self._screen.get(ALL_KINDS)
        self._screen.findings(self._plan())

    def _mend(self) -> None:
        self._screen.heading("The engineer lets the operator mend mt-lin-1")
        mend = {"remediation": {"removeSnapshots": "Automatic", "enableDiskUuid": "Automatic"}, "allowPowerCycle": True}
        self._screen.patch("mt", "mt-lin-1", json.dumps({"spec": mend}))
        self._until("the plan is ready", lambda plan: condition(plan, "Ready").get("status") == "True")
        self._screen.say("What the operator did on it:")
        for entry in self._get("mastertargets/mt-lin-1")["status"].get("ledger", []):
            self._screen.say(f"  {entry['intendedAt']} {entry['effect']}: {entry['outcome']} ({entry.get('job', '-')})")
        self._screen.get("fbp,mt")

    def _go_to(self, stage: str) -> None:
        self._screen.heading(f"The engineer raises the stage to {stage}")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        bound = {"failedOverBefore": now} if stage == STAGES[0] else {}
        self._screen.patch("fbp", PLAN, json.dumps({"spec": {"stage": stage, **bound}}))
        self._until(f"all machines are {stage}", lambda plan: has_reached(plan, stage), STAGE_TIMEOUT, show=True)
        self._screen.get("fbp,fbm,mt")

    def _until(self, what: str, is_so: Callable[[Resource], bool], timeout: float = READY_TIMEOUT, *, show: bool = False) -> None:
        deadline = time.monotonic() + timeout
        while True:
            self._check()
            plan = self._plan()
            if is_so(plan):
                return
            if time.monotonic() > deadline:
                raise StepNotReached(
                    f"waited {timeout:.0f} s until {what}; the plan says: {json.dumps(plan.get('status'), indent=1)}"
                )
            if show:
                self._show(plan)
            time.sleep(LOOK_SECONDS)

    def _check(self) -> None:
        self._chaos.tick()
        self._lab.check()
        self._operator.check()

    def _show(self, plan: Resource) -> None:
        status = plan.get("status", {})
        if status.get("observedGeneration") != plan["metadata"]["generation"]:
            return
        seen = json.dumps([status.get(key) for key in ("phase", "progress", "machines", "wave")])
        if seen == self._shown or time.monotonic() < self._shown_at + SHOW_SECONDS:
            return
        self._shown, self._shown_at = seen, time.monotonic()
        self._screen.get("fbp")
        machines = self._get("failbackmachines")["items"]
        self._screen.disks(sorted(machines, key=lambda machine: str(machine["spec"]["machineName"])))

    def _plan(self) -> Resource:
        return self._get(f"failbackplans/{PLAN}")

    def _get(self, path: str) -> Resource:
        return self._lab.api_server.admin.request("GET", f"{API}/{path}")
