"""Reads when VMs were powered on: the boot time is gone once a VM is off again, its events stay for a while.

Source: EventManager.QueryEvents, VmPoweredOnEvent; VirtualMachineRuntimeInfo.bootTime (cleared at power-off).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from pyVmomi import vim, vmodl

from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import VirtualMachine, VsphereFacts
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.convert import MACHINE
from failback_operator.observe.vsphere.failures import UNPARSABLE
from failback_operator.observe.vsphere.interest import Interest, known_by
from failback_operator.observe.vsphere.memory import Memory
from failback_operator.observe.vsphere.retrieve import managed

POWERED_ON = ("VmPoweredOnEvent", "DrsVmPoweredOnEvent")
"""Short: `vim.event.VmPoweredOnEvent` finds none. The second is the first's, of a VM that DRS placed."""

Starts = tuple[datetime, ...] | None


class StartsReader:
    """Asks about those VMs of interest whose machines have left for Azure. One for each watch; without memory it keeps to now."""

    def __init__(self, connection: Connection, interest: Interest, memory: Memory | None = None) -> None:
        self._connection = connection
        self._memory = memory
        self._departed = {each.casefold() for each in interest.departed}
        self._known: dict[Moref, Starts] = {}

    def read(self, facts: VsphereFacts) -> VsphereFacts:
        """`facts` with the starts as they are now. Raises NotAuthenticated; another refusal leaves them unknown."""
        self._known.clear()
        return self.on(facts)

    def on(self, facts: VsphereFacts, changed: Iterable[Moref] = ()) -> VsphereFacts:
        """`facts` with the starts as they were read last, those of VMs that changed as they are now. Raises as `read` does."""
        for moref in changed:
            self._known.pop(moref, None)
        return replace(facts, machines=tuple(self._with_starts(each) for each in facts.machines))

    def of(self, machines: Iterable[VirtualMachine]) -> tuple[VirtualMachine, ...]:
        """These VMs with the starts as they are now. Raises as `read` does."""
        self._known.clear()
        return tuple(self._with_starts(each) for each in machines)

    def _with_starts(self, machine: VirtualMachine) -> VirtualMachine:
        if not self._departed & known_by(machine):
            return machine
        if machine.moref not in self._known:
            self._known[machine.moref] = self._ask(machine.moref)
        return replace(machine, starts=self._known[machine.moref])

    def _ask(self, moref: Moref) -> Starts:
        entity = vim.event.EventFilterSpec.ByEntity(
            entity=managed(MACHINE, moref, self._connection.stub), recursion=vim.event.EventFilterSpec.RecursionOption.self
        )
        wanted = vim.event.EventFilterSpec(entity=entity, eventTypeId=list(POWERED_ON))
        question = ("starts", moref)
        try:
            found = self._connection.content.eventManager.QueryEvents(wanted)
            starts = tuple(sorted(each.createdTime.astimezone(UTC) for each in found))
        except vim.fault.NotAuthenticated:
            raise
        except (vmodl.MethodFault, *UNPARSABLE) as error:
            return None if self._memory is None else self._memory.after(error, question, None)
        return starts if self._memory is None else self._memory.keep(question, starts)
