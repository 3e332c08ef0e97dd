"""Failover to Azure (S1), failback (S6) and commit (S3, S7)."""

from . import faultbook
from .arm import ArmError, Call, Json
from .engine import Ending, Step
from .estate import failed_over_vm
from .items import AZURE_V2, IN_MAGE, Item, Stage
from .jobs import Job, JobFailedError
from .onprem import NewMachine
from .operation import COMMIT, FAILOVER, Operations, details, expect_direction, properties, text
from .plans import commit_tasks, failover_tasks
from .points import consistency_points, recovery_points
from .refusals import power_on_fault
from .servers import MasterTarget

# Shares of a failover's time among its five steps.
_SHARES = (0.05, 0.2, 0.25, 0.3, 0.2)


class Failovers(Operations):
    """Starts failovers and commits."""

    def unplanned_failover(self, item: Item, call: Call) -> Job:
        """Fail an item over in the direction that its stage allows. Raises ArmError."""
        self.gate(item, "UnplannedFailover")
        expect_direction(call.body, "PrimaryToRecovery")
        wanted = details(call.body, IN_MAGE if item.is_reversed else AZURE_V2)
        job = self.new_job(FAILOVER, item, failover_tasks(), call)
        if item.is_reversed:
            self._check_point(item, wanted)
            self._launch(job, item, self._failback_steps(job, item), Stage.FAILBACK_PENDING, Stage.FAILBACK_STUCK)
        else:
            shutdown = properties(call.body).get("sourceSiteOperations") == "Required"
            steps = self._failover_steps(job, item, shutdown=shutdown)
            self._launch(job, item, steps, Stage.FAILOVER_PENDING, Stage.PROTECTED)
        return job

    def _launch(self, job: Job, item: Item, steps: list[Step], done: Stage, broken: Stage) -> None:
        before = item.stage

        def succeeded() -> None:
            item.stage = done
            item.last_failover = job.started
            item.agent_ready = self.world.clock.now() + self.world.clock.span(self.world.durations.agent_registration)
            self.release(item, job)

        def failed() -> None:
            # A failure before the first effect leaves the item as it was; 8038 comes after the disks have gone home.
            if any(e.fault is faultbook.HOST_MEMORY for e in job.errors):
                item.stage = done
            elif job.tasks[1].ended is not None:
                item.stage = broken
            else:
                item.stage = before
            self.release(item, job)

        self.occupy(item, job)
        self.engine.launch(job, steps, Ending(succeeded, failed))

    def _steps(self, job: Job, effects: tuple[object, ...]) -> list[Step]:
        total = self.world.durations.failover
        pairs = zip(job.tasks, _SHARES, effects, strict=True)
        return [Step(task, share * total, effect) for task, share, effect in pairs]  # type: ignore[arg-type]

    def _failover_steps(self, job: Job, item: Item, *, shutdown: bool) -> list[Step]:
        world = self.world

        async def shut_down() -> None:
            await self.onprem(world.onprem.power_off, str(item.machine.bios_uuid))
            item.silent_since = world.clock.now()

        async def start() -> None:
            name = item.azure_vm_name
            vm = failed_over_vm(item.machine, item.guest.family, item.guest.asr_version, name, world.clock.now())
            world.estate.add_vm(vm, item.azure_ip)
            item.azure_vm = name

        if not shutdown:
            job.tasks[1].skip()
        return self._steps(job, (None, shut_down, None, None, start))

    def _failback_steps(self, job: Job, item: Item) -> list[Step]:
        world = self.world
        bios_uuid = str(item.machine.bios_uuid)

        async def shut_down() -> None:
            if item.azure_vm in world.estate.vms:
                world.estate.vms[item.azure_vm].power = "deallocated"
            item.silent_since = world.clock.now()

        async def detach() -> None:
            await self._detach(item)

        async def start() -> None:
            fault = power_on_fault(await self.onprem(world.onprem.read, bios_uuid))
            if fault is not None:
                raise JobFailedError(fault)
            await self.onprem(world.onprem.power_on, bios_uuid)

        return self._steps(job, (None, shut_down, None, detach, start))

    async def _detach(self, item: Item) -> None:
        target = self.world.master_targets[item.master_target or ""]
        if self.world.vcenter_lost is not None:
            raise JobFailedError(faultbook.DETACH_FAILED)
        async with self.lock_of(target.id):
            reading = await self.onprem(self.world.onprem.read, target.bios_uuid)
            present = {d.file for d in reading.disks} if reading else set()
            # Disks that a Storage vMotion moved have other files now: the facts give the symptom, no code.
            if not {d.file for d in item.attached} <= present:
                raise JobFailedError(faultbook.DETACH_FAILED)
            await self.onprem(self.world.onprem.detach, target.bios_uuid, tuple(d.file for d in item.attached))
            target.disk_count -= len(item.attached)
        if item.is_new:
            await self.onprem(self.world.onprem.create, self._new_machine(item, target))
        item.attached, item.is_new = (), False

    @staticmethod
    def _new_machine(item: Item, target: MasterTarget) -> NewMachine:
        """A VM that the configuration server knows as the item's: how it recognizes it is inferred."""
        return NewMachine(
            name=item.friendly_name,
            bios_uuid=str(item.machine.bios_uuid),
            guest_id=item.guest.guest_id,
            memory_mib=item.machine.memory_mib,
            mac_address=item.machine.mac_address,
            beside=target.bios_uuid,
            disks=item.attached,
        )

    def _check_point(self, item: Item, wanted: Json) -> None:
        kind = text(wanted, "recoveryPointType")
        points = recovery_points(self.world, item)
        names = {p.name.casefold() for p in points}
        chosen = str(wanted.get("recoveryPointId") or "").rsplit("/", 1)[-1].casefold()
        problem = None
        if kind not in ("LatestTime", "LatestTag", "Custom"):
            problem = "'recoveryPointType' must be LatestTime, LatestTag or Custom."
        elif kind == "Custom" and chosen not in names:
            problem = "'recoveryPointId' names no recovery point of the item."
        elif not points:
            problem = f"'{item.friendly_name}' has no recovery point yet."
        elif kind == "LatestTag" and not consistency_points(self.world, item):
            problem = f"'{item.friendly_name}' has no application-consistent point yet."
        if problem is not None:
            raise ArmError(400, faultbook.BAD_INPUT, problem)

    def commit(self, item: Item, call: Call) -> Job:
        """Commit a failover in either direction; a failback's commit deletes the Azure VM. Raises ArmError."""
        self.gate(item, "Commit")
        job = self.new_job(COMMIT, item, commit_tasks(), call)
        half = self.world.durations.commit / 2
        steps = [Step(job.tasks[0], half), Step(job.tasks[1], half)]

        def succeeded() -> None:
            self._commit_now(item, job)
            self.release(item, job)

        self.occupy(item, job)
        self.engine.launch(job, steps, Ending(succeeded, lambda: self.release(item, job)))
        return job

    def _commit_now(self, item: Item, job: Job) -> None:
        if item.stage is Stage.FAILOVER_PENDING:
            item.stage = Stage.FAILED_OVER
            return
        item.stage = Stage.FAILED_BACK
        vm = self.world.estate.vms.get(item.azure_vm or "")
        if vm is not None and self.world.estate.is_locked(vm):
            job.fail(faultbook.LOCKED, self.world.clock.now())
            job.state, job.description = type(job.state).SUCCEEDED, "PartiallySucceeded"
        elif vm is not None:
            self.world.estate.remove_vm(vm.name)
        item.azure_vm = None
