"""What all operations on an item share: gate, job, and access to vCenter."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from . import faultbook
from .arm import ArmError, Call, Json
from .engine import Engine
from .events import Event
from .items import Item, Running
from .jobs import Job, JobFailedError, ServiceFault, Task, new_name
from .onprem import OnPremisesError
from .world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobKind:
    """Scenario, title and form of a job."""

    scenario: str
    title: str
    details: str


FAILOVER = JobKind("UnplannedFailover", "Failover", "FailoverJobDetails")
COMMIT = JobKind("CommitFailover", "Commit", "AsrJobDetails")
REPROTECT = JobKind("SwitchReplicationGroupProtection", "Reprotect", "SwitchProtectionJobDetails")
ENABLE = JobKind("EnableDr", "Enable replication", "AsrJobDetails")
FINALIZE = JobKind("IrCompletion", "Finalize protection", "AsrJobDetails")


class Operations:
    """Base of the operations: holds the world and the engine, and one lock a master target."""

    def __init__(self, world: World, engine: Engine) -> None:
        self.world = world
        self.engine = engine
        self._locks: dict[str, asyncio.Lock] = {}

    def lock_of(self, target: str) -> asyncio.Lock:
        """The lock under which disks of a master target are changed."""
        return self._locks.setdefault(target, asyncio.Lock())

    def gate(self, item: Item, operation: str) -> None:
        """Refuse an operation that is not allowed now. Raises ArmError."""
        if item.running is not None:
            text = f"The operation cannot be performed on '{item.friendly_name}' while the job {item.running.job} runs."
            raise ArmError(409, faultbook.JOB_RUNS, text)
        if operation not in item.allowed:
            allowed = ", ".join(item.allowed)
            text = f"{operation} is not allowed on '{item.friendly_name}' in state {item.state[0]}. Allowed: {allowed}."
            raise ArmError(400, faultbook.NOT_ALLOWED, text)

    def new_job(self, kind: JobKind, item: Item, tasks: list[Task], call: Call | None = None) -> Job:
        """A job on an item."""
        request = call.client_request_id if call else ""
        return Job(
            name=new_name(),
            scenario=kind.scenario,
            friendly_name=kind.title,
            kind=kind.details,
            item=item.name,
            target_id=item.source_id,
            target_name=item.friendly_name,
            target_type="ProtectionEntity",
            tasks=tasks,
            started=self.world.clock.now(),
            activity=f"{request or uuid4()} ActivityId: {uuid4()}",
            affected=self._affected(item),
            result=self.world.ids.item(item.name),
        )

    def vault_job(self, title: tuple[str, str, str], target: tuple[str, str], result: str, call: Call) -> Job:
        """A job on something else of the vault; scenario, title and target type are the lab's own words."""
        return Job(
            name=new_name(),
            scenario=title[0],
            friendly_name=title[1],
            kind="AsrJobDetails",
            item=None,
            target_id=target[0],
            target_name=target[1],
            target_type=title[2],
            tasks=[],
            started=self.world.clock.now(),
            activity=f"{call.client_request_id or uuid4()} ActivityId: {uuid4()}",
            result=result,
        )

    def _affected(self, item: Item) -> dict[str, str]:
        world = self.world
        other = item.vm_id if item.is_reversed else item.physical_id
        affected = {
            "primaryVmId": item.source_id,
            "primaryVmName": item.friendly_name,
            "recoveryVmId": other,
            "recoveryVmName": item.friendly_name,
        }
        for side in ("primary", "recovery"):
            affected |= {
                f"{side}CloudId": world.ids.container,
                f"{side}CloudName": world.cs_name,
                f"{side}VmmId": world.ids.provider,
                f"{side}VmmName": world.cs_name,
                f"{side}FabricProviderId": "VMware",
            }
        return affected

    def occupy(self, item: Item, job: Job) -> None:
        """Show `job` as the item's current scenario."""
        item.running = Running(job.scenario, job.name, job.started)

    def release(self, item: Item, job: Job) -> None:
        """The job has ended: free the item and write an event."""
        item.running = None
        self.note(job)

    def note(self, job: Job) -> None:
        """Write an event on the end of `job`."""
        self.world.events.append(
            Event(
                name=str(uuid4()),
                code=f"{job.scenario}{job.state.value}",
                description=f"{job.friendly_name}: {job.state_description}",
                severity="OK" if not job.errors else "Critical",
                time=self.world.clock.now(),
                object_name=job.target_name,
                correlation_id=job.target_id,
                job=self.world.ids.job(job.name),
                job_title=job.friendly_name,
                job_state=job.state.value,
            )
        )

    async def onprem(self, work: Callable[..., T], *args: object) -> T:
        """Do blocking work at vCenter in a thread. Raises JobFailedError with the lab's code when vCenter fails."""
        if self.world.vcenter_lost is not None:
            raise JobFailedError(faultbook.VCENTER_FAILED)
        try:
            return await asyncio.to_thread(work, *args)
        except OnPremisesError as error:
            fault = faultbook.VCENTER_FAILED
            raise JobFailedError(ServiceFault(fault.code, f"{fault.message} {error}")) from error


def properties(body: Json) -> Json:
    """The `properties` of a request's body. Raises ArmError."""
    value = body.get("properties")
    if not isinstance(value, dict):
        raise ArmError(400, faultbook.BAD_INPUT, "The request has no 'properties'.")
    return value


def details(body: Json, *kinds: str) -> Json:
    """The provider's part of a request's body, of one of `kinds`. Raises ArmError."""
    value = properties(body).get("providerSpecificDetails")
    if not isinstance(value, dict) or value.get("instanceType") not in kinds:
        raise ArmError(400, faultbook.BAD_INPUT, f"'providerSpecificDetails.instanceType' must be {' or '.join(kinds)}.")
    return value


def text(source: Json, name: str) -> str:
    """A required string of a request. Raises ArmError."""
    value = source.get(name)
    if not isinstance(value, str) or not value:
        raise ArmError(400, faultbook.BAD_INPUT, f"'{name}' is required.")
    return value


def expect_direction(body: Json, wanted: str) -> None:
    """Raises ArmError for a request in another direction."""
    direction = properties(body).get("failoverDirection")
    if direction != wanted:
        raise ArmError(400, faultbook.BAD_INPUT, f"'failoverDirection' must be {wanted} here, not {direction}.")
