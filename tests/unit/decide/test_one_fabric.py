"""Two RecoverySites on one fabric, however each names it: at most one of them makes effects. Safety rule 6."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_of, machine_status_of
from tests.unit.decide.world import uuid_of, world

from failback_operator.api.common import EffectOutcome, LocalRef
from failback_operator.api.v1alpha1 import RecoverySiteStatus
from failback_operator.domain.steps import EffectKind


def unknown_to_others(site, fabric_id=None):
    """Let the stored status of the site tell no fabric, or another one."""
    site.site = site.site.model_copy(update={"status": RecoverySiteStatus(fabric_id=fabric_id)})
    return site


def machine_elsewhere(site, outcome=EffectOutcome.INTENDED, name="app-1"):
    """A machine of RecoverySite osaka for the same item, with a reprotect of that outcome."""
    (effect,) = evaluate(site.view()).effects
    site.intend(effect)
    found = machine_of(site)
    entry = found.status.ledger.pop().model_copy(update={"outcome": outcome})
    spec = found.spec.model_copy(update={"site_ref": LocalRef(name="osaka"), "item_id": str(b.item_id(name)).upper()})
    return found.model_copy(update={"spec": spec, "status": found.status.model_copy(update={"ledger": [entry]})})


@pytest.mark.parametrize("stored", [None, str(b.FABRIC_ID).replace("fabric-1", "fabric-2")])
def test_nothing_is_made_before_the_fabric_that_was_found_is_stored(stored):
    site = world("app-1", stage="Reprotected")
    site.round()
    unknown_to_others(site, stored)
    decision = evaluate(site.view())
    assert decision.effects == ()
    assert "the fabric that was found is stored" in machine_status_of(decision, site).message
    site.store(decision)
    assert [each.kind for each in evaluate(site.view()).effects] == [EffectKind.REPROTECT]


def test_nor_is_a_master_target_mended():
    site = world("app-1", stage="Reprotected")
    site.targets["mt-win"] = b.master_target(remediation={"removeSnapshots": "Automatic"})
    site.vms["mt-win"] = replace(site.vms["mt-win"], snapshots=(b.snapshot(),), instance_uuid=uuid_of("mt-win"))
    site.round(perform=False)
    assert [each.kind for each in evaluate(site.view()).effects] == [EffectKind.REMOVE_SNAPSHOTS]
    unknown_to_others(site)
    assert evaluate(site.view()).effects == ()


@pytest.mark.parametrize("outcome", [EffectOutcome.INTENDED, EffectOutcome.RUNNING, EffectOutcome.AMBIGUOUS])
def test_an_item_on_which_another_sites_step_is_not_settled_is_left_alone(outcome):
    site = world("app-1", stage="Reprotected")
    site.round()
    other = machine_elsewhere(site, outcome)
    decision = evaluate(replace(site.view(), other_machines=(other,)))
    assert decision.effects == ()
    told = machine_status_of(decision, site).message
    assert f"FailbackMachine dr/{other.name} of RecoverySite osaka began on app-1 is not settled" in told
    assert "delete that FailbackMachine" in told
    assert len(evaluate(site.view()).effects) == 1


def test_so_is_its_whole_group_and_nobody_else():
    site = world("app-1", "db-1", group="payroll", stage="Reprotected", acceptIndependentPoints=True)
    site.round()
    other = machine_elsewhere(site, name="db-1")
    assert evaluate(replace(site.view(), other_machines=(other,))).effects == ()
    elsewhere = other.model_copy(update={"spec": other.spec.model_copy(update={"item_id": str(b.item_id("crm-1"))})})
    assert len(evaluate(replace(site.view(), other_machines=(elsewhere,))).effects) == 1
