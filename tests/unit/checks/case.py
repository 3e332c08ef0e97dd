"""A row of a table: a check, a context, and what it must answer."""

from dataclasses import dataclass
from typing import Any

from failback_operator.checks.catalogue import Catalogue
from failback_operator.checks.engine import run
from failback_operator.domain.verdicts import Outcome, Verdict

PASS, FAIL, UNKNOWN, NA = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE


@dataclass(frozen=True)
class Case:
    """`told` must be part of what is observed; `remedy` part of the verdict's own remedy."""

    check: str
    name: str
    outcome: Outcome
    context: Any
    told: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.check}-{self.outcome}-{self.name}"


def verdict_of(catalogue: Catalogue[Any], case: Case) -> Verdict:
    return {v.check_id: v for v in run(catalogue, case.context)}[case.check]


def assert_case(catalogue: Catalogue[Any], case: Case) -> None:
    verdict = verdict_of(catalogue, case)
    assert verdict.outcome is case.outcome, verdict
    assert case.told in verdict.observed
    assert case.remedy in (verdict.remedy or "")
    assert "the check itself failed" not in verdict.observed
