"""A power cycle of a master target whose guest is slow: asked once, never taken for unsent, at last left to a person."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import check_ids, condition, plan_of, summary, target_of
from tests.unit.decide.test_ledger import INTENDED_AT, O, entry
from tests.unit.decide.test_remediation import AUTOMATIC, dirty

from failback_operator.act.vsphere.power import shut_down_guest
from failback_operator.api.v1alpha1.master_target import DiskCounts
from failback_operator.decide.fixes.power_cycle import UNRECORDED_SHUTDOWN
from failback_operator.decide.ledger_vm import settle_vm
from failback_operator.decide.overdue import CHECK
from failback_operator.domain.hard_off import may_switch_off
from failback_operator.domain.limits import Limits
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

ON = b.target_vm()
OFF = b.target_vm(power_state=PowerState.OFF, boot_time=None)
ASKED = shut_down_guest(ON).job(None)
JUST_BOOTED = b.target_vm(boot_time=INTENDED_AT + timedelta(seconds=40))
DUE = INTENDED_AT + timedelta(seconds=91)


@pytest.mark.parametrize(
    ("outcome", "vm", "read_at", "result", "job"),
    [
        (O.INTENDED, ON, DUE - timedelta(seconds=1), O.INTENDED, None),
        (O.INTENDED, ON, DUE, O.RUNNING, ASKED),
        (O.AMBIGUOUS, ON, DUE, O.RUNNING, ASKED),
        (O.INTENDED, OFF, DUE, O.RUNNING, UNRECORDED_SHUTDOWN),
        # By vCenter's clock it booted after the intent, which proves nothing: nobody knows that it was another boot.
        (O.INTENDED, JUST_BOOTED, DUE, O.RUNNING, shut_down_guest(JUST_BOOTED).job(None)),
        # Not told, or in a state that says nothing of a shutdown: looked at again.
        (O.INTENDED, b.target_vm(boot_time=None), DUE, O.INTENDED, None),
        (O.INTENDED, b.target_vm(power_state=None), DUE, O.INTENDED, None),
        (O.INTENDED, b.target_vm(power_state=PowerState.SUSPENDED), DUE, O.INTENDED, None),
        (O.RUNNING, ON, DUE + timedelta(days=1), O.RUNNING, None),
    ],
)
def test_an_unanswered_power_cycle_is_followed_and_never_taken_for_unsent(outcome, vm, read_at, result, job):
    one = entry(outcome, None, EffectKind.POWER_CYCLE)
    (found,) = settle_vm([one], b.located(vm), read_at, Limits())
    assert (found.outcome, found.job) == (result, job)


@pytest.mark.parametrize(
    ("job", "vm", "result"),
    [
        (ASKED, b.target_vm(boot_time=INTENDED_AT - timedelta(minutes=3)), O.SUCCEEDED),  # vCenter's clock is behind
        (shut_down_guest(JUST_BOOTED).job(None), JUST_BOOTED, O.RUNNING),  # vCenter's clock is ahead: the boot is the same
        ("power-on/task-7", JUST_BOOTED, O.RUNNING),
        (UNRECORDED_SHUTDOWN, JUST_BOOTED, O.SUCCEEDED),
    ],
)
def test_only_another_boot_than_the_one_before_is_a_power_cycle(job, vm, result):
    (found,) = settle_vm([entry(O.RUNNING, job, EffectKind.POWER_CYCLE)], b.located(vm), DUE, Limits())
    assert (found.outcome, found.job) == (result, job)


def cycling(*, is_answered):
    """A site in which the power cycle of mt-win was begun; its guest takes its time."""
    site = dirty(allowPowerCycle=True, **AUTOMATIC)
    while True:
        site.tick(5)
        for effect in site.round(perform=False).effects:
            if effect.kind is not EffectKind.POWER_CYCLE:
                site.perform(effect)
                continue
            site.intend(effect)
            if is_answered:
                ledger = site.targets["mt-win"].status.ledger
                ledger[-1] = ledger[-1].model_copy(update={"outcome": O.RUNNING, "job": ASKED})
            return site


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_slow_guest_is_asked_once_and_a_person_told_after_the_grace(is_answered):
    site = cycling(is_answered=is_answered)
    began = site.now
    for minutes in range(31):
        site.now = began + timedelta(minutes=minutes)
        decision = site.round(perform=False)
        assert decision.effects == ()
        found = target_of(decision)
        assert found.ledger[-1].outcome in {O.INTENDED, O.RUNNING}
        assert (CHECK in check_ids(found)) is (minutes > 10)
        assert summary(found, "Ready") == ("False", CHECK if minutes > 10 else "PowerCycle")
    told = found.findings[0]
    assert "was to shut down for its power cycle at 2026-" in told.observed
    assert "switch the VM off, in vCenter: the operator switches it on again" in told.remedy


def test_time_alone_brings_the_finding():
    site = cycling(is_answered=True)
    began = site.now
    site.now += timedelta(minutes=9)
    site.round(perform=False)
    assert evaluate(site.view()).recheck_at <= began + timedelta(minutes=10, seconds=1)


def test_the_finding_goes_when_the_guest_goes_down_after_all():
    site = cycling(is_answered=False)
    site.tick(12)
    site.round(perform=False)
    site.tick(1)
    assert CHECK in check_ids(target_of(site.round(perform=False)))
    site.vms["mt-win"] = replace(site.vms["mt-win"], power_state=PowerState.OFF, boot_time=None)
    off = target_of(site.round(perform=False))
    assert CHECK not in check_ids(off)
    assert off.ledger[-1].outcome is O.RUNNING
    site.tick(1)
    site.vms["mt-win"] = replace(site.vms["mt-win"], power_state=PowerState.ON, boot_time=site.now)
    assert target_of(site.round(perform=False)).ledger[-1].outcome is O.SUCCEEDED


def test_the_plan_tells_whose_guest_does_not_shut_down_and_not_that_it_will():
    site = cycling(is_answered=True)
    site.tick(60)
    site.round(perform=False)
    message = condition(plan_of(evaluate(site.view())), "Ready").message
    assert "Shut the guest of mt-win down" in message
    assert "Will be power-cycled" not in message


HARD = {"allowPowerCycle": True, "allowHardPowerOff": True}


@pytest.mark.parametrize(
    ("spec", "disks", "holders", "may"),
    [
        (HARD, {}, (), True),
        ({"allowHardPowerOff": True}, {}, (), False),
        ({"allowPowerCycle": True}, {}, (), False),
        (HARD, {"attached": 1}, (), False),
        (HARD, {"orphaned": 1}, (), False),
        (HARD, None, (), False),
        (HARD, {}, ("app-1",), False),
        (HARD, {}, None, False),
    ],
)
def test_a_vm_is_switched_off_hard_only_with_leave_and_while_it_is_known_to_hold_nothing(spec, disks, holders, may):
    target = b.master_target(**spec)
    counts = {"own": 2, "attached": 0, "orphaned": 0, "reserved": 3, "limit": 60, "free": 55}
    seen = None if disks is None else DiskCounts(**{**counts, **disks})
    status = target.status.model_copy(update={"disks": seen})
    assert may_switch_off(target.model_copy(update={"status": status}), holders) is may


@pytest.mark.parametrize("is_allowed", [True, False])
def test_that_it_may_be_switched_off_is_told_first_and_goes_with_the_effect(is_allowed):
    site = dirty(allowPowerCycle=True, allowHardPowerOff=is_allowed, **AUTOMATIC)
    while True:
        site.tick(5)
        told = target_of(site.round(perform=False))
        effects = evaluate(site.view()).effects
        for effect in effects:
            if effect.kind is EffectKind.POWER_CYCLE:
                assert effect.call.allow_hard_off is is_allowed
                remedy = next(f.remedy for f in told.findings if f.check == "DiskEnableUuid")
                assert ("switched off hard" in remedy) is is_allowed
                return
            site.perform(effect)
