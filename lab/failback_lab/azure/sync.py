"""Copying of data after a reprotect: progress a disk, until the item is protected."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class DiskSync:
    """One disk's copy: bytes to move and how long it takes here."""

    total_bytes: int
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Sync:
    """The copy of one machine. A stalled one makes no progress."""

    started: datetime
    disks: tuple[DiskSync, ...]
    is_stalled: bool = False

    @property
    def lasts(self) -> timedelta:
        """Until the last disk is done."""
        return max(d.lasts for d in self.disks)

    def percent(self, index: int, now: datetime) -> int:
        """Progress of a disk, 0 to 100."""
        if self.is_stalled:
            return 0
        done = (now - self.started) / self.disks[index].lasts
        return max(0, min(100, int(done * 100)))

    def overall(self, now: datetime) -> int:
        """Progress of all bytes, 0 to 100."""
        total = sum(d.total_bytes for d in self.disks) or 1
        return sum(self.percent(i, now) * d.total_bytes for i, d in enumerate(self.disks)) // total


def plan_sync(started: datetime, sizes: tuple[int, ...], changed_bytes: int, pace: "Pace", *, is_stalled: bool = False) -> Sync:
    """A copy of the changed bytes, spread over the disks by size and never more than a disk holds.

    Source: site-recovery facts, section 9 (bytes to copy lie between 0 and the sum of the disks).
    """
    total = sum(sizes) or 1
    shares = [min(size, changed_bytes * size // total) for size in sizes]
    disks = tuple(DiskSync(share, pace.lasts(share)) for share in shares)
    return Sync(started, disks, is_stalled)


@dataclass(frozen=True, slots=True)
class Pace:
    """Speed of a copy, scaled."""

    minimum_seconds: float
    mib_per_second: float
    speed: float

    def lasts(self, count: int) -> timedelta:
        """How long a copy of `count` bytes takes here."""
        return timedelta(seconds=(self.minimum_seconds + count / MIB / self.mib_per_second) / self.speed)
