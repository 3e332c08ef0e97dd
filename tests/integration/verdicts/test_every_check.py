"""No check is blind: each is seen to fail, and to pass, by the real path."""

import pytest
from tests.integration.verdicts import advanced_steps, tamper_steps
from tests.integration.verdicts.proof import every_case

from failback_operator.checks.registry import KINDS
from failback_operator.domain.verdicts import Outcome

CHECKS = {check.id for catalogue in KINDS.values() for check in catalogue}


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.PASS])
def test_every_check_is_seen_to_answer(outcome: Outcome) -> None:
    cases = (*every_case(), *advanced_steps.CASES, *tamper_steps.CASES)
    seen = {case.check for case in cases if outcome in {case.outcome, case.before}}
    assert sorted(CHECKS - seen) == []
    assert sorted({case.check for case in cases} - CHECKS) == []
