"""The datastores of a machine's disks, and the one that a reprotect names, against the master target that may take it."""

from failback_operator.checks.answers import Answer, any_of, every, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, MachineContext, TargetContext
from failback_operator.checks.define import BEFORE_FAILBACK, BEFORE_REPROTECT, ORIGINAL, About
from failback_operator.checks.machine.base import item_check, named, targets_of, vm_or_answer
from failback_operator.checks.master_target.base import no_server
from failback_operator.domain.fabric import MasterTargetServer
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.vsphere import Datastore, Host


@item_check(
    About(
        id="DatastoreMounted",
        clause="R20",
        condition="DatastoresReachable",
        expected="the datastores of the machine's disks are mounted read/write on the host of a master target that may take it",
        remedy="Mount the named datastore read/write on the named host, or move the master target to a host that has it, while "
        "it holds "
        "no protected disk.",
        source="Vendor's page on preparing failback, error 8061; vSphere datastore.host[].mountInfo accessMode, mounted, "
        "accessible",
        steps=BEFORE_FAILBACK,
        locations=ORIGINAL,
    )
)
def datastore_mounted(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """Every datastore of the machine is mounted read/write on the host of one target."""
    found = vm_or_answer(context, "disks")
    if isinstance(found, Answer):
        return found
    targets = targets_of(context)
    if not targets:
        return unknown("no master target is known for it")
    stores, is_whole = datastores_of(context, found)
    if not stores or not is_whole:
        return unknown(f"VM {found.vm.name}: the datastores of its disks could not be read")
    return any_of(named(target, _on(target, found, stores)) for target in targets)


def datastores_of(context: MachineContext, located: LocatedVm) -> tuple[list[Datastore], bool]:
    """Datastores of the VM's disks, else of the recorded ones; and whether each was found."""
    if located.vm.disks:
        found = [located.facts.datastore(d.datastore) for d in located.vm.disks]
    else:
        names = [d.datastore for d in context.record.disks] if context.record else []
        found = [next((s for s in located.facts.datastores if s.name == name), None) for name in names]
    stores = {s.moref: s for s in found if s is not None}
    return list(stores.values()), None not in found


def _on(target: TargetContext, machine: LocatedVm, stores: list[Datastore]) -> Answer:
    if target.vm is None or target.vm.host is None:
        return unknown("its host could not be read")
    if target.vm.vcenter != machine.vcenter:
        return failed(f"it is in vCenter {target.vm.vcenter}, the machine in {machine.vcenter}")
    host = target.vm.host
    return every(mounted_on(store, host) for store in stores)


def mounted_on(store: Datastore, host: Host) -> Answer:
    """Whether the host mounts the datastore read/write."""
    mount = next((m for m in store.mounts if m.host == host.moref), None)
    if mount is None:
        return failed(f"datastore {store.name} is not mounted on host {host.name}")
    if mount.is_read_write:
        return passed(f"datastore {store.name} is mounted on host {host.name}")
    why = mount.inaccessible_reason or ("read-only" if mount.access_mode != "readWrite" else "not accessible")
    return failed(f"datastore {store.name} on host {host.name}: {why}")


def own_datastore(context: MachineContext) -> str | None:
    """The datastore of the machine's first disk, as vCenter names it; None while that is not known."""
    if context.vm is None or not context.vm.vm.disks:
        return None
    store = context.vm.facts.datastore(context.vm.vm.disks[0].datastore)
    return store.name if store is not None else None


def datastore_name(context: MachineContext, item: ProtectedItem) -> str | None:
    """The datastore that a reprotect names: the plan's, else the machine's own, else the first that Site Recovery knew."""
    known = item.detail.datastores if item.detail else ()
    return context.plan.spec.datastore or own_datastore(context) or next(iter(known), None)


@item_check(
    About(
        id="DatastoreListed",
        clause="R24",
        condition="DatastoresReachable",
        expected="Site Recovery lists the datastore that the reprotect names (spec.datastore of the plan; where no VM is left, "
        "the one that the machine was on) for a master target that may take it, and one can fail back to it",
        remedy="Write spec.datastore exactly as Site Recovery lists it for the master target, or leave it out while the "
        "machine's VM is there: its disks then stay where they are. A datastore that was mounted lately is listed once the "
        "configuration server was refreshed (up to 30 minutes).",
        source="InMage reprotect input datastoreName = masterTargetServers[].dataStores[].symbolicName, not used where the VM's "
        "disks exist; failback goes to VMFS or vSAN only",
        steps=BEFORE_REPROTECT,
        also=("R21",),
    )
)
def datastore_listed(context: MachineContext, item: ProtectedItem) -> Answer:
    """The name that is sent is listed. The machine's own datastore is not asked: its disks are there (see DatastoreMounted)."""
    if context.plan.spec.datastore is None and own_datastore(context) is not None:
        return not_applicable("the plan names no datastore: the machine's disks stay on their own")
    name = datastore_name(context, item)
    if name is None:
        return not_applicable("no datastore is named")
    targets = targets_of(context)
    if not targets:
        return unknown("no master target is known for it")
    return any_of(named(target, _listed(target, name)) for target in targets)


def lists_datastore(server: MasterTargetServer | None, name: str) -> bool | None:
    """Whether Site Recovery lists the datastore for the master target; None while it lists none at all, or no such server."""
    if server is None or not server.datastores:
        return None
    return any(store.symbolic_name == name for store in server.datastores)


def _listed(target: TargetContext, name: str) -> Answer:
    server = target.server
    is_listed = lists_datastore(server, name)
    if server is None:
        return unknown(no_server(target))
    if is_listed is None:
        return unknown("Site Recovery lists no datastore of it: see DatastoresDiscovered")
    if is_listed:
        return _kind(server, name)
    names = [store.symbolic_name for store in server.datastores]
    near = next((n for n in names if n.casefold() == name.casefold()), None)
    told = f"datastore {name} is not listed; listed: {listed(names)}"
    return failed(told, f"Write {near} in spec.datastore: upper and lower case count." if near else None)


def _kind(server: MasterTargetServer, name: str) -> Answer:
    """Only NFS is surely wrong: how the service spells the other kinds is not documented."""
    kinds = {(store.type or "").upper() for store in server.datastores if store.symbolic_name == name}
    if all(kind.startswith("NFS") for kind in kinds):
        return failed(f"datastore {name} is NFS, and failback goes to VMFS or vSAN only")
    return passed(f"datastore {name} is listed")
