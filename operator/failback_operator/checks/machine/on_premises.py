"""The on-premises VM: found, untouched since the failover, off until failback, up before commit."""

from datetime import datetime

from failback_operator.api.common import Severity, rfc3339
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.answers import Answer, any_of, every, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, MachineContext
from failback_operator.checks.define import BEFORE_FAILBACK, BEFORE_REPROTECT, ORIGINAL, About
from failback_operator.checks.machine.base import fresh_detail, item_check, vm_or_answer
from failback_operator.checks.machine.returning import is_namesake, is_physical
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.steps import Step
from failback_operator.domain.verdicts import Outcome
from failback_operator.domain.vsphere import PowerState, VirtualMachine

OTHER = (
    "Find out whether it is the machine's own VM with new cards: then waive this check for the machine. Else rename it, and "
    "bring the machine's own VM back into the inventory."
)
EVENTS = (
    "Look at the VM's events in vCenter (Monitor > Events): if it was not powered on since the failover, waive this check for "
    "the machine; and let the operator's account read events."
)


@item_check(
    About(
        id="OnPremisesVMFound",
        clause="R3",
        condition="OnPremisesSafe",
        expected="vCenter has exactly one VM of the machine, it is connected, and it is no template",
        remedy="Bring the VM back into the inventory. If it was deleted on purpose before reprotect, waive this check for the "
        "machine: Site Recovery then makes a new VM on the master target's host. Of several VMs with one UUID the copies are "
        "removed.",
        source="vSphere searchIndex by UUID; runtime.connectionState; vendor: a VM may be deleted before reprotect, not after",
        steps=BEFORE_FAILBACK,
        is_waivable=True,
        also=("R22",),
        needs_machine=True,
        locations=ORIGINAL,
    )
)
def on_premises_vm_found(context: MachineContext, item: ProtectedItem) -> Answer:
    """One VM, connected, its own and no template."""
    if context.vm is not None:
        return _is_whole(context.vm.vm, is_other=is_namesake(context, item))
    if context.vms:
        return failed(f"several VMs match, clones of one another: {listed(_placed(v) for v in context.vms)}")
    if not context.site.vsphere_is_complete:
        return unknown(context.site.vsphere_gap)
    if is_physical(context, item):
        return not_applicable("it is a physical machine, and comes back as a new VM")
    if item.instance_type is InstanceType.TO_ON_PREMISES and context.record and context.record.vm_instance_uuid is None:
        return not_applicable("there was no VM at the reprotect: it comes back as a new one")
    return failed(f"no VM of {context.name} is in vCenter")


def _placed(located: LocatedVm) -> str:
    return f"{located.vm.name} on {located.host.name if located.host else 'an unknown host'}"


def _is_whole(vm: VirtualMachine, *, is_other: bool) -> Answer:
    if vm.connection_state is None:
        return unknown(f"VM {vm.name}: its connection state could not be read")
    if vm.connection_state != "connected":
        return failed(f"VM {vm.name} is {vm.connection_state}")
    if vm.is_template:
        return failed(
            f"VM {vm.name} is a template", "Convert the template to a virtual machine: a template cannot be switched on."
        )
    if is_other:
        return failed(f"VM {vm.name} has the machine's name, but none of the network cards that Site Recovery knows of it", OTHER)
    if "is_template" in vm.unread:
        return unknown(f"VM {vm.name}: vCenter did not let it be read whether it is a template")
    return passed(f"VM {vm.name} is there")


@item_check(
    About(
        id="OnPremisesDiverged",
        clause="R1",
        condition="OnPremisesSafe",
        expected="the on-premises VM is off, and neither started nor got a snapshot since the failover",
        remedy="Reprotect overwrites this VM. Find out who works on it and save what is new; then shut it down, or waive this "
        "check for the machine by name.",
        source="vSphere runtime.powerState, summary.runtime.bootTime (cleared at power-off), VmPoweredOnEvent, snapshot; "
        "vendor: reprotect powers it off, merges snapshots, overwrites its disks",
        steps=frozenset({Step.REPROTECT}),
        is_waivable=True,
        needs_machine=True,
    )
)
def on_premises_diverged(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """Off, no boot and no snapshot later than the failover."""
    found = vm_or_answer(context, "power_state", "boot_time", "snapshots")
    if isinstance(found, Answer):
        return found
    return every((_is_off(found.vm), _booted(found.vm, context), _snapshots(found.vm, context.failed_over_at)))


def _is_off(vm: VirtualMachine) -> Answer:
    if vm.power_state is None:
        return unknown(f"VM {vm.name}: its power state could not be read")
    return (
        passed(f"VM {vm.name} is off") if vm.power_state is PowerState.OFF else failed(f"VM {vm.name} is {vm.power_state.value}")
    )


def _booted(vm: VirtualMachine, context: MachineContext) -> Answer:
    failed_over_at = context.failed_over_at
    if failed_over_at is None:
        if vm.boot_time is None and not vm.starts:
            return passed(f"VM {vm.name} shows no start")
        return unknown(f"VM {vm.name} was started once, and when the machine failed over is not known")
    kept = context.machine.spec.on_premises_starts if context.machine else []
    moments = [*(each.seen_at for each in kept if each.failed_over_at == failed_over_at), *_starts(vm, failed_over_at)]
    if moments:
        return failed(f"VM {vm.name} was started after the failover, at {rfc3339(min(moments))}")
    if vm.starts is None and vm.boot_time is None and vm.power_state is PowerState.OFF:
        return unknown(f"VM {vm.name}: its events, which tell of a start since the failover, could not be read", EVENTS)
    return passed(f"VM {vm.name} was not started since the failover")


def _starts(vm: VirtualMachine, failed_over_at: datetime) -> list[datetime]:
    told = [*(vm.starts or ()), *([vm.boot_time] if vm.boot_time else [])]
    return [each for each in told if each > failed_over_at]


def started_since(vm: VirtualMachine, failed_over_at: datetime, now: datetime) -> datetime | None:
    """The first start after the failover that vCenter shows; `now` for a VM that is on and of which no boot time is told."""
    found = _starts(vm, failed_over_at)
    if not found and vm.power_state is PowerState.ON and vm.boot_time is None:
        return now
    return min(found, default=None)


def _snapshots(vm: VirtualMachine, failed_over_at: datetime | None) -> Answer:
    if not vm.snapshots:
        return passed(f"VM {vm.name} has no snapshot")
    if failed_over_at is None:
        return unknown(f"VM {vm.name} has snapshots, and when the machine failed over is not known")
    later = [s.name for s in vm.snapshots if s.created > failed_over_at]
    if later:
        return failed(f"VM {vm.name} got snapshots after the failover: {listed(later)}")
    return passed(f"VM {vm.name} got no snapshot since the failover")


@item_check(
    About(
        id="OnPremisesOff",
        clause="R1",
        condition="OnPremisesSafe",
        expected="the on-premises VM stays off between reprotect and failback",
        remedy="Shut the on-premises VM down: its disks are being written by the master target. If it was on while they were, "
        "reprotect the machine anew.",
        source="vSphere runtime.powerState; vendor: keep the on-premises VM off after reprotect",
        steps=frozenset({Step.FAILBACK}),
    )
)
def on_premises_off(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """Off, without waiver."""
    found = vm_or_answer(context, "power_state")
    return found if isinstance(found, Answer) else _is_off(found.vm)


@item_check(
    About(
        id="OnPremisesUp",
        clause="R1",
        condition="OnPremisesSafe",
        expected="the on-premises machine is proved up since the failback: VMware Tools run, or the configuration server hears "
        "it",
        remedy="Start the VM and look at it; where neither tools nor agent can tell, a named person's waiver for the machine "
        "says that it works. After the commit the Azure VM is gone.",
        source="vSphere guest.toolsRunningStatus; lastHeartbeat of the item or agent, newer than the failback's end",
        steps=frozenset({Step.COMMIT}),
        is_waivable=True,
        needs_machine=True,
    )
)
def on_premises_up(context: MachineContext, item: ProtectedItem) -> Answer:
    """Tools run on a VM that is on, or a heartbeat is newer than the failback."""
    if context.phase is Phase.FAILING_BACK:
        return not_applicable("the failback runs")
    return any_of((_tools(context), _heard(context, item)))


def _tools(context: MachineContext) -> Answer:
    found = vm_or_answer(context, "power_state", "guest")
    if isinstance(found, Answer):
        return failed("vCenter has no VM of the machine") if found.outcome is Outcome.NOT_APPLICABLE else found
    vm = found.vm
    if vm.power_state is None:
        return unknown(f"VM {vm.name}: its power state could not be read")
    if vm.power_state is not PowerState.ON:
        return failed(f"VM {vm.name} is {vm.power_state.value}")
    if vm.guest.tools_running_status == "guestToolsRunning":
        return passed(f"VM {vm.name} is on and its tools run")
    return failed(f"VM {vm.name} is on, but its tools do not run")


def _heard(context: MachineContext, item: ProtectedItem) -> Answer:
    detail = fresh_detail(context, item)
    beats = [b for b in (item.last_heartbeat, detail.agent_last_heartbeat if detail else None) if b is not None]
    since = _azure_vm_silent_since(context)
    if since is None or not beats:
        return not_applicable("no heartbeat can be set against the failback")
    if max(beats) > since:
        return passed("the configuration server heard it after the failback")
    return failed("the configuration server did not hear it since the failback")


def _azure_vm_silent_since(context: MachineContext) -> datetime | None:
    """From when on a heartbeat cannot be the Azure VM's: the end of the failback, else its start and the agent's grace.

    Until the failback shuts the Azure VM down, its agent still reports: later than the start proves nothing.
    """
    started = context.last_failback_at
    if started is None:
        return None
    ended = [j.ended_at for j in context.jobs if j.started_at == started and j.ended_at is not None]
    return max(ended, default=started + context.site.limits.agent_registration_grace)


@item_check(
    About(
        id="SourceDiskUuid",
        clause="R19",
        condition="OnPremisesSafe",
        expected="disk.EnableUUID is TRUE on the on-premises VM as well",
        remedy="Set disk.EnableUUID = TRUE on the VM (Edit Settings > VM Options > Advanced) before the next disaster; without "
        "it a disk may come back whole, as a further disk.",
        source="Site Recovery's common problems: VMDKs of a source without disk.enableUUID are identified as well as can be",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
def source_disk_uuid(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """TRUE on the source."""
    found = vm_or_answer(context, "disk_uuid_enabled")
    if isinstance(found, Answer):
        return found
    if found.vm.disk_uuid_enabled:
        return passed(f"VM {found.vm.name}: disk.EnableUUID is TRUE")
    return failed(f"VM {found.vm.name}: disk.EnableUUID is not TRUE")
