"""Whether the machine's VM can be switched on at the end of the failback: its host, and memory there or in its cluster."""

from failback_operator.checks.answers import Answer, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, MachineContext
from failback_operator.checks.define import About
from failback_operator.checks.machine.base import item_check, vm_or_answer
from failback_operator.domain.claims import Place
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import Step
from failback_operator.domain.vsphere import Cluster, Host, PowerState

MIB = 1024**2
MANUAL = "manual"
CONNECTED = "connected"


@item_check(
    About(
        id="OnPremisesHostReady",
        clause="R20",
        condition="OnPremisesSafe",
        expected="the host of the on-premises VM is connected and not in maintenance mode",
        remedy="Reconnect the named host, take it out of maintenance mode, or move the VM, while it is off and before "
        "reprotect, to another host that has its datastores.",
        source="vSphere runtime.host of the VM; runtime.connectionState, runtime.inMaintenanceMode of the host",
        steps=frozenset({Step.REPROTECT, Step.FAILBACK}),
        is_waivable=True,
    )
)
def on_premises_host_ready(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """Connected and no maintenance; not asked long before, when hosts are patched every week."""
    found = vm_or_answer(context, "host")
    if isinstance(found, Answer):
        return found
    host = found.host
    if host is None or host.connection_state is None or host.is_in_maintenance is None:
        return unknown(f"VM {found.vm.name}: its host, or the state of it, could not be read")
    if host.connection_state != CONNECTED:
        return failed(f"host {host.name} of VM {found.vm.name} is {host.connection_state}")
    if host.is_in_maintenance:
        return failed(f"host {host.name} of VM {found.vm.name} is in maintenance mode")
    return passed(f"host {host.name} is connected")


@item_check(
    About(
        id="MemoryForPowerOn",
        clause="R1",
        condition="OnPremisesSafe",
        expected="the VM's host, or with DRS one host of its cluster, has as much memory free as the VM has, beside that of "
        "VMs that are being failed back",
        remedy="Switch off or move other VMs, or let fewer machines fail back at a time (spec.concurrency.failback), until a "
        "host has room. Failback cannot be repeated: look before it begins.",
        source="Error 8038 of a failback: the on-premises VM cannot be switched on, the host is short of memory; vSphere "
        "summary.hardware.memorySize, summary.quickStats.overallMemoryUsage; clusters' drsConfig",
        steps=frozenset({Step.FAILBACK}),
        judged_at=frozenset({Step.REPROTECT}),
        is_waivable=True,
    )
)
def memory_for_power_on(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """Enough is free where the VM is switched on. Figures move at rest, so none is told but the VM's own."""
    found = vm_or_answer(context, "memory_mib", "power_state", "host")
    if isinstance(found, Answer):
        return found
    if found.vm.power_state is PowerState.ON:
        return not_applicable(f"VM {found.vm.name} is on already")
    if found.vm.memory_mib is None or found.host is None:
        return unknown(f"VM {found.vm.name}: its memory or its host could not be read")
    return _in_cluster(context, found, found.host, found.vm.memory_mib)


def _in_cluster(context: MachineContext, located: LocatedVm, host: Host, needed: int) -> Answer:
    cluster = located.facts.cluster(host.cluster)
    is_placed = cluster is not None and is_placed_by_drs(cluster, located)
    claimed = context.claims.memory_mib.get(place_of(located, host), 0)
    if cluster is not None and is_placed:
        hosts = [each for each in located.facts.hosts if each.cluster == cluster.moref and _is_usable(each)]
        return _fits(hosts, needed, claimed, f"cluster {cluster.name}")
    own = _fits([host] if _is_usable(host) else [], needed, claimed, f"host {host.name}")
    if own.is_pass or is_placed is False:
        return own
    return unknown(f"{own.observed}; whether DRS chooses another one could not be read")


def is_placed_by_drs(cluster: Cluster, located: LocatedVm) -> bool | None:
    """Whether DRS chooses the host when the VM is switched on; None where that could not be read."""
    if cluster.motion is None:
        return None
    applies = cluster.motion.applies(located.vm.moref)
    return applies and cluster.motion.behavior_for(located.vm.moref) != MANUAL


def place_of(located: LocatedVm, host: Host) -> Place:
    """Whose memory the VM on `host` takes when it is switched on: its cluster's where DRS chooses the host, else its host's."""
    cluster = located.facts.cluster(host.cluster)
    if cluster is not None and is_placed_by_drs(cluster, located):
        return (located.vcenter, cluster.moref)
    return (located.vcenter, host.moref)


def memory_of_failback(context: MachineContext) -> dict[Place, int]:
    """What the VM will take of the memory of its place, in MiB, while it is not on yet."""
    located = context.vm
    if located is None or located.host is None or located.vm.power_state is PowerState.ON or not located.vm.memory_mib:
        return {}
    return {place_of(located, located.host): located.vm.memory_mib}


def _is_usable(host: Host) -> bool:
    return host.connection_state == CONNECTED and host.is_in_maintenance is False


def _fits(hosts: list[Host], needed: int, claimed: int, where: str) -> Answer:
    """One host has room for this VM, and all of them together for those that are on their way too."""
    free = [_free_mib(host) for host in hosts]
    known = [mib for mib in free if mib is not None]
    if max(known, default=0) >= needed and sum(known) >= needed + claimed:
        return passed(f"{where} has {needed} MiB of memory free")
    if len(known) < len(free):
        return unknown(f"{where}: the free memory of a host could not be read")
    beside = " beside the VMs that are being failed back" if claimed else ""
    return failed(f"{where}: no host has {needed} MiB of memory free{beside}")


def _free_mib(host: Host) -> int | None:
    if host.memory_bytes is None or host.used_memory_bytes is None:
        return None
    return (host.memory_bytes - host.used_memory_bytes) // MIB
