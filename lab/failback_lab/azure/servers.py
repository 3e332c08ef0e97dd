"""The configuration server with its process servers, master targets, policies and vCenter record."""

from dataclasses import dataclass, field
from datetime import datetime

from failback_lab import scenario as site
from failback_lab.scenario import GIB, derived_uuid

from .onprem import DatastoreReading


def host_id(name: str) -> str:
    """The id of a server in the configuration server's database: upper case, four groups, as recorded."""
    text = derived_uuid("server", name).hex.upper()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:]}"


@dataclass(slots=True)
class ProcessServer:
    """A process server; one of the same name as the configuration server is embedded in it."""

    name: str
    ip_address: str
    is_in_azure: bool
    agent_version: str
    os_version: str | None = None

    @property
    def id(self) -> str:
        return host_id(self.name)


@dataclass(slots=True)
class RetentionVolume:
    """A volume that may hold retention data, and when the configuration server first saw it."""

    name: str
    capacity_bytes: int
    free_bytes: int
    seen: datetime | None = None


@dataclass(slots=True)
class MasterTarget:
    """A master target: what the scenario registers, and what discovery found."""

    name: str
    bios_uuid: str
    ip_address: str
    agent_version: str
    os_family: str
    os_version: str
    disk_count: int = 0
    datastores: tuple[DatastoreReading, ...] = ()
    retention: dict[str, RetentionVolume] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    """Names of the retention volumes that are shown; a new one appears only after a while or a refresh."""
    unusable: tuple[str, ...] = ()
    """Names of volumes that are locked, hold the cache or the agent, or are being replicated to."""

    @property
    def id(self) -> str:
        return host_id(self.name)


@dataclass(slots=True)
class Policy:
    """A replication policy; times in minutes."""

    name: str
    is_failback: bool
    rpo_threshold: int
    retention: int
    app_consistent: int
    crash_consistent: int = 5
    multi_vm_sync: bool = True

    @property
    def instance_type(self) -> str:
        return "InMage" if self.is_failback else "InMageAzureV2"


@dataclass(slots=True)
class Mapping:
    """Association of a policy with the container; a failback mapping's target is the container itself (recorded)."""

    name: str
    policy: str


def process_servers(vault: site.Vault) -> dict[str, ProcessServer]:
    """The scenario's process servers by id."""
    made = [
        ProcessServer(p.name, p.ip_address, is_in_azure=p.location == "Azure", agent_version=p.agent_version)
        for p in vault.process_servers
    ]
    return {p.id: p for p in made}


def master_targets(scenario: site.Scenario) -> dict[str, MasterTarget]:
    """The scenario's master targets by id, with the retention volume that they registered."""
    made = []
    for target in scenario.vault.master_targets:
        guest = scenario.guest_of(target.machine)
        volume = RetentionVolume(target.retention_volume, target.retention_capacity_gib * GIB, target.retention_free_gib * GIB)
        machine = scenario.machine(target.machine)
        made.append(
            MasterTarget(
                name=target.name,
                bios_uuid=str(machine.bios_uuid),
                ip_address=target.ip_address,
                agent_version=target.agent_version,
                os_family=guest.family,
                os_version=guest.asr_version,
                retention={volume.name: volume},
                listed=(volume.name,),
            )
        )
    return {t.id: t for t in made}


def policies(vault: site.Vault) -> tuple[dict[str, Policy], dict[str, Mapping]]:
    """The scenario's policies by name, and the mappings of those that are associated."""
    made = {
        p.name: Policy(
            name=p.name,
            is_failback=p.direction == "ToOnPremises",
            rpo_threshold=p.rpo_threshold_minutes,
            retention=p.retention_minutes,
            app_consistent=p.app_consistent_minutes,
        )
        for p in vault.policies
    }
    mappings = {f"{p.name}-mapping": Mapping(f"{p.name}-mapping", p.name) for p in vault.policies if p.associated}
    return made, mappings
