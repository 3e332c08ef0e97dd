"""One description of a recovery site, from which both of its worlds are built.

The vCenter simulator takes the on-premises half (clusters, hosts, datastores, virtual machines), the Site Recovery
simulator takes the vault's half (configuration server, servers, protected items, Azure machines). Identities that a
person would not write by hand (UUIDs, MAC addresses) are derived from names, so both halves agree without repeating them.
"""

from pathlib import Path
from typing import Literal, Self
from uuid import NAMESPACE_DNS, UUID, uuid5

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

GIB = 1024**3
ControllerKind = Literal["lsilogic", "lsilogic-sas", "paravirtual", "buslogic"]


def derived_uuid(kind: str, name: str) -> UUID:
    """The stable UUID of the thing `name` of `kind`: the same in every run and in both worlds."""
    return uuid5(NAMESPACE_DNS, f"{name}.{kind}.lab.failback.dev")


class Part(BaseModel):
    """Base of all parts of a scenario: a misspelt field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cluster(Part):
    """A vSphere cluster and its ESXi hosts."""

    name: str
    hosts: tuple[str, ...]
    drs_enabled: bool = True


class Datastore(Part):
    """A datastore, the hosts that mount it read/write, and the datastore cluster (pod) that it belongs to."""

    name: str
    type: Literal["VMFS", "NFS", "vsan"]
    capacity_gib: int
    free_gib: int
    hosts: tuple[str, ...]
    read_only_hosts: tuple[str, ...] = ()
    pod: str | None = None


class Disk(Part):
    """A virtual disk of a machine; the first one is the boot disk."""

    size_gib: int
    datastore: str | None = None


class GuestVolume(Part):
    r"""A volume as VMware Tools reports it; `path` is `R:\` style on Windows, a mount point on Linux."""

    path: str
    capacity_gib: int
    free_gib: int
    filesystem: str


class Guest(Part):
    """The operating system of a machine in the three spellings by which vSphere and Site Recovery know it."""

    family: Literal["Windows", "Linux"]
    guest_id: str
    full_name: str
    detailed_data: str | None = None
    asr_version: str
    """As Site Recovery reports it, e.g. `Microsoft Windows Server 2019 Datacenter` or `UBUNTU-16.04-64`."""


class Machine(Part):
    """A virtual machine in vCenter."""

    name: str
    host: str
    datastore: str
    guest: str
    ips: tuple[str, ...]
    powered_on: bool = True
    tools_running: bool = True
    controller: ControllerKind = "lsilogic"
    disks: tuple[Disk, ...]
    extra_config: dict[str, str] = Field(default_factory=dict)
    snapshots: tuple[str, ...] = ()
    volumes: tuple[GuestVolume, ...] = ()
    nics: int = 1
    memory_mib: int = 4096

    @property
    def instance_uuid(self) -> UUID:
        """vCenter's own identity of the machine (`config.instanceUuid`)."""
        return derived_uuid("instance", self.name)

    @property
    def bios_uuid(self) -> UUID:
        """The machine's SMBIOS identity (`config.uuid`)."""
        return derived_uuid("bios", self.name)

    def disk_uuid(self, index: int) -> UUID:
        """The identity of the disk at `index` (`backing.uuid`)."""
        return derived_uuid("disk", f"{self.name}-{index}")

    @property
    def mac_address(self) -> str:
        """Address of the first card, in VMware's own range."""
        tail = derived_uuid("nic", self.name).hex[:6]
        return f"00:50:56:{int(tail[:2], 16) & 0x3F:02x}:{tail[2:4]}:{tail[4:6]}"


class VCenterSite(Part):
    """The on-premises half of the site."""

    datacenter: str
    address: str
    clusters: tuple[Cluster, ...]
    datastores: tuple[Datastore, ...]
    pods: tuple[str, ...] = ()
    machines: tuple[Machine, ...]

    @property
    def instance_uuid(self) -> UUID:
        """vCenter's identity (`about.instanceUuid`)."""
        return derived_uuid("vcenter", self.address)


class ConfigurationServer(Part):
    """The configuration server: a fabric of the vault, and a VM in vCenter that embeds a process server and a master target."""

    machine: str
    ip_address: str
    agent_version: str = "9.61.0.0"
    run_as_accounts: tuple[str, ...] = ("vmadmin",)


class ProcessServer(Part):
    """A process server registered with the configuration server; `azure_vm` for one that stands in Azure."""

    name: str
    ip_address: str
    location: Literal["Azure", "OnPremises"]
    agent_version: str = "9.61.0.0"


class MasterTarget(Part):
    """A master target registered with the configuration server; its VM is the vCenter machine of the same name."""

    name: str
    machine: str
    ip_address: str
    agent_version: str = "9.61.0.0"
    retention_volume: str
    """As Site Recovery reports it: the bare letter on Windows (`R`), the mount point on Linux (`/mnt/retention`)."""
    retention_capacity_gib: int = 600
    retention_free_gib: int = 550


class Policy(Part):
    """A replication policy. Times are minutes, as on the wire."""

    name: str
    direction: Literal["ToAzure", "ToOnPremises"]
    rpo_threshold_minutes: int = 15
    retention_minutes: int = 1440
    app_consistent_minutes: int = 60
    associated: bool = True


class Network(Part):
    """A virtual network in Azure with its subnets (name → prefix)."""

    name: str
    prefix: str
    subnets: dict[str, str]


class Item(Part):
    """A protected item: a vCenter machine, failed over to the Azure VM `<name>-az` unless `failed_over` is false."""

    machine: str
    process_server: str
    group: str | None = None
    failed_over: bool = True
    failover_committed: bool = True
    azure_ip: str
    change_mib_per_minute: int = 20


class Vault(Part):
    """The Azure half of the site."""

    resource_group: str
    name: str
    location: str
    network: Network
    vm_resource_group: str
    log_storage_account: str
    configuration_server: ConfigurationServer
    process_servers: tuple[ProcessServer, ...]
    master_targets: tuple[MasterTarget, ...]
    policies: tuple[Policy, ...]
    items: tuple[Item, ...]
    failover_hours_ago: float = 6.0
    """Age of the failovers to Azure at the start of the lab."""


class Scenario(Part):
    """A whole site. `guests` names operating systems once; machines refer to them."""

    name: str
    guests: dict[str, Guest]
    vcenter: VCenterSite
    vault: Vault

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a scenario from YAML. Raises pydantic.ValidationError naming each wrong field."""
        return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))

    def machine(self, name: str) -> Machine:
        """The vCenter machine called `name`. Raises KeyError."""
        return next(m for m in self.vcenter.machines if m.name == name)

    def guest_of(self, name: str) -> Guest:
        """The operating system of the vCenter machine called `name`."""
        return self.guests[self.machine(name).guest]

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        machines = {m.name for m in self.vcenter.machines}
        hosts = {h for c in self.vcenter.clusters for h in c.hosts}
        datastores = {d.name for d in self.vcenter.datastores}
        wanted = {
            "machine": {i.machine for i in self.vault.items} | {t.machine for t in self.vault.master_targets},
            "host": {m.host for m in self.vcenter.machines},
            "datastore": {m.datastore for m in self.vcenter.machines},
            "guest": {m.guest for m in self.vcenter.machines},
        }
        known = {"machine": machines, "host": hosts, "datastore": datastores, "guest": set(self.guests)}
        for kind, names in wanted.items():
            if missing := names - known[kind]:
                raise ValueError(f"unknown {kind}: {', '.join(sorted(missing))}")
        return self
