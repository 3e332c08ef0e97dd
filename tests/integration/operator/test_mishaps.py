"""Calls to Site Recovery that fail, are lost, or whose caller is killed: each operation exactly once, and what failed is told.

Aspects: lost and refused answers, jobs that fail, retries that a person asks for, kill -9 between intent and job.
"""

import time
from typing import Any

import pytest
from tests.integration.operator.rehearsal import Json, Rehearsal, moment, plan

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-mishaps"), pytest.mark.timeout(300)]

ONCE = ["reProtect/InMage"]
FAILURE = {
    "code": "95226",
    "message": "Reprotect failed: the virtual machine in Azure cannot reach the configuration server.",
    "causes": "There is no site-to-site VPN or ExpressRoute private path.",
    "action": "Connect the virtual network with the on-premises site and run the operation again.",
}
REPROTECT = "SwitchReplicationGroupProtection"
HELD_SECONDS = 3.0
MISHAPS: dict[str, Json] = {
    "answer lost": {"kind": "close", "when": "after"},
    "connection lost before": {"kind": "close", "when": "before"},
    "500 and done": {"kind": "error", "when": "after", "status": 500},
    "500 and not done": {"kind": "error", "when": "before", "status": 500},
    "503 and done": {"kind": "error", "when": "after", "status": 503, "retry_after": 1},
    "503 and not done": {"kind": "error", "when": "before", "status": 503, "retry_after": 1},
    "409 with Retry-After": {"kind": "error", "when": "before", "status": 409, "code": "Conflict", "retry_after": 1},
    "slower than the limit": {"kind": "slow", "seconds": 5},
}
MACHINES = {f"app-{number}": mishap for number, mishap in enumerate(MISHAPS, start=1)}


def post_of(fleet: Rehearsal, machine: str, action: str = "reProtect") -> str:
    """The path, as a pattern, of a call on the machine's item."""
    item = fleet.lab.azure.state()["items"][machine]["id"].rsplit("/", 1)[-1]
    return rf"/{item}/{action}\?"


@pytest.fixture(scope="module")
def struck(many: Rehearsal) -> Rehearsal:
    """One plan of eight machines, each of whose reprotects meets another mishap, all at their stage in the end."""
    for machine, mishap in MACHINES.items():
        many.lab.azure.fault(method="POST", path=post_of(many, machine), **MISHAPS[mishap])
    many.apply(plan("struck", "tokyo", *MACHINES, stage="Reprotected", failedOverBefore=moment()))
    many.until_said("FailbackPlan", "struck", "True", "StageReached")
    many.rests()
    return many


@pytest.mark.parametrize("machine", MACHINES, ids=MACHINES.values())
def test_an_operation_happens_once_whatever_the_answer(struck: Rehearsal, machine: str) -> None:
    assert struck.operations(machine) == ONCE
    posts = [e for e in struck.lab.azure.log() if e["item"] == machine and e["operation"] == "reProtect"]
    assert posts[0]["fault"], "the mishap did not come about"
    assert len(posts) == (1 if posts[0]["accepted"] else 2)
    ledger = struck.machine(machine)["status"]["ledger"]
    assert [entry["outcome"] for entry in ledger][-1] == "Succeeded"
    assert ledger[-1]["job"] == posts[-1]["job"]
    struck.assert_sound()


def test_a_failed_job_is_told_verbatim_and_tried_again_once_when_asked(fleet: Rehearsal) -> None:
    failing, other = "app-9", "app-10"
    fleet.lab.azure.outcome(REPROTECT, "Failed", item=failing, **FAILURE)
    fleet.apply(plan("failing", "tokyo", failing, other, stage="Reprotected", failedOverBefore=moment()))
    fleet.until_phase(failing, "Failed")
    status = fleet.machine(failing)["status"]
    for words in FAILURE.values():
        assert words in status["message"]
    fleet.until_phase(other, "Reprotected")
    fleet.until_said("FailbackPlan", "failing", "False", "MachinesFailed", failing, FAILURE["code"])
    fleet.rests()
    assert fleet.operations(failing) == ONCE, "a failed step is not tried again unless asked for"
    assert fleet.operations(other) == ONCE
    retry = {"retries": [{"machine": failing, "job": status["ledger"][-1]["job"]}]}
    fleet.lab.azure.outcome(REPROTECT, "Failed", item=failing, **FAILURE)
    fleet.patch("FailbackPlan", "failing", retry)
    fleet.eventually(lambda: fleet.operations(failing), lambda found: len(found) == 2)
    fleet.until_phase(failing, "Failed")
    fleet.rests()
    assert fleet.operations(failing) == ONCE * 2, "one retry is one try"
    again = {"machine": failing, "job": fleet.machine(failing)["status"]["ledger"][-1]["job"]}
    fleet.patch("FailbackPlan", "failing", {"retries": [*retry["retries"], again]})
    fleet.until_said("FailbackPlan", "failing", "True", "StageReached")
    assert fleet.operations(failing) == ONCE * 3
    assert fleet.operations(other) == ONCE


def kill_during(fleet: Rehearsal, machine: str, action: str) -> None:
    """kill -9 of the operator once the call on the machine was taken and before its answer, then start it again."""
    found = lambda: [  # noqa: E731
        e for e in fleet.lab.azure.log() if e["item"] == machine and e["operation"] == action and e["fault"] and e["job"]
    ]
    fleet.eventually(found, lambda posts: posts)
    fleet.operator.kill()
    ledger = fleet.machine(machine)["status"]["ledger"]
    assert ledger[-1]["outcome"] == "Intended", "it was not killed between intent and job"
    assert "job" not in ledger[-1]
    fleet.operator.start()


def test_killed_between_intent_and_job(fleet: Rehearsal) -> None:
    machine, calls = "app-11", ("reProtect", "unplannedFailover", "failoverCommit", "reProtect")
    fleet.apply(plan(machine, "tokyo", machine, stage="Protected", failedOverBefore=moment()))
    for action in calls:
        fleet.lab.azure.fault(method="POST", path=post_of(fleet, machine, action), kind="slow", seconds=HELD_SECONDS)
        kill_during(fleet, machine, action)
        fleet.lab.azure.clear_faults()
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    operations = [operation.partition("/")[0] for operation in fleet.operations(machine)]
    assert operations == list(calls)


def test_killed_again_and_again(fleet: Rehearsal) -> None:
    """At whatever moment: four kills in the run of a machine, none of them chosen."""
    machine = "app-12"
    fleet.apply(plan(machine, "tokyo", machine, stage="FailedBack", failedOverBefore=moment()))
    for seconds in (1.0, 2.5, 4.0, 1.5):
        time.sleep(seconds)
        fleet.operator.kill()
        fleet.operator.start()
    fleet.until_said("FailbackPlan", machine, "True", "StageReached")
    assert fleet.operations(machine) == ["reProtect/InMage", "unplannedFailover/InMage"]


def test_secrets_are_never_shown(fleet: Rehearsal, struck: Any) -> None:
    """After runs with failures, lost answers and kills: not in the log, nor in any object or event; nor are tokens."""
    fleet.assert_sound()
    text = fleet.operator.log.read_text()
    assert len(fleet.secrets) >= 3
    assert "eyJ" not in text
    assert "Authorization" not in text
