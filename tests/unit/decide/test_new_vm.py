"""A machine that comes back as a new VM: what is sent for it, and that nothing is begun while its old VM is there."""

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import plan_of
from tests.unit.decide.world import World, world

from failback_operator.domain.steps import EffectKind, ItemCall

WAIVER = {"check": "OnPremisesVMFound", "machine": "app-1", "reason": "gone", "by": "ops", "until": "2027-01-01T00:00:00Z"}


def planned(**spec: object) -> World:
    site = world("app-1", stage="Reprotected", **spec)
    site.round(perform=False)  # stores the machine
    site.round(perform=False)  # and what is recorded of it
    return site


def sent(site: World) -> dict[str, object] | None:
    """Details of the reprotect that is wanted now."""
    effects = [e for e in evaluate(site.view()).effects if e.kind is EffectKind.REPROTECT]
    if not effects:
        return None
    assert isinstance(effects[0].call, ItemCall)
    return effects[0].call.body["properties"]["providerSpecificDetails"]


def test_at_an_alternate_location_nothing_is_begun_while_the_old_vm_is_there():
    site = planned(location="Alternate", datastore="vmfs-1")
    assert sent(site) is None
    found = {f.check: f.severity for f in plan_of(evaluate(site.view())).findings}
    assert found["OriginalVMGone"] == "Blocker"
    assert found["NewVMPlanned"] == "Info"
    del site.vms["app-1"]
    site.round(perform=False)
    assert sent(site)["datastoreName"] == "vmfs-1"
    found = {f.check: f for f in plan_of(evaluate(site.view())).findings}
    assert found.keys() == {"NewVMPlanned"}
    assert "host esx-2.example.com (of mt-win), datastore vmfs-1" in found["NewVMPlanned"].observed


@pytest.mark.parametrize("waivers", [[], [WAIVER]])
def test_at_the_original_location_a_missing_vm_is_made_anew_on_a_persons_word_only(waivers):
    site = planned(waivers=waivers)
    del site.vms["app-1"]
    site.round(perform=False)
    assert (sent(site) is not None) is bool(waivers)
    assert "NewVMPlanned" in [f.check for f in plan_of(evaluate(site.view())).findings]


def test_a_vm_of_the_same_name_on_the_targets_host_blocks():
    site = planned(location="Alternate", datastore="vmfs-1")
    site.vms["app-1"] = b.vm(instance_uuid="another", bios_uuid=None, host=b.HOST_2, mac_addresses=("1",))
    item = site.items["app-1"]
    site.items["app-1"] = World._with(b.item(detail=b.detail(mac_addresses=("2",))), item, None)
    site.round(perform=False)
    assert sent(site) is None
    assert "NameInTheWay" in [f.check for f in plan_of(evaluate(site.view())).findings]
