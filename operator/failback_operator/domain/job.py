"""Jobs of a vault."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import ProtectedItem


class JobState(StrEnum):
    """State of a job; OTHER keeps what is unknown from counting as an end."""

    NOT_STARTED = "NotStarted"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    SUSPENDED = "Suspended"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class JobError:
    """An error of a job, verbatim."""

    code: str
    message: str
    possible_causes: str | None
    recommended_action: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """A job. Success is state Succeeded and a state_description that is not PartiallySucceeded, children included.

    `is_whole`: as its own GET shows it, and for good if it is over. Else `errors` and `child_jobs` may lack some.
    Source: the vault's LIST of jobs has neither tasks nor customDetails.
    """

    arm_id: ArmId
    name: str
    scenario: str
    state: JobState
    state_description: str | None
    started_at: datetime | None
    ended_at: datetime | None
    target_object_id: str | None
    target_object_name: str | None
    errors: tuple[JobError, ...]
    child_jobs: tuple[str, ...]
    is_whole: bool = False

    @property
    def is_over(self) -> bool:
        """True when it will not change any more."""
        return self.state in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}

    @property
    def is_known_to_end(self) -> bool:
        """True when it is over and all child jobs that it started are known."""
        return self.is_over and self.is_whole

    @property
    def is_success(self) -> bool:
        """True for a whole success of this job; its children are to be asked too."""
        return self.state is JobState.SUCCEEDED and self.state_description != "PartiallySucceeded"

    def concerns(self, item: ProtectedItem) -> bool:
        """Whether it is about `item`: by target id (item's name or ARM id), else by name.

        Source: ASRJob.targetObjectId/targetObjectName; which id the service puts there is inferred, so both are taken.
        """
        wanted = {item.arm_id.casefold(), item.arm_id.resource_name.casefold()}
        if self.target_object_id and self.target_object_id.casefold() in wanted:
            return True
        return bool(self.target_object_name) and self.target_object_name == item.friendly_name


@dataclass(frozen=True, slots=True)
class MissingJob:
    """A job that was asked for by name and is not there (404), in each full read since `since`."""

    name: str
    since: datetime
