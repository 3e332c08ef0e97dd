"""What stands around the Azure VM: its network, locks on it, its disks."""

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, every, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import About
from failback_operator.checks.machine.base import fresh_detail, item_check
from failback_operator.domain.azure_estate import AzureNic, NicIndex
from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.reading import Part
from failback_operator.domain.steps import Step
from failback_operator.domain.vault import AzureVm

GIB = 1024**3
MAY_READ = "See that the operator's identity may read them ({right}), or waive this check."


@item_check(
    About(
        id="AzureVmInNetwork",
        clause="R5",
        condition="OperationAllowed",
        expected="the Azure VM is in the network that was selected for its failover, and in that of the process server in Azure",
        remedy="Connect the Azure VM's network interface with the network again, or name a process server that stands in its "
        "network (spec.processServer): it must stand in the Azure network of the failed-over machines.",
        source="ipConfigurations[].subnet.id of the machine's interfaces; selectedRecoveryAzureNetworkId of the item; the "
        "process server by its ipAddress; error 78093: wrong network",
        steps=frozenset({Step.REPROTECT}),
        is_waivable=True,
    )
)
def azure_vm_in_network(context: MachineContext, item: ProtectedItem) -> Answer:
    """Its interfaces' networks hold the selected one, and one in which the process server is."""
    vm = _vm(context)
    if isinstance(vm, Answer):
        return vm
    if context.nics is None:
        why = _why(context.site.vault.estate.nics) if context.site.vault else ""
        right = "Microsoft.Network/networkInterfaces/read"
        return unknown(f"network interfaces could not be read{why}", MAY_READ.format(right=right))
    own = [nic for nic_id in vm.nic_ids if (nic := context.nics.by_id.get(nic_id)) is not None]
    networks = frozenset(network for nic in own for network in nic.network_ids)
    if not networks:
        return unknown(f"the network of Azure VM {vm.arm_id.resource_name} was not read yet")
    return every((_selected(context, item, networks), _with_process_server(context, context.nics, networks)))


def _vm(context: MachineContext) -> AzureVm | Answer:
    if context.azure_vm is not None:
        return context.azure_vm
    if context.azure_vm_is_missing:
        return not_applicable("Azure has no VM of the machine")
    return unknown("the Azure VM was not read")


def _why(part: Part[tuple[AzureNic, ...]]) -> str:
    return f": {part.error.message}" if part.error is not None else " lately"


def _names(networks: frozenset[ArmId]) -> str:
    return listed(network.resource_name for network in networks)


def _selected(context: MachineContext, item: ProtectedItem, networks: frozenset[ArmId]) -> Answer:
    detail = fresh_detail(context, item)
    if detail is None:
        return unknown("the details of the item were not read lately")
    wanted = detail.recovery_network_id
    if wanted is None:
        return not_applicable("the item names no network that was selected for its failover")
    if wanted in networks:
        return passed(f"the Azure VM is in network {wanted.resource_name}")
    return failed(f"the Azure VM is in network {_names(networks)}; selected for its failover: {wanted.resource_name}")


def _with_process_server(context: MachineContext, nics: NicIndex, networks: frozenset[ArmId]) -> Answer:
    server = context.process_server
    if server is None or server.server.spec.location != "Azure":
        return not_applicable("no process server in Azure is chosen: see ProcessServerKnown")
    address = server.facts.ip_address if server.facts is not None else None
    if address is None:
        return unknown(f"the address of process server {server.server.name} is not known")
    theirs = frozenset(network for nic in nics.by_address.get(address, ()) for network in nic.network_ids)
    if not theirs:
        return unknown(
            f"no network interface has the address {address} of process server {server.server.name}",
            "See that the process server stands in a subscription of the machines, and that the operator may read its interface.",
        )
    if theirs & networks:
        return passed(f"process server {server.server.name} is there too")
    return failed(f"process server {server.server.name} is in network {_names(theirs)}, the Azure VM in {_names(networks)}")


@item_check(
    About(
        id="AzureVmUnlocked",
        clause="R1",
        condition="OperationAllowed",
        expected="no lock keeps the commit from deleting the Azure VM with its disks and interfaces",
        remedy="Remove the lock before the commit (portal: Locks of the resource or its group); else delete by hand what the "
        "commit leaves.",
        source="Microsoft.Authorization/locks of the subscription, inherited from group and subscription; that the deletion "
        "fails is inferred",
        steps=frozenset({Step.FAILBACK, Step.COMMIT}),
        severity=Severity.WARNING,
    )
)
def azure_vm_unlocked(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """No lock covers the machine, one of its interfaces or one of its disks."""
    vm = _vm(context)
    if isinstance(vm, Answer):
        return vm
    vault = context.site.vault
    locks = vault.estate.locks.fresh(context.site.now, context.site.limits.azure_estate_stale) if vault is not None else None
    if locks is None:
        return unknown("locks could not be read", MAY_READ.format(right="Microsoft.Authorization/locks/read"))
    things = (vm.arm_id, *vm.nic_ids, *(disk.arm_id for disk in vm.disks if disk.arm_id))
    found = [lock for lock in locks if any(lock.covers(thing) for thing in things)]
    if not found:
        return passed("no lock covers the Azure VM")
    told = listed(f"{lock.arm_id.resource_name} ({lock.level}) on {lock.scope.resource_name}" for lock in found)
    return failed(f"locked: {told}")


@item_check(
    About(
        id="AzureVmDisks",
        clause="R6",
        condition="DiskLimit",
        expected="the Azure VM has no more disks than Site Recovery protects: each of them comes back and takes a slot",
        remedy="Detach from the Azure VM what shall not come home, before reprotect; else leave room for it on the master "
        "target, on the datastore and on the line.",
        source="Microsoft.Compute storageProfile (the temporary disk is not in it); protectedDisks of the item; users saw more "
        "copied back than was protected",
        steps=frozenset({Step.REPROTECT}),
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
def azure_vm_disks(context: MachineContext, item: ProtectedItem) -> Answer:
    """Not more disks, the system disk counted, than the item has."""
    vm = _vm(context)
    if isinstance(vm, Answer):
        return vm
    detail = fresh_detail(context, item)
    if detail is None or not detail.disks:
        return unknown("the protected disks of the item were not read lately")
    count, protected = 1 + vm.data_disk_count, len(detail.disks)
    if count <= protected:
        return passed(f"{protected} disks are protected, and Azure VM {vm.arm_id.resource_name} has no more")
    sizes = [disk.size_bytes for disk in vm.disks if disk.size_bytes is not None]
    total = f"; all its disks: {sum(sizes) // GIB} GiB" if len(sizes) == count else ""
    return failed(f"Azure VM {vm.arm_id.resource_name} has {count} disks, {protected} of them protected{total}")
