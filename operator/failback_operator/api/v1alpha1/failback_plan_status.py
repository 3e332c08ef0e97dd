"""Status of a FailbackPlan: counts, disks, assignments, waves, history."""

from enum import StrEnum

from pydantic import Field

from failback_operator.api.common import ApiModel, StatusBase, Time, list_map


class MachineCounts(ApiModel):
    """Machines of the plan by where they are."""

    total: int = Field(description="All machines of the plan but those that stay in Azure.", ge=0)
    done: int = Field(description="At the stage that the plan asks for, or past it.", ge=0)
    in_flight: int = Field(description="With a step running.", ge=0)
    waiting: int = Field(description="Waiting for slots, limits or others.", ge=0)
    blocked: int = Field(description="Stopped by a finding.", ge=0)
    failed: int = Field(description="Failed, or in need of a person.", ge=0)
    not_failed_over: int = Field(default=0, description="Running on the site: there is nothing to bring home.", ge=0)
    stays_in_azure: int = Field(default=0, description="Staying in Azure, as the plan says; not in `total`.", ge=0)


class DiskSummary(ApiModel):
    """Disks that come back."""

    planned: int = Field(description="Disks of all machines of the plan.", ge=0)
    free_slots: int = Field(description="Free slots on the candidate master targets.", ge=0)
    gib: int | None = Field(
        default=None,
        description="Size of these disks in GiB, the most that is copied; absent while that of one is not known. Temporary disks"
        " of Azure VMs are none of them.",
        ge=0,
    )


class FailoverBound(ApiModel):
    """The value of failedOverBefore and when the operator first saw it."""

    value: Time = Field(description="failedOverBefore as given.")
    first_seen: Time = Field(description="When it was first seen.")


class WaveStatus(ApiModel):
    """Machines that go together."""

    number: int = Field(description="1 is the first.", ge=1)
    machines: list[str] = Field(description="Their names.", max_length=2000)
    master_target: str = Field(description="MasterTarget that takes them.", max_length=253)


class AssignmentState(StrEnum):
    """How firm the place of a group is.

    `Reserved`: slots are kept for it, or its disks are there. `Planned`: it would go there now. `Waiting`: it fits when slots
    fall free. `NoFit`: it fits no candidate even when that is empty. `Unknown`: disks or slots are not known.
    """

    RESERVED = "Reserved"
    PLANNED = "Planned"
    WAITING = "Waiting"
    NO_FIT = "NoFit"
    UNKNOWN = "Unknown"


class GroupAssignment(ApiModel):
    """Which master target takes a group; a machine that is alone is a group of its own."""

    group: str = Field(description="Name of the group: its first machine in the order of the plan.", max_length=253)
    machines: int = Field(description="Machines of it that the plan brings home.", ge=1)
    state: AssignmentState = Field(description="Reserved, Planned, Waiting, NoFit or Unknown.")
    master_target: str | None = Field(default=None, description="MasterTarget that takes it, where there is one.", max_length=253)
    slots: int | None = Field(default=None, description="Disk slots that it needs there; absent while not known.", ge=0)


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
    disks: DiskSummary | None = Field(default=None, description="Disks, slots and sizes.")
    progress: str | None = Field(default=None, description="Progress of the step that runs, in steps of 10 %.", max_length=16)
    wave: str | None = Field(default=None, description="Wave that runs, of how many.", max_length=32)
    assignments: list[GroupAssignment] = Field(
        default_factory=list,
        description="Which group goes through which master target.",
        max_length=2000,
        json_schema_extra=list_map("group"),
    )
    waves: list[WaveStatus] = Field(default_factory=list, description="Who goes when, where.", max_length=200)
    failover_bound: FailoverBound | None = Field(default=None, description="failedOverBefore and its first sight.")
    selected: list[str] = Field(
        default_factory=list, description="Machines that a selector chose, frozen at the first effect.", max_length=2000
    )
    history: list[HistoryEntry] = Field(default_factory=list, description="Latest transitions.", max_length=100)
    message: str | None = Field(default=None, description="The one thing to know now.", max_length=1024)
