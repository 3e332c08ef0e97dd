"""Power, VMware Tools, snapshots and settings of machines."""

from datetime import timedelta

import pytest
from pyVmomi import vim


def test_power_cycle_sets_a_new_boot_time(own, until):
    """(1, fact 14) both boot times are set at power-on, equal, and gone at power-off."""
    vm = own.vm("mt-lin-1")
    first = vm.runtime.bootTime
    vm.ShutdownGuest()
    until(lambda: vm.runtime.powerState == "poweredOff")
    assert (vm.runtime.bootTime, vm.summary.runtime.bootTime) == (None, None)
    own.run(vm.PowerOnVM_Task())
    assert vm.runtime.bootTime == vm.summary.runtime.bootTime
    assert vm.runtime.bootTime - first > timedelta(days=30)
    assert vm.runtime.bootTime >= own.events(vm, "VmPoweredOnEvent")[-1].createdTime - timedelta(seconds=2)


def test_power_off_by_force_clears_the_boot_time(own):
    """(1, fact 14) in each way of switching off."""
    vm = own.vm("mt-lin-1")
    own.run(vm.PowerOffVM_Task())
    assert (vm.runtime.bootTime, vm.summary.runtime.bootTime) == (None, None)
    with pytest.raises(vim.fault.InvalidPowerState):
        own.run(vm.PowerOffVM_Task())


def test_tools_stop_with_the_machine_and_come_back(own, until):
    """(2, row 5) an off machine's tools do not run; they report again some time after the start."""
    vm = own.vm("mt-lin-1")
    own.run(vm.PowerOffVM_Task())
    assert vm.guest.toolsRunningStatus == "guestToolsNotRunning"
    assert (vm.guest.ipAddress, vm.guest.disk, vm.guest.net) == (None, [], [])
    own.run(vm.PowerOnVM_Task())
    assert vm.guest.toolsRunningStatus == "guestToolsNotRunning"
    until(lambda: vm.guest.toolsRunningStatus == "guestToolsRunning")
    assert vm.guest.ipAddress == "10.10.0.22"
    assert [disk.diskPath for disk in vm.guest.disk] == ["/", "/mnt/retention"]


def test_machine_that_comes_home_reports(own, until):
    """(2, row 5) also one that was off when the lab started."""
    vm = own.vm("payroll-db-1")
    own.run(vm.PowerOnVM_Task())
    until(lambda: vm.guest.toolsRunningStatus == "guestToolsRunning")
    assert vm.guest.ipAddress == "10.10.1.11"


def test_power_on_needs_the_disks_files(own, change):
    """(4) a machine whose disk is gone does not start."""
    vm = own.vm("payroll-web-1")
    disk = own.disks(vm)[1]
    thief = own.vm("crm-1")
    disk.unitNumber = 9
    own.reconfigure(thief, change("add", disk))
    own.reconfigure(thief, change("remove", own.disks(thief)[-1], "destroy"))
    with pytest.raises(vim.fault.FileNotFound) as caught:
        own.run(vm.PowerOnVM_Task())
    assert "payroll-web-1_1.vmdk" in caught.value.file
    assert vm.runtime.powerState == "poweredOff"


def test_remove_snapshots_merges_the_delta(own):
    """(2, row 2; 3) RemoveAllSnapshots leaves no snapshot, no parent, the base file and the disk's identity."""
    vm = own.vm("mt-lin-1")
    before = own.disks(vm)[0].backing
    assert before.fileName.endswith("-000001.vmdk")
    assert before.parent.fileName == "[vmfs-infra-1] mt-lin-1/mt-lin-1.vmdk"
    own.run(vm.RemoveAllSnapshots_Task(consolidate=True))
    found, _ = own.read(vm, "snapshot")
    after = own.disks(vm)[0].backing
    assert found == {}
    assert (after.parent, after.fileName, after.uuid) == (None, before.parent.fileName, before.uuid)
    assert vm.runtime.consolidationNeeded is False


def test_snapshots_stack_their_deltas(own):
    """(4, V3) one delta for each snapshot; removing the last takes one away."""
    vm = own.vm("mail-relay-1")
    for name in ("a", "b"):
        own.run(vm.CreateSnapshot_Task(name, "", memory=False, quiesce=False))
    backing = own.disks(vm)[0].backing
    names = []
    while backing is not None:
        names.append(backing.fileName.rsplit("/", 1)[1])
        backing = backing.parent
    assert names == ["mail-relay-1-000002.vmdk", "mail-relay-1-000001.vmdk", "mail-relay-1.vmdk"]
    own.run(vm.snapshot.currentSnapshot.RemoveSnapshot_Task(removeChildren=False))
    assert own.disks(vm)[0].backing.fileName.endswith("-000001.vmdk")
    own.run(vm.RemoveAllSnapshots_Task())
    assert own.disks(vm)[0].backing.fileName.endswith("mail-relay-1.vmdk")


def test_deltas_that_stay_need_a_consolidation(own):
    """(2, row 2; 4, V3) consolidationNeeded without a snapshot; ConsolidateVMDisks_Task mends it."""
    vm = own.vm("mt-lin-1")
    own.vcenter.control.leave_deltas("mt-lin-1")
    own.run(vm.RemoveAllSnapshots_Task(consolidate=True))
    assert vm.runtime.consolidationNeeded is True
    assert own.disks(vm)[0].backing.parent is not None
    own.run(vm.ConsolidateVMDisks_Task())
    assert vm.runtime.consolidationNeeded is False
    assert own.disks(vm)[0].backing.parent is None


def test_enable_uuid_is_accepted_while_on(own):
    """(1, fact 14; 3) the setting takes while the machine runs and does not restart it."""
    vm = own.vm("mt-lin-1")
    boot = vm.runtime.bootTime
    own.reconfigure(vm, extraConfig=[vim.option.OptionValue(key="disk.EnableUUID", value="TRUE")])
    assert {o.key: o.value for o in vm.config.extraConfig}["disk.EnableUUID"] == "TRUE"
    assert vm.runtime.bootTime == boot
    assert len(own.events(vm, "VmReconfiguredEvent")) == 1


def test_events_are_those_of_the_library(own):
    """(2, row 7c) power-on and reconfigure post events that pyvmomi parses."""
    vm = own.vm("mail-relay-1")
    own.run(vm.PowerOnVM_Task())
    own.reconfigure(vm, annotation="seen")
    kinds = [type(event).__name__.rsplit(".", 1)[-1] for event in own.events(vm)]
    assert {"VmPoweredOnEvent", "VmReconfiguredEvent"} <= set(kinds)
