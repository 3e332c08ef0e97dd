"""Sends the effects on VMs to vCenter: one call each, after a last look whether the VM is the one meant."""

from dataclasses import dataclass
from typing import assert_never

from failback_operator.act.vsphere.commands import Command, VcenterOf, not_the_one_meant, perform
from failback_operator.domain.boot import boot_mark
from failback_operator.domain.ports import Accepted, Refused, SendResult
from failback_operator.domain.reading import SourceFailed
from failback_operator.domain.steps import Effect, EffectKind, MachineCall
from failback_operator.domain.vsphere import PowerState, VirtualMachine


@dataclass(frozen=True, slots=True)
class VsphereTransport:
    """Transport of effects on VMs. What an effect needs beyond its first call is MachineFollower's."""

    vcenters: VcenterOf

    async def send(self, effect: Effect) -> SendResult:
        """Make the call. Never raises for what the other side does; cancellation passes.

        Accepted's job is the task's id; `<command>/<detail>` where a task alone would not tell a later reader where it stands.
        """
        call = effect.call
        if not isinstance(call, MachineCall):
            raise TypeError(f"{effect.kind} is no call on a VM")
        vcenter = self.vcenters(call.vcenter)
        if vcenter is None:
            return Refused(f"not sent: vCenter {call.vcenter} is not connected")
        try:
            machine = await vcenter.machine(call.machine)
        except SourceFailed as failure:
            return Refused(f"not sent: {failure.error.message}")
        wrong = not_the_one_meant(machine, call)
        if machine is None or wrong is not None:
            return Refused(f"not sent: {wrong}")
        first = first_command(effect.kind, machine, call)
        if not isinstance(first, Command):
            return first
        answer = await perform(vcenter, call.machine, first)
        if isinstance(answer, Accepted):
            return Accepted(job_of(first, answer.job, machine))
        return answer


def first_command(kind: EffectKind, machine: VirtualMachine, call: MachineCall) -> Command | SendResult:
    """The call that begins an effect on the VM as it is, or the answer without any call."""
    match kind:
        case EffectKind.REMOVE_SNAPSHOTS:
            return _remove_snapshots(machine)
        case EffectKind.SET_DISK_UUID:
            if "disk_uuid_enabled" in machine.unread:
                return Refused(f"not sent: the settings of VM {machine.name} could not be read")
            return Accepted(None) if machine.disk_uuid_enabled else Command.SET_DISK_UUID
        case EffectKind.POWER_CYCLE:
            return _power_cycle(machine, call)
        case EffectKind.REPROTECT | EffectKind.FAILBACK | EffectKind.COMMIT | EffectKind.PROTECT:
            raise TypeError(f"{kind} is no effect on a VM")
        case _:
            assert_never(kind)


def job_of(command: Command, task: str | None, machine: VirtualMachine) -> str | None:
    """The job by which a call is followed. A shutdown has no task; the boot before it tells it from what comes after."""
    match command:
        case Command.SHUT_DOWN_GUEST:
            return f"{command}/{boot_mark(machine)}"
        case Command.REMOVE_ALL_SNAPSHOTS | Command.SET_DISK_UUID:
            return task
        case Command.CONSOLIDATE | Command.POWER_OFF | Command.POWER_ON:
            return f"{command}/{task}"
        case _:
            assert_never(command)


def _remove_snapshots(machine: VirtualMachine) -> Command | SendResult:
    if "snapshots" in machine.unread:
        return Refused(f"not sent: the snapshots of VM {machine.name} could not be read")
    if machine.snapshots:
        return Command.REMOVE_ALL_SNAPSHOTS
    # A removal that could not merge its files leaves no snapshot, but the need to consolidate.
    return Command.CONSOLIDATE if machine.consolidation_needed else Accepted(None)


def _power_cycle(machine: VirtualMachine, call: MachineCall) -> Command | SendResult:
    match machine.power_state:
        case PowerState.ON:
            has_tools = machine.guest.tools_running_status == "guestToolsRunning"
            return Command.SHUT_DOWN_GUEST if has_tools or not call.allow_hard_off else Command.POWER_OFF
        case PowerState.OFF:
            return Command.POWER_ON  # an earlier attempt was interrupted between off and on
        case PowerState.SUSPENDED:
            return Refused(f"not sent: VM {machine.name} is suspended")
        case None:
            return Refused(f"not sent: the power state of VM {machine.name} could not be read")
        case _:
            assert_never(machine.power_state)
