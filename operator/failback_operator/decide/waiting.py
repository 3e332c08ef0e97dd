"""Who waits for disk slots, who holds them, and what frees them, in words."""

from failback_operator.checks.answers import listed
from failback_operator.checks.contexts import TargetContext
from failback_operator.decide.contexts import Machine
from failback_operator.decide.demand import Assignments
from failback_operator.planning.assignment import NoFit, Placed, Waiting

MOST_TARGETS = 3


def placement_text(machine: Machine, assignments: Assignments) -> str:
    """Why no master target takes the machine now."""
    placement = assignments.placements.get(machine.survey.group_key)
    if isinstance(placement, Placed):
        return f"it is planned on {placement.target}, which has no room now"
    if isinstance(placement, Waiting):
        if all(_target(machine, name).target.spec.cordon for name in placement.targets):
            return f"every master target that fits is cordoned: {listed(placement.targets)}; set spec.cordon of one to false"
        where = "; ".join(_target_text(machine, target) for target in placement.targets[:MOST_TARGETS])
        more = f"; and {len(placement.targets) - MOST_TARGETS} more" if len(placement.targets) > MOST_TARGETS else ""
        return f"{placement.needed} disk slots are needed on one master target: {where}{more}"
    if isinstance(placement, NoFit):
        return (
            f"{placement.needed} disks fit on no candidate master target even when it is empty: make another, or raise maxDisks"
        )
    if placement is not None and placement.has_candidates:
        return "the disks of the machine or of its master targets are not known yet"
    return "no candidate master target may take it: none fits its operating system, or the plan names none that exists"


def no_room(machine: Machine, assignments: Assignments) -> str | None:
    """Why the machine's group may not be reprotected for want of slots that are kept for it; None where it has them."""
    state, assigned = assignments.states.get(machine.survey.group_key), machine.context.assigned
    usage = assigned.usage if assigned is not None else None
    is_kept = state is not None and state.holds_slots and usage is not None and usage.used <= usage.limit
    return None if is_kept else placement_text(machine, assignments)


def _target(machine: Machine, name: str) -> TargetContext:
    return next(t for t in machine.context.candidates if t.target.name == name)


def _target_text(machine: Machine, name: str) -> str:
    target = _target(machine, name)
    usage = target.usage
    free = f"{usage.free} of {usage.limit} free" if usage else "not read"
    if target.target.spec.cordon:
        return f"{name} is cordoned"
    holders = listed(target.holders) if target.holders else ""
    if not holders:
        return f"{name} has {free}, the rest is promised to machines that go before"
    return f"{name} has {free}, held by {holders} until their failback detaches the disks"
