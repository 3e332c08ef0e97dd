"""The simulator's world, built from the scenario."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from failback_lab import scenario as site
from failback_lab.scenario import Scenario, derived_uuid

from .arm import Ids
from .clock import Clock
from .config import Durations, LabConfig
from .estate import Estate, build_estate, failed_over_vm
from .events import Event
from .items import Item, Stage
from .jobs import Job, JobBook, State, Task, new_name
from .onprem import OnPremises
from .overlay import Overlay
from .plans import commit_tasks, failover_tasks
from .servers import Mapping, MasterTarget, Policy, ProcessServer, host_id, master_targets, policies, process_servers

STANDARD_RETENTION_MINUTES = 1440
VCENTER_RECORD = "9"


@dataclass(slots=True)
class RecoveryPlan:
    """A recovery plan: its groups as they were put."""

    name: str
    groups: list[dict[str, object]]
    primary_fabric: str
    recovery_fabric: str


@dataclass(slots=True)
class World:
    """Everything that answers are made of."""

    config: LabConfig
    scenario: Scenario
    clock: Clock
    ids: Ids
    onprem: OnPremises
    estate: Estate
    book: JobBook
    process_servers: dict[str, ProcessServer]
    master_targets: dict[str, MasterTarget]
    policies: dict[str, Policy]
    mappings: dict[str, Mapping]
    items: dict[str, Item] = field(default_factory=dict)
    plans: dict[str, RecoveryPlan] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    overlay: Overlay = field(default_factory=Overlay)
    disconnected_since: datetime | None = None
    """When the configuration server was last heard, if it is not connected."""
    vcenter_lost: datetime | None = None
    """Since when the configuration server does not reach vCenter, if it does not."""
    vcenter_record: str = VCENTER_RECORD
    """Id of the configuration server's record of its vCenter; items keep that of their discovery."""
    cs_address: str | None = None
    """Address of the configuration server, where it is not the one under which it was registered."""

    @property
    def durations(self) -> Durations:
        return self.config.durations

    @property
    def is_connected(self) -> bool:
        """Whether the configuration server is connected."""
        return self.disconnected_since is None

    def heard(self) -> datetime:
        """Up to when the vault has news from the configuration server."""
        return self.disconnected_since or self.clock.now()

    @property
    def vault(self) -> site.Vault:
        return self.scenario.vault

    @property
    def cs_name(self) -> str:
        return self.vault.configuration_server.machine

    def item(self, name: str) -> Item | None:
        """An item by resource name, in any case."""
        return self.items.get(name.casefold())

    def item_of(self, friendly_name: str) -> Item:
        """An item by its machine's name. Raises StopIteration."""
        return next(i for i in self.items.values() if i.friendly_name == friendly_name)

    def group_of(self, item: Item) -> list[Item]:
        """All items that share the multi-VM group of `item`, itself among them."""
        return [i for i in self.items.values() if i.group_id == item.group_id]

    def retention_of(self, item: Item) -> timedelta:
        """How long recovery points are kept here; the standard 24 hours when the policy has been deleted meanwhile."""
        policy = self.policies.get(item.policy)
        return self.clock.span((policy.retention if policy else STANDARD_RETENTION_MINUTES) * 60)

    def forward_policy(self) -> str:
        """Name of the first policy towards Azure."""
        return next(p.name for p in self.policies.values() if not p.is_failback)


def build_world(config: LabConfig, scenario: Scenario, onprem: OnPremises, now: datetime) -> World:
    """The site as the scenario describes it, at its beginning."""
    vault = scenario.vault
    clock = Clock(config.speed)
    internal = str(derived_uuid("fabric", vault.configuration_server.machine))
    ids = Ids(
        subscription=config.subscription_id,
        vault_group=vault.resource_group,
        vault_name=vault.name,
        fabric=sha256(internal.encode()).hexdigest(),
        container=f"cloud_{internal}",
        provider=internal,
    )
    failed_over_at = now - timedelta(hours=vault.failover_hours_ago)
    made, mappings = policies(vault)
    world = World(
        config=config,
        scenario=scenario,
        clock=clock,
        ids=ids,
        onprem=onprem,
        estate=build_estate(vault, ids, failed_over_at - timedelta(days=90)),
        book=JobBook(clock),
        process_servers=process_servers(vault),
        master_targets=master_targets(scenario),
        policies=made,
        mappings=mappings,
    )
    for part in vault.items:
        _add_item(world, part, failed_over_at)
    return world


def _add_item(world: World, part: site.Item, failed_over_at: datetime) -> None:
    machine, guest = world.scenario.machine(part.machine), world.scenario.guest_of(part.machine)
    group_id = str(derived_uuid("group", part.group or part.machine))
    item = Item(
        name=str(derived_uuid("item", part.machine)),
        machine=machine,
        guest=guest,
        stage=Stage.PROTECTED,
        policy=world.forward_policy(),
        process_server=host_id(part.process_server),
        group_id=group_id,
        # A machine alone has a group too, whose name is its id (recorded).
        group_name=part.group or group_id,
        azure_ip=part.azure_ip,
        change_mib_per_minute=part.change_mib_per_minute,
        protected_since=failed_over_at - timedelta(days=30),
    )
    world.items[item.name.casefold()] = item
    if part.failed_over:
        _start_failed_over(world, item, failed_over_at, is_committed=part.failover_committed)


def _start_failed_over(world: World, item: Item, moment: datetime, *, is_committed: bool) -> None:
    item.stage = Stage.FAILED_OVER if is_committed else Stage.FAILOVER_PENDING
    item.azure_vm = item.azure_vm_name
    item.last_failover = item.silent_since = moment
    item.agent_ready = moment + timedelta(seconds=world.durations.agent_registration)
    vm = failed_over_vm(item.machine, item.guest.family, item.guest.asr_version, item.azure_vm_name, moment)
    world.estate.add_vm(vm, item.azure_ip)
    past_job(world, item, ("UnplannedFailover", "Failover"), failover_tasks(), moment)
    if is_committed:
        past_job(world, item, ("CommitFailover", "Commit"), commit_tasks(), moment + timedelta(minutes=10))


def past_job(world: World, item: Item, title: tuple[str, str], tasks: list[Task], started: datetime) -> Job:
    """Book a job on `item` that began then and succeeded three minutes later."""
    scenario, friendly_name = title
    name = str(derived_uuid(scenario, item.friendly_name))
    ended = started + timedelta(minutes=3)
    for task in tasks:
        task.state, task.started, task.ended = State.SUCCEEDED, started, ended
    job = Job(
        name=name if world.book.get(name) is None else new_name(),
        scenario=scenario,
        friendly_name=friendly_name,
        kind="FailoverJobDetails" if scenario == "UnplannedFailover" else "AsrJobDetails",
        item=item.name,
        target_id=item.vm_id,
        target_name=item.friendly_name,
        target_type="ProtectionEntity",
        tasks=tasks,
        started=started,
        activity=f"{uuid4()} ActivityId: {uuid4()}",
        state=State.SUCCEEDED,
        ended=ended,
        result=world.ids.item(item.name),
    )
    return world.book.add(job)
