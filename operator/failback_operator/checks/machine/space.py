"""Room on the datastores to which a machine's disks come back, and whether these are in service."""

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, any_of, every, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext, TargetContext
from failback_operator.checks.define import BEFORE_FAILBACK, BEFORE_REPROTECT, ORIGINAL, About
from failback_operator.checks.machine.base import fresh_detail, item_check, named, targets_of, vm_or_answer
from failback_operator.checks.machine.datastores import datastores_of
from failback_operator.checks.machine.new_vm import NO_TARGET, kind_of
from failback_operator.checks.machine.returning import comes_back_new, is_namesake, new_datastore, of_new_vm
from failback_operator.domain.claims import Place
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.vsphere import Datastore

GIB = 1024**3
NORMAL = "normal"
SHARE = 10
"""Free space is told in steps of so many percent: the figure itself moves at rest."""


def gib(size: int) -> str:
    """A size for a text, rounded up."""
    return f"{-(-size // GIB)} GiB"


def share(store: Datastore) -> str:
    """How much of the datastore is free, in steps."""
    if store.free_bytes is None or not store.capacity_bytes:
        return "its free space could not be read"
    step = min(max(store.free_bytes, 0) * 100 // store.capacity_bytes, 99) // SHARE * SHARE
    return f"{step} to {step + SHARE} % of {gib(store.capacity_bytes)} are free"


def size_of(context: MachineContext, item: ProtectedItem) -> int | None:
    """Bytes of the disks that come back: as Site Recovery protects them, else as the VM has them; None while not known."""
    detail = fresh_detail(context, item)
    sizes = [disk.capacity_bytes for disk in detail.disks] if detail is not None else []
    if sizes and None not in sizes:
        return sum(size or 0 for size in sizes)
    if context.vm is None or is_namesake(context, item) or "disks" in context.vm.vm.unread:
        return None
    return sum(disk.capacity_bytes for disk in context.vm.vm.disks) or None


def new_disks(context: MachineContext, item: ProtectedItem) -> dict[Place, int]:
    """What the machine's new VM will take, by datastore: one, unless its master targets are of several vCenters."""
    size = size_of(context, item) if comes_back_new(context, item) else None
    if size is None:
        return {}
    return {place: size for target in targets_of(context) if (place := _place(context, item, target)) is not None}


def _place(context: MachineContext, item: ProtectedItem, target: TargetContext) -> Place | None:
    store = new_datastore(context, item, target)
    return (target.vm.vcenter, store.moref) if store is not None and target.vm is not None else None


def growth(context: MachineContext, item: ProtectedItem) -> dict[Place, int]:
    """By how much the disks of the machine's VM may grow at most, by datastore: thin ones, and those with deltas, to their size.

    Source: API, VirtualDiskFlatVer2BackingInfo.thinProvisioned, parent.
    """
    if context.vm is None or comes_back_new(context, item) or "disks" in context.vm.vm.unread:
        return {}
    found: dict[Place, int] = {}
    for disk in context.vm.vm.disks:
        if disk.datastore is not None and not disk.is_raw_device and (disk.is_thin is not False or disk.has_parent):
            place = (context.vm.vcenter, disk.datastore)
            found[place] = found.get(place, 0) + disk.capacity_bytes
    return found


@item_check(
    About(
        id="DatastoreInService",
        clause="R20",
        condition="DatastoresReachable",
        expected="the datastores to which the machine comes back are accessible and not in maintenance mode",
        remedy="Take the named datastore out of maintenance mode, or see that its storage is reached again.",
        source="vSphere datastore summary.accessible, summary.maintenanceMode",
        steps=BEFORE_FAILBACK,
        also=("R21",),
    )
)
def datastore_in_service(context: MachineContext, item: ProtectedItem) -> Answer:
    """Each datastore of its VM, or the one for its new VM, is accessible, and in normal mode where it tells a mode."""
    is_new = comes_back_new(context, item)
    if is_new is None:
        return unknown(context.site.vsphere_gap)
    if is_new:
        targets = targets_of(context)
        found = [store for target in targets if (store := new_datastore(context, item, target)) is not None]
        if not found:
            return (
                not_applicable("the datastore for the new VM is not known: see NewVMDatastore") if targets else unknown(NO_TARGET)
            )
        return any_of(_in_service(store) for store in found)
    stores = _own_stores(context)
    return stores if isinstance(stores, Answer) else every(_in_service(store) for store in stores)


def _own_stores(context: MachineContext) -> list[Datastore] | Answer:
    found = vm_or_answer(context, "disks")
    if isinstance(found, Answer):
        return found
    stores, is_whole = datastores_of(context, found)
    if not stores or not is_whole:
        return unknown(f"VM {found.vm.name}: the datastores of its disks could not be read")
    return stores


def _in_service(store: Datastore) -> Answer:
    if store.is_accessible is None:
        return unknown(f"datastore {store.name}: vCenter does not tell whether it is accessible")
    if not store.is_accessible:
        return failed(f"datastore {store.name} is not accessible")
    if store.maintenance_mode not in {None, NORMAL}:
        return failed(f"datastore {store.name} is in maintenance mode ({store.maintenance_mode})")
    return passed(f"datastore {store.name} is in service")


@item_check(
    About(
        id="OriginalDatastoreSupported",
        clause="R24",
        condition="DatastoresReachable",
        expected="the disks of the machine's VM lie on VMFS or vSAN",
        remedy="Move the VM's disks to a VMFS or vSAN datastore before the next disaster, or let a named person waive this "
        "check. To leave that storage: spec.location: Alternate, with a datastore and without the VM.",
        source="Site Recovery's support matrix: NFS, vSAN and vVols may be replicated, failback goes to VMFS or vSAN only; "
        "vSphere summary.type",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
        locations=ORIGINAL,
    )
)
def original_datastore_supported(context: MachineContext, item: ProtectedItem) -> Answer:
    """Every datastore of its VM takes failback."""
    if comes_back_new(context, item):
        return not_applicable("it comes back as a new VM: see NewVMSupported")
    stores = _own_stores(context)
    return stores if isinstance(stores, Answer) else every(kind_of(store) for store in stores)


@item_check(
    About(
        id="FreeSpace",
        clause="R21",
        condition="DatastoresReachable",
        expected="the datastore has room for all disks of all new VMs that will be made on it, with the margin of the setting "
        "newVmMarginPercent",
        remedy="Free or add space on the named datastore, or name another one in spec.datastore of the plan.",
        source="Vendor's page on reprotect: to an alternate location all of the data is copied; vSphere summary.freeSpace, "
        "summary.capacity; the margin is a setting",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
        also=("R22",),
    )
)
@of_new_vm
def free_space(context: MachineContext, item: ProtectedItem) -> Answer:
    """Free space of one target's datastore is no less than what all that have still to come there need."""
    size = size_of(context, item)
    if size is None:
        return unknown("the sizes of the machine's disks are not known")
    targets = targets_of(context)
    if not targets:
        return unknown(NO_TARGET)
    return any_of(named(target, _has_room(context, item, target, size)) for target in targets)


def _has_room(context: MachineContext, item: ProtectedItem, target: TargetContext, size: int) -> Answer:
    store, place = new_datastore(context, item, target), _place(context, item, target)
    if store is None or place is None:
        return not_applicable("the datastore for the new VM is not known: see NewVMDatastore")
    if store.free_bytes is None:
        return unknown(f"datastore {store.name}: {share(store)}")
    all_of_them = max(size, context.claims.new_disks.get(place, 0))
    needed = all_of_them * (100 + context.site.limits.new_vm_margin_percent) // 100
    told = f"datastore {store.name}: {gib(needed)} are needed for the new VMs that will be made on it"
    return passed(told) if store.free_bytes >= needed else failed(f"{told}; {share(store)}")


@item_check(
    About(
        id="GrowthSpace",
        clause="R20",
        condition="DatastoresReachable",
        expected="the datastores of the machine's VM have room for all that thin disks and snapshots of returning machines may "
        "grow by",
        remedy="Free or add space on the named datastore before reprotect: a full datastore stops the copying.",
        source="vSphere summary.freeSpace, summary.uncommitted, thinProvisioned and parent of each disk; vendor: reprotect "
        "merges the VM's snapshots and overwrites its disks",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
        locations=ORIGINAL,
    )
)
def growth_space(context: MachineContext, item: ProtectedItem) -> Answer:
    """Free space is no less than the growth of all machines that have still to come, and the new VMs made there."""
    if comes_back_new(context, item):
        return not_applicable("it comes back as a new VM: see FreeSpace")
    found = vm_or_answer(context, "disks")
    if isinstance(found, Answer):
        return found
    own = growth(context, item)
    if not own:
        return passed(f"no disk of VM {found.vm.name} grows")
    stores = [(place, found.facts.datastore(place[1])) for place in sorted(own)]
    if any(store is None for _, store in stores):
        return unknown(f"VM {found.vm.name}: the datastores of its disks could not be read")
    return every(_grows(context, store, place, own[place]) for place, store in stores if store is not None)


def _grows(context: MachineContext, store: Datastore, place: Place, own: int) -> Answer:
    if store.free_bytes is None:
        return unknown(f"datastore {store.name}: {share(store)}")
    may_grow = max(own, context.claims.growth.get(place, 0))
    # What all disks on it together may still grow by is a bound as well; vCenter leaves it out where it is nothing or not known.
    told = may_grow if store.uncommitted_bytes is None else store.uncommitted_bytes
    bound = min(may_grow, told) + context.claims.new_disks.get(place, 0)
    if store.free_bytes >= bound:
        return passed(f"datastore {store.name} has room for growth")
    return failed(f"datastore {store.name}: {share(store)}, which is less than returning machines may take")
