"""Follows effects on VMs to their end, making the further calls that the state of the world asks for.

Nothing is remembered but the job in the ledger: whoever reads job and VM, before or after a restart, goes on from there.
"""

from dataclasses import dataclass
from datetime import timedelta

from failback_operator.act.vsphere.commands import AlreadyUnderWay, Order, Vcenter, VcenterOf, not_the_one_meant, perform
from failback_operator.act.vsphere.effect import Look, Progress, Scene
from failback_operator.act.vsphere.registry import EFFECTS
from failback_operator.api.common import LedgerEntry
from failback_operator.domain.mending import subject_in, task_in
from failback_operator.domain.ports import Accepted, Clock, LeaseHolder, Lost, Refused, Unnamed
from failback_operator.domain.steps import EffectKind, MachineCall
from failback_operator.domain.tasks import TaskPhase, TaskState
from failback_operator.domain.vsphere import PowerState, VirtualMachine

SWITCHES = frozenset({EffectKind.POWER_CYCLE, EffectKind.REPLACE_CONTROLLERS, EffectKind.POWER_ON})
"""Effects that switch the VM off and on: one that fails may leave it off, which nobody must overlook."""


@dataclass(frozen=True, slots=True)
class MachineFollower:
    """Follows ledger entries that are Running. Calls vCenter only while the Lease is held."""

    vcenters: VcenterOf
    lease: LeaseHolder
    clock: Clock
    shutdown_limit: timedelta = timedelta(minutes=10)
    """How long a guest may take to shut down; then the cycle goes on by a hard power-off where that is allowed, else waits on."""

    async def follow(self, call: MachineCall, entry: LedgerEntry) -> Progress:
        """How the effect of `entry` stands now; makes its next call if one is due. Raises SourceFailed."""
        vcenter = self.vcenters(call.vcenter)
        if vcenter is None or entry.job is None:
            return Progress(TaskPhase.RUNNING, entry.job)
        # In this order: a VM read before its task ended does not show what the task did.
        task = await _task(vcenter, entry.job)
        machine = await vcenter.machine(call.machine)
        kind = EffectKind(entry.effect)
        if machine is None and kind is EffectKind.DELETE_VM:
            return Progress(TaskPhase.SUCCEEDED, entry.job)
        wrong = not_the_one_meant(machine, call)
        if machine is None or wrong is not None:
            return Progress(TaskPhase.FAILED, entry.job, wrong or "")
        scene = Scene(vcenter, machine, call, subject_in(entry.key))
        look = Look(scene, entry, task, self.clock.now(), self.shutdown_limit)
        due = await EFFECTS[kind].next(look)
        if isinstance(due, Order):
            due = await self._order(look, due) if self.lease.is_held() else look.running()
        return _with_power(due, machine) if kind in SWITCHES and due.phase is TaskPhase.FAILED else due

    async def _order(self, look: Look, order: Order) -> Progress:
        """Make the next call. One that was lost, or found itself done, is answered by the world at the next look."""
        answer = await perform(look.scene.vcenter, order)
        match answer:
            case Accepted(job):
                return Progress(TaskPhase.RUNNING, job, order.message)
            case AlreadyUnderWay() | Lost() | Unnamed():
                return look.running()
            case Refused(message):
                head = f"{order.message}; " if order.message else ""
                return look.failed(f"{head}{order.name}: {message}")


async def _task(vcenter: Vcenter, job: str) -> TaskState:
    """The task of a job; one without a task is as good as one that vCenter no longer knows."""
    task = task_in(job)
    return TaskState(TaskPhase.GONE) if task is None else await vcenter.task_state(task)


def _with_power(progress: Progress, machine: VirtualMachine) -> Progress:
    told = f"VM {machine.name} is off"
    is_told = machine.power_state is not PowerState.OFF or progress.message.endswith((told, "off again"))
    return progress if is_told else Progress(progress.phase, progress.job, f"{progress.message}; {told}")
