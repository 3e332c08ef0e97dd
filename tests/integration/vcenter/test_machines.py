"""Power, VMware Tools, snapshots and settings of machines."""

from datetime import timedelta

import pytest
from pyVmomi import vim


def test_power_cycle_sets_a_new_boot_time(own, until):
    """Both boot times are set at power-on, equal, and gone at power-off.

    Source: API, VirtualMachineRuntimeInfo.bootTime; govmomi, simulator/virtual_machine.go (ShutdownGuest keeps it).
    """
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
    """The boot time goes in each way of switching off; a machine that is off cannot be switched off.

    Source: API, VirtualMachineRuntimeInfo.bootTime, VirtualMachine.PowerOffVM_Task (InvalidPowerState).
    """
    vm = own.vm("mt-lin-1")
    own.run(vm.PowerOffVM_Task())
    assert (vm.runtime.bootTime, vm.summary.runtime.bootTime) == (None, None)
    with pytest.raises(vim.fault.InvalidPowerState):
        own.run(vm.PowerOffVM_Task())


def test_tools_stop_with_the_machine_and_come_back(own, until):
    """An off machine's tools do not run; they report again some time after the start.

    Source: API, GuestInfo.toolsRunningStatus.
    """
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
    """Also one that was off when the lab started.

    Source: API, GuestInfo.{toolsRunningStatus, ipAddress}.
    """
    vm = own.vm("payroll-db-1")
    own.run(vm.PowerOnVM_Task())
    until(lambda: vm.guest.toolsRunningStatus == "guestToolsRunning")
    assert vm.guest.ipAddress == "10.10.1.11"


def test_power_on_needs_the_disks_files(own, change):
    """A machine whose disk is gone does not start.

    Source: API, FileNotFound; lab/vcenter/README.md (the library alone starts it).
    """
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
    """No snapshot is left, no parent, the base file and the disk's identity.

    Source: API, VirtualMachine.RemoveAllSnapshots_Task, VirtualDiskFlatVer2BackingInfo.{parent, uuid}.
    """
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
    """One delta for each snapshot; removing the last takes one away.

    Source: API, VirtualDiskFlatVer2BackingInfo.parent (a delta's parent is added by each snapshot).
    """
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
    """A delta without a snapshot; ConsolidateVMDisks_Task mends it.

    Source: API, VirtualMachineRuntimeInfo.consolidationNeeded, VirtualMachine.ConsolidateVMDisks_Task.
    """
    vm = own.vm("mt-lin-1")
    own.vcenter.control.leave_deltas("mt-lin-1")
    own.run(vm.RemoveAllSnapshots_Task(consolidate=True))
    assert vm.runtime.consolidationNeeded is True
    assert own.disks(vm)[0].backing.parent is not None
    own.run(vm.ConsolidateVMDisks_Task())
    assert vm.runtime.consolidationNeeded is False
    assert own.disks(vm)[0].backing.parent is None


def test_enable_uuid_is_accepted_while_on(own):
    """The setting is taken while the machine runs and does not restart it.

    Source: API, VirtualMachineConfigSpec.extraConfig; that a vCenter takes it while the machine runs, is recalled.
    """
    vm = own.vm("mt-lin-1")
    boot = vm.runtime.bootTime
    own.reconfigure(vm, extraConfig=[vim.option.OptionValue(key="disk.EnableUUID", value="TRUE")])
    assert {o.key: o.value for o in vm.config.extraConfig}["disk.EnableUUID"] == "TRUE"
    assert vm.runtime.bootTime == boot
    assert len(own.events(vm, "VmReconfiguredEvent")) == 1


def test_events_are_those_of_the_library(own):
    """Power-on and reconfigure post events that pyvmomi parses.

    Source: API, VmPoweredOnEvent, VmReconfiguredEvent; govmomi, simulator/virtual_machine.go.
    """
    vm = own.vm("mail-relay-1")
    own.run(vm.PowerOnVM_Task())
    own.reconfigure(vm, annotation="seen")
    kinds = [type(event).__name__.rsplit(".", 1)[-1] for event in own.events(vm)]
    assert {"VmPoweredOnEvent", "VmReconfiguredEvent"} <= set(kinds)
