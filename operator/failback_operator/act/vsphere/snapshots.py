"""Snapshots are removed; where files of them are left in the disks, these are consolidated."""

from failback_operator.act.vsphere.commands import Order, vm_of
from failback_operator.act.vsphere.effect import Look, Progress, Scene
from failback_operator.domain.ports import Accepted, Refused, SendResult
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import VirtualMachine

CONSOLIDATE = "consolidate"


class RemoveSnapshots:
    """Source: vSphere API, VirtualMachine.RemoveAllSnapshots_Task, ConsolidateVMDisks_Task."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """Remove them; consolidate where only that is left."""
        machine = scene.machine
        if {"snapshots", "consolidation_needed"} & machine.unread:
            return Refused(f"not sent: the snapshots of VM {machine.name} could not be read")
        if machine.snapshots:
            return Order("remove-all-snapshots", lambda c: vm_of(c, machine).RemoveAllSnapshots_Task(consolidate=True))
        # A removal that could not merge its files leaves no snapshot, but the need to consolidate.
        return _consolidate(machine) if machine.consolidation_needed else Accepted(None)

    async def next(self, look: Look) -> Order | Progress:
        """Done when nothing is left; one consolidation after the removal."""
        machine = look.machine
        if look.task.phase is TaskPhase.FAILED:
            return look.failed(look.task.message)
        if look.task.phase is TaskPhase.RUNNING or {"snapshots", "consolidation_needed"} & machine.unread:
            return look.running()
        if machine.snapshots:
            left = ", ".join(snapshot.name for snapshot in machine.snapshots)
            return look.failed(f"VM {machine.name} still has snapshots: {left}")
        if not machine.consolidation_needed:
            return look.succeeded()
        if look.job[0] == CONSOLIDATE:
            return look.failed(f"VM {machine.name} still asks for a consolidation of its disks")
        return _consolidate(machine)


def _consolidate(machine: VirtualMachine) -> Order:
    return Order(CONSOLIDATE, lambda c: vm_of(c, machine).ConsolidateVMDisks_Task(), lambda task: f"{CONSOLIDATE}/{task}")
