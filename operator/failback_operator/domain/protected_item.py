"""A protected item, as LIST and GET show it.

None means: not told, which is not the same as absent or zero.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from failback_operator.domain.health import HealthError
from failback_operator.domain.ids import ArmId


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
    has_retention_window: bool = False  # retentionWindowEnd: a point to go back to exists
    recovery_network_id: ArmId | None = None  # selectedRecoveryAzureNetworkId
    discovery_type: str | None = None  # discoveryType: vCenter, or Physical (so is the Azure VM of a reversed item)
    firmware_type: str | None = None  # firmwareType: BIOS or UEFI
    mac_addresses: tuple[str, ...] = ()  # vmNics[].nicId (recorded: the source machine's MAC), hexadecimal digits alone
    recovery_subnet_ids: tuple[ArmId, ...] = ()  # vmNics[]: recoveryVMNetworkId with recoverySubnetName of its ipConfigs
    change_rate_mb: int | None = None  # uncompressedDataRateInMB: over which time is not documented


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
