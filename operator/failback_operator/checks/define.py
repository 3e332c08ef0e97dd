"""How a function becomes a check: what is said about it, and the verdict made of its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from failback_operator.api.common import Severity
from failback_operator.api.v1alpha1.failback_plan import Location
from failback_operator.checks.answers import Answer
from failback_operator.checks.catalogue import Catalogue, Check
from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.domain.steps import EffectKind, Step

C = TypeVar("C", SiteContext, TargetContext, ServerContext, MachineContext, PlanContext)

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


def register(catalogue: Catalogue[C], about: About, ask: Callable[[C], Answer]) -> None:
    """Put the check that `ask` answers into `catalogue`. Raises ValueError where its id is taken."""
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
            ask=ask,
            expected=about.expected,
            needs_machine=about.needs_machine,
            also=about.also,
            fixes=about.fixes,
            locations=about.locations,
        )
    )
