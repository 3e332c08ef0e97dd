"""The rules of statuses catch what breaks them, and no test of decisions goes round them."""

import re
from pathlib import Path

import pytest
from tests.unit import builders as b
from tests.unit.status_rules import broken, check_statuses

from failback_operator.api.common import Condition, ConditionStatus, EffectOutcome, Finding, LedgerEntry, Severity
from failback_operator.api.v1alpha1 import FailbackMachineStatus, FailbackPlanStatus
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.domain.steps import ObjectKey


def condition(name="Ready", reason="Because", message=""):
    return Condition(type=name, status=ConditionStatus.TRUE, reason=reason, message=message, observed_generation=1)


def finding(check="NoSnapshots", subject="MasterTarget/mt-win"):
    return Finding(
        check=check,
        subject=subject,
        severity=Severity.BLOCKER,
        verdict="Fail",
        expected="none",
        observed="one",
        remedy="remove it",
    )


ENTRY = LedgerEntry(
    key="Failback/1", effect="Failback", intended_at=b.NOW, not_after=b.NOW, outcome=EffectOutcome.RUNNING, job="job-1"
)
GOOD = FailbackPlanStatus(observed_generation=1, conditions=[condition()], findings=[finding()])


class WithMore(FailbackPlanStatus):
    """A status with a member of which the CRD knows nothing."""

    more: str = "pruned"


def changed(**members):
    """Unvalidated, as a decision could be that builds its status with `model_copy`."""
    return GOOD.model_copy(update=members)


def test_a_good_status_breaks_none():
    assert list(broken("FailbackPlan", FailbackPlanStatus(), GOOD)) == []


BAD = {
    "is pruned": (WithMore.model_validate(GOOD.wire()), "Additional properties are not allowed ('more' was unexpected)"),
    "conditions of one type": (changed(conditions=[condition(), condition()]), "not told apart by ['type']"),
    "findings of one subject": (changed(findings=[finding(), finding()]), "not told apart by ['check', 'subject']"),
    "too many conditions": (changed(conditions=[condition(f"C{n}") for n in range(13)]), "is too long"),
    "too many findings": (changed(findings=[finding(f"C{n}") for n in range(101)]), "is too long"),
    "reason with a space": (changed(conditions=[condition(reason="It is so")]), "'It is so' does not match"),
    "type with a space": (changed(conditions=[condition("Not ready")]), "'Not ready' does not match"),
    "long text": (changed(message="x" * 40_000), "is too long"),
    "negative count": (changed(findings_omitted=-1), "-1 is less than the minimum of 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_status_is_found_out(name):
    status, says = BAD[name]
    found = list(broken("FailbackPlan", FailbackPlanStatus(), status))
    assert any(says in text for text in found), found


def test_a_message_longer_than_kubernetes_takes_is_found_out():
    status = changed(conditions=[condition().model_copy(update={"message": "x" * 32_769})])
    assert any("conditions[0].message" in text for text in broken("FailbackPlan", FailbackPlanStatus(), status))


def test_the_ledger_has_a_writer_of_its_own():
    stored = FailbackMachineStatus(phase=Phase.REPROTECTED, message="old", ledger=[ENTRY])
    assert list(broken("FailbackMachine", stored, FailbackMachineStatus(phase=Phase.FAILING_BACK))) == []


def test_objects_are_named():
    with pytest.raises(AssertionError, match=r"FailbackPlan/payroll: .*told apart"):
        check_statuses({ObjectKey("FailbackPlan", "dr", "payroll"): changed(conditions=[condition(), condition()])}, ())


def test_every_test_asks_for_decisions_in_the_place_that_checks_their_statuses():
    tests = Path(__file__).parents[1]
    direct = re.compile(r"^from failback_operator\.decide\.(evaluate|unassigned) import .*\bevaluate", re.MULTILINE)
    assert [path.name for path in tests.rglob("*.py") if direct.search(path.read_text(encoding="utf-8"))] == []
