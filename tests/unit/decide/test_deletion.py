"""A VM that a person named is deleted before reprotect: shown, then once, while nothing but its being there blocks. R22."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_status_of
from tests.unit.decide.requested import DELETION, MACHINE, asked_world, deletion, in_third_vm
from tests.unit.decide.test_ledger import O, entry
from tests.unit.decide.world import change_plan, uuid_of

from failback_operator.checks.contexts import SiteContext
from failback_operator.decide.index import index_site
from failback_operator.decide.ledger_requests import request_call
from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import Part
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

CHECK, UUID = "RequestedDeletionDone", uuid_of(MACHINE)
UNTIL = "2027-01-01T00:00:00Z"
ALTERNATE = {"location": "Alternate", "datastore": "vmfs-1"}


def asked(*others, **plan):
    base = {"stage": "Reprotected", "deletions": [DELETION]} | ALTERNATE
    return asked_world(*others, **(base | plan))


def test_shown_first_then_deleted_once_then_reprotected():
    site = asked()
    assert site.requested() == []
    assert site.requested() == [], "its object is stored, its finding is not"
    told = site.remedy(CHECK)
    assert f"Will be deleted by the operator, from disk: VM app-1 (instance UUID {UUID}" in told
    assert "Hard disk 1 [vmfs-1] app-1/app-1_0.vmdk, Hard disk 2" in told
    (effect,) = site.requested()
    assert effect.key == f"DeleteVm/{UUID}/1"
    assert effect.call.files == {d.file_name for d in site.vms[MACHINE].disks}
    site.perform(effect)
    assert [e.kind for e in site.round(perform=False).effects] == []
    site.tick()
    kinds = [[e.kind for e in site.round(perform=False).effects] for _ in range(4)]
    assert [e.outcome for e in site.entries] == [O.SUCCEEDED]
    assert kinds[-1] == [EffectKind.REPROTECT]
    assert all(EffectKind.DELETE_VM not in each for each in kinds)
    assert site.machine.spec.recorded[0].vm_instance_uuid is None


def rounds(site, count=4):
    """Nothing is made of what is asked."""
    for _ in range(count):
        assert site.requested() == []
    return site.remedy(CHECK)


def test_one_of_another_uuid_is_not_the_one():
    told = rounds(asked(deletions=[{**DELETION, "instanceUuid": uuid_of("another")}]))
    assert told.startswith("Correct the instance UUID in spec.deletions")


def test_none_is_deleted_unasked():
    assert rounds(asked(deletions=[])) == ""


def changed(site, **vm):
    site.vms[MACHINE] = replace(site.vms[MACHINE], **vm)


def guest(site, **of_guest):
    changed(site, guest=replace(site.vms[MACHINE].guest, **of_guest))


def third(site):
    site.vms["strange"] = in_third_vm(site.vms[MACHINE].disks[0])


def as_target(site):
    site.targets["mt-win"] = b.master_target(vmName=MACHINE)


def other_cards(site):
    item = site.items[MACHINE]
    site.items[MACHINE] = replace(item, detail=replace(item.detail, mac_addresses=("005056000001",)))
    changed(site, mac_addresses=("005056ffffff",))


def pending(site):
    site.items[MACHINE] = replace(site.items[MACHINE], allowed_operations=frozenset({"Commit", "ChangePit"}))


def tried(site):
    """A reprotect that failed: what it did to the VM nobody knows."""
    site.round(perform=False)
    (name,) = site.machines
    found = site.machines[name]
    ledger = [entry(O.FAILED, "job-1", EffectKind.REPROTECT, key="Reprotect/2026-11-24T05:00:00Z/1")]
    site.machines[name] = found.model_copy(update={"status": found.status.model_copy(update={"ledger": ledger})})


def recorded(site):
    site.round(perform=False)
    (name,) = site.machines
    found = site.machines[name]
    record = b.record(vm_instance_uuid=UUID)
    site.machines[name] = found.model_copy(update={"spec": found.spec.model_copy(update={"recorded": [record]})})


def started(site):
    changed(site, starts=(b.NOW,))


OBSTACLES = {
    "VM app-1 is poweredOn": lambda site: changed(site, power_state=PowerState.ON),
    "VM app-1 is suspended": lambda site: changed(site, power_state=PowerState.SUSPENDED),
    "VM app-1 could not be read as a whole": lambda site: changed(site, unread=frozenset({"snapshots"})),
    "VM app-1 is a template": lambda site: changed(site, is_template=True),
    "VM app-1 is a master target's": as_target,
    "VM app-1 is a server of Site Recovery": lambda site: guest(site, host_name="ps-onprem"),
    "is a server of Site Recovery": lambda site: guest(site, ip_addresses=("10.10.0.10",)),
    "has none of the network cards": other_cards,
    "VM strange has a disk of it, too": third,
    "the failover is committed first": pending,
    "a VM is deleted between failover and reprotect only": tried,
    "its disks were recorded for a reprotect onto them": recorded,
    "reprotect is blocked by OnPremisesDiverged": started,
    "the plan is suspended": lambda site: change_plan(site, suspend=True),
    "the plan's stage is Prepared: it needs Reprotected": lambda site: change_plan(site, stage="Prepared"),
    "spec.holds names it": lambda site: change_plan(site, holds=[{"machine": MACHINE}]),
}


@pytest.mark.parametrize("said", OBSTACLES)
def test_what_keeps_it_from_being_deleted_is_told(said):
    site = asked()
    OBSTACLES[said](site)
    told = rounds(site)
    assert "Not now: " in told
    assert said in told


def test_none_is_deleted_while_no_master_target_has_room_for_it():
    site = asked("app-0")
    del site.vms["app-0"]
    for name in site.items:
        site.items[name] = replace(site.items[name], group_id=None, group_name=None)
    change_plan(site, machines=[{"name": "app-0"}, {"name": MACHINE}])
    site.targets["mt-win"] = b.master_target(maxDisks=5)
    for _ in range(4):
        assert site.requested() == []
    (told,) = [m.status.findings for m in site.machines.values() if m.spec.machine_name == MACHINE]
    remedy = next(f.remedy for f in told if f.check == CHECK)
    assert "Not now: 2 disk slots are needed on one master target" in remedy


def of_other(site, **changes):
    site.items["app-2"] = replace(site.items["app-2"], **changes)


def without_other(site):
    """The other's own VM is gone, as at the alternate location it is before reprotect."""
    del site.vms["app-2"]


def with_entry(site, *of_entry, **changes):
    """The other's ledger has one."""
    without_other(site)
    site.round(perform=False)
    key, found = next((k, m) for k, m in site.machines.items() if m.spec.machine_name == "app-2")
    ledger = [entry(*of_entry, **changes)]
    site.machines[key] = found.model_copy(update={"status": found.status.model_copy(update={"ledger": ledger})})


def moves(site):
    with_entry(site, O.RUNNING, "job-1", EffectKind.REPROTECT, key="Reprotect/2026-11-24T05:00:00Z/1")


def fails(site):
    with_entry(site, O.FAILED, "job-1", EffectKind.COMMIT_FAILOVER, key="CommitFailover/2026-11-24T05:00:00Z/1")


def held(site):
    without_other(site)
    change_plan(site, holds=[{"machine": "app-2"}])


def off(site):
    without_other(site)
    site.azure_vms["app-2"] = replace(site.azure_vms["app-2"], power_state="deallocated")


def uncommitted(site):
    without_other(site)
    of_other(site, allowed_operations=frozenset({"Commit", "ChangePit"}))


MEMBERS = {
    "reprotect is blocked by OriginalVMGone": lambda site: None,
    "reprotect is blocked by AzureVmRunning": off,
    "a VM is deleted between failover and reprotect only": moves,
    "CommitFailover failed: ": fails,
    "spec.holds names it": held,
    "the failover is committed first": uncommitted,
}


@pytest.mark.parametrize("said", MEMBERS)
def test_none_is_deleted_while_another_of_its_group_may_not_be_reprotected(said):
    site = asked("app-2")
    MEMBERS[said](site)
    told = rounds(site)
    assert "Not now: app-2 of its group: " in told
    assert said in told


def test_none_is_deleted_while_one_of_its_group_has_no_object_yet():
    site = asked("app-2")
    without_other(site)
    site.round(perform=False)
    site.machines = {key: m for key, m in site.machines.items() if m.spec.machine_name == MACHINE}
    found = machine_status_of(evaluate(site.view()), site, MACHINE)
    remedy = next(f.remedy for f in found.findings if f.check == CHECK)
    assert "Not now: app-2 of its group is not known well enough" in remedy


def test_one_whose_group_may_go_is_deleted():
    site = asked("app-2")
    without_other(site)
    assert due(site).call.machine == "vm-app-1"


def test_two_of_a_group_wait_for_each_other_no_longer_than_both_may_be_deleted():
    both = [deletion(MACHINE), deletion("app-2")]
    site = asked("app-2", deletions=both)
    for _ in range(2):
        site.round(perform=False)
    assert {e.call.machine for e in site.requested()} == {"vm-app-1", "vm-app-2"}
    site = asked("app-2", deletions=both)
    site.vms["app-2"] = replace(site.vms["app-2"], power_state=PowerState.ON)
    assert "app-2 of its group: VM app-2 is poweredOn" in rounds(site)


def test_a_start_since_the_failover_needs_a_word_of_its_own():
    waiver = {"check": "OnPremisesDiverged", "machine": MACHINE, "reason": "expendable", "by": "dba", "until": UNTIL}
    site = asked(waivers=[waiver])
    started(site)
    site.round(perform=False)
    site.round(perform=False)
    assert [e.kind for e in site.requested()] == [EffectKind.DELETE_VM]


def test_without_a_vault_that_is_read_servers_are_known_by_the_spec():
    site = asked()
    site.round(perform=False)
    view = site.view()
    blind = replace(view.snapshot.vault, facts=None)
    assert not any(
        e.kind is EffectKind.DELETE_VM for e in _decided(replace(view, snapshot=replace(view.snapshot, vault=blind))).effects
    )


def _decided(view):
    return evaluate(view)


def test_at_the_original_location_reprotect_waits_for_it():
    site = asked(location="Original")
    site.round(perform=False)
    site.round(perform=False)
    (effect,) = site.round(perform=False).effects
    assert effect.kind is EffectKind.DELETE_VM


def due(site):
    site.round(perform=False)
    site.round(perform=False)
    (effect,) = site.requested()
    return effect


def test_a_crash_is_settled_by_whether_it_is_there():
    site = asked()
    site.intend(due(site))
    site.tick(3)
    site.round(perform=False)
    assert site.entries[-1].outcome is O.NOT_SENT
    site.perform(site.requested()[0], answer=O.INTENDED)
    site.round(perform=False)
    assert site.entries[-1].outcome is O.INTENDED
    site.tick(3)
    site.round(perform=False)
    assert [(e.key[-2:], e.outcome) for e in site.entries] == [("/1", O.NOT_SENT), ("/2", O.SUCCEEDED)]


def call_of(site):
    view = site.view()
    return request_call(site.machine, index_site(SiteContext(view, view.vault(), view.vsphere())))


def test_one_that_runs_is_followed_while_the_vm_is_there():
    site = asked()
    effect = due(site)
    vm = site.vms[MACHINE]
    site.perform(effect)
    site.vms[MACHINE] = vm
    site.tick()
    site.round(perform=False)
    assert site.entries[-1].outcome is O.RUNNING
    assert call_of(site) == replace(effect.call, files=frozenset())
    del site.vms[MACHINE]
    assert call_of(site) is None


def test_a_vcenter_that_is_not_read_tells_of_nothing_gone():
    site = asked()
    site.perform(due(site))
    view = site.view()
    unread = replace(view, snapshot=replace(view.snapshot, vcenters={b.VCENTER: Part()}))
    assert [s for s in _decided(unread).settlements if s.entry.effect == EffectKind.DELETE_VM] == []


def test_one_whose_files_went_and_which_stayed_is_not_gone():
    site = asked()
    effect = due(site)
    vm = site.vms[MACHINE]
    site.perform(effect)
    blank = frozenset({"disks", "controllers", "snapshots"})
    site.vms[MACHINE] = replace(vm, instance_uuid=None, bios_uuid=None, disks=(), controllers=(), unread=blank)
    site.tick()
    for _ in range(3):
        assert site.requested() == []
    assert site.entries[-1].outcome is O.RUNNING
    site.tick(10)
    change_plan(site, retries=[{"machine": MACHINE, "job": effect.key}])
    site.round(perform=False)
    assert site.entries[-1].outcome is O.FAILED
    assert "a person let it go by spec.retries" in site.entries[-1].message


def test_another_vm_that_has_the_uuid_as_its_bios_uuid_is_none():
    site = asked()
    effect = due(site)
    site.perform(effect)
    site.vms["twin"] = b.vm("twin", moref=Moref("vm-twin"), bios_uuid=UUID, instance_uuid=uuid_of("twin"))
    site.tick()
    site.round(perform=False)
    assert site.entries[-1].outcome is O.SUCCEEDED
