"""Conditions: one a type, always all of them, Unknown where what they need was not read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from failback_operator.api.common import Condition, ConditionStatus
from failback_operator.decide.judgement import Ruling, Rulings
from failback_operator.decide.wording import remedy_of
from failback_operator.domain.verdicts import Outcome

MOST_TEXT = 1024
MOST_SUBJECTS = 5
TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


@dataclass(frozen=True, slots=True)
class State:
    """What a condition says, without its type and generation. `remedy` is told by what sums it up."""

    status: ConditionStatus
    reason: str
    message: str
    remedy: str = ""


Conditions = dict[str, State]


def rendered(states: Conditions, generation: int) -> list[Condition]:
    """The conditions in the order given; transition times are the status writer's."""
    return [
        Condition(type=kind, status=s.status, reason=s.reason, message=s.message[:MOST_TEXT], observed_generation=generation)
        for kind, s in states.items()
    ]


def told(rulings: Iterable[Ruling]) -> str:
    """What was observed, subject by subject, for a message."""
    by_subject: dict[str, list[str]] = {}
    for ruling in rulings:
        texts = by_subject.setdefault(ruling.verdict.subject.name, [])
        if ruling.verdict.observed not in texts:
            texts.append(ruling.verdict.observed)
    parts = [f"{name}: {'; '.join(texts)}" for name, texts in by_subject.items()]
    more = f"; and {len(parts) - MOST_SUBJECTS} more" if len(parts) > MOST_SUBJECTS else ""
    return "; ".join(parts[:MOST_SUBJECTS]) + more


def aggregate(rulings: Rulings, waived: Callable[[Ruling], bool] = lambda _: False) -> State:
    """False if a blocker failed, Unknown if one is unknown, else True."""
    warnings = [r for r in rulings if r.is_open]
    open_blockers = [r for r in warnings if r.is_blocker and not waived(r)]
    for outcome, status in ((Outcome.FAIL, FALSE), (Outcome.UNKNOWN, UNKNOWN)):
        those = [r for r in open_blockers if r.verdict.outcome is outcome] if open_blockers else ()
        if those:
            return State(status, those[0].verdict.check_id, told(those), remedy_of(those[0]))
    if warnings:
        return State(TRUE, "PassedWithWarnings", told(warnings))
    if all(r.verdict.outcome is Outcome.NOT_APPLICABLE for r in rulings):
        return State(TRUE, "NotApplicable", "nothing to check here and now")
    return State(TRUE, "Passed", "all checks pass")


def by_condition(rulings: Rulings, waived: Callable[[Ruling], bool] = lambda _: False) -> Conditions:
    """The conditions that the rulings feed, in the order in which the catalogue first names them."""
    groups: dict[str, list[Ruling]] = {}
    for ruling in rulings:
        groups.setdefault(ruling.check.condition, []).append(ruling)
    return {kind: aggregate(tuple(group), waived) for kind, group in groups.items()}


def summary(rulings: Rulings) -> State:
    """Ready of a subject that has nothing to do but be right."""
    state = aggregate(rulings)
    return State(TRUE, "Ready", state.message) if state.status is TRUE else state


IDLE = State(FALSE, "Idle", "nothing is being done")
NOT_STALLED = State(FALSE, "NotStalled", "nothing needs a person to go on")
