"""What makes an effect on a VM: its first call, and what comes after it until the world is where it was to be."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from failback_operator.act.vsphere.commands import Order, Vcenter
from failback_operator.api.common import LedgerEntry
from failback_operator.domain.ports import SendResult
from failback_operator.domain.steps import MachineCall
from failback_operator.domain.tasks import TaskPhase, TaskState
from failback_operator.domain.vsphere import PowerState, VirtualMachine


@dataclass(frozen=True, slots=True)
class Scene:
    """What an effect is about: `machine` as it is now, `subject` as in the effect's key."""

    vcenter: Vcenter
    machine: VirtualMachine
    call: MachineCall
    subject: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an effect stands: Running, Succeeded or Failed; `job` is what the ledger must hold from now on."""

    phase: TaskPhase
    job: str | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an effect that runs: its entry in the ledger, the task of its job, and the scene, read after the task."""

    scene: Scene
    entry: LedgerEntry
    task: TaskState
    now: datetime
    shutdown_limit: timedelta

    @property
    def machine(self) -> VirtualMachine:
        """The VM."""
        return self.scene.machine

    @property
    def job(self) -> tuple[str, ...]:
        """The parts of the job."""
        return tuple((self.entry.job or "").split("/"))

    @property
    def is_off(self) -> bool:
        """Whether the VM is off."""
        return self.machine.power_state is PowerState.OFF

    def running(self) -> Progress:
        """It goes on: look again."""
        return Progress(TaskPhase.RUNNING, self.entry.job)

    def succeeded(self) -> Progress:
        """It is done."""
        return Progress(TaskPhase.SUCCEEDED, self.entry.job)

    def failed(self, why: str) -> Progress:
        """It is over, and not done."""
        return Progress(TaskPhase.FAILED, self.entry.job, why)


class VmEffect(Protocol):
    """An effect. Nothing is remembered between looks but the job: whoever reads job and world goes on from there."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """The call that begins it in the world as it is, or the answer without any call. Raises SourceFailed."""
        ...

    async def next(self, look: Look) -> Order | Progress:
        """The call that is due, or where it stands. Raises SourceFailed."""
        ...


def judged(look: Look, *, reached: bool | None, otherwise: str) -> Progress:
    """Of an effect of one call: its task's own words where that failed, else the world; None: that could not be read."""
    match look.task.phase:
        case TaskPhase.RUNNING:
            return look.running()
        case TaskPhase.FAILED:
            return look.failed(look.task.message)
        case TaskPhase.SUCCEEDED | TaskPhase.GONE:
            if reached is None:
                return look.running()
            return look.succeeded() if reached else look.failed(otherwise)
