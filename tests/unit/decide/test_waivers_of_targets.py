"""A waiver of a master target's check for one machine: what the plan says is what is done."""

from dataclasses import replace

import pytest
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import plan_of
from tests.unit.decide.world import World, world

from failback_operator.domain.steps import EffectKind

BY_ME = {"check": "DiskEnableUuid", "reason": "seen in the guest", "by": "me", "until": "2027-01-01T00:00:00Z"}


def judged(names: tuple[str, ...], waived_for: tuple[str | None, ...]) -> tuple[dict, set[str], World]:
    waivers = [BY_ME | ({"machine": name} if name else {}) for name in waived_for]
    site = world(*names, stage="Reprotected", waivers=waivers, concurrency={"reprotect": 5})
    site.vms["mt-win"] = replace(site.vms["mt-win"], disk_uuid_enabled=False)
    for _ in range(3):
        decision = site.round(perform=False)
    reprotected = {e.description.split()[1] for e in decision.effects if e.kind is EffectKind.REPROTECT}
    return {c.type: c for c in plan_of(decision).conditions}, reprotected, site


@pytest.mark.parametrize("waived_for", [("a-1", "b-1"), (None,)], ids=str)
def test_waived_for_all_machines_that_go_through_it(waived_for):
    states, reprotected, _ = judged(("a-1", "b-1"), waived_for)
    assert (states["Ready"].status, states["MasterTargetsReady"].status) == ("True", "True")
    assert reprotected == {"a-1", "b-1"}


def test_waived_for_some_only():
    states, reprotected, _ = judged(("a-1", "b-1"), ("a-1",))
    assert reprotected == {"a-1"}
    for kind in ("Ready", "MasterTargetsReady"):
        assert states[kind].status == "False"
        assert "DiskEnableUuid is waived, but not for b-1" in states[kind].message


def test_waived_for_none():
    states, reprotected, _ = judged(("a-1", "b-1"), ())
    assert (states["Ready"].status, states["MasterTargetsReady"].status) == ("False", "False")
    assert "is waived" not in states["Ready"].message
    assert not reprotected


@pytest.mark.parametrize(("waived_for", "is_waived"), [(("a-1", "b-1"), True), (("a-1",), False), ((None,), True)], ids=str)
def test_the_plans_finding_is_waived_where_its_condition_is(waived_for, is_waived):
    _, _, site = judged(("a-1", "b-1"), waived_for)
    found = {f.check: f.waived for f in plan_of(site.round(perform=False)).findings}
    assert found["DiskEnableUuid"] is is_waived


@pytest.mark.parametrize(("waived_for", "is_waived"), [(("a-1", "b-1"), True), (("a-1",), False), ((None,), True)], ids=str)
def test_a_process_servers_finding_concerns_the_machines_that_go_through_it(waived_for, is_waived):
    waiver = BY_ME | {"check": "ProcessServerUnstrained"}
    waivers = [waiver | ({"machine": name} if name else {}) for name in waived_for]
    view = world("a-1", "b-1", stage="Prepared", waivers=waivers).view()
    vault = view.snapshot.vault
    servers = tuple(replace(server, health="Warning") for server in vault.facts.fabric.process_servers)
    facts = replace(vault.facts, fabric=replace(vault.facts.fabric, process_servers=servers))
    view = replace(view, snapshot=replace(view.snapshot, vault=replace(vault, facts=facts)))
    found = {f.check: f.waived for f in plan_of(evaluate(view)).findings}
    assert found["ProcessServerUnstrained"] is is_waived
