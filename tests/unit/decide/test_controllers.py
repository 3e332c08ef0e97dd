"""Replacing paravirtual controllers: shown, with leave for power cycle and boot disk, never taken for unsent. R9."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.mending import ailing, remedies
from tests.unit.decide.read import check_ids, target_of
from tests.unit.decide.test_ledger import INTENDED_AT, O, entry

from failback_operator.decide.disk_uuid import disk_uuid
from failback_operator.decide.fixes import RULE_OF, Ailing
from failback_operator.decide.ledger_vm import settle_vm
from failback_operator.decide.overdue import CHECK, overdue_at
from failback_operator.domain.boot import boot_mark
from failback_operator.domain.limits import Limits
from failback_operator.domain.protected_item import CurrentScenario
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import Controller, ControllerKind, Guest, PowerState

KIND = EffectKind.REPLACE_CONTROLLERS
SAS, PARA, LSI = ControllerKind.LSI_LOGIC_SAS, ControllerKind.PARAVIRTUAL, ControllerKind.LSI_LOGIC
AUTOMATIC = {"replaceControllers": "Automatic"}
LEAVE = {"allowPowerCycle": True, "allowBootDiskMove": True}
BOOT = (Controller(1000, PARA, 0),)
DATA = (Controller(1000, SAS, 0), Controller(1001, PARA, 1))
BESIDE = (*BOOT, Controller(1001, SAS, 1))
FULL = (*BOOT, *(Controller(1000 + n, PARA, n) for n in (1, 2, 3)))
TEXT = "Will be replaced by the operator: paravirtual SCSI controller 0 of mt-win by LsiLogicSAS"
DUE = INTENDED_AT + timedelta(seconds=91)


def context(controllers=BOOT, remediation=AUTOMATIC, spec=LEAVE, **vm):
    target = b.master_target(remediation=remediation, **spec)
    return b.target_context(target=target, vms=(b.located(b.target_vm(controllers=controllers, **vm)),))


def proposals(found, failing=("LsiLogicOnly",)):
    return list(RULE_OF[KIND].propose(Ailing(found, found.vm, frozenset(failing))))


@pytest.mark.parametrize(
    ("found", "failing"),
    [
        (context(), ()),
        (context(remediation={}), ("LsiLogicOnly",)),
        (context(unread=frozenset({"controllers"})), ("LsiLogicOnly",)),
        (context(unread=frozenset({"disks"})), ("LsiLogicOnly",)),
        (context(controllers=(Controller(1000, ControllerKind.NVME, 0),)), ("LsiLogicOnly",)),
    ],
)
def test_not_wanted(found, failing):
    assert proposals(found, failing) == []


def test_what_will_be_done_is_said_before():
    (fix,) = proposals(context())
    assert fix.is_makeable
    assert fix.subject == "LsiLogicSAS"
    assert fix.text.startswith(f"{TEXT}: it is shut down and powered on again, and the disks keep bus and unit; before that it")
    assert "restarted once beside an empty LsiLogicSAS controller" in fix.text
    (data,) = proposals(context(controllers=DATA, spec={"allowPowerCycle": True}))
    assert data.is_makeable, "the boot disk does not move"
    assert "restarted once" not in data.text


LINUX = b.target_vm().guest
LINUX_GUEST = replace(
    LINUX, guest_id="ubuntu64Guest", full_name="Ubuntu Linux (64-bit)", family="linuxGuest", detailed_data="familyName='Linux'"
)
UBUNTU = b.master_target_server(os_type="Linux", os_version="UBUNTU-16.04-64")
NOBODY = b.master_target_server(os_type=None, os_version=None)


@pytest.mark.parametrize(
    ("server", "guest", "accepted", "subject"),
    [
        (UBUNTU, LINUX_GUEST, {SAS, LSI}, "LsiLogic"),
        (UBUNTU, LINUX_GUEST, {SAS}, "LsiLogicSAS"),
        (b.master_target_server(), LINUX, {LSI}, "LsiLogic"),
        (NOBODY, Guest(), {SAS, LSI}, ""),
        (b.master_target_server(), LINUX, {ControllerKind.BUS_LOGIC}, ""),
    ],
)
def test_which_kind_comes_in_their_place(server, guest, accepted, subject):
    found = context(guest=guest)
    limits = replace(b.LIMITS, accepted_controllers=frozenset(accepted))
    site = b.site_context(b.view(limits=limits))
    (fix,) = proposals(replace(found, server=server, site=site))
    assert fix.subject == subject
    assert fix.is_makeable is bool(subject)
    assert ("no kind of LSI Logic is known" in fix.remedy) is not bool(subject)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (context(spec={"allowBootDiskMove": True}), "spec.allowPowerCycle is not set"),
        (context(spec={"allowPowerCycle": True}), "spec.allowBootDiskMove is not set"),
        (context(snapshots=(b.snapshot(),)), "its snapshots have to go first"),
        (context(unread=frozenset({"snapshots"})), "its snapshots have to go first"),
        (context(power_state=PowerState.OFF), "the VM does not run"),
        (context(controllers=FULL), "all four SCSI buses are taken"),
        (replace(context(), holders=("app-1",)), "the master target holds disks of app-1"),
        (replace(context(), holders=None), "counts as holding"),
        (replace(context(), is_configuration_server=True), "spec.allowConfigurationServerRestart is not set"),
    ],
)
def test_obstacles_are_told(found, said):
    (fix,) = proposals(found)
    assert not fix.is_makeable
    assert f"Not now: {fix.obstacle}." in fix.remedy
    assert said in fix.remedy


@pytest.mark.parametrize("busy", [True, False])
def test_the_configuration_server_waits_for_peace(busy):
    item = b.item(current_scenario=CurrentScenario("TestFailover", "job-x")) if busy else b.item()
    site = b.site_context(b.view(b.vault(items=(item,))))
    found = context(spec=LEAVE | {"allowConfigurationServerRestart": True})
    (fix,) = proposals(replace(found, site=site, is_configuration_server=True))
    assert fix.is_makeable is not busy
    assert "It is the configuration server, which affects app-1." in fix.text


def ailing_site(controllers=DATA):
    site = ailing(AUTOMATIC, spec=LEAVE)
    site.vms["mt-win"] = b.target_vm(controllers=controllers)
    return site


def test_shown_first_and_blocked_until_it_is_over():
    site = ailing_site()
    assert site.round().effects == ()
    assert remedies(site, "LsiLogicOnly").startswith("Will be replaced by the operator: paravirtual SCSI controller 1 of mt-win")
    (effect,) = evaluate(site.view()).effects
    assert effect.key == "ReplaceControllers/LsiLogicSAS/1"
    site.perform(effect)
    for _ in range(3):
        site.tick(1)
        assert site.round(perform=False).effects == ()
    site.vms["mt-win"] = b.target_vm(controllers=(DATA[0], Controller(1001, SAS, 1)))
    site.tick(1)
    site.round(perform=False)
    assert site.targets["mt-win"].status.ledger[-1].outcome is O.SUCCEEDED


def vm(controllers, **changes):
    return b.located(b.target_vm(controllers=controllers, **changes))


MARK = boot_mark(b.target_vm())
OFF = {"power_state": PowerState.OFF, "boot_time": None}


@pytest.mark.parametrize(
    ("located", "outcome", "job"),
    [
        # The first call was the addition of a controller, or it was not made.
        (vm(BOOT), O.NOT_SENT, None),
        (vm(BESIDE), O.RUNNING, f"add-controller/{MARK}/unrecorded"),
        (vm(BESIDE, **OFF), O.RUNNING, "first-boot/shut-down-guest/unrecorded"),
        # The first call was a shutdown: the guest may be going down.
        (vm(DATA), O.RUNNING, f"move/shut-down-guest/{MARK}"),
        (vm(DATA, **OFF), O.RUNNING, "move/shut-down-guest/unrecorded"),
        (vm(DATA[:1], **OFF), O.RUNNING, "move/shut-down-guest/unrecorded"),
        (vm(DATA[:1]), O.SUCCEEDED, None),
        (vm(DATA, power_state=None), O.INTENDED, None),
        (vm(DATA, power_state=PowerState.SUSPENDED), O.INTENDED, None),
        (vm(DATA, unread=frozenset({"controllers"})), O.INTENDED, None),
        (vm(DATA, unread=frozenset({"disks"})), O.INTENDED, None),
    ],
)
def test_a_crash_before_the_first_answer_is_settled_by_the_vm(located, outcome, job):
    one = entry(O.INTENDED, None, KIND, key="ReplaceControllers/LsiLogicSAS/1")
    (found,) = settle_vm([one], located, DUE, Limits())
    assert (found.outcome, found.job) == (outcome, job)


@pytest.mark.parametrize(
    ("job", "minutes"),
    [
        ("first-boot/shut-down-guest/x", 10),
        ("move/shut-down-guest/x", 30),
        ("move/reconfigure/task-1", None),
        (None, None),
    ],
)
def test_a_guest_that_does_not_shut_down_is_told_at_last(job, minutes):
    one = entry(O.RUNNING, job, KIND)
    due = overdue_at(one, Limits())
    assert due == (None if minutes is None else one.intended_at + timedelta(minutes=minutes))


def test_the_finding_names_what_it_was_for():
    site = ailing_site()
    site.round()
    (effect,) = evaluate(site.view()).effects
    site.intend(effect)
    site.tick(2)
    site.round(perform=False)
    assert site.targets["mt-win"].status.ledger[-1].job == f"move/shut-down-guest/{MARK}"
    site.tick(31)
    site.round(perform=False)
    found = target_of(site.round(perform=False))
    assert CHECK in check_ids(found)
    assert "for the replacement of its controllers at" in next(f.observed for f in found.findings if f.check == CHECK)


def test_its_power_cycle_serves_disk_enable_uuid_too():
    at = b.minutes_ago(60)
    stored = b.master_target(status={"diskUuidEnabled": True, "diskUuidSetAt": at.isoformat()}).status
    cycle = entry(O.SUCCEEDED, None, KIND, settled_at=b.minutes_ago(5))
    assert disk_uuid(stored, [], b.target_vm(), b.NOW).set_at == at
    assert disk_uuid(stored, [cycle], b.target_vm(), b.NOW).set_at is None
