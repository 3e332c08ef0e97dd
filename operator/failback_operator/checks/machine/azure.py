"""The Azure VM: running before reprotect, stopped before commit."""

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.answers import Answer, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import About
from failback_operator.checks.machine.base import item_check
from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import EffectKind, Step

STOPPED = frozenset({"stopped", "deallocated"})
COMMIT_BY_HAND = (
    "See that the machine's Azure VM is stopped, then commit the failback in the portal: nothing that can be read tells which VM "
    "it was. The operator goes on from there."
)
LOOK_AND_COMMIT_BY_HAND = (
    "Look for the machine's Azure VM in every resource group of the subscription: if it is there, stop it. Then commit the "
    "failback in the portal; the operator goes on from there."
)


@item_check(
    About(
        id="AzureVmRunning",
        clause="R1",
        condition="OperationAllowed",
        expected="the Azure VM exists and runs",
        remedy="Start the Azure VM. If it was deleted or moved to another resource group, it cannot be failed back.",
        source="Microsoft.Compute instanceView PowerState; error 78093: VM not running",
        steps=frozenset({Step.REPROTECT}),
    )
)
def azure_vm_running(context: MachineContext, item: ProtectedItem) -> Answer:
    """PowerState/running."""
    if context.azure_vm_is_missing:
        return failed(f"Azure has no VM {item.target_vm_id.resource_name if item.target_vm_id else context.name}")
    if context.azure_vm is None or context.azure_vm.power_state is None:
        return unknown("the power state of the Azure VM could not be read")
    name, state = context.azure_vm.arm_id.resource_name, context.azure_vm.power_state
    return passed(f"Azure VM {name} runs") if state == "running" else failed(f"Azure VM {name} is {state}")


@item_check(
    About(
        id="AzureVmStopped",
        clause="R1",
        condition="OperationAllowed",
        expected="the Azure VM is seen stopped before the commit, so that the machine never runs twice",
        remedy="Stop the Azure VM after making sure that users work on the on-premises machine; the commit deletes it.",
        source="Microsoft.Compute instanceView PowerState; failback shuts the Azure VM down, commit removes it; a VM that was "
        "moved to another resource group has another id, so that its old id is not found either",
        steps=frozenset({Step.COMMIT}),
    )
)
def azure_vm_stopped(context: MachineContext, item: ProtectedItem) -> Answer:
    """PowerState/stopped or deallocated, or gone since the operator's own commit."""
    if context.phase is Phase.FAILING_BACK:
        return not_applicable("the failback runs")
    if context.azure_vm_is_missing:
        return _missing(context, item)
    if context.azure_vm is None and context.record is None:
        return unknown("which Azure VM it was is not recorded", COMMIT_BY_HAND)
    if context.azure_vm is None or context.azure_vm.power_state is None:
        return unknown("the power state of the Azure VM could not be read")
    name, state = context.azure_vm.arm_id.resource_name, context.azure_vm.power_state
    return passed(f"Azure VM {name} is {state}") if state in STOPPED else failed(f"Azure VM {name} is {state}")


def _missing(context: MachineContext, item: ProtectedItem) -> Answer:
    """Not found under its id is not gone. The operator's own commit is proof: it began only when the VM was seen stopped."""
    commit = _own_commit(context)
    if commit is not None:
        return passed(f"the Azure VM was seen stopped before the commit of job {commit}, and is gone since")
    known = ArmId(context.record.azure_vm_id) if context.record else item.target_vm_id
    where = f"under {known}" if known else "where it was"
    return unknown(f"Azure has no VM {where}: it may be deleted, or moved and running", LOOK_AND_COMMIT_BY_HAND)


def _own_commit(context: MachineContext) -> str | None:
    """Job of a commit that the operator made since the failback, whatever became of it."""
    since = context.last_failback_at
    ledger = context.machine.status.ledger if context.machine else []
    made = (e.job for e in ledger if e.effect == EffectKind.COMMIT and since is not None and e.intended_at > since)
    return next((job for job in made if job is not None), None)
