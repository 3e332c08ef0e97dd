"""Where the disks of a master target lie, against where they lay at reprotect."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.checks.contexts import Lodger
from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.domain.ids import Moref

OTHER = Moref("datastore-3")
APP_DISKS = a.disks(2, "app-1")
"""app-1's disks, attached to mt-win after its reprotect."""


def recorded(**changes):
    return a.record(disks=a.recorded_disks(a.vm("app-1")), **changes)


def now(*disks, record=None, lodgers=None, **changes):
    """mt-win with its own disks, then these."""
    vm = a.target_vm(disks=(*a.disks(2, "mt-win"), *disks), **changes)
    held = (Lodger("app-1", record or recorded()),) if lodgers is None else lodgers
    return a.target_context(vms=(a.located(vm),), lodgers=held)


def moved(disk, folder="mt-win"):
    return replace(disk, datastore=OTHER, file_name=f"[vmfs-3] {folder}/{disk.file_name.rpartition('/')[2]}")


def without_ids(record):
    disks = [disk.model_copy(update={"datastore_id": None}) for disk in record.master_target_disks]
    return record.model_copy(update={"master_target_disks": disks})


OWN = a.target_vm(disks=(moved(a.disk(0, "mt-win")), a.disk(1, "mt-win"), *APP_DISKS))
RENAMED = a.target_vm(
    disks=tuple(replace(d, file_name=d.file_name.replace("[vmfs-1]", "[vmfs-one]")) for d in a.disks(2, "mt-win"))
)
DELTAS = recorded(
    master_target_disks=a.recorded_disks(a.target_vm(disks=(a.disk(0, "mt-win", file_name="[vmfs-1] mt/x-000002.vmdk"),)))
)
MERGED = a.target_vm(disks=(a.disk(0, "mt-win", file_name="[vmfs-1] mt/x.vmdk"),))


def of(vm, *lodgers):
    return a.target_context(vms=(a.located(vm),), lodgers=lodgers or (Lodger("app-1", recorded()),))


CASES = [
    Case("StorageLayoutUnchanged", "nobody runs through it", NA, a.target_context()),
    Case("StorageLayoutUnchanged", "as it was", PASS, now(*APP_DISKS), "all disks lie where they lay"),
    Case("StorageLayoutUnchanged", "the machine's disks not attached yet", PASS, now()),
    Case(
        "StorageLayoutUnchanged",
        "a machine's disk moved",
        FAIL,
        now(APP_DISKS[0], moved(APP_DISKS[1])),
        "moved since the reprotect of app-1: Hard disk 2 from [vmfs-1] app-1/app-1_1.vmdk to [vmfs-3] mt-win/app-1_1.vmdk",
    ),
    Case(
        "StorageLayoutUnchanged", "an own disk moved", FAIL, of(OWN), "Hard disk 1 from [vmfs-1] mt-win/mt-win_0.vmdk to [vmfs-3]"
    ),
    Case(
        "StorageLayoutUnchanged",
        "another folder of the same datastore",
        FAIL,
        now(replace(APP_DISKS[0], file_name="[vmfs-1] other/app-1_0.vmdk")),
        "[vmfs-1] other/app-1_0.vmdk",
    ),
    Case("StorageLayoutUnchanged", "same path in another datastore", FAIL, now(moved(APP_DISKS[0], "app-1"))),
    Case("StorageLayoutUnchanged", "a renamed datastore", PASS, of(RENAMED)),
    Case("StorageLayoutUnchanged", "renamed, its id not recorded", FAIL, of(RENAMED, Lodger("app-1", without_ids(recorded())))),
    Case("StorageLayoutUnchanged", "a snapshot was merged", PASS, of(MERGED, Lodger("app-1", DELTAS))),
    Case(
        "StorageLayoutUnchanged",
        "a raw device without a path",
        PASS,
        of(
            a.target_vm(disks=(a.disk(file_name="naa.1", uuid="raw"),)),
            Lodger(
                "app-1",
                recorded(master_target_disks=a.recorded_disks(a.target_vm(disks=(a.disk(file_name="naa.1", uuid="raw"),)))),
            ),
        ),
    ),
    Case(
        "StorageLayoutUnchanged",
        "a raw device with another path",
        FAIL,
        of(
            a.target_vm(disks=(a.disk(file_name="naa.2", uuid="raw"),)),
            Lodger(
                "app-1",
                recorded(master_target_disks=a.recorded_disks(a.target_vm(disks=(a.disk(file_name="naa.1", uuid="raw"),)))),
            ),
        ),
    ),
    Case("StorageLayoutUnchanged", "recorded on another target", PASS, of(OWN, Lodger("app-1", recorded(master_target="mt-2")))),
    Case(
        "StorageLayoutUnchanged",
        "a UUID in other letters",
        FAIL,
        now(moved(replace(APP_DISKS[0], uuid=APP_DISKS[0].uuid.upper()))),
    ),
    Case("StorageLayoutUnchanged", "a disk without a UUID", PASS, now(replace(moved(APP_DISKS[0]), uuid=None))),
    Case("StorageLayoutUnchanged", "nothing recorded", NA, now(lodgers=(Lodger("app-1", None),)), "see LayoutRecorded"),
    Case("StorageLayoutUnchanged", "one recorded", PASS, now(lodgers=(Lodger("db-1", None), Lodger("app-1", recorded())))),
    Case("StorageLayoutUnchanged", "disks unread", UNKNOWN, now(unread=frozenset({"disks"})), "disks"),
    Case("StorageLayoutUnchanged", "no VM", UNKNOWN, a.target_context(vms=(), lodgers=(Lodger("app-1", recorded()),))),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(TARGET_CHECKS, case)
