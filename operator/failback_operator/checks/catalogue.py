"""The catalogue: what each check is for, when it binds, how it is cured.

A check is one pure function from a context (facts about one subject) to an Answer. Registering it here is all that is needed for
conditions, findings and step guards to know it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from failback_operator.api.common import Severity
from failback_operator.api.v1alpha1.failback_plan import Location
from failback_operator.checks.answers import Answer
from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.checks.subjects import subject_of
from failback_operator.domain.steps import EffectKind, Step
from failback_operator.domain.verdicts import Subject, Verdict

C = TypeVar("C", SiteContext, TargetContext, ServerContext, MachineContext, PlanContext)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said of one check.

    `condition` is the condition of its subject's kind that it feeds; `steps` are those that its failure blocks.
    `needs_machine`: a waiver of it counts only where it names the machine. `also`: further clauses that it is for.
    `fixes`: effects by which the operator mends what it finds, where the spec lets it. `locations`: those of plans that it is
    asked for; NotApplicable elsewhere.
    """

    id: str
    clause: str
    severity: Severity
    condition: str
    steps: frozenset[Step]
    is_waivable: bool
    remedy: str
    source: str
    expected: str = ""
    needs_machine: bool = False
    also: tuple[str, ...] = ()
    fixes: frozenset[EffectKind] = frozenset()
    locations: frozenset[Location] = frozenset(Location)

    @property
    def clauses(self) -> tuple[str, ...]:
        """All clauses that it is for, the first one first."""
        return (self.clause, *self.also)

    @property
    def docs(self) -> str:
        """Where it is explained."""
        return f"docs/checks/{self.id}.md"


@dataclass(frozen=True, slots=True)
class Check(Rule, Generic[C]):
    """One check of one kind of subject."""

    ask: Callable[[C], Answer] = field(kw_only=True)

    def run(self, context: C, subject: Subject | None = None) -> Verdict:
        """The verdict on what `context` is about; `subject` where that is named already."""
        answer = self.ask(context)
        return Verdict(
            self.id,
            subject or subject_of(context),
            answer.outcome,
            self.expected,
            answer.observed,
            answer.remedy,
            answer.recheck_at,
        )


class Catalogue(Generic[C]):
    """The checks of one kind of subject, in the order in which they were registered."""

    def __init__(self) -> None:
        self._checks: dict[str, Check[C]] = {}

    def add(self, check: Check[C]) -> None:
        """Register `check`. Raises ValueError where the id is taken."""
        if check.id in self._checks:
            raise ValueError(f"two checks are called {check.id}")
        self._checks[check.id] = check

    def __iter__(self) -> Iterator[Check[C]]:
        return iter(self._checks.values())

    def __contains__(self, check_id: str) -> bool:
        return check_id in self._checks

    def get(self, check_id: str) -> Check[C]:
        """The check of that id. Raises KeyError."""
        return self._checks[check_id]
