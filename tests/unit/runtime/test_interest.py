"""Which VMs are read, and on which of them privileges: those on which some fix is enabled."""

from datetime import timedelta

from tests.unit import builders as a

from failback_operator.domain.reading import Part
from failback_operator.runtime.interest import interest_of, watched_azure_vms

SNAPSHOTS = {"removeSnapshots": "Automatic"}


def interest(*targets, vault=None, **server):
    return interest_of(a.site(configurationServer=server), targets, (), vault)


def test_privileges_are_read_where_a_fix_is_enabled():
    found = interest(
        a.master_target(remediation=SNAPSHOTS), a.master_target("mt-lin"), a.master_target("cs-1", allowPowerCycle=True)
    )
    assert found.mended == {"mt-win", "cs-1"}
    assert found.names == {"mt-win", "mt-lin", "cs-1"}


def test_the_vm_is_named_or_found_by_the_address_of_its_server():
    named = a.master_target(vmName="windows-target", remediation=SNAPSHOTS)
    assert interest(named, vault=a.vault()).mended == {"windows-target"}
    assert interest(a.master_target(remediation=SNAPSHOTS), vault=a.vault()).mended == {"mt-win", "10.10.0.21"}


def test_the_configuration_servers_account_is_asked_about_where_it_is_named():
    assert interest(vcenterAccount="asr-cs@vsphere.local").account == "asr-cs@vsphere.local"
    assert interest().account is None


def machine(name, **changes):
    return a.machine(name, recorded=(a.record(name, **changes),))


def on_the_way(*items, machines=(), targets=None):
    vault = a.vault(items=items)
    return interest_of(a.site(), targets or (a.master_target(),), machines, vault)


def test_nothing_is_watched_while_no_machine_is_on_its_way():
    found = on_the_way(a.item(), machines=(machine("app-1"),))
    assert (found.watched, found.watched_since) == (frozenset(), None)
    assert interest().watched == frozenset()


def test_vms_of_machines_on_their_way_and_the_master_targets_are_watched_since_the_first_failover():
    later = a.FAILED_OVER_AT + timedelta(minutes=5)
    items = (a.reprotected_item("app-1"), a.failed_back_item("app-2"), a.item("app-3"), a.committed_item("app-4"))
    records = (machine("app-1"), machine("app-2", failed_over_at=later), machine("app-3"), machine("app-4"))
    found = on_the_way(*items, machines=records, targets=(a.master_target(), a.master_target("other", vmName="target-vm")))
    assert {"app-1", "app-2", a.vm_uuid("app-1"), "mt-win", "target-vm", "10.10.0.21"} <= found.watched
    assert not {"app-3", "app-4", a.vm_uuid("app-3")} & found.watched
    assert found.watched_since == a.FAILED_OVER_AT


def test_without_a_record_all_that_vcenter_has_is_read_and_machines_of_nobody_are_left_out():
    found = on_the_way(a.reprotected_item("app-1"), a.reprotected_item("app-2"), machines=(machine("app-1"), a.machine("app-2")))
    assert (found.watched_since, "app-2" in found.watched) == (None, True)
    assert on_the_way(a.reprotected_item("app-1")).watched == frozenset()


def test_azure_machines_are_watched_until_the_failback():
    items = (a.reprotected_item("app-1"), a.failed_back_item("app-2"), a.reprotected_item("app-3"))
    machines = (machine("app-1"), machine("app-2"), a.machine("app-3"), machine("app-4"))
    view = a.view(a.vault(items=items), machines=machines)
    assert watched_azure_vms(view) == {a.azure_vm_id("app-1")}
    blind = a.view(snapshot=a.site_snapshot(vault_part=Part()), machines=machines)
    assert watched_azure_vms(blind) == frozenset()


def requested(**spec):
    machines = (a.machine("app-1", status={"ledger": [DELETED]}),)
    return interest_of(a.site(), (a.master_target(vmName="windows-target"),), machines, None, (a.plan(**spec),))


DELETED = {
    "key": f"DeleteVm/{a.vm_uuid('old')}/1",
    "effect": "DeleteVm",
    "intendedAt": "2026-11-24T06:00:00Z",
    "notAfter": "2026-11-24T06:00:30Z",
    "outcome": "Running",
}


def test_privileges_are_read_on_what_people_ask_for():
    assert requested().mended == frozenset()
    person = {"machine": "app-1", "reason": "moved", "by": "dba"}
    assert requested(reattach=[person]).mended == {"app-1", "windows-target"}
    assert requested(deletions=[{**person, "instanceUuid": a.vm_uuid("other")}]).mended == {"app-1"}


def test_a_vm_that_is_to_be_deleted_or_was_is_looked_for_by_its_uuid():
    assert requested().uuids == {a.vm_uuid("old")}
    person = {"machine": "app-1", "reason": "lost", "by": "dba", "instanceUuid": a.vm_uuid("other")}
    assert requested(deletions=[person]).uuids == {a.vm_uuid("old"), a.vm_uuid("other")}
