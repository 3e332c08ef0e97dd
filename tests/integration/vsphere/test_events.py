"""Events of VMs with which machines come home: who did what and when, over lost sessions, and of VMs that are gone."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyVim.connect import Disconnect
from pyVmomi import vmodl
from tests.integration.vcenter.conftest import Session
from tests.integration.vsphere.watching import WatchMaker

from failback_lab.vcenter import ADMINISTRATOR, VCenter
from failback_operator.domain.vm_events import VmEvent, VmEventKind
from failback_operator.observe.vsphere import Interest, VsphereEndpoint

REFUSED = {"_typeName": "NoPermission", "object": {"type": "Folder", "value": "group-d1"}, "privilegeId": "System.View"}
NAME, TARGET = "crm-1", "mt-lin-1"


@pytest.fixture
def person(own_vcenter: VCenter) -> Iterator[Session]:
    """Somebody else's session in the test's own vCenter."""
    session = Session(own_vcenter, ADMINISTRATOR)
    yield session
    with suppress(OSError, vmodl.MethodFault):
        Disconnect(session.si)


def watching(interest: Interest, *names: str) -> Interest:
    return replace(interest, watched=frozenset(names), watched_since=datetime.now(UTC) - timedelta(seconds=2))


def kinds(events: tuple[VmEvent, ...] | None) -> list[VmEventKind]:
    return [each.kind for each in events or ()]


async def test_what_others_do_is_told_with_who_and_when(
    own_endpoint: VsphereEndpoint,
    watch: WatchMaker,
    all_machines: Interest,
    own_vcenter: VCenter,
    person: Session,
) -> None:
    made = await watch(own_endpoint, watching(all_machines, NAME, TARGET))
    await made.until_read()
    assert (made.vm(NAME).events, made.vm("files-1").events) == ((), None)
    machine: Any = person.vm(NAME)
    person.run(machine.CreateSnapshot_Task("nightly", "", memory=False, quiesce=False))
    vm = await made.until_vm(NAME, lambda vm: bool(vm.events))
    (event,) = vm.events or ()
    assert (event.kind, event.user, event.machine_name) == (VmEventKind.SNAPSHOT, ADMINISTRATOR, NAME)
    assert (event.task or "").startswith("task-")
    # A restart changes no property that is watched, and a removed VM has none.
    person.run(person.vm(TARGET).ResetVM_Task())
    await made.until_vm(TARGET, lambda vm: VmEventKind.RESTARTED in kinds(vm.events))
    person.run(machine.Destroy_Task())
    part = await made.until(lambda part: bool(part.facts and part.facts.removals))
    assert part.facts is not None
    assert [(each.machine_name, each.user) for each in part.facts.removals or ()] == [(NAME, ADMINISTRATOR)]
    assert part.facts.by_name(NAME) == ()
    assert part.facts.own_account == own_vcenter.username


async def test_no_event_is_lost_with_the_session(
    own_endpoint: VsphereEndpoint,
    watch: WatchMaker,
    all_machines: Interest,
    own_vcenter: VCenter,
) -> None:
    made = await watch(own_endpoint, watching(all_machines, NAME))
    await made.until_read()
    own_vcenter.control.event("VmPoweredOnEvent", NAME, "LAB\\first")
    own_vcenter.control.expire_sessions()
    own_vcenter.control.event("VmPoweredOnEvent", NAME, "LAB\\second")
    again = Session(own_vcenter, ADMINISTRATOR)
    again.run(again.vm(NAME).CreateSnapshot_Task("nightly", "", memory=False, quiesce=False))
    vm = await made.until_vm(NAME, lambda vm: len(vm.events or ()) == 3)
    assert [each.user for each in vm.events or ()] == ["LAB\\first", "LAB\\second", ADMINISTRATOR]
    (fresh,) = await made.watcher.fresh((vm.moref,))
    assert fresh.events == vm.events


async def test_a_vm_that_is_removed_and_registered_again_is_told_of_by_name(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest, person: Session
) -> None:
    # The simulator gives it another UUID, so that its name alone tells it.
    made = await watch(own_endpoint, replace(watching(all_machines, NAME), names=frozenset({NAME})))
    await made.until_read()
    before, machine = made.vm(NAME), person.vm(NAME)
    path, folder, pool = machine.config.files.vmPathName, machine.parent, machine.resourcePool
    machine.UnregisterVM()
    person.run(folder.RegisterVM_Task(path=path, name=NAME, asTemplate=False, pool=pool))
    part = await made.until(lambda part: bool(part.facts and part.facts.by_name(NAME) and part.facts.removals))
    assert part.facts is not None
    (after,) = part.facts.by_name(NAME)
    assert after.moref != before.moref
    assert [(each.machine, each.machine_name) for each in part.facts.removals or ()] == [(before.moref, NAME)]


async def test_events_that_may_not_be_read_are_unread_until_they_may(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest, own_vcenter: VCenter
) -> None:
    own_vcenter.control.fault("CreateCollectorForEvents", "before", fault=REFUSED, count=0)
    made = await watch(own_endpoint, watching(all_machines, NAME))
    await made.until_read()
    assert (made.vm(NAME).events, made.facts.removals) == (None, None)
    own_vcenter.control.clear_faults()
    await made.until_vm(NAME, lambda vm: vm.events == ())
    own_vcenter.control.fault("QueryEvents", "before", fault=REFUSED, count=0)
    own_vcenter.control.set("VirtualMachine", NAME, "config.template", value=True)
    await made.until_vm(NAME, lambda vm: vm.events is None)
    own_vcenter.control.clear_faults()
    await made.until_vm(NAME, lambda vm: vm.events == ())
    own_vcenter.control.fault("ReadNextEvents", "before", fault=REFUSED, count=0)
    await made.until_vm(NAME, lambda vm: vm.events is None)
    own_vcenter.control.event("VmPoweredOnEvent", NAME, "LAB\\person")
    own_vcenter.control.clear_faults()
    await made.until_vm(NAME, lambda vm: kinds(vm.events) == [VmEventKind.POWERED_ON])


async def test_many_events_are_read_page_by_page_and_none_is_asked_for_without_need(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest, own_vcenter: VCenter
) -> None:
    idle = await watch(own_endpoint, all_machines)
    await idle.until_read()
    interest = watching(all_machines, NAME)
    for number in range(130):
        own_vcenter.control.event("VmPoweredOnEvent", NAME, f"LAB\\{number}")
    made = await watch(own_endpoint, interest)
    vm = await made.until_vm(NAME, lambda vm: len(vm.events or ()) == 130)
    assert [each.user for each in vm.events or ()] == [f"LAB\\{number}" for number in range(130)]
    assert idle.calls["CreateCollectorForEvents"] + idle.calls["QueryEvents"] == 0
