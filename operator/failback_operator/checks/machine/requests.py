"""Whether the operator may do in vCenter what a person asked it to do with a machine's VM."""

from collections.abc import Iterator

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, MachineContext
from failback_operator.checks.define import ALL_STEPS, About
from failback_operator.checks.machine.base import item_check
from failback_operator.checks.machine.deletion import deletion_of
from failback_operator.domain.grants import DELETION_NEEDS, DETACH_NEEDS, REATTACH_NEEDS, Grants
from failback_operator.domain.protected_item import ProtectedItem

Need = tuple[str, LocatedVm, tuple[str, ...]]
"""The field that asks, the VM, and the privileges on it."""


@item_check(
    About(
        id="RequestPrivileges",
        clause="R22",
        condition="OnPremisesSafe",
        expected="the operator's account in vCenter holds what spec.reattach and spec.deletions of the plan need, on the VMs "
        "that they change",
        remedy="Give the account (Secret of spec.vcenters[].credentialsRef) a role with these privileges on the VMs named, or "
        "do by hand what was asked for, and remove the entry.",
        source="AuthorizationManager.HasUserPrivilegeOnEntities; privileges that ReconfigVM_Task, PowerOnVM_Task and "
        "Destroy_Task require",
        steps=ALL_STEPS,
        severity=Severity.WARNING,
        also=("R15",),
    )
)
def request_privileges(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """Each privilege on each VM. A warning: what the operator may not do a person may."""
    needs = tuple(_needs(context))
    if not needs:
        return not_applicable("nothing is asked for of its VM")
    told = []
    for field, located, ids in needs:
        grants = located.facts.own_grants
        held = grants.of(located.vm.moref) if grants is not None else None
        if grants is None or held is None:
            return unknown(_unread(grants, located))
        lacking = sorted(held.lacking & set(ids))
        told += [f"{field} needs {', '.join(lacking)} on VM {located.vm.name}"] if lacking else []
    if told:
        return failed(f"the operator's account lacks privileges: {'; '.join(sorted(told))}")
    return passed(f"the operator's account holds what {listed(field for field, *_ in needs)} needs")


def _unread(grants: Grants | None, located: LocatedVm) -> str:
    if grants is not None and grants.unread is not None:
        return f"the privileges of {grants.account} could not be read: {grants.unread[:300]}"
    return f"the privileges of the operator's account on VM {located.vm.name} were not read yet"


def _needs(context: MachineContext) -> Iterator[Need]:
    vm, target = context.vm, context.came_through.vm if context.came_through is not None else None
    if any(each.machine == context.name for each in context.plan.spec.reattach):
        if vm is not None:
            yield "spec.reattach", vm, REATTACH_NEEDS
        if target is not None:
            yield "spec.reattach", target, DETACH_NEEDS
    if deletion_of(context) is not None and vm is not None:
        yield "spec.deletions", vm, DELETION_NEEDS
