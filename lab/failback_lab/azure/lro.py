"""Long-running operations on the wire. Source: site-recovery facts, section 1, "LRO on the wire"."""

from .arm import ArmError, Call, Json, Reply
from .faultbook import BAD_INPUT
from .jobs import Job, State
from .render import catalog, items, jobs, servers
from .world import World

# Older than what clients ask for, as recorded.
API_VERSION = "2021-06-01"
POLL_SECONDS = 30


class LongRunning:
    """Answers 202 for a job, and what follows it: operation status and operationresults.

    The header x-ms-request-id, which names the job, comes twice in a 202 (recorded).
    """

    def __init__(self, world: World, regional_url: str) -> None:
        self._world = world
        self._url = regional_url

    def accepted(self, job: Job) -> Reply:
        """202 with empty body; the id of the operation is the job's name."""
        return Reply(status=202, headers=self._headers(job), job=job.name)

    def _headers(self, job: Job) -> dict[str, str]:
        ids = self._world.ids
        return {
            "Location": f"{self._url}{job.result}/operationresults/{job.name}?api-version={API_VERSION}",
            "Azure-AsyncOperation": f"{self._url}{ids.vault}/replicationOperationStatus/{job.name}?api-version={API_VERSION}",
            "Retry-After": str(self._world.clock.retry_after(POLL_SECONDS)),
            "x-ms-request-id": ids.job(job.name),
        }

    async def status(self, call: Call) -> Reply:
        """The status document."""
        job = self._job(call)
        reply = Reply(jobs.operation_status(job))
        if not job.is_done:
            reply.headers["Retry-After"] = str(self._world.clock.retry_after(POLL_SECONDS))
        return reply

    async def result(self, call: Call) -> Reply:
        """202 while the job runs, then the resource that the operation was about."""
        job = self._job(call)
        if not job.is_done:
            return self.accepted(job)
        if job.state is State.FAILED:
            fault = job.errors[0].fault
            raise ArmError(400, fault.code, fault.message)
        return Reply(self._resource(job.result))

    def _job(self, call: Call) -> Job:
        job = self._world.book.get(call.params["operation"])
        if job is None:
            raise ArmError(404, BAD_INPUT, f"There is no operation '{call.params['operation']}'.")
        return job

    def _resource(self, resource_id: str) -> Json:
        world = self._world
        kind, name = resource_id.rsplit("/", 2)[-2:]
        if kind == "replicationProtectedItems":
            return items.item(world, world.items[name.casefold()])
        if kind == "replicationPolicies":
            return catalog.policy(world, world.policies[name])
        if kind == "replicationProtectionContainerMappings":
            return catalog.mapping(world, world.mappings[name])
        if kind == "replicationRecoveryPlans":
            return catalog.plan(world, world.plans[name])
        return servers.provider(world)
