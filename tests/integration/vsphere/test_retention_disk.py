"""A disk for the retention volume is added once, whatever answers get lost; formatting it is nobody's but a person's."""

from typing import Any

import pytest
from pyVmomi import vim
from tests.integration.vsphere.effects import Site, count
from tests.integration.vsphere.watching import WatchMaker
from tests.unit import builders as b

from failback_lab.vcenter import VCenter
from failback_operator.act.vsphere.commands import Order, perform
from failback_operator.act.vsphere.effect import Scene
from failback_operator.act.vsphere.retention_disk import AddRetentionDisk
from failback_operator.decide.fixes import RULE_OF
from failback_operator.domain.ports import Accepted, Lost, Refused
from failback_operator.domain.retention import GIB, RetentionDisk
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import Disk, PowerState
from failback_operator.observe.vsphere import VsphereEndpoint

KIND, NAME = EffectKind.ADD_RETENTION_DISK, "mt-win-1"
RECONFIGURE = "ReconfigVM_Task"


@pytest.fixture
async def site(own_endpoint: VsphereEndpoint, watch: WatchMaker) -> Site:
    """mt-win-1, which is to get a disk of 300 GiB on vmfs-infra-1."""
    running = await watch(own_endpoint)
    await running.until_read()
    made = Site(running, NAME)
    store = next(d.moref for d in running.facts.datastores if d.name == "vmfs-infra-1")
    made.subject = str(RetentionDisk(store, 300))
    return made


async def disks(site: Site) -> tuple[Disk, ...]:
    found = await site.running.watcher.machine(site.running.vm(NAME).moref)
    assert found is not None
    return found.disks


async def test_it_is_added_once_while_the_vm_runs(own_vcenter: VCenter, site: Site) -> None:
    before = await disks(site)
    entry = await site.begin(KIND)
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    (new,) = (d for d in await disks(site) if d.key not in {each.key for each in before})
    assert (new.capacity_bytes, new.unit_number, new.controller_key) == (300 * GIB, 2, before[0].controller_key)
    assert new.file_name.startswith("[vmfs-infra-1] ")
    assert new.is_thin is True
    assert new.uuid not in {d.uuid for d in before}
    vm = await site.running.until_vm(NAME, lambda vm: len(vm.disks) == 3)
    assert vm.power_state is PowerState.ON
    assert RULE_OF[KIND].is_reached(entry, b.located(vm)) is True
    assert await site.send(KIND) == Accepted(None), "it waits for a person: no second one"
    assert count(own_vcenter, RECONFIGURE) == {RECONFIGURE: 1}


@pytest.mark.parametrize("when", ["after", "drop"])
async def test_a_lost_answer_adds_no_second_one(own_vcenter: VCenter, site: Site, when: Any) -> None:
    own_vcenter.control.fault(RECONFIGURE, when)
    assert isinstance(await site.send(KIND), Lost)
    own_vcenter.control.clear_faults()
    if when == "after":
        vm = await site.running.until_vm(NAME, lambda vm: len(vm.disks) == 3)
        assert RULE_OF[KIND].is_reached(site.entry(KIND, None), b.located(vm)) is True
        assert await site.send(KIND) == Accepted(None)
    else:
        assert (await site.finish(await site.begin(KIND))).phase is TaskPhase.SUCCEEDED
    assert len(await disks(site)) == 3


async def test_a_call_that_comes_late_adds_no_second_one(site: Site) -> None:
    """It was taken for unsent, and another was made: vCenter refuses the older one."""
    watcher, call = site.running.watcher, site.call()
    machine = await watcher.machine(call.machine)
    assert machine is not None
    late = await AddRetentionDisk().first(Scene(watcher, machine, call, site.subject))
    assert isinstance(late, Order)
    assert (await site.finish(await site.begin(KIND))).phase is TaskPhase.SUCCEEDED
    answer = await perform(watcher, late)
    assert isinstance(answer, Accepted)
    assert answer.job is not None
    while (state := await watcher.task_state(answer.job)).phase is TaskPhase.RUNNING:
        pass
    assert state.message.startswith("ConcurrentAccess")
    assert len(await disks(site)) == 3


async def test_refusals_and_task_errors_are_told_verbatim(own_vcenter: VCenter, site: Site) -> None:
    target = {"type": "VirtualMachine", "value": "vm-1"}
    fault = {"_typeName": "NoPermission", "object": target, "privilegeId": "VirtualMachine.Config.AddNewDisk"}
    own_vcenter.control.fault(RECONFIGURE, "before", fault=fault)
    answer = await site.send(KIND)
    assert isinstance(answer, Refused)
    assert answer.message.startswith("NoPermission")
    own_vcenter.control.clear_faults()
    own_vcenter.control.fault(RECONFIGURE, "task", fault={"_typeName": "NoDiskSpace", "datastore": "vmfs-infra-1"})
    progress = await site.finish(await site.begin(KIND))
    assert progress.phase is TaskPhase.FAILED
    assert progress.message.startswith("NoDiskSpace")


async def test_without_its_datastore_or_a_slot_nothing_is_sent(own_vcenter: VCenter, site: Site) -> None:
    wanted = site.subject
    site.subject = str(RetentionDisk("datastore-404", 300))  # type: ignore[arg-type]
    answer = await site.send(KIND)
    assert isinstance(answer, Refused)
    assert "no datastore datastore-404" in answer.message
    site.subject = wanted
    gone = await site.look(site.entry(KIND, "task-999999"))
    assert gone.phase is TaskPhase.FAILED
    assert gone.message == "VM mt-win-1 has not taken the disk"
    await fill(site)
    answer = await site.send(KIND)
    assert isinstance(answer, Refused)
    assert "has a free unit" in answer.message


async def fill(site: Site) -> None:
    """Take the last free unit."""
    device = vim.vm.device
    first = (await disks(site))[0]
    changes = []
    for number, unit in enumerate(unit for unit in range(2, 16) if unit != 7):
        backing = device.VirtualDisk.FlatVer2BackingInfo(fileName="[vmfs-infra-1]", diskMode="persistent")
        disk = device.VirtualDisk(
            key=-1 - number, controllerKey=first.controller_key, unitNumber=unit, capacityInKB=1 << 20, backing=backing
        )
        changes.append(device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk))
    spec = vim.vm.ConfigSpec(deviceChange=changes)
    moref = site.running.vm(NAME).moref
    await site.running.watcher.send(lambda c: vim.VirtualMachine(moref, c.stub).ReconfigVM_Task(spec=spec))
    await site.running.until_vm(NAME, lambda vm: len(vm.disks) == 15)
