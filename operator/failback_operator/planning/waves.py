"""Who goes when: waves of groups, each wave as much as the master targets take when the one before has left them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from failback_operator.planning.assignment import Group, NoFit, Placed, Placement, TargetSlots, Undecided, assign


@dataclass(frozen=True, slots=True)
class Wave:
    """Machines that go through one target in wave `number`; 1 is the first."""

    number: int
    target: str
    machines: tuple[str, ...]


def plan_waves(groups: Iterable[Group], targets: Iterable[TargetSlots], now: Mapping[str, Placement]) -> tuple[Wave, ...]:
    """Waves of `groups`: the first is what is placed `now`, the rest as they would fit on targets that fell empty."""
    pending = {group.key: group for group in groups}
    slots = list(targets)
    empty = [replace(t, free=t.free_when_empty) for t in slots]
    waves: list[Wave] = []
    number, placements = 1, dict(now)
    while pending:
        placed = {k: p.target for k, p in placements.items() if isinstance(p, Placed) and k in pending}
        waves.extend(_wave(number, placed, pending))
        for key in placed:
            del pending[key]
        rest = [k for k in pending if not isinstance(placements.get(k, Undecided(has_candidates=False)), NoFit | Undecided)]
        if not rest:
            break
        number += 1 if placed else 0
        again = [replace(pending[key], fixed=None) for key in rest]
        placements = dict(assign(again, empty))
        if not any(isinstance(p, Placed) for p in placements.values()):
            break
    return tuple(waves)


def _wave(number: int, placed: Mapping[str, str], groups: Mapping[str, Group]) -> list[Wave]:
    by_target: dict[str, list[str]] = {}
    for key in sorted(placed):
        by_target.setdefault(placed[key], []).extend(groups[key].members)
    return [Wave(number, target, tuple(sorted(by_target[target]))) for target in sorted(by_target)]
