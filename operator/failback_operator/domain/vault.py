"""What the operator reads of a vault: fabric, servers, items, jobs, Azure machines.

Names follow the Site Recovery REST API (api-version 2025-08-01). None means: not told, which is not the same as absent or zero.
Sentinel dates of the service (years 1, 1601, 1753, 9999) are None here.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from failback_operator.domain.ids import ArmId


@dataclass(frozen=True, slots=True)
class HealthError:
    """An entry of healthErrors; `level` is Info, Warning or Error."""

    code: str
    level: str
    message: str
    possible_causes: str | None = None
    recommended_action: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigurationServer:
    """`fabric.customDetails` of type VMwareDetails."""

    host_name: str | None
    ip_address: str | None
    service_status: str | None  # csServiceStatus
    agent_version: str | None
    version_status: str | None
    last_heartbeat: datetime | None


@dataclass(frozen=True, slots=True)
class RunAsAccount:
    """An account stored on the configuration server."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ProcessServer:
    """An entry of `customDetails.processServers`."""

    id: str
    name: str
    ip_address: str | None
    os_type: str | None
    agent_version: str | None
    version_status: str | None
    last_heartbeat: datetime | None
    service_status: str | None  # psServiceStatus
    health: str | None
    machine_count: int | None
    health_errors: tuple[HealthError, ...] = ()


@dataclass(frozen=True, slots=True)
class RetentionVolume:
    """A volume that may hold retention data: `name` exactly as reported (bare letter on Windows, path on Linux)."""

    name: str
    capacity_bytes: int | None
    free_bytes: int | None


@dataclass(frozen=True, slots=True)
class ListedDatastore:
    """A datastore that the master target's discovery lists; empty list = unusable target."""

    symbolic_name: str
    uuid: str | None
    type: str | None


@dataclass(frozen=True, slots=True)
class MasterTargetServer:
    """An entry of `customDetails.masterTargetServers`."""

    id: str
    name: str
    ip_address: str | None
    os_type: str | None
    os_version: str | None
    agent_version: str | None
    version_status: str | None
    last_heartbeat: datetime | None
    disk_count: int | None
    retention_volumes: tuple[RetentionVolume, ...]
    datastores: tuple[ListedDatastore, ...]
    health_errors: tuple[HealthError, ...] = ()


@dataclass(frozen=True, slots=True)
class Provider:
    """A recovery services provider of the fabric."""

    arm_id: ArmId
    connection_status: str | None
    last_heartbeat: datetime | None


@dataclass(frozen=True, slots=True)
class VCenterRecord:
    """A vCenter that the configuration server knows."""

    arm_id: ArmId
    name: str
    ip_address: str | None
    discovery_status: str | None
    last_heartbeat: datetime | None
    infrastructure_id: str | None


@dataclass(frozen=True, slots=True)
class Fabric:
    """One configuration server and what is registered with it."""

    arm_id: ArmId
    friendly_name: str
    health: str | None
    configuration_server: ConfigurationServer | None
    process_servers: tuple[ProcessServer, ...]
    master_targets: tuple[MasterTargetServer, ...]
    run_as_accounts: tuple[RunAsAccount, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A replication policy; `instance_type` InMage is a failback policy, InMageAzureV2 one to Azure."""

    arm_id: ArmId
    name: str
    instance_type: str
    rpo_threshold_minutes: int | None
    retention_minutes: int | None
    app_consistent_minutes: int | None


@dataclass(frozen=True, slots=True)
class ContainerMapping:
    """An association of a policy with a container; failback: target container = the same container."""

    arm_id: ArmId
    container_id: ArmId
    target_container_id: str | None
    policy_id: ArmId | None
    state: str | None
    health: str | None


class InstanceType(StrEnum):
    """`providerSpecificDetails.instanceType`; anything else is OTHER and never acted on."""

    TO_AZURE = "InMageAzureV2"
    TO_ON_PREMISES = "InMage"
    MODERNIZED = "InMageRcm"
    MODERNIZED_FAILBACK = "InMageRcmFailback"
    OTHER = "Other"


class ActiveSite(StrEnum):
    """`activeSiteType` of an InMage item: where the machine runs."""

    AZURE = "Azure"
    ON_PREMISES = "OnPrem"


@dataclass(frozen=True, slots=True)
class CurrentScenario:
    """The job that runs on an item now (`currentScenario`; None on the item when idle)."""

    name: str
    job_name: str | None


@dataclass(frozen=True, slots=True)
class ItemDisk:
    """A protected disk and its synchronisation; `percent` is resyncProgressPercentage."""

    id: str
    name: str
    capacity_bytes: int | None
    percent: int | None
    resync_required: str | None
    rpo_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """What only a GET of the item shows (LIST is lossy), and when it was got."""

    as_of: datetime
    master_target_id: str | None
    disks: tuple[ItemDisk, ...]
    os_type: str | None
    os_version: str | None
    consistency_points: tuple[tuple[str, datetime], ...]
    datastores: tuple[str, ...] = ()
    agent_version: str | None = None
    agent_last_heartbeat: datetime | None = None
    log_storage_account_id: ArmId | None = None
    vcenter_infrastructure_id: str | None = None
    infrastructure_vm_id: str | None = None  # vCenter's UUID of the source VM (inferred)
    replica_id: str | None = None
    ip_address: str | None = None


@dataclass(frozen=True, slots=True)
class ProtectedItem:
    """A protected item. Fields here are told by LIST and GET alike; `detail` by GET alone.

    `allowed_operations` is the gate. `last_failover_time` is None while instance_type is InMage: there the service's value is
    that of the failback's own failover.
    """

    arm_id: ArmId
    friendly_name: str
    container_id: ArmId
    instance_type: InstanceType
    active_site: ActiveSite | None
    active_location: str | None
    protection_state: str
    protection_state_description: str | None
    allowed_operations: frozenset[str]
    current_scenario: CurrentScenario | None
    replication_health: str | None
    failover_health: str | None
    health_errors: tuple[HealthError, ...]
    policy_id: ArmId | None
    process_server_id: str | None
    group_id: str | None
    group_name: str | None
    last_failover_time: datetime | None
    target_vm_id: ArmId | None
    rpo_seconds: int | None
    last_heartbeat: datetime | None
    provider_id: ArmId | None = None
    detail: ItemDetail | None = None


@dataclass(frozen=True, slots=True)
class AzureVm:
    """A virtual machine in Azure; `power_state` as in `PowerState/running`, without the prefix."""

    arm_id: ArmId
    power_state: str | None
    nic_ids: tuple[ArmId, ...]
    data_disk_count: int
    provisioning_state: str | None = None


class JobState(StrEnum):
    """State of a job; OTHER keeps what is unknown from counting as an end."""

    NOT_STARTED = "NotStarted"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    SUSPENDED = "Suspended"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class JobError:
    """An error of a job, verbatim."""

    code: str
    message: str
    possible_causes: str | None
    recommended_action: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """A job. Success is state Succeeded and a state_description that is not PartiallySucceeded, children included."""

    arm_id: ArmId
    name: str
    scenario: str
    state: JobState
    state_description: str | None
    started_at: datetime | None
    ended_at: datetime | None
    target_object_id: str | None
    target_object_name: str | None
    errors: tuple[JobError, ...]
    child_jobs: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        """True when it will not change any more."""
        return self.state in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}

    @property
    def is_success(self) -> bool:
        """True for a whole success of this job; its children are to be asked too."""
        return self.state is JobState.SUCCEEDED and self.state_description != "PartiallySucceeded"

    def concerns(self, item: ProtectedItem) -> bool:
        """Whether it is about `item`: by target id (item's name or ARM id), else by name.

        Source: ASRJob.targetObjectId/targetObjectName; which id the service puts there is inferred, so both are taken.
        """
        wanted = {item.arm_id.casefold(), item.arm_id.resource_name.casefold()}
        if self.target_object_id and self.target_object_id.casefold() in wanted:
            return True
        return bool(self.target_object_name) and self.target_object_name == item.friendly_name


@dataclass(frozen=True, slots=True)
class MissingJob:
    """A job that was asked for by name and is not there (404), in each full read since `since`."""

    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class VaultFacts:
    """One fabric's part of a vault, with the Azure machines of its items.

    `azure_vms` holds those machines of the items' target ids that exist; one that was looked for and is gone is in `missing_vms`;
    one in neither was not read. `jobs` are the vault's jobs of the look-back window, newest first. `missing_items` and
    `missing_jobs` are those that the full read listed nowhere and then asked for by name: only they are proved gone.
    """

    fabric: Fabric
    providers: tuple[Provider, ...]
    vcenters: tuple[VCenterRecord, ...]
    items: tuple[ProtectedItem, ...]
    policies: tuple[Policy, ...]
    mappings: tuple[ContainerMapping, ...]
    jobs: tuple[Job, ...]
    azure_vms: tuple[AzureVm, ...]
    missing_vms: frozenset[ArmId] = frozenset()
    missing_items: frozenset[ArmId] = frozenset()
    missing_jobs: tuple[MissingJob, ...] = ()

    def item(self, arm_id: str) -> ProtectedItem | None:
        """The item with that ARM id."""
        return next((i for i in self.items if i.arm_id == arm_id), None)

    def job(self, name: str) -> Job | None:
        """The job of that name."""
        return next((j for j in self.jobs if j.name.casefold() == name.casefold()), None)

    def azure_vm(self, arm_id: str | None) -> AzureVm | None:
        """The Azure machine with that id, if read and there."""
        return next((v for v in self.azure_vms if arm_id is not None and v.arm_id == arm_id), None)

    def group_of(self, item: ProtectedItem) -> tuple[ProtectedItem, ...]:
        """All items that share the item's multi-VM group, itself included; alone when it is in none.

        Source: with multiVmSyncStatus Enabled even a single VM has a group of its own, so a group counts from two members.
        """
        if not item.group_id:
            return (item,)
        members = tuple(i for i in self.items if i.group_id and i.group_id.casefold() == item.group_id.casefold())
        return members or (item,)
