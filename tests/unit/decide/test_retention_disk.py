"""A disk for the retention volume: added once, where none is listed or waiting; then it is a person's turn. R16."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.mending import ailing, remedies
from tests.unit.decide.read import target_of
from tests.unit.decide.test_ledger import O, entry

from failback_operator.decide.fixes import RULE_OF, Ailing
from failback_operator.decide.ledger_vm import settle_vm
from failback_operator.domain.limits import Limits
from failback_operator.domain.retention import GIB
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import Controller, ControllerKind, GuestVolume

KIND = EffectKind.ADD_RETENTION_DISK
SPEC = {"policy": "Automatic", "datastore": "vmfs-1", "sizeGib": 600}
SUBJECT = f"{b.VMFS}:600"
BARE = b.master_target_server(retention_volumes=())
C_ONLY = (GuestVolume("C:\\", 80 * GIB, 50 * GIB, "NTFS"),)
MAPPED = (replace(C_ONLY[0], disk_keys=(2000,)), GuestVolume("D:\\", 40 * GIB, 9 * GIB, "NTFS", (2001,)))
NEW = b.disk(5, "mt-win", capacity_bytes=600 * GIB)


def guest(volumes=MAPPED):
    return replace(b.target_vm().guest, volumes=volumes)


def context(spec=SPEC, server=BARE, facts=None, status=None, **vm):
    target = b.master_target(remediation={"addRetentionDisk": spec} if spec else {}, status=status)
    machine = b.target_vm(**({"guest": guest()} | vm))
    return b.target_context(target=target, server=server, vms=(b.located(machine, facts),))


def proposals(found, failing=("RetentionVolume",)):
    return list(RULE_OF[KIND].propose(Ailing(found, found.vm, frozenset(failing))))


@pytest.mark.parametrize(
    "found",
    [
        context(spec=None),
        context(spec=SPEC | {"policy": "Manual"}),
        context(unread=frozenset({"disks"})),
        context(unread=frozenset({"guest"})),
        context(server=None),
        # Another volume is listed, or the guest has the wanted one: no disk is missing.
        context(server=b.master_target_server()),
        context(guest=guest((*MAPPED, GuestVolume("r:\\", GIB, GIB, "FAT32")))),
    ],
)
def test_not_wanted(found):
    assert proposals(found) == []


def test_not_without_the_finding_or_while_the_system_is_unknown():
    assert proposals(context(), ()) == []
    unknown = b.master_target_server(retention_volumes=(), os_type=None, os_version=None)
    assert proposals(context(server=unknown, guest=replace(guest(), guest_id=None, full_name=None, family=None))) == []


def test_what_will_be_added_and_what_comes_then_is_said_before():
    (fix,) = proposals(context())
    assert fix.is_makeable
    assert fix.subject == SUBJECT
    assert fix.text.startswith(
        "Will be added by the operator: a disk of 600 GiB on vmfs-1 to mt-win. A person formats it (not FAT"
    )
    assert "mounts it as R;" in fix.text


@pytest.mark.parametrize(
    ("volumes", "disks", "waits"),
    [
        (MAPPED, (b.disk(0), b.disk(1)), None),
        (MAPPED, (b.disk(0), b.disk(1), b.disk(2)), "Hard disk 3 ([vmfs-1] app-1/app-1_2.vmdk, 40 GiB)"),
        # Where the tools tell no disks of volumes, only one of its place and size is taken for it.
        (C_ONLY, (b.disk(0), b.disk(1)), None),
        (C_ONLY, (b.disk(0), NEW), "Hard disk 6 ([vmfs-1] mt-win/mt-win_5.vmdk, 600 GiB)"),
        (C_ONLY, (b.disk(0), replace(NEW, datastore=b.NFS)), None),
        # Never the one that the guest may boot from.
        (C_ONLY, (replace(NEW, unit_number=0),), None),
    ],
)
def test_a_disk_that_waits_is_a_persons(volumes, disks, waits):
    (fix,) = proposals(context(guest=guest(volumes), disks=disks))
    assert fix.is_for_a_person is (waits is not None)
    if waits is not None:
        assert fix.remedy.startswith(f"No volume is known on {waits} of mt-win. A person formats it")


def test_a_protected_disk_is_none_that_waits():
    found = context(disks=(b.disk(0), b.disk(1), b.disk(2)))
    (fix,) = proposals(replace(found, protected_keys=frozenset({2002})))
    assert not fix.is_for_a_person


HOST_ONLY = b.datastore(mounts=b.datastore().mounts[:1])
SMALL = b.datastore(free_bytes=600 * GIB - 1)


def with_store(*stores):
    return b.facts(datastores=stores)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (context(facts=with_store()), "vCenter shows no datastore vmfs-1"),
        (context(host=None), "its host could not be read"),
        (context(facts=with_store(HOST_ONLY)), "does not have datastore vmfs-1 mounted read/write"),
        (context(facts=with_store(b.datastore(is_accessible=False))), "does not have datastore vmfs-1 mounted read/write"),
        (context(facts=with_store(SMALL)), "is not known to have 600 GiB free"),
        (context(facts=with_store(b.datastore(free_bytes=None))), "is not known to have 600 GiB free"),
        (
            context(controllers=(Controller(1000, ControllerKind.PARAVIRTUAL, 0),)),
            "no LSI Logic controller of it has a free unit",
        ),
        (context(disks=tuple(b.disk(n) for n in range(16))), "no LSI Logic controller of it has a free unit"),
        (replace(context(), holders=("app-1",)), "the master target holds disks of app-1"),
        (replace(context(), is_configuration_server=True), "spec.allowConfigurationServerRestart is not set"),
    ],
)
def test_obstacles_are_told(found, said):
    if len(found.vm.vm.disks) > 2:
        volumes = (GuestVolume("C:\\", GIB, GIB, "NTFS", tuple(range(2000, 2016))),)
        found = replace(found, vms=(replace(found.vm, vm=replace(found.vm.vm, guest=guest(volumes))),))
    (fix,) = proposals(found)
    assert not fix.is_makeable
    assert said in fix.remedy


def test_just_enough_room_is_enough():
    (fix,) = proposals(context(facts=with_store(b.datastore(free_bytes=600 * GIB))))
    assert fix.is_makeable


def test_shown_then_added_once_then_a_persons_until_it_is_listed():
    site = ailing({"addRetentionDisk": SPEC}, has_volumes=False)
    site.vms["mt-win"] = b.target_vm(guest=guest())
    first = site.round()
    assert first.effects == ()
    assert "Will be added by the operator" in next(f.remedy for f in target_of(first).findings if f.check == "RetentionVolume")
    for _ in range(6):
        site.tick(5)
        site.round()
    assert site.made == [(KIND, "mt-win")]
    assert site.targets["mt-win"].status.ledger[-1].outcome is O.SUCCEEDED
    assert remedies(site, "RetentionVolume").startswith("No volume is known on Hard disk 10")
    # Formatted and mounted under another name: still no second one.
    vm = site.vms["mt-win"]
    site.vms["mt-win"] = replace(vm, guest=guest((*MAPPED, GuestVolume("X:\\", GIB, GIB, "NTFS", (2009,)))))
    for _ in range(3):
        site.tick(5)
        site.round()
    assert site.made == [(KIND, "mt-win")]
    assert remedies(site, "RetentionVolume").startswith("The operator has added a disk of 600 GiB on vmfs-1 to mt-win.")


DONE = b.located(b.target_vm(disks=(b.disk(0), b.disk(1), NEW), guest=guest()))


@pytest.mark.parametrize(
    ("outcome", "located", "result"),
    [
        (O.INTENDED, DONE, O.SUCCEEDED),
        (O.INTENDED, b.located(b.target_vm(guest=guest())), O.NOT_SENT),
        (O.INTENDED, b.located(b.target_vm(unread=frozenset({"disks"}))), O.INTENDED),
        (O.RUNNING, b.located(b.target_vm(guest=guest())), O.RUNNING),
    ],
)
def test_a_crash_is_settled_by_the_disks(outcome, located, result):
    one = entry(outcome, None, KIND, key=f"{KIND}/{SUBJECT}/1")
    (found,) = settle_vm([one], located, b.NOW, Limits())
    assert found.outcome is result
