"""A VM is deleted with its disks: the one that a person named, as it was shown, while it is off."""

from failback_operator.act.vsphere.commands import Order, vm_of
from failback_operator.act.vsphere.effect import Look, Progress, Scene
from failback_operator.domain.ports import Refused, SendResult
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import PowerState

DELETE = "destroy"


class DeleteVm:
    """Source: vSphere API, ManagedEntity.Destroy_Task of a VM: unregisters it and deletes its files, its disks' among them."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """Delete it if it is off and has the disks that were shown, and no other VM has one of them."""
        machine = scene.machine
        if {"disks", "power_state", "is_template"} & machine.unread or machine.power_state is not PowerState.OFF:
            return Refused(f"not sent: VM {machine.name} is not off, or could not be read")
        if machine.is_template:
            return Refused(f"not sent: VM {machine.name} is a template")
        files = frozenset(disk.file_name for disk in machine.disks)
        if files != scene.call.files:
            return Refused(f"not sent: VM {machine.name} has other disks than those that were shown")
        others = await scene.vcenter.users(machine.moref)
        if others:
            return Refused(f"not sent: VM {', '.join(others)} has a disk of VM {machine.name}, too")
        return Order(DELETE, lambda connection: vm_of(connection, machine).Destroy_Task(), lambda task: f"{DELETE}/{task}")

    async def next(self, look: Look) -> Order | Progress:
        """While the VM is there it is not done; that it is gone the follower sees."""
        if look.task.phase is TaskPhase.RUNNING:
            return look.running()
        return look.failed(look.task.message or f"VM {look.machine.name} is still there")
