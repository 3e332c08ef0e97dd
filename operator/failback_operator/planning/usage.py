"""Whose disks lie on a master target, and how many slots that leaves."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from failback_operator.domain.limits import Limits
from failback_operator.domain.usage import DiskUsage
from failback_operator.domain.vsphere import Controller, Disk


@dataclass(slots=True)
class ProtectedDisks:
    """Disks of protected machines by backing file and by backing UUID; each leads to the machine's item id, case-folded."""

    by_file: dict[str, str] = field(default_factory=dict)
    by_uuid: dict[str, str] = field(default_factory=dict)

    def add(self, item_key: str, file_name: str, uuid: str | None) -> None:
        """Remember a disk; the first item that claims it keeps it."""
        self.by_file.setdefault(file_name.casefold(), item_key)
        if uuid:
            self.by_uuid.setdefault(uuid.casefold(), item_key)

    def owner(self, disk: Disk) -> str | None:
        """The item whose disk it is, or None for a disk of no protected item."""
        by_uuid = self.by_uuid.get(disk.uuid.casefold()) if disk.uuid else None
        return by_uuid or self.by_file.get(disk.file_name.casefold())


@dataclass(frozen=True, slots=True)
class Occupancy:
    """The disks on a master target's VM: its own, and those of each item (key: item id, case-folded)."""

    own: int
    by_item: Mapping[str, int]


def occupancy(disks: Collection[Disk], protected: ProtectedDisks) -> Occupancy:
    """Tell own disks from protected ones."""
    owners = Counter(protected.owner(disk) for disk in disks)
    own = owners.pop(None, 0)
    by_item = {key: count for key, count in owners.items() if key is not None}
    return Occupancy(own, dict(sorted(by_item.items())))


def slot_limit(max_disks: int, limits: Limits, controllers: Collection[Controller] = (), disks: Collection[Disk] = ()) -> int:
    """Most disks on a master target: maxDisks, the documented 60, and the SCSI slots that could be.

    A SCSI controller that a master target may not have takes the place of one that it may; a disk on it, or on no SCSI
    controller at all, needs none of their slots.
    """
    accepted = {c.key for c in controllers if c.kind in limits.accepted_controllers}
    in_the_way = sum(c.is_scsi and c.key not in accepted for c in controllers)
    elsewhere = sum(bool(controllers) and disk.controller_key not in accepted for disk in disks)
    slots = max(0, limits.scsi_controllers - in_the_way) * limits.scsi_slots_per_controller
    return min(max_disks, limits.disks_per_master_target, slots + elsewhere)


def disk_usage(found: Occupancy, runs_here: Collection[str], reserved: int, limit: int) -> DiskUsage:
    """Where the slots are. `runs_here` are the items that go through this target now; disks of others on it are orphaned."""
    attached = sum(count for key, count in found.by_item.items() if key in runs_here)
    orphaned = sum(found.by_item.values()) - attached
    return DiskUsage(own=found.own, attached=attached, orphaned=orphaned, reserved=reserved, limit=limit)
