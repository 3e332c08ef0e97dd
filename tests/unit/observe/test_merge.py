"""Older and newer reads of one vault become one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import JobError, JobState, MissingJob
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.vault import AzureVm, VaultFacts
from failback_operator.observe.azure import convert
from failback_operator.observe.azure.convert_item import item_detail, listed_item
from failback_operator.observe.azure.convert_job import job
from failback_operator.observe.azure.merge import VaultPatch, carried_detail, merged_jobs, newest_first, patched

from . import bodies

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def got(at: datetime, **changes: object) -> ProtectedItem:
    body = bodies.failed_over()
    return replace(listed_item(body), detail=item_detail(body, at), **changes)  # type: ignore[arg-type]


def facts(*items: ProtectedItem) -> VaultFacts:
    vms = (AzureVm(ArmId(bodies.VM), "running", (), 1),)
    return VaultFacts(convert.fabric(bodies.fabric()), (), (), items, (), (), (), vms)


def test_a_detail_is_carried_while_the_list_shows_no_change():
    known = got(NOW)
    moved = replace(listed_item(bodies.listed(bodies.failed_over())), rpo_seconds=1, last_heartbeat=NOW, health_errors=())
    assert carried_detail(moved, known).detail is known.detail
    assert carried_detail(replace(moved, protection_state="Other"), known).detail is None
    assert carried_detail(replace(moved, allowed_operations=frozenset()), known).detail is None
    assert carried_detail(moved, None).detail is None
    assert carried_detail(moved, replace(known, detail=None)).detail is None


def test_a_patch_replaces_adds_and_never_goes_back():
    newer, older = got(NOW + MINUTE, protection_state="new"), got(NOW - MINUTE, protection_state="old")
    assert patched(facts(got(NOW)), VaultPatch(items=(newer,))).items == (newer,)
    assert patched(facts(got(NOW)), VaultPatch(items=(older,))).items == (got(NOW),)
    assert patched(facts(), VaultPatch(items=(older,))).items == (older,)
    assert patched(facts(replace(got(NOW), detail=None)), VaultPatch(items=(older,))).items == (older,)


def test_a_machine_that_was_looked_for_and_not_found_is_missing():
    vm = ArmId(bodies.VM.upper())
    gone = patched(facts(), VaultPatch(read_vms=frozenset({vm})))
    assert (gone.azure_vms, gone.missing_vms) == ((), frozenset({vm}))
    back = patched(gone, VaultPatch(vms=(AzureVm(vm, "running", (), 0),), read_vms=frozenset({vm})))
    assert (len(back.azure_vms), back.missing_vms) == (1, frozenset())


def test_what_was_missing_and_is_read_is_there():
    item, found = got(NOW), job(bodies.job())
    missing = (MissingJob(found.name.upper(), NOW), MissingJob("other", NOW))
    gone = replace(facts(), missing_items=frozenset({item.arm_id}), missing_jobs=missing)
    assert patched(gone, VaultPatch()) == gone
    back = patched(gone, VaultPatch(items=(item,), jobs=(found,)))
    assert (back.missing_items, back.missing_jobs) == (frozenset(), missing[1:])


def test_other_machines_stay_as_they_were():
    other = ArmId(f"{bodies.VM}-other")
    after = patched(facts(), VaultPatch(read_vms=frozenset({other})))
    assert [vm.arm_id for vm in after.azure_vms] == [ArmId(bodies.VM)]


def test_a_list_that_tells_less_of_a_job_takes_nothing_away():
    full = job(bodies.job())
    bare = replace(full, errors=full.errors[:1], child_jobs=(), state_description="x")
    (merged,) = merged_jobs([bare], [full])
    assert (merged.errors, merged.child_jobs, merged.state_description) == (full.errors, full.child_jobs, "x")
    (merged,) = merged_jobs([full], [bare])
    assert (merged.errors, merged.child_jobs) == (full.errors, full.child_jobs)


def test_a_job_that_is_over_does_not_run_again():
    over = job(bodies.job())
    assert merged_jobs([replace(over, state=JobState.IN_PROGRESS)], [over]) == (over,)


def test_an_end_that_a_get_showed_is_whole_for_good_and_what_ran_then_is_not():
    listed = job(bodies.job())
    got_over, got_running = replace(listed, is_whole=True), replace(listed, is_whole=True, state=JobState.IN_PROGRESS)
    assert [each.is_whole for each in merged_jobs([listed], [got_over])] == [True]
    assert [each.is_whole for each in merged_jobs([listed], [got_running])] == [False]
    assert [each.is_whole for each in merged_jobs([got_over], [listed])] == [True]


def test_jobs_that_were_not_read_stay():
    over = job(bodies.job())
    other = replace(over, name="other", errors=(JobError("1", "m", None, None),))
    assert set(merged_jobs([other], [over])) == {over, other}


def test_newest_first_and_those_that_wait_before_all():
    jobs = [replace(job(bodies.job()), name=str(n), started_at=start) for n, start in enumerate((NOW, NOW + MINUTE, None))]
    assert [each.name for each in newest_first(jobs)] == ["2", "1", "0"]
    waiting = [replace(jobs[2], name="3", ended_at=None), replace(jobs[2], ended_at=None)]
    assert [each.name for each in newest_first([*waiting, jobs[0]])] == ["3", "2", "0"]
