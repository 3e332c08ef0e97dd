"""What the operator reads of a vault: fabric, items, policies, jobs, and the Azure machines of the items.

Names follow the Site Recovery REST API (api-version 2025-08-01). None means: not told, which is not the same as absent or zero.
Sentinel dates of the service (years 1, 1601, 1753, 9999) are None in all facts.
"""

from dataclasses import dataclass, field
from datetime import datetime

from failback_operator.domain.azure_estate import AzureDisk, AzureEstate
from failback_operator.domain.fabric import Fabric, Provider, VCenterRecord
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job, MissingJob
from failback_operator.domain.policy import ContainerMapping, Policy
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.reading import Part
from failback_operator.domain.rights import Denial, Permission, VaultPart


@dataclass(frozen=True, slots=True)
class AzureVm:
    """A virtual machine in Azure; `power_state` as in `PowerState/running`, without the prefix.

    `data_disk_count` and `disks` leave out the temporary disk, which Azure does not list; `disks` holds the system disk too.
    """

    arm_id: ArmId
    power_state: str | None
    nic_ids: tuple[ArmId, ...]
    data_disk_count: int
    provisioning_state: str | None = None
    disks: tuple[AzureDisk, ...] = ()
    size: str | None = None  # hardwareProfile.vmSize


@dataclass(frozen=True, slots=True)
class VaultFacts:
    """One fabric's part of a vault, with the Azure machines of its items.

    `azure_vms` holds those machines of the items' target ids that exist; one that was looked for and is gone is in `missing_vms`;
    one in neither was not read. `estate` is what stands around them. `jobs` are the vault's jobs of the look-back window, newest
    first. `missing_items` and `missing_jobs` are those that the full read listed nowhere and then asked for by name: only they
    are proved gone. A part that is `denied` is empty and was not read. `permissions` are the operator's own on the vault.
    `jobs_listed_at`: when the list of jobs was read; no fact of the vault, and so not compared.
    """

    fabric: Fabric
    providers: tuple[Provider, ...]
    vcenters: tuple[VCenterRecord, ...]
    items: tuple[ProtectedItem, ...]
    policies: tuple[Policy, ...]
    mappings: tuple[ContainerMapping, ...]
    jobs: tuple[Job, ...]
    azure_vms: tuple[AzureVm, ...]
    missing_vms: frozenset[ArmId] = frozenset()
    missing_items: frozenset[ArmId] = frozenset()
    missing_jobs: tuple[MissingJob, ...] = ()
    estate: AzureEstate = field(default_factory=AzureEstate)
    denied: tuple[Denial, ...] = ()
    permissions: Part[tuple[Permission, ...]] = field(default_factory=Part)
    jobs_listed_at: datetime | None = field(default=None, compare=False)

    def is_denied(self, part: VaultPart) -> bool:
        """Whether that part, or some of it, may not be read."""
        return any(each.part is part for each in self.denied)

    def item(self, arm_id: str) -> ProtectedItem | None:
        """The item with that ARM id."""
        return next((i for i in self.items if i.arm_id == arm_id), None)

    def job(self, name: str) -> Job | None:
        """The job of that name."""
        return next((j for j in self.jobs if j.name.casefold() == name.casefold()), None)

    def azure_vm(self, arm_id: str | None) -> AzureVm | None:
        """The Azure machine with that id, if read and there."""
        return next((v for v in self.azure_vms if arm_id is not None and v.arm_id == arm_id), None)

    def group_of(self, item: ProtectedItem) -> tuple[ProtectedItem, ...]:
        """All items that share the item's multi-VM group, itself included; alone when it is in none.

        Source: with multiVmSyncStatus Enabled even a single VM has a group of its own, so a group counts from two members.
        """
        if not item.group_id:
            return (item,)
        members = tuple(i for i in self.items if i.group_id and i.group_id.casefold() == item.group_id.casefold())
        return members or (item,)
