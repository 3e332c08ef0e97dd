"""What the simulated vCenter tells of what somebody did to a machine."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pyVmomi import vim
from tests.integration.vcenter.conftest import Session

from failback_lab.vcenter import ADMINISTRATOR, VCenter

CREATE = "VirtualMachine.createSnapshot"


def test_a_snapshot_is_told_as_a_task_and_a_restart_by_an_event(own_vcenter: VCenter, login: Callable[..., Session]) -> None:
    """API: TaskEvent.info, TaskInfo.descriptionId; VmResettingEvent and VmGuestRebootEvent are events of their own."""
    person = login(own_vcenter, ADMINISTRATOR)
    vm: Any = person.vm("mt-lin-1")
    task = vm.CreateSnapshot_Task("nightly", "", memory=False, quiesce=False)
    person.run(task)
    (event,) = person.events(vm, "TaskEvent")
    assert (event.info.descriptionId, event.info.key, event.userName) == (CREATE, task._GetMoId(), ADMINISTRATOR)
    assert event.vm.vm == vm
    vm.RebootGuest()
    person.run(vm.ResetVM_Task())
    restarts = person.events(vm, "VmGuestRebootEvent", "VmResettingEvent")
    assert [(type(each), each.userName) for each in restarts] == [
        (vim.event.VmGuestRebootEvent, ADMINISTRATOR),
        (vim.event.VmResettingEvent, ADMINISTRATOR),
    ]


def test_an_event_is_told_though_nothing_happened_and_leaves_the_present_with_undo(
    own_vcenter: VCenter, login: Callable[..., Session]
) -> None:
    """API: EventFilterSpec.time; events are never deleted one by one."""
    session = login(own_vcenter)
    now = session.si.CurrentTime()
    kinds = ["VmPoweredOnEvent", "DrsVmPoweredOnEvent", "VmPoweredOffEvent", "VmRelocatedEvent", "VmRemovedEvent"]
    for kind in kinds:
        own_vcenter.control.event(kind, "crm-1", "LAB\\backup")
    own_vcenter.control.event("TaskEvent", "crm-1", "LAB\\backup", CREATE)
    time = vim.event.EventFilterSpec.ByTime(beginTime=now - timedelta(seconds=1))
    spec = vim.event.EventFilterSpec(eventTypeId=[*kinds, "TaskEvent"], time=time)
    found = session.content.eventManager.QueryEvents(spec)
    assert sorted(type(each).__name__ for each in found) == sorted(f"vim.event.{kind}" for kind in [*kinds, "TaskEvent"])
    assert {(each.userName, each.vm.name) for each in found} == {("LAB\\backup", "crm-1")}
    own_vcenter.control.undo()
    assert not session.content.eventManager.QueryEvents(spec)
