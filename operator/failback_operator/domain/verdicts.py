"""What a check says: one verdict about one subject, with evidence."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """Unknown is never Fail and never Pass."""

    PASS = "Pass"  # noqa: S105 - a verdict, no secret
    FAIL = "Fail"
    UNKNOWN = "Unknown"
    NOT_APPLICABLE = "NotApplicable"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a verdict is about: `kind` as in Kubernetes (RecoverySite, MasterTarget, ...), `name` of the object or machine."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of check `check_id` about `subject`.

    `observed` holds no clock reading and no raw counter that moves at rest: texts must be equal while nothing changes.
    `remedy` overrides the catalogue's where the evidence allows a better one; `recheck_at` is when time alone may change it.
    """

    check_id: str
    subject: Subject
    outcome: Outcome
    expected: str
    observed: str
    remedy: str | None = None
    recheck_at: datetime | None = None
