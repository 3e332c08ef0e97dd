"""Paravirtual SCSI controllers are replaced by LSI Logic ones, with the VM off. Clause R9.

Source: vSphere facts, section 3: controllers are not changed while the VM runs; a guest without the driver does not boot.
"""

from collections.abc import Iterator

from failback_operator.api.common import LedgerEntry
from failback_operator.checks.answers import listed
from failback_operator.checks.contexts import LocatedVm
from failback_operator.checks.master_target.system import target_system
from failback_operator.decide.fixes.base import AUTOMATIC, UNSENT, Ailing, Fix, FixRule, affected, obstacle
from failback_operator.domain.boot import boot_mark
from failback_operator.domain.hard_off import hard_off_text
from failback_operator.domain.mending import ADD_CONTROLLER, FIRST_BOOT, MOVE, SHUT_DOWN_GUEST, UNRECORDED, subject_in
from failback_operator.domain.operating_system import Family
from failback_operator.domain.scsi import free_bus, moves_boot_disk, needs_driver_first, of_kind, paravirtual
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import ControllerKind, PowerState, VirtualMachine

CHECK = "LsiLogicOnly"
KINDS = {
    Family.WINDOWS: (ControllerKind.LSI_LOGIC_SAS, ControllerKind.LSI_LOGIC),
    Family.LINUX: (ControllerKind.LSI_LOGIC, ControllerKind.LSI_LOGIC_SAS),
}
"""By preference. Source: vSphere facts, section 3: Windows since 2008 has LSI Logic SAS in box, Linux both."""


def _propose(ailing: Ailing) -> Iterator[Fix]:
    vm, context = ailing.vm, ailing.context
    wanted = context.target.spec.remediation.replace_controllers == AUTOMATIC
    if CHECK not in ailing.failing or not wanted or {"controllers", "disks"} & vm.unread or not paravirtual(vm):
        return
    kind = _kind(ailing)
    buses = listed(f"SCSI controller {c.bus_number}" for c in paravirtual(vm))
    head = f"Will be replaced by the operator: paravirtual {buses} of {vm.name}"
    if kind is None:
        why = "no kind of LSI Logic is known that its guest has a driver for and the operator accepts (--accepted-controllers)"
        yield Fix(EffectKind.REPLACE_CONTROLLERS, CHECK, f"{head}.", why)
        return
    how = "it is shut down and powered on again, and the disks keep bus and unit"
    if needs_driver_first(vm, kind):
        how += (
            f"; before that it is restarted once beside an empty {kind.value} controller, which stays, so that it has the driver"
        )
    text = f"{head} by {kind.value}: {how}.{affected(context)}{hard_off_text(context.target, context.site.limits)}"
    yield Fix(EffectKind.REPLACE_CONTROLLERS, CHECK, text, obstacle(context) or _own_obstacle(ailing, kind), subject=kind.value)


def _kind(ailing: Ailing) -> ControllerKind | None:
    family = target_system(ailing.context).family
    accepted = ailing.context.site.limits.accepted_controllers
    return next((k for k in KINDS[family] if k in accepted), None) if family is not None else None


def _own_obstacle(ailing: Ailing, kind: ControllerKind) -> str | None:
    vm, spec = ailing.vm, ailing.context.target.spec
    if not spec.allow_power_cycle:
        return "controllers are changed with the VM off, and spec.allowPowerCycle is not set"
    if vm.snapshots or "snapshots" in vm.unread:
        return "its snapshots have to go first"
    if moves_boot_disk(vm) and not spec.allow_boot_disk_move:
        return "its boot disk may hang on one of them, and spec.allowBootDiskMove is not set"
    if vm.power_state is not PowerState.ON:
        return "the VM does not run: power it on, if it is to run"
    if needs_driver_first(vm, kind) and not of_kind(vm, {kind}) and free_bus(vm) is None:
        return f"all four SCSI buses are taken, so that the guest cannot be booted beside an empty {kind.value} controller"
    return None


def _is_reached(entry: LedgerEntry, located: LocatedVm) -> bool | None:  # noqa: ARG001 - the form of these functions
    vm = located.vm
    if "controllers" in vm.unread or vm.power_state is None:
        return None
    return not paravirtual(vm) and vm.power_state is PowerState.ON


def _resume(entry: LedgerEntry, located: LocatedVm) -> str | None:
    """What the first call may have been tells the VM: an added controller, a guest that goes down, a VM that is off."""
    vm, kind = located.vm, ControllerKind(subject_in(entry.key))
    if {"controllers", "disks"} & vm.unread or vm.power_state not in {PowerState.ON, PowerState.OFF}:
        return None
    if not needs_driver_first(vm, kind):
        return f"{MOVE}/{SHUT_DOWN_GUEST}/{_boot(vm)}"
    if not of_kind(vm, {kind}):
        return UNSENT
    is_on = vm.power_state is PowerState.ON
    return f"{ADD_CONTROLLER}/{boot_mark(vm)}/{UNRECORDED}" if is_on else f"{FIRST_BOOT}/{SHUT_DOWN_GUEST}/{UNRECORDED}"


def _boot(vm: VirtualMachine) -> str:
    return boot_mark(vm) if vm.power_state is PowerState.ON else UNRECORDED


CONTROLLERS = FixRule(EffectKind.REPLACE_CONTROLLERS, _propose, _is_reached, _resume)
