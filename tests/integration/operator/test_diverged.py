"""An on-premises VM on which somebody worked since the failover: off again, it is not overwritten all the same. Safety rule 5."""

import time
from typing import Any

import pytest
from pyVim.connect import Disconnect
from tests.integration.operator.rehearsal import Rehearsal, moment, plan
from tests.integration.vcenter.conftest import Session

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
