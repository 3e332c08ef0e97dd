"""The master target is excluded from Storage DRS, one datastore cluster at a time. Clause R15.

Safety rule 8 allows it while protected disks are held: it protects them. Nothing of the VM changes, so it is made for the VM of
the configuration server, too.
"""

from collections.abc import Iterator

from failback_operator.api.common import LedgerEntry
from failback_operator.checks.contexts import LocatedVm
from failback_operator.decide.fixes.base import AUTOMATIC, Ailing, Fix, FixRule
from failback_operator.domain.ids import Moref
from failback_operator.domain.mending import subject_in
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import Pod

EXCLUDED, SILENT = "StorageDrsExcluded", "StorageDrsSilent"
MANUAL = "manual"
"""Source: of a datastore cluster's behaviors, automated and manual, this one only proposes moves."""


def _propose(ailing: Ailing) -> Iterator[Fix]:
    vm = ailing.vm
    wanted = ailing.context.target.spec.remediation.exclude_from_storage_drs == AUTOMATIC
    if not wanted or not ailing.failing & {EXCLUDED, SILENT} or "disks" in vm.unread:
        return
    for pod in _pods(ailing.located):
        if pod.motion is None or not pod.motion.applies(vm.moref):
            continue
        check = SILENT if pod.motion.behavior_for(vm.moref) == MANUAL else EXCLUDED
        if check in ailing.failing:
            text = f"Will be excluded by the operator: {vm.name} from Storage DRS of datastore cluster {pod.name}."
            yield Fix(EffectKind.EXCLUDE_FROM_STORAGE_DRS, check, text, subject=pod.moref)


def _pods(located: LocatedVm) -> list[Pod]:
    """The datastore clusters that hold a disk of the VM, in order."""
    stores = (located.facts.datastore(disk.datastore) for disk in located.vm.disks)
    morefs = {store.pod for store in stores if store is not None and store.pod is not None}
    return [pod for pod in map(located.facts.pod, sorted(morefs)) if pod is not None]


def _is_reached(entry: LedgerEntry, located: LocatedVm) -> bool | None:
    pod = located.facts.pod(Moref(subject_in(entry.key)))
    applies = pod.motion.applies(located.vm.moref) if pod is not None and pod.motion is not None else None
    return None if applies is None else not applies


STORAGE_DRS = FixRule(EffectKind.EXCLUDE_FROM_STORAGE_DRS, _propose, _is_reached)
