"""How a new read and an older one become one: what is fresher wins, what a lossy LIST lacks is kept."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from operator import attrgetter

from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.vault import AzureVm, VaultFacts

MOVING = {"detail", "rpo_seconds", "last_heartbeat", "health_errors", "failover_health"}
_shape = attrgetter(*(each.name for each in fields(ProtectedItem) if each.name not in MOVING))
"""An item without what moves at rest."""


@dataclass(frozen=True, slots=True)
class VaultPatch:
    """Single things that were read again. `read_vms` are all machines that were looked for; those not in `vms` are missing."""

    items: tuple[ProtectedItem, ...] = ()
    jobs: tuple[Job, ...] = ()
    vms: tuple[AzureVm, ...] = ()
    read_vms: frozenset[ArmId] = frozenset()


def patched(facts: VaultFacts, patch: VaultPatch) -> VaultFacts:
    """`facts` with what `patch` read, except items of which `facts` has a later GET. An item that `facts` lacks is added."""
    items = {item.arm_id: item for item in facts.items}
    items.update((item.arm_id, item) for item in patch.items if not _is_older(item, items.get(item.arm_id)))
    vms = [vm for vm in facts.azure_vms if vm.arm_id not in patch.read_vms]
    there = {vm.arm_id for vm in patch.vms}
    seen = {job.name.casefold() for job in patch.jobs}
    return replace(
        facts,
        items=in_order(items.values()),
        jobs=newest_first(merged_jobs(patch.jobs, facts.jobs)),
        azure_vms=tuple(sorted((*vms, *patch.vms), key=lambda vm: vm.arm_id.casefold())),
        missing_vms=(facts.missing_vms - there) | (patch.read_vms - there),
        missing_items=facts.missing_items - {item.arm_id for item in patch.items},
        missing_jobs=tuple(each for each in facts.missing_jobs if each.name.casefold() not in seen),
    )


def in_order(items: Iterable[ProtectedItem]) -> tuple[ProtectedItem, ...]:
    """Items by name: the service's order may change while nothing else does."""
    return tuple(sorted(items, key=lambda item: (item.friendly_name.casefold(), item.arm_id.casefold())))


def newest_first(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Jobs by their start, those that have not started before all others."""
    return tuple(sorted(jobs, key=lambda job: (job.started_at is None, job.started_at or job.ended_at, job.name), reverse=True))


def carried_detail(listed: ProtectedItem, previous: ProtectedItem | None) -> ProtectedItem:
    """`listed` with the detail of the last GET, if LIST shows no change since; else without."""
    if previous is None or previous.detail is None or _shape(previous) != _shape(listed):
        return listed
    return replace(listed, detail=previous.detail)


def merged_jobs(read: Iterable[Job], previous: Iterable[Job]) -> tuple[Job, ...]:
    """`read`, completed by what `previous` knew, and the jobs of `previous` that were not read."""
    known = {job.name.casefold(): job for job in previous}
    for job in read:
        known[job.name.casefold()] = _completed(job, known.get(job.name.casefold()))
    return tuple(known.values())


def _completed(read: Job, previous: Job | None) -> Job:
    """A job of a LIST may lack errors and children that a GET showed. One that is over does not change any more."""
    if previous is None:
        return read
    if previous.is_over and not read.is_over:
        return previous
    return replace(
        read,
        errors=tuple(dict.fromkeys((*previous.errors, *read.errors))),
        child_jobs=tuple(dict.fromkeys((*previous.child_jobs, *read.child_jobs))),
        is_whole=read.is_whole or previous.is_known_to_end,
    )


def _is_older(item: ProtectedItem, known: ProtectedItem | None) -> bool:
    return _got_at(item) is not None and (known_at := _got_at(known)) is not None and _got_at(item) < known_at  # type: ignore[operator]


def _got_at(item: ProtectedItem | None) -> datetime | None:
    return item.detail.as_of if item is not None and item.detail is not None else None
