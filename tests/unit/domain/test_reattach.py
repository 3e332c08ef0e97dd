"""Where a disk is after its master target was moved: found by UUID; what does not fit together is a person's."""

from dataclasses import replace

import pytest
from tests.unit import builders as b

from failback_operator.api.v1alpha1.failback_machine import MovedDisk, RecordedDisk
from failback_operator.domain.reattach import Where, base_file, places, unstored, whereabouts
from failback_operator.domain.steps import DiskPlace
from failback_operator.domain.vsphere import Controller, ControllerKind

BEFORE, MOVED = "[vmfs-1] app-1/app-1_0.vmdk", "[vmfs-2] mt-win/app-1_0.vmdk"
DISK = b.disk()
UUID = DISK.uuid
PLACE = DiskPlace(UUID, MOVED, BEFORE, 1000, 0)
STAYED = replace(PLACE, file=BEFORE)
UNSEEN = replace(STAYED, is_seen=False)
ON_MT = b.disk(5, uuid=UUID, file_name=MOVED)
OTHER = b.disk(uuid="another", file_name="[vmfs-1] x/x.vmdk")


def vm(*disks, **changes):
    return b.vm(disks=disks, **changes)


def target(*disks):
    return b.target_vm(disks=(*b.disks(2, "mt-win"), *disks))


H, T, D, U = Where.HOME, Where.ON_TARGET, Where.DETACHED, Where.UNCLEAR
CASES = {
    "left on the target, its own VM names the old file": (PLACE, vm(DISK), target(ON_MT), T, ""),
    "left on the target, nothing on its VM": (PLACE, vm(), target(ON_MT), T, ""),
    "what is left on its VM tells no UUID": (PLACE, vm(replace(DISK, uuid=None)), target(ON_MT), T, ""),
    "on the target, not moved": (STAYED, vm(DISK), target(replace(ON_MT, file_name=BEFORE)), T, ""),
    "taken off the target": (PLACE, vm(DISK), target(), D, ""),
    "taken off the target, and off its VM": (PLACE, vm(), target(), D, ""),
    "attached again": (PLACE, vm(replace(DISK, file_name=MOVED)), target(), H, ""),
    "attached again, a snapshot since": (PLACE, vm(replace(DISK, file_name=MOVED.replace(".", "-000001."))), target(), H, ""),
    "taken off the target, not moved": (STAYED, vm(DISK), target(), H, ""),
    "never on the target": (UNSEEN, vm(DISK), target(), H, ""),
    "never on the target, moved by itself": (UNSEEN, vm(replace(DISK, file_name="[vmfs-9] a.vmdk")), target(), H, ""),
    "nowhere, and never seen": (UNSEEN, vm(), target(), U, "where it lies was not seen"),
    "moved again": (PLACE, vm(DISK), target(replace(ON_MT, file_name="[vmfs-3] z.vmdk")), U, "lay in [vmfs-2]"),
    "twice on the target": (PLACE, vm(DISK), target(ON_MT, replace(ON_MT, key=2009)), U, "two disks of this UUID"),
    "on both": (PLACE, vm(replace(DISK, file_name=MOVED)), target(ON_MT), U, "both VM app-1 and the master target"),
    "elsewhere on its VM": (PLACE, vm(replace(DISK, key=2009, unit_number=9)), target(), U, "has it elsewhere"),
    "its unit is taken": (PLACE, vm(OTHER), target(ON_MT), U, "is taken by Hard disk 1"),
    "another file on its VM": (PLACE, vm(replace(DISK, file_name="[vmfs-7] q.vmdk")), target(), U, "was seen in [vmfs-2]"),
    "no such controller": (PLACE, vm(DISK, controllers=()), target(ON_MT), U, "has no controller 1000"),
    "the file has another UUID": (PLACE, vm(replace(DISK, file_name=MOVED, uuid="another")), target(), U, "UUID another"),
}


@pytest.mark.parametrize("name", CASES)
def test_where_it_is(name):
    place, own, other, where, why = CASES[name]
    (found,) = whereabouts((place,), own, other)
    assert (found.where, found.place) == (where, place)
    assert why in found.why
    assert bool(found.why) is (where is U)


def recorded(**changes):
    base = RecordedDisk(file=BEFORE, uuid=UUID, capacity_bytes=1, datastore="vmfs-1", key=2000, bus=0, unit=0)
    return base.model_copy(update=changes)


IDE = Controller(200, ControllerKind.IDE, 0)
SCSI = b.controller()


@pytest.mark.parametrize(
    ("disk", "controllers", "key"),
    [
        (recorded(controller_key=1000), (SCSI,), 1000),
        (recorded(controller_key=1000), (SCSI, IDE), 1000),
        (recorded(), (SCSI,), 1000),
        (recorded(), (SCSI, IDE), None),
        (recorded(controller_key=1001), (SCSI,), None),
        (recorded(unit=None), (SCSI,), None),
        (recorded(uuid=None), (SCSI,), None),
    ],
)
def test_where_it_belongs(disk, controllers, key):
    found, gaps = places(b.record(disks=[disk]), [], vm(controllers=controllers))
    assert [p.controller_key for p in found] == ([] if key is None else [key])
    assert len(gaps) == (key is None)


def stored(file, failed_over_at=b.FAILED_OVER_AT, uuid=UUID):
    return MovedDisk(failed_over_at=failed_over_at, uuid=uuid, file=file)


def test_the_file_that_was_stored_last_counts():
    record = b.record(disks=[recorded()])
    ((place,), _) = places(record, [stored("[a] a.vmdk"), stored(MOVED, uuid=UUID.upper())], vm())
    assert (place.file, place.file_before, place.is_seen) == (MOVED, BEFORE, True)
    ((place,), _) = places(record, [stored(MOVED, b.NOW)], vm())
    assert (place.file, place.is_seen) == (BEFORE, False)


def test_files_are_stored_before_a_disk_is_detached():
    record = b.record(disks=[recorded(), recorded(uuid=None)])
    assert unstored(record, [], target(ON_MT)) == (stored(MOVED),)
    assert unstored(record, [stored(MOVED)], target(ON_MT)) == ()
    assert unstored(record, [stored(MOVED)], target(replace(ON_MT, file_name="[c] c.vmdk"))) == (stored("[c] c.vmdk"),)
    assert unstored(record, [], target()) == ()


def test_a_snapshot_makes_no_other_file():
    assert base_file("[a] b/c-000012.vmdk") == "[a] b/c.vmdk"
    assert base_file("[a] b/c-1.vmdk") == "[a] b/c-1.vmdk"
