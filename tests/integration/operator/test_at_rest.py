"""Nothing is written while nothing that matters changes, though everything else keeps moving: only Leases are renewed."""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.operator.conftest import add_site, rehearsal
from tests.integration.operator.rehearsal import PLURALS, USER, Rehearsal, plan

from failback_lab.scenario import GIB
from failback_lab.site import LabOptions
from failback_lab.toolchain import Binaries

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-rest"), pytest.mark.timeout(300)]

ROUNDS = 60
MACHINES = ("payroll-db-1", "payroll-app-1", "payroll-web-1", "shop-db-1", "shop-web-1", "files-1", "crm-1", "mail-relay-1")
# The Azure simulator itself moves heartbeats, RPO and load with the clock, and begins each list at another place.


@pytest.fixture(scope="module")
def settled(lab_binaries: Binaries) -> Iterator[Rehearsal]:
    """The demo's site, judged: not Ready over mt-lin-1, as at the demo's start."""
    settings = {"FAILBACK_AZURE_LIST_SECONDS": "0.5", "FAILBACK_RESYNC_SECONDS": "1", "FAILBACK_CREDENTIALS_SECONDS": "5"}
    settings["FAILBACK_VSPHERE_SEARCH_SECONDS"] = "1"
    with rehearsal(LabOptions(), lab_binaries, settings) as here:
        add_site(here, "tokyo", here.lab.azure, here.lab.vcenter)
        here.apply(plan("tokyo-home", "tokyo", *MACHINES, masterTargets=[]))
        here.until_said("FailbackPlan", "tokyo-home", "False", "mt-lin-1", "snapshots", "disk.EnableUUID")
        here.rests(5)
        yield here


def rounds(here: Rehearsal) -> int:
    """Full readings of the vault so far, by what each ends with."""
    return sum(entry["operation"] == "items.listAll" and "kip" not in entry["query"] for entry in here.lab.azure.log())


def move(here: Rehearsal, step: int) -> None:
    """What moves in every vCenter: free space of datastores and guests, memory in use, lists that turn, uptime and load."""
    control, site = here.lab.vcenter.control, here.lab.scenario.vcenter
    drift = (step % 5) * 200 * 1024**2
    for datastore in site.datastores:
        control.set("Datastore", datastore.name, "summary.freeSpace", datastore.free_gib * GIB - drift)
    for host in (name for cluster in site.clusters for name in cluster.hosts):
        control.set("HostSystem", host, "summary.quickStats.overallMemoryUsage", 2000 + step % 5 * 400)
    for machine in site.machines:
        volumes = [
            {"diskPath": each.path, "capacity": each.capacity_gib * GIB, "freeSpace": each.free_gib * GIB - drift}
            for each in machine.volumes
        ]
        if volumes:
            turn = step % len(volumes)
            control.set("VirtualMachine", machine.name, "guest.disk", volumes[turn:] + volumes[:turn])
            control.set("VirtualMachine", machine.name, "summary.quickStats.uptimeSeconds", 1000 + step)


def versions_of(here: Rehearsal, kind: str) -> dict[str, str]:
    return {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in here.every(kind)}


def test_sixty_rounds_in_which_everything_moves_that_does_not_matter(settled: Rehearsal, record_property: Any) -> None:
    settled.rests()
    azure, before, began = settled.lab.azure, settled.transitions("tokyo"), rounds(settled)
    versions = {kind: versions_of(settled, kind) for kind in PLURALS}
    audit, first = len(settled.lab.api_server.writes(USER)), len(azure.log())
    settled.lab.vcenter.control.stats(reset=True)
    for step in itertools.count():
        settled.operator.check()
        move(settled, step)
        if rounds(settled) - began >= ROUNDS:
            break
    writes = settled.lab.api_server.writes(USER)[audit:]
    counted = Counter(f"{each['verb']} {each['objectRef']['resource']}" for each in writes)
    record_property("writes in 60 rounds at rest", dict(counted))
    assert {each["objectRef"]["resource"] for each in writes} == {"leases"}
    assert settled.transitions("tokyo") == before
    assert versions == {kind: versions_of(settled, kind) for kind in PLURALS}
    assert {entry["method"] for entry in azure.log(first) if "/providers/" in entry["path"]} == {"GET"}
    assert settled.lab.vcenter.control.stats()["WaitForUpdatesEx"] >= ROUNDS / 4
    settled.assert_sound()


def test_what_matters_is_written_at_once(settled: Rehearsal) -> None:
    """The counterpart: the same watch sees a snapshot that goes, and says so."""
    settled.lab.vcenter.control.set("VirtualMachine", "mt-lin-1", "snapshot", None)
    settled.eventually(
        lambda: settled.condition("MasterTarget", "tokyo-mt-lin-1"),
        lambda found: "disk.EnableUUID" in found["message"] and "snapshots" not in found["message"],
    )
