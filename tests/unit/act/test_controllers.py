"""Replacing controllers: which call is due by stage, task and VM, and that no way leads to a VM that is left off in silence."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from pyVmomi import vim
from tests.unit.act.test_vsphere_effects import (
    BOOT,
    CALL,
    FAILED,
    GONE,
    NOW,
    OFF,
    ON,
    RUNNING,
    SUCCEEDED,
    Clock,
    FakeVcenter,
    Lease,
)

from failback_operator.act.vsphere import MachineFollower
from failback_operator.act.vsphere.commands import HardwareOf, Order
from failback_operator.act.vsphere.controllers import ReplaceControllers
from failback_operator.act.vsphere.effect import Look, Progress, Scene
from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.domain.ids import Moref
from failback_operator.domain.ports import Accepted, Refused
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.tasks import TaskPhase, TaskState
from failback_operator.domain.vsphere import Controller, ControllerKind, Disk, Guest, PowerState, VirtualMachine

SAS, PARA = ControllerKind.LSI_LOGIC_SAS, ControllerKind.PARAVIRTUAL
Device = vim.vm.device
DISK = Disk(2000, "Hard disk 1", 1000, 0, "[ds] vm/vm.vmdk", Moref("datastore-1"), "uuid", 1 << 30, False)
OLD = (Controller(1000, PARA, 0),)
BESIDE = (*OLD, Controller(1001, SAS, 1))
NEW = (Controller(1000, SAS, 0), Controller(1001, SAS, 1))
MARK = "20261101T060000.123456Z"
EARLIER = "20251101T060000.000000Z"


@dataclass(frozen=True)
class Hardware:
    """Devices as vCenter has them."""

    devices: tuple[Any, ...]
    change_version: str = "7"


def devices() -> tuple[Any, ...]:
    controller = Device.ParaVirtualSCSIController(key=1000, busNumber=0, sharedBus="noSharing", controllerKey=100)
    return (controller, Device.VirtualDisk(key=2000, controllerKey=1000, unitNumber=0, capacityInKB=1))


class Site(FakeVcenter):
    """A vCenter with the devices of one VM; keeps the specification of each reconfiguration."""

    async def hardware(self, moref: Moref) -> HardwareOf:
        return Hardware(devices())


def on(controllers: tuple[Controller, ...], **changes: Any) -> VirtualMachine:
    return replace(ON, **({"controllers": controllers, "disks": (DISK,)} | changes))


def off(controllers: tuple[Controller, ...]) -> VirtualMachine:
    return replace(OFF, controllers=controllers, disks=(DISK,))


def scene(machine: VirtualMachine, **call: Any) -> Scene:
    return Scene(Site(machine), machine, replace(CALL, **call), SAS.value)


DATA = (Controller(1000, SAS, 0), Controller(1001, PARA, 1))


@pytest.mark.parametrize(
    ("machine", "name", "job"),
    [
        (on(OLD), "add-controller", f"add-controller/{MARK}/task-9"),
        (off(OLD), "add-controller", "add-controller/never/task-9"),
        (on(BESIDE), "shut-down-guest", f"first-boot/shut-down-guest/{MARK}"),
        (off(BESIDE), "power-on", "first-boot/power-on/task-9"),
        (on(DATA), "shut-down-guest", f"move/shut-down-guest/{MARK}"),
        (off(DATA), "replace-controllers", "move/reconfigure/task-9"),
        (off(NEW), "power-on", "move/power-on/task-9"),
    ],
)
async def test_first_call(machine: VirtualMachine, name: str, job: str) -> None:
    order = await ReplaceControllers().first(scene(machine))
    assert isinstance(order, Order)
    assert (order.name, order.job("task-9")) == (name, job)


FULL = tuple(Controller(1000 + n, PARA, n) for n in range(4))


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (on(OLD, power_state=PowerState.SUSPENDED), "neither on nor off"),
        (on(OLD, unread=frozenset({"controllers"})), "could not be read"),
        (on(OLD, unread=frozenset({"disks"})), "could not be read"),
        (on(FULL), "has no free SCSI bus"),
    ],
)
async def test_nothing_is_sent_to_a_vm_in_doubt(machine: VirtualMachine, said: str) -> None:
    answer = await ReplaceControllers().first(scene(machine))
    assert isinstance(answer, Refused)
    assert said in answer.message


async def test_nothing_is_left_to_do() -> None:
    assert await ReplaceControllers().first(scene(on(NEW))) == Accepted(None)


async def test_one_call_replaces_a_controller_and_takes_its_disks_along() -> None:
    captured: dict[str, Any] = {}

    class Catching(Site):
        def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:  # noqa: N802 - pyvmomi calls it
            captured["spec"] = args[0]
            return super().InvokeMethod(mo, info, args)

    machine = off(DATA)
    made = await ReplaceControllers().first(Scene(Catching(machine), machine, CALL, SAS.value))
    assert isinstance(made, Order)
    made.make(Catching(machine))
    spec = captured["spec"]
    assert spec.changeVersion == "7"
    told = [(c.operation, type(c.device).__name__.rsplit(".", 1)[-1], c.device.key, c.fileOperation) for c in spec.deviceChange]
    assert told == [
        ("remove", "ParaVirtualSCSIController", 1000, None),
        ("add", "VirtualLsiLogicSASController", -101, None),
        ("edit", "VirtualDisk", 2000, None),
    ]
    new, disk = spec.deviceChange[1].device, spec.deviceChange[2].device
    assert (new.busNumber, new.sharedBus, new.controllerKey) == (0, "noSharing", 100)
    assert (disk.controllerKey, disk.unitNumber) == (-101, 0)


NO_TOOLS = Guest(tools_running_status="guestToolsNotRunning")
LATE = {"minutes": 31}
HARD = {"allow_hard_off": True}
JUST = BOOT + timedelta(days=23, minutes=-5)


@dataclass(frozen=True)
class Step:
    """One look: job, task and VM; what is due."""

    job: str
    task: TaskState
    machine: VirtualMachine
    due: str
    about: dict[str, Any] | None = None
    message: str = ""


NEXT = [
    Step(f"add-controller/{MARK}/task-1", RUNNING, on(OLD), "Running"),
    Step(f"add-controller/{MARK}/task-1", SUCCEEDED, on(BESIDE), f"first-boot/shut-down-guest/{MARK}"),
    Step(f"add-controller/{MARK}/unrecorded", GONE, on(BESIDE), f"first-boot/shut-down-guest/{MARK}"),
    Step(f"add-controller/{EARLIER}/task-1", SUCCEEDED, on(BESIDE), f"move/shut-down-guest/{MARK}"),
    Step(f"add-controller/{MARK}/task-1", FAILED, on(OLD), "Failed", message=FAILED.message),
    Step(f"add-controller/{MARK}/task-1", SUCCEEDED, on(OLD), "Failed", message="has not taken the LsiLogicSAS controller"),
    Step("add-controller/never/task-1", SUCCEEDED, off(BESIDE), "first-boot/power-on/task-9"),
    Step(f"add-controller/{MARK}/task-1", SUCCEEDED, on(BESIDE, unread=frozenset({"controllers"})), "Running"),
    Step(f"first-boot/shut-down-guest/{MARK}", GONE, on(BESIDE), "Running"),
    Step(f"first-boot/shut-down-guest/{MARK}", GONE, on(BESIDE), "Running", LATE),
    Step(f"first-boot/shut-down-guest/{MARK}", GONE, on(BESIDE), "first-boot/power-off/task-9", LATE | HARD),
    Step("first-boot/power-off/task-1", FAILED, on(BESIDE), "Failed", message=FAILED.message),
    Step("first-boot/power-off/task-1", GONE, on(BESIDE), "Failed", message="was switched off and is on again"),
    Step("first-boot/power-off/task-1", SUCCEEDED, off(BESIDE), "first-boot/power-on/task-9"),
    Step(f"first-boot/shut-down-guest/{MARK}", GONE, off(BESIDE), "first-boot/power-on/task-9"),
    Step("first-boot/shut-down-guest/unrecorded", GONE, off(BESIDE), "first-boot/power-on/task-9"),
    Step(f"first-boot/shut-down-guest/{EARLIER}", GONE, on(BESIDE), f"move/shut-down-guest/{MARK}"),
    Step("first-boot/power-on/task-1", RUNNING, off(BESIDE), "Running"),
    Step("first-boot/power-on/task-1", SUCCEEDED, on(BESIDE), f"move/shut-down-guest/{MARK}"),
    Step("first-boot/power-on/task-1", FAILED, on(BESIDE), f"move/shut-down-guest/{MARK}"),
    Step("first-boot/power-on/task-1", FAILED, off(BESIDE), "Failed", message=FAILED.message),
    # The guest may have been asked to go down already, without a record.
    Step("first-boot/power-on/task-1", SUCCEEDED, off(BESIDE), "first-boot/power-on/task-9"),
    Step("first-boot/power-on/task-1", SUCCEEDED, off(BESIDE), "Failed", LATE, "was switched on and is off again"),
    Step("first-boot/power-on/task-1", SUCCEEDED, on(BESIDE, guest=NO_TOOLS, boot_time=JUST), "Running"),
    Step("first-boot/power-on/task-1", SUCCEEDED, on(BESIDE, guest=NO_TOOLS, boot_time=None), "Running"),
    Step("first-boot/power-on/task-1", SUCCEEDED, on(BESIDE, guest=NO_TOOLS), "Failed", message="its tools do not run"),
    Step(f"move/shut-down-guest/{MARK}", GONE, on(DATA), "Running"),
    Step(f"move/shut-down-guest/{MARK}", GONE, on(DATA), "Running", LATE),
    Step(f"move/shut-down-guest/{MARK}", GONE, on(DATA), "move/power-off/task-9", LATE | HARD),
    Step("move/power-off/task-1", SUCCEEDED, off(DATA), "move/reconfigure/task-9"),
    Step("move/power-off/task-1", FAILED, on(DATA), "Failed", message=FAILED.message),
    Step(f"move/shut-down-guest/{MARK}", GONE, off(DATA), "move/reconfigure/task-9"),
    Step(f"move/shut-down-guest/{MARK}", GONE, off(NEW), "move/power-on/task-9"),
    Step(f"move/shut-down-guest/{EARLIER}", GONE, on(DATA), "Failed", message="switched on before its controllers were replaced"),
    Step(f"move/shut-down-guest/{EARLIER}", GONE, on(NEW), "Succeeded"),
    Step("move/reconfigure/task-1", RUNNING, off(DATA), "Running"),
    Step("move/reconfigure/task-1", SUCCEEDED, off(NEW), "move/power-on/task-9"),
    Step("move/reconfigure/task-1", FAILED, off(DATA), "restore/power-on/task-9", message=FAILED.message),
    Step("move/reconfigure/task-1", GONE, off(DATA), "restore/power-on/task-9", message="still has paravirtual controllers"),
    # A second call, since the first was not recorded, fails over what the first did.
    Step("move/reconfigure/task-1", FAILED, off(NEW), "move/power-on/task-9"),
    Step("move/reconfigure/task-1", FAILED, on(DATA), "Failed", message=FAILED.message),
    Step("move/power-on/task-1", SUCCEEDED, on(NEW), "Succeeded"),
    Step("move/power-on/task-1", GONE, off(NEW), "move/power-on/task-9"),
    Step("move/power-on/task-1", FAILED, off(NEW), "Failed", message=FAILED.message),
    Step("move/power-on/task-1", SUCCEEDED, off(NEW), "Failed", message="was switched on and is off again"),
    Step("restore/power-on/task-1", SUCCEEDED, on(DATA), "Failed", message="the first error"),
    Step("restore/power-on/task-1", FAILED, off(DATA), "Failed", message=f"the first error; {FAILED.message}"),
    Step("restore/power-on/task-1", SUCCEEDED, off(DATA), "Failed", message="was switched on and is off again"),
    Step("restore/power-on/task-1", GONE, off(DATA), "restore/power-on/task-9", message="the first error"),
]


@pytest.mark.parametrize("step", NEXT)
async def test_next_call(step: Step) -> None:
    about = dict(step.about or {})
    minutes = about.pop("minutes", 1)
    entry = LedgerEntry(
        key="ReplaceControllers/LsiLogicSAS/1",
        effect=EffectKind.REPLACE_CONTROLLERS,
        intended_at=NOW - timedelta(minutes=minutes),
        not_after=NOW,
        outcome=EffectOutcome.RUNNING,
        job=step.job,
        message="the first error" if step.job.startswith("restore") else None,
    )
    look = Look(scene(step.machine, **about), entry, step.task, NOW, timedelta(minutes=10))
    due = await ReplaceControllers().next(look)
    if isinstance(due, Progress):
        assert (due.phase, due.job) == (step.due, step.job)
        assert bool(due.message) is (step.due == "Failed")
    else:
        assert due.job("task-9") == step.due
    assert step.message in due.message


async def follow(vcenter: Site) -> Progress:
    entry = LedgerEntry(
        key="ReplaceControllers/LsiLogicSAS/1",
        effect=EffectKind.REPLACE_CONTROLLERS,
        intended_at=NOW,
        not_after=NOW,
        outcome=EffectOutcome.RUNNING,
        job="move/reconfigure/task-1",
    )
    return await MachineFollower({"main": vcenter}.get, Lease(), Clock()).follow(CALL, entry)


async def test_the_first_error_is_kept_until_the_vm_runs_again() -> None:
    progress = await follow(Site(off(DATA), FAILED))
    assert progress == Progress(TaskPhase.RUNNING, "restore/power-on/task-9", FAILED.message)


async def test_a_vm_that_may_not_be_switched_on_is_named_with_both_errors() -> None:
    progress = await follow(Site(off(DATA), FAILED, vim.fault.NoPermission(msg="denied")))
    assert progress.phase is TaskPhase.FAILED
    assert progress.message == f"{FAILED.message}; power-on: NoPermission: denied; VM mt-1 is off"
