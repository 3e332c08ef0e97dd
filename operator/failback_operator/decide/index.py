"""The facts of a site by what they are looked up by: each list is walked once, however many machines ask."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.checks.contexts import LocatedVm, SiteContext
from failback_operator.domain.azure_estate import NicIndex
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.vault import AzureVm


@dataclass(frozen=True, slots=True)
class ItemIndex:
    """The vault's items and their jobs; all empty while the vault is unread. `missing_jobs` by name: since when they are."""

    by_id: dict[ArmId, ProtectedItem]
    by_name: dict[str, tuple[ProtectedItem, ...]]
    groups: dict[str, tuple[ProtectedItem, ...]]
    jobs_by_target: dict[str, tuple[Job, ...]]
    jobs_by_name: dict[str, Job]
    azure_vms: dict[ArmId, AzureVm]
    missing_vms: frozenset[ArmId]
    missing_items: frozenset[ArmId] = frozenset()
    missing_jobs: dict[str, datetime] = field(default_factory=dict)

    def group_of(self, item: ProtectedItem) -> tuple[ProtectedItem, ...]:
        """All items of the item's multi-VM group in order of name; the item alone when it is in none."""
        return self.groups.get((item.group_id or "").casefold(), (item,)) if item.group_id else (item,)

    def jobs_of(self, item: ProtectedItem) -> tuple[Job, ...]:
        """Jobs that concern the item, newest first: by its id, else by its name where no other item has that."""
        by_name = [f"name:{item.friendly_name}"] if len(self.by_name.get(item.friendly_name, ())) == 1 else []
        keys = (item.arm_id.casefold(), item.arm_id.resource_name.casefold(), *by_name)
        found = {job.name: job for key in keys for job in self.jobs_by_target.get(key, ())}
        return tuple(sorted(found.values(), key=_newest_first))

    def job(self, name: str | None) -> Job | None:
        """The job of that name."""
        return self.jobs_by_name.get(name.casefold()) if name else None


@dataclass(frozen=True, slots=True)
class VmIndex:
    """The VMs of all fresh vCenters. `by_disk` by the backing UUID of a disk."""

    by_uuid: dict[str, tuple[LocatedVm, ...]]
    by_name: dict[str, tuple[LocatedVm, ...]]
    by_ip: dict[str, tuple[LocatedVm, ...]]
    by_disk: dict[str, tuple[LocatedVm, ...]]


@dataclass(frozen=True, slots=True)
class SiteIndex:
    """All look-ups of one evaluation."""

    site: SiteContext
    items: ItemIndex
    vms: VmIndex
    machines: dict[ArmId, FailbackMachine]
    nics: NicIndex | None = None


def _newest_first(job: Job) -> tuple[float, str]:
    return (-job.started_at.timestamp() if job.started_at else float("inf"), job.name)


def index_site(site: SiteContext) -> SiteIndex:
    """Walk the site's facts once."""
    machines: dict[ArmId, FailbackMachine] = {}
    for machine in sorted(site.view.machines, key=lambda m: m.name, reverse=True):
        machines[ArmId(machine.spec.item_id)] = machine
    return SiteIndex(site, _index_items(site), _index_vms(site), machines, _index_nics(site))


def _index_nics(site: SiteContext) -> NicIndex | None:
    nics = site.vault.estate.nics.fresh(site.now, site.limits.azure_estate_stale) if site.vault is not None else None
    return NicIndex.of(nics) if nics is not None else None


def _index_items(site: SiteContext) -> ItemIndex:
    vault = site.vault
    if vault is None:
        return ItemIndex({}, {}, {}, {}, {}, {}, frozenset())
    by_name: dict[str, list[ProtectedItem]] = defaultdict(list)
    groups: dict[str, list[ProtectedItem]] = defaultdict(list)
    for item in sorted(vault.items, key=lambda i: (i.friendly_name, i.arm_id.casefold())):
        by_name[item.friendly_name].append(item)
        if item.group_id:
            groups[item.group_id.casefold()].append(item)
    told = {key for item in vault.items for key in (item.arm_id.casefold(), item.arm_id.resource_name.casefold())}
    by_target: dict[str, list[Job]] = defaultdict(list)
    for job in vault.jobs:
        target = (job.target_object_id or "").casefold()
        if target:
            by_target[target].append(job)
        # A job that tells its item is no other's of the same name, in this fabric or the next.
        if job.target_object_name and target not in told and "/replicationprotecteditems/" not in target:
            by_target[f"name:{job.target_object_name}"].append(job)
    return ItemIndex(
        by_id={item.arm_id: item for item in vault.items},
        by_name={name: tuple(found) for name, found in by_name.items()},
        groups={key: tuple(found) for key, found in groups.items()},
        jobs_by_target={key: tuple(found) for key, found in by_target.items()},
        jobs_by_name={job.name.casefold(): job for job in vault.jobs},
        azure_vms={vm.arm_id: vm for vm in vault.azure_vms},
        missing_vms=vault.missing_vms,
        missing_items=vault.missing_items - {item.arm_id for item in vault.items},
        missing_jobs={each.name.casefold(): each.since for each in vault.missing_jobs},
    )


def _index_vms(site: SiteContext) -> VmIndex:
    by_uuid: dict[str, list[LocatedVm]] = defaultdict(list)
    by_name: dict[str, list[LocatedVm]] = defaultdict(list)
    by_ip: dict[str, list[LocatedVm]] = defaultdict(list)
    by_disk: dict[str, list[LocatedVm]] = defaultdict(list)
    for vcenter, facts in sorted(site.vcenters, key=lambda pair: pair[0]):
        hosts = {host.moref: host for host in facts.hosts}
        for vm in sorted(facts.machines, key=lambda m: (m.name, m.moref)):
            located = LocatedVm(vcenter, facts, vm, hosts.get(vm.host) if vm.host else None)
            by_name[vm.name].append(located)
            for uuid in {u.casefold() for u in (vm.instance_uuid, vm.bios_uuid) if u}:
                by_uuid[uuid].append(located)
            for address in set(vm.guest.ip_addresses):
                by_ip[address].append(located)
            for disk in {d.uuid.casefold() for d in vm.disks if d.uuid}:
                by_disk[disk].append(located)
    return VmIndex(_frozen(by_uuid), _frozen(by_name), _frozen(by_ip), _frozen(by_disk))


def _frozen(found: dict[str, list[LocatedVm]]) -> dict[str, tuple[LocatedVm, ...]]:
    return {key: tuple(each) for key, each in found.items()}
