"""The datastores of a machine's disks, against the host of the master target that may take it."""

from failback_operator.checks.answers import Answer, any_of, every, failed, passed, unknown
from failback_operator.checks.contexts import LocatedVm, MachineContext, TargetContext
from failback_operator.checks.define import BEFORE_FAILBACK, About
from failback_operator.checks.machine.base import item_check, named, targets_of, vm_or_answer
from failback_operator.domain.vault import ProtectedItem
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
    stores, is_whole = _datastores(context, found)
    if not stores or not is_whole:
        return unknown(f"VM {found.vm.name}: the datastores of its disks could not be read")
    return any_of(named(target, _on(target, found, stores)) for target in targets)


def _datastores(context: MachineContext, located: LocatedVm) -> tuple[list[Datastore], bool]:
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
    return every(_mount(store, host) for store in stores)


def _mount(store: Datastore, host: Host) -> Answer:
    mount = next((m for m in store.mounts if m.host == host.moref), None)
    if mount is None:
        return failed(f"datastore {store.name} is not mounted on host {host.name}")
    if mount.is_read_write:
        return passed(f"datastore {store.name} is mounted on host {host.name}")
    why = mount.inaccessible_reason or ("read-only" if mount.access_mode != "readWrite" else "not accessible")
    return failed(f"datastore {store.name} on host {host.name}: {why}")
