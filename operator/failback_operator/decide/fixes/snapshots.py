"""Snapshots are removed, and what is left of them in the disks is consolidated. Clause R8."""

from collections.abc import Iterator

from failback_operator.api.common import LedgerEntry
from failback_operator.checks.contexts import LocatedVm
from failback_operator.decide.fixes.base import AUTOMATIC, Ailing, Fix, FixRule, affected, obstacle
from failback_operator.domain.steps import EffectKind

CHECK = "NoSnapshots"


def _propose(ailing: Ailing) -> Iterator[Fix]:
    vm, context = ailing.vm, ailing.context
    is_known = not {"snapshots", "consolidation_needed"} & vm.unread
    if CHECK not in ailing.failing or context.target.spec.remediation.remove_snapshots != AUTOMATIC or not is_known:
        return
    if vm.snapshots:
        names = ", ".join(f'"{s.name}"' for s in sorted(vm.snapshots, key=lambda s: (s.created, s.moref)))
        noun = "snapshot" if len(vm.snapshots) == 1 else f"{len(vm.snapshots)} snapshots"
        text = f"Will be removed by the operator: {noun} {names} of {vm.name}.{affected(context)}"
    elif vm.consolidation_needed:
        text = f"Will be consolidated by the operator: the disks of {vm.name}, in which a snapshot left files.{affected(context)}"
    else:
        return
    yield Fix(EffectKind.REMOVE_SNAPSHOTS, CHECK, text, obstacle(context))


def _is_reached(entry: LedgerEntry, located: LocatedVm) -> bool | None:  # noqa: ARG001 - the form of these functions
    vm = located.vm
    if {"snapshots", "consolidation_needed"} & vm.unread:
        return None
    return not vm.snapshots and not vm.consolidation_needed


SNAPSHOTS = FixRule(EffectKind.REMOVE_SNAPSHOTS, _propose, _is_reached)
