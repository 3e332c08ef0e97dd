"""What one check, or a part of one, answers; and how parts become a whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from failback_operator.domain.verdicts import Outcome

MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """An outcome with its evidence. `remedy` where the evidence allows a better one than the catalogue's."""

    outcome: Outcome
    observed: str
    remedy: str | None = None
    recheck_at: datetime | None = None

    @property
    def is_pass(self) -> bool:
        """True for Pass alone."""
        return self.outcome is Outcome.PASS


def passed(observed: str, recheck_at: datetime | None = None) -> Answer:
    """It is as expected; `recheck_at` is when time alone may end that."""
    return Answer(Outcome.PASS, observed, recheck_at=recheck_at)


def failed(observed: str, remedy: str | None = None, recheck_at: datetime | None = None) -> Answer:
    """It is surely not as expected."""
    return Answer(Outcome.FAIL, observed, remedy, recheck_at)


def unknown(observed: str, remedy: str | None = None, recheck_at: datetime | None = None) -> Answer:
    """It could not be read, or not be decided."""
    return Answer(Outcome.UNKNOWN, observed, remedy, recheck_at)


def not_applicable(observed: str) -> Answer:
    """The check has nothing to say here and now."""
    return Answer(Outcome.NOT_APPLICABLE, observed)


def every(answers: Iterable[Answer]) -> Answer:
    """All must pass: Fail if one fails, else Unknown if one is unknown, else Pass; observed tells the worst ones.

    What is not applicable counts for nothing, unless there is nothing else.
    """
    given = tuple(answers)
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE):
        those = [a for a in given if a.outcome is outcome]
        if those:
            return _joined(outcome, those)
    return not_applicable("nothing to judge")


def any_of(answers: Iterable[Answer]) -> Answer:
    """One must pass: the first that does; else Unknown if one is unknown, else Fail, and observed tells all that count.

    Lazy: of many master targets seldom more than the first few are asked.
    """
    given = []
    for answer in answers:
        if answer.is_pass:
            return answer
        given.append(answer)
    for outcome in (Outcome.UNKNOWN, Outcome.FAIL, Outcome.NOT_APPLICABLE):
        those = [a for a in given if a.outcome is outcome]
        if those:
            return _joined(outcome, those)
    return unknown("there is nothing to judge")


def _joined(outcome: Outcome, those: list[Answer]) -> Answer:
    observed = "; ".join(dict.fromkeys(a.observed for a in those))
    remedies = list(dict.fromkeys(a.remedy for a in those if a.remedy))
    times = [a.recheck_at for a in those if a.recheck_at is not None]
    return Answer(outcome, observed, " ".join(remedies) or None, min(times, default=None))


def heartbeat(what: str, moment: datetime | None, now: datetime, limit: timedelta) -> Answer:
    """Whether the last heartbeat of `what` is not older than `limit`. The age itself is never told: it moves."""
    if moment is None:
        return unknown(f"{what}: no heartbeat was reported")
    if now - moment > limit:
        return failed(f"{what}: the last heartbeat is older than {minutes(limit)} min")
    return passed(f"{what}: heartbeats arrive", moment + limit)


def minutes(span: timedelta) -> int:
    """Whole minutes, for texts."""
    return int(span.total_seconds() // 60)


def listed(names: Iterable[str]) -> str:
    """Names for a sentence, in order, at most five of them and the number of the rest."""
    found = sorted(set(names))
    if len(found) <= MOST_NAMES:
        return ", ".join(found)
    return f"{', '.join(found[:MOST_NAMES])} and {len(found) - MOST_NAMES} more"
