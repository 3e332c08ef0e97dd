"""Which group of machines comes home through which master target.

A group is all or nothing and goes through one target. First fit, largest first; whoever began or was assigned stays where it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TargetSlots:
    """A master target as assignment sees it. `free` excludes own, attached and orphaned disks; both may be None while unread."""

    name: str
    free: int | None
    free_when_empty: int | None
    is_cordoned: bool = False
    is_preferred: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Machines that go together.

    `disks` is all they need on an empty target (None: not known), `pending` what is not attached yet. `candidates` are the
    targets that the plan allows and whose operating system fits. `fixed` is the target on which it already runs; `sticky`
    the one that it was assigned to before. A group that is not `is_eager` takes what the others leave.
    """

    key: str
    members: tuple[str, ...]
    disks: int | None
    pending: int
    candidates: tuple[str, ...]
    fixed: str | None = None
    sticky: str | None = None
    is_eager: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """It goes through that target."""

    target: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """It fits one of these targets when slots fall free, `needed` of them."""

    targets: tuple[str, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class NoFit:
    """It fits no candidate even when that is empty."""

    needed: int


@dataclass(frozen=True, slots=True)
class Undecided:
    """Disks or slots are not known, or no candidate is open to it."""

    has_candidates: bool


Placement = Placed | Waiting | NoFit | Undecided


@dataclass(slots=True)
class _Ledger:
    targets: dict[str, TargetSlots]
    taken: dict[str, int] = field(default_factory=dict)

    def free(self, name: str) -> int | None:
        slots = self.targets[name].free
        return None if slots is None else slots - self.taken.get(name, 0)

    def take(self, name: str, disks: int) -> None:
        self.taken[name] = self.taken.get(name, 0) + disks


def assign(groups: Iterable[Group], targets: Iterable[TargetSlots]) -> dict[str, Placement]:
    """The placement of each group by its key; the same for any order of the arguments."""
    ledger = _Ledger({target.name: target for target in targets})
    placements: dict[str, Placement] = {}
    for group in sorted(groups, key=_order):
        placement = _place(group, ledger)
        if isinstance(placement, Placed):
            ledger.take(placement.target, group.pending)
        placements[group.key] = placement
    return placements


def _order(group: Group) -> tuple[bool, bool, bool, int, str]:
    return (group.fixed is None, not group.is_eager, group.sticky is None, -(group.disks or 0), group.key)


def _place(group: Group, ledger: _Ledger) -> Placement:
    if group.fixed is not None and group.fixed in ledger.targets:
        return Placed(group.fixed)
    known = [ledger.targets[name] for name in group.candidates if name in ledger.targets]
    if group.disks is None or not known:
        return Undecided(has_candidates=bool(known))
    open_now = [t for t in known if not t.is_cordoned or t.name == group.sticky]
    fitting = [t.name for t in open_now if _fits(group, ledger.free(t.name))]
    chosen = _choose(group, [t for t in known if t.name in fitting])
    if chosen is not None:
        return Placed(chosen)
    if any(t.free_when_empty is None for t in known):
        return Undecided(has_candidates=True)
    possible = tuple(t.name for t in known if _fits(group, t.free_when_empty))
    return Waiting(possible, group.disks) if possible else NoFit(group.disks)


def _fits(group: Group, free: int | None) -> bool:
    return free is not None and (group.disks or 0) <= free


def _choose(group: Group, fitting: list[TargetSlots]) -> str | None:
    """The target it had unless only that one is in trouble; else the first without trouble; else the first."""
    ranked = sorted(fitting, key=lambda t: (not t.is_preferred, t.name != group.sticky, t.name))
    return ranked[0].name if ranked else None
