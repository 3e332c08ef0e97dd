"""What people ask for of a machine's VM, through the real SDK: disks come back, and a shared disk is not deleted."""

from typing import Any

import pytest
from pyVmomi import vim
from tests.integration.vcenter.conftest import Session, device
from tests.integration.vcenter.test_disks import existing
from tests.integration.vsphere.effects import Site, count
from tests.integration.vsphere.watching import WatchMaker

from failback_lab.vcenter import VCenter
from failback_operator.domain.ports import Accepted, Lost, Refused
from failback_operator.domain.reading import SourceFailed
from failback_operator.domain.steps import DiskPlace, EffectKind, ReattachOrder
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import VirtualMachine
from failback_operator.observe.vsphere import VsphereEndpoint

NAME, TARGET = "crm-1", "mt-win-1"
RECONFIGURE = "ReconfigVM_Task"
REATTACH, DELETE = EffectKind.REATTACH_DISKS, EffectKind.DELETE_VM


@pytest.fixture
async def site(own_endpoint: VsphereEndpoint, watch: WatchMaker) -> Site:
    """crm-1, about which somebody asks."""
    running = await watch(own_endpoint)
    await running.until_read()
    return Site(running, NAME)


def lend(vcenter: VCenter) -> None:
    """Attach the disks to the master target, as reprotect does."""
    session = Session(vcenter)
    target, disks = session.vm(TARGET), session.disks(session.vm(NAME))
    session.reconfigure(target, *(device("add", existing(d, unit)) for unit, d in enumerate(disks, start=2)))


async def now(site: Site, name: str) -> VirtualMachine:
    found = await site.running.watcher.machine(site.running.vm(name).moref)
    assert found is not None
    return found


@pytest.mark.parametrize("when", ["after", "drop"])
async def test_disks_come_back_though_the_answers_are_lost(own_vcenter: VCenter, site: Site, when: Any) -> None:
    before = site.running.vm(NAME).disks
    lend(own_vcenter)
    session = Session(own_vcenter)
    place = vim.vm.RelocateSpec(datastore=session.find(vim.Datastore, "vmfs-infra-1"))
    session.run(session.vm(TARGET).RelocateVM_Task(place, "defaultPriority"))
    target = await now(site, TARGET)
    files = {disk.uuid: disk.file_name for disk in target.disks}
    places = tuple(DiskPlace(d.uuid or "", files[d.uuid], d.file_name, d.controller_key, d.unit_number or 0) for d in before)
    order = ReattachOrder(target.moref, target.instance_uuid, places, len(places))
    own_vcenter.control.stats(reset=True)
    own_vcenter.control.fault(RECONFIGURE, when)
    assert isinstance(await site.send(REATTACH, reattach=order), Lost)
    own_vcenter.control.clear_faults()
    progress = await site.finish(site.entry(REATTACH, "detach/unrecorded"), reattach=order)
    assert progress.phase is TaskPhase.SUCCEEDED, progress
    found = (await now(site, NAME)).disks
    assert [(d.uuid, d.controller_key, d.unit_number, d.file_name) for d in found] == [
        (d.uuid, d.controller_key, d.unit_number, files[d.uuid]) for d in before
    ]
    assert len((await now(site, TARGET)).disks) == len(target.disks) - len(before)
    assert count(own_vcenter, RECONFIGURE) == {RECONFIGURE: 2 if when == "after" else 3}
    assert await site.send(REATTACH, reattach=order) == Accepted(None)


async def test_a_vm_whose_disk_another_has_is_not_deleted(own_vcenter: VCenter, site: Site) -> None:
    lend(own_vcenter)
    files = frozenset(d.file_name for d in site.running.vm(NAME).disks)
    assert await site.send(DELETE, files=files) == Refused(f"not sent: VM {TARGET} has a disk of VM {NAME}, too")
    own_vcenter.control.conceal("VirtualMachine", TARGET, "config.hardware.device")
    with pytest.raises(SourceFailed, match=f"the disks of VM {TARGET} could not be read"):
        await site.running.watcher.users(site.running.vm(NAME).moref)
    answer = await site.send(DELETE, files=files)
    assert isinstance(answer, Refused)
    assert count(own_vcenter, "Destroy_Task") == {}
    assert await site.running.watcher.users(site.running.vm("mail-relay-1").moref) == ()


async def test_the_vm_that_is_named_goes_and_is_followed_until_it_is_gone(own_vcenter: VCenter, site: Site) -> None:
    files = frozenset(d.file_name for d in site.running.vm(NAME).disks)
    call = site.call(files=files)
    entry = await site.begin(DELETE, files=files)
    site.call = lambda **_: call  # type: ignore[method-assign]  # the VM is no more among the facts
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    assert count(own_vcenter, "Destroy_Task") == {"Destroy_Task": 1}
