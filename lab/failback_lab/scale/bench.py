"""Counts what the operator costs at the size of a real site, with the intervals that users have."""

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from failback_lab.azure.config import Limits
from failback_lab.bench import QUIET, Counts
from failback_lab.demo.run import resident_mib
from failback_lab.demo.story import API, condition
from failback_lab.gobuild import cache_root, cached
from failback_lab.process import Child
from failback_lab.scale.others import attribute_by_attribute, machine_by_machine, with_govc
from failback_lab.scale.site import Size, machine_name, manifests, scenario_of, target_name
from failback_lab.site import Lab, LabOptions
from failback_lab.toolchain import GOVC, Binaries

PAGE = 100
"""Entries on a page of the simulated service; what the service's own pages hold is documented nowhere."""
PICTURE_TIMEOUT = 240.0
REACTION_TIMEOUT = 240.0
SAMPLE = 50
READ_TIMEOUT = 300.0
SEARCH, WAIT = "DestroyView", "WaitForUpdatesEx"
# Details are read again when they are between one and a half and three hours old, what stands around every ten minutes, and VMs
# are searched every five.
DETAIL_HOURS = 2.25
SURROUNDINGS_PER_HOUR = 6
SEARCHES_PER_HOUR = 12
LONGEST_REST_SECONDS = 240.0
HOUR_BUDGET = 12000
EVALUATION = "failback_evaluation_cpu_seconds"
SPARED = 20
MOST_EVALUATION_SECONDS = 1.0
MOST_MIB = 150.0
IMPORTS = """
import failback_operator.runtime.operator, failback_operator.act.vsphere
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS:")))
"""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """`minutes`: how long the site is watched at rest. `output`: a file for the figures as JSON."""

    size: Size = field(default_factory=Size)
    minutes: float = 1.0
    output: Path | None = None


class ScaleBench:
    """One run: the site comes up, is looked at at rest, and is changed; then others read the same."""

    def __init__(self, lab: Lab, operator: Child, options: BenchOptions, metrics_port: int) -> None:
        self._lab, self._operator, self._options = lab, operator, options
        self._metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        self._opener = build_opener(ProxyHandler({}))

    def run(self) -> Json:
        """All figures."""
        size = self._options.size
        found: Json = {"machines": size.machines, "master_targets": size.targets, "plans": size.plans, "page": PAGE}
        found["first_picture_seconds"] = round(self._until(self._is_judged, PICTURE_TIMEOUT, 1.0), 1)
        found["first_picture"] = Counts.now(self._lab).data()
        say(f"judged after {found['first_picture_seconds']} s")
        found["rest"] = self._rest()
        found["resident_mib"] = round(resident_mib(self._operator))
        found["imports_mib"] = imports_mib()
        found["above_imports_mib"] = found["resident_mib"] - found["imports_mib"]
        say("changing facts in vCenter and Azure")
        found["reaction_seconds"] = {"vcenter": self._in_vcenter(), "azure": self._in_azure()}
        return found

    def others(self) -> Json:
        """What other ways to read the same cost, once the operator rests no more in between."""
        size, lab = self._options.size, self._lab
        names = [machine_name(n) for n in range(min(SAMPLE, size.machines))]
        fabric = next(e["path"] for e in lab.azure.log() if (e.get("operation") or "") == "fabrics.get")
        say("reading attribute by attribute, machine by machine, and with govc")
        found = {
            "pyvmomi_by_attribute": attribute_by_attribute(lab.vcenter, set(names)).for_all(size.machines),
            "azure_by_machine": machine_by_machine(lab.azure, names, fabric).for_all(size.machines),
        }
        govc = cached(GOVC, cache_root())
        if govc is None:
            say("govc was not built: it is left out")
        else:
            found["govc_collect"] = with_govc(lab.vcenter, govc["govc"], size.machines).for_all(size.machines)
        return found

    def _rest(self) -> Json:
        """From the begin of one full read of the vault to the begin of a later one, so that no part of a read counts twice."""
        self._await_full_read()
        before, values = Counts.now(self._lab), self._values()
        started, cpu = time.monotonic(), cpu_seconds(self._operator)
        while (past := time.monotonic() - started) < self._options.minutes * 60 or (
            not self._searched_since(before) and past < LONGEST_REST_SECONDS
        ):
            self._await_full_read()
        hours = (time.monotonic() - started) / 3600
        counts = Counts.now(self._lab).since(before)
        lists = sum(n for call, n in counts.azure.items() if call.startswith("GET ")) / hours
        seldom = self._options.size.machines / DETAIL_HOURS + self._surroundings() * SURROUNDINGS_PER_HOUR
        reads = lists + seldom
        return {
            "minutes": round(hours * 60, 1),
            **counts.data(),
            "azure_reads_per_hour": round(reads),
            "azure_reads_seen_per_hour": round(lists),
            "azure_reads_of_details_per_hour": round(seldom),
            "azure_budget_percent": round(100 * reads / HOUR_BUDGET, 1),
            "azure_reads_per_machine_and_hour": round(reads / self._options.size.machines, 2),
            "vsphere_calls_per_hour": round(_vsphere_per_hour(counts.vsphere, hours)),
            "kubernetes_writes": sum(n for call, n in counts.writes.items() if not call.endswith(" leases")),
            "operator_cpu_percent": round(100 * (cpu_seconds(self._operator) - cpu) / (hours * 3600), 1),
            "evaluation_cpu_seconds": self._evaluation(values),
        }

    def _searched_since(self, before: Counts) -> bool:
        """Whether the VMs were searched meanwhile, which takes a view of all of them."""
        return Counts.now(self._lab).since(before).vsphere[SEARCH] > 0

    def _await_full_read(self) -> None:
        """Until the next full read begins: it asks for the fabric first."""
        known = self._full_reads()
        self._until(lambda: self._full_reads() > known, READ_TIMEOUT, 0.5)

    def _full_reads(self) -> int:
        calls: dict[str, int] = self._lab.azure.counts()["calls"]
        return calls.get("fabrics.get", 0)

    def _surroundings(self) -> int:
        """Reads of what is read every ten minutes: machines without status, interfaces, networks, accounts, locks, rights."""
        pages = -(-self._options.size.machines // PAGE) + 1
        return 2 * pages + 4

    def _in_vcenter(self) -> float | None:
        """From the stop of a master target's tools to its condition."""
        name, path = target_name(0), "guest.toolsRunningStatus"
        return self._reaction(
            f"mastertargets/{name}",
            partial(self._lab.vcenter.control.set, "VirtualMachine", name, path, "guestToolsNotRunning"),
        )

    def _in_azure(self) -> float | None:
        """From the stop of an Azure machine to the condition of its FailbackMachine."""
        wanted = machine_name(0)
        found = self._lab.api_server.admin.request("GET", f"{API}/failbackmachines", timeout=60)["items"]
        name = next(each["metadata"]["name"] for each in found if each["spec"]["machineName"] == wanted)
        return self._reaction(
            f"failbackmachines/{name}", partial(self._lab.azure.set, "vm", f"{wanted}-az", "power", "deallocated")
        )

    def _reaction(self, path: str, change: Callable[[], None]) -> float | None:
        before = self._said(path)
        change()
        try:
            return round(self._until(lambda: self._said(path) != before, REACTION_TIMEOUT, 0.2), 1)
        except TimeoutError:
            return None

    def _said(self, path: str) -> list[tuple[str, str, str]]:
        status = self._lab.api_server.admin.request("GET", f"{API}/{path}").get("status", {})
        return [(each["type"], each["status"], each["reason"]) for each in status.get("conditions", [])]

    def _is_judged(self) -> bool:
        """Whether each plan knows whether it is ready, and each machine is stored."""
        admin = self._lab.api_server.admin
        plans = admin.request("GET", f"{API}/failbackplans", timeout=60)["items"]
        known = [condition(plan, "Ready").get("status") in {"True", "False"} for plan in plans]
        if len(known) < self._options.size.plans or not all(known):
            return False
        machines = admin.request("GET", f"{API}/failbackmachines", timeout=60)["items"]
        judged = [each for each in machines if condition(each, "Ready").get("status") in {"True", "False"}]
        return len(judged) == self._options.size.machines

    def _values(self) -> dict[str, float]:
        with self._opener.open(self._metrics, timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def _evaluation(self, before: dict[str, float]) -> Json:
        """CPU time of the evaluations since then."""
        values = self._values()
        total, count = (values[f"{EVALUATION}_{part}"] - before[f"{EVALUATION}_{part}"] for part in ("sum", "count"))
        return {"evaluations": int(count), "mean": round(total / count, 2) if count else None}

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._lab.check()
            self._operator.check()
            time.sleep(min(1.0, left))

    def _until(self, wish: Callable[[], bool], limit: float, step: float) -> float:
        """Seconds until `wish` is true. Raises TimeoutError."""
        began = time.monotonic()
        while not wish():
            if time.monotonic() - began > limit:
                raise TimeoutError("\n".join(["not seen in time; the operator's log:", *self._operator.last_log_lines(20)]))
            self._sleep(step)
        return time.monotonic() - began


def run_scale_bench(options: BenchOptions) -> None:
    """Print a table and, last, the same as one line of JSON."""
    binaries, port = Binaries(), free_port()
    lab_options = LabOptions(scenario_of(options.size), speed=1.0, limits=Limits(page_size=PAGE))
    settings = QUIET | {"FAILBACK_METRICS_PORT": str(port), "FAILBACK_BIND_ADDRESS": "127.0.0.1"}
    with Lab(lab_options, binaries) as lab:
        say("the lab is up")
        lab.kubectl.apply(*manifests(lab, options.size))
        with lab.operator(settings) as operator:
            bench = ScaleBench(lab, operator, options, port)
            found = bench.run()
        found["others"] = bench.others()
    show(found)
    text = json.dumps(found)
    if options.output is not None:
        options.output.write_text(text + "\n", encoding="utf-8")
    print(text)


def cpu_seconds(child: Child) -> float:
    """CPU time of a child so far."""
    fields = Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def imports_mib() -> int:
    """Resident memory of a Python that only imports what the operator imports at its start."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True, timeout=120)
    return int(done.stdout) // 1024


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def say(text: str) -> None:
    """Tell on standard error how far it is."""
    print(text, file=sys.stderr, flush=True)


def show(found: Json) -> None:
    """The table for people, with the aims."""
    rest, reaction, others = found["rest"], found["reaction_seconds"], found["others"]
    first, evaluation = found["first_picture"], rest["evaluation_cpu_seconds"]
    rows = [
        ("first full picture", f"{found['first_picture_seconds']} s", ""),
        ("  calls to Azure, to vSphere", f"{first['azure'].total()}, {first['vsphere'].total()}", ""),
        (f"reads of Azure an hour at rest, extrapolated from {rest['minutes']} min", f"{rest['azure_reads_per_hour']}", "≤ 2400"),
        (
            "  of these seen; computed from the intervals",
            f"{rest['azure_reads_seen_per_hour']}; {rest['azure_reads_of_details_per_hour']}",
            "",
        ),
        ("  part of 12,000 an hour", f"{rest['azure_budget_percent']} %", f"< {SPARED} %"),
        ("  for each machine and hour", f"{rest['azure_reads_per_machine_and_hour']}", ""),
        ("vSphere calls an hour at rest", f"{rest['vsphere_calls_per_hour']}", ""),
        ("Kubernetes writes at rest, Leases apart", f"{rest['kubernetes_writes']}", "0"),
        ("change in vCenter → condition", _seconds(reaction["vcenter"]), ""),
        ("change in Azure → condition", _seconds(reaction["azure"]), ""),
        ("resident memory", f"{found['resident_mib']} MiB", ""),
        ("  above the imports alone", f"{found['above_imports_mib']} MiB", f"≤ {MOST_MIB:g} MiB"),
        ("CPU of one full evaluation, mean", f"{evaluation['mean']} s", f"≤ {MOST_EVALUATION_SECONDS:g} s"),
    ]
    print(f"\n{found['machines']} machines, {found['master_targets']} master targets, {found['plans']} plans")
    for name, value, aim in rows:
        print(f"  {name:62}{value:>12}  {aim}")
    print("\n  one picture of all machines, read otherwise     requests   seconds   CPU seconds")
    for name, cost in others.items():
        read = "" if cost["machines_read"] >= found["machines"] else f" (of {cost['machines_read']}, extrapolated)"
        print(f"  {name:44}{cost['requests']:>12}{cost['seconds']:>10}{cost['cpu_seconds']:>14}{read}")


def _seconds(found: float | None) -> str:
    return f"> {REACTION_TIMEOUT:g} s" if found is None else f"{found} s"


def _vsphere_per_hour(counted: Counter[str], hours: float) -> float:
    """Waits by the time, all else by the searches: no more than one of them falls into a rest of less than five minutes."""
    return counted[WAIT] / hours + (counted.total() - counted[WAIT]) * SEARCHES_PER_HOUR
