"""Where each disk of a machine is after a Storage vMotion of its master target: found by its backing UUID, never by its file.

Source: vendor's page on preparing failback: the disks move with the master target, the failback's detach fails, and they are to
be found and attached to the on-premises machine before it boots. vSphere VirtualDisk.backing.{uuid, fileName}, controllerKey,
unitNumber.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from failback_operator.api.v1alpha1.failback_machine import MovedDisk, Recorded, RecordedDisk
from failback_operator.domain.steps import DiskPlace
from failback_operator.domain.vsphere import Disk, VirtualMachine

DELTA = re.compile(r"-\d{6}\.vmdk$")
NEEDED = frozenset({"disks", "controllers"})
"""Fields without which nothing is known of where a VM's disks are."""


class Where(StrEnum):
    """Where a disk is. `Detached`: on neither VM, or its own VM names a file only in which it no longer lies."""

    HOME = "Home"
    ON_TARGET = "OnTarget"
    DETACHED = "Detached"
    UNCLEAR = "Unclear"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A disk and where it is; `why`: what makes it unclear, which a person must look at."""

    place: DiskPlace
    where: Where
    why: str = ""


def places(record: Recorded, moved: Iterable[MovedDisk], vm: VirtualMachine) -> tuple[tuple[DiskPlace, ...], tuple[str, ...]]:
    """Where each recorded disk belongs on its VM and in which file it was seen last; and why that is not known of the others."""
    files = last_files(moved, record.failed_over_at)
    found, gaps = [], []
    for disk in record.disks:
        key, gap = _controller(disk, vm)
        if key is None or disk.uuid is None or disk.unit is None:
            gaps.append(gap or f"{disk.file}: its UUID or its unit was not recorded")
            continue
        seen = files.get(disk.uuid.casefold())
        found.append(DiskPlace(disk.uuid, seen or disk.file, disk.file, key, disk.unit, is_seen=seen is not None))
    return tuple(found), tuple(gaps)


def last_files(moved: Iterable[MovedDisk], failed_over_at: datetime) -> dict[str, str]:
    """The file in which each disk was last seen on the master target, by its UUID, case-folded."""
    return {each.uuid.casefold(): each.file for each in moved if each.failed_over_at == failed_over_at}


def unstored(record: Recorded, moved: Iterable[MovedDisk], target: VirtualMachine) -> tuple[MovedDisk, ...]:
    """The record's disks on the target's VM whose files are not stored yet: without them a detached disk would be lost."""
    files, own = last_files(moved, record.failed_over_at), {d.uuid.casefold() for d in record.disks if d.uuid}
    return tuple(
        MovedDisk(failed_over_at=record.failed_over_at, uuid=disk.uuid, file=disk.file_name)
        for disk in sorted(target.disks, key=lambda d: d.key)
        if disk.uuid and disk.uuid.casefold() in own and files.get(disk.uuid.casefold()) != disk.file_name
    )


def _controller(disk: RecordedDisk, vm: VirtualMachine) -> tuple[int | None, str]:
    """The key of the controller on which the disk was: as recorded, else the only one of its bus number."""
    if disk.controller_key is not None:
        keys = [c.key for c in vm.controllers if c.key == disk.controller_key]
    else:
        keys = [c.key for c in vm.controllers if c.bus_number == disk.bus]
    if len(keys) == 1:
        return keys[0], ""
    return None, f"{disk.file}: VM {vm.name} has not exactly one controller as it was recorded"


def whereabouts(wanted: Iterable[DiskPlace], vm: VirtualMachine, target: VirtualMachine) -> tuple[Whereabouts, ...]:
    """Where each disk is, of VMs whose NEEDED fields were read."""
    return tuple(_find(place, vm, target) for place in wanted)


def _find(place: DiskPlace, vm: VirtualMachine, target: VirtualMachine) -> Whereabouts:
    kept, slot = with_uuid(target.disks, place.uuid), at_place(vm, place)
    why = _misplaced(place, vm, slot) or (_doubtful(place, vm, slot, kept) if kept else _lost(place, vm, slot))
    if why is not None:
        return Whereabouts(place, Where.UNCLEAR, why)
    if kept:
        return Whereabouts(place, Where.ON_TARGET)
    return Whereabouts(place, Where.DETACHED if slot is None or _is_stale(slot, place) else Where.HOME)


def _misplaced(place: DiskPlace, vm: VirtualMachine, slot: Disk | None) -> str | None:
    """What is wrong on its own VM."""
    if place.controller_key not in {c.key for c in vm.controllers}:
        return f"VM {vm.name} has no controller {place.controller_key} any more"
    others = [d for d in with_uuid(vm.disks, place.uuid) if slot is None or d.key != slot.key]
    if others:
        return f"VM {vm.name} has it elsewhere, as {others[0].label} ({others[0].file_name})"
    if slot is not None and not _has_uuid(slot, place.uuid) and not _is_stale(slot, place):
        return f"its unit on VM {vm.name} is taken by {slot.label} ({slot.file_name}, UUID {slot.uuid or 'not told'})"
    return None


def _doubtful(place: DiskPlace, vm: VirtualMachine, slot: Disk | None, kept: tuple[Disk, ...]) -> str | None:
    """What is wrong with a disk that the master target has."""
    if len(kept) > 1:
        return f"the master target has two disks of this UUID: {', '.join(d.file_name for d in kept)}"
    if place.is_seen and kept[0].file_name != place.file:
        return f"on the master target it lies in {kept[0].file_name}, and lay in {place.file} before"
    if place.is_seen and slot is not None and not _is_stale(slot, place) and _is_moved(place):
        return f"both VM {vm.name} and the master target have it"
    return None


def _lost(place: DiskPlace, vm: VirtualMachine, slot: Disk | None) -> str | None:
    """What is wrong with a disk that the master target does not have (any more)."""
    if slot is None:
        return None if place.is_seen else "it is attached to neither VM, and where it lies was not seen"
    is_known = not _is_moved(place) or base_file(slot.file_name) in {base_file(place.file), base_file(place.file_before)}
    return None if is_known else f"VM {vm.name} has it in {slot.file_name}, and it was seen in {place.file}"


def _is_moved(place: DiskPlace) -> bool:
    return base_file(place.file) != base_file(place.file_before)


def _is_stale(slot: Disk, place: DiskPlace) -> bool:
    """Whether it is what is left of the disk on its VM, which names the file of before; its UUID may not be told any more."""
    return _is_moved(place) and base_file(slot.file_name) == base_file(place.file_before)


def base_file(file_name: str) -> str:
    """The file without the number of a snapshot: reprotect merges snapshots, and later ones may come."""
    return DELTA.sub(".vmdk", file_name)


def with_uuid(disks: Collection[Disk], uuid: str) -> tuple[Disk, ...]:
    """The disks of that backing UUID."""
    return tuple(disk for disk in disks if _has_uuid(disk, uuid))


def at_place(vm: VirtualMachine, place: DiskPlace) -> Disk | None:
    """What hangs on the VM where the disk belongs."""
    return next((d for d in vm.disks if (d.controller_key, d.unit_number) == (place.controller_key, place.unit)), None)


def _has_uuid(disk: Disk, uuid: str) -> bool:
    return (disk.uuid or "").casefold() == uuid.casefold()
