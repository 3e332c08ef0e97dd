"""Disks that stayed on a moved master target: shown, stored, attached once, and the VM is switched on. R15."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.requested import MACHINE, asked_world, file_of, in_third_vm, left_behind
from tests.unit.decide.test_ledger import O, entry
from tests.unit.decide.world import change_plan

from failback_operator.api.v1alpha1.failback_machine import MovedDisk
from failback_operator.checks.contexts import SiteContext
from failback_operator.decide.index import index_site
from failback_operator.decide.ledger_requests import RESUMED, request_call
from failback_operator.decide.requests.reattach import apart
from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import Part
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import Controller, ControllerKind, PowerState

CHECK = "DisksReturned"
R, P = EffectKind.REATTACH_DISKS, EffectKind.POWER_ON


@pytest.mark.parametrize("is_stuck", [True, False])
def test_shown_and_stored_first_then_attached_then_switched_on(is_stuck):
    site = left_behind(is_stuck=is_stuck)
    assert site.requested() == []
    assert "Will be attached again by the operator to VM app-1" in site.remedy(CHECK)
    assert [d.file for d in site.machine.spec.moved_disks] == [file_of(d) for d in site.vms[MACHINE].disks]
    (effect,) = site.requested()
    assert (effect.key, effect.owner.kind) == ("ReattachDisks/2026-11-24T05:00:00Z/1", "FailbackMachine")
    order = effect.call.reattach
    assert order.target == site.vms["mt-win"].moref
    assert [(p.controller_key, p.unit, p.is_seen) for p in order.places] == [(1000, 0, True), (1000, 1, True)]
    site.perform(effect)
    assert site.requested() == []
    site.tick()
    assert "Will be switched on by the operator: VM app-1" in site.remedy(CHECK)
    assert site.entries[-1].outcome is O.SUCCEEDED
    (effect,) = site.requested()
    assert effect.key == "PowerOn/2026-11-24T05:00:00Z/1"
    site.perform(effect)
    site.tick()
    assert site.requested() == []
    assert [e.outcome for e in site.entries] == [O.SUCCEEDED, O.SUCCEEDED]
    assert site.remedy(CHECK) == ""
    site.vms[MACHINE] = replace(site.vms[MACHINE], power_state=PowerState.OFF)
    assert "was switched on by the operator once" in site.remedy(CHECK)
    assert site.requested() == []


def test_nothing_is_done_unasked():
    site = left_behind(reattach=[])
    assert "Name the machine in spec.reattach of the plan" in site.remedy(CHECK)
    assert site.requested() == []
    assert site.machine.spec.moved_disks == []


def test_no_step_of_the_item_begins_beside_it():
    site = left_behind(is_stuck=False, stage="Committed")
    site.round(perform=False)
    site.round(perform=False)
    (effect,) = site.requested()
    site.intend(effect)
    site.attach({d.uuid: file_of(d) for d in site.vms[MACHINE].disks})
    site.detach({d.uuid for d in site.vms[MACHINE].disks})
    guest = replace(site.vms[MACHINE].guest, tools_running_status="guestToolsRunning")
    site.vms[MACHINE] = replace(site.vms[MACHINE], power_state=PowerState.ON, guest=guest)
    assert [e.kind for e in site.round(perform=False).effects] == []
    assert "ReattachDisks, which a person asked for of its VM, is under way" in site.machine.status.message
    site.tick(3)
    site.round(perform=False)
    assert [e.kind for e in site.round(perform=False).effects] == [EffectKind.COMMIT]


def changed(site, name=MACHINE, **vm):
    site.vms[name] = replace(site.vms[name], **vm)


def third(site):
    site.vms["strange"] = in_third_vm(site.vms[MACHINE].disks[0])


def taken(site):
    other = b.disk(7, uuid="another", file_name="[vmfs-1] x/x.vmdk", unit_number=0)
    changed(site, disks=(other, site.vms[MACHINE].disks[1]))


def in_azure(site, **azure):
    site.azure_vms[MACHINE] = replace(site.azure_vms[MACHINE], **azure)


def away(site):
    """On a datastore that the machine's host does not have."""
    disks = site.vms["mt-win"].disks
    changed(
        site, "mt-win", disks=tuple(replace(d, file_name=d.file_name.replace("[vmfs-1] mt-win/app", "[far] a")) for d in disks)
    )


def other_entry(site, kind=R):
    """Something else is under way."""
    other = b.machine("app-2").model_copy(deep=True)
    ledger = [entry(O.RUNNING, "attach/t", kind, key=f"{kind.value}/x/1")]
    site.machines["tokyo-app-2"] = other.model_copy(update={"status": other.status.model_copy(update={"ledger": ledger})})


def mended(site):
    target = site.targets["mt-win"]
    changed(site, "mt-win", snapshots=(b.snapshot(),))
    ledger = [entry(O.RUNNING, "task-1", EffectKind.REMOVE_SNAPSHOTS, key="RemoveSnapshots/1")]
    site.targets["mt-win"] = target.model_copy(update={"status": target.status.model_copy(update={"ledger": ledger})})


OBSTACLES = {
    "VM app-1 is poweredOn": lambda site: changed(site, power_state=PowerState.ON),
    "VM app-1 is in a power state that could not be read": lambda site: changed(site, power_state=None),
    "Azure VM app-1 is running: stop it first": lambda site: in_azure(site, power_state="running"),
    "whether the Azure VM is stopped could not be read": lambda site: in_azure(site, power_state=None),
    "does not have datastore far mounted read/write": away,
    "host of the VM does not have": lambda site: changed(site, host=None),
    "disks of app-2 are being attached": other_entry,
    "mt-win is being mended": mended,
    "the plan is suspended": lambda site: change_plan(site, suspend=True),
    "the plan's stage is Reprotected: it needs FailedBack": lambda site: change_plan(site, stage="Reprotected"),
    "spec.holds names it": lambda site: change_plan(site, holds=[{"machine": MACHINE}]),
    "VM strange has it, too": third,
    "is taken by Hard disk 8": taken,
}


@pytest.mark.parametrize("said", OBSTACLES)
def test_what_keeps_the_disks_from_being_attached_is_told(said):
    site = left_behind()
    OBSTACLES[said](site)
    for _ in range(3):
        told = site.remedy(CHECK)
    assert said in told
    assert "Not now" in told or "A person must see to this first" in told
    assert site.requested() == []


def test_the_configuration_server_is_changed_on_its_own_word_alone():
    site = left_behind()
    changed(site, "mt-win", guest=replace(site.vms["mt-win"].guest, ip_addresses=("10.10.0.10",)))
    told = site.remedy(CHECK)
    assert "Not now: spec.allowConfigurationServerRestart is not set" in told
    assert "It is the configuration server, which affects app-1" in told
    site.targets["mt-win"] = b.master_target(allowConfigurationServerRestart=True)
    site.round(perform=False)
    site.round(perform=False)
    assert [e.kind for e in site.requested()] == [R]


def test_files_that_find_no_place_are_a_persons():
    site = left_behind()
    site.round(perform=False)
    filler = [MovedDisk(failed_over_at=b.NOW, uuid=f"u-{n}", file="f") for n in range(255)]
    (name,) = site.machines
    spec = site.machine.spec.model_copy(update={"moved_disks": filler})
    site.machines[name] = site.machine.model_copy(update={"spec": spec})
    assert "spec.movedDisks of its FailbackMachine is full" in site.remedy(CHECK)
    assert len(site.machine.spec.moved_disks) == 255
    assert site.requested() == []


def test_a_master_target_that_cannot_be_found_is_waited_for():
    site = left_behind()
    site.round(perform=False)
    site.vms["twin"] = replace(site.vms["mt-win"], moref=Moref("vm-twin"))
    assert site.requested() == []
    assert "Will be" not in site.remedy(CHECK)


OTHER_BUS = (Controller(1001, ControllerKind.LSI_LOGIC, 1),)


def test_a_vm_whose_controllers_are_gone_has_none_of_its_disks():
    site = left_behind()
    site.round(perform=False)
    changed(site, disks=(), controllers=OTHER_BUS)
    assert "A person must see to this first" in site.remedy(CHECK)
    assert site.requested() == []


@pytest.mark.parametrize("is_answered", [True, False])
def test_disks_whose_controllers_go_meanwhile_are_not_taken_for_returned(is_answered):
    site = left_behind()
    effect = intended(site)
    assert effect.call.reattach.count == 2
    site.halfway = True
    site.perform(effect, answer=O.RUNNING if is_answered else O.INTENDED)
    changed(site, disks=(), controllers=OTHER_BUS)
    site.tick(3)
    for _ in range(3):
        assert site.requested() == []
    assert site.entries[-1].outcome is O.RUNNING
    assert call_of(site) is None
    assert "not exactly one controller" in finding(site)
    assert "name it in spec.retries" in finding(site)


def finding(site):
    site.round(perform=False)
    return next(f.observed for f in site.machine.status.findings if f.check == CHECK)


def without_target(site):
    site.targets.clear()


def without_vm(site):
    del site.vms[MACHINE]


def without_record(site):
    (name,) = site.machines
    spec = site.machine.spec
    other = [r.model_copy(update={"vm_instance_uuid": None, "disks": []}) for r in spec.recorded]
    site.machines[name] = site.machine.model_copy(update={"spec": spec.model_copy(update={"recorded": other})})


@pytest.mark.parametrize("lose", [without_target, without_vm, without_record])
def test_what_nobody_can_follow_is_told_with_the_files_and_ends_by_a_persons_word(lose):
    site = left_behind()
    effect = intended(site)
    files = [p.file for p in effect.call.reattach.places]
    site.halfway = True
    site.perform(effect)
    lose(site)
    site.tick(10)
    told = finding(site)
    assert all(file in told for file in files)
    assert f"{effect.key} is under way and cannot be followed" in told
    assert (site.entries[-1].outcome, call_of(site)) == (O.RUNNING, None)
    change_plan(site, retries=[{"machine": MACHINE, "job": effect.key}])
    site.round(perform=False)
    last = site.entries[-1]
    assert last.outcome is O.FAILED
    assert "a person let it go by spec.retries. Its disks were last: " in last.message
    assert all(file in last.message for file in files)
    site.round(perform=False)
    assert site.entries[-1] == last


def test_a_persons_word_ends_nothing_that_can_be_followed_or_is_not_read():
    site = left_behind()
    effect = intended(site)
    site.halfway = True
    site.perform(effect)
    change_plan(site, retries=[{"machine": MACHINE, "job": effect.key}])
    site.tick(10)
    site.round(perform=False)
    assert site.entries[-1].outcome is O.RUNNING
    view = site.view()
    blind = replace(view, targets=(), snapshot=replace(view.snapshot, vcenters={b.VCENTER: Part()}))
    assert [s.entry for s in evaluate(blind).settlements if s.entry.effect == R] == []


def test_an_intent_is_not_let_go_before_its_call_is_over():
    site = left_behind()
    effect = intended(site)
    site.intend(effect)
    without_target(site)
    change_plan(site, retries=[{"machine": MACHINE, "job": effect.key}])
    site.round(perform=False)
    assert site.entries[-1].outcome is O.INTENDED
    site.tick(3)
    site.round(perform=False)
    assert site.entries[-1].outcome is O.FAILED


def test_it_is_given_up_after_failures_until_a_person_names_the_last():
    site = left_behind()
    site.round(perform=False)
    for _ in range(3):
        site.round(perform=False)
        (effect,) = site.requested()
        site.refuse(effect, "FileLocked: in use")
        assert site.requested() == []
        site.tick(10)
    told = site.remedy(CHECK)
    assert "tried 3 times and does not try again" in told
    assert "Last answer: FileLocked: in use" in told
    assert site.requested() == []
    change_plan(site, retries=[{"machine": MACHINE, "job": site.entries[-1].key}])
    site.round(perform=False)
    assert [e.key[-2:] for e in site.requested()] == ["/4"]


def intended(site):
    """Die between intent and call, or with the call."""
    site.round(perform=False)
    site.round(perform=False)
    (effect,) = site.requested()
    return effect


@pytest.mark.parametrize(
    ("halfway", "is_made", "outcome", "job"),
    [(False, True, O.SUCCEEDED, None), (True, True, O.RUNNING, RESUMED), (False, False, O.NOT_SENT, None)],
)
def test_a_crash_is_settled_by_where_the_disks_are(halfway, is_made, outcome, job):
    site = left_behind()
    effect = intended(site)
    site.halfway = halfway
    if is_made:
        site.perform(effect, answer=O.INTENDED)
    else:
        site.intend(effect)
    site.round(perform=False)
    assert site.entries[-1].outcome is O.INTENDED, "the call may come yet"
    site.tick(3)
    site.round(perform=False)
    assert (site.entries[-1].outcome, site.entries[-1].job) == (outcome, job)


def call_of(site, **changes):
    view = replace(site.view(), **changes)
    return request_call(site.machine, index_site(SiteContext(view, view.vault(), view.vsphere())))


def test_what_runs_is_followed_whatever_the_plan_says_since():
    site = left_behind()
    site.halfway = True
    effect = intended(site)
    assert call_of(site) is None
    site.perform(effect)
    change_plan(site, reattach=[], suspend=True)
    assert call_of(site) == effect.call
    site.tick()
    site.round(perform=False)
    assert site.entries[-1].outcome is O.RUNNING
    assert "attached to no VM" in next(f.observed for f in site.machine.status.findings if f.check == CHECK)
    site.attach({p.uuid: p.file for p in effect.call.reattach.places})
    site.tick()
    site.round(perform=False)
    assert site.entries[-1].outcome is O.SUCCEEDED


def test_what_is_not_read_settles_nothing():
    site = left_behind()
    site.perform(intended(site))
    changed(site, "mt-win", unread=frozenset({"disks"}))
    site.tick(5)
    site.round(perform=False)
    assert site.entries[-1].outcome is O.RUNNING
    changed(site, "mt-win", unread=frozenset())
    assert call_of(site) is not None
    changed(site, "mt-win", unread=frozenset({"controllers"}))
    assert call_of(site) is None
    changed(site, "mt-win", unread=frozenset())
    for name in ("mt-win", MACHINE):
        site.vms["twin"] = replace(site.vms[name], moref=Moref("vm-twin"))
        site.round(perform=False)
        assert (site.entries[-1].outcome, call_of(site)) == (O.RUNNING, None)
        del site.vms["twin"]
    assert call_of(site, targets=()) is None
    site.round(perform=False)
    assert site.entries[-1].outcome is O.SUCCEEDED


def switched_on():
    """All disks are back."""
    site = left_behind()
    site.perform(intended(site))
    site.tick()
    site.round(perform=False)
    (effect,) = site.requested()
    return site, effect


@pytest.mark.parametrize(("state", "outcome"), [(PowerState.ON, O.SUCCEEDED), (PowerState.OFF, O.NOT_SENT), (None, O.INTENDED)])
def test_a_lost_power_on_is_settled_by_the_power_state(state, outcome):
    site, effect = switched_on()
    site.intend(effect)
    changed(site, power_state=state)
    site.tick(3)
    site.round(perform=False)
    assert site.entries[-1].outcome is outcome


def test_a_power_on_is_followed():
    site, effect = switched_on()
    site.perform(effect)
    changed(site, power_state=PowerState.OFF)
    site.tick(3)
    site.round(perform=False)
    assert site.entries[-1].outcome is O.RUNNING
    assert call_of(site) == effect.call


def test_disks_that_somebody_else_attached_are_no_reason_to_switch_on():
    site = left_behind()
    site.round(perform=False)
    files = {d.uuid: file_of(d) for d in site.vms[MACHINE].disks}
    site.detach(set(files))
    site.attach(files)
    assert "got its disks from somebody else" in site.remedy(CHECK)
    assert site.requested() == []


def test_not_across_vcenters():
    vm, other = b.located(b.vm()), b.located(b.target_vm())
    assert apart(vm, other) is None
    assert apart(vm, replace(other, vcenter="vc-2")) == "VM app-1 and VM mt-win are in different vCenters"


def test_a_plan_without_requests_is_as_before():
    site = asked_world(stage="Protected")
    site.run()
    assert site.machine.spec.moved_disks == []
    assert Moref("vm-app-1") == site.vms[MACHINE].moref
