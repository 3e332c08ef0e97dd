"""Status of a FailbackMachine."""

from failback_operator.api.common import Finding, Severity
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackMachineStatus
from failback_operator.api.v1alpha1.failback_machine import Assignment, DiskProgress, Phase
from failback_operator.decide.conditions import (
    FALSE,
    IDLE,
    NOT_STALLED,
    TRUE,
    UNKNOWN,
    Conditions,
    State,
    by_condition,
    rendered,
)
from failback_operator.decide.demand import Assignments
from failback_operator.decide.findings import Shown, findings, shortened
from failback_operator.decide.judgement import Ruling, Rulings, is_waived
from failback_operator.decide.phase import running_entry
from failback_operator.decide.standing import Standing, WaitReason
from failback_operator.decide.status_target import pruned
from failback_operator.decide.wording import ALSO_UNKNOWN, blocked_text, doing, fitted, trouble_remedy, trouble_text
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.verdicts import Outcome

BUCKET = 10
MOST_TEXT = 1024
MOST_NAME = 253
NOT_READ = "where it stands is not known"
FOR_A_PERSON = frozenset({WaitReason.SUSPENDED, WaitReason.HELD, WaitReason.NOT_COVERED, WaitReason.RIVAL})


def machine_status(standing: Standing, rulings: Rulings, assignments: Assignments) -> FailbackMachineStatus:
    """Phase, progress, conditions, findings and ledger of one machine."""
    survey = standing.machine.survey
    context, stored = standing.machine.context, survey.machine
    generation = stored.metadata.generation if stored else 1

    def waived(ruling: Ruling) -> bool:
        return is_waived(ruling, context.plan, context.name, context.site.now)

    shown = findings(Shown(r, is_waived=waived(r)) for r in rulings if r.is_open)
    failure = failure_finding(standing)
    listed, omitted = shortened([*([failure] if failure else []), *shown])
    item = survey.round.item if survey.round else None
    # Outside a synchronisation the service tells 0 % of disks that are whole.
    disks = disk_progress(item) if item and standing.phase in {Phase.REPROTECTING, Phase.PROTECTING} else []
    conditions = {**_summaries(standing), **by_condition(rulings, waived)}
    return FailbackMachineStatus(
        observed_generation=generation,
        conditions=rendered(conditions, generation),
        findings=listed,
        findings_omitted=omitted,
        phase=standing.shown_phase,
        assignment=assignment_of(standing, assignments),
        protection_state=fitted(item.protection_state, MOST_NAME)
        if item
        else (stored.status.protection_state if stored else None),
        disks=disks,
        progress=f"{min(d.percent for d in disks)}%" if disks else None,
        job=fitted(_job(standing), MOST_NAME),
        message=message_of(standing)[:MOST_TEXT],
        ledger=pruned(stored.status.ledger) if stored else [],
    )


def assignment_of(standing: Standing, assignments: Assignments) -> Assignment | None:
    """Where the machine comes home through, once slots are kept for it."""
    survey = standing.machine.survey
    state, target = assignments.states.get(survey.group_key), assignments.target_of(survey)
    if state is not None and state.holds_slots and target is not None:
        return Assignment(master_target=target, disks=survey.disks or 0)
    if state is None and survey.round is not None:
        return None
    # Not known now (vault unread): what was assigned is not forgotten.
    return survey.machine.status.assignment if survey.machine and survey.round is None else None


def disk_progress(item: ProtectedItem) -> list[DiskProgress]:
    """Synchronisation of each disk in steps of 10 %, rounded down: 100 only when it is done."""
    if item.detail is None:
        return []
    told_disks = [d for d in item.detail.disks if d.percent is not None]
    return [
        DiskProgress(name=d.name[:253], percent=min(100, max(0, d.percent or 0)) // BUCKET * BUCKET)
        for d in sorted(told_disks, key=lambda d: (d.name, d.id))[:64]
    ]


def _job(standing: Standing) -> str | None:
    found = standing.machine.survey.round
    if found is None:
        return None
    entry = running_entry(found)
    if entry is not None and entry.job:
        return entry.job
    return found.item.current_scenario.job_name if found.item.current_scenario else None


def failure_finding(standing: Standing) -> Finding | None:
    """The finding of a step that failed or is in doubt, with Site Recovery's own words."""
    trouble = standing.trouble
    if trouble is None:
        return None
    return Finding(
        check="StepFailed" if trouble.phase is Phase.FAILED else "StepInDoubt",
        subject=f"FailbackMachine/{standing.name}",
        severity=Severity.BLOCKER,
        verdict="Fail",
        expected="the step succeeds as a whole, child jobs included",
        observed=trouble.text[:MOST_TEXT],
        remedy=trouble_remedy(standing.name, trouble)[:MOST_TEXT],
    )


def message_of(standing: Standing) -> str:
    """The one thing to know of the machine now."""
    if standing.trouble is not None:
        return trouble_text(standing.name, standing.trouble)
    if standing.is_in_flight:
        return doing(standing) or ""
    if standing.stays is not None:
        return f"it stays in Azure, as the plan says: {standing.stays}"
    if standing.blockers:
        return _stopped_text(standing)
    return doing(standing) or _idle_text(standing)


def _stopped_text(standing: Standing) -> str:
    failed = [b for b in standing.blockers if b.verdict.outcome is Outcome.FAIL]
    return blocked_text(failed) if failed else f"not known: {blocked_text(standing.blockers, ALSO_UNKNOWN)}"


def _idle_text(standing: Standing) -> str:
    if standing.wait is not None:
        return standing.wait.text
    if standing.phase is Phase.UNKNOWN:
        return NOT_READ
    if standing.phase is Phase.NOT_FAILED_OVER:
        return "it runs on the site: it could be brought home after a failover to Azure"
    if standing.is_done:
        return f"it has reached the plan's stage {standing.machine.context.plan.spec.stage}"
    return f"it is {standing.phase}, and nothing blocks what comes next: raise spec.stage of the plan to go on"


def _summaries(standing: Standing) -> Conditions:
    return {"Ready": _ready(standing), "Reconciling": _reconciling(standing), "Stalled": _stalled(standing)}


def _ready(standing: Standing) -> State:
    return _negative(standing) or _positive(standing)


def _negative(standing: Standing) -> State | None:
    if standing.trouble is not None:
        return State(FALSE, standing.trouble.phase.value, message_of(standing))
    failed = [b for b in standing.blockers if b.verdict.outcome is Outcome.FAIL]
    if failed:
        return State(FALSE, failed[0].verdict.check_id, _stopped_text(standing))
    if standing.blockers:
        return State(UNKNOWN, standing.blockers[0].verdict.check_id, _stopped_text(standing))
    if standing.wait is not None and standing.wait.reason is WaitReason.INCOMPLETE:
        return State(UNKNOWN, WaitReason.INCOMPLETE.value, standing.wait.text)
    is_unread = standing.phase is Phase.UNKNOWN and standing.stays is None
    return State(UNKNOWN, "NotRead", NOT_READ) if is_unread else None


def _positive(standing: Standing) -> State:
    text = message_of(standing)
    if standing.is_in_flight or standing.effect is not None:
        return State(TRUE, "Running", text)
    if standing.stays is not None:
        return State(TRUE, "StaysInAzure", text)
    if standing.is_done:
        return State(TRUE, "StageReached", text)
    if standing.wait is not None:
        return State(TRUE, "WaitingForPerson" if standing.wait.reason in FOR_A_PERSON else standing.wait.reason.value, text)
    return State(TRUE, "ReadyForFailover" if standing.phase is Phase.NOT_FAILED_OVER else "ReadyToStart", text)


def _reconciling(standing: Standing) -> State:
    if standing.is_in_flight or standing.effect is not None:
        return State(TRUE, "Running", message_of(standing))
    if standing.wait is not None and standing.wait.reason not in FOR_A_PERSON and not standing.trouble:
        return State(TRUE, standing.wait.reason.value, standing.wait.text)
    return IDLE


def _stalled(standing: Standing) -> State:
    if standing.trouble is None:
        return NOT_STALLED
    return State(TRUE, standing.trouble.phase.value, trouble_text(standing.name, standing.trouble))


def orphan_status(machine: FailbackMachine, phase: Phase) -> FailbackMachineStatus:
    """Status of a machine that no plan lists: what is known stays, and its absence from any plan is said."""
    text = f"no FailbackPlan lists it (it was {machine.spec.plan_ref.name}'s): nothing new begins; list it in a plan to go on"
    states = {
        "Ready": State(FALSE, "NotInAnyPlan", text),
        "Reconciling": IDLE,
        "Stalled": State(TRUE, "NotInAnyPlan", text),
    }
    return machine.status.model_copy(
        update={
            "observed_generation": machine.metadata.generation,
            "conditions": rendered(states, machine.metadata.generation),
            "findings": [],
            "findings_omitted": 0,
            "phase": phase,
            "message": text,
            "ledger": pruned(machine.status.ledger),
        }
    )
