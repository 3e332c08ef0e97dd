"""Which call begins an effect on a VM, and which comes next: by the VM, the task and the job alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from failback_operator.act.vsphere import MachineFollower, Progress, VsphereTransport
from failback_operator.act.vsphere.commands import perform
from failback_operator.act.vsphere.power import power_on
from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.decide.fixes.power_cycle import UNRECORDED_SHUTDOWN
from failback_operator.domain.ids import ArmId, Moref
from failback_operator.domain.ports import Accepted, Lost, Refused, SendResult
from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.domain.steps import Effect, EffectKind, ItemCall, MachineCall, ObjectKey
from failback_operator.domain.tasks import TaskPhase, TaskState
from failback_operator.domain.vsphere import Guest, PowerState, Snapshot, VirtualMachine

BOOT = datetime(2026, 11, 1, 6, 0, 0, 123456, tzinfo=UTC)
SHUTTING_DOWN = "shut-down-guest/20261101T060000.123456Z"
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
OWNER = ObjectKey("MasterTarget", "dr", "mt-1")
CALL = MachineCall("main", Moref("vm-1"), "uuid-1")
SNAPSHOTS = (Snapshot(Moref("snapshot-1"), "before-update", BOOT),)
ON = VirtualMachine(
    moref=Moref("vm-1"),
    name="mt-1",
    instance_uuid="UUID-1",
    power_state=PowerState.ON,
    boot_time=BOOT,
    consolidation_needed=False,
    disk_uuid_enabled=False,
    guest=Guest(tools_running_status="guestToolsRunning"),
)
OFF = replace(ON, power_state=PowerState.OFF, boot_time=None)
DOWN = SourceFailed(SourceError(SourceProblem.UNREACHABLE, "down"))
RUNNING, SUCCEEDED, GONE = (TaskState(phase) for phase in (TaskPhase.RUNNING, TaskPhase.SUCCEEDED, TaskPhase.GONE))


class FakeVcenter:
    """A vCenter at the SDK's edge: notes each call, answers it with a task or raises."""

    def __init__(
        self, machine: VirtualMachine | Exception | None, task: TaskState = GONE, answer: Exception | None = None
    ) -> None:
        self.calls: list[str] = []
        self._machine = machine
        self._task = task
        self._answer = answer
        self.stub = self

    def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:  # noqa: N802 - pyvmomi calls it
        self.calls.append(info.wsdlName)
        if self._answer is not None:
            raise self._answer
        return None if info.wsdlName == "ShutdownGuest" else vim.Task("task-9")

    async def send(self, function: Callable[[Any], Any]) -> Any:
        return function(self)

    async def machine(self, moref: Moref) -> VirtualMachine | None:
        if isinstance(self._machine, Exception):
            raise self._machine
        return self._machine

    async def task_state(self, task: str) -> TaskState:
        return self._task


async def send(vcenter: FakeVcenter, kind: EffectKind, call: MachineCall = CALL) -> SendResult:
    return await VsphereTransport({"main": vcenter}.get).send(Effect("key", kind, OWNER, call))


FIRST = [
    (EffectKind.REMOVE_SNAPSHOTS, replace(ON, snapshots=SNAPSHOTS), "RemoveAllSnapshots_Task", "task-9"),
    (EffectKind.REMOVE_SNAPSHOTS, replace(ON, consolidation_needed=True), "ConsolidateVMDisks_Task", "consolidate/task-9"),
    (EffectKind.SET_DISK_UUID, ON, "ReconfigVM_Task", "task-9"),
    (EffectKind.POWER_CYCLE, ON, "ShutdownGuest", SHUTTING_DOWN),
    (EffectKind.POWER_CYCLE, replace(ON, boot_time=None), "ShutdownGuest", "shut-down-guest/never"),
    (EffectKind.POWER_CYCLE, OFF, "PowerOnVM_Task", "power-on/task-9"),
]


@pytest.mark.parametrize(("kind", "machine", "method", "job"), FIRST)
async def test_first_call(kind: EffectKind, machine: VirtualMachine, method: str, job: str) -> None:
    vcenter = FakeVcenter(machine)
    assert await send(vcenter, kind) == Accepted(job)
    assert vcenter.calls == [method]


@pytest.mark.parametrize(
    ("has_tools", "allow_hard_off", "method"),
    [(True, True, "ShutdownGuest"), (False, True, "PowerOffVM_Task"), (False, False, "ShutdownGuest")],
)
async def test_a_hard_power_off_only_where_it_is_allowed_and_needed(has_tools: bool, allow_hard_off: bool, method: str) -> None:
    status = "guestToolsRunning" if has_tools else "guestToolsNotRunning"
    vcenter = FakeVcenter(replace(ON, guest=Guest(tools_running_status=status)))
    await send(vcenter, EffectKind.POWER_CYCLE, replace(CALL, allow_hard_off=allow_hard_off))
    assert vcenter.calls == [method]


@pytest.mark.parametrize(
    ("kind", "machine", "said"),
    [
        (EffectKind.REMOVE_SNAPSHOTS, replace(ON, unread=frozenset({"snapshots"})), "the snapshots of VM mt-1 could not be read"),
        (EffectKind.SET_DISK_UUID, replace(ON, unread=frozenset({"disk_uuid_enabled"})), "could not be read"),
        (EffectKind.POWER_CYCLE, replace(ON, power_state=PowerState.SUSPENDED), "is suspended"),
        (EffectKind.POWER_CYCLE, replace(ON, power_state=None), "the power state of VM mt-1 could not be read"),
        (EffectKind.SET_DISK_UUID, replace(ON, instance_uuid=None), "the instance UUID of VM mt-1 could not be read"),
        (EffectKind.SET_DISK_UUID, replace(ON, instance_uuid="uuid-2"), "has the instance UUID uuid-2"),
        (EffectKind.SET_DISK_UUID, None, "there is no VM vm-1"),
        (EffectKind.SET_DISK_UUID, DOWN, "not sent: down"),
    ],
)
async def test_nothing_is_sent_to_a_vm_in_doubt(kind: EffectKind, machine: Any, said: str) -> None:
    vcenter = FakeVcenter(machine)
    answer = await send(vcenter, kind)
    assert isinstance(answer, Refused)
    assert answer.message.startswith("not sent: ")
    assert said in answer.message
    assert vcenter.calls == []


async def test_a_vcenter_that_is_not_connected() -> None:
    answer = await send(FakeVcenter(ON), EffectKind.SET_DISK_UUID, replace(CALL, vcenter="other"))
    assert answer == Refused("not sent: vCenter other is not connected")


async def test_nothing_is_left_to_do() -> None:
    assert await send(FakeVcenter(ON), EffectKind.REMOVE_SNAPSHOTS) == Accepted(None)
    assert await send(FakeVcenter(replace(ON, disk_uuid_enabled=True)), EffectKind.SET_DISK_UUID) == Accepted(None)


async def test_effects_on_items_are_none_of_its_business() -> None:
    item = Effect("key", EffectKind.COMMIT, OWNER, ItemCall(ArmId("/x"), "failoverCommit", None))
    with pytest.raises(TypeError):
        await VsphereTransport({}.get).send(item)
    with pytest.raises(TypeError):
        await send(FakeVcenter(ON), EffectKind.COMMIT)


@pytest.mark.parametrize(
    ("raised", "answer"),
    [
        (DOWN, Refused),
        (vim.fault.NoPermission(msg="denied"), Refused),
        (vim.fault.NotAuthenticated(), Refused),
        (vim.fault.TaskInProgress(), Refused),
        (vim.fault.ToolsUnavailable(msg="no tools"), Refused),
        (vmodl.fault.SystemError(msg="internal"), Lost),
        (vmodl.fault.HostNotReachable(), Lost),
        (vmodl.fault.RequestCanceled(), Lost),
        (vim.fault.Timedout(), Lost),
        (TimeoutError(), Lost),
        (ConnectionResetError(), Lost),
        (KeyError("SystemErrorFault"), Lost),
        (AttributeError("dreaming"), Lost),
    ],
)
async def test_what_an_answer_means(raised: Exception, answer: type) -> None:
    vcenter = FakeVcenter(ON, answer=raised)
    said = await perform(vcenter, power_on(ON))
    assert isinstance(said, answer)
    assert len(vcenter.calls) == 1


class Lease:
    def __init__(self, *, held: bool = True) -> None:
        self._held = held

    def is_held(self) -> bool:
        return self._held


class Clock:
    def __init__(self, at: datetime = NOW) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at


def entry(kind: EffectKind, job: str | None) -> LedgerEntry:
    return LedgerEntry(
        key="key",
        effect=kind,
        intended_at=NOW - timedelta(minutes=1),
        not_after=NOW,
        outcome=EffectOutcome.RUNNING,
        job=job,
    )


async def follow(vcenter: FakeVcenter, kind: EffectKind, job: str | None, **changes: Any) -> Progress:
    call = replace(CALL, allow_hard_off=changes.pop("allow_hard_off", False))
    follower = MachineFollower({"main": vcenter}.get, changes.pop("lease", Lease()), changes.pop("clock", Clock()))
    return await follower.follow(call, entry(kind, job))


LATER_BOOT = replace(ON, boot_time=BOOT + timedelta(days=23))
FAILED = TaskState(TaskPhase.FAILED, "InsufficientResourcesFault: no memory")


@dataclass(frozen=True)
class Look:
    """One look: effect, job, task and VM; what it finds, the job afterwards, and the call that is made."""

    kind: str
    job: str
    task: TaskState
    machine: VirtualMachine
    phase: str
    then: str
    method: str | None = None


NEXT = [
    Look("SetDiskUuid", "task-1", RUNNING, ON, "Running", "task-1"),
    Look("SetDiskUuid", "task-1", SUCCEEDED, replace(ON, disk_uuid_enabled=True), "Succeeded", "task-1"),
    Look("SetDiskUuid", "task-1", SUCCEEDED, ON, "Failed", "task-1"),
    Look("SetDiskUuid", "task-1", GONE, replace(ON, unread=frozenset({"disk_uuid_enabled"})), "Running", "task-1"),
    Look("SetDiskUuid", "task-1", FAILED, ON, "Failed", "task-1"),
    Look("RemoveSnapshots", "task-1", RUNNING, replace(ON, snapshots=SNAPSHOTS), "Running", "task-1"),
    Look("RemoveSnapshots", "task-1", SUCCEEDED, ON, "Succeeded", "task-1"),
    Look("RemoveSnapshots", "task-1", GONE, ON, "Succeeded", "task-1"),
    Look("RemoveSnapshots", "task-1", SUCCEEDED, replace(ON, snapshots=SNAPSHOTS), "Failed", "task-1"),
    Look("RemoveSnapshots", "task-1", SUCCEEDED, replace(ON, unread=frozenset({"snapshots"})), "Running", "task-1"),
    Look(
        "RemoveSnapshots",
        "task-1",
        SUCCEEDED,
        replace(ON, consolidation_needed=True),
        "Running",
        "consolidate/task-9",
        "ConsolidateVMDisks_Task",
    ),
    Look(
        "RemoveSnapshots",
        "consolidate/task-2",
        SUCCEEDED,
        replace(ON, consolidation_needed=True),
        "Failed",
        "consolidate/task-2",
        None,
    ),
    Look("PowerCycle", SHUTTING_DOWN, GONE, ON, "Running", SHUTTING_DOWN),
    Look("PowerCycle", SHUTTING_DOWN, GONE, replace(ON, boot_time=None), "Running", SHUTTING_DOWN),
    Look("PowerCycle", SHUTTING_DOWN, GONE, OFF, "Running", "power-on/task-9", "PowerOnVM_Task"),
    Look("PowerCycle", UNRECORDED_SHUTDOWN, GONE, OFF, "Running", "power-on/task-9", "PowerOnVM_Task"),
    Look("PowerCycle", SHUTTING_DOWN, GONE, LATER_BOOT, "Succeeded", SHUTTING_DOWN),
    Look("PowerCycle", SHUTTING_DOWN, GONE, replace(ON, power_state=PowerState.SUSPENDED), "Running", SHUTTING_DOWN),
    Look("PowerCycle", "power-on/task-1", RUNNING, OFF, "Running", "power-on/task-1"),
    Look("PowerCycle", "power-on/task-1", SUCCEEDED, LATER_BOOT, "Succeeded", "power-on/task-1"),
    Look("PowerCycle", "power-on/task-1", SUCCEEDED, OFF, "Failed", "power-on/task-1"),
    Look("PowerCycle", "power-on/task-1", GONE, OFF, "Running", "power-on/task-9", "PowerOnVM_Task"),
    Look("PowerCycle", "power-on/task-1", FAILED, OFF, "Failed", "power-on/task-1"),
    Look("PowerCycle", "power-on/task-1", FAILED, LATER_BOOT, "Succeeded", "power-on/task-1"),
    Look("PowerCycle", "power-off/task-1", RUNNING, ON, "Running", "power-off/task-1"),
    Look("PowerCycle", "power-off/task-1", SUCCEEDED, OFF, "Running", "power-on/task-9", "PowerOnVM_Task"),
    Look("PowerCycle", "power-off/task-1", FAILED, OFF, "Running", "power-on/task-9", "PowerOnVM_Task"),
    Look("PowerCycle", "power-off/task-1", FAILED, ON, "Failed", "power-off/task-1"),
]


@pytest.mark.parametrize("look", NEXT)
async def test_next_call(look: Look) -> None:
    vcenter = FakeVcenter(look.machine, look.task)
    progress = await follow(vcenter, EffectKind(look.kind), look.job)
    assert (progress.phase, progress.job) == (look.phase, look.then)
    assert vcenter.calls == ([look.method] if look.method else [])
    assert bool(progress.message) == (look.phase == "Failed")


@pytest.mark.parametrize("look", [each for each in NEXT if each.method])
async def test_no_call_without_the_lease(look: Look) -> None:
    vcenter = FakeVcenter(look.machine, look.task)
    progress = await follow(vcenter, EffectKind(look.kind), look.job, lease=Lease(held=False))
    assert progress == Progress(TaskPhase.RUNNING, look.job)
    assert vcenter.calls == []


@pytest.mark.parametrize("minutes", [9, 10])
async def test_a_guest_has_time_to_shut_down(minutes: int) -> None:
    vcenter = FakeVcenter(ON)
    clock = Clock(NOW - timedelta(minutes=1) + timedelta(minutes=minutes))
    assert (await follow(vcenter, EffectKind.POWER_CYCLE, SHUTTING_DOWN, clock=clock)).phase is TaskPhase.RUNNING


@pytest.mark.parametrize("allow_hard_off", [True, False])
async def test_a_guest_that_takes_too_long(allow_hard_off: bool) -> None:
    vcenter = FakeVcenter(ON)
    clock = Clock(NOW + timedelta(minutes=9, seconds=1))
    progress = await follow(vcenter, EffectKind.POWER_CYCLE, SHUTTING_DOWN, clock=clock, allow_hard_off=allow_hard_off)
    # Without leave to switch it off the guest is waited for: failed, nobody would switch it on when it goes down after all.
    assert progress == Progress(TaskPhase.RUNNING, "power-off/task-9" if allow_hard_off else SHUTTING_DOWN)
    assert vcenter.calls == (["PowerOffVM_Task"] if allow_hard_off else [])


@pytest.mark.parametrize(
    ("raised", "phase"),
    [
        (vim.fault.TaskInProgress(), TaskPhase.RUNNING),
        (vim.fault.InvalidPowerState(), TaskPhase.RUNNING),
        (ConnectionResetError(), TaskPhase.RUNNING),
        (vim.fault.NoPermission(msg="denied"), TaskPhase.FAILED),
    ],
)
async def test_a_next_call_that_is_not_taken(raised: Exception, phase: TaskPhase) -> None:
    """What was lost or is being done is answered by the VM at the next look; a refusal is an end."""
    progress = await follow(FakeVcenter(OFF, answer=raised), EffectKind.POWER_CYCLE, SHUTTING_DOWN)
    assert (progress.phase, progress.job) == (phase, SHUTTING_DOWN)
    assert progress.message == ("power-on: NoPermission: denied; VM mt-1 is off" if phase is TaskPhase.FAILED else "")


async def test_a_vm_left_off_is_named() -> None:
    progress = await follow(FakeVcenter(OFF, FAILED), EffectKind.POWER_CYCLE, "power-on/task-1")
    assert progress.message == "InsufficientResourcesFault: no memory; VM mt-1 is off"


async def test_another_vm_took_its_place() -> None:
    progress = await follow(FakeVcenter(replace(ON, instance_uuid="uuid-2")), EffectKind.SET_DISK_UUID, "task-1")
    assert progress.phase is TaskPhase.FAILED
    assert (await follow(FakeVcenter(None), EffectKind.SET_DISK_UUID, "task-1")).phase is TaskPhase.FAILED


async def test_what_cannot_be_looked_at_goes_on() -> None:
    lost = MachineFollower({}.get, Lease(), Clock())
    assert await lost.follow(CALL, entry(EffectKind.POWER_CYCLE, "task-1")) == Progress(TaskPhase.RUNNING, "task-1")
    assert await follow(FakeVcenter(ON), EffectKind.POWER_CYCLE, None) == Progress(TaskPhase.RUNNING, None)
    with pytest.raises(SourceFailed):
        await follow(FakeVcenter(DOWN), EffectKind.POWER_CYCLE, "power-on/task-1")
