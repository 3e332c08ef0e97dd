"""How a function becomes a check: what is said about it, and the verdict made of its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from failback_operator.api.common import Severity
from failback_operator.api.v1alpha1.failback_plan import Location
from failback_operator.checks.answers import Answer
from failback_operator.checks.catalogue import Catalogue, Check
from failback_operator.domain.steps import EffectKind, Step
from failback_operator.domain.verdicts import Subject, Verdict

C = TypeVar("C")

ALL_STEPS = frozenset(Step)
EFFECTS = ALL_STEPS - {Step.REHEARSAL}
BEFORE_REPROTECT = frozenset({Step.REHEARSAL, Step.REPROTECT})
BEFORE_FAILBACK = BEFORE_REPROTECT | {Step.FAILBACK}
BEFORE_COMMIT = BEFORE_FAILBACK | {Step.COMMIT}
ORIGINAL = frozenset({Location.ORIGINAL})
ALTERNATE = frozenset({Location.ALTERNATE})


@dataclass(frozen=True, slots=True)
class About:
    """What the catalogue says of a check. `steps`: those that it blocks. `judged_at`: further steps before which it is asked.

    `also`: further clauses. `fixes`: effects by which the operator mends what it finds, where the spec lets it. `locations`:
    those of plans for whose machines it is asked.
    """

    id: str
    clause: str
    condition: str
    expected: str
    remedy: str
    source: str
    steps: frozenset[Step]
    severity: Severity = Severity.BLOCKER
    is_waivable: bool = False
    needs_machine: bool = False
    judged_at: frozenset[Step] = frozenset()
    also: tuple[str, ...] = ()
    fixes: frozenset[EffectKind] = frozenset()
    locations: frozenset[Location] = frozenset(Location)


def register(catalogue: Catalogue[C], about: About, subject: Callable[[C], Subject], ask: Callable[[C], Answer]) -> None:
    """Put the check that `ask` answers into `catalogue`. Raises ValueError where its id is taken."""

    def run(context: C) -> Verdict:
        answer = ask(context)
        return Verdict(
            check_id=about.id,
            subject=subject(context),
            outcome=answer.outcome,
            expected=about.expected,
            observed=answer.observed,
            remedy=answer.remedy,
            recheck_at=answer.recheck_at,
        )

    catalogue.add(
        Check(
            id=about.id,
            clause=about.clause,
            severity=about.severity,
            condition=about.condition,
            steps=about.steps,
            is_waivable=about.is_waivable,
            remedy=about.remedy,
            source=about.source,
            run=run,
            expected=about.expected,
            needs_machine=about.needs_machine,
            also=about.also,
            fixes=about.fixes,
            locations=about.locations,
        )
    )
