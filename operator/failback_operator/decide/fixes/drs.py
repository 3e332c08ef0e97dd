"""The master target is excluded from DRS of its cluster. Clause R15.

Safety rule 8 allows it while protected disks are held, as it does for Storage DRS.
"""

from collections.abc import Iterator

from failback_operator.api.common import LedgerEntry
from failback_operator.checks.contexts import LocatedVm
from failback_operator.decide.fixes.base import AUTOMATIC, Ailing, Fix, FixRule
from failback_operator.domain.ids import Moref
from failback_operator.domain.mending import subject_in
from failback_operator.domain.steps import EffectKind

CHECK = "DrsAutomation"


def _propose(ailing: Ailing) -> Iterator[Fix]:
    located, vm = ailing.located, ailing.vm
    wanted = ailing.context.target.spec.remediation.exclude_from_drs == AUTOMATIC
    if CHECK not in ailing.failing or not wanted or located.host is None:
        return
    cluster = located.facts.cluster(located.host.cluster)
    if cluster is None or cluster.motion is None:
        return
    text = f"Will be excluded by the operator: {vm.name} from DRS of cluster {cluster.name}."
    # Source: vSphere API, ClusterDrsConfigInfo.enableVmBehaviorOverrides: false, and no VM's own setting is heeded.
    deaf = (
        None if cluster.motion.are_rules_heeded else f"cluster {cluster.name} heeds no VM overrides (enableVmBehaviorOverrides)"
    )
    yield Fix(EffectKind.EXCLUDE_FROM_DRS, CHECK, text, deaf, subject=cluster.moref)


def _is_reached(entry: LedgerEntry, located: LocatedVm) -> bool | None:
    cluster = located.facts.cluster(Moref(subject_in(entry.key)))
    applies = cluster.motion.applies(located.vm.moref) if cluster is not None and cluster.motion is not None else None
    return None if applies is None else not applies


DRS = FixRule(EffectKind.EXCLUDE_FROM_DRS, _propose, _is_reached)
