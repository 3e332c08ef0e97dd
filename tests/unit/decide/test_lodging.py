"""What lies on a master target besides its own, as the checks are told of it; and how many disks a machine brings."""

from dataclasses import replace

from tests.unit import builders as b
from tests.unit.decide.read import machine_status_of
from tests.unit.decide.world import uuid_of, world

from failback_operator.checks.contexts import SiteContext, TargetContext
from failback_operator.decide.evaluate import judge_site
from failback_operator.decide.index import index_site
from failback_operator.decide.targets import locate_targets


def seen(site) -> TargetContext:
    """The one master target of the world, nothing assigned yet."""
    view = site.view()
    index = index_site(SiteContext(view, view.vault(), view.vsphere()))
    (located,) = locate_targets(index)
    return located.context(index, 0)


def reprotected(*names):
    site = world(*names, stage="Reprotected")
    for name in names:
        detail = replace(b.reprotected_item(name).detail, infrastructure_vm_id=uuid_of(name))
        site.items[name] = b.reprotected_item(name, detail=detail)
        disks = tuple(replace(d, key=d.key + 100) for d in site.vms[name].disks)
        site.vms["mt-win"] = replace(site.vms["mt-win"], disks=(*site.vms["mt-win"].disks, *disks))
    return site


def test_nothing_lies_on_a_target_that_nobody_uses():
    found = seen(world("app-1"))
    assert (found.lodgers, found.planned, found.orphans, found.protected_keys, found.twins) == ((), (), (), frozenset(), ())


def test_machines_lodge_on_the_target_that_they_run_through():
    site = reprotected("app-1", "db-1")
    site.machines["app-1"] = b.machine("app-1", (b.record("app-1"),))
    site.machines["db-1"] = b.machine("db-1", (b.record("db-1", master_target="mt-2"),))
    found = seen(site)
    assert [(lodger.name, lodger.record is not None) for lodger in found.lodgers] == [("app-1", True), ("db-1", False)]
    assert [item.friendly_name for item in found.planned] == ["app-1", "db-1"]
    assert found.protected_keys == {2100, 2101}
    assert (found.orphans, found.twins) == ((), ())


def test_the_newest_record_counts():
    site = reprotected("app-1")
    newer = b.record("app-1", failed_over_at=b.BOUND)
    site.machines["app-1"] = b.machine("app-1", (newer, b.record("app-1")))
    assert seen(site).lodgers[0].record == newer


def test_disks_whose_machine_is_elsewhere_are_left_over():
    site = world("app-1")
    site.vms["mt-win"] = replace(
        site.vms["mt-win"], disks=(*b.disks(2, "mt-win"), replace(b.disk(0, "app-1"), label="Hard disk 3"))
    )
    found = seen(site)
    assert found.orphans == ("Hard disk 3 of app-1",)
    assert found.usage.orphaned == 1


def test_a_machine_that_is_not_lodged_and_shares_a_uuid_is_a_twin():
    site = world("app-1", "db-1")
    target = site.vms["mt-win"]
    site.vms["db-1"] = replace(site.vms["db-1"], bios_uuid=target.bios_uuid.upper())
    site.vms["app-1"] = replace(site.vms["app-1"], disks=(b.disk(0, "app-1", uuid=target.disks[0].uuid),))
    assert [twin.vm.name for twin in seen(site).twins] == ["app-1", "db-1"]


def test_a_target_without_uuids_has_no_twin():
    site = world("app-1")
    site.vms["mt-win"] = replace(site.vms["mt-win"], bios_uuid=None, disks=(b.disk(0, "mt-win", uuid=None),))
    assert seen(site).twins == ()


def test_slots_follow_the_controllers():
    site = world("app-1")
    site.vms["mt-win"] = replace(site.vms["mt-win"], controllers=(b.controller(), b.controller(b.ControllerKind.PARAVIRTUAL, 1)))
    assert seen(site).usage.limit == 45


def test_a_machine_brings_the_disks_of_its_azure_vm_where_those_are_more():
    site = world("app-1", stage="Reprotected")
    site.azure_vms["app-1"] = b.azure_vm("app-1", data_disk_count=4)
    (verdict,) = (
        r.verdict for r in judge_site(site.view()).machines["payroll", "app-1"] if r.verdict.check_id == "GroupDiskLimit"
    )
    assert verdict.observed == "mt-win: 5 disks, 58 slots when empty"
    site.round(perform=False)
    assert machine_status_of(site.round(perform=False), site).assignment.disks == 5
