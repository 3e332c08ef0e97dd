"""A disk for the retention volume is added; to format and mount it stays a person's. Clause R16."""

from collections.abc import Iterator
from dataclasses import dataclass

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1.master_target import RetentionDisk as RetentionDiskSpec
from failback_operator.checks.contexts import LocatedVm
from failback_operator.checks.master_target.storage import bare_volume, wanted_volume
from failback_operator.decide.fixes.base import AUTOMATIC, Ailing, Fix, FixRule, affected, obstacle
from failback_operator.domain.mending import subject_in
from failback_operator.domain.retention import GIB, RetentionDisk, has_taken, waiting_disks
from failback_operator.domain.scsi import free_slot
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import Datastore, VirtualMachine

CHECK = "RetentionVolume"
AFTER = "Site Recovery lists it within 15 minutes, else once the configuration server was refreshed."
FIELDS = frozenset({"disks", "controllers", "guest"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the disk is to be made: None with why not."""

    store: Datastore | None
    obstacle: str | None


def _propose(ailing: Ailing) -> Iterator[Fix]:
    vm, context = ailing.vm, ailing.context
    spec, server, volume = context.target.spec.remediation.add_retention_disk, context.server, wanted_volume(context)
    if CHECK not in ailing.failing or spec is None or spec.policy != AUTOMATIC or FIELDS & vm.unread:
        return
    if server is None or server.retention_volumes or volume is None or _is_in_guest(vm, volume):
        return  # another volume is listed, or the guest has it: what is wrong with that no further disk mends
    place = _place(ailing.located, spec)
    wanted = RetentionDisk(place.store.moref, spec.size_gib) if place.store is not None else None
    own = [disk for disk in waiting_disks(vm, wanted) if disk.key not in context.protected_keys]
    told = f"A person formats it (not FAT or FAT32) and mounts it as {volume}; the operator has no log-in on the guest. {AFTER}"
    if own:
        waits = ", ".join(f"{d.label} ({d.file_name}, {d.capacity_bytes // GIB} GiB)" for d in own)
        yield Fix(
            EffectKind.ADD_RETENTION_DISK, CHECK, f"No volume is known on {waits} of {vm.name}. {told}", is_for_a_person=True
        )
        return
    subject = str(wanted) if wanted is not None else ""
    if _was_added(context.target.status.ledger, subject):
        text = f"The operator has added a disk of {spec.size_gib} GiB on {spec.datastore} to {vm.name}. {told}"
        yield Fix(EffectKind.ADD_RETENTION_DISK, CHECK, text, is_for_a_person=True)
        return
    what = f"a disk of {spec.size_gib} GiB on {spec.datastore} to {vm.name}"
    text = f"Will be added by the operator: {what}. {told}{affected(context)}"
    yield Fix(EffectKind.ADD_RETENTION_DISK, CHECK, text, obstacle(context) or _own_obstacle(ailing, place), subject)


def _is_in_guest(vm: VirtualMachine, volume: str) -> bool:
    return any(bare_volume(each.path) == bare_volume(volume) for each in vm.guest.volumes)


def _was_added(ledger: list[LedgerEntry], subject: str) -> bool:
    return any(
        entry.effect == EffectKind.ADD_RETENTION_DISK
        and entry.outcome is EffectOutcome.SUCCEEDED
        and subject_in(entry.key) == subject
        for entry in ledger
    )


def _place(located: LocatedVm, spec: RetentionDiskSpec) -> _Place:
    named = [store for store in located.facts.datastores if store.name == spec.datastore]
    host = located.host
    if not named or host is None:
        return _Place(None, f"vCenter shows no datastore {spec.datastore}" if host else "its host could not be read")
    store = next((s for s in named if any(m.host == host.moref and m.is_read_write for m in s.mounts)), None)
    if store is None or store.is_accessible is False:
        return _Place(store, f"host {host.name} does not have datastore {spec.datastore} mounted read/write and accessible")
    if store.free_bytes is None or store.free_bytes < spec.size_gib * GIB:
        return _Place(store, f"datastore {spec.datastore} is not known to have {spec.size_gib} GiB free")
    return _Place(store, None)


def _own_obstacle(ailing: Ailing, place: _Place) -> str | None:
    if place.obstacle is not None:
        return place.obstacle
    kinds = ailing.context.site.limits.accepted_controllers
    return None if free_slot(ailing.vm, kinds) is not None else "no LSI Logic controller of it has a free unit"


def _is_reached(entry: LedgerEntry, located: LocatedVm) -> bool | None:
    if FIELDS & located.vm.unread:
        return None
    return has_taken(located.vm, RetentionDisk.parse(subject_in(entry.key)))


RETENTION_DISK = FixRule(EffectKind.ADD_RETENTION_DISK, _propose, _is_reached)
