"""How a source of facts was read: facts with their time, or why they could not be read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class SourceProblem(StrEnum):
    """Why a source could not be read. Reasons of conditions, so CamelCase and stable."""

    NOT_READ_YET = "NotReadYet"
    UNREACHABLE = "Unreachable"
    TIMED_OUT = "TimedOut"
    CERTIFICATE_INVALID = "CertificateInvalid"
    SECRET_MISSING = "SecretMissing"  # noqa: S105 - a reason, no secret
    INVALID_CREDENTIALS = "InvalidCredentials"
    FORBIDDEN = "Forbidden"
    NOT_FOUND = "NotFound"
    THROTTLED = "Throttled"
    SESSION_LOST = "SessionLost"
    INCOMPLETE = "Incomplete"
    UNPARSABLE_RESPONSE = "UnparsableResponse"


@dataclass(frozen=True, slots=True)
class SourceError:
    """What was answered instead of facts; `message` is safe to show (it holds no secret)."""

    problem: SourceProblem
    message: str
    retry_after: timedelta | None = None


class SourceFailed(Exception):  # noqa: N818 - what happened, not a fault of the program
    """Raised by what reads a source on demand; carries the same answer that a Part would show."""

    def __init__(self, error: SourceError) -> None:
        super().__init__(f"{error.problem}: {error.message}")
        self.error = error


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """The last complete read of one source, and the error of the last try if that failed.

    `as_of` is when the read of `facts` began: no part of them is older. A partial read never replaces complete facts.
    """

    facts: T | None = None
    as_of: datetime | None = None
    error: SourceError | None = SourceError(SourceProblem.NOT_READ_YET, "not read yet")

    def fresh(self, now: datetime, limit: timedelta) -> T | None:
        """The facts, unless they were never read or are older than `limit` at `now`."""
        if self.facts is None or self.as_of is None or now - self.as_of > limit:
            return None
        return self.facts
