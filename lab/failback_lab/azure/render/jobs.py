"""Jobs, events and the status documents of long-running operations, as recorded."""

from datetime import datetime

from failback_lab.azure.arm import Json
from failback_lab.azure.clock import NOT_YET, wire_time
from failback_lab.azure.events import Event
from failback_lab.azure.jobs import Job, State, Task, TaskError
from failback_lab.azure.world import World

from .servers import SR


def job(world: World, it: Job, *, is_listed: bool = False) -> Json:
    """A job. While it runs there is no endTime at all; LIST shows neither tasks nor details (recorded)."""
    details: Json = {"instanceType": it.kind, "affectedObjectDetails": dict(it.affected)}
    if it.kind == "SwitchProtectionJobDetails":
        details = {"newReplicationProtectedItemId": it.new_item, **details}
    if it.kind == "FailoverJobDetails":
        details["protectedItemDetails"] = []
    body: Json = {
        "id": world.ids.job(it.name),
        "name": it.name,
        "type": f"{SR}/replicationJobs",
        "properties": {
            "activityId": it.activity,
            "scenarioName": it.scenario,
            "friendlyName": it.friendly_name,
            "state": it.state.value,
            "stateDescription": it.state_description,
            "tasks": [] if is_listed else [_task(world, t) for t in it.tasks],
            "errors": [_error(e) for e in it.errors],
            "startTime": wire_time(it.started),
            **({"endTime": wire_time(it.ended)} if it.ended else {}),
            "allowedActions": [] if it.is_done else ["Cancel"],
            "targetObjectId": it.target_id,
            "targetObjectName": it.target_name,
            "targetInstanceType": it.target_type,
            "customDetails": None if is_listed else details,
        },
    }
    return world.overlay.apply("job", it.name, body)


def _when(moment: datetime | None) -> str:
    return wire_time(moment) if moment else NOT_YET


def _task(world: World, it: Task) -> Json:
    group: Json | None = None
    if it.is_group:
        group = {"instanceType": "GroupTaskDetails", "childTasks": [_child(world, child) for child in it.children]}
    return {
        "taskId": it.task_id,
        "name": it.name,
        "startTime": _when(it.started),
        "endTime": _when(it.ended),
        "allowedActions": [],
        "friendlyName": it.friendly_name,
        "state": it.state.value,
        "stateDescription": it.state_description,
        "taskType": "GroupTaskDetails" if it.is_group else "TaskDetails",
        "customDetails": None if it.is_group else {"instanceType": "TaskDetails"},
        "groupTaskCustomDetails": group,
        "errors": [_error(e) for e in it.errors],
    }


def _child(world: World, it: Job) -> Json:
    """A child job as a task of its parent: the job id leads to the real error."""
    entity = {
        "jobId": world.ids.job(it.name),
        "jobFriendlyName": it.friendly_name,
        "targetObjectId": it.target_id,
        "targetObjectName": it.target_name,
        "targetInstanceType": it.target_type,
        "jobScenarioName": it.scenario,
    }
    return {
        "taskId": it.scenario,
        "name": it.target_name,
        "startTime": wire_time(it.started),
        "endTime": _when(it.ended),
        "allowedActions": [],
        "friendlyName": it.target_name,
        "state": it.state.value,
        "stateDescription": it.state_description,
        "taskType": "JobTaskDetails",
        "customDetails": {"jobTask": entity, "instanceType": "JobTaskDetails"},
        "groupTaskCustomDetails": None,
        "errors": [],
    }


def _error(it: TaskError) -> Json:
    fault = it.fault
    provider: Json | None = None
    if fault.code.isdigit():
        provider = {
            "errorCode": int(fault.code),
            "errorMessage": fault.message,
            "errorId": f"6:{fault.code}",
            "possibleCauses": fault.causes,
            "recommendedAction": fault.action,
        }
    service = {
        "code": fault.code,
        "message": fault.message,
        "possibleCauses": fault.causes,
        "recommendedAction": fault.action,
        "activityId": "",
    }
    return {
        "serviceErrorDetails": service,
        "providerErrorDetails": provider,
        "errorLevel": "Error",
        "creationTime": wire_time(it.time),
        "taskId": it.task_id,
    }


_STATUS = {State.SUCCEEDED: "Succeeded", State.FAILED: "Failed", State.CANCELLED: "Canceled"}


def operation_status(it: Job) -> Json:
    """The status document of the operation that started a job. Source: facts, section 1, "LRO on the wire"."""
    error: Json | None = None
    if it.state is State.FAILED:
        fault = it.errors[0].fault
        error = {"code": fault.code, "message": fault.message}
    return {
        "error": error,
        "id": None,
        "name": it.name,
        "properties": None,
        "status": _STATUS.get(it.state, "InProgress"),
        "startTime": wire_time(it.started),
        "endTime": wire_time(it.ended) if it.ended else None,
        "percentComplete": None,
    }


def event(world: World, it: Event) -> Json:
    """An event of the vault."""
    return {
        "id": f"{world.ids.vault}/replicationEvents/{it.name}",
        "name": it.name,
        "type": f"{SR}/replicationEvents",
        "properties": {
            "eventCode": it.code,
            "description": it.description,
            "eventType": "JobStatus",
            "affectedObjectFriendlyName": it.object_name,
            "affectedObjectCorrelationId": it.correlation_id,
            "severity": it.severity,
            "timeOfOccurrence": wire_time(it.time),
            "fabricId": world.ids.fabric_id,
            "providerSpecificDetails": None,
            "eventSpecificDetails": {
                "instanceType": "JobStatus",
                "jobId": it.job,
                "jobFriendlyName": it.job_title,
                "jobStatus": it.job_state,
                "affectedObjectType": "ProtectionEntity",
            },
            "healthErrors": [],
        },
    }
