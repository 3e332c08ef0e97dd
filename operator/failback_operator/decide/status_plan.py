"""Status of a FailbackPlan."""

from failback_operator.api.common import Finding
from failback_operator.api.v1alpha1 import FailbackPlanStatus
from failback_operator.api.v1alpha1.failback_plan_status import FailoverBound
from failback_operator.decide.conditions import Conditions, rendered
from failback_operator.decide.findings import Shown, shortened, summarised
from failback_operator.decide.plan_conditions import PlanView, conditions, is_passed_over
from failback_operator.decide.plan_counts import (
    current_wave,
    disk_summary,
    furthest_behind,
    group_assignments,
    history,
    machine_counts,
    plan_waves_of,
    progress,
    stage_reached,
    wave_statuses,
)
from failback_operator.decide.standing import Standing, WaitReason
from failback_operator.decide.status_machine import failure_finding
from failback_operator.domain.failover_bound import effective_bound

MOST_TEXT = 1024


def plan_status(view: PlanView) -> FailbackPlanStatus:
    """Conditions, counts, disks, waves, findings, history, and the one thing to know."""
    plan, coming, site = view.state.plan, view.coming, view.state.context.site
    states = conditions(view)
    counts = machine_counts(view.standings)
    waves = plan_waves_of(view.state, view.assignments)
    listed, omitted = shortened(_findings(view))
    return FailbackPlanStatus(
        observed_generation=plan.metadata.generation,
        conditions=rendered(states, plan.metadata.generation),
        findings=listed,
        findings_omitted=omitted,
        phase=furthest_behind(coming),
        stage=stage_reached(coming),
        machines=counts,
        machines_done=f"{counts.done}/{counts.total - counts.not_failed_over}",
        disks=disk_summary(view.state),
        progress=progress(coming),
        wave=current_wave(waves, coming),
        assignments=group_assignments(view.state, view.assignments),
        waves=wave_statuses(waves),
        failover_bound=_bound(view),
        selected=_selected(view),
        history=history(plan, coming, site.now),
        message=_message(view, states)[:MOST_TEXT],
    )


def _findings(view: PlanView) -> list[Finding]:
    """The plan's own findings and one line for each check that fails around it."""
    around = {id(r): r for s in view.coming for r in view.judgement.around(s.machine) if r.is_open}
    shown = [Shown(r, is_waived=is_passed_over(r, view)) for r in around.values()]
    if not view.coming:
        shown = [Shown(r) for r in (*view.judgement.site, *view.judgement.plans.get(view.state.plan.name, ()))]
    failures = [f for f in (failure_finding(s) for s in view.coming) if f is not None]
    return [*sorted(failures, key=lambda f: f.subject), *summarised(shown)]


def _bound(view: PlanView) -> FailoverBound | None:
    site = view.state.context.site
    found = effective_bound(view.state.plan, site.now, site.limits)
    if found.value is None or found.first_seen is None:
        return None
    return FailoverBound(value=found.value.replace(microsecond=0), first_seen=found.first_seen.replace(microsecond=0))


def _selected(view: PlanView) -> list[str]:
    """A selector's machines once something is about to begin; kept while the set is frozen."""
    selection = view.state.selection
    if selection.plan.spec.selector is None:
        return []
    if not selection.needs_freezing:
        return list(selection.plan.status.selected)
    return [m.name for m in selection.machines] if any(_is_about_to_begin(s) for s in view.standings) else []


def _is_about_to_begin(standing: Standing) -> bool:
    """Whether only storing something first keeps the machine from its effect."""
    return standing.wait is not None and standing.wait.reason is WaitReason.RECORDING


def _message(view: PlanView, states: Conditions) -> str:
    """What Ready says; before it why nothing may begin, unless that is what Ready says."""
    ready = states["Ready"].message
    return f"{view.paused}; {ready}" if view.paused and view.paused not in ready else ready
