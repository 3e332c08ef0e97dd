"""Where the disk slots are: each disk in exactly one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit import builders as b

from failback_operator.domain.limits import Limits
from failback_operator.domain.usage import DiskUsage
from failback_operator.domain.vsphere import ControllerKind
from failback_operator.planning.usage import Occupancy, ProtectedDisks, disk_usage, occupancy, slot_limit


def protected(**items):
    found = ProtectedDisks()
    for name, disks in items.items():
        for disk in disks:
            found.add(name, disk.file_name, disk.uuid)
    return found


def test_own_and_protected_disks_are_told_apart():
    ours, theirs = b.disks(2, "mt-win"), b.disks(3, "app-1")
    assert occupancy((*ours, *theirs), protected(app=theirs)) == Occupancy(2, {"app": 3})


def test_a_disk_is_known_by_file_or_by_uuid():
    known = protected(app=(b.disk(0),))
    assert known.owner(b.disk(0, file_name="[other] moved.vmdk")) == "app"
    assert known.owner(b.disk(0, uuid=None)) == "app"
    assert known.owner(b.disk(0, uuid="6000C290-APP-1-0".upper(), file_name="x")) == "app"
    assert known.owner(b.disk(1)) is None
    assert protected(app=(b.disk(0, uuid=None),)).owner(b.disk(0)) == "app"


def test_the_first_claim_counts():
    found = protected(first=(b.disk(0),), second=(b.disk(0),))
    assert found.owner(b.disk(0)) == "first"


def test_usage():
    found = Occupancy(2, {"app": 3, "gone": 4})
    assert disk_usage(found, {"app"}, 5, 60) == DiskUsage(own=2, attached=3, orphaned=4, reserved=5, limit=60)
    assert disk_usage(found, {"app"}, 5, 60).free == 46


@pytest.mark.parametrize(
    ("max_disks", "limits", "limit"), [(60, Limits(), 60), (59, Limits(), 59), (60, Limits(scsi_controllers=3), 45)]
)
def test_limit(max_disks, limits, limit):
    assert slot_limit(max_disks, limits) == limit


SAS, PARAVIRTUAL, BUS_LOGIC, NVME = (
    ControllerKind.LSI_LOGIC_SAS,
    ControllerKind.PARAVIRTUAL,
    ControllerKind.BUS_LOGIC,
    ControllerKind.NVME,
)


@pytest.mark.parametrize(
    ("kinds", "disks", "limit"),
    [
        ((SAS,), (0, 0), 60),
        ((SAS, SAS, SAS, SAS), (0, 3), 60),
        ((SAS, PARAVIRTUAL), (0, 0), 45),
        ((SAS, PARAVIRTUAL), (0, 1), 46),
        ((PARAVIRTUAL, BUS_LOGIC, PARAVIRTUAL, PARAVIRTUAL), (0, 1), 2),
        ((SAS, NVME), (1, 1), 60),
        ((PARAVIRTUAL, PARAVIRTUAL, PARAVIRTUAL, NVME), (3,), 16),
        ((SAS,) * 5, (0,), 60),
        ((PARAVIRTUAL,) * 5, (0,), 1),
        ((), (), 60),
        ((), (0,), 60),
    ],
)
def test_slots_that_there_are_or_could_be(kinds, disks, limit):
    """A controller that may not be there takes one of the four places; a disk elsewhere needs no slot."""
    controllers = tuple(b.controller(kind, number) for number, kind in enumerate(kinds))
    hanging = tuple(b.disk(n, "mt-win", controller_key=1000 + where) for n, where in enumerate(disks))
    assert slot_limit(60, Limits(), controllers, hanging) == limit


@given(st.integers(0, 70), st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 20)), st.sets(st.sampled_from("abcdef")))
def test_each_disk_is_in_exactly_one_place(own, by_item, here):
    usage = disk_usage(Occupancy(own, by_item), here, 0, 60)
    assert usage.used == own + sum(by_item.values())
    assert usage.free >= 0
    assert usage.free_when_empty >= usage.free
