"""Recovery points and application-consistent tags of an item that is protected, computed when asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from failback_lab.scenario import derived_uuid

from .items import Item, Stage
from .world import World

_PROTECTED = (Stage.PROTECTED, Stage.REVERSE_PROTECTED)


@dataclass(frozen=True, slots=True)
class Point:
    """A recovery point."""

    name: str
    time: datetime
    is_app_consistent: bool


def recovery_points(world: World, item: Item) -> list[Point]:
    """Newest first: crash-consistent ones at the policy's interval, and the application-consistent ones."""
    if item.protected_since is None or item.stage not in _PROTECTED:
        return []
    step = world.clock.span(world.durations.recovery_point)
    crash = [
        Point(str(derived_uuid("point", f"{item.name}-{moment.timestamp()}")), moment, is_app_consistent=False)
        for moment in _moments(world, item, item.protected_since, step)
    ]
    tags = [
        Point(str(derived_uuid("point", f"{item.name}-{tag}")), moment, is_app_consistent=True)
        for tag, moment in consistency_points(world, item).items()
    ]
    return sorted(crash + tags, key=lambda p: p.time, reverse=True)


def consistency_points(world: World, item: Item) -> dict[str, datetime]:
    """Application-consistent tags by name; members of a group share names and times.

    Source: site-recovery facts, section 1 (consistencyPoints) and policies (every 60 minutes, kept 24 hours).
    """
    if item.protected_since is None or item.stage is not Stage.REVERSE_PROTECTED:
        return {}
    since = [m.protected_since for m in world.group_of(item) if m.stage is item.stage and m.protected_since is not None]
    step = world.clock.span(world.durations.app_consistent_point)
    moments = _moments(world, item, min(since) + step, step)
    return {str(derived_uuid("tag", f"{item.group_id}-{m.timestamp()}")): m for m in moments}


def _moments(world: World, item: Item, first: datetime, step: timedelta) -> list[datetime]:
    """Times `first`, `first + step`, ... within the retention of the item's policy and its protection."""
    now = world.clock.now()
    oldest = max(now - world.retention_of(item), item.protected_since or now)
    skipped = max(0, -((first - oldest) // step))
    found = []
    moment = first + skipped * step
    while moment <= now:
        if moment >= oldest:
            found.append(moment)
        moment += step
    return found
