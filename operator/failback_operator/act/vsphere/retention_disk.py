"""A disk is added to the VM, unformatted."""

from typing import Any

from pyVmomi import vim

from failback_operator.act.vsphere.commands import Order, vm_of
from failback_operator.act.vsphere.effect import Look, Progress, Scene, judged
from failback_operator.domain.ports import Accepted, Refused, SendResult
from failback_operator.domain.retention import GIB, RetentionDisk, has_taken
from failback_operator.domain.scsi import Slot, free_slot
from failback_operator.domain.vsphere import ControllerKind

Device = vim.vm.device
KINDS = frozenset({ControllerKind.LSI_LOGIC, ControllerKind.LSI_LOGIC_SAS})
NEW_KEY = -201
FIELDS = frozenset({"disks", "controllers", "guest"})


class AddRetentionDisk:
    """Source: vSphere API, VirtualMachine.ReconfigVM_Task; vSphere facts, section 3: it is taken with the VM on or off."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """Add it, unless a disk like it waits already. vCenter refuses it if the VM was changed since it was looked at."""
        machine, wanted = scene.machine, RetentionDisk.parse(scene.subject)
        hardware = await scene.vcenter.hardware(machine.moref)
        fresh = await scene.vcenter.machine(machine.moref)  # read after the version, so that no disk escapes both
        if fresh is None or FIELDS & fresh.unread:
            return Refused(f"not sent: the disks of VM {machine.name} could not be read")
        if has_taken(fresh, wanted):
            return Accepted(None)
        slot = free_slot(fresh, KINDS)
        store = await scene.vcenter.datastore_name(wanted.datastore)
        if slot is None or store is None:
            missing = "no LSI Logic controller of it has a free unit" if slot is None else f"no datastore {wanted.datastore}"
            return Refused(f"not sent: VM {machine.name}: {missing}")
        change = _addition(wanted, slot, store)
        spec = vim.vm.ConfigSpec(changeVersion=hardware.change_version, deviceChange=[change])
        return Order("add-disk", lambda connection: vm_of(connection, machine).ReconfigVM_Task(spec=spec))

    async def next(self, look: Look) -> Order | Progress:
        """Done when it is there."""
        machine = look.machine
        reached = None if FIELDS & machine.unread else has_taken(machine, RetentionDisk.parse(look.scene.subject))
        return judged(look, reached=reached, otherwise=f"VM {machine.name} has not taken the disk")


def _addition(wanted: RetentionDisk, slot: Slot, store: str) -> Any:
    backing = Device.VirtualDisk.FlatVer2BackingInfo(fileName=f"[{store}]", diskMode="persistent", thinProvisioned=True)
    disk = Device.VirtualDisk(
        key=NEW_KEY,
        controllerKey=slot.controller_key,
        unitNumber=slot.unit_number,
        capacityInKB=wanted.size_gib * GIB // 1024,
        backing=backing,
    )
    return Device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk)
