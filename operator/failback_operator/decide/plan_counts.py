"""Numbers of a plan: machines, disks, progress, waves, history."""

from collections.abc import Sequence
from datetime import datetime

from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan_status import (
    AssignmentState,
    DiskSummary,
    GroupAssignment,
    HistoryEntry,
    MachineCounts,
    WaveStatus,
)
from failback_operator.decide.contexts import Machine, PlanState
from failback_operator.decide.demand import Assignments, GroupState
from failback_operator.decide.phase import ORDER
from failback_operator.decide.standing import Standing, WaitReason
from failback_operator.decide.status_machine import BUCKET, disk_progress
from failback_operator.planning.assignment import NoFit, Placed, Placement, Undecided, Waiting
from failback_operator.planning.waves import Wave

MOST_HISTORY = 100
MOST_WAVES = 200
MOST_GROUPS = 2000
GIB = 1024**3
NOT_PLACED: dict[type[Placement], AssignmentState] = {
    Waiting: AssignmentState.WAITING,
    NoFit: AssignmentState.NO_FIT,
    Undecided: AssignmentState.UNKNOWN,
}
UNTOLD = frozenset({Phase.UNKNOWN, Phase.WAITING, Phase.NOT_FAILED_OVER})
"""Phases that are no transition worth keeping."""


def machine_counts(standings: Sequence[Standing]) -> MachineCounts:
    """Machines by where they are; one that is in trouble counts as failed alone, one that stays in Azure nowhere else."""
    coming = [s for s in standings if s.stays is None]
    rest = [s for s in coming if s.trouble is None]
    idle = [s for s in rest if not s.is_in_flight and not s.is_done]
    return MachineCounts(
        total=len(coming),
        done=sum(s.is_done for s in rest),
        in_flight=sum(s.is_in_flight and not s.is_done for s in rest),
        waiting=sum(s.wait is not None and not s.is_blocked for s in idle),
        blocked=sum(s.is_blocked for s in idle),
        failed=len(coming) - len(rest),
        not_failed_over=sum(s.phase is Phase.NOT_FAILED_OVER for s in rest),
        stays_in_azure=len(standings) - len(coming),
    )


def disk_summary(state: PlanState) -> DiskSummary | None:
    """Disks that come back and slots on the candidates; None while a target's slots are not known."""
    candidates = {t.target.name: t for m in state.machines for t in m.context.candidates}
    usages = [t.usage for t in candidates.values()]
    if not candidates or any(usage is None for usage in usages):
        return None
    coming = [m for m in state.machines if m.survey.stays is None]
    return DiskSummary(
        planned=sum(m.survey.disks or 0 for m in coming),
        free_slots=sum(u.free for u in usages if u is not None),
        gib=_gib(coming),
    )


def _gib(machines: Sequence[Machine]) -> int | None:
    """Size of the disks of all machines, those of the Azure VM where it has more; None while that of one is not known."""
    total = 0
    for machine in machines:
        item, vm = machine.context.item, machine.context.azure_vm
        protected = [d.capacity_bytes for d in item.detail.disks] if item is not None and item.detail is not None else []
        in_azure = [d.size_bytes for d in vm.disks] if vm is not None else []
        sizes = [size for size in max(protected, in_azure, key=len) if size is not None]
        if not sizes or len(sizes) < max(len(protected), len(in_azure)):
            return None
        total += sum(sizes)
    return total // GIB


def group_assignments(state: PlanState, assignments: Assignments) -> list[GroupAssignment]:
    """Which group of the plan goes through which master target, in the plan's order."""
    keys = dict.fromkeys(m.survey.group_key for m in state.machines if m.survey.stays is None)
    found = [assignments.states[key] for key in keys if key in assignments.states]
    return [_assignment(each, assignments.placements[each.group.key]) for each in found][:MOST_GROUPS]


def _assignment(state: GroupState, placement: Placement) -> GroupAssignment:
    group = state.group
    placed = AssignmentState.RESERVED if state.holds_slots else AssignmentState.PLANNED
    return GroupAssignment(
        group=group.members[0],
        machines=len(group.members),
        state=placed if isinstance(placement, Placed) else NOT_PLACED[type(placement)],
        master_target=placement.target if isinstance(placement, Placed) else None,
        slots=group.disks,
    )


def progress(standings: Sequence[Standing]) -> str | None:
    """Mean progress of the synchronisations that run, in steps of 10 %; None where none runs."""
    percents: list[int] = []
    for standing in standings:
        found = standing.machine.survey.round
        if standing.phase in {Phase.REPROTECTING, Phase.PROTECTING} and found is not None:
            percents.extend(d.percent for d in disk_progress(found.item))
    return f"{sum(percents) // len(percents) // BUCKET * BUCKET}%" if percents else None


def furthest_behind(standings: Sequence[Standing]) -> str | None:
    """Phase of the machine that is furthest behind; trouble and what is not known come first."""
    if not standings:
        return None
    shown = {s.shown_phase for s in standings}
    for phase in (Phase.NEEDS_ATTENTION, Phase.FAILED, Phase.UNKNOWN):
        if phase in shown:
            return phase.value
    return min(shown, key=ORDER.index).value


def stage_reached(standings: Sequence[Standing]) -> str | None:
    """The stage that every machine has reached."""
    return min((s.reached for s in standings), key=lambda stage: stage.rank).value if standings else None


def wave_statuses(waves: Sequence[Wave]) -> list[WaveStatus]:
    """Waves for the status."""
    return [WaveStatus(number=w.number, machines=list(w.machines), master_target=w.target) for w in waves[:MOST_WAVES]]


def current_wave(waves: Sequence[Wave], standings: Sequence[Standing]) -> str | None:
    """`1/3` while machines of a wave run or are about to; None where none does."""
    moving = {s.name for s in standings if s.is_in_flight or s.effect is not None}
    number = min((w.number for w in waves if moving & set(w.machines)), default=None)
    return f"{number}/{max(w.number for w in waves)}" if number is not None else None


def plan_waves_of(state: PlanState, assignments: Assignments) -> tuple[Wave, ...]:
    """The waves of the plan."""
    return assignments.waves.get(state.plan.name, ())


def history(plan: FailbackPlan, standings: Sequence[Standing], now: datetime) -> list[HistoryEntry]:
    """The stored history with the phases that machines have reached since, at most a hundred entries.

    The last entry of a machine is what it is compared with; where a full history has dropped it, its stored phase.
    """
    stored = plan.status.history
    last = {entry.machine: entry.phase for entry in stored}
    is_full = len(stored) >= MOST_HISTORY
    new = []
    for standing in standings:
        phase, machine = standing.shown_phase, standing.machine.survey.machine
        before = last.get(standing.name)
        if before is None and is_full and machine is not None:
            before = machine.status.phase.value
        if phase not in UNTOLD and before != phase.value:
            new.append(HistoryEntry(time=now.replace(microsecond=0), machine=standing.name, phase=phase.value))
    return [*stored, *new][-MOST_HISTORY:]


def waits(standings: Sequence[Standing], *reasons: WaitReason) -> list[Standing]:
    """Machines that wait for one of these reasons."""
    return [s for s in standings if s.wait is not None and s.wait.reason in reasons]
