"""What counts as a start, a snapshot and a sign of life of the on-premises VM: each boundary."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as a

from failback_operator.api.v1alpha1.failback_machine import OnPremisesStart, Phase
from failback_operator.checks.engine import run
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.checks.machine.on_premises import started_since
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job, JobState
from failback_operator.domain.verdicts import Outcome
from failback_operator.domain.vsphere import PowerState

THEN = a.FAILED_OVER_AT
SECOND = timedelta(seconds=1)
FAILBACK = a.minutes_ago(60)


def outcome(check, context):
    return next(v.outcome for v in run(MACHINE_CHECKS, context) if v.check_id == check)


def of_vm(context=None, **changes):
    vm = a.vm(**changes)
    return replace(context or a.machine_context(), vms=(a.located(vm),))


STARTS = {
    "never, off": ({}, None),
    "never, on, without a boot time: it is started now": ({"power_state": PowerState.ON}, a.NOW),
    "suspended, without a boot time": ({"power_state": PowerState.SUSPENDED}, None),
    "on since before": ({"power_state": PowerState.ON, "boot_time": THEN - SECOND}, None),
    "on since then": ({"power_state": PowerState.ON, "boot_time": THEN}, None),
    "on since after": ({"power_state": PowerState.ON, "boot_time": THEN + SECOND}, THEN + SECOND),
    "off again, as events tell": ({"starts": (THEN + 9 * SECOND, THEN + SECOND, THEN)}, THEN + SECOND),
    "on without a boot time, as events tell": ({"power_state": PowerState.ON, "starts": (THEN + SECOND,)}, THEN + SECOND),
}


@pytest.mark.parametrize("name", STARTS)
def test_the_first_start_since_the_failover(name):
    changes, moment = STARTS[name]
    assert started_since(a.vm(**changes), THEN, a.NOW) == moment


@pytest.mark.parametrize(("created", "expected"), [(THEN, Outcome.PASS), (THEN + SECOND, Outcome.FAIL)])
def test_a_snapshot_of_the_failovers_own_second_is_none_since_then(created, expected):
    assert outcome("OnPremisesDiverged", of_vm(snapshots=(a.snapshot(created=created),))) is expected


@pytest.mark.parametrize(
    ("failed_over_at", "expected"),
    [(THEN - SECOND, Outcome.PASS), (THEN, Outcome.FAIL), (THEN + SECOND, Outcome.PASS)],
)
def test_a_start_that_was_kept_counts_for_its_own_failover_alone(failed_over_at, expected):
    machine = a.machine()
    start = OnPremisesStart(failed_over_at=failed_over_at, seen_at=THEN + SECOND)
    kept = machine.model_copy(update={"spec": machine.spec.model_copy(update={"on_premises_starts": [start]})})
    assert outcome("OnPremisesDiverged", a.machine_context(machine=kept)) is expected


@pytest.mark.parametrize("state", ["disconnected", "inaccessible", "invalid", "orphaned", "a state of later", "zombie"])
def test_a_vm_that_is_not_connected_is_not_found(state):
    assert outcome("OnPremisesVMFound", of_vm(connection_state=state)) is Outcome.FAIL


def back(**changes):
    base = a.machine_context(a.failed_back_item(last_heartbeat=None), phase=Phase.FAILED_BACK, last_failback_at=FAILBACK)
    return of_vm(replace(base, **changes), power_state=PowerState.ON)


@pytest.mark.parametrize("status", ["guestToolsNotRunning", "guestToolsExecutingScripts", "guestToolsRunningNot", "zzz"])
def test_only_tools_that_run_tell_that_it_is_up(status):
    context = of_vm(back(), power_state=PowerState.ON, guest=a.Guest(tools_running_status=status))
    silent = replace(context, items=(a.failed_back_item(last_heartbeat=None, detail=a.detail(agent_last_heartbeat=None)),))
    assert outcome("OnPremisesUp", silent) is Outcome.FAIL


def job(started, ended):
    arm_id = ArmId(f"{a.VAULT_ID}/replicationJobs/{started.minute}")
    return Job(arm_id, "job", "UnplannedFailover", JobState.SUCCEEDED, None, started, ended, None, None, (), (), is_whole=True)


@pytest.mark.parametrize("other", [FAILBACK - SECOND, FAILBACK + SECOND])
@pytest.mark.parametrize(("ended", "expected"), [(a.minutes_ago(1), Outcome.FAIL), (a.minutes_ago(3), Outcome.PASS)])
def test_the_end_that_counts_is_that_of_the_failbacks_own_job(other, ended, expected):
    item = a.failed_back_item(last_heartbeat=a.minutes_ago(2), detail=a.detail(agent_last_heartbeat=None))
    own, another = job(FAILBACK, ended), job(other, a.minutes_ago(0.5) if expected is Outcome.PASS else a.minutes_ago(50))
    context = replace(back(), items=(item,), jobs=(another, own))
    assert outcome("OnPremisesUp", context) is expected
