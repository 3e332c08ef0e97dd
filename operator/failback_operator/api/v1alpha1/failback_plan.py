"""FailbackPlan: which machines come home, through which servers, and how far the operator may go."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from failback_operator.api.common import ApiModel, ArmIdText, LocalRef, Message, Resource, Text, Time, list_map, rule, rules
from failback_operator.api.v1alpha1.failback_plan_status import FailbackPlanStatus

STAGES = ("Prepared", "Reprotected", "FailedBack", "Committed", "Protected")


class Stage(StrEnum):
    """How far a plan may go; `Prepared` starts nothing."""

    PREPARED = "Prepared"
    REPROTECTED = "Reprotected"
    FAILED_BACK = "FailedBack"
    COMMITTED = "Committed"
    PROTECTED = "Protected"

    @property
    def rank(self) -> int:
        """Order of the stages: 0 for Prepared."""
        return STAGES.index(self.value)


class RecoveryPointType(StrEnum):
    """Which recovery point a failback uses (InMage failover input)."""

    LATEST_TIME = "LatestTime"
    LATEST_TAG = "LatestTag"


class Location(StrEnum):
    """Where the machines of a plan come back to."""

    ORIGINAL = "Original"
    ALTERNATE = "Alternate"


class MachineRef(ApiModel):
    """A machine by the name that Site Recovery shows; `id` settles a name that two items share."""

    name: Text = Field(description="Name as Site Recovery shows it.")
    id: ArmIdText | None = Field(default=None, description="ARM id of the protected item, where the name is not unique.")
    failed_over_at: Time | None = Field(
        default=None, description="A person's statement of when it failed over to Azure, where neither record nor jobs tell."
    )


class Selector(ApiModel):
    """Machines by name."""

    name_pattern: str = Field(description="Shell pattern over the names that Site Recovery shows.", min_length=1, max_length=253)


class ProtectionSpec(ApiModel):
    """What protection to Azure needs after the commit; each overrides what was recorded or what the site says."""

    process_server: Text | None = Field(default=None, description="On-premises process server, as Site Recovery lists it.")
    policy: Text | None = Field(default=None, description="Policy to Azure; default: the one it had.")
    run_as_account: Text | None = Field(default=None, description="Account on the configuration server; default: the site's.")
    log_storage_account_id: ArmIdText | None = Field(default=None, description="Log storage account; default: the one it had.")


class Concurrency(ApiModel):
    """Most machines of the plan in one step at a time."""

    reprotect: int = Field(default=4, description="Reprotects, initial synchronisation included.", ge=1, le=60)
    failback: int = Field(default=4, description="Failovers from Azure.", ge=1, le=60)
    commit: int = Field(default=8, description="Commits.", ge=1, le=60)
    protect: int = Field(default=4, description="Protections to Azure.", ge=1, le=60)


class Hold(ApiModel):
    """A machine for which no new effect may begin."""

    machine: Text = Field(description="Name of the machine.")
    reason: Message | None = Field(default=None, description="Why.")


class Stay(ApiModel):
    """A machine that stays in Azure."""

    machine: Text = Field(description="Name of the machine, one of the plan's.")
    reason: Message = Field(description="Why.", min_length=1)


class Waiver(ApiModel):
    """A named person's word that a blocker may be passed over."""

    check: str = Field(description="Id of the check.", min_length=1, max_length=63)
    machine: Text | None = Field(default=None, description="Machine that it is for; absent: the whole plan.")
    reason: Message = Field(description="Why it is safe.", min_length=1)
    by: Text = Field(description="Who says so.")
    until: Time = Field(description="When the waiver ends.")


class Reattachment(ApiModel):
    """A named person's request: the disks that stayed on the master target are attached to the machine's own VM again."""

    machine: Text = Field(description="Name of the machine, one of the plan's.")
    reason: Message = Field(description="Why.", min_length=1)
    by: Text = Field(description="Who asks for it.")


class Deletion(ApiModel):
    """A named person's request: the machine's on-premises VM is deleted with its disks, before reprotect."""

    machine: Text = Field(description="Name of the machine, one of the plan's.")
    instance_uuid: str = Field(
        description="vCenter's instance UUID of the VM: no other VM is deleted, whatever its name.",
        max_length=36,
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    )
    reason: Message = Field(description="Why.", min_length=1)
    by: Text = Field(description="Who asks for it.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "self.instanceUuid != '00000000-0000-0000-0000-000000000000'",
                "give the instance UUID of the one VM that is to be deleted",
            )
        )
    )


class Retry(ApiModel):
    """Try a failed step again; names the job that failed, so that it counts once."""

    machine: Text = Field(description="Name of the machine.")
    job: Text = Field(description="Name of the job (or key of the ledger entry) that failed.")


class FailbackPlanSpec(ApiModel):
    """What is wanted of a failback."""

    site_ref: LocalRef = Field(description="The RecoverySite.")
    machines: list[MachineRef] = Field(
        default_factory=list,
        description="Machines to bring home.",
        max_length=2000,
        json_schema_extra=list_map("name"),
    )
    selector: Selector | None = Field(default=None, description="Machines by pattern, instead of a list.")
    master_targets: list[LocalRef] = Field(
        default_factory=list,
        description="Candidate master targets; none: any of the site.",
        max_length=64,
        json_schema_extra=list_map("name"),
    )
    process_server: LocalRef | None = Field(
        default=None, description="ProcessServer that carries the failback; default: the one in Azure that the site has."
    )
    stage: Stage = Field(default=Stage.PREPARED, description="How far the operator may go; Prepared starts nothing.")
    failed_over_before: Time | None = Field(
        default=None,
        description="Needed past Prepared: applies to failovers to Azure up to this instant, never to a later disaster's.",
    )
    commit_failover: bool = Field(
        default=False,
        description="Commit a failover to Azure that is still pending, before reprotect: no other recovery point can be chosen"
        " after it. Without it a person commits.",
    )
    suspend: bool = Field(default=False, description="Stop new effects at once; what runs is followed to its end.")
    recovery_point: RecoveryPointType = Field(
        default=RecoveryPointType.LATEST_TIME, description="Point to fail back to: LatestTime or LatestTag (app-consistent)."
    )
    accept_independent_points: bool = Field(
        default=False, description="The members of a group may come home at different points in time."
    )
    location: Location = Field(
        default=Location.ORIGINAL,
        description="Original: onto the VMs that are there. Alternate: as new VMs on the master target's host and `datastore`.",
    )
    datastore: Text | None = Field(
        default=None, description="Datastore for new VMs; where a machine's VM is there, its disks stay on their own."
    )
    protection: ProtectionSpec = Field(
        default_factory=ProtectionSpec, description="What protection to Azure needs.", json_schema_extra={"default": {}}
    )
    concurrency: Concurrency = Field(
        default_factory=Concurrency, description="Limits of what runs at a time.", json_schema_extra={"default": {}}
    )
    holds: list[Hold] = Field(
        default_factory=list,
        description="Machines for which no new effect may begin.",
        max_length=200,
        json_schema_extra=list_map("machine"),
    )
    stays_in_azure: list[Stay] = Field(
        default_factory=list,
        description="Machines of the plan that stay in Azure: nothing is begun for them, and they are counted apart. A"
        " replication group stays as a whole or not at all.",
        max_length=2000,
        json_schema_extra=list_map("machine"),
    )
    waivers: list[Waiver] = Field(default_factory=list, description="Blockers passed over by a named person.", max_length=100)
    retries: list[Retry] = Field(default_factory=list, description="Failed steps to try again.", max_length=100)
    reattach: list[Reattachment] = Field(
        default_factory=list,
        description="Machines whose disks a Storage vMotion of the master target kept there at their failback: each is detached"
        " there and attached to the machine's own VM where it was, which is switched on when all are there.",
        max_length=200,
        json_schema_extra=list_map("machine"),
    )
    deletions: list[Deletion] = Field(
        default_factory=list,
        description="On-premises VMs that are deleted with their disks before reprotect, so that it makes new ones.",
        max_length=200,
        json_schema_extra=list_map("machine"),
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "has(self.selector) != (has(self.machines) && self.machines.size() > 0)",
                "give either machines or selector",
            ),
            rule(
                "self.location == 'Original' || has(self.datastore)",
                "an Alternate location needs a datastore",
            ),
            rule(
                "self.stage == 'Prepared' || has(self.failedOverBefore)",
                "a stage past Prepared needs failedOverBefore: the instant up to which failovers to Azure are meant",
            ),
        )
    )


class FailbackPlan(Resource[FailbackPlanSpec, FailbackPlanStatus]):
    """A failback."""

    status: FailbackPlanStatus = Field(default_factory=FailbackPlanStatus)
