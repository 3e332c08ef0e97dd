"""The calls to vCenter of which effects consist: each is made once, and what becomes of it is told without guessing."""

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from xml.parsers.expat import ExpatError

from pyVmomi import vim, vmodl

from failback_operator.domain.ids import Moref
from failback_operator.domain.ports import Accepted, Lost, Refused, SendResult
from failback_operator.domain.reading import SourceFailed
from failback_operator.domain.steps import MachineCall
from failback_operator.domain.tasks import TaskState
from failback_operator.domain.vsphere import Cluster, Pod, VirtualMachine

T = TypeVar("T")


class HardwareOf(Protocol):
    """The devices of a VM as the SDK has them, and the version of the configuration in which they were read."""

    @property
    def devices(self) -> tuple[Any, ...]:
        """`config.hardware.device`."""
        ...

    @property
    def change_version(self) -> str:
        """`config.changeVersion`."""
        ...


class Vcenter(Protocol):
    """What an effect needs of a vCenter. The watcher of observe/ has it. Each read is made now, and raises SourceFailed."""

    async def send(self, function: Callable[[Any], T]) -> T:
        """Run `function(connection)` once, logged in; `connection.stub` is the SDK's. Raises SourceFailed if it was not begun."""
        ...

    async def machine(self, moref: Moref) -> VirtualMachine | None:
        """The VM as it is now; None if there is none."""
        ...

    async def hardware(self, moref: Moref) -> HardwareOf:
        """The VM's devices as they are now."""
        ...

    async def pod(self, moref: Moref) -> Pod | None:
        """The datastore cluster as it is now; None if there is none."""
        ...

    async def cluster(self, moref: Moref) -> Cluster | None:
        """The cluster as it is now; None if there is none."""
        ...

    async def datastore_name(self, moref: Moref) -> str | None:
        """The datastore's name now; None if there is none."""
        ...

    async def named(self, kind: str, name: str) -> tuple[Moref, ...]:
        """All objects of that kind and name in this vCenter now."""
        ...

    async def parent(self, kind: str, moref: Moref) -> Moref | None:
        """The object's parent now; None if it has none, or there is no such object."""
        ...

    async def pool(self, cluster: Moref, name: str | None) -> Moref | None:
        """The cluster's resource pool of that name (None: its root), if there is one and no other of that name."""
        ...

    async def users(self, moref: Moref) -> tuple[str, ...]:
        """Names of other VMs that have a disk of this VM, or one upon it, now."""
        ...

    async def task_state(self, task: str) -> TaskState:
        """How the task stands."""
        ...


VcenterOf = Callable[[str], Vcenter | None]
"""The vCenter of that name in the RecoverySite; None while it is not connected."""


def the_task(task: str | None) -> str | None:
    """The job of a call whose task alone tells a later reader where the effect stands."""
    return task


@dataclass(frozen=True, slots=True)
class Order:
    """One call. `make` is given the connection and returns the SDK's task, None where the call has none.

    `job` makes of the task's id what the ledger holds. `message` is to be kept in the ledger until the effect has ended.
    """

    name: str
    make: Callable[[Any], Any]
    job: Callable[[str | None], str | None] = the_task
    message: str = ""


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


async def perform(vcenter: Vcenter, order: Order) -> SendResult:
    """Make the call once. Accepted names the job."""
    try:
        return Accepted(order.job(await vcenter.send(lambda connection: _task_of(order.make(connection)))))
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


def vm_of(connection: Any, machine: VirtualMachine) -> Any:
    """The VM, for calls on it."""
    return vim.VirtualMachine(machine.moref, connection.stub)


def _task_of(task: Any) -> str | None:
    return None if task is None else str(task._GetMoId())  # noqa: SLF001 - pyvmomi has no public name for it


def _words(fault: Any) -> str:
    """vCenter's own message with the name of the fault, by which it can be looked up."""
    kind = type(fault).__name__.rpartition(".")[2]
    return f"{kind}: {fault.msg}" if fault.msg else kind
