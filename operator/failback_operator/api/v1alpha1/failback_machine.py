"""FailbackMachine: one protected item on its way home. Written by the operator alone."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from failback_operator.api.common import (
    LEDGER_FIELD,
    ApiModel,
    ArmIdText,
    LedgerEntry,
    LocalRef,
    Resource,
    StatusBase,
    Text,
    Time,
    list_map,
    rule,
    rules,
)


class Phase(StrEnum):
    """Where a machine is, derived from observation. The order is the order of the round."""

    NOT_FAILED_OVER = "NotFailedOver"
    FAILED_OVER = "FailedOver"
    WAITING = "Waiting"
    REPROTECTING = "Reprotecting"
    REPROTECTED = "Reprotected"
    FAILING_BACK = "FailingBack"
    FAILED_BACK = "FailedBack"
    COMMITTING = "Committing"
    COMMITTED = "Committed"
    PROTECTING = "Protecting"
    PROTECTED = "Protected"
    FAILED = "Failed"
    NEEDS_ATTENTION = "NeedsAttention"
    UNKNOWN = "Unknown"


IN_FLIGHT_FINALIZER = "failback.dev/in-flight"
"""Keeps a machine while an effect is open, or while it stands between reprotect and protection."""

RECORDED_ONCE = "recorded facts are written once and never changed"


class RecordedDisk(ApiModel):
    """A disk of the on-premises machine or of the master target as it lay before reprotect."""

    file: str = Field(description="Backing file, e.g. `[datastore] vm/vm.vmdk`.", max_length=512)
    uuid: str | None = Field(default=None, description="Backing UUID.", max_length=63)
    capacity_bytes: int = Field(description="Capacity.", ge=0)
    datastore: str = Field(description="Name of the datastore.", max_length=253)
    datastore_id: str | None = Field(default=None, description="vCenter's id of the datastore.", max_length=63)
    key: int | None = Field(default=None, description="Key of the device.")
    bus: int | None = Field(default=None, description="Bus number of its controller.", ge=0)
    unit: int | None = Field(default=None, description="Unit number on its controller.", ge=0)
    controller_key: int | None = Field(default=None, description="Key of its controller.")


class Recorded(ApiModel):
    """Facts of one disaster that cannot be read back once reprotect has run. Each entry is written once."""

    failed_over_at: Time = Field(description="Time of the failover to Azure.")
    covered_by: Time = Field(description="Bound of failedOverBefore under which the run began.")
    azure_vm_id: ArmIdText = Field(description="ARM id of the Azure VM.")
    azure_vm_size: str | None = Field(default=None, description="Its size, e.g. Standard_D2s_v3.", max_length=63)
    nic_ids: list[ArmIdText] = Field(default_factory=list, description="Its network interfaces.", max_length=16)
    process_server_id: str | None = Field(default=None, description="Process server of the way to Azure.", max_length=253)
    policy_id: ArmIdText | None = Field(default=None, description="Policy of the way to Azure.")
    run_as_account: Text | None = Field(default=None, description="Account for the way back to Azure.")
    log_storage_account_id: ArmIdText | None = Field(default=None, description="Log storage account.")
    vcenter_infrastructure_id: str | None = Field(
        default=None, description="Record of the vCenter through which the machine was discovered.", max_length=63
    )
    vm_instance_uuid: str | None = Field(default=None, description="vCenter's identity of the on-premises VM.", max_length=63)
    disks: list[RecordedDisk] = Field(default_factory=list, description="Disks of the on-premises VM.", max_length=64)
    master_target: Text | None = Field(default=None, description="Name of the MasterTarget.")
    master_target_disks: list[RecordedDisk] = Field(default_factory=list, description="Its disks at that time.", max_length=64)

    # An entry of a list-map is compared with the old entry of the same key.
    model_config = ConfigDict(json_schema_extra=rules(rule("self == oldSelf", RECORDED_ONCE)))


class OnPremisesStart(ApiModel):
    """That the on-premises VM was started after a failover, while the machine ran in Azure. Each entry is written once."""

    failed_over_at: Time = Field(description="Time of the failover to Azure that it follows.")
    seen_at: Time = Field(description="When the VM was started, or else was first seen on.")

    model_config = ConfigDict(json_schema_extra=rules(rule("self == oldSelf", RECORDED_ONCE)))


class TamperedPart(StrEnum):
    """What a machine comes home with and somebody else changed."""

    RETURNING_VM = "ReturningVM"
    MASTER_TARGET = "MasterTarget"
    AZURE_VM = "AzureVM"


TAMPERING_KEPT = (
    "oldSelf.all(o, self.exists(n, n.failedOverAt == o.failedOverAt && n.id == o.id)"
    " || (oldSelf.size() > 25 && self.exists(n, n.at >= o.at)))"
)
"""Entries go only where there may be no room for up to 15 new ones, and the newest never goes."""


class Tampering(ApiModel):
    """What somebody did between reprotect and failback to that with which a machine comes home. Each entry is written once."""

    failed_over_at: Time = Field(description="Time of the failover to Azure after which it happened.")
    id: str = Field(description="Tells it from others of the same round.", min_length=1, max_length=128)
    part: TamperedPart = Field(description="To what it was done.")
    what: str = Field(description="What was done.", min_length=1, max_length=512)
    by: str | None = Field(default=None, description="The account that did it, where that is told.", max_length=253)
    at: Time = Field(description="When vCenter says that it happened; of the Azure VM, when it was first seen.")

    model_config = ConfigDict(json_schema_extra=rules(rule("self == oldSelf", RECORDED_ONCE)))


class MovedDisk(ApiModel):
    """Where a disk lay on the master target before it was detached there on request. Each entry is written once."""

    failed_over_at: Time = Field(description="Time of the failover to Azure after which the machine came home.")
    uuid: str = Field(description="Backing UUID.", min_length=1, max_length=63)
    file: str = Field(description="Backing file, e.g. `[datastore] vm/vm.vmdk`.", min_length=1, max_length=512)


class FailbackMachineSpec(ApiModel):
    """Which item of which site."""

    site_ref: LocalRef = Field(description="The RecoverySite.")
    plan_ref: LocalRef = Field(description="The FailbackPlan that lists it now.")
    item_id: ArmIdText = Field(
        description="ARM id of the protected item; immutable.",
        json_schema_extra=rules(rule("self == oldSelf", "the item of a machine is immutable")),
    )
    machine_name: Text = Field(description="Name as Site Recovery shows it.")
    recorded: list[Recorded] = Field(
        default_factory=list,
        description="Facts recorded before reprotect, one entry a disaster; entries are never changed.",
        max_length=20,
        json_schema_extra={
            **list_map("failedOverAt"),
            **rules(rule("oldSelf.all(o, self.exists(n, n.failedOverAt == o.failedOverAt))", RECORDED_ONCE)),
        },
    )

    on_premises_starts: list[OnPremisesStart] = Field(
        default_factory=list,
        description="Failovers after which the on-premises VM was started before reprotect; entries are never changed.",
        max_length=20,
        json_schema_extra={
            **list_map("failedOverAt"),
            **rules(rule("oldSelf.all(o, self.exists(n, n.failedOverAt == o.failedOverAt))", RECORDED_ONCE)),
        },
    )

    tampering: list[Tampering] = Field(
        default_factory=list,
        description="What others did between reprotect and failback; entries are never changed, and outlive vCenter's events. "
        "Where there is no room, those of former reprotects go.",
        max_length=40,
        json_schema_extra={
            **list_map("failedOverAt", "id"),
            **rules(rule(TAMPERING_KEPT, RECORDED_ONCE)),
        },
    )

    moved_disks: list[MovedDisk] = Field(
        default_factory=list,
        description="Files of disks that are detached from the master target on request, newest last; entries are never changed.",
        max_length=256,
        # An entry is its keys. That each of so many is still there would cost more than the API server lets a rule cost.
        json_schema_extra={
            **list_map("failedOverAt", "uuid", "file"),
            **rules(rule("self.size() >= oldSelf.size()", RECORDED_ONCE)),
        },
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("!has(oldSelf.recorded) || has(self.recorded)", RECORDED_ONCE),
            rule("!has(oldSelf.onPremisesStarts) || has(self.onPremisesStarts)", RECORDED_ONCE),
            rule("!has(oldSelf.tampering) || has(self.tampering)", RECORDED_ONCE),
            rule("!has(oldSelf.movedDisks) || has(self.movedDisks)", RECORDED_ONCE),
        )
    )


class Assignment(ApiModel):
    """Where the machine comes home through."""

    master_target: Text = Field(description="Name of the MasterTarget.")
    disks: int = Field(description="Slots reserved for it.", ge=0)


class DiskProgress(ApiModel):
    """Synchronisation of one disk, in steps of 10 %."""

    name: str = Field(description="Name of the disk.", max_length=253)
    percent: int = Field(description="Synchronised, in steps of 10.", ge=0, le=100)


class FailbackMachineStatus(StatusBase):
    """Where a machine stands."""

    phase: Phase = Field(default=Phase.UNKNOWN, description="Where it is, derived from observation.")
    assignment: Assignment | None = Field(default=None, description="Master target that takes it.")
    protection_state: str | None = Field(default=None, description="As Site Recovery words it.", max_length=253)
    disks: list[DiskProgress] = Field(default_factory=list, description="Per-disk progress.", max_length=64)
    progress: str | None = Field(
        default=None, description="Progress of the disk that is furthest behind, in steps of 10 %.", max_length=16
    )
    job: str | None = Field(default=None, description="Job that runs.", max_length=253)
    message: str | None = Field(default=None, description="The one thing to know now.", max_length=1024)
    ledger: list[LedgerEntry] = Field(
        default_factory=list, description="Effects on the machine, oldest first.", max_length=50, json_schema_extra=LEDGER_FIELD
    )


class FailbackMachine(Resource[FailbackMachineSpec, FailbackMachineStatus]):
    """One machine on its way home."""

    status: FailbackMachineStatus = Field(default_factory=FailbackMachineStatus)
