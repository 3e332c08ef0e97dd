"""The protected item of the classic architecture: its stages and what each of them shows."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from failback_lab.scenario import GIB, Guest, Machine, derived_uuid

from .onprem import DiskReading
from .sync import Sync

AZURE_V2 = "InMageAzureV2"
IN_MAGE = "InMage"


@dataclass(frozen=True, slots=True)
class Shown:
    """What an item shows in one stage."""

    instance_type: str
    state: str
    description: str
    location: str
    site: str | None
    allowed: tuple[str, ...]


_PENDING = ("CompleteMigration", "Commit", "DisableProtection", "ChangePit")
_COMMITTED = ("CompleteMigration", "DisableProtection", "SwitchProtection")


class Stage(Enum):
    """Stages S0 to S8. Source: site-recovery facts, section 2 (S2 and the pending half of S6 are inferred there)."""

    PROTECTED = Shown(
        AZURE_V2, "Protected", "Protected", "Primary", None, ("UnplannedFailover", "DisableProtection", "TestFailover")
    )
    FAILOVER_PENDING = Shown(
        AZURE_V2, "UnplannedFailoverCommitPendingStatesBegin", "Failover completed", "Recovery", None, _PENDING
    )
    FAILED_OVER = Shown(AZURE_V2, "UnplannedFailoverCommitted", "Failover committed", "Recovery", None, _COMMITTED)
    REVERSE_SYNC = Shown(
        IN_MAGE, "InitialReplicationInProgress", "Initial replication in progress", "Primary", "Azure", ("DisableProtection",)
    )
    REVERSE_PROTECTED = Shown(IN_MAGE, "Protected", "Protected", "Primary", "Azure", ("UnplannedFailover", "DisableProtection"))
    FAILBACK_PENDING = Shown(
        IN_MAGE, "UnplannedFailoverCommitPendingStatesBegin", "Failover completed", "Recovery", "OnPrem", _PENDING
    )
    # "Classic failback cannot be cancelled or retried": what a failed one leaves behind is documented nowhere.
    FAILBACK_STUCK = Shown(
        IN_MAGE, "UnplannedFailoverTransitionStatesBegin", "Failover was initiated", "Primary", "Azure", ("DisableProtection",)
    )
    FAILED_BACK = Shown(IN_MAGE, "UnplannedFailoverCommitted", "Failover committed", "Recovery", "OnPrem", _COMMITTED)
    FORWARD_SYNC = Shown(
        AZURE_V2, "InitialReplicationInProgress", "Initial replication in progress", "Primary", None, ("DisableProtection",)
    )


IN_FLIGHT_FAILOVER = ("UnplannedFailoverTransitionStatesBegin", "Failover was initiated")


@dataclass(frozen=True, slots=True)
class Running:
    """The job that runs on an item, as `currentScenario` shows it."""

    scenario: str
    job: str
    started: datetime


@dataclass(slots=True)
class Item:
    """A replication protected item. Its resource name stays the same through all stages (recorded)."""

    name: str
    machine: Machine
    guest: Guest
    stage: Stage
    policy: str
    process_server: str
    group_id: str
    group_name: str
    azure_ip: str
    change_mib_per_minute: int
    master_target: str | None = None
    run_as_account: str = "1"
    azure_vm: str | None = None
    last_failover: datetime | None = None
    agent_ready: datetime | None = None
    """When the Azure VM's agent has registered with the configuration server."""
    silent_since: datetime | None = None
    """When the replicated machine was shut down by a failover."""
    protected_since: datetime | None = None
    running: Running | None = None
    sync: Sync | None = None
    attached: tuple[DiskReading, ...] = ()
    """Disks as they were attached to the master target at reprotect."""
    is_new: bool = False
    """Whether its on-premises VM is made at the failback: there was none at the reprotect."""
    is_known: bool = True
    """Whether the configuration server's database has the on-premises machine."""
    agent_stopped: datetime | None = None
    """When the agent of the machine in Azure fell silent."""
    is_hung: bool = False
    """Whether the agent is silent because the machine hangs; else its service is stopped."""
    is_migrated: bool = False
    """Whether the migration was completed, which ends what may be done with the item."""
    had_raw_devices: bool = False
    """Whether a disk of the on-premises machine is a raw device."""
    is_physical: bool = False
    """Whether the configuration server discovered the on-premises machine as a physical one."""
    system: str | None = None
    """The operating system as Site Recovery tells it, where it is not the guest's."""

    @property
    def disk_sizes(self) -> tuple[int, ...]:
        """Bytes of each of its disks."""
        return tuple(disk.size_gib * GIB for disk in self.machine.disks)

    @property
    def friendly_name(self) -> str:
        return self.machine.name

    @property
    def vm_id(self) -> str:
        """The on-premises machine in the configuration server's database."""
        return str(derived_uuid("vm", self.machine.name))

    @property
    def physical_id(self) -> str:
        """The Azure VM there, discovered as a physical machine."""
        return str(derived_uuid("physical", self.machine.name))

    @property
    def shows(self) -> Shown:
        return self.stage.value

    @property
    def is_reversed(self) -> bool:
        return self.shows.instance_type == IN_MAGE

    @property
    def source_id(self) -> str:
        """The protectable item of which the replicated machine is made: it changes with the direction (recorded)."""
        return self.physical_id if self.is_reversed else self.vm_id

    @property
    def allowed(self) -> tuple[str, ...]:
        """Operations allowed now: none but what the stage allows, and nothing while a job runs."""
        if self.is_migrated:
            return ()
        return ("DisableProtection",) if self.running else self.shows.allowed

    @property
    def state(self) -> tuple[str, str]:
        """protectionState and its description."""
        if self.running and self.running.scenario == "UnplannedFailover":
            return IN_FLIGHT_FAILOVER
        return self.shows.state, self.shows.description

    def heard(self, now: datetime) -> datetime:
        """Up to when the agent was heard: after a failover to Azure it registers anew, after a failback it stays silent.

        Source: site-recovery facts, section 2, S3 (15 minutes); heartbeat and RPO as recorded hours after a failback.
        """
        is_back = self.agent_ready is not None and now >= self.agent_ready and not self.is_reversed
        heard = now if self.silent_since is None or is_back else min(now, self.silent_since)
        return heard if self.agent_stopped is None else min(heard, self.agent_stopped)

    @property
    def azure_vm_name(self) -> str:
        return f"{self.machine.name}-az"
