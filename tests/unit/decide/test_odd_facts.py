"""Facts that have no place in a status or a record as they are: what is shown is cut, what is recorded must be whole."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_status_of, plan_of, status, summary, target_of
from tests.unit.decide.world import world

from failback_operator.domain.protected_item import CurrentScenario

LONG = "x" * 300


def changed_fabric(site, **changes):
    view = site.view()
    vault = view.snapshot.vault
    fabric = replace(vault.facts.fabric, **changes)
    return replace(view, snapshot=replace(view.snapshot, vault=replace(vault, facts=replace(vault.facts, fabric=fabric))))


def test_a_long_version_of_the_configuration_server_is_cut():
    view = changed_fabric(world("a-1"), configuration_server=b.configuration_server(agent_version=LONG))
    shown = status(evaluate(view), "RecoverySite", "tokyo").configuration_server_version
    assert shown == "x" * 62 + "…"


@pytest.mark.parametrize(("count", "shown"), [(-1, None), (0, 0), (7, 7), (None, None)])
def test_a_process_servers_answers_are_cut_and_a_negative_count_is_none(count, shown):
    server = b.process_server_facts(agent_version=LONG, ip_address=LONG, health=LONG, machine_count=count)
    found = status(evaluate(changed_fabric(world("a-1"), process_servers=(server,))), "ProcessServer", "ps-azure")
    assert {len(found.version), len(found.ip_address), len(found.health)} == {63}
    assert found.machines == shown


def test_a_long_system_and_a_long_host_name_of_a_master_target_are_cut():
    view = changed_fabric(world("a-1"), master_targets=(b.master_target_server(os_version=LONG),))
    vcenter = view.snapshot.vcenters[b.VCENTER]
    hosts = tuple(replace(host, name=LONG) for host in vcenter.facts.hosts)
    vcenters = {b.VCENTER: replace(vcenter, facts=replace(vcenter.facts, hosts=hosts))}
    found = target_of(evaluate(replace(view, snapshot=replace(view.snapshot, vcenters=vcenters))))
    assert (len(found.operating_system), len(found.host)) == (253, 253)


def test_a_long_state_of_an_item_and_a_long_name_of_its_job_are_cut():
    site = world("a-1")
    site.round()
    job = CurrentScenario("IrCompletion", LONG)
    site.items["a-1"] = replace(site.items["a-1"], protection_state=LONG, current_scenario=job)
    found = machine_status_of(evaluate(site.view()), site, "a-1")
    assert (len(found.protection_state), len(found.job)) == (253, 253)


ODD = {
    "uuid": ({"uuid": LONG}, f"uuid of RecordedDisk is '{'x' * 58}…: String should have at most 63 characters"),
    "size": ({"capacity_bytes": -1}, "capacity_bytes of RecordedDisk is -1: Input should be greater than or equal to 0"),
    "unit": ({"unit_number": -1}, "unit of RecordedDisk is -1: Input should be greater than or equal to 0"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_cannot_be_recorded_as_it_is_keeps_a_machine_from_reprotect_and_is_named(name):
    changes, text = ODD[name]
    site = world("a-1", "b-1")
    vm = site.vms["a-1"]
    site.vms["a-1"] = replace(vm, disks=(replace(vm.disks[0], **changes), *vm.disks[1:]))
    for _ in range(4):
        decision = site.round()
    assert [name for _, name in site.made] == ["b-1"]
    found = machine_status_of(decision, site, "a-1")
    assert summary(found) == ("Unknown", "FactsMissing")
    assert text in found.message
    assert summary(plan_of(decision)) == ("Unknown", "FactsMissing")


def test_an_odd_fact_is_recorded_no_earlier_while_something_else_is_stored_first():
    site = world("a-1")
    site.site = site.site.model_copy(update={"status": site.site.status.model_copy(update={"fabric_id": None})})
    vm = site.vms["a-1"]
    site.vms["a-1"] = replace(vm, disks=(replace(vm.disks[0], unit_number=-1), *vm.disks[1:]))
    (machine,) = evaluate(site.view()).machines
    assert machine.spec.recorded == []
