"""Disks and controllers: another machine's disks attached and taken off, and what a vCenter refuses."""

import pytest
from pyVmomi import vim

from failback_lab.scenario import GIB

MASTER_TARGET = "mt-win-1"
RETURNING = "payroll-app-1"


def existing(disk, unit, *, bare=False):
    """The device that attaches the file of `disk` elsewhere; `bare`: with nothing but its name."""
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=disk.backing.fileName, diskMode="persistent")
    if not bare:
        backing.uuid = disk.backing.uuid
    size = None if bare else disk.capacityInKB
    return vim.vm.device.VirtualDisk(
        key=-101 - unit, controllerKey=1000, unitNumber=unit, backing=backing, capacityInKB=size or 0
    )


def identities(session, vm):
    return {d.backing.uuid: (d.capacityInBytes, d.backing.fileName) for d in session.disks(vm)}


@pytest.mark.parametrize("bare", [False, True])
def test_disks_of_a_returning_machine_on_a_master_target(own, change, bare):
    """The count grows by its disks, identity and size stay, no space is taken, both machines have them.

    Source: API, VirtualDeviceConfigSpec.fileOperation (without it the file must exist), VirtualDiskFlatVer2BackingInfo.uuid.
    """
    target, returning = own.vm(MASTER_TARGET), own.vm(RETURNING)
    space = own.find(vim.Datastore, "vmfs-prod-1").summary.freeSpace
    before, theirs = identities(own, target), identities(own, returning)
    own.reconfigure(
        target, *(change("add", existing(d, unit, bare=bare)) for unit, d in enumerate(own.disks(returning), start=2))
    )
    assert identities(own, target) == before | theirs
    assert target.summary.config.numVirtualDisks == 5
    assert {d.name for d in target.datastore} == {"vmfs-infra-1", "vmfs-prod-1"}
    assert identities(own, returning) == theirs
    assert own.find(vim.Datastore, "vmfs-prod-1").summary.freeSpace == space


def test_detached_disks_keep_their_files(own, change):
    """Taken off without destroying: the slots are free, the machine has its disks and starts.

    Source: API, VirtualDeviceConfigSpec.fileOperation (destroy is asked for, never implied).
    """
    target, returning = own.vm(MASTER_TARGET), own.vm(RETURNING)
    before, theirs = identities(own, target), identities(own, returning)
    own.reconfigure(target, *(change("add", existing(d, unit)) for unit, d in enumerate(own.disks(returning), start=2)))
    attached = [d for d in own.disks(target) if d.backing.uuid in theirs]
    own.reconfigure(target, *(change("remove", vim.vm.device.VirtualDisk(key=d.key)) for d in attached))
    assert identities(own, target) == before
    assert target.summary.config.numVirtualDisks == 2
    assert [d.name for d in target.datastore] == ["vmfs-infra-1"]
    assert identities(own, returning) == theirs
    own.run(returning.PowerOnVM_Task())


def test_disk_keeps_its_identity_while_no_machine_has_it(own, change):
    """The identity is the file's: off one machine, then on another by name alone.

    Source: API, VirtualDiskFlatVer2BackingInfo.uuid.
    """
    target, returning = own.vm(MASTER_TARGET), own.vm(RETURNING)
    disk = own.disks(returning)[2]
    own.reconfigure(returning, change("remove", disk))
    own.reconfigure(target, change("add", existing(disk, 5, bare=True)))
    found = own.disks(target)[-1]
    assert (found.backing.uuid, found.capacityInBytes) == (disk.backing.uuid, disk.capacityInBytes)


def test_sixty_disks(own, change):
    """Four controllers of fifteen.

    Source: vSphere Virtual Machine Administration, SCSI and SATA Storage Controller Conditions (four SCSI controllers, node 7
    is the controller's):
    https://docs.vmware.com/en/VMware-vSphere/6.5/com.vmware.vsphere.vm_admin.doc/GUID-5872D173-A076-42FE-8D0B-9DB0EB0E7362.html
    """
    target = own.vm(MASTER_TARGET)
    controllers = [
        vim.vm.device.VirtualLsiLogicSASController(key=-bus, busNumber=bus, sharedBus="noSharing", controllerKey=100)
        for bus in (1, 2, 3)
    ]
    own.reconfigure(target, *(change("add", controller) for controller in controllers))
    keys = sorted(d.key for d in target.config.hardware.device if isinstance(d, vim.vm.device.VirtualSCSIController))
    assert len(keys) == 4
    taken = {(1000, 0), (1000, 1)}
    free = [(key, unit) for key in keys for unit in range(16) if unit != 7 and (key, unit) not in taken]
    disks = [
        vim.vm.device.VirtualDisk(
            key=-200 - index,
            controllerKey=key,
            unitNumber=unit,
            capacityInKB=1024,
            backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName="[vmfs-infra-1]", diskMode="persistent"),
        )
        for index, (key, unit) in enumerate(free)
    ]
    own.reconfigure(target, *(change("add", disk, "create") for disk in disks))
    assert target.summary.config.numVirtualDisks == len(own.disks(target)) == 60
    assert len({d.backing.uuid for d in own.disks(target)}) == 60


def test_new_disk_takes_space(own, change):
    """A hot-added disk of 10 GiB in the machine's own directory.

    Source: API, VirtualDeviceConfigSpec.fileOperation (create), DatastoreSummary.freeSpace.
    """
    target = own.vm(MASTER_TARGET)
    space = own.find(vim.Datastore, "vmfs-infra-1").summary.freeSpace
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName="[vmfs-infra-1]", diskMode="persistent")
    disk = vim.vm.device.VirtualDisk(key=-201, controllerKey=1000, unitNumber=2, capacityInKB=10 * GIB // 1024, backing=backing)
    own.reconfigure(target, change("add", disk, "create"))
    assert own.find(vim.Datastore, "vmfs-infra-1").summary.freeSpace == space - 10 * GIB


@pytest.mark.parametrize(
    ("field", "value"),
    [("unitNumber", 7), ("controllerKey", 1009), ("unitNumber", 0)],
    ids=["unit of the controller", "no such controller", "unit taken"],
)
def test_disk_that_cannot_be_is_refused(own, change, field, value):
    """Unit 7, a unit that is taken and an unknown controller, which the library alone accepts.

    Source: API, VirtualDevice.{controllerKey, unitNumber}, InvalidDeviceSpec; which fault it is, is recalled.
    """
    target = own.vm(MASTER_TARGET)
    disk = existing(own.disks(own.vm(RETURNING))[0], 3)
    setattr(disk, field, value)
    with pytest.raises(vim.fault.InvalidDeviceSpec):
        own.reconfigure(target, change("add", disk))
    assert len(own.disks(target)) == 2


def test_fifth_scsi_controller_is_refused(own, change):
    """Four SCSI controllers at most.

    Source: vSphere Virtual Machine Administration, as for sixty disks; which fault it is, is recalled.
    """
    controllers = [
        vim.vm.device.VirtualLsiLogicController(key=-bus, busNumber=bus, sharedBus="noSharing", controllerKey=100)
        for bus in (1, 2, 3, 4)
    ]
    with pytest.raises(vim.fault.InvalidDeviceSpec):
        own.reconfigure(own.vm(MASTER_TARGET), *(change("add", controller) for controller in controllers))


@pytest.mark.parametrize("file", ["[vmfs-infra-1] nobody/nobody.vmdk", "[nowhere] a/a.vmdk"])
def test_missing_file_is_refused(own, change, file):
    """A file that is not there; a datastore that the host does not mount would end the library.

    Source: API, VirtualDeviceConfigSpec.fileOperation, FileNotFound, InvalidDatastorePath; govmomi,
    simulator/virtual_machine.go.
    """
    disk = existing(own.disks(own.vm(RETURNING))[0], 3)
    disk.backing.fileName = file
    with pytest.raises((vim.fault.FileNotFound, vim.fault.InvalidDatastorePath)):
        own.reconfigure(own.vm(MASTER_TARGET), change("add", disk))
    own.vcenter.check()


def test_controller_change_needs_the_machine_off(own, change):
    """Editing or removing a controller and moving a disk while the machine runs ends in InvalidPowerState, as the task's error.

    Source: API, VirtualMachine.ReconfigVM_Task and InvalidPowerState; that it is this fault, is recalled.
    """
    target = own.vm("mt-lin-1")
    own.run(target.RemoveAllSnapshots_Task())
    controller = next(d for d in target.config.hardware.device if isinstance(d, vim.vm.device.VirtualSCSIController))
    disk = own.disks(target)[1]
    disk.unitNumber = 4
    for operation, item in (("edit", controller), ("remove", controller), ("edit", disk)):
        with pytest.raises(vim.fault.InvalidPowerState):
            own.reconfigure(target, change(operation, item))
    own.run(target.PowerOffVM_Task())
    own.reconfigure(target, change("edit", disk))
    moved = own.disks(target)[1]
    assert (moved.unitNumber, moved.backing.uuid, moved.capacityInBytes) == (4, disk.backing.uuid, disk.capacityInBytes)


def test_paravirtual_becomes_lsi(own, change):
    """Remove and add of the controller with the same key leaves the disks, with the machine off.

    Source: API, VirtualDeviceConfigSpec.operation, VirtualDevice.controllerKey; govmomi, simulator/virtual_machine.go.
    """
    vm = own.vm("mail-relay-1")
    old = next(d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualSCSIController))
    new = vim.vm.device.ParaVirtualSCSIController(key=old.key, busNumber=0, sharedBus="noSharing", controllerKey=100)
    own.reconfigure(vm, change("remove", old), change("add", new))
    assert [type(d) for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualSCSIController)] == [
        vim.vm.device.ParaVirtualSCSIController
    ]
    assert own.disks(vm)[0].controllerKey == old.key


def test_a_controller_gives_way_to_one_of_another_kind_with_its_disks(own, change):
    """One call: the old one goes, a new one comes on its bus under its key, and the disks are edited onto that.

    Source: API, VirtualDeviceConfigSpec; the form of the call: terraform-provider-vsphere, swapSCSIDevice; that keys follow from
    the bus, is recalled.
    """
    vm = own.vm("mail-relay-1")
    old = next(d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualSCSIController))
    disk = own.disks(vm)[0]
    kept = (disk.backing.uuid, disk.backing.fileName, disk.unitNumber)
    new = vim.vm.device.VirtualLsiLogicSASController(key=-101, busNumber=0, sharedBus="noSharing", controllerKey=100)
    disk.controllerKey = -101
    own.reconfigure(vm, change("remove", old), change("add", new), change("edit", disk))
    (found,) = (d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualSCSIController))
    after = own.disks(vm)[0]
    assert (type(found), found.key) == (vim.vm.device.VirtualLsiLogicSASController, old.key)
    assert after.controllerKey == found.key
    assert (after.backing.uuid, after.backing.fileName, after.unitNumber) == kept


def test_a_change_of_another_version_is_refused(own):
    """A configuration that was changed since it was read is not changed again.

    Source: API, VirtualMachineConfigSpec.changeVersion, ConcurrentAccess.
    """
    vm = own.vm("mail-relay-1")
    version = vm.config.changeVersion
    own.reconfigure(vm, changeVersion=version, annotation="first")
    assert vm.config.changeVersion != version
    with pytest.raises(vim.fault.ConcurrentAccess):
        own.reconfigure(vm, changeVersion=version, annotation="second")
    assert vm.config.annotation == "first"
