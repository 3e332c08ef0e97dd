"""What a machine needs of its master target: it takes machines, its host was discovered, its layout is recorded."""

from failback_operator.checks.answers import Answer, any_of, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, MachineContext, TargetContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.machine.base import fresh_detail, item_check, named, targets_of
from failback_operator.checks.machine.systems import fitting_targets
from failback_operator.checks.master_target.base import no_server, no_vm
from failback_operator.checks.master_target.storage import TAKES_FAILBACK
from failback_operator.domain.fabric import MasterTargetServer
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.steps import EffectKind, Step
from failback_operator.domain.vsphere import Host


@item_check(
    About(
        id="MasterTargetOpen",
        clause="R6",
        condition="OperationAllowed",
        expected="a master target that may take the machine is not cordoned",
        remedy="Set spec.cordon: false on one of the named master targets, or name another one in spec.masterTargets of the "
        "plan.",
        source="spec.cordon of the MasterTargets that the plan allows and whose operating system fits",
        steps=BEFORE_REPROTECT,
    )
)
def master_target_open(context: MachineContext, item: ProtectedItem) -> Answer:
    """Not asked of a machine that has its master target: a cordon keeps out further ones only."""
    if context.assigned is not None:
        return passed(f"it goes through {context.assigned.target.name}")
    targets = fitting_targets(context, item)
    if not targets:
        return unknown("no master target is known for it: see OSMatch and MasterTargetKnown")
    if all(target.target.spec.cordon for target in targets):
        return failed(f"all master targets that may take it are cordoned: {listed(t.target.name for t in targets)}")
    return passed("a master target that may take it is not cordoned")


@item_check(
    About(
        id="HostDiscoveryComplete",
        clause="R23",
        condition="DatastoresReachable",
        expected="for a physical machine, Site Recovery has discovered the master target's host: it lists all VMFS and vSAN "
        "datastores that the host has",
        remedy="Refresh the configuration server (portal: Configuration Servers > Refresh Server; up to 30 minutes) before the "
        "reprotect. If the datastore is not listed then, see DatastoresDiscovered.",
        source="Vendor's page on preparing failback: for physical machines the discovery of the master target's host is complete "
        "before reprotect; discoveryType of the item; masterTargetServers[].dataStores against the datastores of the host",
        steps=BEFORE_REPROTECT,
        fixes=frozenset({EffectKind.REFRESH_PROVIDER}),
    )
)
def host_discovery_complete(context: MachineContext, item: ProtectedItem) -> Answer:
    """Asked of an item that was discovered as a physical machine, while it replicates to Azure or runs there."""
    is_physical = _is_physical(context, item)
    if is_physical is None:
        return unknown("how the machine was discovered could not be read lately")
    if not is_physical:
        return not_applicable("it is no physical machine")
    targets = fitting_targets(context, item) or targets_of(context)
    if not targets:
        return unknown("no master target is known for it")
    return any_of(named(target, _host_discovered(target)) for target in targets)


def _is_physical(context: MachineContext, item: ProtectedItem) -> bool | None:
    """By discoveryType. Of a reversed item it tells of the Azure VM, which is a physical machine to the service (recorded)."""
    if item.instance_type is not InstanceType.TO_AZURE:
        return False
    detail = fresh_detail(context, item)
    if detail is None or (detail.discovery_type is None and detail.vcenter_infrastructure_id is None):
        return None
    return (detail.discovery_type or "").casefold() == "physical"


def _host_discovered(target: TargetContext) -> Answer:
    if target.server is None:
        return unknown(no_server(target))
    if target.vm is None:
        return unknown(no_vm(target))
    if target.vm.host is None:
        return unknown(f"the host of VM {target.vm.vm.name} could not be read")
    return _listed_all(target.server, target.vm, target.vm.host)


def _listed_all(server: MasterTargetServer, located: LocatedVm, host: Host) -> Answer:
    stores = [located.facts.datastore(moref) for moref in host.datastores]
    wanted = {s.name for s in stores if s is not None and (s.type or "").upper() in TAKES_FAILBACK and s.is_accessible}
    missing = wanted - {store.symbolic_name for store in server.datastores}
    if missing:
        return failed(f"datastores of host {host.name} that Site Recovery does not list: {listed(missing)}")
    if any(s is None or s.type is None or s.is_accessible is None for s in stores):
        return unknown(f"host {host.name}: not all of its datastores could be read")
    if not wanted:
        return failed(f"host {host.name} has no accessible VMFS or vSAN datastore")
    return passed(f"Site Recovery lists all datastores of host {host.name}")


@item_check(
    About(
        id="LayoutRecorded",
        clause="R15",
        condition="OnPremisesSafe",
        expected="how the disks of the master target lay before the machine's reprotect was recorded, so that a move is seen",
        remedy="See in the vSphere client's events of the master target (VmRelocatedEvent) that no disk of it was moved since "
        "the reprotect; then waive this check for the machine.",
        source="design of the operator: the layout is recorded in the FailbackMachine before reprotect; a reprotect by hand, or "
        "a machine object that was lost, leaves no record",
        steps=frozenset({Step.FAILBACK}),
        is_waivable=True,
        needs_machine=True,
    )
)
def layout_recorded(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """A record with the disks of the master target."""
    if context.record is None or not context.record.master_target_disks:
        return failed("the layout of the master target's disks at the reprotect was not recorded")
    return passed("the layout of the master target's disks was recorded")
