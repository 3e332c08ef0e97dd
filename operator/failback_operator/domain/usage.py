"""Where the disk slots of a master target are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Each disk is in exactly one of own, attached, orphaned, reserved. `limit` = min(maxDisks, 60, SCSI slots that could be).

    own: disks on the target's VM of no protected item. attached: protected disks on it. orphaned: protected disks on it whose
    item no longer runs there. reserved: assigned and not yet attached.
    """

    own: int
    attached: int
    orphaned: int
    reserved: int
    limit: int

    @property
    def used(self) -> int:
        """Slots that are taken or promised."""
        return self.own + self.attached + self.orphaned + self.reserved

    @property
    def free(self) -> int:
        """Slots for further machines; never negative."""
        return max(0, self.limit - self.used)

    @property
    def free_when_empty(self) -> int:
        """Slots if no protected disk were on it: what a group must fit into at all."""
        return max(0, self.limit - self.own)
