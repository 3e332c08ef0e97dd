"""disk.EnableUUID is set. Clause R19."""

from collections.abc import Iterator

from failback_operator.api.common import LedgerEntry
from failback_operator.checks.contexts import LocatedVm
from failback_operator.decide.fixes.base import AUTOMATIC, Ailing, Fix, FixRule, affected, obstacle
from failback_operator.domain.steps import EffectKind

CHECK = "DiskEnableUuid"


def _propose(ailing: Ailing) -> Iterator[Fix]:
    vm, context = ailing.vm, ailing.context
    spec = context.target.spec
    if CHECK not in ailing.failing or "disk_uuid_enabled" in vm.unread or vm.disk_uuid_enabled is True:
        return
    if spec.remediation.enable_disk_uuid == AUTOMATIC:
        after = "it is power-cycled afterwards" if spec.allow_power_cycle else "it takes effect when a person power-cycles the VM"
        text = f"Will be set by the operator: disk.EnableUUID=TRUE of {vm.name}; {after}.{affected(context)}"
        yield Fix(EffectKind.SET_DISK_UUID, CHECK, text, obstacle(context))


def _is_reached(entry: LedgerEntry, located: LocatedVm) -> bool | None:  # noqa: ARG001 - the form of these functions
    return None if "disk_uuid_enabled" in located.vm.unread else located.vm.disk_uuid_enabled is True


SET_DISK_UUID = FixRule(EffectKind.SET_DISK_UUID, _propose, _is_reached)
