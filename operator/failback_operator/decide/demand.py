"""Groups of machines and the master targets that may take them: what assignment is asked, and what it answers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan import Stage
from failback_operator.checks.machine.datastores import lists_datastore
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.os_match import can_take, machine_system, target_system
from failback_operator.decide.survey import Survey
from failback_operator.decide.targets import Located
from failback_operator.domain.failover_bound import effective_bound
from failback_operator.domain.ids import ArmId
from failback_operator.domain.operating_system import OperatingSystem
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.planning.assignment import Group, Placed, Placement, TargetSlots, assign
from failback_operator.planning.waves import Wave, plan_waves

NEEDS_SLOTS = frozenset({Phase.NOT_FAILED_OVER, Phase.FAILED_OVER, Phase.REPROTECTING})
"""Phases before or in which disks are attached."""
STAYS_ON_TARGET = frozenset({Phase.REPROTECTING, Phase.REPROTECTED, Phase.FAILING_BACK, Phase.FAILED_BACK, Phase.COMMITTING})
"""Phases in which a machine cannot change its master target any more."""


@dataclass(frozen=True, slots=True)
class GroupState:
    """A group of one plan with its members; `holds_slots` where its slots are kept for it and not only planned."""

    group: Group
    members: tuple[Survey, ...]
    holds_slots: bool


@dataclass(frozen=True, slots=True)
class Assignments:
    """Placement of every group, slots reserved on each target, and the waves of each plan."""

    placements: Mapping[str, Placement]
    states: Mapping[str, GroupState]
    reserved: Mapping[str, int]
    waves: Mapping[str, tuple[Wave, ...]]

    def target_of(self, survey: Survey) -> str | None:
        """Name of the target that takes the machine."""
        placement = self.placements.get(survey.group_key)
        return placement.target if isinstance(placement, Placed) else None

    def planned(self) -> dict[str, list[ProtectedItem]]:
        """Name of a target → the items of the machines that are placed on it."""
        found: dict[str, list[ProtectedItem]] = defaultdict(list)
        for key, placement in self.placements.items():
            if isinstance(placement, Placed) and key in self.states:
                found[placement.target] += [s.round.item for s in self.states[key].members if s.round is not None]
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """What is already known of targets and groups: which targets are in trouble, which groups may not start anyway."""

    troubled: Collection[str] = frozenset()
    blocked: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fleet:
    """The targets of the site with the operating system of each; what fits is asked once a system."""

    targets: tuple[Located, ...]
    systems: Mapping[str, OperatingSystem]
    index: SiteIndex
    known: dict[OperatingSystem, frozenset[str]] = field(default_factory=dict)

    def fitting(self, machine: OperatingSystem) -> frozenset[str]:
        """Names of the targets whose operating system does not forbid the machine."""
        if machine not in self.known:
            self.known[machine] = frozenset(name for name, target in self.systems.items() if can_take(target, machine))
        return self.known[machine]


def distribute(
    surveys: tuple[tuple[Survey, ...], ...], targets: tuple[Located, ...], index: SiteIndex, judged: Judged
) -> Assignments:
    """Assign what may start, or has, over all plans together; then plan the rest of each plan on what is left.

    For machines that stay in Azure nothing is kept.
    """
    surveys = tuple(tuple(s for s in plan if s.stays is None) for plan in surveys)
    strangers = _strangers(surveys, targets, index)
    slots = {t.target.name: _less(_slots(t, judged), strangers[t.target.name]) for t in targets}
    fleet = Fleet(targets, {t.target.name: target_system(t) for t in targets}, index)
    states = {s.group.key: s for plan in surveys for s in group_states(plan, fleet, judged)}
    firm = assign((s.group for s in states.values() if s.holds_slots), slots.values())
    reserved: dict[str, int] = defaultdict(int)
    for key, placement in firm.items():
        if isinstance(placement, Placed):
            reserved[placement.target] += states[key].group.pending
    left = [_less(slot, reserved[slot.name]) for slot in slots.values()]
    placements: dict[str, Placement] = dict(firm)
    waves: dict[str, tuple[Wave, ...]] = {}
    for plan in surveys:
        own = [states[key] for key in dict.fromkeys(s.group_key for s in plan) if key in states]
        placements |= assign((s.group for s in own if not s.holds_slots), left)
        if own:
            name = own[0].members[0].plan.name
            waves[name] = plan_waves((s.group for s in own), slots.values(), {s.group.key: placements[s.group.key] for s in own})
    return Assignments(placements, states, {name: reserved[name] + strangers[name] for name in slots}, waves)


def _strangers(surveys: tuple[tuple[Survey, ...], ...], targets: tuple[Located, ...], index: SiteIndex) -> dict[str, int]:
    """By target: disks still to be attached of machines in no plan whose reprotect runs, a person's or a former plan's."""
    listed = {s.round.item.arm_id.casefold() for plan in surveys for s in plan if s.round is not None}
    return {t.target.name: sum(_to_come(ArmId(key), t, index) for key in t.runs_here - listed) for t in targets}


def _to_come(item_id: ArmId, target: Located, index: SiteIndex) -> int:
    item, machine = index.items.by_id.get(item_id), index.machines.get(item_id)
    if item is None or architecture_of(item).position(item) not in {Phase.FAILED_OVER, Phase.REPROTECTING}:
        return 0
    newest = max(machine.spec.recorded, key=lambda r: r.failed_over_at, default=None) if machine else None
    told = len(item.detail.disks) if item.detail else 0
    return max(0, (told or (len(newest.disks) if newest else 0)) - target.attached(item))


def _slots(located: Located, judged: Judged) -> TargetSlots:
    usage = located.disks
    taken = usage.own + sum(usage.by_item.values()) if usage else 0
    return TargetSlots(
        name=located.target.name,
        free=located.limit - taken if usage else None,
        free_when_empty=max(0, located.limit - usage.own) if usage else None,
        is_cordoned=located.target.spec.cordon,
        is_preferred=located.target.name not in judged.troubled,
    )


def _less(slot: TargetSlots, reserved: int) -> TargetSlots:
    return replace(slot, free=None if slot.free is None else slot.free - reserved)


def group_states(plan: tuple[Survey, ...], fleet: Fleet, judged: Judged) -> list[GroupState]:
    """The groups of one plan that use, or may come to use, a master target."""
    members: dict[str, list[Survey]] = defaultdict(list)
    for survey in plan:
        members[survey.group_key].append(survey)
    by_name = {t.target.name: t for t in fleet.targets}
    by_server = {t.server.id.casefold(): t.target.name for t in fleet.targets if t.server}
    states = []
    for key, group in members.items():
        if not any(s.phase in NEEDS_SLOTS | STAYS_ON_TARGET for s in group):
            continue
        fixed = _first(_fixed_target(s, by_server) for s in group)
        starts = any(_may_start(s, fleet.index) for s in group)
        where = by_name.get(fixed) if fixed else None
        states.append(
            GroupState(
                Group(
                    key=key,
                    members=tuple(s.name for s in group),
                    disks=_total([s.disks for s in group]),
                    pending=sum(_pending(s, where) for s in group),
                    candidates=_candidates(group, fleet),
                    fixed=fixed,
                    sticky=_first(_sticky_target(s) for s in group),
                    is_eager=key not in judged.blocked,
                ),
                tuple(group),
                holds_slots=fixed is not None or starts,
            )
        )
    return states


def _first(names: Iterable[str | None]) -> str | None:
    return next((n for n in names if n), None)


def _total(counts: list[int | None]) -> int | None:
    known = [c for c in counts if c is not None]
    return sum(known) if len(known) == len(counts) else None


def _pending(survey: Survey, where: Located | None) -> int:
    """Disks of the machine that are still to be attached."""
    if survey.round is None or survey.phase not in NEEDS_SLOTS:
        return 0
    attached = where.attached(survey.round.item) if where else 0
    return max(0, (survey.disks or 0) - attached)


def _may_start(survey: Survey, index: SiteIndex) -> bool:
    """Whether the plan asks to bring the machine home now, so that slots are kept for it."""
    if survey.round is None or not survey.is_owner or survey.phase is not Phase.FAILED_OVER:
        return False
    if survey.plan.spec.stage is Stage.PREPARED or survey.round.failed_over_at is None:
        return False
    return effective_bound(survey.plan, index.site.now, index.site.limits).covers(survey.round.failed_over_at)


def _sticky_target(survey: Survey) -> str | None:
    if survey.machine is not None and survey.machine.status.assignment is not None:
        return survey.machine.status.assignment.master_target
    return survey.round.record.master_target if survey.round and survey.round.record else None


def _fixed_target(survey: Survey, by_server: Mapping[str, str]) -> str | None:
    """The target on which the machine runs: as Site Recovery tells while it is reversed, else as assigned while its job runs."""
    if survey.round is None or survey.phase not in STAYS_ON_TARGET:
        return None
    item = survey.round.item
    is_reversed = survey.round.position in STAYS_ON_TARGET and item.active_site is not None
    if is_reversed and item.detail is not None and item.detail.master_target_id:
        return by_server.get(item.detail.master_target_id.casefold())
    return _sticky_target(survey)


def _candidates(group: list[Survey], fleet: Fleet) -> tuple[str, ...]:
    """Names of the targets that the plan allows, that have its datastore, and whose system does not forbid any member."""
    fitting = [fleet.fitting(machine_system(survey)) for survey in group]
    wanted = group[0].plan.spec.datastore
    allowed = (
        t.target.name
        for t in allowed_targets(group[0].plan, fleet.targets)
        if wanted is None or lists_datastore(t.server, wanted) is not False
    )
    return tuple(name for name in allowed if all(name in names for names in fitting))


def allowed_targets(plan: FailbackPlan, targets: tuple[Located, ...]) -> tuple[Located, ...]:
    """The candidates of the plan: those that it names, else all of the site."""
    named = {ref.name for ref in plan.spec.master_targets}
    return tuple(t for t in targets if not named or t.target.name in named)
