"""What people and Git do in the midst of a run: nothing is done twice, and nothing more than is asked for.

Aspects: plans deleted and made anew, machine objects restored without status or lost, suspend, stage lowered, rival plans.
Each test has a machine of its own; operations are counted by Site Recovery's own log.
"""

from contextlib import suppress
from typing import Any

import pytest
from tests.integration.azure.clients import Vault
from tests.integration.operator.rehearsal import Json, Rehearsal, moment, plan

from failback_lab.kubectl import KubectlError

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-replays"), pytest.mark.timeout(300)]

HOME = ["reProtect/InMage"]
ROUND = ["reProtect/InMage", "unplannedFailover/InMage", "failoverCommit/-", "reProtect/InMageAzureV2"]


def begin(fleet: Rehearsal, machine: str, stage: str, **spec: Any) -> Json:
    """A plan for the machine, applied; returned as Git has it."""
    found = plan(machine, "tokyo", machine, stage=stage, failedOverBefore=moment(), **spec)
    fleet.apply(found)
    return found


def until_operations(fleet: Rehearsal, machine: str, count: int) -> None:
    fleet.eventually(lambda: fleet.operations(machine), lambda found: len(found) >= count)


def test_a_plan_is_deleted_and_made_anew_while_it_reprotects_and_after_its_end(fleet: Rehearsal, machine: str) -> None:
    in_git = begin(fleet, machine, "Protected")
    for operations in range(1, len(ROUND) + 1):
        until_operations(fleet, machine, operations)
        fleet.delete("FailbackPlan", machine)
        fleet.apply(in_git)
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    assert fleet.operations(machine) == ROUND
    fleet.delete("FailbackPlan", machine)
    fleet.rests()
    fleet.apply(in_git)
    fleet.until_said("FailbackPlan", machine, "True")
    fleet.rests()
    assert fleet.operations(machine) == ROUND


def forget(fleet: Rehearsal, machine: str) -> Json:
    """Remove the machine's object whatever holds it; returned as it was.

    Deleted first: to an object that is going no finalizer can be added any more, so the operator is not faster.
    """
    lost = fleet.machine(machine)
    name, uid = lost["metadata"]["name"], lost["metadata"]["uid"]
    fleet.lab.kubectl.run("delete", "fbm", name, "-n", "dr", "--wait=false", "--ignore-not-found")
    if fleet.machine(machine).get("metadata", {}).get("uid") == uid:
        with suppress(KubectlError):  # gone in between
            fleet.lab.kubectl.patch("fbm", "dr", name, {"metadata": {"finalizers": []}})
    fleet.eventually(lambda: fleet.machine(machine), lambda found: found.get("metadata", {}).get("uid") != uid)
    return lost


def test_machine_objects_are_restored_without_status_at_every_step(fleet: Rehearsal, machine: str) -> None:
    """As from a backup that keeps no status: ledger and finalizer are lost, the uid is another."""
    begin(fleet, machine, "Protected")
    for operations in range(1, len(ROUND) + 1):
        until_operations(fleet, machine, operations)
        restore(fleet, forget(fleet, machine))
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    restore(fleet, forget(fleet, machine))
    fleet.until_phase(machine, "Protected")
    fleet.rests()
    assert fleet.operations(machine) == ROUND


def restore(fleet: Rehearsal, lost: Json) -> None:
    """Put back what a backup keeps of a machine's object, unless the operator was faster."""
    metadata = {"name": lost["metadata"]["name"], "namespace": "dr"}
    fleet.apply({"kind": "FailbackMachine", "metadata": metadata, "spec": lost["spec"]})


def test_machine_objects_are_lost_with_all_that_was_recorded(fleet: Rehearsal, machine: str) -> None:
    """The failover is told by the vault's jobs; what only the record knew, a person must say before it goes on."""
    begin(fleet, machine, "Reprotected")
    # While the reprotect begins all can still be read and recorded again.
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    forget(fleet, machine)
    fleet.patch("FailbackPlan", machine, {"stage": "Protected"})
    words = ("protection.policy", "protection.logStorageAccountId")
    fleet.until_said("FailbackPlan", machine, "False", *words)
    fleet.rests()
    assert fleet.operations(machine) == HOME
    group = f"/subscriptions/{fleet.lab.azure.subscription_id}/resourceGroups/{fleet.lab.scenario.vault.resource_group}"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/{fleet.lab.scenario.vault.log_storage_account}"
    said = {"processServer": "ps-onprem-1", "policy": "policy-24h", "logStorageAccountId": account}
    looked = {"check": "LayoutRecorded", "machine": machine, "reason": "no disk of it was moved", "by": "test"}
    waivers = [{**looked, "until": "2099-01-01T00:00:00Z"}]
    fleet.patch("FailbackPlan", machine, {"protection": said, "waivers": waivers})
    until_operations(fleet, machine, 2)
    forget(fleet, machine)
    # Which Azure VM it was, a failed-back item does not tell: so a person looks, and commits.
    fleet.until_said("FailbackPlan", machine, "Unknown", "which Azure VM it was is not recorded")
    fleet.rests()
    assert fleet.operations(machine) == ROUND[:2]
    assert Vault(fleet.lab.azure).post(machine, "failoverCommit").status == 202
    until_operations(fleet, machine, 4)
    forget(fleet, machine)
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    fleet.rests()
    assert fleet.operations(machine) == ROUND


def test_suspend_stops_what_has_not_begun(fleet: Rehearsal, machine: str) -> None:
    begin(fleet, machine, "Committed")
    until_operations(fleet, machine, 1)
    fleet.patch("FailbackPlan", machine, {"suspend": True})
    fleet.until_phase(machine, "Reprotected")
    fleet.rests()
    assert fleet.operations(machine) == HOME
    found = fleet.condition("FailbackPlan", machine)
    assert "suspend" in f"{found} {fleet.machine(machine)['status'].get('message')}"
    fleet.patch("FailbackPlan", machine, {"suspend": False})
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    assert fleet.operations(machine) == ROUND[:3]


def test_suspending_the_site_stops_all_plans(fleet: Rehearsal, machine: str) -> None:
    fleet.patch("RecoverySite", "tokyo", {"suspend": True})
    fleet.until_said("RecoverySite", "tokyo", "True", "suspended")
    begin(fleet, machine, "Reprotected")
    fleet.eventually(lambda: fleet.machine(machine), lambda found: found)
    fleet.rests()
    assert fleet.operations(machine) == []
    fleet.patch("RecoverySite", "tokyo", {"suspend": False})
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    assert fleet.operations(machine) == HOME


def test_a_lowered_stage_stops_what_has_not_begun(fleet: Rehearsal, machine: str) -> None:
    begin(fleet, machine, "FailedBack")
    until_operations(fleet, machine, 1)
    fleet.patch("FailbackPlan", machine, {"stage": "Reprotected"})
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    fleet.rests()
    assert fleet.operations(machine) == HOME
    fleet.patch("FailbackPlan", machine, {"stage": "Prepared"})
    fleet.rests()
    assert fleet.operations(machine) == HOME
    fleet.patch("FailbackPlan", machine, {"stage": "FailedBack"})
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    assert fleet.operations(machine) == ROUND[:2]


def test_a_rival_does_not_stop_a_run_that_began(fleet: Rehearsal, machine: str) -> None:
    begin(fleet, machine, "FailedBack")
    until_operations(fleet, machine, 1)
    # Earlier in the alphabet, so that nothing but the run that began speaks for the first.
    fleet.apply(plan("a-rival", "tokyo", machine, stage="Protected", failedOverBefore=moment()))
    fleet.until_said("FailbackPlan", "a-rival", "False", machine)
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    assert fleet.operations(machine) == ROUND[:2]
    assert fleet.machine(machine)["spec"]["planRef"]["name"] == machine
    fleet.delete("FailbackPlan", "a-rival")


def test_a_reverted_bound_does_not_stop_a_run_that_began(fleet: Rehearsal, machine: str) -> None:
    """A run that began under a value keeps it to its end; the next failover would not be covered."""
    begin(fleet, machine, "FailedBack")
    until_operations(fleet, machine, 1)
    fleet.patch("FailbackPlan", machine, {"failedOverBefore": moment(days=-30)})
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    assert fleet.operations(machine) == ROUND[:2]
