"""The VM is shut down and powered on, so that disk.EnableUUID takes effect. Clause R19."""

from collections.abc import Iterator

from failback_operator.api.common import LedgerEntry
from failback_operator.checks.contexts import LocatedVm
from failback_operator.decide.fixes.base import Ailing, Fix, FixRule, affected, obstacle
from failback_operator.decide.fixes.disk_uuid import CHECK
from failback_operator.domain.boot import boot_mark
from failback_operator.domain.hard_off import hard_off_text
from failback_operator.domain.mending import SHUT_DOWN_GUEST, UNRECORDED
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

UNRECORDED_SHUTDOWN = f"{SHUT_DOWN_GUEST}/{UNRECORDED}"
"""Job of a power cycle of which only the result is seen: the VM is off. In the form that act/ follows."""


def _propose(ailing: Ailing) -> Iterator[Fix]:
    vm, context = ailing.vm, ailing.context
    if CHECK not in ailing.failing or "disk_uuid_enabled" in vm.unread or vm.disk_uuid_enabled is not True:
        return
    if context.target.spec.allow_power_cycle and vm.power_state is PowerState.ON:
        text = f"Will be power-cycled by the operator: {vm.name}, so that disk.EnableUUID takes effect.{affected(context)}"
        text += hard_off_text(context.target, context.site.limits)
        yield Fix(EffectKind.POWER_CYCLE, CHECK, text, obstacle(context))


def _is_reached(entry: LedgerEntry, located: LocatedVm) -> bool | None:
    """Whether it runs in another boot than the one before. Of another command's end only its task tells: act/ follows that."""
    vm = located.vm
    if vm.power_state is not PowerState.ON:
        return None if vm.power_state is None else False
    if vm.boot_time is None:
        return None
    command, _, mark = (entry.job or "").partition("/")
    return command == SHUT_DOWN_GUEST and boot_mark(vm) != mark


def _resume(entry: LedgerEntry, located: LocatedVm) -> str | None:  # noqa: ARG001 - the form of these functions
    """As one whose shutdown was asked for: the VM is off, or its guest may be going down, and is to be switched on again."""
    vm = located.vm
    jobs = {PowerState.OFF: UNRECORDED_SHUTDOWN, PowerState.ON: f"{SHUT_DOWN_GUEST}/{boot_mark(vm)}"}
    return jobs.get(vm.power_state) if vm.power_state is not None else None


POWER_CYCLE = FixRule(EffectKind.POWER_CYCLE, _propose, _is_reached, _resume)
