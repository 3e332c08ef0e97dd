"""A fabric: the configuration server with its process servers, master targets, providers and vCenters.

None means: not told, which is not the same as absent or zero.
"""

from dataclasses import dataclass
from datetime import datetime

from failback_operator.domain.health import HealthError
from failback_operator.domain.ids import ArmId


@dataclass(frozen=True, slots=True)
class ConfigurationServer:
    """`fabric.customDetails` of type VMwareDetails."""

    host_name: str | None
    ip_address: str | None
    service_status: str | None  # csServiceStatus
    agent_version: str | None
    version_status: str | None
    last_heartbeat: datetime | None
    agent_expires: datetime | None = None  # agentExpiryDate, else agentVersionDetails.expiryDate
    certificate_expires: datetime | None = None  # sslCertExpiryDate


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
    agent_expires: datetime | None = None
    certificate_expires: datetime | None = None


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
    agent_expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A recovery services provider of the fabric."""

    arm_id: ArmId
    connection_status: str | None
    last_heartbeat: datetime | None
    allowed_scenarios: tuple[str, ...] | None = None  # allowedScenarios, e.g. Refresh


@dataclass(frozen=True, slots=True)
class VCenterRecord:
    """A vCenter that the configuration server knows."""

    arm_id: ArmId
    name: str
    ip_address: str | None
    discovery_status: str | None
    last_heartbeat: datetime | None
    infrastructure_id: str | None
    run_as_account_id: str | None = None
    health_errors: tuple[HealthError, ...] = ()


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
