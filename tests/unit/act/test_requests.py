"""Which calls attach disks again, switch a VM on and delete one: by where the disks are, the task and the job alone."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from pyVmomi import vim
from tests.unit import builders as b
from tests.unit.act.test_vsphere_effects import GONE, NOW, OWNER, RUNNING, SUCCEEDED

from failback_operator.act.vsphere import MachineFollower, Progress, VsphereTransport
from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.domain.ids import Moref
from failback_operator.domain.ports import Accepted, Refused, SendResult
from failback_operator.domain.steps import DiskPlace, Effect, EffectKind, MachineCall, ReattachOrder
from failback_operator.domain.tasks import TaskPhase, TaskState
from failback_operator.domain.vsphere import Disk, PowerState, VirtualMachine

R, P, D = EffectKind.REATTACH_DISKS, EffectKind.POWER_ON, EffectKind.DELETE_VM
FILES = ("[vmfs-2] mt-win/app-1_0.vmdk", "[vmfs-2] mt-win/app-1_1.vmdk")
OWN = b.disks(2)
PLACES = tuple(DiskPlace(d.uuid or "", f, d.file_name, 1000, n) for n, (d, f) in enumerate(zip(OWN, FILES, strict=True)))
KEPT = tuple(replace(d, key=2010 + n, file_name=FILES[n]) for n, d in enumerate(OWN))
VM = b.vm(disks=OWN)
HOME = b.vm(disks=tuple(replace(d, file_name=FILES[n]) for n, d in enumerate(OWN)))
TARGET = b.target_vm()
HOLDING = replace(TARGET, disks=(*TARGET.disks, *KEPT))
ORDER = ReattachOrder(TARGET.moref, TARGET.instance_uuid, PLACES, len(PLACES))
CALL = MachineCall("main", VM.moref, VM.instance_uuid, reattach=ORDER)
DELETE = MachineCall("main", VM.moref, VM.instance_uuid, files=frozenset(d.file_name for d in OWN))
FAILED = TaskState(TaskPhase.FAILED, "FileLocked: in use")


@dataclass
class Hardware:
    devices: tuple[Any, ...]
    change_version: str = "v1"


def device(disk: Disk) -> Any:
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=disk.file_name, uuid=disk.uuid, diskMode="persistent")
    return vim.vm.device.VirtualDisk(
        key=disk.key, controllerKey=disk.controller_key, unitNumber=disk.unit_number, backing=backing, capacityInKB=1
    )


class FakeVcenter:
    """A vCenter at the SDK's edge, of two VMs: notes each call with its spec."""

    def __init__(self, *machines: VirtualMachine, task: TaskState = GONE, others: tuple[str, ...] = ()) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.machines = {vm.moref: vm for vm in machines}
        self.devices: dict[Moref, tuple[Any, ...]] = {}
        self._task, self._others = task, others
        self.stub = self

    def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:  # noqa: N802 - pyvmomi calls it
        self.calls.append((info.wsdlName, mo._moId, args[0] if args else None))
        return vim.Task("task-9")

    async def send(self, function: Any) -> Any:
        return function(self)

    async def machine(self, moref: Moref) -> VirtualMachine | None:
        return self.machines.get(moref)

    async def hardware(self, moref: Moref) -> Hardware:
        return Hardware(self.devices.get(moref, tuple(device(d) for d in self.machines[moref].disks)))

    async def users(self, moref: Moref) -> tuple[str, ...]:
        return self._others

    async def task_state(self, task: str) -> TaskState:
        return self._task


async def send(vcenter: FakeVcenter, kind: EffectKind = R, call: MachineCall = CALL) -> SendResult:
    return await VsphereTransport({"main": vcenter}.get).send(Effect(f"{kind.value}/x/1", kind, OWNER, call))


class Lease:
    def is_held(self) -> bool:
        return True


class Clock:
    def now(self) -> Any:
        return NOW


async def follow(vcenter: FakeVcenter, job: str, kind: EffectKind = R, call: MachineCall = CALL) -> Progress:
    entry = LedgerEntry(
        key=f"{kind.value}/x/1", effect=kind, intended_at=NOW, not_after=NOW, outcome=EffectOutcome.RUNNING, job=job
    )
    return await MachineFollower({"main": vcenter}.get, Lease(), Clock()).follow(call, entry)


def changes(vcenter: FakeVcenter) -> list[tuple[Any, ...]]:
    """Operation, file operation, key, file and place of each device that the last call changes."""
    spec = vcenter.calls[-1][2]
    assert spec.changeVersion == "v1"
    return [
        (c.operation, c.fileOperation, c.device.key, c.device.backing.fileName, c.device.controllerKey, c.device.unitNumber)
        for c in spec.deviceChange
    ]


async def test_disks_are_taken_off_the_master_target_and_their_files_kept() -> None:
    vcenter = FakeVcenter(VM, HOLDING)
    assert await send(vcenter) == Accepted("detach/task-9")
    assert [(name, moref) for name, moref, _ in vcenter.calls] == [("ReconfigVM_Task", TARGET.moref)]
    assert changes(vcenter) == [("remove", None, 2010, FILES[0], 1000, 0), ("remove", None, 2011, FILES[1], 1000, 1)]


async def test_then_they_come_to_their_units_in_place_of_what_is_left_of_them() -> None:
    vcenter = FakeVcenter(VM, TARGET, task=SUCCEEDED)
    assert (await follow(vcenter, "detach/task-1")).job == "attach/task-9"
    assert vcenter.calls[-1][1] == VM.moref
    assert changes(vcenter) == [
        ("remove", None, 2000, OWN[0].file_name, 1000, 0),
        ("remove", None, 2001, OWN[1].file_name, 1000, 1),
        ("add", None, -301, FILES[0], 1000, 0),
        ("add", None, -302, FILES[1], 1000, 1),
    ]


async def test_one_that_hangs_nowhere_is_attached_by_the_next_attempt() -> None:
    vcenter = FakeVcenter(replace(VM, disks=(OWN[0],)), TARGET)
    assert await send(vcenter) == Accepted("attach/task-9")
    assert [c[0] for c in changes(vcenter)] == ["remove", "add", "add"]


async def test_one_that_is_home_is_left_alone() -> None:
    vcenter = FakeVcenter(replace(VM, disks=(HOME.disks[0], OWN[1])), TARGET)
    assert await send(vcenter) == Accepted("attach/task-9")
    assert changes(vcenter) == [("remove", None, 2001, OWN[1].file_name, 1000, 1), ("add", None, -301, FILES[1], 1000, 1)]
    done = FakeVcenter(HOME, TARGET)
    assert await send(done) == Accepted(None)
    assert done.calls == []


SPURIOUS = replace(TARGET, instance_uuid="another")
STRANGE = b.disk(0, uuid="another", file_name="[vmfs-1] x.vmdk")


@pytest.mark.parametrize(
    ("machines", "call", "said"),
    [
        ((replace(VM, power_state=PowerState.ON), HOLDING), CALL, "VM app-1 is not off"),
        ((replace(VM, power_state=None), HOLDING), CALL, "VM app-1 is not off"),
        ((VM,), CALL, "there is no VM vm-mt-win of the master target"),
        ((VM, SPURIOUS), CALL, "is not the master target's VM that was meant"),
        ((VM, replace(HOLDING, unread=frozenset({"disks"}))), CALL, "could not be read"),
        ((replace(VM, disks=(STRANGE,)), HOLDING), CALL, "is taken by Hard disk 1"),
        ((VM, HOLDING), replace(CALL, reattach=None), "the decision names no disks"),
        ((VM, HOLDING), replace(CALL, reattach=replace(ORDER, places=PLACES[:1])), "is known of 1 of 2 recorded disks"),
        ((HOME, TARGET), replace(CALL, reattach=replace(ORDER, places=(), count=0)), "is known of 0 of 0 recorded disks"),
        ((VM, HOLDING), replace(CALL, reattach=replace(ORDER, target_uuid=None)), "that was meant"),
    ],
)
async def test_nothing_is_sent_in_doubt(machines: tuple[VirtualMachine, ...], call: MachineCall, said: str) -> None:
    vcenter = FakeVcenter(*machines)
    answer = await send(vcenter, R, call)
    assert isinstance(answer, Refused)
    assert answer.message.startswith("not sent: ")
    assert said in answer.message
    assert vcenter.calls == []


async def test_nothing_is_sent_where_the_master_target_changes_meanwhile() -> None:
    vcenter = FakeVcenter(VM, HOLDING)
    vcenter.devices[TARGET.moref] = tuple(device(d) for d in TARGET.disks)
    assert await send(vcenter) == Refused("not sent: the disks of the master target's VM have just changed")
    vcenter.devices[TARGET.moref] = tuple(device(replace(d, file_name="[c] c.vmdk")) for d in HOLDING.disks)
    assert await send(vcenter) == Refused("not sent: the disks of the master target's VM have just changed")
    assert (await follow(vcenter, "detach/unrecorded")).phase is TaskPhase.RUNNING
    assert vcenter.calls == []


HALF = replace(VM, disks=(HOME.disks[0], OWN[1]))


@pytest.mark.parametrize(
    ("machines", "task", "job", "phase", "said"),
    [
        ((VM, HOLDING), RUNNING, "detach/t", TaskPhase.RUNNING, ""),
        ((HOME, TARGET), SUCCEEDED, "attach/t", TaskPhase.SUCCEEDED, ""),
        ((HOME, TARGET), GONE, "detach/unrecorded", TaskPhase.SUCCEEDED, ""),
        ((VM, HOLDING), FAILED, "detach/t", TaskPhase.FAILED, "FileLocked: in use; 6000c290-app-1-0"),
        ((VM, HOLDING), SUCCEEDED, "detach/t", TaskPhase.FAILED, "detach ended, and not all is done"),
        ((VM, TARGET), FAILED, "attach/t", TaskPhase.FAILED, "is attached to no VM"),
        ((HALF, TARGET), GONE, "attach/t", TaskPhase.FAILED, "attach ended"),
        ((VM, replace(TARGET, unread=frozenset({"disks"}))), GONE, "detach/t", TaskPhase.FAILED, "could not be read"),
        ((replace(VM, power_state=PowerState.ON), TARGET), SUCCEEDED, "detach/t", TaskPhase.FAILED, "VM app-1 is not off"),
    ],
)
async def test_where_it_stands(
    machines: tuple[VirtualMachine, ...], task: TaskState, job: str, phase: TaskPhase, said: str
) -> None:
    vcenter = FakeVcenter(*machines, task=task)
    found = await follow(vcenter, job)
    assert (found.phase, vcenter.calls) == (phase, [])
    assert said in found.message


@pytest.mark.parametrize(("machines", "job"), [((VM, HOLDING), "detach/task-9"), ((VM, TARGET), "attach/task-9")])
async def test_after_a_crash_it_goes_on_from_where_the_disks_are(machines: tuple[VirtualMachine, ...], job: str) -> None:
    assert (await follow(FakeVcenter(*machines), "detach/unrecorded")).job == job


@pytest.mark.parametrize("count", [0, 2])
async def test_no_disks_are_not_all_disks(count: int) -> None:
    call = replace(CALL, reattach=replace(ORDER, places=(), count=count))
    found = await follow(FakeVcenter(VM, TARGET, task=SUCCEEDED), "attach/t", R, call)
    assert (found.phase, found.message) == (
        TaskPhase.FAILED,
        f"where each disk belongs is known of 0 of {count} recorded disks",
    )


async def test_only_some_of_many_are_told() -> None:
    many = tuple(DiskPlace(f"u-{n}", f"[b] {n}.vmdk", f"[a] {n}.vmdk", 1000, n) for n in range(6))
    call = replace(CALL, reattach=replace(ORDER, places=many, count=6))
    found = await follow(FakeVcenter(replace(VM, disks=()), TARGET, task=FAILED), "attach/t", R, call)
    assert found.message.endswith("u-3 ([b] 3.vmdk) is attached to no VM and 2 more")


async def test_a_vm_is_switched_on_once() -> None:
    off, on = FakeVcenter(VM), FakeVcenter(replace(VM, power_state=PowerState.ON), task=SUCCEEDED)
    assert await send(off, P) == Accepted("power-on/task-9")
    assert await send(on, P) == Accepted(None)
    assert (await follow(on, "power-on/t", P)).phase is TaskPhase.SUCCEEDED
    failed = await follow(FakeVcenter(VM, task=FAILED), "power-on/t", P)
    assert (failed.phase, failed.message) == (TaskPhase.FAILED, "FileLocked: in use; VM app-1 is off")
    unread = FakeVcenter(replace(VM, power_state=None), task=SUCCEEDED)
    assert (await follow(unread, "power-on/t", P)).phase is TaskPhase.RUNNING
    assert isinstance(await send(FakeVcenter(replace(VM, power_state=PowerState.SUSPENDED)), P), Refused)


async def test_the_vm_that_is_named_is_deleted() -> None:
    vcenter = FakeVcenter(VM, task=RUNNING)
    assert await send(vcenter, D, DELETE) == Accepted("destroy/task-9")
    assert [(name, moref) for name, moref, _ in vcenter.calls] == [("Destroy_Task", VM.moref)]
    assert (await follow(vcenter, "destroy/t", D, DELETE)).phase is TaskPhase.RUNNING
    assert (await follow(FakeVcenter(), "destroy/t", D, DELETE)).phase is TaskPhase.SUCCEEDED
    found = await follow(FakeVcenter(VM, task=FAILED), "destroy/t", D, DELETE)
    assert (found.phase, found.message) == (TaskPhase.FAILED, "FileLocked: in use")
    still = await follow(FakeVcenter(VM, task=GONE), "destroy/t", D, DELETE)
    assert still.message == "VM app-1 is still there"


@pytest.mark.parametrize(
    ("machine", "others", "said"),
    [
        (replace(VM, power_state=PowerState.ON), (), "is not off"),
        (replace(VM, unread=frozenset({"disks"})), (), "could not be read"),
        (replace(VM, is_template=True), (), "is a template"),
        (replace(VM, disks=b.disks(3)), (), "has other disks than those that were shown"),
        (VM, ("mt-win", "x"), "VM mt-win, x has a disk of VM app-1, too"),
        (replace(VM, instance_uuid="another"), (), "the one meant has"),
    ],
)
async def test_nothing_else_is_deleted(machine: VirtualMachine, others: tuple[str, ...], said: str) -> None:
    vcenter = FakeVcenter(machine, others=others)
    answer = await send(vcenter, D, DELETE)
    assert isinstance(answer, Refused)
    assert said in answer.message
    assert vcenter.calls == []
