"""The VM is shut down and powered on again."""

from failback_operator.act.vsphere.commands import Order, vm_of
from failback_operator.act.vsphere.effect import Look, Progress, Scene
from failback_operator.domain.boot import boot_mark
from failback_operator.domain.mending import SHUT_DOWN_GUEST
from failback_operator.domain.ports import Refused, SendResult
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import PowerState, VirtualMachine

POWER_ON, POWER_OFF = "power-on", "power-off"
TOOLS_RUN = "guestToolsRunning"
STEADY = frozenset({PowerState.ON, PowerState.OFF})
MEANT = {POWER_ON: PowerState.ON, POWER_OFF: PowerState.OFF}


def shut_down_guest(machine: VirtualMachine, stage: str = "") -> Order:
    """Ask the guest to shut down. There is no task: the boot before it tells it from what comes after."""

    def make(connection: object) -> None:
        vm_of(connection, machine).ShutdownGuest()

    return Order(SHUT_DOWN_GUEST, make, lambda _: f"{stage}{SHUT_DOWN_GUEST}/{boot_mark(machine)}")


def power_off(machine: VirtualMachine, stage: str = "") -> Order:
    """Switch the VM off, hard."""
    return Order(POWER_OFF, lambda c: vm_of(c, machine).PowerOffVM_Task(), lambda task: f"{stage}{POWER_OFF}/{task}")


def power_on(machine: VirtualMachine, stage: str = "", message: str = "") -> Order:
    """Switch the VM on."""
    job = f"{stage}{POWER_ON}"
    return Order(POWER_ON, lambda c: vm_of(c, machine).PowerOnVM_Task(), lambda task: f"{job}/{task}", message)


def switched_on_again(look: Look, stage: str = "", message: str = "") -> Order | Progress:
    """For a VM that is off after a power-on was ordered: in the task's words, or once more where vCenter forgot the task."""
    head = f"{message}; " if message else ""
    match look.task.phase:
        case TaskPhase.FAILED:
            return look.failed(f"{head}{look.task.message}")
        case TaskPhase.SUCCEEDED:
            return look.failed(f"{head}VM {look.machine.name} was switched on and is off again")
        case TaskPhase.RUNNING | TaskPhase.GONE:
            return power_on(look.machine, stage, message)


def shutting_down(look: Look, stage: str = "", limits: int = 1) -> Order | Progress:
    """For a VM that is on after its guest was asked to shut down, or that is being switched off.

    No failure without leave to switch it off: the guest may still go down, and then the VM must be switched on again.
    """
    is_late = look.now - look.entry.intended_at > look.shutdown_limit * limits
    return power_off(look.machine, stage) if is_late and look.scene.call.allow_hard_off else look.running()


class PowerCycle:
    """Source: vSphere API, VirtualMachine.ShutdownGuest, PowerOffVM_Task, PowerOnVM_Task."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """Off, or on where an earlier attempt was interrupted between the two."""
        machine = scene.machine
        match machine.power_state:
            case PowerState.ON:
                has_tools = machine.guest.tools_running_status == TOOLS_RUN
                return shut_down_guest(machine) if has_tools or not scene.call.allow_hard_off else power_off(machine)
            case PowerState.OFF:
                return power_on(machine)
            case PowerState.SUSPENDED:
                return Refused(f"not sent: VM {machine.name} is suspended")
            case None:
                return Refused(f"not sent: the power state of VM {machine.name} could not be read")

    async def next(self, look: Look) -> Order | Progress:
        """Done when it runs in another boot."""
        machine, command = look.machine, look.job[0]
        # A second power-on, sent because the record of the first was lost in a crash, fails since the VM is on.
        if look.task.phase is TaskPhase.FAILED and machine.power_state is not MEANT.get(command):
            return look.failed(look.task.message)
        if look.task.phase is TaskPhase.RUNNING or machine.power_state not in STEADY:
            return look.running()
        if look.is_off:
            return switched_on_again(look) if command == POWER_ON else power_on(machine)
        is_same_boot = machine.boot_time is None or boot_mark(machine) == look.job[-1]
        return shutting_down(look) if command == SHUT_DOWN_GUEST and is_same_boot else look.succeeded()
