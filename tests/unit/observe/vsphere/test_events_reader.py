"""What is read of events: all of it or nothing, and no more often than needed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyVmomi import vim, vmodl
from tests.unit import builders as b

from failback_operator.domain.vm_events import VmEventKind
from failback_operator.domain.vsphere import VirtualMachine
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.endpoint import VsphereEndpoint, VsphereSettings, count_nothing
from failback_operator.observe.vsphere.events import MOST_EVENTS, EventsReader
from failback_operator.observe.vsphere.interest import Interest
from failback_operator.observe.vsphere.rounds import Watch

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
VM = b.vm(events=None)


def event(key: int, kind: str = "VmPoweredOnEvent", moref: str = VM.moref, name: str = VM.name) -> Any:
    made = getattr(vim.event, kind)(key=key, createdTime=BEGAN + timedelta(minutes=key), userName="LAB\\backup")
    made.vm = vim.event.VmEventArgument(vm=vim.VirtualMachine(moref), name=name)
    return made


def snapshot(key: int) -> Any:
    made = event(key, "TaskEvent")
    made.info = vim.TaskInfo(key=f"task-{key}", descriptionId="VirtualMachine.createSnapshot")
    return made


@dataclass
class Collector:
    """Oldest first, page by page, and on from there."""

    manager: "EventManager"
    wanted: Any
    position: int = 0

    def ReadNextEvents(self, most: int) -> list[Any]:  # noqa: N802 - vSphere's name
        found = self.manager.matching(self.wanted)[self.position :][: min(most, self.manager.page)]
        self.position += len(found)
        if self.manager.failures:
            raise self.manager.failures.pop()
        self.manager.given += len(found)
        return found

    def DestroyCollector(self) -> None:  # noqa: N802 - vSphere's name
        self.manager.collectors -= 1


@dataclass
class EventManager:
    """vCenter's, as its API describes it: at most 1,000 events in one answer, the newest ones."""

    events: list[Any] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    page: int = 100
    given: int = 0
    collectors: int = 0

    def matching(self, wanted: Any) -> list[Any]:
        return [
            each
            for each in self.events
            if type(each).__name__.rpartition(".")[2] in wanted.eventTypeId
            and (wanted.time is None or each.createdTime >= wanted.time.beginTime)
            and (wanted.entity is None or wanted.entity.entity == each.vm.vm)
        ]

    def CreateCollectorForEvents(self, wanted: Any) -> Collector:  # noqa: N802 - vSphere's name
        assert wanted.maxCount is None
        self.collectors += 1
        return Collector(self, wanted)

    def QueryEvents(self, wanted: Any) -> list[Any]:  # noqa: N802 - vSphere's name
        found = list(reversed(self.matching(wanted)))[: min(wanted.maxCount, MOST_EVENTS)]
        self.given += len(found)
        return found


@dataclass
class Content:
    eventManager: EventManager  # noqa: N815 - vSphere's name


def connection(manager: EventManager, generation: int = 1) -> Connection:
    endpoint = VsphereEndpoint("vcenter.lab", 443, "failback@lab", "x", None)
    stub: Any = None
    return Connection(Content(manager), stub, generation, endpoint, VsphereSettings(), count_nothing)


def interest(*names: str, since: datetime | None = BEGAN) -> Interest:
    return Interest(watched=frozenset(names or (VM.name,)), watched_since=since)


def read(reader: EventsReader, *machines: VirtualMachine) -> Iterator[list[int] | None]:
    for each in reader.on(b.facts(*machines or (VM,), own_account=None), changed=(VM.moref,)).machines:
        yield None if each.events is None else [found.key for found in each.events]


@pytest.mark.parametrize("count", [MOST_EVENTS - 1, MOST_EVENTS, MOST_EVENTS + 50])
def test_more_tasks_than_one_answer_has_room_for_are_all_read(count):
    manager = EventManager([snapshot(key) for key in range(count)])
    assert list(read(EventsReader(connection(manager), interest()))) == [list(range(count))]
    assert manager.collectors == 1, "only the one that is read on from"


def test_a_refusal_to_give_the_rest_leaves_the_tasks_unread():
    manager = EventManager([snapshot(key) for key in range(MOST_EVENTS)])
    reader = EventsReader(connection(manager), interest())
    assert list(read(reader)) == [list(range(MOST_EVENTS))]
    manager.failures = [vim.fault.NoPermission()]
    (vm,) = reader.of((VM,))
    assert vm.events is None


def test_pages_that_are_not_full_end_nothing():
    manager = EventManager([event(key) for key in range(7)], page=3)
    assert list(read(EventsReader(connection(manager), interest()))) == [list(range(7))]


def test_a_vm_that_is_read_anew_is_asked_for_its_own_events_alone():
    others = [event(key, moref=f"vm-{key}", name=f"x-{key}") for key in range(500)]
    manager = EventManager([*others, event(501), snapshot(502)])
    (vm, other) = EventsReader(connection(manager), interest()).of((VM, b.vm("idle", events=None)))
    assert [each.kind for each in vm.events or ()] == [VmEventKind.POWERED_ON, VmEventKind.SNAPSHOT]
    assert (other.events, manager.given, manager.collectors) == (None, 2, 0)


def test_under_one_log_in_all_is_read_once_whatever_is_watched():
    manager = EventManager([event(key) for key in range(300)])
    watch = Watch(interest(), EventsReader(connection(manager), interest()))
    assert list(read(watch.events)) == [list(range(300))]
    manager.events += [event(300), snapshot(301)]
    later = watch.anew(connection(manager), interest(VM.name, "mt-win", since=BEGAN + timedelta(minutes=299)))
    assert list(read(later.events)) == [[299, 300, 301]]
    assert (later.events is watch.events, manager.given, manager.collectors) == (True, 302, 1)


@pytest.mark.parametrize(
    ("generation", "wanted"),
    [(2, interest()), (1, interest(since=BEGAN - timedelta(minutes=1))), (1, interest(since=None)), (1, Interest())],
)
def test_where_something_may_have_been_missed_it_is_read_anew(generation, wanted):
    manager = EventManager([event(1)])
    watch = Watch(interest(), EventsReader(connection(manager), interest()))
    assert list(read(watch.events)) == [[1]]
    later = watch.anew(connection(manager, generation), wanted)
    assert (later.events is watch.events, manager.collectors) == (False, 0)
    assert list(read(later.events)) == ([[1]] if wanted.watched else [None])


@pytest.mark.parametrize("failure", [OSError("gone"), vim.fault.NotAuthenticated()])
def test_an_answer_that_was_lost_with_its_events_is_asked_for_again(failure):
    manager = EventManager([event(1)])
    watch = Watch(interest(), EventsReader(connection(manager), interest()))
    manager.failures = [failure]
    with pytest.raises(type(failure)):
        list(read(watch.events))
    later = watch.anew(connection(manager), interest())
    assert list(read(later.events)) == [[1]]


def test_a_refusal_is_unread_and_then_all_is_read():
    manager = EventManager([event(1)], failures=[vmodl.fault.NotSupported()])
    reader = EventsReader(connection(manager), interest())
    assert list(read(reader)) == [None]
    assert list(read(reader)) == [[1]]
    assert list(read(reader, replace(VM, moref=VM.moref))) == [[1]]
