"""The calls to vCenter of which effects consist: each is made once, and what becomes of it is told without guessing."""

import http.client
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from xml.parsers.expat import ExpatError

from pyVmomi import vim, vmodl

from failback_operator.domain.ids import Moref
from failback_operator.domain.ports import Accepted, Lost, Refused, SendResult
from failback_operator.domain.reading import SourceFailed
from failback_operator.domain.steps import MachineCall
from failback_operator.domain.tasks import TaskState
from failback_operator.domain.vsphere import VirtualMachine

T = TypeVar("T")

DISK_UUID_KEY = "disk.EnableUUID"


class Vcenter(Protocol):
    """What an effect needs of a vCenter. The watcher of observe/ has it."""

    async def send(self, function: Callable[[Any], T]) -> T:
        """Run `function(connection)` once, logged in; `connection.stub` is the SDK's. Raises SourceFailed if it was not begun."""
        ...

    async def machine(self, moref: Moref) -> VirtualMachine | None:
        """The VM as it is now; None if there is none. Raises SourceFailed."""
        ...

    async def task_state(self, task: str) -> TaskState:
        """How the task stands. Raises SourceFailed."""
        ...


VcenterOf = Callable[[str], Vcenter | None]
"""The vCenter of that name in the RecoverySite; None while it is not connected."""


class Command(StrEnum):
    """A call. Its value is the prefix of the job that it starts, where the job is more than a task."""

    REMOVE_ALL_SNAPSHOTS = "remove-all-snapshots"
    CONSOLIDATE = "consolidate"
    SET_DISK_UUID = "set-disk-uuid"
    SHUT_DOWN_GUEST = "shut-down-guest"
    POWER_OFF = "power-off"
    POWER_ON = "power-on"


UNDER_WAY = (vim.fault.TaskInProgress, vim.fault.InvalidPowerState)
"""Refusals which say that what is asked for is being done, or was done meanwhile."""

MAY_HAVE_HAPPENED = (
    vmodl.fault.SystemError,
    vmodl.fault.HostCommunication,
    vmodl.fault.RequestCanceled,
    vim.fault.Timedout,
)
"""Faults that are no refusal: vCenter itself, or its host, broke off."""

NO_ANSWER = (OSError, http.client.HTTPException, LookupError, AttributeError, TypeError, ValueError, ExpatError)
"""Network errors, and what pyvmomi raises over an answer that it does not understand: the call may have been taken."""


class AlreadyUnderWay(Refused):
    """Refused because it is being done, or was done meanwhile."""


async def perform(vcenter: Vcenter, moref: Moref, command: Command) -> SendResult:
    """Make the call once. Accepted names the task; None where the call has no task."""
    try:
        return Accepted(await vcenter.send(lambda connection: _call(connection.stub, moref, command)))
    except SourceFailed as failure:
        return Refused(f"not sent: {failure.error.message}")
    except UNDER_WAY as fault:
        return AlreadyUnderWay(_words(fault))
    except MAY_HAVE_HAPPENED as fault:
        return Lost(_words(fault))
    except vmodl.MethodFault as fault:
        return Refused(_words(fault))
    except NO_ANSWER as error:
        return Lost(f"no answer that tells whether it happened: {error or type(error).__name__}")


def not_the_one_meant(machine: VirtualMachine | None, call: MachineCall) -> str | None:
    """Why `machine` is not the VM that the decision was about; None if it is."""
    if machine is None:
        return f"there is no VM {call.machine}"
    if call.instance_uuid is None:
        return f"the decision names no instance UUID for VM {machine.name}"
    if "instance_uuid" in machine.unread or machine.instance_uuid is None:
        return f"the instance UUID of VM {machine.name} could not be read"
    if machine.instance_uuid.casefold() != call.instance_uuid.casefold():
        found = f"VM {machine.name} ({call.machine}) has the instance UUID {machine.instance_uuid}"
        return f"{found}, the one meant has {call.instance_uuid}"
    return None


def _call(stub: Any, moref: Moref, command: Command) -> str | None:
    """Source: vSphere Web Services API, VirtualMachine; vSphere facts, section 3."""
    vm = vim.VirtualMachine(moref, stub)
    match command:
        case Command.SHUT_DOWN_GUEST:
            vm.ShutdownGuest()
            return None
        case Command.REMOVE_ALL_SNAPSHOTS:
            task = vm.RemoveAllSnapshots_Task(consolidate=True)
        case Command.CONSOLIDATE:
            task = vm.ConsolidateVMDisks_Task()
        case Command.SET_DISK_UUID:
            setting = vim.option.OptionValue(key=DISK_UUID_KEY, value="TRUE")
            task = vm.ReconfigVM_Task(spec=vim.vm.ConfigSpec(extraConfig=[setting]))
        case Command.POWER_OFF:
            task = vm.PowerOffVM_Task()
        case Command.POWER_ON:
            task = vm.PowerOnVM_Task()
    return str(task._GetMoId())  # noqa: SLF001 - pyvmomi has no public name for it


def _words(fault: Any) -> str:
    """vCenter's own message with the name of the fault, by which it can be looked up."""
    kind = type(fault).__name__.rpartition(".")[2]
    return f"{kind}: {fault.msg}" if fault.msg else kind
