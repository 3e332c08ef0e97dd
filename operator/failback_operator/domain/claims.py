"""What machines that have still to come will take of what they share with one another."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from failback_operator.domain.ids import Moref

Place = tuple[str, Moref]
"""A datastore, host or cluster: the vCenter's name in the RecoverySite, and the id there."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Sums over the machines of all plans of the site, each machine once.

    Space is not given back when a machine is home, so what counts is not how many come at a time but all that have not begun:
    `new_disks` are the bytes of the disks of their new VMs, `growth` the bytes by which their disks may grow where they lie.
    `memory_mib` is what those take that are being failed back and are not switched on yet.
    """

    new_disks: Mapping[Place, int] = field(default_factory=dict)
    growth: Mapping[Place, int] = field(default_factory=dict)
    memory_mib: Mapping[Place, int] = field(default_factory=dict)


NO_CLAIMS = Claims()
