"""One snapshot of a site: both worlds, each with its own time and error, and the one clock of all judgement."""

from dataclasses import dataclass, field
from datetime import datetime

from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan, MasterTarget, ProcessServer, RecoverySite
from failback_operator.domain.limits import Limits
from failback_operator.domain.reading import Part
from failback_operator.domain.vault import VaultFacts
from failback_operator.domain.vsphere import VsphereFacts


@dataclass(frozen=True, slots=True)
class SiteSnapshot:
    """What was read of the site's worlds. `as_of` is the only clock that checks and decisions know.

    `azure_asks_to_wait`: it takes no requests for a while, so that no step can begin.
    """

    as_of: datetime
    vault: Part[VaultFacts] = field(default_factory=Part)
    vcenters: dict[str, Part[VsphereFacts]] = field(default_factory=dict)
    azure_asks_to_wait: bool = False


@dataclass(frozen=True, slots=True)
class SiteView:
    """All that a decision about a site may depend on: our objects as they are stored, and the snapshot.

    `other_sites` are RecoverySites on the same fabric (for DuplicateSite). `plans`, `targets`, `servers`, `machines` are those
    that name the site, in its namespace. `other_machines` are those of any other site, existing or not, with an effect that is
    not settled.
    """

    site: RecoverySite
    snapshot: SiteSnapshot
    limits: Limits
    targets: tuple[MasterTarget, ...] = ()
    servers: tuple[ProcessServer, ...] = ()
    plans: tuple[FailbackPlan, ...] = ()
    machines: tuple[FailbackMachine, ...] = ()
    other_sites: tuple[RecoverySite, ...] = ()
    other_machines: tuple[FailbackMachine, ...] = ()

    def vault(self) -> VaultFacts | None:
        """The vault's facts if fresh enough to judge."""
        return self.snapshot.vault.fresh(self.snapshot.as_of, self.limits.azure_stale)

    def vsphere(self) -> tuple[tuple[str, VsphereFacts], ...]:
        """Name and facts of each vCenter whose facts are fresh enough to judge."""
        found = (
            (name, part.fresh(self.snapshot.as_of, self.limits.vsphere_stale)) for name, part in self.snapshot.vcenters.items()
        )
        return tuple((name, facts) for name, facts in found if facts is not None)
