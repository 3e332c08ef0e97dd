"""Nobody touches, from reprotect to failback, that with which a machine comes home. The tamper watch."""

from failback_operator.api.v1alpha1.failback_machine import TamperedPart
from failback_operator.checks.answers import Answer
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import About
from failback_operator.checks.machine.base import item_check
from failback_operator.checks.machine.tampering import azure_vm_changes, judged, master_target_changes, returning_vm_changes
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import Step

GUARDED = frozenset({Step.FAILBACK, Step.COMMIT})


@item_check(
    About(
        id="ReturningVmUntouched",
        clause="R1",
        condition="OnPremisesSafe",
        expected="from reprotect to failback nobody starts, restarts, snapshots, reverts, relocates, removes or registers the "
        "on-premises VM",
        remedy="Ask the account that is named what it did, and stop what does so on a schedule (backup, power management). Shut "
        "the VM down if it is on, remove the snapshot. If its disks were written, reprotect the machine anew; if not, waive this "
        "check for the machine.",
        source="vCenter's events: VmPoweredOnEvent, VmResettingEvent, VmGuestRebootEvent, VmRelocatedEvent, VmRemovedEvent, "
        "VmRegisteredEvent, VmDiscoveredEvent, and TaskEvent of snapshots; vendor: keep the on-premises VM off after reprotect",
        steps=GUARDED,
        is_waivable=True,
        needs_machine=True,
        also=("R22",),
    )
)
def returning_vm_untouched(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """No event of others since the reprotect, now or remembered."""
    return judged(context, TamperedPart.RETURNING_VM, returning_vm_changes(context))


@item_check(
    About(
        id="MasterTargetUntouched",
        clause="R8",
        condition="OnPremisesSafe",
        expected="from the machine's reprotect to its failback nobody switches, restarts, snapshots, reverts, relocates, "
        "removes or registers the master target's VM",
        remedy="Ask the account that is named what it did, and stop what does so on a schedule (backup, patching). Remove the "
        "snapshot, switch the master target on, see in Site Recovery that the machine's replication is healthy; then waive this "
        "check for the machine. Of a move see StorageLayoutUnchanged.",
        source="vCenter's events of the master target, as ReturningVmUntouched has them, and VmPoweredOffEvent; vendor's page on "
        "preparing failback: no snapshot and no Storage vMotion of a master target",
        steps=GUARDED,
        is_waivable=True,
        needs_machine=True,
        also=("R15",),
    )
)
def master_target_untouched(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """The same of the master target. A move that a waiver of StorageLayoutUnchanged passes over is none."""
    return judged(context, TamperedPart.MASTER_TARGET, master_target_changes(context))


@item_check(
    About(
        id="AzureVmUnchanged",
        clause="R1",
        condition="OperationAllowed",
        expected="from reprotect to failback the Azure VM runs, and keeps the size that it had before the reprotect",
        remedy="Who it was is told by Azure's activity log alone: Get-AzActivityLog -ResourceId <id of the VM>. Start the VM, "
        "and switch its auto-shutdown off (portal: the VM > Auto-shutdown). When it runs and its replication is healthy, waive "
        "this check for the machine.",
        source="Microsoft.Compute instanceView PowerState and hardwareProfile.vmSize against what was recorded before reprotect; "
        "error 78093: VM not running",
        steps=GUARDED,
        is_waivable=True,
        needs_machine=True,
    )
)
def azure_vm_unchanged(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """Running, of the recorded size, now and whenever it was looked at since the reprotect."""
    return judged(context, TamperedPart.AZURE_VM, azure_vm_changes(context))
