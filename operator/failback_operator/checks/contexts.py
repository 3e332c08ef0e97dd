"""What a check is given: the facts about one subject, already found and joined. None means: could not be read or found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan, MasterTarget, ProcessServer
from failback_operator.api.v1alpha1.failback_machine import Phase, Recorded
from failback_operator.checks.answers import listed
from failback_operator.domain.azure_estate import NicIndex
from failback_operator.domain.claims import NO_CLAIMS, Claims
from failback_operator.domain.fabric import MasterTargetServer
from failback_operator.domain.fabric import ProcessServer as ProcessServerFacts
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job
from failback_operator.domain.limits import Limits
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.usage import DiskUsage
from failback_operator.domain.vault import AzureVm, VaultFacts
from failback_operator.domain.vsphere import Host, VirtualMachine, VsphereFacts


@dataclass(frozen=True, slots=True)
class SiteContext:
    """The site: `vault` and `vcenters` only where fresh enough to judge."""

    view: SiteView
    vault: VaultFacts | None
    vcenters: tuple[tuple[str, VsphereFacts], ...]

    @property
    def now(self) -> datetime:
        """The snapshot's time, the only clock."""
        return self.view.snapshot.as_of

    @property
    def limits(self) -> Limits:
        """The operator's limits."""
        return self.view.limits

    @property
    def vsphere_is_complete(self) -> bool:
        """True when every vCenter of the site is fresh, and tells the names of all VMs: only then may a VM count as absent."""
        is_fresh = len(self.vcenters) == len(self.view.site.spec.vcenters)
        return is_fresh and not any(facts.nameless for _, facts in self.vcenters)

    def awaited_since(self, check: str, subject: str) -> datetime:
        """Since when that subject is known to wait for what the check asks Site Recovery to list; now, if that is new."""
        stored = (each.since for each in self.view.site.status.awaited if (each.check, each.subject) == (check, subject))
        return next(stored, self.now.replace(microsecond=0))

    @property
    def vsphere_gap(self) -> str:
        """Why a VM that is not found need not be absent."""
        nameless = [moref for _, facts in self.vcenters for moref in facts.nameless]
        return f"vCenter did not let the name of {listed(nameless)} be read" if nameless else "vCenter could not be read lately"


@dataclass(frozen=True, slots=True)
class LocatedVm:
    """A VM with the vCenter that holds it and the host that runs it."""

    vcenter: str
    facts: VsphereFacts
    vm: VirtualMachine
    host: Host | None


@dataclass(frozen=True, slots=True)
class Lodger:
    """A machine that runs through a master target now, with what was recorded of its disaster (None: nothing)."""

    name: str
    record: Recorded | None


@dataclass(frozen=True, slots=True)
class TargetContext:
    """A master target: `vms` are all VMs that match it (exactly one is right), `usage` None while unread.

    `lodgers` run through it now; `planned` are the items of these and of machines that are to. `orphans` names the disks on it
    whose machine no longer runs there; `protected_keys` are keys of all protected machines' disks on it. `twins` are other VMs
    of the site that have its BIOS UUID or the UUID of one of its disks, those of lodgers left out.
    `holders` are the friendly names of items that Site Recovery or vSphere shows on it: while any, it is not to be touched
    (safety rule 8); None = unread, which counts as holding.
    """

    site: SiteContext
    target: MasterTarget
    server: MasterTargetServer | None
    vms: tuple[LocatedVm, ...]
    usage: DiskUsage | None
    holders: tuple[str, ...] | None
    is_configuration_server: bool
    lodgers: tuple[Lodger, ...] = ()
    planned: tuple[ProtectedItem, ...] = ()
    orphans: tuple[str, ...] = ()
    protected_keys: frozenset[int] = frozenset()
    twins: tuple[LocatedVm, ...] = ()

    @property
    def vm(self) -> LocatedVm | None:
        """The VM if exactly one matches."""
        return self.vms[0] if len(self.vms) == 1 else None


@dataclass(frozen=True, slots=True)
class ServerContext:
    """A process server."""

    site: SiteContext
    server: ProcessServer
    facts: ProcessServerFacts | None


@dataclass(frozen=True, slots=True)
class MachineContext:
    """One machine of a plan.

    `items` are all items of that name (exactly one is right). `item` is that one. `group` all members of its multi-VM group.
    `candidates` the master targets that the plan allows, `assigned` the chosen one. `vms` all on-premises VMs that match it.
    `record` is what was recorded for the failover that the machine is in; `failed_over_at` that failover's time (record, item,
    jobs or a person's word; None = not known). `last_failback_at`: start of the newest failback of this round, if any.
    `rivals` are other plans that list the machine and keep this one from acting on it. `azure_vms` are all of the vault.
    `staying` are the plan's machines that stay in Azure, with why. `nics` are all interfaces in Azure; None: not read lately.
    `claims` are what this and other machines will take. `reprotected_at`: start of the newest reprotect of this round;
    `failbacks`: start and end of each failback since then, None while it runs. `came_through`: the master target that the
    record names. `disk_holders`: the VMs that have a disk, by its backing UUID.
    """

    site: SiteContext
    plan: FailbackPlan
    name: str
    items: tuple[ProtectedItem, ...]
    machine: FailbackMachine | None
    group: tuple[ProtectedItem, ...]
    group_in_plan: bool
    vms: tuple[LocatedVm, ...]
    azure_vm: AzureVm | None
    azure_vm_is_missing: bool
    candidates: tuple[TargetContext, ...]
    assigned: TargetContext | None
    process_server: ServerContext | None
    record: Recorded | None
    failed_over_at: datetime | None
    last_failback_at: datetime | None
    phase: Phase
    jobs: tuple[Job, ...] = ()
    rivals: tuple[str, ...] = ()
    azure_vms: Mapping[ArmId, AzureVm] = field(default_factory=dict)
    staying: Mapping[str, str] = field(default_factory=dict)
    nics: NicIndex | None = None
    claims: Claims = NO_CLAIMS
    came_through: TargetContext | None = None
    disk_holders: Mapping[str, tuple[LocatedVm, ...]] = field(default_factory=dict)
    reprotected_at: datetime | None = None
    failbacks: tuple[tuple[datetime, datetime | None], ...] = ()

    @property
    def item(self) -> ProtectedItem | None:
        """The item if exactly one matches."""
        return self.items[0] if len(self.items) == 1 else None

    @property
    def vm(self) -> LocatedVm | None:
        """The on-premises VM if exactly one matches."""
        return self.vms[0] if len(self.vms) == 1 else None


@dataclass(frozen=True, slots=True)
class PlanContext:
    """A plan with its machines. `rivals`: machine name → other plans of the site that list it too."""

    site: SiteContext
    plan: FailbackPlan
    machines: tuple[MachineContext, ...]
    rivals: tuple[tuple[str, str], ...]
    unknown_targets: tuple[str, ...]
