"""Whether one and the same master target does in every respect."""

from dataclasses import replace

from failback_operator.checks.answers import Answer, any_of, every, not_applicable
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.machine.base import item_check, targets_of
from failback_operator.checks.machine.datastores import datastore_mounted
from failback_operator.checks.machine.disks import group_disk_limit
from failback_operator.checks.machine.systems import os_match, os_version
from failback_operator.domain.vault import ProtectedItem
from failback_operator.domain.verdicts import Outcome

RESPECTS = (os_match, os_version, group_disk_limit, datastore_mounted)


@item_check(
    About(
        id="MasterTargetFits",
        clause="R6",
        condition="DiskLimit",
        expected="one master target fits in every respect: family, version, disk slots, datastores",
        remedy="Add a master target that joins what the named ones have singly, or name another one in spec.masterTargets.",
        source="R6, R7 and R20 hold for the one master target that takes the machine",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
        needs_machine=True,
    )
)
def master_target_fits(context: MachineContext, item: ProtectedItem) -> Answer:
    """Asked only where each respect by itself is met by some master target."""
    targets = targets_of(context)
    if len(targets) < 2:
        return not_applicable("there is no choice of master targets: the single checks tell all")
    if any(ask(context, item).outcome is Outcome.FAIL for ask in RESPECTS):
        return not_applicable("a single respect already fails")
    each = [replace(context, assigned=target) for target in targets]
    return any_of(_whole(one, item) for one in each)


def _whole(context: MachineContext, item: ProtectedItem) -> Answer:
    return every(ask(context, item) for ask in RESPECTS)
