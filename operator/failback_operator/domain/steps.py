"""The steps of a round, and the effects that the operator may have on the world."""

from dataclasses import dataclass
from enum import StrEnum

from failback_operator.domain.ids import ArmId, Moref


class Step(StrEnum):
    """What a check may guard. REHEARSAL is readiness months before: nothing is started by it."""

    REHEARSAL = "Rehearsal"
    REPROTECT = "Reprotect"
    FAILBACK = "Failback"
    COMMIT = "Commit"
    PROTECT = "Protect"


class EffectKind(StrEnum):
    """Every effect there is. COMMIT_FAILOVER commits the failover to Azure, COMMIT the failback."""

    COMMIT_FAILOVER = "CommitFailover"
    REPROTECT = "Reprotect"
    FAILBACK = "Failback"
    COMMIT = "Commit"
    PROTECT = "Protect"
    REMOVE_SNAPSHOTS = "RemoveSnapshots"
    SET_DISK_UUID = "SetDiskUuid"
    POWER_CYCLE = "PowerCycle"
    EXCLUDE_FROM_STORAGE_DRS = "ExcludeFromStorageDrs"
    EXCLUDE_FROM_DRS = "ExcludeFromDrs"
    REPLACE_CONTROLLERS = "ReplaceControllers"
    ADD_RETENTION_DISK = "AddRetentionDisk"
    MAKE_FROM_TEMPLATE = "MakeFromTemplate"
    REFRESH_PROVIDER = "RefreshProvider"
    CREATE_FAILBACK_POLICY = "CreateFailbackPolicy"
    ASSOCIATE_FAILBACK_POLICY = "AssociateFailbackPolicy"
    REATTACH_DISKS = "ReattachDisks"
    POWER_ON = "PowerOn"
    DELETE_VM = "DeleteVm"

    @property
    def is_on_item(self) -> bool:
        """True for the calls to Site Recovery on a protected item."""
        return self in ON_ITEM

    @property
    def is_on_vault(self) -> bool:
        """True for the calls to Site Recovery on what all machines of a site share. All others are calls to vCenter."""
        return self in {EffectKind.REFRESH_PROVIDER, EffectKind.CREATE_FAILBACK_POLICY, EffectKind.ASSOCIATE_FAILBACK_POLICY}

    @property
    def has_job(self) -> bool:
        """True for what a job of the vault does; what vCenter does has a task."""
        return self.is_on_item or self.is_on_vault

    @property
    def is_on_request(self) -> bool:
        """True for what a person asks for, by name, of a machine's own VM: its FailbackMachine holds the ledger."""
        return self in {EffectKind.REATTACH_DISKS, EffectKind.POWER_ON, EffectKind.DELETE_VM}


ON_ITEM = frozenset(
    {EffectKind.COMMIT_FAILOVER, EffectKind.REPROTECT, EffectKind.FAILBACK, EffectKind.COMMIT, EffectKind.PROTECT}
)
"""The calls to Site Recovery on a protected item."""


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """Which of our objects: its kind, namespace and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class ItemCall:
    """One POST on a protected item: the action's path segment and its plain JSON body (None: no body)."""

    item_id: ArmId
    action: str
    body: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class VaultCall:
    """One call on a resource of a vault other than an item: POST of `action` on it, or, without action, PUT of `body` to it."""

    resource_id: ArmId
    action: str | None = None
    body: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class CloneOrder:
    """Where the clone of a template goes; names for `resource_pool` and `folder`. None: as the template has it."""

    cluster: Moref
    host: Moref
    datastore: Moref
    resource_pool: str | None = None
    folder: str | None = None
    cpus: int | None = None
    memory_mib: int | None = None


@dataclass(frozen=True, slots=True)
class DiskPlace:
    """A disk by its backing UUID: the file in which it lies, the file that its VM had, and where it hangs on its VM.

    `is_seen`: it was seen in `file` on the master target; else `file` is where it lay before reprotect.
    """

    uuid: str
    file: str
    file_before: str
    controller_key: int
    unit: int
    is_seen: bool = True


@dataclass(frozen=True, slots=True)
class ReattachOrder:
    """The disks of a VM that are to come from the master target's VM, `target`, which may have kept some of them only.

    `count`: how many disks were recorded. Where `places` are fewer, the place of one is not known: nothing is sent, none is done.
    """

    target: Moref
    target_uuid: str | None
    places: tuple[DiskPlace, ...]
    count: int


@dataclass(frozen=True, slots=True)
class MachineCall:
    """One operation on a VM in vCenter; `vcenter` is its name in the RecoverySite.

    `allow_hard_off`: a power cycle may switch it off if the guest does not shut down. `clone`: the VM is a template,
    of which a clone is to be made. `reattach`: whose disks are to be attached again. `files`: of a VM that is to be
    deleted the disks that go with it, by their files: exactly these.
    """

    vcenter: str
    machine: Moref
    instance_uuid: str | None
    allow_hard_off: bool = False
    clone: CloneOrder | None = None
    reattach: ReattachOrder | None = None
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Effect:
    """A decided effect. `key` is deterministic: the same world and spec decide the same key; one key is performed at most once.

    `owner` is the object whose status holds the ledger (a FailbackMachine, a MasterTarget or a RecoverySite);
    `group` are the ARM ids of all items that must be read again before it (the item itself included).
    """

    key: str
    kind: EffectKind
    owner: ObjectKey
    call: ItemCall | MachineCall | VaultCall
    group: tuple[ArmId, ...] = ()
    description: str = ""
