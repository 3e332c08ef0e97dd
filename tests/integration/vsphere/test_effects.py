"""Effects on VMs: each call once, answers told as they are, power cycles that survive a restart at any point."""

from datetime import timedelta
from typing import Any

import pytest
from pyVmomi import vim
from tests.integration.vsphere.effects import Site, count
from tests.integration.vsphere.soap_proxy import SoapProxy
from tests.integration.vsphere.watching import WatchMaker

from failback_lab.vcenter import VCenter
from failback_operator.act.vsphere import Progress
from failback_operator.domain.ports import Accepted, Lost, Refused
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import PowerState
from failback_operator.observe.vsphere import VsphereEndpoint


@pytest.fixture
async def site(own_endpoint: VsphereEndpoint, watch: WatchMaker) -> Site:
    """mt-lin-1, that has a snapshot and no disk.EnableUUID."""
    running = await watch(own_endpoint)
    await running.until_read()
    return Site(running, "mt-lin-1")


async def test_snapshots_are_removed(own_vcenter: VCenter, site: Site) -> None:
    entry = await site.begin(EffectKind.REMOVE_SNAPSHOTS)
    assert entry.job is not None
    assert entry.job.startswith("task-")
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    vm = await site.running.until_vm("mt-lin-1", lambda vm: not vm.snapshots)
    assert not vm.consolidation_needed
    assert not any(disk.has_parent for disk in vm.disks)
    assert count(own_vcenter, "RemoveAllSnapshots_Task", "ConsolidateVMDisks_Task") == {"RemoveAllSnapshots_Task": 1}


async def test_left_deltas_are_consolidated(own_vcenter: VCenter, site: Site) -> None:
    own_vcenter.control.leave_deltas("mt-lin-1")
    entry = await site.begin(EffectKind.REMOVE_SNAPSHOTS)
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    await site.running.until_vm("mt-lin-1", lambda vm: vm.consolidation_needed is False and not vm.snapshots)
    calls = count(own_vcenter, "RemoveAllSnapshots_Task", "ConsolidateVMDisks_Task")
    assert calls == {"RemoveAllSnapshots_Task": 1, "ConsolidateVMDisks_Task": 1}


async def test_only_a_consolidation_is_left_to_do(own_vcenter: VCenter, site: Site) -> None:
    """The operator ended after the removal, before it recorded anything: the effect is decided anew."""
    own_vcenter.control.leave_deltas("mt-lin-1")
    await site.begin(EffectKind.REMOVE_SNAPSHOTS)
    await site.running.until_vm("mt-lin-1", lambda vm: vm.consolidation_needed is True)
    entry = await site.begin(EffectKind.REMOVE_SNAPSHOTS)
    assert entry.job is not None
    assert entry.job.startswith("consolidate/task-")
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    assert await site.send(EffectKind.REMOVE_SNAPSHOTS) == Accepted(None)
    assert count(own_vcenter, "RemoveAllSnapshots_Task") == {"RemoveAllSnapshots_Task": 1}


async def test_disk_uuid_is_set(own_vcenter: VCenter, site: Site) -> None:
    entry = await site.begin(EffectKind.SET_DISK_UUID)
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    await site.running.until_vm("mt-lin-1", lambda vm: vm.disk_uuid_enabled is True)
    assert await site.send(EffectKind.SET_DISK_UUID) == Accepted(None), "nothing is left to do"
    assert count(own_vcenter, "ReconfigVM_Task") == {"ReconfigVM_Task": 1}


async def test_power_cycle(own_vcenter: VCenter, site: Site) -> None:
    before = site.running.vm("mt-lin-1").boot_time
    assert before is not None
    entry = await site.begin(EffectKind.POWER_CYCLE)
    assert entry.job == f"shut-down-guest/{before:%Y%m%dT%H%M%S.%fZ}"
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    vm = await site.running.until_vm("mt-lin-1", lambda vm: vm.boot_time is not None and vm.boot_time > before)
    assert vm.power_state is PowerState.ON
    calls = count(own_vcenter, "ShutdownGuest", "PowerOffVM_Task", "PowerOnVM_Task", "ResetVM_Task")
    assert calls == {"ShutdownGuest": 1, "PowerOnVM_Task": 1}


async def test_power_cycle_with_a_crash_after_each_call(own_vcenter: VCenter, site: Site) -> None:
    """Nothing but the intent was written: the effect is decided anew from the VM as it is."""
    own_vcenter.control.delay(tasks={"PowerOn": 500})
    await site.begin(EffectKind.POWER_CYCLE)
    entry = await site.begin(EffectKind.POWER_CYCLE)
    assert entry.job is not None
    assert entry.job.startswith("power-on/task-")
    # The job of the second call was not recorded either: the ledger still says that the guest shuts down.
    stale = site.entry(EffectKind.POWER_CYCLE, "shut-down-guest/20200101T000000.000000Z")
    assert (await site.finish(stale)).phase is TaskPhase.SUCCEEDED
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    assert count(own_vcenter, "ShutdownGuest") == {"ShutdownGuest": 1}
    assert (await site.running.until_vm("mt-lin-1", lambda vm: vm.power_state is PowerState.ON)).boot_time is not None


async def test_a_guest_that_does_not_shut_down(own_vcenter: VCenter, site: Site) -> None:
    vm = site.running.vm("mt-lin-1")
    entry = site.entry(EffectKind.POWER_CYCLE, f"shut-down-guest/{vm.boot_time:%Y%m%dT%H%M%S.%fZ}")
    assert (await site.look(entry)).phase is TaskPhase.RUNNING
    site.clock.at += timedelta(minutes=11)
    assert await site.look(entry) == Progress(TaskPhase.RUNNING, entry.job)
    assert count(own_vcenter, "PowerOffVM_Task", "PowerOnVM_Task", "ShutdownGuest") == {}

    assert (await site.finish(entry, allow_hard_off=True)).phase is TaskPhase.SUCCEEDED
    calls = count(own_vcenter, "PowerOffVM_Task", "PowerOnVM_Task", "ShutdownGuest")
    assert calls == {"PowerOffVM_Task": 1, "PowerOnVM_Task": 1}


async def test_no_call_without_the_lease(own_vcenter: VCenter, site: Site) -> None:
    entry = await site.begin(EffectKind.POWER_CYCLE)
    await site.running.until_vm("mt-lin-1", lambda vm: vm.power_state is PowerState.OFF)
    site.lease.held = False
    for _ in range(3):
        assert await site.look(entry) == Progress(TaskPhase.RUNNING, entry.job)
    assert count(own_vcenter, "PowerOnVM_Task") == {}
    site.lease.held = True
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED


KINDS = [
    (EffectKind.REMOVE_SNAPSHOTS, "RemoveAllSnapshots_Task"),
    (EffectKind.SET_DISK_UUID, "ReconfigVM_Task"),
    (EffectKind.POWER_CYCLE, "ShutdownGuest"),
]


@pytest.mark.parametrize(("kind", "method"), KINDS)
async def test_refused(own_vcenter: VCenter, site: Site, kind: EffectKind, method: str) -> None:
    fault = {"_typeName": "NoPermission", "object": {"type": "VirtualMachine", "value": "vm-1"}, "privilegeId": "Some.Right"}
    own_vcenter.control.fault(method, "before", fault=fault)
    answer = await site.send(kind)
    assert isinstance(answer, Refused)
    assert answer.message.startswith("NoPermission")
    assert count(own_vcenter, method) == {method: 1}


@pytest.mark.parametrize(("kind", "method"), KINDS)
@pytest.mark.parametrize("when", ["after", "drop", "status", "before"])
async def test_lost(own_vcenter: VCenter, site: Site, kind: EffectKind, method: str, when: Any) -> None:
    """No answer, a gateway's error or an internal one: it may have happened, and is not tried again."""
    fault = {"_typeName": "SystemError", "reason": "internal"} if when == "before" else None
    own_vcenter.control.fault(method, when, fault=fault, status=502 if when == "status" else 0)
    assert isinstance(await site.send(kind), Lost)
    assert count(own_vcenter, method) == {method: 1}


@pytest.mark.parametrize(("kind", "method"), KINDS[:2])
async def test_task_errors_are_told_verbatim(own_vcenter: VCenter, site: Site, kind: EffectKind, method: str) -> None:
    own_vcenter.control.fault(method, "task", fault={"_typeName": "ToolsUnavailable"})
    entry = await site.begin(kind)
    progress = await site.finish(entry)
    assert progress.phase is TaskPhase.FAILED
    assert progress.message.startswith("ToolsUnavailable")
    assert count(own_vcenter, method) == {method: 1}


async def test_a_vm_that_does_not_start_again(own_vcenter: VCenter, site: Site) -> None:
    own_vcenter.control.fault("PowerOnVM_Task", "task", fault={"_typeName": "InsufficientStandbyCpuResource"})
    progress = await site.finish(await site.begin(EffectKind.POWER_CYCLE))
    assert progress.phase is TaskPhase.FAILED
    assert progress.message.endswith("; VM mt-lin-1 is off")
    # A person, or the next attempt, switches it on.
    again = await site.begin(EffectKind.POWER_CYCLE)
    assert (await site.finish(again)).phase is TaskPhase.SUCCEEDED
    assert count(own_vcenter, "ShutdownGuest") == {"ShutdownGuest": 1}


async def test_another_vm_than_the_one_meant(own_vcenter: VCenter, site: Site) -> None:
    for changes, said in (
        ({"instance_uuid": "11111111-2222-3333-4444-555555555555"}, "the one meant has 11111111-2222-3333-4444-555555555555"),
        ({"instance_uuid": None}, "names no instance UUID"),
        ({"machine": "vm-404"}, "there is no VM vm-404"),
        ({"vcenter": "other"}, "vCenter other is not connected"),
    ):
        answer = await site.send(EffectKind.SET_DISK_UUID, **changes)
        assert isinstance(answer, Refused)
        assert said in answer.message
    assert count(own_vcenter, "ReconfigVM_Task") == {}


async def test_not_sent_while_vcenter_is_down(
    own_vcenter: VCenter, proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker
) -> None:
    running = await watch(proxied)
    await running.until_read()
    site = Site(running, "mt-lin-1")
    proxy.stop()
    answer = await site.send(EffectKind.SET_DISK_UUID)
    assert isinstance(answer, Refused)
    assert answer.message.startswith("not sent: ")
    proxy.start()


async def test_a_session_that_ended_before(own_vcenter: VCenter, site: Site) -> None:
    own_vcenter.control.expire_sessions()
    entry = await site.begin(EffectKind.SET_DISK_UUID)
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    assert count(own_vcenter, "ReconfigVM_Task") == {"ReconfigVM_Task": 1}


async def test_a_task_that_vcenter_no_longer_knows(own_vcenter: VCenter, site: Site) -> None:
    """The end is judged by the VM."""
    not_done = await site.look(site.entry(EffectKind.SET_DISK_UUID, "task-999999"))
    assert not_done.phase is TaskPhase.FAILED
    assert "has not taken disk.EnableUUID" in not_done.message
    left = await site.look(site.entry(EffectKind.REMOVE_SNAPSHOTS, "task-999999"))
    assert left.phase is TaskPhase.FAILED
    assert "before-kernel-update" in left.message


async def test_a_snapshot_taken_and_a_vm_destroyed_are_seen(own_vcenter: VCenter, site: Site) -> None:
    watcher = site.running.watcher
    moref = site.running.vm("crm-1").moref

    def snapshot(connection: Any) -> None:
        vim.VirtualMachine(moref, connection.stub).CreateSnapshot_Task("night", "", False, False)

    await watcher.send(snapshot)
    vm = await site.running.until_vm("crm-1", lambda vm: [each.name for each in vm.snapshots] == ["night"])
    assert all(disk.has_parent for disk in vm.disks)
    await watcher.send(lambda connection: vim.VirtualMachine(moref, connection.stub).Destroy_Task())
    await site.running.until(lambda part: part.facts is not None and not part.facts.by_name("crm-1"))
    assert len(site.running.facts.machines) == 11
