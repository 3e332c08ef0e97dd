"""The disks of a machine that stayed on the master target are attached to the machine's own VM again, where each was.

Stages of the job: `detach/<task>` on the master target's VM, `attach/<task>` on the machine's. Where each disk is, not the job,
tells what comes next: one that hangs on neither VM is attached, whoever detached it.
"""

from collections.abc import Iterable
from typing import Any

from pyVmomi import vim

from failback_operator.act.vsphere.commands import HardwareOf, Order, vm_of
from failback_operator.act.vsphere.effect import Look, Progress, Scene
from failback_operator.domain.mending import ATTACH, DETACH, UNRECORDED
from failback_operator.domain.ports import Accepted, Refused, SendResult
from failback_operator.domain.reattach import NEEDED, Where, Whereabouts, at_place, whereabouts
from failback_operator.domain.steps import DiskPlace, ReattachOrder
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import PowerState, VirtualMachine

Device = vim.vm.device
NEW_KEY = -301
MOST_TOLD = 4


class ReattachDisks:
    """Source: vSphere API, VirtualMachine.ReconfigVM_Task: remove without fileOperation keeps the file; add without one takes it.

    All disks of a VM go in one call, which vCenter applies as a whole, to the very configuration that was read (changeVersion).
    """

    async def first(self, scene: Scene) -> Order | SendResult:
        """Detach what is on the master target; attach what is on neither."""
        order = scene.call.reattach
        found = await _look(scene, order) if order is not None else "the decision names no disks"
        if isinstance(found, str) or order is None:
            return Refused(f"not sent: {found}")
        if scene.machine.power_state is not PowerState.OFF:
            return Refused(f"not sent: VM {scene.machine.name} is not off")
        return await _due(scene, order, found) or Accepted(None)

    async def next(self, look: Look) -> Order | Progress:
        """Done when all are where they were, by their UUIDs."""
        order, command = look.scene.call.reattach, look.job[0]
        if look.task.phase is TaskPhase.RUNNING or order is None:
            return look.running()
        found = await _look(look.scene, order)
        if isinstance(found, str):
            return look.failed(found)
        left = {each.where for each in found}
        if left == {Where.HOME}:
            return look.succeeded()
        is_detached = command == DETACH and Where.ON_TARGET not in left
        if not is_detached and look.job[-1] != UNRECORDED:
            return look.failed(f"{look.task.message or f'{command} ended, and not all is done'}; {_told(found)}")
        if not look.is_off:
            return look.failed(f"VM {look.machine.name} is not off; {_told(found)}")
        due = await _due(look.scene, order, found)
        return due if isinstance(due, Order) else look.running()


async def _look(scene: Scene, order: ReattachOrder) -> tuple[Whereabouts, ...] | str:
    """Where each disk is now, or why nothing may be done. Raises SourceFailed."""
    if not order.places or len(order.places) != order.count:
        return f"where each disk belongs is known of {len(order.places)} of {order.count} recorded disks"
    target = await scene.vcenter.machine(order.target)
    if target is None:
        return f"there is no VM {order.target} of the master target"
    if target.instance_uuid != order.target_uuid or order.target_uuid is None:
        return f"VM {target.name} is not the master target's VM that was meant"
    if NEEDED & (target.unread | scene.machine.unread):
        return "the disks of the two VMs could not be read"
    found = whereabouts(order.places, scene.machine, target)
    unclear = [f"disk {each.place.uuid}: {each.why}" for each in found if each.where is Where.UNCLEAR]
    return "; ".join(unclear[:MOST_TOLD]) if unclear else found


async def _due(scene: Scene, order: ReattachOrder, found: Iterable[Whereabouts]) -> Order | Refused | None:
    """The call that comes next; None where all disks are home."""
    on_target = [each.place for each in found if each.where is Where.ON_TARGET]
    detached = [each.place for each in found if each.where is Where.DETACHED]
    if on_target:
        return _detach(await scene.vcenter.hardware(order.target), order, on_target)
    return _attach(scene.machine, await scene.vcenter.hardware(scene.machine.moref), detached) if detached else None


def _detach(hardware: HardwareOf, order: ReattachOrder, wanted: list[DiskPlace]) -> Order | Refused:
    """Remove the devices from the master target's VM; the files stay."""
    disks: list[Any] = [device for device in hardware.devices if isinstance(device, Device.VirtualDisk)]
    by_uuid = {(disk.backing.uuid or "").casefold(): disk for disk in disks}
    devices = [by_uuid.get(place.uuid.casefold()) for place in wanted]
    if any(d is None or d.backing.fileName != place.file for d, place in zip(devices, wanted, strict=True)):
        return Refused("not sent: the disks of the master target's VM have just changed")
    changes = [Device.VirtualDeviceSpec(operation="remove", device=device) for device in devices]
    spec = vim.vm.ConfigSpec(changeVersion=hardware.change_version, deviceChange=changes)

    def make(connection: Any) -> Any:
        return vim.VirtualMachine(order.target, connection.stub).ReconfigVM_Task(spec=spec)

    return Order(DETACH, make, lambda task: f"{DETACH}/{task or UNRECORDED}")


def _attach(machine: VirtualMachine, hardware: HardwareOf, wanted: list[DiskPlace]) -> Order:
    """Hang each file where its disk was; what is left there of the disk, and names the file of before, goes in the same call."""
    present = {d.key: d for d in hardware.devices}
    changes: list[Any] = []
    for place in wanted:
        stale = at_place(machine, place)
        if stale is not None and stale.key in present:
            changes.append(Device.VirtualDeviceSpec(operation="remove", device=present[stale.key]))
    for number, place in enumerate(wanted):
        changes.append(Device.VirtualDeviceSpec(operation="add", device=_disk(place, NEW_KEY - number)))
    spec = vim.vm.ConfigSpec(changeVersion=hardware.change_version, deviceChange=changes)
    return Order(
        ATTACH,
        lambda connection: vm_of(connection, machine).ReconfigVM_Task(spec=spec),
        lambda task: f"{ATTACH}/{task or UNRECORDED}",
    )


def _disk(place: DiskPlace, key: int) -> Any:
    """An existing file as a disk: its size is the file's."""
    backing = Device.VirtualDisk.FlatVer2BackingInfo(fileName=place.file, diskMode="persistent")
    return Device.VirtualDisk(key=key, controllerKey=place.controller_key, unitNumber=place.unit, backing=backing, capacityInKB=0)


def _told(found: Iterable[Whereabouts]) -> str:
    """Where the disks are that are not home: of one that hangs on neither VM the file is all that is left."""
    words = {Where.ON_TARGET: "on the master target", Where.DETACHED: "attached to no VM"}
    texts = [f"{each.place.uuid} ({each.place.file}) is {words[each.where]}" for each in found if each.where in words]
    more = f" and {len(texts) - MOST_TOLD} more" if len(texts) > MOST_TOLD else ""
    return f"{'; '.join(texts[:MOST_TOLD])}{more}"
