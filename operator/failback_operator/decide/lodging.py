"""What lies on a master target besides its own: machines that run through it, disks left over, and VMs taken for it."""

from collections.abc import Collection, Iterator

from failback_operator.checks.contexts import LocatedVm, Lodger
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.survey import machine_vms
from failback_operator.domain.ids import ArmId
from failback_operator.domain.vsphere import Disk, VirtualMachine
from failback_operator.planning.usage import ProtectedDisks


def machine_name(key: str, index: SiteIndex) -> str:
    """Name of the machine of an item, given by its id case-folded."""
    item = index.items.by_id.get(ArmId(key))
    if item is not None:
        return item.friendly_name
    machine = index.machines.get(ArmId(key))
    return machine.spec.machine_name if machine else key


def lodgers(runs_here: Collection[str], target: str, index: SiteIndex) -> tuple[Lodger, ...]:
    """The machines that run through the target now, in order of name; a record that names another target is none of this run."""
    found = []
    for key in runs_here:
        machine = index.machines.get(ArmId(key))
        record = max(machine.spec.recorded, key=lambda r: r.failed_over_at, default=None) if machine else None
        is_of_run = record is not None and record.master_target == target
        found.append(Lodger(machine_name(key, index), record if is_of_run else None))
    return tuple(sorted(found, key=lambda lodger: lodger.name))


def orphans(disks: Collection[Disk], runs_here: Collection[str], protected: ProtectedDisks, index: SiteIndex) -> tuple[str, ...]:
    """The protected disks whose machine does not run through the target, by label and machine."""
    owners = ((disk, protected.owner(disk)) for disk in disks)
    return tuple(f"{d.label} of {machine_name(key, index)}" for d, key in owners if key is not None and key not in runs_here)


def twins(located: LocatedVm, runs_here: Collection[str], index: SiteIndex) -> tuple[LocatedVm, ...]:
    """Other VMs that have the VM's BIOS UUID or the UUID of a disk of it. A lodger's disks are on the target as themselves."""
    lodging = {_key(vm) for vm in _lodging(runs_here, index)}
    alike = {_key(twin): twin for twin in _alike(located.vm, index)}
    found = [twin for key, twin in alike.items() if key != _key(located) and key not in lodging]
    return tuple(sorted(found, key=lambda twin: (twin.vm.name, *_key(twin))))


def _alike(vm: VirtualMachine, index: SiteIndex) -> Iterator[LocatedVm]:
    if vm.bios_uuid:
        yield from index.vms.by_uuid.get(vm.bios_uuid.casefold(), ())
    for disk in vm.disks:
        if disk.uuid:
            yield from index.vms.by_disk.get(disk.uuid.casefold(), ())


def _lodging(runs_here: Collection[str], index: SiteIndex) -> Iterator[LocatedVm]:
    for key in runs_here:
        item = index.items.by_id.get(ArmId(key))
        if item is not None:
            yield from machine_vms(item, None, index)


def _key(located: LocatedVm) -> tuple[str, str]:
    return (located.vcenter, located.vm.moref)
