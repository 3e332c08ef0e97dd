"""A recovery site in memory: objects as stored, both worlds as read, and what becomes of decisions.

It moves as Site Recovery does (facts, section 2): a call starts a job, the job ends, the item changes, synchronisation goes on.
It decides nothing: it takes what `evaluate` says, stores it and makes it so.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_DNS, uuid5

from tests.unit import builders as b
from tests.unit.decide.judged import evaluate

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackMachineStatus, FailbackPlan, MasterTarget, RecoverySite
from failback_operator.domain.azure_estate import AzureEstate
from failback_operator.domain.boot import boot_mark
from failback_operator.domain.decision import SiteDecision
from failback_operator.domain.job import Job, JobState
from failback_operator.domain.limits import Limits
from failback_operator.domain.mending import SHUT_DOWN_GUEST
from failback_operator.domain.protected_item import CurrentScenario, ProtectedItem
from failback_operator.domain.reading import Part
from failback_operator.domain.snapshot import SiteSnapshot, SiteView
from failback_operator.domain.steps import Effect, EffectKind, ItemCall, MachineCall, ObjectKey
from failback_operator.domain.vault import AzureVm, VaultFacts
from failback_operator.domain.vsphere import PowerState, VirtualMachine, VsphereFacts

SCENARIO = {
    "reProtect": "SwitchReplicationGroupProtection",
    "unplannedFailover": "UnplannedFailover",
    "failoverCommit": "CommitFailover",
}
MINUTE = timedelta(minutes=1)
PENDING: dict[str, object] = {
    "protection_state": "UnplannedFailoverCommitPendingStatesBegin",
    "protection_state_description": "Failover completed",
    "allowed_operations": frozenset({"CompleteMigration", "Commit", "DisableProtection", "ChangePit"}),
}
"""What an item shows while its failover to Azure waits for the commit (S2)."""


@dataclass(repr=False)
class World:
    """All state of a test. `made` are the effects performed, in order, as (kind, machine or target)."""

    items: dict[str, ProtectedItem]
    vms: dict[str, VirtualMachine]
    azure_vms: dict[str, AzureVm]
    plans: dict[str, FailbackPlan]
    targets: dict[str, MasterTarget] = field(default_factory=lambda: {"mt-win": b.master_target()})
    machines: dict[str, FailbackMachine] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    now: datetime = b.NOW
    made: list[tuple[EffectKind, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    gone_vms: set[str] = field(default_factory=set)
    unheard: set[str] = field(default_factory=set)
    """Machines whose agents are not heard."""
    site: RecoverySite = field(default_factory=b.site)
    most_disks: int = 0

    def view(self) -> SiteView:
        targets = (b.master_target_server(n, ip_address=f"10.10.0.2{i}") for i, n in enumerate(self.targets, 1))
        servers = (b.process_server_facts(n, ip_address=a) for n, a in (("ps-azure", "10.50.2.4"), ("ps-onprem", "10.10.0.11")))
        fabric = b.fabric(
            master_targets=tuple(_beat(t, self.now) for t in targets),
            process_servers=tuple(_beat(s, self.now) for s in servers),
            configuration_server=_beat(b.configuration_server(), self.now),
        )
        vault = b.vault(
            fabric=fabric,
            providers=tuple(_beat(p, self.now) for p in b.vault().providers),
            vcenters=tuple(_beat(v, self.now) for v in b.vault().vcenters),
            items=tuple(self._fresh(i) for i in self.items.values()),
            azure_vms=tuple(self.azure_vms.values()),
            estate=self._estate(),
            permissions=replace(b.vault().permissions, as_of=self.now),
            missing_vms=frozenset(b.azure_vm_id(n) for n in self.gone_vms),
            jobs=tuple(sorted(self.jobs, key=lambda j: j.started_at or self.now, reverse=True)),
        )
        snapshot = SiteSnapshot(
            self.now, Part(vault, self.now, None), {b.VCENTER: Part(b.facts(*self.vms.values()), self.now, None)}
        )
        return SiteView(
            site=self.site,
            snapshot=snapshot,
            limits=b.LIMITS,
            targets=tuple(self.targets.values()),
            servers=(b.process_server(), b.process_server("ps-onprem", "OnPremises")),
            plans=tuple(self.plans.values()),
            machines=tuple(self.machines.values()),
        )

    def _estate(self) -> AzureEstate:
        nics = (*(b.nic(name) for name in self.azure_vms), b.nic("ps-azure", "10.50.2.4"))
        read = (Part(found, self.now, None) for found in (nics, (), (b.network(),)))
        return AzureEstate(*read)

    def _fresh(self, item: ProtectedItem) -> ProtectedItem:
        beat = None if item.friendly_name in self.unheard else self.now
        detail = replace(item.detail, as_of=self.now, agent_last_heartbeat=beat) if item.detail else None
        return replace(item, detail=detail, last_heartbeat=beat)

    def round(self, *, perform: bool = True) -> SiteDecision:
        """Decide once, store everything, and make the effects happen."""
        decision = evaluate(self.view())
        self.store(decision)
        for effect in decision.effects if perform else ():
            self.perform(effect)
        self.most_disks = max([self.most_disks, *(len(self.vms[t].disks) for t in self.targets)])
        return decision

    def store(self, decision: SiteDecision) -> None:
        """Write objects and statuses as the API server would keep them."""
        for wanted in decision.machines:
            old = self.machines.get(wanted.key.name)
            status = old.status if old else FailbackMachineStatus()
            metadata = {"name": wanted.key.name, "namespace": wanted.key.namespace, "generation": 1, "uid": wanted.key.name}
            self.machines[wanted.key.name] = FailbackMachine.model_validate(
                {"metadata": metadata, "spec": wanted.spec.wire(), "status": status.wire()}
            )
        for key in decision.machines_to_delete:
            del self.machines[key.name]
        site_status = decision.statuses[ObjectKey("RecoverySite", self.site.namespace, self.site.name)]
        self.site = self.site.model_validate(self.site.model_dump(by_alias=True) | {"status": site_status.wire()})
        for key, status in decision.statuses.items():
            self._store_status(key, status.wire())

    def _store_status(self, key: ObjectKey, status: dict[str, object]) -> None:
        stored = {"FailbackMachine": self.machines, "FailbackPlan": self.plans, "MasterTarget": self.targets}.get(key.kind)
        if stored is not None and key.name in stored:
            old = stored[key.name]
            stored[key.name] = type(old).model_validate(old.model_dump(by_alias=True) | {"status": status})

    def perform(self, effect: Effect, *, answer: EffectOutcome | None = None) -> None:
        """Make the call: intent, call, answer, as the guard does. `answer` Intended loses the answer of a call that was taken."""
        assert effect.key not in self.keys, f"{effect.key} was made twice"
        entry = LedgerEntry(
            key=effect.key,
            effect=effect.kind,
            intended_at=self.now,
            not_after=self.now + Limits().intent_valid,
            outcome=EffectOutcome.INTENDED,
        )
        if isinstance(effect.call, ItemCall):
            job = self._start(effect.call)
            taken = entry.model_copy(update={"outcome": EffectOutcome.RUNNING, "job": job})
        else:
            taken = entry.model_copy(update={"outcome": EffectOutcome.RUNNING, "job": self._job_of(effect.kind, effect.call)})
            self._mend(effect.kind, effect.call)
        self.keys.append(f"{effect.owner}:{effect.key}")
        self._append(effect.owner, entry if answer is EffectOutcome.INTENDED else taken)
        name = self.machines[effect.owner.name].spec.machine_name if effect.kind.is_on_item else effect.owner.name
        self.made.append((effect.kind, name))

    def intend(self, effect: Effect) -> None:
        """Die between intent and call."""
        intent = LedgerEntry(
            key=effect.key,
            effect=effect.kind,
            intended_at=self.now,
            not_after=self.now + Limits().intent_valid,
            outcome=EffectOutcome.INTENDED,
        )
        self._append(effect.owner, intent)

    def refuse(self, effect: Effect, message: str) -> None:
        """The service says no."""
        refused = LedgerEntry(
            key=effect.key,
            effect=effect.kind,
            intended_at=self.now,
            not_after=self.now + Limits().intent_valid,
            outcome=EffectOutcome.REFUSED,
            settled_at=self.now,
            message=message,
        )
        self._append(effect.owner, refused)

    def _append(self, owner: ObjectKey, entry: LedgerEntry) -> None:
        stored = self.machines if owner.kind == "FailbackMachine" else self.targets
        old = stored[owner.name]
        ledger = [*old.status.ledger, entry]
        stored[owner.name] = old.model_copy(update={"status": old.status.model_copy(update={"ledger": ledger})})

    def _start(self, call: ItemCall) -> str:
        name = next(n for n, i in self.items.items() if i.arm_id == call.item_id)
        item = self.items[name]
        assert item.current_scenario is None
        job = Job(
            arm_id=b.ArmId(f"{b.VAULT_ID}/replicationJobs/job-{len(self.jobs) + 1}"),
            name=f"job-{len(self.jobs) + 1}",
            scenario=SCENARIO[call.action],
            state=JobState.IN_PROGRESS,
            state_description="InProgress",
            started_at=self.now,
            ended_at=None,
            target_object_id=item.arm_id.resource_name,
            target_object_name=name,
            errors=(),
            child_jobs=(),
            is_whole=True,
        )
        self.jobs.append(job)
        self.items[name] = replace(
            item, current_scenario=CurrentScenario(job.scenario, job.name), allowed_operations=frozenset({"DisableProtection"})
        )
        if job.scenario == SCENARIO["reProtect"] and call.body is not None:
            details = call.body["properties"]["providerSpecificDetails"]  # type: ignore[index]
            if details["instanceType"] == "InMage":
                self._attach(name, details["masterTargetId"].removesuffix("-id"))
        return job.name

    def _attach(self, name: str, target: str) -> None:
        moved = self.vms[name].disks
        taken = self.vms[target].disks
        self.vms[target] = replace(self.vms[target], disks=(*taken, *moved))
        self.vms[name] = replace(self.vms[name], power_state=PowerState.OFF)
        item = self.items[name]
        self.items[name] = replace(item, detail=replace(item.detail, master_target_id=f"{target}-id"))  # type: ignore[type-var]

    def _job_of(self, kind: EffectKind, call: MachineCall) -> str:
        if kind is not EffectKind.POWER_CYCLE:
            return f"task-{len(self.keys)}"
        vm = next(v for v in self.vms.values() if v.moref == call.machine)
        return f"{SHUT_DOWN_GUEST}/{boot_mark(vm)}"

    def _mend(self, kind: EffectKind, call: MachineCall) -> None:
        name = next(n for n, v in self.vms.items() if v.moref == call.machine)
        changes = {
            EffectKind.REMOVE_SNAPSHOTS: {"snapshots": ()},
            EffectKind.SET_DISK_UUID: {"disk_uuid_enabled": True},
            EffectKind.POWER_CYCLE: {"boot_time": self.now + 3 * MINUTE, "power_state": PowerState.ON},
        }[kind]
        self.vms[name] = replace(self.vms[name], **changes)

    def finish_jobs(self, *names: str, state: JobState = JobState.SUCCEEDED, description: str = "Completed") -> None:
        """End the jobs that run on these machines (default: all), and let a success change the item."""
        for index, job in enumerate(self.jobs):
            if job.is_over or (names and job.target_object_name not in names):
                continue
            self.jobs[index] = replace(job, state=state, state_description=description, ended_at=self.now)
            name = str(job.target_object_name)
            idle = replace(self.items[name], current_scenario=None)
            self.items[name] = self._after(name, idle, job) if state is JobState.SUCCEEDED else self._as_before(idle, job)

    def _as_before(self, item: ProtectedItem, job: Job) -> ProtectedItem:
        allowed = {
            SCENARIO["reProtect"]: b.item().allowed_operations,
            SCENARIO["unplannedFailover"]: b.reprotected_item().allowed_operations,
            SCENARIO["failoverCommit"]: b.failed_back_item().allowed_operations,
        }
        if job.scenario == SCENARIO["failoverCommit"] and item.active_site is None:
            return replace(item, **PENDING)
        return replace(item, allowed_operations=allowed[job.scenario])

    def _after(self, name: str, item: ProtectedItem, job: Job) -> ProtectedItem:
        target = item.detail.master_target_id if item.detail else None
        if job.scenario == SCENARIO["unplannedFailover"]:
            self._detach(name)
            return self._with(b.failed_back_item(name), item, target)
        if job.scenario == SCENARIO["failoverCommit"] and item.active_site is None:
            return replace(item, **_committed())
        if job.scenario == SCENARIO["failoverCommit"]:
            del self.azure_vms[name]
            self.gone_vms.add(name)
            return self._with(b.committed_item(name), item, target)
        if item.active_site is None:
            syncing = b.reprotected_item(
                name, protection_state="InitialReplicationInProgress", allowed_operations=frozenset({"DisableProtection"})
            )
            return self._with(syncing, item, target, percent=0)
        syncing = b.protected_item(
            name, protection_state="InitialReplicationInProgress", allowed_operations=frozenset({"DisableProtection"})
        )
        return self._with(syncing, item, None)

    @staticmethod
    def _with(new: ProtectedItem, old: ProtectedItem, target: str | None, percent: int = 100) -> ProtectedItem:
        assert new.detail is not None
        assert old.detail is not None
        disks = tuple(replace(d, percent=percent) for d in old.detail.disks)
        detail = replace(
            new.detail,
            master_target_id=target,
            disks=disks,
            os_type=old.detail.os_type,
            infrastructure_vm_id=uuid_of(new.friendly_name),
        )
        return replace(new, detail=detail, group_id=old.group_id, group_name=old.group_name)

    def _detach(self, name: str) -> None:
        files = {d.file_name for d in self.vms[name].disks}
        for target in self.targets:
            kept = tuple(d for d in self.vms[target].disks if d.file_name not in files)
            self.vms[target] = replace(self.vms[target], disks=kept)
        guest = replace(self.vms[name].guest, tools_running_status="guestToolsRunning")
        self.vms[name] = replace(self.vms[name], power_state=PowerState.ON, boot_time=self.now, guest=guest)
        self.azure_vms[name] = replace(self.azure_vms[name], power_state="deallocated")

    def finish_syncs(self, *names: str) -> None:
        """Bring the synchronisations of these machines (default: all) to their end."""
        for name, item in self.items.items():
            if item.protection_state != "InitialReplicationInProgress" or (names and name not in names):
                continue
            made = b.reprotected_item(name) if item.active_site else b.protected_item(name)
            target = item.detail.master_target_id if item.detail and item.active_site else None
            self.items[name] = self._with(made, item, target)

    def tick(self, minutes: float = 1) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)

    def run(self, rounds: int = 60) -> None:
        """Decide, act, end jobs and synchronisations, until nothing has happened for three rounds."""
        quiet = 0
        for _ in range(rounds):
            decision = self.round()
            self.round()
            self.finish_jobs()
            self.round()
            self.finish_syncs()
            self.tick()
            quiet = 0 if decision.effects or self.in_motion() else quiet + 1
            if quiet == 3:
                return

    def in_motion(self) -> bool:
        """Whether something runs."""
        return any(not j.is_over for j in self.jobs) or any(i.protection_state.startswith("Initial") for i in self.items.values())


def _committed() -> dict[str, object]:
    made = b.item()
    return {name: getattr(made, name) for name in PENDING}


def _beat(facts, now: datetime):  # type: ignore[no-untyped-def]  # any of the facts that have a heartbeat
    return replace(facts, last_heartbeat=now)


def world(*names: str, group: str | None = None, disks: int = 2, **plan: object) -> World:
    """A world of machines that are failed over, with one plan `payroll` for all of them."""
    changes = {"group_id": group, "group_name": group} if group else {}
    spec = {"machines": [{"name": n} for n in names]} | plan
    return World(
        items={
            n: b.item(n, detail=b.detail(n, disks=b.item_disks(disks), infrastructure_vm_id=uuid_of(n)), **changes) for n in names
        },
        vms={n: b.vm(n, disks=b.disks(disks, n), instance_uuid=uuid_of(n), bios_uuid=None) for n in names}
        | {"mt-win": b.target_vm()},
        azure_vms={n: b.azure_vm(n) for n in names},
        plans={"payroll": b.plan(**spec)},
    )


def change_plan(site: World, name: str = "payroll", **spec: object) -> None:
    """Let the author change members of the plan's spec; its status stays."""
    old = site.plans[name]
    new = b.plan(name, **(old.spec.wire() | spec))
    site.plans[name] = new.model_copy(update={"status": old.status})


def uuid_of(name: str) -> str:
    """Instance UUID of a machine of the world: no two names share one."""
    return str(uuid5(NAMESPACE_DNS, name))


def vault_of(view: SiteView) -> VaultFacts:
    """The vault's facts of a view."""
    assert view.snapshot.vault.facts is not None
    return view.snapshot.vault.facts


def vsphere_of(view: SiteView) -> VsphereFacts:
    """The vCenter's facts of a view."""
    facts = view.snapshot.vcenters[b.VCENTER].facts
    assert facts is not None
    return facts
