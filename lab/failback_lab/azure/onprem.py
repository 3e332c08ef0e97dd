"""The on-premises side as the configuration server sees it: what it reads from vCenter and what it does there."""

from dataclasses import dataclass
from typing import Protocol


class OnPremisesError(Exception):
    """vCenter could not be read or refused an action."""


@dataclass(frozen=True, slots=True)
class DiskReading:
    """A virtual disk as it hangs on a VM."""

    key: int
    label: str
    uuid: str
    file: str
    capacity_bytes: int


@dataclass(frozen=True, slots=True)
class DatastoreReading:
    """A datastore of a host."""

    name: str
    uuid: str
    type: str
    capacity_bytes: int
    free_bytes: int
    is_writable: bool


@dataclass(frozen=True, slots=True)
class VolumeReading:
    """A volume of a guest as VMware Tools tell it."""

    path: str
    filesystem: str
    capacity_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class MachineReading:
    """What the configuration server knows of one VM and of the host on which it is registered."""

    name: str
    host: str
    is_powered_on: bool
    tools_running: bool
    has_snapshot: bool
    has_paravirtual_controller: bool
    disk_uuid_enabled: bool
    memory_mib: int
    host_free_mib: int
    """Free memory of the host, or of the host of its cluster that has most of it where DRS chooses."""
    host_machines: tuple[str, ...]
    """Names of all VMs registered on that host."""
    disks: tuple[DiskReading, ...]
    volumes: tuple[VolumeReading, ...]
    host_datastores: tuple[DatastoreReading, ...]
    datastores: tuple[str, ...]
    """Names of the datastores on which the VM lies."""


@dataclass(frozen=True, slots=True)
class NewMachine:
    """A VM to be made of disks that are there, on the host and in the pool of another VM."""

    name: str
    bios_uuid: str
    guest_id: str
    memory_mib: int
    mac_address: str
    beside: str
    """BIOS UUID of the VM on whose host it is made."""
    disks: tuple[DiskReading, ...]


class OnPremises(Protocol):
    """Blocking calls; machines are known by BIOS UUID, as the configuration server knows them.

    Each raises OnPremisesError.
    """

    def read(self, bios_uuid: str) -> MachineReading | None:
        """The VM, or None when vCenter does not know it."""

    def close(self) -> None:
        """Log out; no call follows."""

    def power_off(self, bios_uuid: str) -> None:
        """Cut the power; nothing to do when it is off."""

    def power_on(self, bios_uuid: str) -> None:
        """Switch on; nothing to do when it is on."""

    def remove_snapshots(self, bios_uuid: str) -> None:
        """Merge all snapshots."""

    def attach(self, bios_uuid: str, disks: tuple[DiskReading, ...]) -> None:
        """Attach existing disks of another VM, with further controllers where slots are short."""

    def detach(self, bios_uuid: str, files: tuple[str, ...]) -> None:
        """Detach disks by backing file, keeping the files."""

    def make_disks(self, bios_uuid: str, datastore: str, folder: str, sizes: tuple[int, ...]) -> tuple[DiskReading, ...]:
        """Make disks of so many bytes in a new folder of a datastore, and attach them to a VM."""

    def create(self, new: NewMachine) -> None:
        """Make a VM, switched off."""
