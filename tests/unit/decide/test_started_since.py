"""The on-premises VM was started since the failover: kept once for each failover, though the VM is off again. Safety rule 5."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.read import machine_of, plan_of
from tests.unit.decide.world import change_plan, world

from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

LATER = b.minutes_ago(20)
OFF_AGAIN = {"power_state": PowerState.OFF, "boot_time": None, "starts": ()}


def set_vm(site, **changes):
    site.vms["app-1"] = replace(site.vms["app-1"], **changes)
    site.run(3)


def kept(site):
    return [(each.failed_over_at, each.seen_at) for each in machine_of(site).spec.on_premises_starts]


@pytest.mark.parametrize(
    ("seen", "at"),
    [
        ({"power_state": PowerState.ON, "boot_time": LATER}, LATER),
        ({"starts": (b.FAILED_OVER_AT, LATER, b.minutes_ago(10))}, LATER),
        ({"power_state": PowerState.ON, "boot_time": b.minutes_ago(5), "starts": (LATER,)}, LATER),
    ],
)
def test_a_start_is_kept_and_blocks_until_it_is_waived(seen, at):
    site = world("app-1", stage="Reprotected")
    set_vm(site, **seen)
    assert kept(site) == [(b.FAILED_OVER_AT, at)]
    # Neither boot time nor event is left, as after a month.
    set_vm(site, **OFF_AGAIN)
    assert (site.made, kept(site)) == ([], [(b.FAILED_OVER_AT, at)])
    assert "OnPremisesDiverged" in [f.check for f in plan_of(site.round()).findings]
    # A later start is no news, and what was written does not change.
    set_vm(site, **OFF_AGAIN | {"starts": (b.minutes_ago(1),)})
    assert kept(site) == [(b.FAILED_OVER_AT, at)]
    waiver = {"check": "OnPremisesDiverged", "machine": "app-1", "reason": "by mistake", "by": "dba"}
    change_plan(site, waivers=[waiver | {"until": "2027-01-01T00:00:00Z"}])
    site.run(6)
    assert site.made == [(EffectKind.REPROTECT, "app-1")]
    assert kept(site) == [(b.FAILED_OVER_AT, at)]


def test_a_vm_that_is_on_without_a_boot_time_was_started_when_it_is_seen():
    site = world("app-1", stage="Reprotected")
    set_vm(site, power_state=PowerState.ON, boot_time=None)
    ((failed_over_at, seen_at),) = kept(site)
    assert failed_over_at == b.FAILED_OVER_AT
    assert seen_at >= b.NOW


@pytest.mark.parametrize("seen", [{"starts": (b.FAILED_OVER_AT,)}, {"power_state": PowerState.ON, "boot_time": b.FAILED_OVER_AT}])
def test_what_was_started_before_the_failover_is_no_start_since(seen):
    """One that still runs is blocked as long as it does."""
    site = world("app-1", stage="Prepared")
    set_vm(site, **seen)
    assert kept(site) == []


def test_once_it_is_off_one_that_ran_on_over_the_failover_may_be_reprotected():
    site = world("app-1", stage="Reprotected")
    set_vm(site, power_state=PowerState.ON, boot_time=b.FAILED_OVER_AT)
    assert site.made == []
    set_vm(site, **OFF_AGAIN)
    site.run(3)
    assert site.made == [(EffectKind.REPROTECT, "app-1")]


def test_another_failover_starts_anew():
    site = world("app-1", stage="Reprotected")
    set_vm(site, starts=(LATER,))
    site.items["app-1"] = replace(site.items["app-1"], last_failover_time=b.minutes_ago(15))
    change_plan(site, failedOverBefore=b.minutes_ago(10).isoformat())
    site.run(6)
    assert site.made == [(EffectKind.REPROTECT, "app-1")]
    assert kept(site) == [(b.FAILED_OVER_AT, LATER)]


def test_events_that_are_not_read_do_not_pass():
    site = world("app-1", stage="Reprotected")
    set_vm(site, starts=None)
    assert site.made == []
    (finding,) = [f for f in plan_of(site.round()).findings if f.check == "OnPremisesDiverged"]
    assert (finding.verdict, kept(site)) == ("Unknown", [])
