"""Before a commit the on-premises machine is proved up by one of three: its tools, its agent, a named person. Safety rule 5."""

from dataclasses import replace

import pytest
from tests.unit.decide.read import machine_status_of, summary
from tests.unit.decide.world import World, change_plan, world

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.domain.steps import EffectKind

STATEMENT = {"check": "OnPremisesUp", "reason": "users work on it", "by": "ops on call", "until": "2027-01-01T00:00:00Z"}


def silent() -> World:
    """Failed back; the VM is on, and neither its tools nor its agent are heard."""
    site = world("app-1", stage="FailedBack")
    site.run()
    guest = replace(site.vms["app-1"].guest, tools_running_status="guestToolsNotRunning")
    site.vms["app-1"] = replace(site.vms["app-1"], guest=guest)
    site.unheard.add("app-1")
    change_plan(site, stage="Committed")
    return site


def committed(site: World) -> bool:
    site.run(6)
    return EffectKind.COMMIT in [kind for kind, _ in site.made]


def test_no_proof_no_commit():
    site = silent()
    assert not committed(site)
    found = machine_status_of(site.round(), site)
    assert (found.phase, summary(found)) == (Phase.FAILED_BACK, ("False", "OnPremisesUp"))


def test_tools():
    site = silent()
    guest = replace(site.vms["app-1"].guest, tools_running_status="guestToolsRunning")
    site.vms["app-1"] = replace(site.vms["app-1"], guest=guest)
    assert committed(site)


def test_a_heartbeat_newer_than_the_failback():
    site = silent()
    site.tick(30)
    site.unheard.clear()
    assert committed(site)


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({"machine": "app-1"}, True),
        ({"machine": "db-1"}, False),
        ({}, False),
        ({"machine": "app-1", "until": "2026-11-24T08:00:00Z"}, False),
        ({"machine": "app-1", "check": "AzureVmStopped"}, False),
    ],
    ids=["of the machine", "of another", "of the whole plan", "that has ended", "of another check"],
)
def test_a_named_persons_statement(changes, is_taken):
    site = silent()
    change_plan(site, waivers=[STATEMENT | changes])
    assert committed(site) is is_taken
