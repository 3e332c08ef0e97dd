"""What others do between reprotect and failback holds the machine until it is waived, whatever is forgotten meanwhile."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from tests.unit import builders as b
from tests.unit.decide.read import machine_of, plan_of
from tests.unit.decide.world import change_plan, world

from failback_operator.api.v1alpha1.failback_machine import TamperedPart, Tampering
from failback_operator.decide.recording import MOST_TAMPERING, MOST_TAMPERING_OF_ROUND
from failback_operator.domain.ids import Moref
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vm_events import VmEvent, VmEventKind

STEPS = [EffectKind.REPROTECT, EffectKind.FAILBACK]
WAIVER = {"machine": "app-1", "reason": "harmless", "by": "dba", "until": "2027-01-01T00:00:00Z"}


def event_of(site, name="app-1", key=7):
    vm = Moref(f"vm-{name}")
    return VmEvent(key, VmEventKind.SNAPSHOT, site.now, "LAB\\backup", vm, name, "", "task-42")


def set_vm(site, name="app-1", **changes):
    site.vms[name] = replace(site.vms[name], **changes)


def snapshot_of_vm(site):
    set_vm(site, events=(event_of(site),))
    return "ReturningVmUntouched", lambda: set_vm(site, events=())


def snapshot_of_target(site):
    set_vm(site, "mt-win", events=(event_of(site, "mt-win"),))
    return "MasterTargetUntouched", lambda: set_vm(site, "mt-win", events=())


def resize(site):
    known = site.azure_vms["app-1"]
    site.azure_vms["app-1"] = replace(known, size="Standard_D8s_v3")
    return "AzureVmUnchanged", lambda: site.azure_vms.update({"app-1": known})


def stop(site):
    known = site.azure_vms["app-1"]
    site.azure_vms["app-1"] = replace(known, power_state="deallocated")
    return "AzureVmUnchanged", lambda: site.azure_vms.update({"app-1": known})


def reprotected(*names):
    """A world of one's own in which they are."""
    return deepcopy(reprotected_once(*names))


@cache
def reprotected_once(*names):
    site = world(*names, stage="Reprotected")
    for name in names:
        site.azure_vms[name] = replace(site.azure_vms[name], size="Standard_D2s_v3")
    site.run(6)
    assert site.made == [(EffectKind.REPROTECT, name) for name in names]
    assert not site.in_motion()
    return site


def until_made(site, kind, name="app-1"):
    """Rounds until that is done, and what it began has ended."""
    for _ in range(6):
        site.run(1)
        if (kind, name) in site.made:
            return
    raise AssertionError(f"{kind} of {name} is not made: {site.made}")


def checks(site):
    return {f.check for f in plan_of(site.round()).findings}


def kept(site):
    return machine_of(site).spec.tampering


@pytest.mark.parametrize("tamper", [snapshot_of_vm, snapshot_of_target, resize, stop])
def test_it_holds_the_machine_after_it_is_forgotten_until_it_is_waived(tamper):
    site = reprotected("app-1")
    check, forget = tamper(site)
    site.run(2)
    (entry,) = kept(site)
    forget()
    change_plan(site, stage="FailedBack")
    site.run(2)
    assert site.made == [(EffectKind.REPROTECT, "app-1")]
    assert check in checks(site)
    assert kept(site) == [entry]
    change_plan(site, stage="FailedBack", waivers=[{"check": check, **WAIVER}])
    until_made(site, EffectKind.FAILBACK)
    assert [kind for kind, _ in site.made] == STEPS
    assert kept(site) == [entry]


def test_it_holds_that_machine_alone_and_says_who_and_when():
    site = reprotected("app-1", "app-2")
    at = site.now
    snapshot_of_vm(site)
    site.run(2)
    change_plan(site, stage="FailedBack")
    until_made(site, EffectKind.FAILBACK, "app-2")
    site.run(1)
    assert (EffectKind.FAILBACK, "app-1") not in site.made
    (found,) = [f for f in plan_of(site.round()).findings if f.check == "ReturningVmUntouched"]
    assert found.observed.startswith(f"{at:%Y-%m-%dT%H:%M:%SZ} LAB\\backup: VM app-1 got a snapshot")
    (entry,) = kept(site)
    assert (entry.part, entry.by, entry.at) == (TamperedPart.RETURNING_VM, "LAB\\backup", at)


def test_events_that_are_not_read_do_not_pass():
    site = reprotected("app-1")
    set_vm(site, events=None)
    change_plan(site, stage="FailedBack")
    site.run(2)
    assert site.made == [(EffectKind.REPROTECT, "app-1")]
    (found,) = [f for f in plan_of(site.round()).findings if f.check == "ReturningVmUntouched"]
    assert (found.verdict, kept(site)) == ("Unknown", [])


def test_what_was_done_before_the_failback_and_is_seen_after_it_holds_the_commit():
    site = reprotected("app-1")
    seen_late = (event_of(site),)
    site.tick()
    change_plan(site, stage="Committed")
    site.round()
    assert [kind for kind, _ in site.made] == STEPS
    set_vm(site, events=seen_late)
    site.run(6)
    assert [kind for kind, _ in site.made] == STEPS
    assert len(kept(site)) == 1


def test_what_site_recovery_does_in_the_failback_is_none():
    """It stops the Azure VM and starts the VM; people work on it from then on."""
    site = reprotected("app-1")
    change_plan(site, stage="Committed")
    until_made(site, EffectKind.FAILBACK)
    set_vm(site, events=(event_of(site),))
    until_made(site, EffectKind.COMMIT)
    assert [kind for kind, _ in site.made] == [*STEPS, EffectKind.COMMIT]
    assert kept(site) == []


def test_few_of_many_are_kept():
    site = reprotected("app-1")
    set_vm(site, events=tuple(event_of(site, key=n) for n in range(20)))
    site.run(2)
    assert len(kept(site)) == MOST_TAMPERING_OF_ROUND


def remember(site, *entries):
    """What the object has of former times."""
    stored = machine_of(site)
    spec = stored.spec.model_copy(update={"tampering": list(entries)})
    site.machines[stored.name] = stored.model_copy(update={"spec": spec})


def of_former_reprotect(count, part=TamperedPart.AZURE_VM, failed_over_at=b.FAILED_OVER_AT):
    """Entries from before the reprotect of this world, the newest first."""
    at = b.NOW.replace(microsecond=0)
    return [
        Tampering(failed_over_at=failed_over_at, id=f"former-{n}", part=part, what="it was", at=at - timedelta(minutes=n + 1))
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [MOST_TAMPERING_OF_ROUND, MOST_TAMPERING - 1, MOST_TAMPERING])
@pytest.mark.parametrize("failed_over_at", [b.FAILED_OVER_AT, b.minutes_ago(999)])
def test_what_is_remembered_of_former_rounds_takes_no_room_from_this_one(count, failed_over_at):
    site = reprotected("app-1")
    former = of_former_reprotect(count, failed_over_at=failed_over_at)
    remember(site, *former)
    _, start_again = stop(site)
    site.round()
    start_again()
    change_plan(site, stage="FailedBack")
    site.run(2)
    assert site.made == [(EffectKind.REPROTECT, "app-1")]
    assert "AzureVmUnchanged" in checks(site)
    assert [each.what for each in kept(site)[-1:]] == ["Azure VM app-1 is deallocated"]
    assert kept(site)[:-1] == former[: MOST_TAMPERING - 1], "the oldest make room"


def test_of_this_round_nothing_makes_room():
    site = reprotected("app-1")
    stop(site)
    snapshot_of_vm(site)
    site.round()
    own = kept(site)
    remember(site, *of_former_reprotect(MOST_TAMPERING - len(own)), *own)
    set_vm(site, "mt-win", events=(event_of(site, "mt-win", key=8),))
    site.round()
    assert (len(own), len(kept(site))) == (2, MOST_TAMPERING)
    assert kept(site)[-3:-1] == own
