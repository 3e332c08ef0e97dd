"""Before a commit: an Azure VM that is not found under its id may have been moved, and run. Safety rule 5."""

from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_status_of, plan_of, summary
from tests.unit.decide.world import World, change_plan, world

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.domain.job import JobState
from failback_operator.domain.steps import EffectKind


def failed_back() -> World:
    site = world("app-1", stage="FailedBack")
    site.run()
    change_plan(site, stage="Committed")
    return site


def lose_azure_vm(site: World) -> None:
    del site.azure_vms["app-1"]
    site.gone_vms.add("app-1")


def test_no_commit_where_azure_answers_404_and_a_person_is_told_what_to_do():
    site = failed_back()
    lose_azure_vm(site)
    site.run(6)
    assert EffectKind.COMMIT not in [kind for kind, _ in site.made]
    decision = site.round()
    found = machine_status_of(decision, site)
    assert (found.phase, summary(found)) == (Phase.FAILED_BACK, ("Unknown", "AzureVmStopped"))
    (finding,) = [f for f in found.findings if f.check == "AzureVmStopped"]
    assert "rg-vms" in finding.observed
    assert "commit the failback in the portal" in finding.remedy
    assert summary(plan_of(decision))[0] == "Unknown"


def test_where_the_person_commits_the_operator_goes_on():
    site = failed_back()
    lose_azure_vm(site)
    site.run(6)
    site.items["app-1"] = World._with(b.committed_item(), site.items["app-1"], None)
    change_plan(site, stage="Protected")
    site.run()
    assert [kind for kind, _ in site.made][-1] is EffectKind.PROTECT
    assert EffectKind.COMMIT not in [kind for kind, _ in site.made]


def test_a_commit_that_failed_after_it_removed_the_vm_may_be_tried_again():
    site = failed_back()
    effects = ()
    while not effects:
        effects = site.round().effects
    site.finish_jobs(state=JobState.FAILED, description="Failed")
    lose_azure_vm(site)
    site.tick(5)
    site.round()
    change_plan(site, retries=[{"machine": "app-1", "job": site.jobs[-1].name}])
    site.store(evaluate(site.view()))
    (effect,) = evaluate(site.view()).effects
    assert effect.kind is EffectKind.COMMIT
