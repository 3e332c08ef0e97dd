"""`config.hardware.device` of a VM → its disks, controllers and network cards."""

from collections.abc import Iterable
from typing import Any

from pyVmomi import vim

from failback_operator.domain.vsphere import Controller, ControllerKind, Disk, NetworkCard
from failback_operator.observe.vsphere.retrieve import moref_of

_device = vim.vm.device

CONTROLLERS = (
    # LSI Logic SAS is no kind of LSI Logic in the vendor's types; AHCI is one of SATA.
    (_device.VirtualLsiLogicController, ControllerKind.LSI_LOGIC),
    (_device.VirtualLsiLogicSASController, ControllerKind.LSI_LOGIC_SAS),
    (_device.ParaVirtualSCSIController, ControllerKind.PARAVIRTUAL),
    (_device.VirtualBusLogicController, ControllerKind.BUS_LOGIC),
    (_device.VirtualNVMEController, ControllerKind.NVME),
    (_device.VirtualSATAController, ControllerKind.SATA),
    (_device.VirtualIDEController, ControllerKind.IDE),
)
RAW_BACKINGS = (_device.VirtualDisk.RawDiskMappingVer1BackingInfo, _device.VirtualDisk.RawDiskVer2BackingInfo)


def disks(devices: Iterable[Any]) -> tuple[Disk, ...]:
    """The virtual disks, by key."""
    found = [_disk(device) for device in devices if isinstance(device, _device.VirtualDisk)]
    return tuple(sorted(found, key=lambda disk: disk.key))


def controllers(devices: Iterable[Any]) -> tuple[Controller, ...]:
    """The controllers that may hold disks, by key."""
    found = [
        Controller(key=device.key, kind=kind, bus_number=device.busNumber)
        for device in devices
        for vendor_type, kind in CONTROLLERS
        if isinstance(device, vendor_type)
    ]
    return tuple(sorted(found, key=lambda controller: controller.key))


def cards(devices: Iterable[Any]) -> tuple[NetworkCard, ...]:
    """The network cards, by key. Source: API, VirtualDevice.connectable (connected is of use only while the VM runs)."""
    found = (device for device in devices if isinstance(device, _device.VirtualEthernetCard))
    made = (NetworkCard(card.key, card.connectable.connected if card.connectable is not None else None) for card in found)
    return tuple(sorted(made, key=lambda card: card.key))


def mac_addresses(devices: Iterable[Any]) -> tuple[str, ...]:
    """The MAC addresses of the network cards, as twelve hexadecimal digits in lower case."""
    cards = (device for device in devices if isinstance(device, _device.VirtualEthernetCard))
    return tuple(sorted({card.macAddress.replace(":", "").casefold() for card in cards if card.macAddress}))


def nic_count(devices: Iterable[Any]) -> int:
    """How many network cards there are, connected or not."""
    return sum(isinstance(device, _device.VirtualEthernetCard) for device in devices)


def _disk(device: Any) -> Disk:
    # Backings differ in what they have: a raw device has no parent, a remote one no datastore.
    backing = device.backing
    datastore = getattr(backing, "datastore", None)
    capacity = device.capacityInBytes  # since API 5.5
    return Disk(
        key=device.key,
        label=device.deviceInfo.label if device.deviceInfo else f"disk {device.key}",
        controller_key=device.controllerKey,
        unit_number=device.unitNumber,
        file_name=getattr(backing, "fileName", None) or getattr(backing, "descriptorFileName", None) or "",
        datastore=None if datastore is None else moref_of(datastore),
        uuid=getattr(backing, "uuid", None),
        capacity_bytes=device.capacityInKB * 1024 if capacity is None else capacity,
        has_parent=getattr(backing, "parent", None) is not None,
        is_raw_device=isinstance(backing, RAW_BACKINGS),
        is_thin=getattr(backing, "thinProvisioned", None),
    )
