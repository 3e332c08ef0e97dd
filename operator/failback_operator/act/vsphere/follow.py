"""Follows effects on VMs to their end, making the further calls that the state of the VM asks for.

Nothing is remembered but the job in the ledger: whoever reads job and VM, before or after a restart, goes on from there.
"""

from dataclasses import dataclass
from datetime import timedelta

from failback_operator.act.vsphere.commands import AlreadyUnderWay, Command, Vcenter, VcenterOf, not_the_one_meant, perform
from failback_operator.act.vsphere.transport import job_of
from failback_operator.api.common import LedgerEntry
from failback_operator.domain.boot import boot_mark
from failback_operator.domain.ports import Accepted, Clock, LeaseHolder, Lost, Refused, Unnamed
from failback_operator.domain.steps import EffectKind, MachineCall
from failback_operator.domain.tasks import TaskPhase, TaskState
from failback_operator.domain.vsphere import PowerState, VirtualMachine


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an effect stands: Running, Succeeded or Failed; `job` is what the ledger must hold from now on."""

    phase: TaskPhase
    job: str | None
    message: str = ""


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
        running = Progress(TaskPhase.RUNNING, entry.job)
        if vcenter is None or entry.job is None:
            return running
        # In this order: a VM read before its task ended does not show what the task did.
        task = await self._task(vcenter, entry.job)
        machine = await vcenter.machine(call.machine)
        wrong = not_the_one_meant(machine, call)
        if machine is None or wrong is not None:
            return Progress(TaskPhase.FAILED, entry.job, wrong or "")
        if task.phase is TaskPhase.FAILED and not _is_there_anyway(entry, machine):
            return Progress(TaskPhase.FAILED, entry.job, _failure(task, machine, entry))
        due = self._due(call, entry, machine, task)
        if isinstance(due, Command):
            return await self._next(vcenter, machine, due, running) if self.lease.is_held() else running
        return due

    async def _task(self, vcenter: Vcenter, job: str) -> TaskState:
        """The task of a job; a shutdown has none, and is as good as one that vCenter no longer knows."""
        command, _, task = job.rpartition("/")
        return TaskState(TaskPhase.GONE) if command == Command.SHUT_DOWN_GUEST else await vcenter.task_state(task)

    async def _next(self, vcenter: Vcenter, machine: VirtualMachine, command: Command, running: Progress) -> Progress:
        """Make the next call. One that was lost, or found itself done, is answered by the VM at the next look."""
        answer = await perform(vcenter, machine.moref, command)
        match answer:
            case Accepted(task):
                return Progress(TaskPhase.RUNNING, job_of(command, task, machine))
            case AlreadyUnderWay() | Lost() | Unnamed():
                return running
            case Refused(message):
                return Progress(TaskPhase.FAILED, running.job, f"{command}: {message}")

    def _due(self, call: MachineCall, entry: LedgerEntry, machine: VirtualMachine, task: TaskState) -> Command | Progress:
        running = Progress(TaskPhase.RUNNING, entry.job)
        if entry.effect == EffectKind.POWER_CYCLE:
            return self._power(call, entry, machine, task)
        if task.phase is TaskPhase.RUNNING:
            return running
        if entry.effect == EffectKind.SET_DISK_UUID:
            return _judged(entry, reached=_uuid_set(machine), otherwise=f"VM {machine.name} has not taken disk.EnableUUID")
        return _snapshots(entry, machine)

    def _power(self, call: MachineCall, entry: LedgerEntry, machine: VirtualMachine, task: TaskState) -> Command | Progress:
        command, _, detail = (entry.job or "").rpartition("/")
        if task.phase is TaskPhase.RUNNING or machine.power_state not in {PowerState.ON, PowerState.OFF}:
            return Progress(TaskPhase.RUNNING, entry.job)
        if machine.power_state is PowerState.OFF:
            was_switched_on = command == Command.POWER_ON and task.phase is TaskPhase.SUCCEEDED
            return _off_again(entry, machine) if was_switched_on else Command.POWER_ON
        is_same_boot = machine.boot_time is None or boot_mark(machine) == detail
        if command == Command.SHUT_DOWN_GUEST and is_same_boot:
            return self._shutting_down(call, entry)
        return Progress(TaskPhase.SUCCEEDED, entry.job)

    def _shutting_down(self, call: MachineCall, entry: LedgerEntry) -> Command | Progress:
        """No failure without leave to switch it off: the guest may still go down, and then the VM must be switched on again."""
        is_late = self.clock.now() - entry.intended_at > self.shutdown_limit
        return Command.POWER_OFF if is_late and call.allow_hard_off else Progress(TaskPhase.RUNNING, entry.job)


def _snapshots(entry: LedgerEntry, machine: VirtualMachine) -> Command | Progress:
    if "snapshots" in machine.unread or "consolidation_needed" in machine.unread:
        return Progress(TaskPhase.RUNNING, entry.job)
    if machine.snapshots:
        left = ", ".join(snapshot.name for snapshot in machine.snapshots)
        return Progress(TaskPhase.FAILED, entry.job, f"VM {machine.name} still has snapshots: {left}")
    if not machine.consolidation_needed:
        return Progress(TaskPhase.SUCCEEDED, entry.job)
    if (entry.job or "").startswith(f"{Command.CONSOLIDATE}/"):
        return Progress(TaskPhase.FAILED, entry.job, f"VM {machine.name} still asks for a consolidation of its disks")
    return Command.CONSOLIDATE


def _uuid_set(machine: VirtualMachine) -> bool | None:
    return None if "disk_uuid_enabled" in machine.unread else machine.disk_uuid_enabled


def _judged(entry: LedgerEntry, *, reached: bool | None, otherwise: str) -> Progress:
    if reached is None:
        return Progress(TaskPhase.RUNNING, entry.job)
    return Progress(TaskPhase.SUCCEEDED, entry.job) if reached else Progress(TaskPhase.FAILED, entry.job, otherwise)


def _off_again(entry: LedgerEntry, machine: VirtualMachine) -> Progress:
    return Progress(TaskPhase.FAILED, entry.job, f"VM {machine.name} was switched on and is off again")


def _is_there_anyway(entry: LedgerEntry, machine: VirtualMachine) -> bool:
    """Whether the VM is where the failed task was to bring it.

    A second power-on, sent because the record of the first was lost in a crash, fails since the VM is on.
    """
    command = (entry.job or "").partition("/")[0]
    wanted = {Command.POWER_ON.value: PowerState.ON, Command.POWER_OFF.value: PowerState.OFF}.get(command)
    return wanted is not None and machine.power_state is wanted


def _failure(task: TaskState, machine: VirtualMachine, entry: LedgerEntry) -> str:
    """vCenter's words; with them, that a VM was left off, which nobody must overlook."""
    is_left_off = entry.effect == EffectKind.POWER_CYCLE and machine.power_state is PowerState.OFF
    return f"{task.message}; VM {machine.name} is off" if is_left_off else task.message
