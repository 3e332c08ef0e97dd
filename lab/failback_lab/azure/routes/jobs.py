"""Jobs and events with their filters."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from failback_lab.azure.arm import ArmError, Call, Reply, Route, not_found
from failback_lab.azure.events import Event
from failback_lab.azure.faultbook import BAD_INPUT, NOT_SIMULATED
from failback_lab.azure.jobs import Job
from failback_lab.azure.render import jobs
from failback_lab.azure.routing import VAULT, get
from failback_lab.azure.simulator import Simulator

_TERM = re.compile(r"^\s*(\w+)\s+(eq|ge|gt|le|lt)\s+'([^']*)'\s*$", re.IGNORECASE)

JOB_FIELDS: Mapping[str, Callable[[Job], str | datetime]] = {
    "starttime": lambda j: j.started,
    "endtime": lambda j: j.ended or datetime.max.replace(tzinfo=UTC),
    "state": lambda j: j.state.value,
    "jobstatus": lambda j: j.state.value,
    "jobname": lambda j: j.name,
    "scenarioname": lambda j: j.scenario,
    "targetobjectname": lambda j: j.target_name,
    "affectedobjecttypes": lambda j: j.target_type,
}
EVENT_FIELDS: Mapping[str, Callable[[Event], str | datetime]] = {
    "starttime": lambda e: e.time,
    "endtime": lambda e: e.time,
    "severity": lambda e: e.severity,
    "eventtype": lambda _e: "JobStatus",
    "affectedobjectfriendlyname": lambda e: e.object_name,
}


def matches(thing: object, text: str, fields: Mapping[str, Callable[..., str | datetime]]) -> bool:
    """Whether `thing` passes an OData filter of terms joined by `and`. Raises ArmError for what the lab cannot read.

    `StartTime eq` means from then on and `EndTime eq` until then, as the service's query parameters are meant.
    """
    return all(_passes(thing, term, fields) for term in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if term)


def _passes(thing: object, term: str, fields: Mapping[str, Callable[..., str | datetime]]) -> bool:
    match = _TERM.match(term)
    read = fields.get(match[1].casefold()) if match else None
    if match is None or read is None:
        raise ArmError(400, BAD_INPUT, f"The filter '{term}' is not understood.")
    name, operator, text = match[1].casefold(), match[2].casefold(), match[3]
    value = read(thing)
    if isinstance(value, str):
        if operator != "eq":
            raise ArmError(400, BAD_INPUT, f"'{match[1]}' can only be compared with eq.")
        return value.casefold() == text.casefold()
    return _compare(value, "ge" if (name, operator) == ("starttime", "eq") else operator, _moment(text))


def _compare(value: datetime, operator: str, wanted: datetime) -> bool:
    return {
        "eq": value <= wanted,
        "ge": value >= wanted,
        "gt": value > wanted,
        "le": value <= wanted,
        "lt": value < wanted,
    }[operator]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArmError(400, BAD_INPUT, f"'{text}' is no time.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class JobRoutes:
    """Reads of jobs and events."""

    def __init__(self, lab: Simulator) -> None:
        self._lab = lab

    def routes(self) -> list[Route]:
        """All routes."""
        job, event = f"{VAULT}/replicationJobs/{{job}}", f"{VAULT}/replicationEvents/{{event}}"
        return [
            get(f"{VAULT}/replicationJobs", "jobs.list", self._list),
            get(job, "jobs.get", self._get),
            *(Route("POST", f"{job}/{verb}", verb, self._refuse) for verb in ("cancel", "restart", "resume")),
            get(f"{VAULT}/replicationEvents", "events.list", self._events),
            get(event, "events.get", self._event),
        ]

    async def _list(self, call: Call) -> Reply:
        world, text = self._lab.world, call.query.get("$filter", "")
        found = sorted((j for j in world.book if matches(j, text, JOB_FIELDS)), key=lambda j: j.started, reverse=True)
        return self._lab.pager.page(call, found, lambda j: jobs.job(world, j, is_listed=True))

    async def _get(self, call: Call) -> Reply:
        world, job = self._lab.world, self._job(call)
        return Reply(jobs.job(world, job), headers={"x-ms-request-id": world.ids.job(job.name)})

    def _job(self, call: Call) -> Job:
        job = self._lab.world.book.get(call.params["job"])
        if job is None:
            raise not_found("replicationJobs", call.params["job"], self._lab.world.ids.vault_group)
        return job

    async def _refuse(self, call: Call) -> Reply:
        self._job(call)
        raise ArmError(400, NOT_SIMULATED, f"The lab does not {call.path.rsplit('/', 1)[-1]} jobs.")

    async def _events(self, call: Call) -> Reply:
        world, text = self._lab.world, call.query.get("$filter", "")
        found = [e for e in reversed(world.events) if matches(e, text, EVENT_FIELDS)]
        return self._lab.pager.page(call, found, lambda e: jobs.event(world, e))

    async def _event(self, call: Call) -> Reply:
        event = next((e for e in self._lab.world.events if e.name == call.params["event"]), None)
        if event is None:
            raise not_found("replicationEvents", call.params["event"], self._lab.world.ids.vault_group)
        return Reply(jobs.event(self._lab.world, event))
