"""What forbids the operator to begin anything for a machine of a plan, whatever it is: weightiest first."""

from datetime import datetime

from failback_operator.api.common import LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.checks.answers import listed
from failback_operator.decide.contexts import Machine, PlanState
from failback_operator.decide.coverage import covered_failover, uncovered_text
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.rounds import Round
from failback_operator.decide.standing import Wait, WaitReason
from failback_operator.domain.failover_bound import effective_bound
from failback_operator.domain.ids import ArmId
from failback_operator.domain.steps import EffectKind


def forbidden(plan: PlanState, machine: Machine, found: Round, suspended: str | None) -> Wait | None:
    """Why nothing may begin for the machine now; `suspended` tells why nothing may for the whole plan."""
    survey = machine.survey
    if suspended is not None:
        return Wait(WaitReason.SUSPENDED, suspended)
    if survey.rivals or not survey.is_owner:
        others = listed(survey.rivals) or "another one"
        return Wait(WaitReason.RIVAL, f"it is also in plan {others}: take it out of one of the two")
    other = _at_work_elsewhere(plan, machine)
    if other is not None:
        return Wait(WaitReason.RIVAL, other)
    if covered(plan, found) is None:
        return Wait(WaitReason.NOT_COVERED, uncovered_text(found, plan.plan))
    return hold(plan, survey.name)


def covered(plan: PlanState, found: Round) -> datetime | None:
    """The failover to Azure that the plan covers, if it is the round's."""
    site = plan.context.site
    return covered_failover(found, effective_bound(plan.plan, site.now, site.limits))


def hold(plan: PlanState, name: str) -> Wait | None:
    """Whether the author holds that machine."""
    found = next((h for h in plan.plan.spec.holds if h.machine == name), None)
    if found is None:
        return None
    why = f" ({found.reason})" if found.reason else ""
    return Wait(WaitReason.HELD, f"spec.holds names it{why}: remove the entry to go on")


def mending(found: Round) -> Wait | None:
    """What a person asked for, of the machine's VM, and is not over: no step of its item begins beside it."""
    entry = open_request(found.machine)
    if entry is None:
        return None
    return Wait(WaitReason.VM_CHANGING, f"{entry.effect}, which a person asked for of its VM, is under way")


def open_request(machine: FailbackMachine | None) -> LedgerEntry | None:
    """What a person asked for of a machine's VM that is not over."""
    ledger = machine.status.ledger if machine is not None else []
    return next((e for e in ledger if e.outcome in OPEN and EffectKind(e.effect).is_on_request), None)


def _at_work_elsewhere(plan: PlanState, machine: Machine) -> str | None:
    """Which other site's machine has an effect on the item, or on one of its group, of which the end is not known."""
    group = {item.arm_id for item in machine.context.group}
    for other in plan.context.site.view.other_machines:
        if ArmId(other.spec.item_id) in group:
            where = f"{other.namespace}/{other.name} of RecoverySite {other.spec.site_ref.name}"
            return (
                f"a step that FailbackMachine {where} began on {other.spec.machine_name} is not settled:"
                " see that nothing runs, then delete that FailbackMachine"
            )
    return None
