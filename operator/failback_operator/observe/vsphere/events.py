"""Reads what happens to VMs that machines come home with: by whom and when is told by vCenter's events alone.

Source: EventManager.CreateCollectorForEvents; EventHistoryCollector.ReadNextEvents (a collector begins with its oldest event);
EventManager.QueryEvents.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC
from typing import Any

from pyVmomi import vim, vmodl

from failback_operator.domain.ids import Moref
from failback_operator.domain.vm_events import KIND_OF_TASK, KIND_OF_TYPE, VmEvent, VmEventKind
from failback_operator.domain.vsphere import VirtualMachine, VsphereFacts
from failback_operator.observe.vsphere.account import own_account
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.convert import MACHINE
from failback_operator.observe.vsphere.failures import UNPARSABLE
from failback_operator.observe.vsphere.interest import Interest, known_by
from failback_operator.observe.vsphere.retrieve import managed, moref_of

TASK_EVENT = "TaskEvent"
PAGE = 100
MOST_EVENTS = 1000
"""The most that vCenter gives in one answer: one that is full may lack some."""
MOST_MESSAGE = 200
Events = tuple[VmEvent, ...]


class EventsReader:
    """Reads the events of the watched VMs, one for each log-in: all since the watch's beginning, so none is lost between two.

    Events of rare types come from one collector over all of vCenter, read on from where it was: one call a round. A snapshot is a
    task like many others: tasks are asked for of a VM that changed. A refusal leaves the events unread, never empty.
    Who reads single VMs anew asks for the events of these alone (`of`), without a collector.
    """

    def __init__(self, connection: Connection, interest: Interest) -> None:
        self._connection = connection
        self._since = interest.watched_since
        self._watched = {each.casefold() for each in interest.watched}
        self._collector: Any = None
        self._found: dict[int, VmEvent] = {}
        self._is_read = False
        self._tasks: dict[Moref, Events | None] = {}
        self._account: str | None = None

    @property
    def is_watching(self) -> bool:
        """Whether there is anything to watch for."""
        return bool(self._watched)

    def on(self, facts: VsphereFacts, changed: Iterable[Moref] = ()) -> VsphereFacts:
        """`facts` with the events until now; tasks are asked for where a VM changed. Raises NotAuthenticated."""
        if not self._watched:
            return facts
        for moref in changed:
            self._tasks.pop(moref, None)
        self._read_on()
        machines = tuple(self._with_events(each) for each in facts.machines)
        removals = tuple(e for e in self._in_order() if e.kind is VmEventKind.REMOVED) if self._is_read else None
        return replace(facts, machines=machines, removals=removals, own_account=self._own_account())

    def of(self, machines: Iterable[VirtualMachine]) -> tuple[VirtualMachine, ...]:
        """These VMs with the events until now, each asked for its own. Raises NotAuthenticated."""
        kinds = [TASK_EVENT, *sorted(KIND_OF_TYPE)]
        return tuple(replace(each, events=self._ask(each.moref, kinds)) if self._is_watched(each) else each for each in machines)

    def serves(self, connection: Connection, interest: Interest) -> bool:
        """Whether all that `interest` asks for was read, under this very log-in."""
        since = interest.watched_since
        return (
            connection.generation == self._connection.generation
            and bool(interest.watched)
            and self._collector is not None
            and (self._since is None or (since is not None and since >= self._since))
        )

    def watch(self, interest: Interest) -> None:
        """Go on for what is watched from now on. Tasks are asked for anew: VMs may have changed while nobody looked."""
        self._watched = {each.casefold() for each in interest.watched}
        self._since = since = interest.watched_since
        self._found = {key: each for key, each in self._found.items() if since is None or each.at >= since}
        self._tasks.clear()

    def ask_again(self) -> None:
        """Ask once more for what was refused; not each round, for there may be many VMs of which nothing may be read."""
        self._tasks = {moref: tasks for moref, tasks in self._tasks.items() if tasks is not None}

    def close(self) -> None:
        """Give back what vCenter holds for us; it is gone already if the session is."""
        collector, self._collector = self._collector, None
        if collector is not None:
            with suppress(Exception):
                collector.DestroyCollector()

    def _own_account(self) -> str | None:
        if self._account is None:
            try:
                self._account = own_account(self._connection)
            except vim.fault.NotAuthenticated:
                raise
            except (vmodl.MethodFault, *UNPARSABLE):
                return None
        return self._account

    def _is_watched(self, machine: VirtualMachine) -> bool:
        return bool(self._watched & {*known_by(machine), *machine.guest.ip_addresses})

    def _read_on(self) -> None:
        """Take what the collector has new. After a refusal it is made anew, and all is read again."""
        try:
            if self._collector is None:
                manager = self._connection.content.eventManager
                self._collector = manager.CreateCollectorForEvents(self._filter(sorted(KIND_OF_TYPE)))
            for page in _pages(self._collector):
                self._found.update((each.key, each) for each in _vm_events(page))
            self._is_read = True
        except vim.fault.NotAuthenticated:
            self._forget()
            raise
        except (vmodl.MethodFault, *UNPARSABLE):
            self._forget()
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        """An answer that was lost may have had events, which the collector does not give twice."""
        self.close()
        self._found.clear()
        self._is_read = False

    def _in_order(self) -> Iterator[VmEvent]:
        return iter(_ordered(self._found.values()))

    def _with_events(self, machine: VirtualMachine) -> VirtualMachine:
        if not self._is_watched(machine):
            return machine
        if machine.moref not in self._tasks:
            self._tasks[machine.moref] = self._ask(machine.moref, [TASK_EVENT])
        tasks = self._tasks[machine.moref]
        if tasks is None or not self._is_read:
            return replace(machine, events=None)
        own = (each for each in self._found.values() if each.machine == machine.moref)
        return replace(machine, events=_ordered((*own, *tasks)))

    def _ask(self, moref: Moref, types: list[str]) -> Events | None:
        """All events of these types that the VM has, or None where they were not read to the end."""
        entity = vim.event.EventFilterSpec.ByEntity(
            entity=managed(MACHINE, moref, self._connection.stub), recursion=vim.event.EventFilterSpec.RecursionOption.self
        )
        wanted = self._filter(types)
        wanted.entity, wanted.maxCount = entity, MOST_EVENTS
        manager = self._connection.content.eventManager
        try:
            found = manager.QueryEvents(wanted) or ()
            return _ordered(_vm_events(found if len(found) < MOST_EVENTS else self._paged(manager, wanted)))
        except vim.fault.NotAuthenticated:
            raise
        except (vmodl.MethodFault, *UNPARSABLE):
            return None

    @staticmethod
    def _paged(manager: Any, wanted: Any) -> Iterable[Any]:
        """All that one answer has no room for. Raises what vCenter raises."""
        wanted.maxCount = None
        collector = manager.CreateCollectorForEvents(wanted)
        try:
            return [event for page in _pages(collector) for event in page]
        finally:
            with suppress(Exception):
                collector.DestroyCollector()

    def _filter(self, types: list[str]) -> Any:
        """Short names: `vim.event.X` finds none (vSphere facts, section 2, 7c)."""
        wanted = vim.event.EventFilterSpec(eventTypeId=types)
        if self._since is not None:
            wanted.time = vim.event.EventFilterSpec.ByTime(beginTime=self._since)
        return wanted


def _pages(collector: Any) -> Iterator[Any]:
    """From where the collector is to its end. Only an empty page is the end: no page is promised to be full before it."""
    while page := collector.ReadNextEvents(PAGE):
        yield page


def _ordered(events: Iterable[VmEvent]) -> Events:
    return tuple(sorted(events, key=lambda each: (each.at, each.key)))


def _vm_events(found: Iterable[Any]) -> Iterator[VmEvent]:
    for each in found:
        info = each.info if isinstance(each, vim.event.TaskEvent) else None
        kind = KIND_OF_TASK.get(info.descriptionId) if info is not None else KIND_OF_TYPE.get(_type_of(each))
        if kind is not None and each.vm is not None:
            yield VmEvent(
                key=each.key,
                kind=kind,
                at=each.createdTime.astimezone(UTC),
                user=each.userName or "",
                machine=moref_of(each.vm.vm),
                machine_name=each.vm.name or "",
                message=" ".join((each.fullFormattedMessage or "").split())[:MOST_MESSAGE],
                task=info.key if info is not None else None,
            )


def _type_of(event: Any) -> str:
    return type(event).__name__.rpartition(".")[2]
