"""What a person reads in `kubectl get fbp`: where, what is wrong or going on, what to do; short, still while nothing happens.

Aspects: blockers with their cure, machines that wait and why, what runs, trouble, which condition each finding of the plan feeds.
"""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.read import condition, machine_of, machine_status_of, plan_of, summary
from tests.unit.decide.world import change_plan, world

from failback_operator.api.common import EffectOutcome
from failback_operator.decide.standing import WaitReason
from failback_operator.decide.wording import TELLING, cut, sentence
from failback_operator.domain.job import JobState
from failback_operator.domain.vsphere import PowerState

APART = ("SiteReady", "MasterTargetsReady", "ProcessServerReady", "MachinesReady", "DiskLimit", "OSMatch", "FailoverCovered")


def told(site):
    """The plan's message once everything was seen twice, which is also what Ready says."""
    site.round(perform=False)
    plan = plan_of(site.round(perform=False))
    assert plan.message == condition(plan, "Ready").message
    return plan.message


def test_what_blocks_one_machine_comes_with_its_cure():
    site = world("app-1", "db-1", stage="Prepared")
    site.azure_vms["db-1"] = b.azure_vm("db-1", power_state="stopped")
    message = told(site)
    assert message == (
        "db-1: Azure VM db-1 is stopped. To do: Start the Azure VM. If it was deleted or moved to another resource group, it"
        " cannot be failed back."
    )
    assert machine_status_of(site.round(), site, "db-1").message == message


def test_of_several_blockers_the_first_cause_is_cured_first_and_the_others_are_named():
    site = world("app-1", "db-1", stage="Prepared")
    for name in ("app-1", "db-1"):
        site.azure_vms[name] = b.azure_vm(name, power_state="stopped")
    site.vms["mt-win"] = b.target_vm(snapshots=(b.snapshot("before-kernel-update"),), disk_uuid_enabled=False)
    message = told(site)
    assert message.startswith("mt-win: ")
    assert "before-kernel-update" in message
    assert "; VM mt-win: disk.EnableUUID is not TRUE. To do first: " in message
    assert message.endswith(" Also blocked: app-1, db-1.")


def test_what_the_operator_will_do_itself_is_not_asked_of_a_person():
    site = world("app-1", stage="Prepared")
    site.targets["mt-win"] = b.master_target(remediation={"removeSnapshots": "Automatic"})
    site.vms["mt-win"] = b.target_vm(snapshots=(b.snapshot("before-kernel-update"),))
    wanted = 'Will be removed by the operator: snapshot "before-kernel-update" of mt-win.'
    assert told(site).endswith(f"To do: {wanted}")
    plan = plan_of(site.round(perform=False))
    assert [f.remedy for f in plan.findings if f.check == "NoSnapshots"] == [wanted]


def test_what_is_not_known_says_where_to_look_first():
    site = world("app-1", stage="Prepared")
    site.vms["app-1"] = replace(site.vms["app-1"], unread=frozenset({"disks"}))
    message = told(site)
    assert message.startswith("not known: ")
    assert "See that all sources are read (kubectl describe rsite), then: " in message
    assert machine_status_of(site.round(), site).message == message


def test_a_group_that_fits_nowhere_says_what_would_help():
    site = world("a-1", disks=59, stage="Prepared")
    site.targets["mt-win"] = b.master_target(maxDisks=50)
    plan = plan_of(site.round())
    assert "To do" in plan.message
    assert summary(plan, "Stalled") == ("True", "DiskLimit")
    assert condition(plan, "Stalled").message.endswith(
        "To do: Add a master target with more free disk slots, or raise spec.maxDisks of one."
    )


def test_the_first_wait_of_weight_is_told_and_the_others_are_counted():
    site = world("a-1", "b-1", "c-1", "d-1", disks=28, stage="Reprotected", concurrency={"reprotect": 1})
    site.round()
    site.round()
    assert told(site) == (
        "a-1: reprotect is running; c-1, d-1 wait: 28 disk slots are needed on one master target: mt-win has 2 of 60 free, held"
        " by a-1 until their failback detaches the disks; 1 more waits"
    )


def test_all_that_wait_for_the_same_are_named_once():
    site = world(*(f"m-{n}" for n in range(9)), stage="Reprotected", concurrency={"reprotect": 1})
    site.round()
    site.round()
    assert told(site) == (
        "m-0: reprotect is running; m-1, m-2, m-3, m-4, m-5 and 3 more wait: no more than 1 at a time"
        " (spec.concurrency.reprotect)"
    )


def test_nothing_in_it_moves_while_nothing_happens():
    site = world("a-1", "b-1", disks=30, stage="Reprotected")
    site.run()
    messages = set()
    for _ in range(10):
        messages.add(told(site))
        site.tick(1)
    assert len(messages) == 1


def test_every_reason_to_wait_has_its_weight():
    assert sorted(TELLING) == sorted(WaitReason)


def test_what_runs_is_said_in_the_words_of_the_steps():
    site = world("app-1", stage="Protected")
    seen = []
    for _ in range(30):
        seen.append(plan_of(site.round()).message)
        seen.append(machine_of(site).status.message)
        site.finish_jobs()
        seen.append(plan_of(site.round()).message)
        seen.append(machine_of(site).status.message)
        site.finish_syncs()
        site.tick()
    for words in ("reprotect", "failback", "commit", "protection to Azure"):
        assert f"app-1: {words} is starting" in seen
        assert f"{words} is starting" in seen
    assert "reprotect is running" in seen
    assert seen[-2:] == ["all machines have reached Protected", "it has reached the plan's stage Protected"]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"suspend": True}, "app-1 waits: the plan is suspended: set spec.suspend to false to go on"),
        (
            {"holds": [{"machine": "app-1", "reason": "month end"}]},
            "app-1 waits: spec.holds names it (month end): remove the entry to go on",
        ),
        ({"stage": "Prepared"}, "nothing blocks what comes next: raise spec.stage (with failedOverBefore) to go on"),
    ],
)
def test_what_waits_for_a_person_says_for_what(spec, text):
    assert told(world("app-1", **({"stage": "Reprotected"} | spec))) == text


def test_a_suspended_plan_says_so_beside_what_blocks_it():
    site = world("app-1", stage="Reprotected", suspend=True)
    site.azure_vms["app-1"] = b.azure_vm("app-1", power_state="stopped")
    message = plan_of(site.round()).message
    assert message.startswith(
        "the plan is suspended: set spec.suspend to false to go on; app-1: Azure VM app-1 is stopped. To do: "
    )


def test_a_failed_step_names_machine_words_and_the_way_on():
    site = world("app-1", "db-1", stage="Reprotected")
    site.round()
    site.round()
    site.finish_jobs(state=JobState.FAILED, description="Failed")
    message = told(site)
    job = machine_of(site).status.ledger[-1].job
    assert message.startswith("app-1: Reprotect failed: ")
    assert (
        f"To do: Mend the cause, then let it try again: add machine app-1 and job {job} to spec.retries of the plan." in message
    )
    assert message.endswith("A person is needed for db-1, too.")
    plan = plan_of(site.round())
    assert condition(plan, "Stalled").message == message
    assert machine_status_of(site.round(), site).message.startswith("Reprotect failed: ")


def test_a_call_in_doubt_says_itself_what_to_do():
    site = world("app-1", stage="Reprotected")
    decision = next(d for d in iter(lambda: site.round(perform=False), None) if d.effects)
    site.intend(decision.effects[0])
    item = site.items["app-1"]
    site.items["app-1"] = replace(item, allowed_operations=frozenset())
    site.tick(30)
    message = told(site)
    assert machine_of(site).status.ledger[-1].outcome is EffectOutcome.AMBIGUOUS
    assert message.count("spec.retries") == 1
    assert decision.effects[0].key in message


def test_a_plan_without_machines_says_what_to_correct():
    site = world("app-1", machines=[], selector={"namePattern": "nobody-*"}, stage="Prepared")
    assert "spec.selector.namePattern" in plan_of(site.round()).message


def test_a_machine_that_is_nowhere_near_says_what_it_is():
    site = world("app-1", stage="Prepared", failedOverBefore=None)
    site.items["app-1"] = b.protected_item("app-1", detail=site.items["app-1"].detail)
    site.azure_vms.clear()
    site.round()
    assert (
        machine_status_of(site.round(), site).message == "it runs on the site: it could be brought home after a failover to Azure"
    )
    home = world("app-1", stage="Prepared")
    home.round()
    assert machine_status_of(home.round(), home).message.startswith("it is FailedOver, and nothing blocks what comes next")


@pytest.mark.parametrize(
    ("spoil", "kind", "status", "reason"),
    [
        (lambda s: change_plan(s, masterTargets=[{"name": "nobody"}]), "MasterTargetsReady", "False", "MasterTargetKnown"),
        (lambda s: change_plan(s, processServer={"name": "nobody"}), "ProcessServerReady", "False", "ProcessServerKnown"),
        (lambda s: change_plan(s, processServer={"name": "ps-onprem"}), "ProcessServerReady", "True", "PassedWithWarnings"),
        (lambda s: change_plan(s, waivers=[waiver("NoSuchCheck")]), "MachinesReady", "False", "WaiversApply"),
        (lambda s: change_plan(s, holds=[{"machine": "ap-1"}]), "MachinesReady", "False", "HeldMachinesKnown"),
        (lambda s: change_plan(s, retries=[{"machine": "ap-1", "job": "j"}]), "MachinesReady", "True", "PassedWithWarnings"),
        (lambda s: change_plan(s, failedOverBefore=b.minutes_ago(-60)), "FailoverCovered", "False", "FailoverCovered"),
        (
            lambda s: s.vms.update({"mt-win": replace(s.vms["mt-win"], power_state=PowerState.ON, disk_uuid_enabled=False)}),
            "MasterTargetsReady",
            "False",
            "DiskEnableUuid",
        ),
        (
            lambda s: s.azure_vms.update({"app-1": b.azure_vm("app-1", power_state="stopped")}),
            "MachinesReady",
            "False",
            "AzureVmRunning",
        ),
    ],
)
def test_each_finding_feeds_its_own_condition(spoil, kind, status, reason):
    site = world("app-1", stage="Reprotected")
    spoil(site)
    site.round(perform=False)
    plan = plan_of(site.round(perform=False))
    assert summary(plan, kind) == (status, reason)
    false = {c.type for c in plan.conditions if c.type in APART and c.status.value == "False"}
    assert false == ({kind} if status == "False" else set())
    assert summary(plan)[0] == status


def waiver(check):
    return {"check": check, "reason": "tried", "by": "dba on call", "until": b.minutes_ago(-60)}


@pytest.mark.parametrize(
    ("text", "most", "expected"), [("ab", 9, "ab."), ("ab.", 9, "ab."), ("abcdefgh", 5, "abc…"), ("", 5, ".")]
)
def test_sentence(text, most, expected):
    assert sentence(text, most) == expected
    assert len(cut(text, most)) <= most
