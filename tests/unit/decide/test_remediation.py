"""Fixes of master targets: shown first, then made, never while something is held. Rules 5 and 8; R8, R19."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import condition, plan_of, summary, target_of
from tests.unit.decide.test_ledger import O, entry
from tests.unit.decide.world import World, world

from failback_operator.api.common import EffectOutcome
from failback_operator.decide.fixes.power_cycle import UNRECORDED_SHUTDOWN
from failback_operator.domain.protected_item import CurrentScenario
from failback_operator.domain.steps import EffectKind, MachineCall
from failback_operator.domain.vsphere import PowerState

AUTOMATIC = {"remediation": {"removeSnapshots": "Automatic", "enableDiskUuid": "Automatic"}}
FIXES = [EffectKind.REMOVE_SNAPSHOTS, EffectKind.SET_DISK_UUID, EffectKind.POWER_CYCLE]


def dirty(stage: str = "Prepared", **target: object) -> World:
    """mt-win has a snapshot and no disk.EnableUUID."""
    site = world("app-1", stage=stage)
    site.targets["mt-win"] = b.master_target(**target)
    site.vms["mt-win"] = b.target_vm(snapshots=(b.snapshot("before-kernel-update"),), disk_uuid_enabled=False)
    return site


def test_plan_is_not_ready_and_names_exactly_what_is_missing():
    decision = dirty().round()
    plan = plan_of(decision)
    assert summary(plan) == ("False", "Blocked")
    message = condition(plan, "Ready").message
    assert "mt-win: " in message
    assert "before-kernel-update" in message
    assert "disk.EnableUUID is not TRUE" in message
    assert summary(plan, "MasterTargetsReady") == ("False", "NoSnapshots")
    assert plan.message == message


@pytest.mark.parametrize("unread", ["snapshots", "consolidation_needed"])
def test_a_consolidation_alone_is_shown_and_made(unread):
    """A removal, a person's or a backup's, may leave files without a snapshot."""
    site = dirty(**AUTOMATIC)
    pending = b.target_vm(consolidation_needed=True)
    site.vms["mt-win"] = replace(pending, unread=frozenset({unread}))
    assert site.round().effects == ()
    site.vms["mt-win"] = pending
    first = site.round()
    finding = next(f for f in target_of(first).findings if f.check == "NoSnapshots")
    assert finding.remedy == "Will be consolidated by the operator: the disks of mt-win, in which a snapshot left files."
    assert first.effects == ()
    (effect,) = evaluate(site.view()).effects
    assert effect.key == "RemoveSnapshots/1"
    site.perform(effect)
    site.tick(5)
    site.round(perform=False)
    assert site.targets["mt-win"].status.ledger[-1].outcome is O.RUNNING, "it waits for the consolidation"
    site.vms["mt-win"] = b.target_vm()
    site.tick(5)
    site.round(perform=False)
    assert site.targets["mt-win"].status.ledger[-1].outcome is O.SUCCEEDED


def test_a_delta_disk_that_nothing_asks_to_consolidate_is_a_persons():
    site = dirty(**AUTOMATIC)
    site.vms["mt-win"] = b.target_vm(disks=(b.disk(0, has_parent=True),))
    for _ in range(3):
        assert site.round().effects == ()


def test_manual_fixes_are_never_made():
    site = dirty(stage="Protected", allowPowerCycle=True)
    site.run(6)
    assert site.made == []


def test_automatic_fixes_are_shown_then_made_once_each_in_order():
    site = dirty(allowPowerCycle=True, **AUTOMATIC)
    first = site.round()
    finding = next(f for f in target_of(first).findings if f.check == "NoSnapshots")
    assert finding.remedy == 'Will be removed by the operator: snapshot "before-kernel-update" of mt-win.'
    assert first.effects == ()
    for _ in range(12):
        site.tick(5)
        site.round()
    assert site.made == [(kind, "mt-win") for kind in FIXES]
    assert summary(plan_of(site.round())) == ("True", "ReadyToStart")
    assert [e.outcome for e in site.targets["mt-win"].status.ledger] == [EffectOutcome.SUCCEEDED] * 3


def test_without_leave_the_power_cycle_is_a_persons():
    site = dirty(**AUTOMATIC)
    for _ in range(8):
        site.tick(5)
        decision = site.round()
    assert site.made == [(kind, "mt-win") for kind in FIXES[:2]]
    finding = next(f for f in target_of(decision).findings if f.check == "DiskEnableUuid")
    assert "was not powered on since" in finding.observed
    assert site.targets["mt-win"].status.disk_uuid_set_at is not None


def test_effect_tells_the_vm():
    site = dirty(**AUTOMATIC)
    site.round()
    (effect,) = evaluate(site.view()).effects
    assert effect.call == MachineCall(b.VCENTER, b.target_vm().moref, b.vm_uuid("mt-win"))
    assert effect.key == "RemoveSnapshots/1"
    assert "before-kernel-update" in effect.description


def test_nothing_is_touched_while_disks_are_held():
    site = world("app-1", stage="Reprotected")
    site.targets["mt-win"] = b.master_target(allowPowerCycle=True, **AUTOMATIC)
    site.run()
    site.vms["mt-win"] = replace(site.vms["mt-win"], snapshots=(b.snapshot("mistake"),), disk_uuid_enabled=False)
    made = list(site.made)
    for _ in range(5):
        decision = site.round()
    assert site.made == made
    remedies = [f.remedy for f in target_of(decision).findings]
    assert all("Not now: the master target holds disks of app-1" in r for r in remedies)


def test_unread_details_hold_the_target():
    site = dirty(**AUTOMATIC)
    site.items["app-1"] = replace(site.items["app-1"], detail=None)
    for _ in range(3):
        decision = site.round()
    assert decision.effects == ()
    assert "counts as holding" in target_of(decision).findings[0].remedy


@pytest.mark.parametrize(("allowed", "busy", "made"), [(False, False, 0), (True, True, 0), (True, False, 1)])
def test_configuration_server_is_touched_only_with_leave_and_in_peace(allowed, busy, made):
    site = dirty(**AUTOMATIC, allowConfigurationServerRestart=allowed)
    site.targets = {"cs-1": b.master_target("cs-1", **AUTOMATIC, allowConfigurationServerRestart=allowed)}
    site.vms["cs-1"] = replace(site.vms.pop("mt-win"), name="cs-1", disk_uuid_enabled=True)
    if busy:
        site.items["other"] = b.protected_item("other", current_scenario=CurrentScenario("TestFailover", "job-x"))
    for _ in range(3):
        decision = site.round()
    assert len(site.made) == made
    if not allowed:
        remedy = target_of(decision, "cs-1").findings[0].remedy
        assert "It is the configuration server, which affects app-1." in remedy
        assert "spec.allowConfigurationServerRestart is not set" in remedy
    if busy:
        assert "a job runs in the fabric" in target_of(decision, "cs-1").findings[0].remedy


def test_refused_fix_waits_then_gives_up_and_the_next_one_has_its_turn():
    site = dirty(**AUTOMATIC)
    site.round()
    keys = []
    for _ in range(40):
        decision = evaluate(site.view())
        site.store(decision)
        site.tick(1)
        for effect in decision.effects:
            keys.append(effect.key)
            site.refuse(effect, "the VM is busy")
    assert keys == [f"{kind}/{attempt}" for kind in ("RemoveSnapshots", "SetDiskUuid") for attempt in (1, 2, 3)]


def given_up(**spec: object) -> World:
    """The removal of mt-win's snapshot was refused three times."""
    ledger = [
        entry(O.REFUSED, None, FIXES[0], key=f"RemoveSnapshots/{n}", settled_at=b.minutes_ago(9), message="no permission")
        for n in (1, 2, 3)
    ]
    site = dirty(remediation={"removeSnapshots": "Automatic"}, **spec)
    site.targets["mt-win"] = b.master_target(
        remediation={"removeSnapshots": "Automatic"}, status={"ledger": [e.wire() for e in ledger]}, **spec
    )
    return site


def test_a_fix_that_was_given_up_is_a_persons_and_says_what_was_answered():
    site = given_up()
    site.round()
    decision = evaluate(site.view())
    assert decision.effects == ()
    (finding,) = (f for f in target_of(decision, "mt-win").findings if f.check == "NoSnapshots")
    assert "Last answer: no permission" in finding.remedy
    assert "RemoveSnapshots/3 in spec.retries" in finding.remedy
    assert "no permission" in condition(plan_of(decision), "Ready").message


def test_a_person_lets_a_fix_be_tried_again():
    site = given_up(retries=["RemoveSnapshots/3"])
    site.round(perform=False)
    (effect,) = evaluate(site.view()).effects
    assert effect.key == "RemoveSnapshots/4"


def test_a_later_failure_counts_from_the_last_success():
    site = dirty(**AUTOMATIC)
    made = [O.FAILED, O.FAILED, O.SUCCEEDED, O.REFUSED]
    ledger = [entry(o, None, FIXES[0], key=f"RemoveSnapshots/{n}", settled_at=b.minutes_ago(9)) for n, o in enumerate(made, 1)]
    site.targets["mt-win"] = b.master_target(**AUTOMATIC, status={"ledger": [e.wire() for e in ledger]})
    site.round()
    (effect,) = evaluate(site.view()).effects
    assert effect.key == "RemoveSnapshots/5"


@pytest.mark.parametrize(("minutes", "keys"), [(1, []), (3, ["RemoveSnapshots/2"])])
def test_what_went_well_is_not_made_again_before_it_may_show(minutes, keys):
    ledger = [entry(O.SUCCEEDED, None, FIXES[0], key="RemoveSnapshots/1", settled_at=b.minutes_ago(minutes))]
    site = dirty(**AUTOMATIC)
    site.targets["mt-win"] = b.master_target(**AUTOMATIC, status={"ledger": [e.wire() for e in ledger]})
    site.round(perform=False)
    assert [effect.key for effect in evaluate(site.view()).effects] == keys


def test_suspended_site_mends_nothing():
    site = dirty(**AUTOMATIC)
    site.site = b.site(suspend=True)
    for _ in range(3):
        assert site.round().effects == ()
    (found,) = (f for f in target_of(site.round()).findings if f.check == "NoSnapshots")
    assert found.remedy.endswith("Not now: the RecoverySite tokyo is suspended: set its spec.suspend to false to go on.")


def test_nothing_starts_through_a_target_that_is_being_mended():
    site = dirty(stage="Reprotected", allowPowerCycle=True, **AUTOMATIC)
    site.vms["mt-win"] = b.target_vm(disk_uuid_enabled=False)
    waiver = {"check": "DiskEnableUuid", "reason": "r", "by": "me", "until": "2027-01-01T00:00:00Z"}
    site.plans["payroll"] = b.plan(waivers=[waiver])
    kinds = []
    for _ in range(12):
        decision = site.round()
        kinds.append([e.kind for e in decision.effects])
        site.tick(5)
    assert all(len(each) <= 1 for each in kinds)
    assert [k for each in kinds for k in each] == [EffectKind.SET_DISK_UUID, EffectKind.POWER_CYCLE, EffectKind.REPROTECT]


def test_every_machine_that_the_configuration_server_serves_is_named_as_far_as_there_is_room():
    site = dirty(**AUTOMATIC)
    site.targets = {"mt-win": b.master_target(**AUTOMATIC, serverName="cs-1", vmName="mt-win")}
    for n in range(40):
        site.items[f"m-{n:02}"] = b.protected_item(f"m-{n:02}")
    remedy = next(f.remedy for f in target_of(site.round()).findings if f.check == "NoSnapshots")
    assert "which affects app-1, m-00, m-01" in remedy
    assert "m-28 and 11 more." in remedy


def test_a_power_cycle_whose_answer_was_lost_is_followed_where_it_left_the_vm_off():
    site = dirty(allowPowerCycle=True, **AUTOMATIC)
    cycle = None
    while cycle is None:
        site.tick(5)
        for effect in site.round(perform=False).effects:
            if effect.kind is EffectKind.POWER_CYCLE:
                cycle = effect
                site.intend(effect)
            else:
                site.perform(effect)
    site.vms["mt-win"] = replace(site.vms["mt-win"], power_state=PowerState.OFF, boot_time=None)
    assert site.round(perform=False).settlements == ()
    site.tick(3)
    (settlement,) = site.round(perform=False).settlements
    assert (settlement.entry.outcome, settlement.entry.job) == (O.RUNNING, UNRECORDED_SHUTDOWN)
