"""Paravirtual SCSI controllers are replaced by LSI Logic ones while the VM is off.

Where the boot disk moves and the guest may lack the driver: an empty LSI Logic controller is added and the VM restarted once
beside it. Then the guest is shut down, all controllers are replaced in one call, and the VM is powered on. Stages of the job:
`add-controller/<boot>/<task>`, `first-boot/…`, `move/…`; `restore/…` powers a VM on whose controllers could not be replaced.
"""

from typing import Any

from pyVmomi import vim

from failback_operator.act.vsphere.commands import HardwareOf, Order, vm_of
from failback_operator.act.vsphere.effect import Look, Progress, Scene
from failback_operator.act.vsphere.power import (
    POWER_OFF,
    POWER_ON,
    STEADY,
    TOOLS_RUN,
    power_on,
    shut_down_guest,
    shutting_down,
    switched_on_again,
)
from failback_operator.domain.boot import boot_mark
from failback_operator.domain.mending import ADD_CONTROLLER, FIRST_BOOT, MOVE, RECONFIGURE, RESTORE, SHUT_DOWN_GUEST
from failback_operator.domain.ports import Accepted, Refused, SendResult
from failback_operator.domain.scsi import free_bus, needs_driver_first, of_kind, paravirtual
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import ControllerKind, PowerState, VirtualMachine

Device = vim.vm.device
TYPES = {
    ControllerKind.LSI_LOGIC: Device.VirtualLsiLogicController,
    ControllerKind.LSI_LOGIC_SAS: Device.VirtualLsiLogicSASController,
}
NEW_KEY = -101
"""Keys below zero name new devices within a call, counted down from here."""
SHUTDOWNS = 3
"""Times the limit of a shutdown until the last one is late: it comes after another shutdown and a boot."""


class ReplaceControllers:
    """Source: vSphere API, VirtualMachine.ReconfigVM_Task; vSphere facts, section 3: the order of the steps."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """The driver first, where the guest may lack it; else down, or at once where the VM is off."""
        machine, kind = scene.machine, ControllerKind(scene.subject)
        if {"controllers", "disks"} & machine.unread or machine.power_state not in STEADY:
            return Refused(f"not sent: VM {machine.name} is neither on nor off, or its controllers could not be read")
        is_on = machine.power_state is PowerState.ON
        if not paravirtual(machine):
            return Accepted(None) if is_on else power_on(machine, f"{MOVE}/")
        if not needs_driver_first(machine, kind):
            return shut_down_guest(machine, f"{MOVE}/") if is_on else await _replace(scene, kind)
        if of_kind(machine, {kind}):
            return shut_down_guest(machine, f"{FIRST_BOOT}/") if is_on else power_on(machine, f"{FIRST_BOOT}/")
        bus = free_bus(machine)
        if bus is None:
            return Refused(f"not sent: VM {machine.name} has no free SCSI bus")
        return _add(scene, (await scene.vcenter.hardware(machine.moref)), kind, bus)

    async def next(self, look: Look) -> Order | Progress:
        """By stage and power state; what was done stays done, whoever did it."""
        machine = look.machine
        is_read = not {"controllers", "disks"} & machine.unread
        if look.task.phase is TaskPhase.RUNNING or machine.power_state not in STEADY or not is_read:
            return look.running()
        match look.job[0]:
            case stage if stage == ADD_CONTROLLER:
                return _added(look)
            case stage if stage == FIRST_BOOT:
                return _first_boot(look)
            case stage if stage == RESTORE:
                return _restored(look)
            case _:
                return await _moved(look)


def _added(look: Look) -> Order | Progress:
    machine, kind = look.machine, ControllerKind(look.scene.subject)
    if not of_kind(machine, {kind}):
        return look.failed(look.task.message or f"VM {machine.name} has not taken the {kind.value} controller")
    if look.is_off:
        return power_on(machine, f"{FIRST_BOOT}/")
    is_same_boot = machine.boot_time is None or boot_mark(machine) == look.job[1]
    return shut_down_guest(machine, f"{FIRST_BOOT}/") if is_same_boot else _booted(look)


def _first_boot(look: Look) -> Order | Progress:
    command = look.job[1]
    if look.is_off:
        # Off after a power-on that succeeded: the guest may have been asked to go down already, which was not written down.
        is_late = look.now - look.entry.intended_at > look.shutdown_limit * SHUTDOWNS
        return (
            _on_again(look, FIRST_BOOT)
            if look.task.phase is TaskPhase.FAILED or is_late
            else power_on(look.machine, f"{FIRST_BOOT}/")
        )
    if command == POWER_OFF:
        return look.failed(look.task.message or f"VM {look.machine.name} was switched off and is on again")
    return shutting_down(look, f"{FIRST_BOOT}/") if command == SHUT_DOWN_GUEST and _is_same_boot(look) else _booted(look)


def _booted(look: Look) -> Order | Progress:
    """The guest has booted beside the new controller once its tools run."""
    machine = look.machine
    if machine.guest.tools_running_status == TOOLS_RUN:
        return shut_down_guest(machine, f"{MOVE}/")
    is_late = machine.boot_time is not None and look.now - machine.boot_time > look.shutdown_limit
    if not is_late:
        return look.running()
    return look.failed(f"VM {machine.name} was restarted beside its new controller and its tools do not run; no disk was moved")


async def _moved(look: Look) -> Order | Progress:
    machine, asked = look.machine, look.job[1] == SHUT_DOWN_GUEST
    if look.is_off:
        return await _moved_off(look)
    if asked and _is_same_boot(look):
        return shutting_down(look, f"{MOVE}/", SHUTDOWNS)
    if not paravirtual(machine):
        return look.succeeded()
    return look.failed(look.task.message or f"VM {machine.name} was switched on before its controllers were replaced")


async def _moved_off(look: Look) -> Order | Progress:
    machine, command = look.machine, look.job[1]
    if not paravirtual(machine):
        return _on_again(look, MOVE)
    if command != RECONFIGURE:
        return await _replace(look.scene, ControllerKind(look.scene.subject))
    why = look.task.message or f"VM {machine.name} still has paravirtual controllers"
    return power_on(machine, f"{RESTORE}/", why)


def _on_again(look: Look, stage: str) -> Order | Progress:
    is_ordered = look.job[1] == POWER_ON
    return switched_on_again(look, f"{stage}/") if is_ordered else power_on(look.machine, f"{stage}/")


def _restored(look: Look) -> Order | Progress:
    why = look.entry.message or "its controllers could not be replaced"
    return switched_on_again(look, f"{RESTORE}/", why) if look.is_off else look.failed(why)


def _is_same_boot(look: Look) -> bool:
    return look.machine.boot_time is None or boot_mark(look.machine) == look.job[-1]


def _add(scene: Scene, hardware: HardwareOf, kind: ControllerKind, bus: int) -> Order:
    """An empty controller, which a running VM takes, too."""
    beside = next(d for d in hardware.devices if isinstance(d, Device.VirtualSCSIController))
    change = Device.VirtualDeviceSpec(operation="add", device=_controller(kind, NEW_KEY, bus, beside))
    boot = boot_mark(scene.machine)
    return Order(ADD_CONTROLLER, _reconfigure(scene.machine, hardware, [change]), lambda task: f"{ADD_CONTROLLER}/{boot}/{task}")


async def _replace(scene: Scene, kind: ControllerKind) -> Order:
    """All paravirtual controllers in one call: each goes, one of the other kind comes on its bus, and its devices follow.

    Source: that one call does it: terraform-provider-vsphere, swapSCSIDevice.
    """
    hardware = await scene.vcenter.hardware(scene.machine.moref)
    changes: list[Any] = []
    old = [d for d in hardware.devices if isinstance(d, Device.ParaVirtualSCSIController)]
    for number, controller in enumerate(old):
        key = NEW_KEY - number
        changes.append(Device.VirtualDeviceSpec(operation="remove", device=controller))
        new = _controller(kind, key, controller.busNumber, controller)
        changes.append(Device.VirtualDeviceSpec(operation="add", device=new))
        for device in hardware.devices:
            if device.controllerKey == controller.key:
                device.controllerKey = key
                changes.append(Device.VirtualDeviceSpec(operation="edit", device=device))
    make = _reconfigure(scene.machine, hardware, changes)
    return Order("replace-controllers", make, lambda task: f"{MOVE}/{RECONFIGURE}/{task}")


def _controller(kind: ControllerKind, key: int, bus: int, like: Any) -> Any:
    return TYPES[kind](key=key, busNumber=bus, sharedBus=like.sharedBus, controllerKey=like.controllerKey)


def _reconfigure(machine: VirtualMachine, hardware: HardwareOf, changes: list[Any]) -> Any:
    """Refused by vCenter if the VM was changed since its devices were read. Source: VirtualMachineConfigSpec.changeVersion."""
    spec = vim.vm.ConfigSpec(changeVersion=hardware.change_version, deviceChange=changes)
    return lambda connection: vm_of(connection, machine).ReconfigVM_Task(spec=spec)
