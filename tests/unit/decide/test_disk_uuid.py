"""Since when disk.EnableUUID waits for a power-on: what the operator did, and what it saw somebody else do. R19."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import check_ids, condition, target_of
from tests.unit.decide.test_ledger import O, entry
from tests.unit.decide.world import World, world

from failback_operator.api.v1alpha1 import MasterTargetStatus
from failback_operator.decide.disk_uuid import DiskUuid, disk_uuid
from failback_operator.domain.reading import Part
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

SET, CYCLE = EffectKind.SET_DISK_UUID, EffectKind.POWER_CYCLE
NOW = b.NOW
LATE = NOW + timedelta(microseconds=999_999)
MARCH, APRIL, MAY = (b.minutes_ago(minutes) for minutes in (300, 200, 100))
ON, OFF, SUSPENDED = PowerState.ON, PowerState.OFF, PowerState.SUSPENDED
TRUE = b.target_vm()
FALSE = b.target_vm(disk_uuid_enabled=False)
ABSENT = b.target_vm(disk_uuid_enabled=None)
UNREAD = b.target_vm(disk_uuid_enabled=None, unread=frozenset({"disk_uuid_enabled"}))


def powered(state):
    return b.target_vm(power_state=state)


def did(kind, at, outcome=O.SUCCEEDED):
    """An entry that was settled then, or whose latest instant that is while it is open."""
    settled = None if outcome in {O.INTENDED, O.RUNNING, O.AMBIGUOUS} else at
    return entry(outcome, "task-1", kind, not_after=at, settled_at=settled)


@dataclass(frozen=True)
class Look:
    """What was stored, what is seen, what is to be known then."""

    name: str
    enabled: bool | None
    set_at: object
    vm: object
    known: DiskUuid
    ledger: tuple = ()
    stored_ledger: tuple | None = None

    def __str__(self):
        return self.name


def saw(at):
    return DiskUuid(is_enabled=True, set_at=at)


NOTHING = DiskUuid(is_enabled=True, set_at=None)
LOOKS = [
    Look("never read", None, None, None, DiskUuid(None, None)),
    Look("unread: what was known stays", False, None, UNREAD, DiskUuid(is_enabled=False, set_at=None)),
    Look("unread: what waits stays", True, MAY, UNREAD, saw(MAY)),
    Look("no VM: what waits stays", True, MAY, None, saw(MAY)),
    Look("first look finds it TRUE: since when is not known", None, None, TRUE, NOTHING),
    Look("not TRUE", None, None, FALSE, DiskUuid(is_enabled=False, set_at=None)),
    Look("not set at all", True, None, ABSENT, DiskUuid(is_enabled=False, set_at=None)),
    Look("no longer TRUE: nothing waits", True, MAY, FALSE, DiskUuid(is_enabled=False, set_at=None)),
    Look("turned TRUE on a running VM", False, None, TRUE, saw(NOW)),
    Look("turned TRUE on a suspended VM: resuming is no power-on", False, None, powered(SUSPENDED), saw(NOW)),
    Look("turned TRUE, power not told", False, None, powered(None), saw(NOW)),
    Look("turned TRUE on a VM that is off", False, None, powered(OFF), NOTHING),
    Look("still TRUE", True, None, TRUE, NOTHING),
    Look("still TRUE, and waits", True, MAY, TRUE, saw(MAY)),
    Look("seen off: it starts with it", True, MAY, powered(OFF), NOTHING),
    Look("the operator sets it", False, None, TRUE, saw(MAY), (did(SET, MAY),), (did(SET, MAY, O.RUNNING),)),
    Look("it may be setting it", False, None, TRUE, saw(MAY), (did(SET, MAY, O.INTENDED),)),
    Look("its answer was lost", False, None, TRUE, saw(MAY), (did(SET, MAY, O.AMBIGUOUS),)),
    Look("it was refused; a person set it", False, None, TRUE, saw(NOW), (did(SET, MAY, O.REFUSED),)),
    Look("it failed; a person set it", False, None, TRUE, saw(NOW), (did(SET, MAY, O.FAILED),)),
    Look("it did not send it; a person set it", False, None, TRUE, saw(NOW), (did(SET, MAY, O.NOT_SENT),)),
    Look("it set it long ago, and a person took it back and set it again", False, None, TRUE, saw(NOW), (did(SET, MARCH),)),
    Look("it cycled since it set it", True, MARCH, TRUE, NOTHING, (did(SET, MARCH), did(CYCLE, APRIL))),
    Look("it cycled, as told before", True, None, TRUE, NOTHING, (did(SET, MARCH), did(CYCLE, APRIL))),
    Look("it cycled since a person set it", True, MARCH, TRUE, NOTHING, (did(CYCLE, APRIL),)),
    Look("it cycled before a person set it", True, MAY, TRUE, saw(MAY), (did(SET, MARCH), did(CYCLE, APRIL))),
    Look("it cycled when a person set it", True, APRIL, TRUE, saw(APRIL), (did(CYCLE, APRIL),)),
    Look("it cycled long ago, and now a person set it", False, None, TRUE, saw(NOW), (did(SET, MARCH), did(CYCLE, APRIL))),
    Look("its cycle failed", True, MARCH, TRUE, saw(MARCH), (did(SET, MARCH), did(CYCLE, APRIL, O.FAILED))),
    Look("its cycle runs", True, MARCH, TRUE, saw(MARCH), (did(SET, MARCH), did(CYCLE, APRIL, O.RUNNING))),
    Look("it set it after a person did", True, MARCH, TRUE, saw(MAY), (did(SET, MAY),)),
    Look("a person set it after it did", True, MAY, TRUE, saw(MAY), (did(SET, MARCH),)),
]


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_look(look):
    before = look.ledger if look.stored_ledger is None else look.stored_ledger
    stored = MasterTargetStatus(disk_uuid_enabled=look.enabled, disk_uuid_set_at=look.set_at, ledger=list(before))
    assert disk_uuid(stored, list(look.ledger), look.vm, LATE) == look.known


def test_the_latest_instant_of_a_setting_gives_way_to_the_one_at_which_it_was_settled():
    ledger = [entry(O.SUCCEEDED, "task-1", SET, not_after=MAY, settled_at=APRIL)]
    assert disk_uuid(MasterTargetStatus(disk_uuid_enabled=True, disk_uuid_set_at=MAY), ledger, TRUE, NOW) == saw(APRIL)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_second_look_that_sees_the_same_changes_nothing(look):
    stored = MasterTargetStatus(
        disk_uuid_enabled=look.known.is_enabled, disk_uuid_set_at=look.known.set_at, ledger=list(look.ledger)
    )
    assert disk_uuid(stored, list(look.ledger), look.vm, NOW + timedelta(hours=1)) == look.known


def observed(site: World, minutes: float = 1, **vm: object):
    """The status of mt-win after its VM became that."""
    site.vms["mt-win"] = replace(site.vms["mt-win"], **vm)
    site.tick(minutes)
    decision = site.round()
    return target_of(decision)


def off_value() -> World:
    site = world("app-1", stage="Prepared")
    observed(site, disk_uuid_enabled=False)
    return site


def test_a_person_who_sets_it_on_a_running_vm_is_told_to_power_cycle_until_that_was_done():
    site = off_value()
    set_at = site.now + timedelta(minutes=1)
    found = observed(site, disk_uuid_enabled=True)
    assert "DiskEnableUuid" in check_ids(found)
    assert condition(found, "UuidEnabled").status == "False"
    assert "not powered on since that was set or first seen, at 2026-11-24T08:02:00Z" in condition(found, "UuidEnabled").message
    assert found.disk_uuid_set_at == set_at
    for minutes in (1, 600):
        assert observed(site, minutes).conditions == found.conditions
    assert condition(observed(site, boot_time=set_at), "UuidEnabled").status == "False"
    done = observed(site, boot_time=set_at + timedelta(seconds=1))
    assert condition(done, "UuidEnabled").status == "True"
    assert "DiskEnableUuid" not in check_ids(done)


def test_one_who_sets_it_while_the_vm_is_off_needs_no_more():
    site = off_value()
    observed(site, power_state=OFF, boot_time=None)
    found = observed(site, disk_uuid_enabled=True)
    assert condition(found, "UuidEnabled").status == "True"
    # vCenter's clock may go after the operator's: that the VM was seen off with it is enough.
    assert condition(observed(site, power_state=ON, boot_time=b.minutes_ago(60)), "UuidEnabled").status == "True"


def test_what_was_seen_outlives_that_nothing_is_read():
    site = off_value()
    view = site.view()
    blind = replace(view, snapshot=replace(view.snapshot, vcenters={b.VCENTER: Part()}))
    decision = evaluate(blind)
    assert condition(target_of(decision), "UuidEnabled").status == "Unknown"
    site.store(decision)
    assert condition(observed(site, disk_uuid_enabled=True), "UuidEnabled").status == "False"


def test_with_leave_the_operator_power_cycles_after_a_person_set_it():
    site = world("app-1", stage="Prepared")
    site.targets["mt-win"] = b.master_target(allowPowerCycle=True)
    observed(site, disk_uuid_enabled=False)
    found = observed(site, disk_uuid_enabled=True)
    assert "Will be power-cycled by the operator: mt-win" in next(f.remedy for f in found.findings if f.check == "DiskEnableUuid")
    for _ in range(6):
        found = observed(site, 5)
    assert site.made == [(CYCLE, "mt-win")]
    assert condition(found, "UuidEnabled").status == "True"
    assert found.disk_uuid_set_at is None


def test_one_that_was_always_true_is_never_asked_for():
    site = world("app-1", stage="Prepared")
    found = observed(site)
    assert condition(found, "UuidEnabled").status == "True"
    assert (found.disk_uuid_enabled, found.disk_uuid_set_at) == (True, None)
