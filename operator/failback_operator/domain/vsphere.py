"""What the operator reads of a vCenter. None or membership in `unread` means: not known, which is not the same as absent.

Source of each property path: the vSphere Web Services API, named at the field.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from failback_operator.domain.grants import Grants
from failback_operator.domain.ids import Moref
from failback_operator.domain.vm_events import VmEvent


class PowerState(StrEnum):
    """`runtime.powerState`."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"


class ControllerKind(StrEnum):
    """Class of a storage controller that may hold disks."""

    LSI_LOGIC = "LsiLogic"
    LSI_LOGIC_SAS = "LsiLogicSAS"
    PARAVIRTUAL = "ParaVirtual"
    BUS_LOGIC = "BusLogic"
    NVME = "NVMe"
    SATA = "SATA"
    IDE = "IDE"


@dataclass(frozen=True, slots=True)
class Controller:
    """A storage controller (`config.hardware.device`)."""

    key: int
    kind: ControllerKind
    bus_number: int

    @property
    def is_scsi(self) -> bool:
        """True for a controller with SCSI slots."""
        return self.kind in {
            ControllerKind.LSI_LOGIC,
            ControllerKind.LSI_LOGIC_SAS,
            ControllerKind.PARAVIRTUAL,
            ControllerKind.BUS_LOGIC,
        }


@dataclass(frozen=True, slots=True)
class Disk:
    """A VirtualDisk (`config.hardware.device`): `file_name` and `uuid` are of its backing."""

    key: int
    label: str
    controller_key: int
    unit_number: int | None
    file_name: str
    datastore: Moref | None
    uuid: str | None
    capacity_bytes: int
    has_parent: bool
    is_raw_device: bool = False
    is_thin: bool | None = None  # backing.thinProvisioned


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An entry of `snapshot.rootSnapshotList`, flattened."""

    moref: Moref
    name: str
    created: datetime


@dataclass(frozen=True, slots=True)
class GuestVolume:
    """An entry of `guest.disk`. `disk_keys` are keys of the virtual disks under it (`mappings`, since 7.0); empty: not told."""

    path: str
    capacity_bytes: int
    free_bytes: int
    filesystem: str | None
    disk_keys: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkCard:
    """A VirtualEthernetCard (`config.hardware.device`). `is_connected` is that of now, None where the device does not tell."""

    key: int
    is_connected: bool | None  # connectable.connected


@dataclass(frozen=True, slots=True)
class GuestNetwork:
    """An entry of `guest.net`: the addresses of a card with the lengths of their prefixes, as `10.10.0.10/24`."""

    card_key: int | None  # deviceConfigId
    interfaces: tuple[str, ...]  # ipConfig.ipAddress[]


@dataclass(frozen=True, slots=True)
class Guest:
    """What VMware Tools reports, and the configured guest id."""

    guest_id: str | None = None  # config.guestId
    full_name: str | None = None  # guest.guestFullName
    family: str | None = None  # guest.guestFamily
    detailed_data: str | None = None  # guest.guestDetailedData or extraConfig guestInfo.detailed.data
    host_name: str | None = None  # guest.hostName
    ip_addresses: tuple[str, ...] = ()  # guest.ipAddress, guest.net[].ipAddress
    tools_running_status: str | None = None  # guest.toolsRunningStatus
    tools_version_status: str | None = None  # guest.toolsVersionStatus2
    volumes: tuple[GuestVolume, ...] = ()
    has_static_address: bool | None = None  # guest.net[].ipConfig: origin of each address, dhcp.ipv4.enable
    networks: tuple[GuestNetwork, ...] = ()  # guest.net


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """A VM. `unread` names the fields of this class that could not be read (missingSet): never judge those."""

    moref: Moref
    name: str
    instance_uuid: str | None = None
    bios_uuid: str | None = None
    power_state: PowerState | None = None
    connection_state: str | None = None
    host: Moref | None = None
    boot_time: datetime | None = None  # summary.runtime.bootTime; gone once it is off again
    starts: tuple[datetime, ...] | None = None  # its VmPoweredOnEvents; asked of VMs whose machines are failed over
    events: tuple[VmEvent, ...] | None = None  # asked of VMs that machines come home with, from reprotect on
    snapshots: tuple[Snapshot, ...] = ()
    consolidation_needed: bool | None = None
    disks: tuple[Disk, ...] = ()
    controllers: tuple[Controller, ...] = ()
    disk_uuid_enabled: bool | None = None  # extraConfig disk.EnableUUID, or config.flags.diskUuidEnabled
    memory_mib: int | None = None
    nic_count: int | None = None
    mac_addresses: tuple[str, ...] = ()  # macAddress of its cards, hexadecimal digits alone
    cards: tuple[NetworkCard, ...] = ()
    is_template: bool | None = None  # config.template
    firmware: str | None = None  # config.firmware: bios or efi
    config_file: str | None = None  # config.files.vmPathName
    guest: Guest = field(default_factory=Guest)
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Mount:
    """A host's mount of a datastore (`datastore.host[].mountInfo`)."""

    host: Moref
    access_mode: str
    is_mounted: bool | None = None
    is_accessible: bool | None = None
    inaccessible_reason: str | None = None

    @property
    def is_read_write(self) -> bool:
        """Mounted read/write and accessible; optional members count as true when absent (facts: both optional)."""
        return self.access_mode == "readWrite" and self.is_mounted is not False and self.is_accessible is not False


@dataclass(frozen=True, slots=True)
class Datastore:
    """A datastore: `type` is `summary.type` (VMFS, NFS, NFS41, vsan, OTHER).

    `free_bytes` and `uncommitted_bytes` move at rest: they are told anew only after they moved by more than a part of the
    capacity, and reach no text but bucketed. `uncommitted_bytes`: by how much all thin disks and deltas on it may grow yet.
    """

    moref: Moref
    name: str
    type: str | None
    is_accessible: bool | None
    capacity_bytes: int | None
    free_bytes: int | None
    mounts: tuple[Mount, ...]
    pod: Moref | None = None
    uncommitted_bytes: int | None = None  # summary.uncommitted
    maintenance_mode: str | None = None  # summary.maintenanceMode: normal, enteringMaintenance, inMaintenance


@dataclass(frozen=True, slots=True)
class Host:
    """An ESXi host. `used_memory_bytes` moves at rest, and is told as a datastore's free space is."""

    moref: Moref
    name: str
    connection_state: str | None
    is_in_maintenance: bool | None
    cluster: Moref | None
    datastores: tuple[Moref, ...]
    memory_bytes: int | None = None  # summary.hardware.memorySize
    used_memory_bytes: int | None = None  # summary.quickStats.overallMemoryUsage, in MB there


@dataclass(frozen=True, slots=True)
class MotionRule:
    """What is set for one VM apart from the others; None: as for all of them."""

    machine: Moref
    is_enabled: bool | None
    behavior: str | None


@dataclass(frozen=True, slots=True)
class Motion:
    """What moves VMs by itself: DRS of a cluster, Storage DRS of a datastore cluster. None: could not be read.

    `are_rules_heeded`: whether DRS heeds `rules` (drsConfig.enableVmBehaviorOverrides); Storage DRS always does.
    """

    is_enabled: bool | None
    behavior: str | None
    rules: tuple[MotionRule, ...] = ()
    are_rules_heeded: bool = True

    def applies(self, machine: Moref) -> bool | None:
        """Whether it minds the VM at all: a VM without a rule of its own is minded as all are."""
        if not self.is_enabled:
            return self.is_enabled
        rule = self._rule(machine)
        return rule is None or rule.is_enabled is not False

    def behavior_for(self, machine: Moref) -> str | None:
        """How it treats the VM that it minds: automated, fullyAutomated (it moves it), or another (it proposes to)."""
        rule = self._rule(machine)
        return self.behavior if rule is None or rule.behavior is None else rule.behavior

    def rule_for(self, machine: Moref) -> MotionRule | None:
        """What is set for the VM, heeded or not; None: nothing."""
        return next((r for r in self.rules if r.machine == machine), None)

    def _rule(self, machine: Moref) -> MotionRule | None:
        return self.rule_for(machine) if self.are_rules_heeded else None


@dataclass(frozen=True, slots=True)
class Pod:
    """A datastore cluster (StoragePod). Source of `motion`: podStorageDrsEntry.storageDrsConfig.{podConfig, vmConfig}."""

    moref: Moref
    name: str
    motion: Motion | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of hosts (ClusterComputeResource). Source of `motion`: configurationEx.{drsConfig, drsVmConfig}."""

    moref: Moref
    name: str
    motion: Motion | None


@dataclass(frozen=True, slots=True)
class VsphereFacts:
    """One vCenter's part of a site: all hosts, datastores and clusters of both, and the VMs that the site is about.

    `own_grants` are the operator's privileges on what it may mend, `server_grants` those of the configuration server's account;
    None where there was nothing to ask. `nameless` are VMs whose names may not be read: any may be one that is looked for.
    `removals` are the events of VMs that left the inventory since the first reprotect, None while nobody asked or it was refused.
    `own_account` is the operator's as its session, and so its events, name it.
    """

    instance_uuid: str
    hosts: tuple[Host, ...]
    datastores: tuple[Datastore, ...]
    machines: tuple[VirtualMachine, ...]
    pods: tuple[Pod, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    own_grants: Grants | None = None
    server_grants: Grants | None = None
    nameless: tuple[Moref, ...] = ()
    removals: tuple[VmEvent, ...] | None = None
    own_account: str | None = None

    def host(self, moref: Moref | None) -> Host | None:
        """The host with that id, if known."""
        return next((h for h in self.hosts if h.moref == moref), None)

    def datastore(self, moref: Moref | None) -> Datastore | None:
        """The datastore with that id, if known."""
        return next((d for d in self.datastores if d.moref == moref), None)

    def pod(self, moref: Moref | None) -> Pod | None:
        """The datastore cluster with that id, if known."""
        return next((p for p in self.pods if p.moref == moref), None)

    def cluster(self, moref: Moref | None) -> Cluster | None:
        """The cluster with that id, if known."""
        return next((c for c in self.clusters if c.moref == moref), None)

    def by_uuid(self, uuid: str) -> tuple[VirtualMachine, ...]:
        """VMs whose instance or BIOS UUID it is; more than one means clones."""
        wanted = uuid.casefold()
        return tuple(m for m in self.machines if wanted in {(m.instance_uuid or "").casefold(), (m.bios_uuid or "").casefold()})

    def by_name(self, name: str) -> tuple[VirtualMachine, ...]:
        """VMs of that name."""
        return tuple(m for m in self.machines if m.name == name)

    def by_ip(self, address: str) -> tuple[VirtualMachine, ...]:
        """VMs whose guest reports that address."""
        return tuple(m for m in self.machines if address in m.guest.ip_addresses)
