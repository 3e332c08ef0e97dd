"""Paravirtual controllers are replaced with the VM off: the guest gets the driver first, and no VM is left off."""

import asyncio
from typing import Any

import pytest
from pyVmomi import vim
from tests.integration.vsphere.effects import Site, count
from tests.integration.vsphere.watching import WatchMaker, endpoint_of
from tests.unit import builders as b

from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.toolchain import Binaries
from failback_lab.vcenter import VCenter
from failback_lab.workspace import workspace
from failback_operator.act.vsphere.commands import Order, perform
from failback_operator.act.vsphere.controllers import ReplaceControllers
from failback_operator.act.vsphere.effect import Scene
from failback_operator.decide.fixes import RULE_OF
from failback_operator.domain.ports import Accepted, Lost, Refused
from failback_operator.domain.scsi import free_bus, paravirtual
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import Controller, ControllerKind, PowerState, VirtualMachine

KIND = EffectKind.REPLACE_CONTROLLERS
NAME = "mt-win-1"
SAS = ControllerKind.LSI_LOGIC_SAS
METHODS = ("ReconfigVM_Task", "ShutdownGuest", "PowerOnVM_Task", "PowerOffVM_Task")
WITH_DRIVER = {"ReconfigVM_Task": 2, "ShutdownGuest": 2, "PowerOnVM_Task": 2}
WITHOUT = {"ReconfigVM_Task": 1, "ShutdownGuest": 1, "PowerOnVM_Task": 1}


@pytest.fixture
def vcenter(lab_ca: LabCa, lab_binaries: Binaries, demo_scenario: Scenario) -> Any:
    """The demo's vCenter with mt-win-1 on a paravirtual controller, its boot disk included."""
    world = demo_scenario.vcenter
    machines = [m.model_copy(update={"controller": "paravirtual"}) if m.name == NAME else m for m in world.machines]
    scenario = demo_scenario.model_copy(update={"vcenter": world.model_copy(update={"machines": machines})})
    with workspace() as directory, VCenter(directory / "vcenter", lab_ca, lab_binaries.vcsim, scenario) as server:
        yield server


@pytest.fixture
async def site(vcenter: VCenter, watch: WatchMaker) -> Site:
    running = await watch(endpoint_of(vcenter))
    await running.until_read()
    made = Site(running, NAME)
    made.subject = SAS.value
    return made


async def fresh(site: Site) -> VirtualMachine:
    found = await site.running.watcher.machine(site.running.vm(NAME).moref)
    assert found is not None
    return found


def scsi(vm: VirtualMachine) -> list[Controller]:
    return [c for c in vm.controllers if c.is_scsi]


async def reconfigure(site: Site, *changes: Any) -> None:
    """A person changes the VM."""
    moref = site.running.vm(NAME).moref
    spec = vim.vm.ConfigSpec(deviceChange=list(changes))
    task = await site.running.watcher.send(lambda c: vim.VirtualMachine(moref, c.stub).ReconfigVM_Task(spec=spec)._GetMoId())
    while (await site.running.watcher.task_state(task)).phase is TaskPhase.RUNNING:
        pass


async def test_a_boot_disk_is_moved_after_the_guest_booted_beside_the_new_controller(vcenter: VCenter, site: Site) -> None:
    before = await fresh(site)
    entry = await site.begin(KIND)
    jobs, progress = await site.jobs(entry)
    assert progress.phase is TaskPhase.SUCCEEDED
    steps = [job.rsplit("/", 1)[0].split("/20")[0] for job in jobs]
    assert steps == [
        "add-controller",
        "first-boot/shut-down-guest",
        "first-boot/power-on",
        "move/shut-down-guest",
        "move/reconfigure",
        "move/power-on",
    ]
    after = await fresh(site)
    assert after.power_state is PowerState.ON
    assert [(c.kind, c.bus_number) for c in scsi(after)] == [(SAS, 0), (SAS, 1)]
    by_bus = {c.key: c.bus_number for c in after.controllers}
    assert [(d.uuid, by_bus[d.controller_key], d.unit_number) for d in after.disks] == [
        (d.uuid, 0, d.unit_number) for d in before.disks
    ]
    assert count(vcenter, *METHODS) == WITH_DRIVER
    assert await site.send(KIND) == Accepted(None), "nothing is left to do"


async def data_disk_only(site: Site) -> None:
    """The boot disk hangs on LSI Logic SAS; a further disk on a paravirtual controller."""
    device = vim.vm.device
    controller = device.ParaVirtualSCSIController(
        key=-1, busNumber=free_bus(await fresh(site)), sharedBus="noSharing", controllerKey=100
    )
    backing = device.VirtualDisk.FlatVer2BackingInfo(fileName="[vmfs-infra-1]", diskMode="persistent", thinProvisioned=True)
    disk = device.VirtualDisk(key=-2, controllerKey=-1, unitNumber=0, capacityInKB=1 << 20, backing=backing)
    await reconfigure(
        site,
        device.VirtualDeviceSpec(operation="add", device=controller),
        device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk),
    )


@pytest.fixture
async def data(own_vcenter: VCenter, watch: WatchMaker) -> Site:
    """The demo's mt-win-1 with a data disk on a paravirtual controller."""
    running = await watch(endpoint_of(own_vcenter))
    await running.until_read()
    site = Site(running, NAME)
    site.subject = SAS.value
    await data_disk_only(site)
    await running.until_vm(NAME, lambda vm: bool(paravirtual(vm)))
    own_vcenter.control.stats(reset=True)
    return site


async def test_one_power_cycle_is_enough_for_data_disks(own_vcenter: VCenter, data: Site) -> None:
    _, progress = await data.jobs(await data.begin(KIND))
    assert progress.phase is TaskPhase.SUCCEEDED
    after = await fresh(data)
    assert [(c.kind, c.bus_number) for c in scsi(after)] == [(SAS, 0), (SAS, 1)]
    assert len(after.disks) == 3
    assert count(own_vcenter, *METHODS) == WITHOUT


STAGES = range(6)


@pytest.mark.parametrize("stage", STAGES)
async def test_a_crash_after_any_call_before_its_record(vcenter: VCenter, site: Site, stage: int) -> None:
    """The ledger holds the job before: whoever goes on sees by the VM what was done."""
    entry = site.entry(KIND, None)
    for number in range(stage + 1):
        if number == 0:
            begun = await site.begin(KIND)
        else:
            progress = await until_next(site, entry)
            begun = entry.model_copy(update={"job": progress.job})
        entry = begun if number < stage else entry
    if stage == 0:
        vm = await site.running.until_vm(NAME, lambda vm: len(scsi(vm)) == 2)
        entry = entry.model_copy(update={"job": RULE_OF[KIND].resume(entry, b.located(vm))})  # type: ignore[misc]
        assert entry.job is not None
        assert entry.job.endswith("/unrecorded")
    _, progress = await site.jobs(entry)
    assert progress.phase is TaskPhase.SUCCEEDED
    after = await fresh(site)
    assert (after.power_state, paravirtual(after), len(scsi(after))) == (PowerState.ON, (), 2)
    made = count(vcenter, *METHODS)
    assert made["ReconfigVM_Task"] == 2, "neither is made twice"


async def until_next(site: Site, entry: Any) -> Any:
    for _ in range(200):
        progress = await site.look(entry)
        if progress.job != entry.job:
            return progress
        await asyncio.sleep(0.05)
    raise AssertionError("no further call")


async def test_controllers_that_cannot_be_replaced_leave_no_vm_off(own_vcenter: VCenter, data: Site) -> None:
    entry = await data.begin(KIND)
    own_vcenter.control.fault("ReconfigVM_Task", "task", fault={"_typeName": "InvalidDeviceSpec", "deviceIndex": 1})
    jobs, progress = await data.jobs(entry)
    assert progress.phase is TaskPhase.FAILED
    assert progress.message.startswith("InvalidDeviceSpec")
    assert jobs[-1].startswith("restore/power-on/")
    after = await fresh(data)
    assert (after.power_state, len(paravirtual(after))) == (PowerState.ON, 1)
    own_vcenter.control.clear_faults()
    assert (await data.finish(await data.begin(KIND))).phase is TaskPhase.SUCCEEDED


async def test_a_vm_that_does_not_start_again_is_named_with_both_errors(own_vcenter: VCenter, data: Site) -> None:
    entry = await data.begin(KIND)
    own_vcenter.control.fault("ReconfigVM_Task", "task", fault={"_typeName": "InvalidDeviceSpec", "deviceIndex": 1})
    own_vcenter.control.fault("PowerOnVM_Task", "task", fault={"_typeName": "InsufficientStandbyCpuResource"})
    progress = await data.finish(entry)
    assert progress.phase is TaskPhase.FAILED
    assert progress.message.startswith("InvalidDeviceSpec")
    assert "InsufficientStandbyCpuResource" in progress.message
    assert progress.message.endswith("VM mt-win-1 is off")


async def test_a_person_who_switches_it_on_too_early_ends_it(own_vcenter: VCenter, data: Site) -> None:
    entry = await data.begin(KIND)
    await data.running.until_vm(NAME, lambda vm: vm.power_state is PowerState.OFF)
    moref = data.running.vm(NAME).moref
    await data.running.watcher.send(lambda c: vim.VirtualMachine(moref, c.stub).PowerOnVM_Task())
    await data.running.until_vm(NAME, lambda vm: vm.power_state is PowerState.ON)
    progress = await data.finish(entry)
    assert progress.phase is TaskPhase.FAILED
    assert progress.message == "VM mt-win-1 was switched on before its controllers were replaced"
    assert count(own_vcenter, "ReconfigVM_Task") == {}


@pytest.mark.parametrize("when", ["after", "drop"])
async def test_a_lost_answer_to_the_first_call(vcenter: VCenter, site: Site, when: Any) -> None:
    vcenter.control.fault("ReconfigVM_Task", when)
    assert isinstance(await site.send(KIND), Lost)
    vcenter.control.clear_faults()
    if when == "after":
        await site.running.until_vm(NAME, lambda vm: len(scsi(vm)) == 2)
    job = RULE_OF[KIND].resume(site.entry(KIND, None), b.located(await fresh(site)))  # type: ignore[misc]
    assert bool(job) is (when == "after")
    entry = site.entry(KIND, job) if job else await site.begin(KIND)
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    assert len(scsi(await fresh(site))) == 2


async def test_a_guest_without_tools_is_not_asked(own_vcenter: VCenter, data: Site) -> None:
    own_vcenter.control.fault("ShutdownGuest", "before", fault={"_typeName": "ToolsUnavailable"})
    answer = await data.send(KIND)
    assert isinstance(answer, Refused)
    assert answer.message.startswith("ToolsUnavailable")


async def test_a_change_in_between_is_refused_by_vcenter(data: Site) -> None:
    """Devices that were read before somebody else changed the VM are not written over that change."""
    watcher = data.running.watcher
    await watcher.send(lambda c: vim.VirtualMachine(data.call().machine, c.stub).PowerOffVM_Task())
    await data.running.until_vm(NAME, lambda vm: vm.power_state is PowerState.OFF)
    order = await ReplaceControllers().first(Scene(watcher, await fresh(data), data.call(), data.subject))
    assert isinstance(order, Order)
    await data_disk_only(data)
    answer = await perform(watcher, order)
    assert isinstance(answer, Accepted)
    progress = await data.finish(data.entry(KIND, answer.job))
    assert progress.phase is TaskPhase.FAILED
    assert progress.message.startswith("ConcurrentAccess")
    assert (await fresh(data)).power_state is PowerState.ON
