"""disk.EnableUUID is set to TRUE."""

from typing import Any

from pyVmomi import vim

from failback_operator.act.vsphere.commands import Order, vm_of
from failback_operator.act.vsphere.effect import Look, Progress, Scene, judged
from failback_operator.domain.ports import Accepted, Refused, SendResult
from failback_operator.domain.vsphere import VirtualMachine

DISK_UUID_KEY = "disk.EnableUUID"


class SetDiskUuid:
    """Source: vSphere API, VirtualMachine.ReconfigVM_Task with extraConfig; vSphere facts, section 3."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """Set it, unless it is."""
        machine = scene.machine
        if "disk_uuid_enabled" in machine.unread:
            return Refused(f"not sent: the settings of VM {machine.name} could not be read")
        return Accepted(None) if machine.disk_uuid_enabled else _set_disk_uuid(machine)

    async def next(self, look: Look) -> Order | Progress:
        """Done when it is TRUE."""
        machine = look.machine
        reached = None if "disk_uuid_enabled" in machine.unread else bool(machine.disk_uuid_enabled)
        return judged(look, reached=reached, otherwise=f"VM {machine.name} has not taken disk.EnableUUID")


def disk_uuid_option() -> Any:
    """disk.EnableUUID, TRUE."""
    return vim.option.OptionValue(key=DISK_UUID_KEY, value="TRUE")


def _set_disk_uuid(machine: VirtualMachine) -> Order:
    def make(connection: Any) -> Any:
        return vm_of(connection, machine).ReconfigVM_Task(spec=vim.vm.ConfigSpec(extraConfig=[disk_uuid_option()]))

    return Order("set-disk-uuid", make)
