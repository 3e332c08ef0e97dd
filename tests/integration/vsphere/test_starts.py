"""Starts of VMs whose machines have left for Azure: told although the VM is off again."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pyVmomi import vim
from tests.integration.vsphere.watching import WatchMaker

from failback_lab.vcenter import VCenter
from failback_operator.domain.vsphere import PowerState
from failback_operator.observe.vsphere import Interest, VsphereEndpoint, VsphereWatcher
from failback_operator.observe.vsphere.connection import Connection

REFUSED = {"_typeName": "NoPermission", "object": {"type": "Folder", "value": "group-d1"}, "privilegeId": "System.View"}


async def switch(watcher: VsphereWatcher, name: str, *operations: str) -> None:
    """Perform power operations on a VM, one after the other, each to its end."""

    def make(connection: Connection) -> None:
        view = connection.content.viewManager.CreateContainerView(connection.content.rootFolder, [vim.VirtualMachine], True)
        vm = next(each for each in view.view if each.name == name)
        for operation in operations:
            task = getattr(vm, operation)()
            while task.info.state not in {"success", "error"}:
                time.sleep(0.05)
            assert task.info.state == "success", task.info.error

    await watcher.send(make)


async def test_a_start_is_told_although_the_vm_is_off_again(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest
):
    made = await watch(own_endpoint, replace(all_machines, departed=frozenset({"crm-1"})))
    await made.until_read()
    began = datetime.now(UTC) - timedelta(seconds=2)
    assert not [each for each in made.vm("crm-1").starts or () if each > began]
    assert made.vm("crm-1").starts is not None
    assert made.vm("mt-lin-1").starts is None, "nobody asks about the starts of a VM that did not leave"
    await switch(made.watcher, "crm-1", "PowerOnVM_Task", "PowerOffVM_Task")
    vm = await made.until_vm("crm-1", lambda vm: vm.power_state is PowerState.OFF and bool(vm.starts) and max(vm.starts) > began)
    assert vm.boot_time is None
    (fresh,) = await made.watcher.fresh((vm.moref,))
    assert fresh.starts == vm.starts


async def test_events_that_may_not_be_read_are_not_none(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest, own_vcenter: VCenter
):
    own_vcenter.control.fault("QueryEvents", "before", fault=REFUSED, count=0)
    made = await watch(own_endpoint, replace(all_machines, departed=frozenset({"crm-1"})))
    await made.until_read()
    assert made.vm("crm-1").starts is None
    assert made.calls["QueryEvents"] >= 1
