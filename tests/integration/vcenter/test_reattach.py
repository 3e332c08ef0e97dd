"""What a Storage vMotion of a master target does to the disks on it, how they come back, and how a machine is deleted."""

import pytest
from pyVmomi import vim
from tests.integration.vcenter.test_disks import existing, identities

MASTER_TARGET, RETURNING, STORE = "mt-win-1", "payroll-app-1", "vmfs-infra-1"


def moved(own, change):
    """The returning machine's disks on a master target that was moved to another datastore: file by UUID."""
    target, returning = own.vm(MASTER_TARGET), own.vm(RETURNING)
    own.reconfigure(target, *(change("add", existing(d, unit)) for unit, d in enumerate(own.disks(returning), start=2)))
    store = own.find(vim.Datastore, STORE)
    own.run(target.RelocateVM_Task(vim.vm.RelocateSpec(datastore=store), "defaultPriority"))
    theirs = identities(own, returning)
    return {d.backing.uuid: d for d in own.disks(target) if d.backing.uuid in theirs}


def test_the_disks_of_others_move_with_a_master_target(own, change):
    """Their files are elsewhere, their UUIDs are not; their own machine names the old files, and does not start.

    Source: vendor's page on preparing failback (R15); API, VirtualMachine.RelocateVM_Task.
    """
    returning = own.vm(RETURNING)
    before = identities(own, returning)
    disks = moved(own, change)
    assert disks.keys() == before.keys()
    assert all(disk.backing.fileName.startswith(f"[{STORE}] {MASTER_TARGET}/") for disk in disks.values())
    assert identities(own, returning) == before
    with pytest.raises(vim.fault.FileNotFound):
        own.run(returning.PowerOnVM_Task())


def test_moved_disks_come_back_in_one_call_after_they_were_taken_off(own, change):
    """What is left of a disk goes and its file comes to the same unit; it is the same disk, and the machine starts.

    Source: API, VirtualMachine.ReconfigVM_Task, VirtualDeviceConfigSpec.fileOperation.
    """
    returning, target = own.vm(RETURNING), own.vm(MASTER_TARGET)
    disks, left = moved(own, change), own.disks(returning)
    own.reconfigure(target, *(change("remove", disk) for disk in disks.values()))
    changes = [change("remove", disk) for disk in left]
    for number, old in enumerate(left):
        new = existing(disks[old.backing.uuid], old.unitNumber, bare=True)
        new.key, new.controllerKey = -500 - number, old.controllerKey
        changes.append(change("add", new))
    own.reconfigure(returning, *changes)
    places = [(d.backing.uuid, d.controllerKey, d.unitNumber, d.capacityInBytes) for d in own.disks(returning)]
    assert places == [(d.backing.uuid, d.controllerKey, d.unitNumber, d.capacityInBytes) for d in left]
    assert {d.backing.fileName for d in own.disks(returning)} == {d.backing.fileName for d in disks.values()}
    own.run(returning.PowerOnVM_Task())


def test_a_file_that_is_not_there_is_not_attached(own, change):
    """Source: API, VirtualMachine.ReconfigVM_Task (FileFault: if the file cannot be accessed), FileNotFound."""
    disks, returning = own.disks(own.vm(RETURNING)), own.vm(RETURNING)
    moved(own, change)
    before = identities(own, own.vm("mt-lin-1"))
    with pytest.raises(vim.fault.FileNotFound):
        own.reconfigure(own.vm("mt-lin-1"), change("add", existing(disks[0], 9, bare=True)))
    assert identities(own, own.vm("mt-lin-1")) == before
    assert returning.runtime.powerState == "poweredOff"


def test_a_machine_that_runs_is_not_deleted_and_one_that_is_off_goes_with_its_files(own, change):
    """Source: API, ManagedEntity.Destroy_Task, VirtualMachine (InvalidPowerState if the machine runs)."""
    returning = own.vm(RETURNING)
    disk = own.disks(returning)[0]
    own.run(returning.PowerOnVM_Task())
    with pytest.raises(vim.fault.InvalidPowerState):
        own.run(returning.Destroy_Task())
    own.run(returning.PowerOffVM_Task())
    own.run(returning.Destroy_Task())
    with pytest.raises(StopIteration):
        own.vm(RETURNING)
    with pytest.raises(vim.fault.FileNotFound):
        own.reconfigure(own.vm(MASTER_TARGET), change("add", existing(disk, 9, bare=True)))


def test_deleting_needs_a_privilege(own_vcenter, own):
    """Source: API, ManagedEntity.Destroy_Task: VirtualMachine.Inventory.Delete on the machine."""
    own_vcenter.control.missing_privileges(["VirtualMachine.Inventory.Delete"], user=own_vcenter.username)
    with pytest.raises(vim.fault.NoPermission):
        own.vm(RETURNING).Destroy_Task()
