"""Whether the operator may do in vCenter what the spec asks it to mend."""

from collections.abc import Iterator

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, TargetContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.master_target.base import of_vm, target_check
from failback_operator.domain.enabled import enabled_needs
from failback_operator.domain.grants import Held, Mended
from failback_operator.domain.ids import Moref


@target_check(
    About(
        id="RemediationPrivileges",
        clause="R6",
        condition="VMFound",
        expected="the operator's account in vCenter holds what the enabled remediations need, on each object that they change",
        remedy="Give the account (Secret of spec.vcenters[].credentialsRef) a role with these privileges on the objects named; "
        "or mend by hand, and set the remediation to Manual.",
        source="AuthorizationManager.HasUserPrivilegeOnEntities; privileges that the methods of VirtualMachine, Datastore, "
        "StorageResourceManager and ClusterComputeResource require",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
    )
)
@of_vm
def remediation_privileges(context: TargetContext, located: LocatedVm) -> Answer:
    """Each privilege on each object. A warning: what the operator may not mend a person may, and it blocks by its own check."""
    needs = enabled_needs(context.target)
    if not needs:
        return not_applicable("no remediation is enabled")
    grants = located.facts.own_grants
    if grants is None:
        return unknown("the privileges of the operator's account were not read yet")
    if grants.unread is not None:
        return unknown(f"the privileges of {grants.account} could not be read: {grants.unread[:300]}")
    objects = {kind: tuple(_objects(kind, context, located)) for kind in Mended}
    told = []
    for fix, parts in needs:
        for kind, ids in parts:
            held = [(moref, grants.of(moref)) for moref in objects[kind]]
            unasked = sorted(moref for moref, found in held if found is None)
            if unasked:
                return unknown(f"the privileges of {grants.account} on {kind.value} {listed(unasked)} were not read yet")
            told += [f"{fix} needs {missing}" for _, found in held if found and (missing := _missing(kind, found, ids))]
    if told:
        return failed(f"{grants.account} lacks privileges: {'; '.join(sorted(told))}")
    return passed(f"{grants.account} holds what {listed(fix for fix, _ in needs)} needs")


def _missing(kind: Mended, held: Held, ids: tuple[str, ...]) -> str:
    lacking = sorted(held.lacking & set(ids))
    return f"{', '.join(lacking)} on {kind.value} {held.name}" if lacking else ""


def _objects(kind: Mended, context: TargetContext, located: LocatedVm) -> Iterator[Moref]:
    """What of that kind is changed: the VM, the datastore that is named for a new disk, its disks' pods, its host's cluster."""
    host, facts = located.host, located.facts
    if kind is Mended.VM:
        yield located.vm.moref
    elif kind is Mended.POD:
        stores = (facts.datastore(disk.datastore) for disk in located.vm.disks)
        yield from {store.pod for store in stores if store is not None and store.pod is not None}
    elif kind is Mended.CLUSTER and host is not None and host.cluster is not None:
        yield host.cluster
    elif kind is Mended.DATASTORE and host is not None:
        disk = context.target.spec.remediation.add_retention_disk
        named = (store for store in facts.datastores if disk is not None and store.name == disk.datastore)
        yield from (store.moref for store in named if store.moref in host.datastores)
