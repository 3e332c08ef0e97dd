"""A VM is made from a template: cloned, given disk.EnableUUID, powered on."""

from typing import Any

from pyVmomi import vim

from failback_operator.act.vsphere.commands import Order, vm_of
from failback_operator.act.vsphere.disk_uuid import disk_uuid_option
from failback_operator.act.vsphere.effect import Look, Progress, Scene
from failback_operator.act.vsphere.power import POWER_ON, STEADY, power_on
from failback_operator.domain.ids import Moref
from failback_operator.domain.mending import MAKING
from failback_operator.domain.ports import Refused, SendResult
from failback_operator.domain.steps import CloneOrder
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import PowerState, VirtualMachine

SET_DISK_UUID = "set-disk-uuid"


class MakeFromTemplate:
    """Source: vSphere API, VirtualMachine.CloneVM_Task; vSphere facts, section 3: what a clone needs is set after it.

    vCenter makes no two VMs of one name in a folder (DuplicateName): a clone of which nothing was recorded is not made twice.
    """

    async def first(self, scene: Scene) -> Order | SendResult:
        """Clone the template, unless a VM of the new name is anywhere in vCenter."""
        template, order, name = scene.machine, scene.call.clone, scene.subject
        if order is None or not template.is_template:
            return Refused(f"not sent: VM {template.name} is no template")
        if await scene.vcenter.named("VirtualMachine", name):
            return Refused(f"not sent: there is a VM {name}")
        folder = await _folder(scene, order)
        pool = await scene.vcenter.pool(order.cluster, order.resource_pool)
        if folder is None or pool is None:
            where = f"one folder {order.folder}" if folder is None else f"one resource pool {order.resource_pool} in the cluster"
            return Refused(f"not sent: vCenter does not show {where}")
        return _clone(scene, order, folder, pool)

    async def next(self, look: Look) -> Order | Progress:
        """By the state of the new VM, which is found by its name."""
        command, name = look.job[1], look.scene.subject
        if look.task.phase is TaskPhase.RUNNING:
            return look.running()
        if look.task.phase is TaskPhase.FAILED and command not in {SET_DISK_UUID, POWER_ON}:
            return look.failed(look.task.message)
        found = [await look.scene.vcenter.machine(moref) for moref in await look.scene.vcenter.named("VirtualMachine", name)]
        made = [vm for vm in found if vm is not None and not vm.is_template]
        if len(made) != 1:
            return look.failed(f"there is no VM {name} after all" if not made else f"there are several VMs {name}")
        return _finished(look, made[0], command)


def _finished(look: Look, vm: VirtualMachine, command: str) -> Order | Progress:
    if vm.power_state not in STEADY or "disk_uuid_enabled" in vm.unread:
        return look.running()
    if not vm.disk_uuid_enabled:
        if command == SET_DISK_UUID and look.task.phase is not TaskPhase.GONE:
            return look.failed(look.task.message or f"VM {vm.name} has not taken disk.EnableUUID")
        return _configure(vm, look.scene.call.clone)
    if vm.power_state is PowerState.ON:
        return look.succeeded()
    if command == POWER_ON and look.task.phase is not TaskPhase.GONE:
        return look.failed(look.task.message or f"VM {vm.name} was switched on and is off again")
    return power_on(vm, f"{MAKING}/")


def _configure(vm: VirtualMachine, order: CloneOrder | None) -> Order:
    """disk.EnableUUID, and the size once more: a simulated vCenter takes none of it with the clone."""

    def make(connection: Any) -> Any:
        spec = vim.vm.ConfigSpec(extraConfig=[disk_uuid_option()])
        if order is not None:
            spec.numCPUs, spec.memoryMB = order.cpus, order.memory_mib
        return vm_of(connection, vm).ReconfigVM_Task(spec=spec)

    return Order(SET_DISK_UUID, make, lambda task: f"{MAKING}/{SET_DISK_UUID}/{task}")


async def _folder(scene: Scene, order: CloneOrder) -> Moref | None:
    if order.folder is None:
        return await scene.vcenter.parent("VirtualMachine", scene.machine.moref)
    found = await scene.vcenter.named("Folder", order.folder)
    return found[0] if len(found) == 1 else None


def _clone(scene: Scene, order: CloneOrder, folder: Moref, pool: Moref) -> Order:
    def make(connection: Any) -> Any:
        stub = connection.stub
        # Source: VirtualMachineRelocateSpec.host: without one, a cluster without automated DRS refuses.
        place = vim.vm.RelocateSpec(
            datastore=vim.Datastore(order.datastore, stub),
            pool=vim.ResourcePool(pool, stub),
            host=vim.HostSystem(order.host, stub),
        )
        config = vim.vm.ConfigSpec(numCPUs=order.cpus, memoryMB=order.memory_mib)
        spec = vim.vm.CloneSpec(location=place, powerOn=False, template=False, config=config)
        return vm_of(connection, scene.machine).CloneVM_Task(folder=vim.Folder(folder, stub), name=scene.subject, spec=spec)

    return Order(MAKING, make, lambda task: f"{MAKING}/{task}")
