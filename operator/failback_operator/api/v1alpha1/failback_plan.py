"""FailbackPlan: which machines come home, through which servers, and how far the operator may go."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from failback_operator.api.common import (
    ApiModel,
    ArmIdText,
    LocalRef,
    Message,
    Resource,
    StatusBase,
    Text,
    Time,
    list_map,
    rule,
    rules,
)

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


class Waiver(ApiModel):
    """A named person's word that a blocker may be passed over."""

    check: str = Field(description="Id of the check.", min_length=1, max_length=63)
    machine: Text | None = Field(default=None, description="Machine that it is for; absent: the whole plan.")
    reason: Message = Field(description="Why it is safe.", min_length=1)
    by: Text = Field(description="Who says so.")
    until: Time = Field(description="When the waiver ends.")


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
    waivers: list[Waiver] = Field(default_factory=list, description="Blockers passed over by a named person.", max_length=100)
    retries: list[Retry] = Field(default_factory=list, description="Failed steps to try again.", max_length=100)

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


class MachineCounts(ApiModel):
    """Machines of the plan by where they are."""

    total: int = Field(description="All machines of the plan.", ge=0)
    done: int = Field(description="At the stage that the plan asks for, or past it.", ge=0)
    in_flight: int = Field(description="With a step running.", ge=0)
    waiting: int = Field(description="Waiting for slots, limits or others.", ge=0)
    blocked: int = Field(description="Stopped by a finding.", ge=0)
    failed: int = Field(description="Failed, or in need of a person.", ge=0)


class DiskSummary(ApiModel):
    """Disks that come back."""

    planned: int = Field(description="Disks of all machines of the plan.", ge=0)
    free_slots: int = Field(description="Free slots on the candidate master targets.", ge=0)


class FailoverBound(ApiModel):
    """The value of failedOverBefore and when the operator first saw it."""

    value: Time = Field(description="failedOverBefore as given.")
    first_seen: Time = Field(description="When it was first seen.")


class WaveStatus(ApiModel):
    """Machines that go together."""

    number: int = Field(description="1 is the first.", ge=1)
    machines: list[str] = Field(description="Their names.", max_length=2000)
    master_target: str = Field(description="MasterTarget that takes them.", max_length=253)


class HistoryEntry(ApiModel):
    """A transition of the plan, for the auditor."""

    time: Time = Field(description="When.")
    machine: str = Field(description="Which machine.", max_length=253)
    phase: str = Field(description="Phase that it reached.", max_length=63)


class FailbackPlanStatus(StatusBase):
    """Where a failback stands."""

    phase: str | None = Field(default=None, description="Phase of the machine that is furthest behind.", max_length=63)
    stage: str | None = Field(default=None, description="Stage that every machine has reached.", max_length=63)
    machines: MachineCounts | None = Field(default=None, description="Counts of machines.")
    machines_done: str | None = Field(default=None, description="done/all, for people.", max_length=32)
    disks: DiskSummary | None = Field(default=None, description="Disks and slots.")
    progress: str | None = Field(default=None, description="Progress of the step that runs, in steps of 10 %.", max_length=16)
    wave: str | None = Field(default=None, description="Wave that runs, of how many.", max_length=32)
    waves: list[WaveStatus] = Field(default_factory=list, description="Who goes when, where.", max_length=200)
    failover_bound: FailoverBound | None = Field(default=None, description="failedOverBefore and its first sight.")
    selected: list[str] = Field(
        default_factory=list, description="Machines that a selector chose, frozen at the first effect.", max_length=2000
    )
    history: list[HistoryEntry] = Field(default_factory=list, description="Latest transitions.", max_length=100)
    message: str | None = Field(default=None, description="The one thing to know now.", max_length=1024)


class FailbackPlan(Resource[FailbackPlanSpec, FailbackPlanStatus]):
    """A failback."""

    status: FailbackPlanStatus = Field(default_factory=FailbackPlanStatus)
