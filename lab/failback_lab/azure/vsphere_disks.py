"""Reconfigurations that attach other VMs' disks to a master target and detach them."""

from collections.abc import Iterator
from typing import Any

from pyVmomi import vim

from .onprem import DiskReading, NewMachine, OnPremisesError

UNITS = tuple(unit for unit in range(16) if unit != 7)
MAX_CONTROLLERS = 4


def attach_spec(devices: Any, disks: tuple[DiskReading, ...]) -> Any:
    """Add existing disks at free places, with further controllers of the kind that is there when places are short."""
    changes, places = _places(devices, len(disks))
    for number, (disk, (key, unit)) in enumerate(zip(disks, places, strict=False)):
        changes.append(_added(_existing_disk(disk, -(2000 + number), key, unit)))
    return vim.vm.ConfigSpec(deviceChange=changes)


def create_spec(devices: Any, files: dict[str, int]) -> Any:
    """Add new disks, by file their size in bytes, in the same way."""
    changes, places = _places(devices, len(files))
    for number, ((file, size), (key, unit)) in enumerate(zip(files.items(), places, strict=False)):
        added = _added(_new_disk(file, size, -(2000 + number), (key, unit)))
        added.fileOperation = vim.vm.device.VirtualDeviceSpec.FileOperation.create
        changes.append(added)
    return vim.vm.ConfigSpec(deviceChange=changes)


def _places(devices: Any, count: int) -> tuple[list[Any], list[tuple[int, int]]]:
    """The controllers to add for so many disks, and free places for these."""
    controllers = [d for d in devices if isinstance(d, vim.vm.device.VirtualSCSIController)]
    taken: set[Any] = {(d.controllerKey, d.unitNumber) for d in devices if isinstance(d, vim.vm.device.VirtualDisk)}
    changes, places = [], list(_free_places(controllers, taken))
    while len(places) < count:
        controller = _next_controller(controllers)
        controllers.append(controller)
        changes.append(_added(controller))
        places += [(controller.key, unit) for unit in UNITS]
    return changes, places


def _free_places(controllers: list[Any], taken: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for controller in sorted(controllers, key=lambda c: c.busNumber):
        for unit in UNITS:
            if (controller.key, unit) not in taken:
                yield controller.key, unit


def _next_controller(controllers: list[Any]) -> Any:
    buses = {c.busNumber for c in controllers}
    free = next((bus for bus in range(MAX_CONTROLLERS) if bus not in buses), None)
    if free is None or not controllers:
        raise OnPremisesError("the master target has no free SCSI place")
    kind = type(controllers[0])
    return kind(key=-(1000 + free), busNumber=free, sharedBus=vim.vm.device.VirtualSCSIController.Sharing.noSharing)


def _existing_disk(disk: DiskReading, key: int, controller: int, unit: int) -> Any:
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName=disk.file, diskMode=vim.vm.device.VirtualDiskOption.DiskMode.persistent, uuid=disk.uuid
    )
    return vim.vm.device.VirtualDisk(
        key=key, controllerKey=controller, unitNumber=unit, backing=backing, capacityInKB=disk.capacity_bytes // 1024
    )


def _new_disk(file: str, size: int, key: int, place: tuple[int, int]) -> Any:
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName=file, diskMode=vim.vm.device.VirtualDiskOption.DiskMode.persistent, thinProvisioned=True
    )
    controller, unit = place
    return vim.vm.device.VirtualDisk(
        key=key, controllerKey=controller, unitNumber=unit, backing=backing, capacityInKB=size // 1024, capacityInBytes=size
    )


def _added(device: Any) -> Any:
    return vim.vm.device.VirtualDeviceSpec(operation=vim.vm.device.VirtualDeviceSpec.Operation.add, device=device)


def new_machine_spec(new: NewMachine) -> Any:
    """A VM with a controller and a network card, whose disks are attached afterwards."""
    datastore = new.disks[0].file.partition("]")[0] + "]"
    sharing = vim.vm.device.VirtualSCSIController.Sharing.noSharing
    devices = [
        vim.vm.device.VirtualLsiLogicSASController(key=-1000, busNumber=0, sharedBus=sharing),
        vim.vm.device.VirtualVmxnet3(key=-4000, addressType="manual", macAddress=new.mac_address),
    ]
    return vim.vm.ConfigSpec(
        name=new.name,
        uuid=new.bios_uuid,
        guestId=new.guest_id,
        memoryMB=new.memory_mib,
        numCPUs=2,
        files=vim.vm.FileInfo(vmPathName=datastore),
        deviceChange=[_added(device) for device in devices],
    )


def detach_spec(devices: Any, files: tuple[str, ...]) -> Any:
    """Remove disks by backing file and keep the files. Raises OnPremisesError where one is not attached."""
    disks: list[Any] = [d for d in devices if isinstance(d, vim.vm.device.VirtualDisk)]
    attached = {d.backing.fileName: d for d in disks}
    missing = set(files) - set(attached)
    if missing:
        raise OnPremisesError(f"not attached: {', '.join(sorted(missing))}")
    remove = vim.vm.device.VirtualDeviceSpec.Operation.remove
    changes = [vim.vm.device.VirtualDeviceSpec(operation=remove, device=attached[file]) for file in files]
    return vim.vm.ConfigSpec(deviceChange=changes)
