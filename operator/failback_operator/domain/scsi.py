"""The SCSI buses of a VM: what is on them, what is free, and where the boot disk may be.

Source: vSphere API, VirtualSCSIController: 4 buses of 16 units, of which unit 7 is the controller's own.
"""

from collections.abc import Collection
from dataclasses import dataclass

from failback_operator.domain.vsphere import Controller, ControllerKind, Disk, GuestVolume, VirtualMachine

BUSES, UNITS, OWN_UNIT = 4, 16, 7
SYSTEM_VOLUMES = frozenset({"c", "", "/boot", "/boot/efi"})
r"""`C:\`, `/` and what boots them, bare."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A free place for a disk."""

    controller_key: int
    unit_number: int


def paravirtual(vm: VirtualMachine) -> tuple[Controller, ...]:
    """The paravirtual controllers, empty ones among them."""
    return tuple(c for c in vm.controllers if c.kind is ControllerKind.PARAVIRTUAL)


def of_kind(vm: VirtualMachine, kinds: Collection[ControllerKind]) -> tuple[Controller, ...]:
    """The controllers of these kinds."""
    return tuple(c for c in vm.controllers if c.kind in kinds)


def disks_on(vm: VirtualMachine, controllers: Collection[Controller]) -> tuple[Disk, ...]:
    """The disks on these controllers."""
    keys = {c.key for c in controllers}
    return tuple(d for d in vm.disks if d.controller_key in keys)


def free_bus(vm: VirtualMachine) -> int | None:
    """The first SCSI bus without a controller; None where all four have one."""
    taken = {c.bus_number for c in vm.controllers if c.is_scsi}
    return next((bus for bus in range(BUSES) if bus not in taken), None)


def free_slot(vm: VirtualMachine, kinds: Collection[ControllerKind]) -> Slot | None:
    """The first free unit on a controller of these kinds, in the order of buses."""
    for controller in sorted(of_kind(vm, kinds), key=lambda c: c.bus_number):
        taken = {d.unit_number for d in disks_on(vm, (controller,))} | {OWN_UNIT}
        for unit in range(UNITS):
            if unit not in taken:
                return Slot(controller.key, unit)
    return None


def boot_disks(vm: VirtualMachine) -> tuple[Disk, ...]:
    """The disks from which the guest may boot: the first on the SCSI buses, and those under its system volumes.

    Which one it is no property tells; the second are known only where the tools tell the disks of volumes.
    """
    buses = {c.key: c.bus_number for c in vm.controllers if c.is_scsi}
    on_scsi = sorted(
        (d for d in vm.disks if d.controller_key in buses), key=lambda d: (buses[d.controller_key], d.unit_number or 0)
    )
    system = {key for volume in vm.guest.volumes if _is_system(volume) for key in volume.disk_keys}
    first = {on_scsi[0].key} if on_scsi else set()
    return tuple(d for d in vm.disks if d.key in system | first)


def moves_boot_disk(vm: VirtualMachine) -> bool:
    """Whether the boot disk may hang on a paravirtual controller."""
    keys = {c.key for c in paravirtual(vm)}
    return any(d.controller_key in keys for d in boot_disks(vm))


def needs_driver_first(vm: VirtualMachine, kind: ControllerKind) -> bool:
    """Whether the guest must boot once beside a controller of that kind, before its boot disk hangs on one.

    A guest that uses a disk on such a controller has the driver.
    """
    return moves_boot_disk(vm) and not disks_on(vm, of_kind(vm, {kind}))


def _is_system(volume: GuestVolume) -> bool:
    return volume.path.rstrip(":\\/").casefold() in SYSTEM_VOLUMES
