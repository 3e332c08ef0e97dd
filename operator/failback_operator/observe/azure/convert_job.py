"""Jobs: JSON or SDK model to facts."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job, JobError, JobState

from .wire import Record, last_segment

_STATES = {state.value.casefold(): state for state in JobState}


def job(source: object) -> Job:
    """A job with its errors and those of its tasks, and the names of its child jobs. Raises MalformedError.

    A LIST's entry may lack tasks, and with them errors and child jobs.
    """
    resource = Record(source)
    properties = resource.record("properties")
    arm_id = ArmId(resource.required("id"))
    tasks = tuple(_tasks(properties.records("tasks")))
    sources = (properties, *tasks)
    errors = (error for each in sources for entry in each.records("errors") for error in _errors(entry))
    return Job(
        arm_id=arm_id,
        name=resource.text("name") or arm_id.resource_name,
        scenario=properties.text("scenarioName") or "",
        state=_STATES.get((properties.text("state") or "").casefold(), JobState.OTHER),
        state_description=properties.text("stateDescription"),
        started_at=properties.moment("startTime"),
        ended_at=properties.moment("endTime"),
        target_object_id=properties.text("targetObjectId"),
        target_object_name=properties.text("targetObjectName"),
        errors=tuple(dict.fromkeys(errors)),
        child_jobs=tuple(dict.fromkeys(name for task in tasks if (name := _child(task)))),
    )


def with_children(parent: Job, children: Iterable[Job]) -> Job:
    """`parent` with its children's errors after its own: theirs are the real ones."""
    errors = (*parent.errors, *(error for child in children for error in child.errors))
    return replace(parent, errors=tuple(dict.fromkeys(errors)))


def _tasks(tasks: Iterable[Record]) -> Iterator[Record]:
    """Tasks and, nested in groups, theirs."""
    for task in tasks:
        yield task
        yield from _tasks(task.record("groupTaskCustomDetails").records("childTasks"))


def _child(task: Record) -> str | None:
    """Name of the job that a task started.

    Source: `tasks[].groupTaskCustomDetails.childTasks[].customDetails.jobTask.jobId`.
    """
    return last_segment(task.record("customDetails").record("jobTask").text("jobId"))


def _errors(entry: Record) -> Iterator[JobError]:
    """The service's error and the provider's, each in its own words."""
    service = entry.record("serviceErrorDetails")
    if service.text("code") or service.text("message"):
        yield _error(service.text("code"), service.text("message"), service)
    provider = entry.record("providerErrorDetails")
    if provider.integer("errorCode") or provider.text("errorMessage"):
        yield _error(provider.text("errorCode"), provider.text("errorMessage"), provider)


def _error(code: str | None, message: str | None, details: Record) -> JobError:
    return JobError(code or "", message or "", details.text("possibleCauses"), details.text("recommendedAction"))
