"""A failover to Azure that is not committed: a person commits it, or the operator before reprotect where the plan says so."""

from dataclasses import replace

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_of, machine_status_of, plan_of, summary
from tests.unit.decide.world import PENDING, World, change_plan, world

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.domain.job import JobState
from failback_operator.domain.steps import EffectKind, ItemCall

COMMIT_FAILOVER, REPROTECT = EffectKind.COMMIT_FAILOVER, EffectKind.REPROTECT


def pending(*names: str, group: str | None = None, **plan: object) -> World:
    site = world(*names, group=group, **plan)
    for name in names:
        site.items[name] = replace(site.items[name], **PENDING)
    return site


def test_without_the_plans_word_a_person_commits():
    site = pending("app-1")
    site.run()
    assert site.made == []
    found = plan_of(site.round())
    assert summary(found) == ("False", "Blocked")
    assert "spec.commitFailover" in found.message
    site.items["app-1"] = b.item(detail=site.items["app-1"].detail)
    site.run()
    assert site.made == [(REPROTECT, "app-1")]


def test_the_operator_commits_then_reprotects():
    site = pending("app-1", commitFailover=True)
    site.store(evaluate(site.view()))
    (effect,) = evaluate(site.view()).effects
    assert effect.kind is COMMIT_FAILOVER
    assert effect.call == ItemCall(b.item_id("app-1"), "failoverCommit", None)
    assert effect.key == "CommitFailover/2026-11-24T05:00:00Z/1"
    assert effect.description == "CommitFailover app-1"
    site.round()
    running = site.round()
    assert running.effects == ()
    assert machine_status_of(running, site).phase is Phase.REPROTECTING
    site.finish_jobs()
    site.run()
    assert site.made == [(COMMIT_FAILOVER, "app-1"), (REPROTECT, "app-1")]
    assert {e.outcome for e in machine_of(site).status.ledger} == {EffectOutcome.SUCCEEDED}


def test_nothing_is_committed_while_something_blocks_the_reprotect():
    """The choice of another point is not given up for a reprotect that cannot begin."""
    site = pending("app-1", commitFailover=True)
    site.azure_vms["app-1"] = b.azure_vm(power_state="stopped")
    site.run()
    assert site.made == []


def test_nothing_is_committed_at_stage_prepared():
    site = pending("app-1", commitFailover=True, stage="Prepared")
    site.run()
    assert site.made == []
    assert summary(plan_of(site.round())) == ("True", "ReadyToStart")


def test_a_group_is_committed_as_a_whole_before_one_of_it_is_reprotected():
    site = pending("app-1", "app-2", group="g", commitFailover=True, acceptIndependentPoints=True)
    site.items["app-1"] = replace(site.items["app-1"], **{name: getattr(b.item(), name) for name in PENDING})
    site.round(perform=False)
    decision = evaluate(site.view())
    assert [(e.kind, e.owner.name) for e in decision.effects] == [(COMMIT_FAILOVER, machine_of(site, "app-2").name)]
    assert "the failover of app-2 of its group is committed first" in machine_status_of(decision, site).message
    site.round()
    running = site.round()
    assert running.effects == ()
    assert "the failover of app-2 of its group is committed first" in machine_status_of(running, site).message
    site.finish_jobs()
    site.run()
    assert site.made[0] == (COMMIT_FAILOVER, "app-2")
    assert sorted(site.made[1:]) == [(REPROTECT, "app-1"), (REPROTECT, "app-2")]


def test_a_commit_that_failed_waits_for_a_person():
    site = pending("app-1", commitFailover=True)
    site.round()
    site.round()
    site.finish_jobs(state=JobState.FAILED)
    site.run()
    assert site.made == [(COMMIT_FAILOVER, "app-1")]
    found = machine_status_of(site.round(), site)
    assert found.phase is Phase.FAILED
    change_plan(site, retries=[{"machine": "app-1", "job": "job-1"}])
    site.run()
    assert [kind for kind, _ in site.made] == [COMMIT_FAILOVER, COMMIT_FAILOVER, REPROTECT]


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_lost_answer_is_settled_by_item_and_jobs(is_taken):
    site = pending("app-1", commitFailover=True)
    site.round()
    (effect,) = evaluate(site.view()).effects
    if is_taken:
        site.perform(effect, answer=EffectOutcome.INTENDED)
    else:
        site.intend(effect)
    site.tick(3)
    site.finish_jobs()
    site.run()
    commits = [kind for kind, _ in site.made].count(COMMIT_FAILOVER)
    assert commits == 1
    assert site.made[-1] == (REPROTECT, "app-1")


def test_who_committed_in_the_portal_is_not_committed_again():
    site = pending("app-1", commitFailover=True)
    site.round()
    site.items["app-1"] = b.item(detail=site.items["app-1"].detail)
    site.run()
    assert site.made == [(REPROTECT, "app-1")]
