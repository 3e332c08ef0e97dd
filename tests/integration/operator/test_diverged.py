"""What others do to a machine on its way home holds it alone, until a person waives it.

Before reprotect an on-premises VM on which somebody worked since the failover is not overwritten, though it is off again (safety
rule 5); after it nobody touches VM, master target and Azure VM unseen (tamper watch).
"""

import time
from typing import Any

import pytest
from pyVim.connect import Disconnect
from tests.integration.operator.rehearsal import Rehearsal, moment, plan
from tests.integration.vcenter.conftest import Session

from failback_lab.vcenter import ADMINISTRATOR

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-diverged"), pytest.mark.timeout(300)]

REPROTECTED = ["reProtect/InMage"]


def start_and_stop(fleet: Rehearsal, name: str) -> None:
    """Power the VM on, and off again at once."""
    session = Session(fleet.lab.vcenter)
    try:
        vm: Any = session.vm(name)
        session.run(vm.PowerOnVM_Task())
        session.run(vm.PowerOffVM_Task())
        assert (vm.runtime.powerState, vm.runtime.bootTime) == ("poweredOff", None)
    finally:
        Disconnect(session.si)


def starts(fleet: Rehearsal, machine: str) -> list[dict[str, str]]:
    """What the machine's object has of starts."""
    found: list[dict[str, str]] = fleet.machine(machine).get("spec", {}).get("onPremisesStarts", [])
    return found


def until_blocked(fleet: Rehearsal, started: str, untouched: str) -> None:
    fleet.until_phase(untouched, "Reprotected")
    checks = lambda: {each["check"] for each in fleet.machine(started)["status"]["findings"]}  # noqa: E731
    fleet.eventually(checks, lambda found: "OnPremisesDiverged" in found)
    time.sleep(3)
    assert fleet.operations(started) == []
    assert fleet.operations(untouched) == REPROTECTED


def test_a_start_before_the_operator_looked_blocks_reprotect(fleet: Rehearsal) -> None:
    """Nobody saw it run: vCenter's events tell."""
    start_and_stop(fleet, "app-1")
    fleet.apply(plan("unseen", "tokyo", "app-1", "app-2", stage="Reprotected", failedOverBefore=moment()))
    until_blocked(fleet, "app-1", "app-2")
    assert len(starts(fleet, "app-1")) == 1
    assert starts(fleet, "app-2") == []


def test_a_start_while_it_waits_blocks_reprotect_and_is_remembered(fleet: Rehearsal) -> None:
    fleet.apply(plan("seen", "tokyo", "app-3", "app-4", stage="Prepared", failedOverBefore=moment()))
    fleet.until_said("FailbackPlan", "seen", "True", "ReadyToStart")
    start_and_stop(fleet, "app-3")
    fleet.eventually(lambda: starts(fleet, "app-3"), lambda found: len(found) == 1)
    kept = starts(fleet, "app-3")
    fleet.patch("FailbackPlan", "seen", {"stage": "Reprotected"})
    until_blocked(fleet, "app-3", "app-4")
    assert starts(fleet, "app-3") == kept


def take_snapshot(fleet: Rehearsal, name: str) -> None:
    """Take a snapshot of the VM, as a backup does, and remove it again."""
    session = Session(fleet.lab.vcenter, ADMINISTRATOR)
    try:
        vm: Any = session.vm(name)
        session.run(vm.CreateSnapshot_Task("nightly", "", memory=False, quiesce=False))
        session.run(vm.RemoveAllSnapshots_Task(consolidate=True))
    finally:
        Disconnect(session.si)


def tampering(fleet: Rehearsal, machine: str) -> list[dict[str, str]]:
    """What the machine's object remembers."""
    found: list[dict[str, str]] = fleet.machine(machine).get("spec", {}).get("tampering", [])
    return found


def held_by(fleet: Rehearsal, machine: str, check: str) -> dict[str, Any]:
    """The finding that holds the machine."""
    find = lambda: next((f for f in fleet.machine(machine)["status"]["findings"] if f["check"] == check), {})  # noqa: E731
    return fleet.eventually(find, bool)


def test_who_touches_a_machine_between_reprotect_and_failback_holds_it_alone(fleet: Rehearsal) -> None:
    """By name and time, over a restart of the operator, until a person waives it."""
    names = ("app-5", "app-6", "app-7")
    fleet.apply(plan("touched", "tokyo", *names, stage="Reprotected", failedOverBefore=moment()))
    for name in names:
        fleet.until_phase(name, "Reprotected")
    take_snapshot(fleet, "app-5")
    fleet.lab.azure.set("vm", "app-6-az", "size", "Standard_D8s_v3")
    told = held_by(fleet, "app-5", "ReturningVmUntouched")["observed"]
    assert ADMINISTRATOR in told
    assert "VM app-5 got a snapshot (task-" in told
    assert "Standard_D8s_v3" in held_by(fleet, "app-6", "AzureVmUnchanged")["observed"]
    fleet.lab.azure.set("vm", "app-6-az", "size", "Standard_F2s_v2")
    fleet.operator.kill()
    fleet.operator.start()
    fleet.patch("FailbackPlan", "touched", {"stage": "FailedBack"})
    fleet.until_phase("app-7", "FailedBack")
    (touched,), (resized,) = tampering(fleet, "app-5"), tampering(fleet, "app-6")
    assert (touched["part"], touched["by"], resized["part"]) == ("ReturningVM", ADMINISTRATOR, "AzureVM")
    assert (fleet.operations("app-5"), fleet.operations("app-6")) == (REPROTECTED, REPROTECTED)
    waiver = {"reason": "looked at", "by": "dba", "until": moment(hours=1)}
    found = {"app-5": "ReturningVmUntouched", "app-6": "AzureVmUnchanged"}
    waivers = [{"check": check, "machine": name, **waiver} for name, check in found.items()]
    fleet.patch("FailbackPlan", "touched", {"waivers": waivers})
    for name in found:
        fleet.until_phase(name, "FailedBack")
    assert (tampering(fleet, "app-5"), tampering(fleet, "app-6")) == ([touched], [resized])
