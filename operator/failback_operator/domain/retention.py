"""Disks of a VM that wait to be formatted: what a retention disk is until a person has mounted it."""

from dataclasses import dataclass
from typing import Self

from failback_operator.domain.ids import Moref
from failback_operator.domain.scsi import boot_disks
from failback_operator.domain.vsphere import Disk, VirtualMachine

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class RetentionDisk:
    """A disk to be added. As a text it is the subject of the effect's key."""

    datastore: Moref
    size_gib: int

    def __str__(self) -> str:
        return f"{self.datastore}:{self.size_gib}"

    @classmethod
    def parse(cls, subject: str) -> Self:
        """The disk of a subject."""
        datastore, _, size = subject.rpartition(":")
        return cls(Moref(datastore), int(size))

    def is_like(self, disk: Disk) -> bool:
        """Whether the disk has its place and size."""
        return disk.datastore == self.datastore and disk.capacity_bytes == self.size_gib * GIB


def waiting_disks(vm: VirtualMachine, wanted: RetentionDisk | None) -> tuple[Disk, ...]:
    """The disks on which no volume is known to be: such a one must be formatted before another is added.

    Where the tools tell of no volume on which disks it lies (`mappings`, since 7.0), only a disk like the wanted one is taken
    for one of them. Never a disk that the guest may boot from.
    """
    boot = {disk.key for disk in boot_disks(vm)}
    mapped = {key for volume in vm.guest.volumes for key in volume.disk_keys}
    others = (disk for disk in vm.disks if disk.key not in boot | mapped)
    return tuple(disk for disk in others if mapped or (wanted is not None and wanted.is_like(disk)))


def has_taken(vm: VirtualMachine, wanted: RetentionDisk) -> bool:
    """Whether the wanted disk is there, and unformatted."""
    return any(wanted.is_like(disk) for disk in waiting_disks(vm, wanted))
