"""Whether one and the same master target does in every respect."""

from dataclasses import replace

from failback_operator.api.v1alpha1.failback_plan import Location
from failback_operator.checks.answers import Answer, any_of, every, not_applicable
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.machine.base import AskItem, item_check, targets_of
from failback_operator.checks.machine.datastores import datastore_listed, datastore_mounted
from failback_operator.checks.machine.disks import group_disk_limit
from failback_operator.checks.machine.new_vm import name_in_the_way, new_vm_datastore, new_vm_supported
from failback_operator.checks.machine.systems import fitting_targets, os_match, os_version
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.verdicts import Outcome

RESPECTS = (
    os_version,
    group_disk_limit,
    datastore_mounted,
    datastore_listed,
    new_vm_datastore,
    new_vm_supported,
    name_in_the_way,
)
"""What is asked of a target that is not surely unfit by its system."""


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
    """One target is right in all. Where none is and a single respect fails for all of them, that one's check tells it."""
    if len(targets_of(context)) < 2:
        return not_applicable("there is no choice of master targets: the single checks tell all")
    fitting = fitting_targets(context, item)
    whole = any_of(_whole(replace(context, assigned=target), item) for target in fitting)
    if not whole.is_pass and any(ask(context, item).outcome is Outcome.FAIL for ask in (os_match, *_respects(context))):
        return not_applicable("a single respect already fails")
    return whole


def _respects(context: MachineContext) -> tuple[AskItem, ...]:
    is_original = context.plan.spec.location is Location.ORIGINAL
    return tuple(ask for ask in RESPECTS if is_original or ask is not datastore_mounted)


def _whole(context: MachineContext, item: ProtectedItem) -> Answer:
    """All respects of one target; the first that fails is enough."""
    given = []
    for ask in _respects(context):
        answer = ask(context, item)
        if answer.outcome is Outcome.FAIL:
            return answer
        given.append(answer)
    return every(given)
