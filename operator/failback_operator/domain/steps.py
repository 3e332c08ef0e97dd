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

    @property
    def is_on_item(self) -> bool:
        """True for the calls to Site Recovery, False for those to vCenter."""
        return self in {
            EffectKind.COMMIT_FAILOVER,
            EffectKind.REPROTECT,
            EffectKind.FAILBACK,
            EffectKind.COMMIT,
            EffectKind.PROTECT,
        }


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
class MachineCall:
    """One operation on a VM in vCenter; `vcenter` is its name in the RecoverySite.

    `allow_hard_off`: a power cycle may switch it off if the guest does not shut down (never set today). `clone`: the VM is a
    template, of which a clone is to be made.
    """

    vcenter: str
    machine: Moref
    instance_uuid: str | None
    allow_hard_off: bool = False
    clone: CloneOrder | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """A decided effect. `key` is deterministic: the same world and spec decide the same key; one key is performed at most once.

    `owner` is the object whose status holds the ledger (a FailbackMachine or a MasterTarget);
    `group` are the ARM ids of all items that must be read again before it (the item itself included).
    """

    key: str
    kind: EffectKind
    owner: ObjectKey
    call: ItemCall | MachineCall
    group: tuple[ArmId, ...] = ()
    description: str = ""
