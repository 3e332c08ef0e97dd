"""Which machines a plan is about, and which of several plans that list the same item goes on with it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan import Stage
from failback_operator.decide.index import SiteIndex
from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import InstanceType, ProtectedItem

MIDWAY = frozenset(
    {
        Phase.REPROTECTING,
        Phase.REPROTECTED,
        Phase.FAILING_BACK,
        Phase.FAILED_BACK,
        Phase.COMMITTING,
        Phase.COMMITTED,
        Phase.PROTECTING,
    }
)
"""Phases in which a run has begun and is not over."""

NOTHING_HAPPENED = frozenset({EffectOutcome.REFUSED, EffectOutcome.NOT_SENT})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A machine that a plan names; exactly one of `items` is right."""

    name: str
    items: tuple[ProtectedItem, ...]
    stated_failover: datetime | None = None

    @property
    def item(self) -> ProtectedItem | None:
        """The item if exactly one matches."""
        return self.items[0] if len(self.items) == 1 else None


@dataclass(frozen=True, slots=True)
class Selection:
    """The machines of one plan in their order; `needs_freezing` while a selector's set is not stored in status."""

    plan: FailbackPlan
    machines: tuple[Wanted, ...]
    needs_freezing: bool


def select(plan: FailbackPlan, index: SiteIndex) -> Selection:
    """The plan's machines: as listed, or by pattern in order of name; a frozen set stays as it is."""
    if plan.spec.selector is None:
        return Selection(plan, tuple(_listed(plan, index)), needs_freezing=False)
    is_frozen = bool(plan.status.selected) and (plan.spec.stage is not Stage.PREPARED or _is_midway(plan, index))
    if is_frozen:
        names = list(plan.status.selected)
    elif index.site.vault is None:
        names = sorted({m.spec.machine_name for m in index.machines.values() if m.spec.plan_ref.name == plan.name})
    else:
        names = sorted(n for n in index.items.by_name if fnmatchcase(n, plan.spec.selector.name_pattern))
    wanted = tuple(Wanted(name, _by_name(name, plan, index)) for name in names)
    return Selection(plan, wanted, needs_freezing=not is_frozen)


def _listed(plan: FailbackPlan, index: SiteIndex) -> list[Wanted]:
    found = []
    for ref in plan.spec.machines:
        by_id = index.items.by_id.get(ArmId(ref.id)) if ref.id else None
        items = ((by_id,) if by_id else ()) if ref.id else _by_name(ref.name, plan, index)
        found.append(Wanted(ref.name, items, ref.failed_over_at))
    return found


def _by_name(name: str, plan: FailbackPlan, index: SiteIndex) -> tuple[ProtectedItem, ...]:
    """The items of that name; where there are several, the one whose run the plan began, so that a newcomer does not stop it."""
    items = index.items.by_name.get(name, ())
    begun = tuple(i for i in items if _has_begun_for(plan, i, index)) if len(items) > 1 else ()
    return begun if len(begun) == 1 else items


def _has_begun_for(plan: FailbackPlan, item: ProtectedItem, index: SiteIndex) -> bool:
    machine = index.machines.get(item.arm_id)
    return machine is not None and machine.spec.plan_ref.name == plan.name and has_begun(item, machine)


def _is_midway(plan: FailbackPlan, index: SiteIndex) -> bool:
    return any(m.spec.plan_ref.name == plan.name and m.status.phase in MIDWAY for m in index.machines.values())


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which plan has an item, and which plans are in each other's way over it."""

    owners: dict[ArmId, str]
    rivals: dict[tuple[str, ArmId], tuple[str, ...]]

    def is_owner(self, plan: FailbackPlan, item: ProtectedItem) -> bool:
        """Whether effects on the item and the status of its FailbackMachine are up to the plan."""
        return self.owners.get(item.arm_id) == plan.name

    def rivals_of(self, plan: FailbackPlan, item: ProtectedItem) -> tuple[str, ...]:
        """Other plans that keep this one from acting on the item."""
        return self.rivals.get((plan.name, item.arm_id), ())


def settle_ownership(selections: tuple[Selection, ...], index: SiteIndex) -> Ownership:
    """One plan an item: the one whose run began goes on; with none begun, each is blocked and names the others."""
    listed: dict[ArmId, list[str]] = defaultdict(list)
    for selection in selections:
        for wanted in selection.machines:
            if wanted.item is not None and selection.plan.name not in listed[wanted.item.arm_id]:
                listed[wanted.item.arm_id].append(selection.plan.name)
    owners: dict[ArmId, str] = {}
    rivals: dict[tuple[str, ArmId], tuple[str, ...]] = {}
    for item_id, plans in listed.items():
        machine = index.machines.get(item_id)
        stored = machine.spec.plan_ref.name if machine else ""
        owner = stored if stored in plans else min(plans)
        owners[item_id] = owner
        begun = machine is not None and owner == stored and has_begun(index.items.by_id[item_id], machine)
        for plan in plans:
            if not (begun and plan == owner):
                rivals[plan, item_id] = tuple(sorted(p for p in plans if p != plan))
    return Ownership(owners, rivals)


def has_begun(item: ProtectedItem, machine: FailbackMachine) -> bool:
    """Whether a run of the machine began and is not over: an effect was made, or may have been, on the way home."""
    made = [e for e in machine.status.ledger if e.outcome not in NOTHING_HAPPENED]
    if any(e.outcome in {EffectOutcome.INTENDED, EffectOutcome.RUNNING, EffectOutcome.AMBIGUOUS} for e in made):
        return True
    if item.instance_type is InstanceType.TO_ON_PREMISES:
        return bool(made or machine.spec.recorded)
    if item.active_location != "Recovery" or not machine.spec.recorded:
        return False
    newest = max(r.failed_over_at for r in machine.spec.recorded)
    return any(e.intended_at > newest for e in made)
