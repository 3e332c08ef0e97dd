"""What holds of every check: cases, conditions, steps, texts; and of the engine that runs them."""

import dataclasses
import importlib
import logging
from itertools import chain
from pathlib import Path

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import verdict_of

from failback_operator.api.common import Severity
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.catalogue import Catalogue, Check
from failback_operator.checks.clauses import CLAUSES
from failback_operator.checks.engine import run
from failback_operator.checks.registry import KINDS, MACHINE_CHECKS
from failback_operator.decide.fixes import RULE_OF
from failback_operator.domain.protected_item import InstanceType
from failback_operator.domain.steps import EffectKind, Step
from failback_operator.domain.verdicts import Outcome

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py") if path.stem != Path(__file__).stem)
MODULES = [importlib.import_module(f"tests.unit.checks.{name}") for name in NAMES]
CASES = list(chain.from_iterable(getattr(module, "CASES", ()) for module in MODULES))
"""The cases of every module beside this one."""

ALWAYS_READABLE = {
    "DuplicateSite",
    "MasterTargetKnown",
    "ProcessServerKnown",
    "ProcessServerInAzure",
    "FailoverBound",
    "WaiversApply",
}.union(*(getattr(module, "ALWAYS_READABLE", ()) for module in MODULES))
"""Checks of our own objects alone: there is nothing that could be unread. A module of cases may name its own."""

ASKED_OF_EVERY_ITEM = {"MachineExists", "MachineUnambiguous", "MachineInOnePlan", "ArchitectureSupported"}
ALL = [(kind, check) for kind, catalogue in KINDS.items() for check in catalogue]
IDS = [f"{kind}-{check.id}" for kind, check in ALL]
CONTEXTS = {
    "RecoverySite": a.site_context(),
    "MasterTarget": a.target_context(),
    "ProcessServer": a.server_context(),
    "FailbackMachine": a.machine_context(),
    "FailbackPlan": a.plan_context(),
}


def outcomes(check_id, kind):
    ids = {c.id for c in KINDS[kind]}
    return {c.outcome for c in CASES if c.check == check_id and c.check in ids}


@pytest.mark.parametrize(("kind", "check"), ALL, ids=IDS)
def test_each_check_has_cases_that_pass_fail_and_are_unknown(kind, check):
    wanted = {Outcome.PASS, Outcome.FAIL} | (set() if check.id in ALWAYS_READABLE else {Outcome.UNKNOWN})
    assert wanted <= outcomes(check.id, kind) | unknown_while_blind(kind, check)


def unknown_while_blind(kind, check):
    """Checks of items are Unknown while the vault is unread, whatever else they ask."""
    if kind != "FailbackMachine":
        return set()
    blind = a.machine_context(items=(), group=(), site=a.blind_vault())
    return {Outcome.UNKNOWN} & {check.run(blind).outcome}


@pytest.mark.parametrize(("kind", "check"), ALL, ids=IDS)
def test_each_check_says_all_that_a_person_needs(kind, check):
    assert set(check.clauses) <= CLAUSES.keys()
    assert not check.fixes & {EffectKind(step.value) for step in Step if step is not Step.REHEARSAL}
    assert check.expected
    assert check.source
    assert 20 < len(check.remedy) <= 1024
    assert check.remedy.endswith(".")
    assert check.docs == f"docs/checks/{check.id}.md"
    assert check.severity is not Severity.BLOCKER or check.steps
    assert not check.needs_machine or check.is_waivable


def test_ids_are_taken_once():
    assert len({check.id for _, check in ALL}) == len(ALL)


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_leave_room_for_ready_reconciling_and_stalled(kind):
    """Of twelve. A master target's Ready tells what the other two tell elsewhere."""
    assert len({check.condition for check in KINDS[kind]}) <= (11 if kind == "MasterTarget" else 9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_healthy_subject_has_no_finding(kind):
    verdicts = run(KINDS[kind], CONTEXTS[kind])
    assert {v.outcome for v in verdicts} <= {Outcome.PASS, Outcome.NOT_APPLICABLE}
    assert {str(v.subject) for v in verdicts} == {
        {
            "RecoverySite": "RecoverySite/tokyo",
            "MasterTarget": "MasterTarget/mt-win",
            "ProcessServer": "ProcessServer/ps-azure",
            "FailbackMachine": "FailbackMachine/app-1",
            "FailbackPlan": "FailbackPlan/payroll",
        }[kind]
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdicts_are_the_same_whenever_asked(case):
    """Texts hold neither the time nor numbers that move while nothing changes."""
    catalogue = next(c for c in KINDS.values() if case.check in c)
    verdict = verdict_of(catalogue, case)
    assert verdict == verdict_of(catalogue, case)
    assert len(verdict.observed) <= 1024


@pytest.mark.parametrize("kind", [InstanceType.MODERNIZED, InstanceType.MODERNIZED_FAILBACK, InstanceType.OTHER])
@pytest.mark.parametrize("phase", list(Phase))
def test_another_architecture_is_told_once(kind, phase):
    verdicts = {v.check_id: v for v in run(MACHINE_CHECKS, a.machine_context(a.item(instance_type=kind), phase=phase))}
    assert verdicts["ArchitectureSupported"].outcome is Outcome.FAIL
    others = {v.outcome for check_id, v in verdicts.items() if check_id not in ASKED_OF_EVERY_ITEM}
    assert others == {Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize("phase", [Phase.PROTECTED, Phase.PROTECTING])
def test_a_machine_that_is_home_is_left_in_peace(phase):
    verdicts = run(MACHINE_CHECKS, a.machine_context(a.protected_item(), phase=phase, vms=(), azure_vm=None))
    assert {v.outcome for v in verdicts if v.check_id not in ASKED_OF_EVERY_ITEM} == {Outcome.NOT_APPLICABLE}


def test_a_machine_can_be_ready_months_before_a_disaster():
    running = a.located(a.vm(power_state=a.PowerState.ON, boot_time=a.minutes_ago(1)))
    context = a.machine_context(
        a.protected_item(), phase=Phase.NOT_FAILED_OVER, vms=(running,), azure_vm=None, failed_over_at=None
    )
    verdicts = {v.check_id: v.outcome for v in run(MACHINE_CHECKS, context)}
    assert Outcome.FAIL not in verdicts.values()
    assert Outcome.UNKNOWN not in verdicts.values()
    asked = {check_id for check_id, outcome in verdicts.items() if outcome is Outcome.PASS}
    assert {"OSMatch", "OSVersion", "GroupDiskLimit", "DatastoreMounted", "ProtectionPrepared"} <= asked
    assert not asked & {"AzureVmRunning", "OnPremisesDiverged", "OperationAllowed", "FailoverCovered"}


@pytest.mark.parametrize(
    ("phase", "step"),
    [
        (Phase.NOT_FAILED_OVER, Step.REHEARSAL),
        (Phase.FAILED_OVER, Step.REPROTECT),
        (Phase.REPROTECTED, Step.FAILBACK),
        (Phase.FAILED_BACK, Step.COMMIT),
        (Phase.COMMITTED, Step.PROTECT),
    ],
)
def test_what_guards_the_next_step_is_unknown_while_both_worlds_are_unread(phase, step):
    site = a.site_context(a.view(snapshot=a.site_snapshot(a.Part(), a.Part())))
    context = a.machine_context(phase=phase, site=site, items=(), group=(), vms=(), azure_vm=None, candidates=())
    guards = {c.id for c in MACHINE_CHECKS if step in c.steps}
    assert {v.outcome for v in run(MACHINE_CHECKS, context) if v.check_id in guards} == {Outcome.UNKNOWN}


def test_a_check_that_breaks_answers_unknown_and_the_others_go_on(caplog):
    def broken(context):
        raise ZeroDivisionError

    catalogue = Catalogue()
    whole = KINDS["RecoverySite"].get("DuplicateSite")
    catalogue.add(dataclasses.replace(whole, id="Broken", ask=broken))
    catalogue.add(whole)
    with caplog.at_level(logging.ERROR):
        first, second = run(catalogue, a.site_context())
    assert (first.check_id, first.outcome) == ("Broken", Outcome.UNKNOWN)
    assert "ZeroDivisionError" in first.observed
    assert "check Broken broke on RecoverySite/tokyo" in caplog.text
    assert second.outcome is Outcome.PASS


def test_an_id_is_taken_once_in_a_catalogue():
    catalogue = Catalogue()
    check: Check = KINDS["RecoverySite"].get("DuplicateSite")
    catalogue.add(check)
    with pytest.raises(ValueError, match="two checks are called DuplicateSite"):
        catalogue.add(check)


def test_the_clauses_are_those_of_the_vendors_page():
    assert list(CLAUSES) == [f"R{n}" for n in range(1, 25)]


def test_each_effect_that_mends_is_named_by_the_check_of_what_it_mends():
    others = {kind for kind in EffectKind if kind.is_on_vault or kind.is_on_request} | {EffectKind.COMMIT_FAILOVER}
    assert {kind for _, check in ALL for kind in check.fixes} == RULE_OF.keys() | others
