"""Counts what the operator costs: calls and writes a minute at rest with production intervals, and its memory."""

import json
import time
from collections import Counter
from dataclasses import dataclass

from failback_lab.demo.census import calls
from failback_lab.demo.run import resident_mib
from failback_lab.demo.story import API, PLAN, condition
from failback_lab.process import Child
from failback_lab.site import OPERATOR_ACCOUNT, OPERATOR_NAMESPACE, Lab, LabOptions
from failback_lab.toolchain import Binaries

USER = f"system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR_ACCOUNT}"
FIRST_PICTURE_TIMEOUT = 180.0
# What only makes the log readable; every interval keeps the default that users have.
QUIET = {"FAILBACK_LOG_FORMAT": "plain"}


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls so far, by kind."""

    azure: Counter[str]
    vsphere: Counter[str]
    writes: Counter[str]

    @classmethod
    def now(cls, lab: Lab) -> "Counts":
        """What the simulators and the API server's audit log have counted. The vCenter counts its second client, too."""
        writes = Counter(f"{event['verb']} {event['objectRef']['resource']}" for event in lab.api_server.writes(USER))
        return cls(calls(lab.azure.log()), Counter(lab.vcenter.control.stats()), writes)

    def data(self) -> dict[str, Counter[str]]:
        """For JSON."""
        return {"azure": self.azure, "vsphere": self.vsphere, "writes": self.writes}

    def since(self, before: "Counts") -> "Counts":
        """What came after `before`."""
        return Counts(self.azure - before.azure, self.vsphere - before.vsphere, self.writes - before.writes)


def run_bench(minutes: float) -> None:
    """Print a table and, last, the same as one line of JSON."""
    with Lab(LabOptions(speed=1.0), Binaries()) as lab, lab.operator(QUIET) as operator:
        lab.kubectl.run("apply", "-f", str(lab.site_manifest), "-f", str(lab.plan_manifest))
        _wait_for_picture(lab, operator)
        first = Counts.now(lab)
        _rest(lab, operator, 60)
        before = Counts.now(lab)
        _rest(lab, operator, minutes * 60)
        rest = Counts.now(lab).since(before)
        memory = resident_mib(operator)
    _table("until the first full picture", first, 1)
    _table(f"a minute at rest, over {minutes:g} min", rest, minutes)
    print(f"resident memory of the operator: {memory:.0f} MiB")
    print(json.dumps({"first": first.data(), "rest": rest.data(), "minutes": minutes, "resident_mib": round(memory)}))


def _wait_for_picture(lab: Lab, operator: Child) -> None:
    deadline = time.monotonic() + FIRST_PICTURE_TIMEOUT
    while condition(lab.api_server.admin.request("GET", f"{API}/failbackplans/{PLAN}"), "Ready").get("status") != "False":
        _rest(lab, operator, 1)
        if time.monotonic() > deadline:
            raise TimeoutError("the plan was not judged in time")


def _rest(lab: Lab, operator: Child, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        lab.check()
        operator.check()
        time.sleep(min(1.0, left))


def _table(title: str, counts: Counts, minutes: float) -> None:
    print(f"\n{title}")
    for name, counted in (("Azure", counts.azure), ("vSphere", counts.vsphere), ("Kubernetes writes", counts.writes)):
        each = ", ".join(f"{call} {count / minutes:.1f}" for call, count in sorted(counted.items()))
        print(f"  {name}: {counted.total() / minutes:.1f} ({each})")
