"""Jobs with their tasks, as the vault lists them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from .clock import Clock


class State(StrEnum):
    """States of jobs and tasks. Source: site-recovery facts, section 1, "Job"."""

    NOT_STARTED = "NotStarted"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    OTHER = "Other"


DONE = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})
DESCRIPTIONS = {State.SUCCEEDED: "Completed"}


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """An error as the service explains it. A numeric code is the provider's own."""

    code: str
    message: str
    causes: str = ""
    action: str = ""


class JobFailedError(Exception):
    """Ends a job as Failed."""

    def __init__(self, fault: ServiceFault) -> None:
        super().__init__(f"{fault.code}: {fault.message}")
        self.fault = fault


@dataclass(slots=True)
class TaskError:
    """An error of a job at one of its tasks."""

    fault: ServiceFault
    time: datetime
    task_id: str


@dataclass(slots=True)
class Task:
    """A step of a job. `children` are jobs that it started: their own errors are the real ones."""

    task_id: str
    name: str
    friendly_name: str
    state: State = State.NOT_STARTED
    description: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    is_group: bool = False
    children: list["Job"] = field(default_factory=list)
    errors: list[TaskError] = field(default_factory=list)

    @property
    def state_description(self) -> str:
        return self.description or DESCRIPTIONS.get(self.state, self.state.value)

    def skip(self) -> None:
        """A step that is not needed: state Other, description Skipped, no times (recorded)."""
        self.state, self.description = State.OTHER, "Skipped"

    @property
    def is_skipped(self) -> bool:
        return self.state is State.OTHER


@dataclass(slots=True)
class Job:
    """One job. Its name is the id of the long-running operation that started it."""

    name: str
    scenario: str
    friendly_name: str
    kind: str
    item: str | None
    target_id: str
    target_name: str
    target_type: str
    tasks: list[Task]
    started: datetime
    activity: str = ""
    state: State = State.IN_PROGRESS
    description: str | None = None
    ended: datetime | None = None
    errors: list[TaskError] = field(default_factory=list)
    new_item: str | None = None
    affected: dict[str, str] = field(default_factory=dict)
    result: str = ""
    """Id of the resource that the operation answers with at its end."""

    @property
    def is_done(self) -> bool:
        return self.state in DONE

    @property
    def state_description(self) -> str:
        return self.description or DESCRIPTIONS.get(self.state, self.state.value)

    def finish(self, state: State, moment: datetime) -> None:
        """End the job."""
        self.state, self.ended = state, moment

    def fail(self, fault: ServiceFault, moment: datetime) -> None:
        """End the job as Failed, with the error at the task that was running."""
        running = next((t for t in self.tasks if t.state is State.IN_PROGRESS), None)
        error = TaskError(fault, moment, running.task_id if running else "")
        if running:
            running.state, running.ended = State.FAILED, moment
            running.errors.append(error)
        self.errors.append(error)
        self.finish(State.FAILED, moment)


@dataclass(slots=True)
class Outcome:
    """A test's wish for the end of the next job of a scenario: Failed, or Succeeded with another description."""

    scenario: str
    state: State
    fault: ServiceFault
    item: str | None = None
    task: str | None = None
    description: str | None = None
    count: int = 1

    def fits(self, job: Job) -> bool:
        """Whether this wish is meant for `job`."""
        return self.count > 0 and self.scenario == job.scenario and self.item in (None, job.target_name)


class JobBook:
    """All jobs of the vault, newest last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self.outcomes: list[Outcome] = []

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def get(self, name: str) -> Job | None:
        """A job by name, in any case."""
        return self._jobs.get(name.casefold())

    def add(self, job: Job) -> Job:
        """Put a job into the book."""
        self._jobs[job.name.casefold()] = job
        return job

    def remove(self, job: Job) -> None:
        """Take a job out of the book."""
        del self._jobs[job.name.casefold()]

    def take_outcome(self, job: Job, task: Task | None) -> Outcome | None:
        """The wish that applies to `job` at `task` (None: at its end), used up by this call."""
        for outcome in self.outcomes:
            at_task = outcome.task is not None or outcome.state is State.FAILED
            if not outcome.fits(job) or at_task != (task is not None):
                continue
            if task is not None and outcome.task not in (None, task.name, task.task_id):
                continue
            outcome.count -= 1
            return outcome
        return None


def new_name() -> str:
    """A job's name."""
    return str(uuid4())
