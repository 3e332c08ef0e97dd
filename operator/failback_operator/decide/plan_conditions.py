"""Conditions of a FailbackPlan: what each says, and what Ready sums up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan import Stage
from failback_operator.checks.answers import listed
from failback_operator.decide.conditions import FALSE, IDLE, NOT_STALLED, TRUE, UNKNOWN, Conditions, State, aggregate
from failback_operator.decide.contexts import Machine, PlanState
from failback_operator.decide.demand import Assignments
from failback_operator.decide.judgement import Judgement, Ruling, Rulings, is_waived, not_waived_for
from failback_operator.decide.plan_counts import waits
from failback_operator.decide.standing import Standing, WaitReason
from failback_operator.decide.status_machine import FOR_A_PERSON
from failback_operator.decide.wording import ALSO_UNKNOWN, blocked_text, moving_text, sentence, trouble_text, waiting_text
from failback_operator.domain.steps import Step
from failback_operator.domain.verdicts import Outcome, Subject
from failback_operator.planning.assignment import NoFit, Undecided, Waiting

MOST_TOLD = 5
DECISIVE = ("SiteReady", "MasterTargetsReady", "ProcessServerReady", "DiskLimit", "OSMatch", "FailoverCovered")
"""Conditions without which what comes next may not begin."""


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan with all that its status is made of. `paused` tells why nothing may begin, None where it may."""

    state: PlanState
    standings: tuple[Standing, ...]
    judgement: Judgement
    assignments: Assignments
    paused: str | None

    @property
    def coming(self) -> tuple[Standing, ...]:
        """The machines that come home."""
        return tuple(s for s in self.standings if s.stays is None)

    @property
    def is_read(self) -> bool:
        """Whether the vault was read lately."""
        return self.state.context.site.vault is not None


def conditions(view: PlanView) -> Conditions:
    """All conditions of the plan."""
    parts = _parts(view)
    return {
        "Ready": ready(view, parts),
        "Reconciling": _reconciling(view),
        "Stalled": _stalled(view, parts),
        **parts,
    }


def _parts(view: PlanView) -> Conditions:
    guard = _Guard(view, frozenset(s.upcoming for s in view.coming if s.upcoming) or frozenset({Step.REHEARSAL}))
    return {
        "SiteReady": guard.state(view.judgement.site),
        "MasterTargetsReady": _targets(view, guard),
        "ProcessServerReady": _server(view, guard),
        "MachinesReady": _machines(view, guard),
        "DiskLimit": _disk_limit(view, guard),
        "OSMatch": guard.state(guard.feeding("OSMatch")),
        "FailoverCovered": _covered(view, guard),
        "Scheduled": _scheduled(view),
    }


APART = frozenset({"DiskLimit", "OSMatch", "FailoverCovered", "MasterTargetsReady", "ProcessServerReady"})
"""Conditions of the plan that its machines' and its own checks feed by name; all others are MachinesReady."""


class _Guard:
    """The rulings that guard what comes next for the machines of a plan."""

    def __init__(self, view: PlanView, steps: frozenset[Step]) -> None:
        self._view, self._steps = view, steps
        self._apart: dict[str, list[Ruling]] = {condition: [] for condition in APART}
        self._rest: list[Ruling] = []
        machines = (view.judgement.of(s.machine) for s in view.coming)
        for rulings in (*machines, view.judgement.plans.get(view.state.plan.name, ())):
            for ruling in rulings:
                self._apart.get(ruling.check.condition, self._rest).append(ruling)

    def state(self, rulings: Rulings) -> State:
        """What these rulings say, as far as they guard what comes next."""
        those = tuple([r for r in rulings if not r.check.steps.isdisjoint(self._steps)])
        found = aggregate(those, lambda ruling: is_passed_over(ruling, self._view))
        partly = _partly_waived(those, self._view) if found.status is not TRUE else ""
        return replace(found, message=f"{sentence(found.message)}{partly}") if partly else found

    def feeding(self, condition: str) -> Rulings:
        """Rulings on the plan and its machines that feed one of the conditions that stand apart."""
        return tuple(self._apart[condition])

    def rest(self) -> Rulings:
        """Rulings on the plan and its machines that feed none of the conditions that stand apart."""
        return tuple(self._rest)


def is_passed_over(ruling: Ruling, view: PlanView) -> bool:
    """Whether the ruling is waived for every machine of the plan that it concerns."""
    plan, now = view.state.plan, view.state.context.site.now
    if not ruling.check.is_waivable or not plan.spec.waivers:
        return False
    concerned = concerned_by(ruling, view)
    return not not_waived_for(ruling, plan, concerned, now) if concerned else is_waived(ruling, plan, None, now)


def concerned_by(ruling: Ruling, view: PlanView) -> tuple[str, ...]:
    """Machines of the plan whose next step the ruling guards: itself, or all that go through its subject."""
    subject = ruling.verdict.subject
    if subject.kind == "FailbackMachine":
        return (subject.name,)
    return tuple(s.name for s in view.coming if s.upcoming in ruling.steps and _goes_through(s.machine, subject))


def _goes_through(machine: Machine, subject: Subject) -> bool:
    context = machine.context
    match subject.kind:
        case "MasterTarget":
            return context.assigned is not None and context.assigned.target.name == subject.name
        case "ProcessServer":
            return context.process_server is not None and context.process_server.server.name == subject.name
        case _:
            return True


def _partly_waived(rulings: Rulings, view: PlanView) -> str:
    """For which machines a check is not waived that is waived for others; empty where there is none such."""
    texts: list[str] = []
    for ruling in rulings if view.state.plan.spec.waivers else ():
        concerned = concerned_by(ruling, view) if ruling.is_blocker and ruling.check.is_waivable else ()
        left = not_waived_for(ruling, view.state.plan, concerned, view.state.context.site.now)
        if left and len(left) < len(concerned):
            texts.append(f" {sentence(f'{ruling.verdict.check_id} is waived, but not for {listed(left)}')}")
    return "".join(dict.fromkeys(texts))


def _targets(view: PlanView, guard: _Guard) -> State:
    names = sorted({s.machine.context.assigned.target.name for s in view.coming if s.machine.context.assigned})
    rulings = tuple(r for name in names for r in view.judgement.targets.get(name, ()))
    state = guard.state((*guard.feeding("MasterTargetsReady"), *rulings))
    if names or state.status is not TRUE:
        return state
    if any(isinstance(view.assignments.placements.get(s.machine.survey.group_key), Waiting) for s in view.coming):
        return State(TRUE, "WaitingForSlots", "all master targets that fit are in use")
    if any(s.step in {Step.REHEARSAL, Step.REPROTECT} or s.phase is Phase.UNKNOWN for s in view.coming):
        return State(UNKNOWN, "NoneAssigned", "no machine has a master target yet")
    return State(TRUE, "NotNeeded", "no machine needs a master target now")


def _server(view: PlanView, guard: _Guard) -> State:
    context = next((s.machine.context for s in view.coming), None)
    server = context.process_server if context else None
    rulings = view.judgement.servers.get(server.server.name, ()) if server else ()
    return guard.state((*guard.feeding("ProcessServerReady"), *rulings))


def _machines(view: PlanView, guard: _Guard) -> State:
    troubled = [s for s in view.coming if s.trouble is not None]
    if troubled:
        text = "; ".join(f"{s.name}: {s.trouble.text}" for s in troubled[:MOST_TOLD] if s.trouble)
        return State(FALSE, "MachinesFailed", text)
    state = guard.state(guard.rest())
    unknown = [s.name for s in view.coming if s.phase is Phase.UNKNOWN]
    if unknown and state.status is TRUE:
        return State(UNKNOWN, "NotRead", f"where these machines stand is not known: {listed(unknown)}")
    return state


def _covered(view: PlanView, guard: _Guard) -> State:
    state = guard.state(guard.feeding("FailoverCovered"))
    missed = waits(view.coming, WaitReason.NOT_COVERED)
    if state.status is TRUE and missed and missed[0].wait is not None:
        return State(FALSE, "NotCovered", f"{listed(s.name for s in missed)}: {missed[0].wait.text}")
    return state


def _disk_limit(view: PlanView, guard: _Guard) -> State:
    placements = [(s, view.assignments.placements.get(s.machine.survey.group_key)) for s in view.coming]
    for standing, placement in placements:
        if isinstance(placement, NoFit):
            text = f"{standing.name} and its group have {placement.needed} disks: more than any candidate takes when empty"
            return State(
                FALSE, "GroupTooLarge", text, "Add a master target with more free disk slots, or raise spec.maxDisks of one."
            )
    state = guard.state(guard.feeding("DiskLimit"))
    undecided = [s.name for s, p in placements if isinstance(p, Undecided) or s.phase is Phase.UNKNOWN]
    if undecided and state.status is TRUE:
        return State(UNKNOWN, "NotRead", f"disks or slots are not known, or no master target may take: {listed(undecided)}")
    return state


def _scheduled(view: PlanView) -> State:
    if view.state.plan.spec.stage is Stage.PREPARED:
        return State(TRUE, "NothingToStart", "the stage Prepared starts nothing")
    if not view.is_read:
        return State(UNKNOWN, "NotRead", "the vault could not be read lately")
    for reason in (WaitReason.SLOTS, WaitReason.LIMIT):
        those = waits(view.coming, reason)
        if those and those[0].wait is not None:
            status = FALSE if reason is WaitReason.SLOTS else TRUE
            return State(status, reason.value, waiting_text(those))
    return State(TRUE, "Scheduled", "no machine waits for slots")


def ready(view: PlanView, parts: Conditions) -> State:
    """Whether nothing known blocks the next step towards the stage, of any machine."""
    if not view.coming:
        return _without_machines(view)
    return _troubled(view) or _blocked(view, parts) or _unread(view, parts) or _incomplete(view) or _positive(view)


def _without_machines(view: PlanView) -> State:
    if view.standings:
        return State(TRUE, "StageReached", "all machines of the plan stay in Azure")
    if not view.is_read:
        return State(UNKNOWN, "NoMachines", "which machines the plan has is not known: the vault could not be read lately")
    text = "the plan selects no machine that the vault knows: correct spec.selector.namePattern, or list the machines"
    return State(FALSE, "NoMachines", text)


def _troubled(view: PlanView) -> State | None:
    troubled = [(s.name, s.trouble) for s in view.coming if s.trouble is not None]
    if not troubled:
        return None
    name, trouble = troubled[0]
    text = f"{name}: {trouble_text(name, trouble)}"
    if len(troubled) > 1:
        text = f"{text} {sentence(f'A person is needed for {listed(other for other, _ in troubled[1:])}, too')}"
    return State(FALSE, "MachinesFailed", text)


def _blockers(view: PlanView) -> list[Ruling]:
    return _by_kind(list({id(b): b for s in view.coming for b in s.blockers}.values()))


def _relevant(view: PlanView, parts: Conditions) -> Conditions:
    """The parts that what comes next depends on; none where nothing comes next."""
    return {kind: parts[kind] for kind in DECISIVE} if any(s.upcoming for s in view.coming) else {}


def _blocked(view: PlanView, parts: Conditions) -> State | None:
    failed = [b for b in _blockers(view) if b.verdict.outcome is Outcome.FAIL]
    if failed:
        return State(FALSE, "Blocked", blocked_text(failed) + _partly_waived(tuple(failed), view))
    broken = next((kind for kind, s in _relevant(view, parts).items() if s.status is FALSE), None)
    return State(FALSE, broken, _with_remedy(parts[broken])) if broken else None


def _unread(view: PlanView, parts: Conditions) -> State | None:
    unknown = _blockers(view)
    if unknown:
        return State(UNKNOWN, "NotRead", f"not known: {blocked_text(unknown, ALSO_UNKNOWN)}")
    lost = [s.name for s in view.coming if s.phase is Phase.UNKNOWN]
    if lost or not view.is_read:
        return State(UNKNOWN, "NotRead", f"where these machines stand is not known: {listed(lost)}")
    broken = next((kind for kind, s in _relevant(view, parts).items() if s.status is UNKNOWN), None)
    return State(UNKNOWN, "NotRead", f"not known: {_with_remedy(parts[broken])}") if broken else None


def _with_remedy(part: State) -> str:
    return f"{sentence(part.message)} {sentence(f'To do: {part.remedy}')}" if part.remedy else part.message


def _incomplete(view: PlanView) -> State | None:
    """What is missing for a call blocks it, whatever the checks say; it shows where a waiver passes over what the call needs."""
    those = waits(view.coming, WaitReason.INCOMPLETE)
    if not those or those[0].wait is None:
        return None
    return State(UNKNOWN, WaitReason.INCOMPLETE.value, waiting_text(those))


def _by_kind(rulings: Sequence[Ruling]) -> list[Ruling]:
    """Site first, then targets, servers, plan and machines: one cause before its many effects."""
    kinds = ("RecoverySite", "MasterTarget", "ProcessServer", "FailbackPlan", "FailbackMachine")
    return sorted(rulings, key=lambda r: (kinds.index(r.verdict.subject.kind), r.verdict.subject.name))


def _positive(view: PlanView) -> State:
    standings = view.coming
    done = [s for s in standings if s.is_done]
    if done and all(s.is_done or s.phase is Phase.NOT_FAILED_OVER for s in standings):
        who = "all machines" if len(done) == len(standings) else "all machines that failed over"
        return State(TRUE, "StageReached", f"{who} have reached {view.state.plan.spec.stage}")
    moving = [s for s in standings if s.is_in_flight or s.effect is not None]
    waiting = [s for s in standings if s.wait is not None]
    if not moving and waiting and all(s.wait is not None and s.wait.reason in FOR_A_PERSON for s in waiting):
        return State(TRUE, "WaitingForPerson", waiting_text(waiting))
    if moving or waiting:
        return State(TRUE, "Running", _progress_text(moving, waiting))
    if any(s.phase is not Phase.NOT_FAILED_OVER and not s.is_done for s in standings):
        return State(TRUE, "ReadyToStart", "nothing blocks what comes next: raise spec.stage (with failedOverBefore) to go on")
    return State(TRUE, "ReadyForFailover", "nothing is missing: the machines could be brought home after a failover to Azure")


def _progress_text(moving: Sequence[Standing], waiting: Sequence[Standing]) -> str:
    return "; ".join(text for text in (moving_text(moving), waiting_text(waiting)) if text)


def _reconciling(view: PlanView) -> State:
    moving = [s for s in view.coming if s.is_in_flight or s.effect is not None]
    waiting = [s for s in view.coming if s.wait is not None and s.wait.reason not in FOR_A_PERSON]
    if not moving and not waiting:
        return IDLE
    return State(TRUE, "Running" if moving else "Waiting", _progress_text(moving, waiting))


def _stalled(view: PlanView, parts: Conditions) -> State:
    troubled = _troubled(view)
    if troubled is not None:
        return State(TRUE, troubled.reason, troubled.message)
    if parts["DiskLimit"].status is FALSE:
        return State(TRUE, "DiskLimit", _with_remedy(parts["DiskLimit"]))
    return NOT_STALLED
