"""Reprotect towards the site (S4) and towards Azure (S8), and the copying that follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import faultbook
from .arm import ArmError, Call
from .engine import Ending, Step
from .items import AZURE_V2, IN_MAGE, Item, Stage
from .jobs import Job, JobFailedError, State, Task
from .onprem import DiskReading, MachineReading
from .operation import ENABLE, FINALIZE, REPROTECT, Operations, details, expect_direction, text
from .plans import enable_tasks, reprotect_tasks, single_task
from .refusals import ReprotectFacts, is_newer, reprotect_fault
from .servers import MasterTarget, ProcessServer
from .sync import MIB, Pace, plan_sync
from .world import VCENTER_RECORD

# Shares of a reprotect's time: four short steps and the one that does the work.
_SHORT, _LONG = 0.05, 0.8


@dataclass(frozen=True, slots=True)
class ToSite:
    """What a reprotect towards the site was asked for."""

    target: MasterTarget
    server: ProcessServer
    retention_drive: str
    policy: str
    datastore: str


@dataclass(frozen=True, slots=True)
class ToAzure:
    """What a reprotect towards Azure was asked for."""

    server: ProcessServer
    policy: str
    run_as_account: str


class Reprotects(Operations):
    """Starts reprotects."""

    def reprotect(self, item: Item, call: Call) -> Job:
        """Reprotect in the direction that the item's stage allows. Raises ArmError."""
        self.gate(item, "SwitchProtection")
        expect_direction(call.body, "RecoveryToPrimary")
        request = self._parse_to_azure(call) if item.is_reversed else self._parse_to_site(call)
        members = self._members(item)
        job = self.new_job(REPROTECT, item, reprotect_tasks(len(members)), call)
        job.tasks[1].skip()  # committed before: the stage allows a reprotect only then
        total = self.world.durations.reprotect
        steps = [Step(task, _SHORT * total) for task in job.tasks[:-1]]

        async def protect() -> None:
            await self._protect(job, members, request)

        def ended() -> None:
            for member in members:
                self.release(member, job)

        for member in members:
            self.occupy(member, job)
        self.engine.launch(job, [*steps, Step(job.tasks[-1], 0, protect)], Ending(ended, ended))
        return job

    def _members(self, item: Item) -> list[Item]:
        if not self.world.config.group_reprotect:
            return [item]
        return [m for m in self.world.group_of(item) if m is item or (m.running is None and "SwitchProtection" in m.allowed)]

    def _parse_to_site(self, call: Call) -> ToSite:
        wanted = details(call.body, IN_MAGE)
        target = self.world.master_targets.get(text(wanted, "masterTargetId"))
        if target is None:
            raise ArmError(400, faultbook.BAD_INPUT, "'masterTargetId' names no master target of the configuration server.")
        policy = self._policy(text(wanted, "profileId"), instance_type=IN_MAGE)
        server, drive = self._server(text(wanted, "processServerId")), text(wanted, "retentionDrive")
        return ToSite(target, server, drive, policy, str(wanted.get("datastoreName") or ""))

    def _parse_to_azure(self, call: Call) -> ToAzure:
        wanted = details(call.body, AZURE_V2)
        server = self._server(text(wanted, "processServerId"))
        policy = self._policy(text(wanted, "policyId"), instance_type=AZURE_V2)
        return ToAzure(server, policy, str(wanted.get("runAsAccountId") or ""))

    def _server(self, name: str) -> ProcessServer:
        server = self.world.process_servers.get(name)
        if server is None:
            raise ArmError(400, faultbook.BAD_INPUT, "'processServerId' names no process server of the configuration server.")
        return server

    def _policy(self, policy_id: str, *, instance_type: str) -> str:
        policy = self.world.policies.get(policy_id.rsplit("/", 1)[-1])
        is_id = policy is not None and policy_id.casefold() == self.world.ids.policy(policy.name).casefold()
        if policy is None or not is_id or policy.instance_type != instance_type:
            raise ArmError(400, faultbook.BAD_INPUT, f"'{policy_id}' is not the id of a policy for {instance_type}.")
        return policy.name

    async def _protect(self, parent: Job, members: Sequence[Item], request: ToSite | ToAzure) -> None:
        """Run the child jobs of the group task. Raises JobFailedError when one of them fails."""
        children = []
        for member in members:
            child = self.new_job(ENABLE, member, enable_tasks())
            child.target_type = "Vm"
            children.append(child)
            parent.tasks[-1].children.append(child)
        for member, child in zip(members, children, strict=True):
            await self._run_child(child, member, request)
        if any(child.state is not State.SUCCEEDED for child in children):
            raise JobFailedError(faultbook.CHILD_FAILED)
        parent.new_item = self.world.ids.item(members[0].name)

    async def _run_child(self, child: Job, item: Item, request: ToSite | ToAzure) -> None:
        async def enable() -> None:
            if isinstance(request, ToSite):
                await self._enable_to_site(item, request)
            else:
                await self._enable_to_azure(item, request)

        self.engine.book.add(child)
        seconds = _LONG * self.world.durations.reprotect
        nothing = Ending(lambda: None, lambda: None)
        await self.engine.run(child, [Step(child.tasks[0], seconds, enable)], nothing)

    async def _enable_to_site(self, item: Item, request: ToSite) -> None:
        world, target = self.world, request.target
        async with self.lock_of(target.id):
            source = await self._judge(item, request)
            item.attached = await (self._make(item, request) if source is None else self._take(item, request, source))
            target.disk_count += len(item.attached)
        item.is_new = source is None
        item.silent_since = None
        item.master_target, item.process_server = target.id, request.server.id
        item.policy = request.policy
        item.stage = Stage.REVERSE_SYNC
        newer = is_newer(target.agent_version, request.server.agent_version)
        newer = newer or is_newer(target.agent_version, world.vault.configuration_server.agent_version)
        # "Reprotect ok, replication fails" when the master target's version is newer than the servers'.
        is_whole = len(item.attached) > len(item.disk_sizes)
        self._start_sync(item, Stage.REVERSE_PROTECTED, is_stalled=newer, is_whole=is_whole)

    async def _take(self, item: Item, request: ToSite, source: MachineReading) -> tuple[DiskReading, ...]:
        """Attach the disks of the item's VM to the master target.

        Source: site-recovery facts, section 3 (source VM without disk.enableUUID: extra disk, full copy); which disk is inferred.
        """
        onprem, bios_uuid = self.world.onprem, str(item.machine.bios_uuid)
        await self.onprem(onprem.power_off, bios_uuid)
        await self.onprem(onprem.remove_snapshots, bios_uuid)
        # Merging changes the files on which the disks lie.
        merged = await self.onprem(onprem.read, bios_uuid) or source
        await self.onprem(onprem.attach, request.target.bios_uuid, merged.disks)
        if merged.disk_uuid_enabled:
            return merged.disks
        # Which VMDK a disk is was not to be told for one of them: it is copied whole, onto a further disk.
        where = (request.target.bios_uuid, merged.datastores[0], f"{item.friendly_name}-further")
        return (*merged.disks, *await self.onprem(onprem.make_disks, *where, item.disk_sizes[:1]))

    async def _make(self, item: Item, request: ToSite) -> tuple[DiskReading, ...]:
        """Make the disks of a new VM, attached to the master target. The VM itself is made at the failback (inferred)."""
        where = (request.target.bios_uuid, request.datastore, item.friendly_name)
        return await self.onprem(self.world.onprem.make_disks, *where, item.disk_sizes)

    async def _judge(self, item: Item, request: ToSite) -> MachineReading | None:
        world, target = self.world, request.target
        target_vm = await self.onprem(world.onprem.read, target.bios_uuid)
        source_vm = await self.onprem(world.onprem.read, str(item.machine.bios_uuid))
        vm = world.estate.vms.get(item.azure_vm or "")
        facts = ReprotectFacts(
            item=item,
            now=world.clock.now(),
            target=target,
            target_vm=target_vm,
            source_vm=source_vm,
            retention_drive=request.retention_drive,
            datastore=request.datastore,
            group_targets=self._targets_of_group(item),
            azure_vm_runs=vm is not None and vm.group is None and vm.power == "running",
            is_in_network=self._is_in_network(item, request),
            has_private_path=world.estate.has_private_path(),
            policy_is_associated=any(m.policy == request.policy for m in world.mappings.values()),
            is_connected=world.is_connected,
            is_address_kept=world.cs_address is None,
            is_same_vcenter=item.is_physical or world.vcenter_record == VCENTER_RECORD,
        )
        fault = reprotect_fault(facts)
        if fault is not None:
            raise JobFailedError(fault)
        return source_vm

    def _is_in_network(self, item: Item, request: ToSite) -> bool:
        """Source: site-recovery facts, section 3 (78093: wrong network); R5. One on-premises stands in no network of Azure."""
        estate = self.world.estate
        ours, theirs = estate.network_of(item.azure_ip), estate.network_of(request.server.ip_address)
        return theirs is None or ours == theirs

    def _targets_of_group(self, item: Item) -> frozenset[str]:
        reversed_stages = (Stage.REVERSE_SYNC, Stage.REVERSE_PROTECTED)
        others = (m for m in self.world.group_of(item) if m is not item and m.stage in reversed_stages)
        return frozenset(m.master_target for m in others if m.master_target)

    async def _enable_to_azure(self, item: Item, request: ToAzure) -> None:
        world = self.world
        if request.server.is_in_azure:
            raise JobFailedError(faultbook.SERVER_IN_AZURE)
        machine = await self.onprem(world.onprem.read, str(item.machine.bios_uuid))
        if machine is None or not machine.is_powered_on:
            raise JobFailedError(faultbook.VM_NOT_RUNNING)
        item.process_server, item.master_target = request.server.id, None
        item.policy, item.run_as_account = request.policy, request.run_as_account
        item.azure_vm = item.silent_since = None
        item.stage = Stage.FORWARD_SYNC
        self._start_sync(item, Stage.PROTECTED, is_stalled=False)

    def _start_sync(self, item: Item, then: Stage, *, is_stalled: bool, is_whole: bool = False) -> None:
        world = self.world
        now = world.clock.now()
        away_minutes = (now - item.last_failover).total_seconds() / 60 if item.last_failover else 0.0
        changed = int(away_minutes * item.change_mib_per_minute) * MIB
        sizes = item.disk_sizes
        changed = max(changed, sum(sizes)) if is_whole else changed
        pace = Pace(world.durations.sync_minimum, world.durations.sync_mib_per_second, world.clock.speed)
        item.protected_since = None
        item.sync = plan_sync(now, sizes, changed, pace, is_stalled=is_stalled)
        if not is_stalled:
            self.engine.spawn(self._finish_sync(item, then))

    async def _finish_sync(self, item: Item, then: Stage) -> None:
        sync = item.sync
        if sync is None:
            return
        await self.world.clock.sleep(sync.lasts.total_seconds() * self.world.clock.speed)
        while item.running is not None:  # the reprotect's own job may still be ending
            await self.world.clock.sleep(1)
        tasks: list[Task] = single_task("IrCompletionTask", FINALIZE.title)
        job = self.new_job(FINALIZE, item, tasks)

        def done() -> None:
            item.stage, item.sync = then, None
            item.protected_since = self.world.clock.now()
            self.release(item, job)

        self.occupy(item, job)
        steps = [Step(tasks[0], self.world.durations.finalize)]
        self.engine.launch(job, steps, Ending(done, lambda: self.release(item, job)))
