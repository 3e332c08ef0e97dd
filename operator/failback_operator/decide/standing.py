"""Where each machine of a plan stands: its phase, the step that comes next, what stops it, what it waits for."""

from dataclasses import dataclass
from enum import StrEnum

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan import Stage
from failback_operator.decide.contexts import Machine, PlanState
from failback_operator.decide.judgement import Judgement, Rulings, blockers
from failback_operator.decide.phase import IN_FLIGHT, Trouble, trouble_of
from failback_operator.domain.steps import Effect, Step


class WaitReason(StrEnum):
    """Why nothing blocks a machine and yet nothing is done for it now."""

    SUSPENDED = "Suspended"
    HELD = "Held"
    SLOTS = "WaitingForSlots"
    LIMIT = "ConcurrencyLimit"
    GROUP = "WaitingForGroup"
    NOT_ALLOWED = "NotAllowedYet"
    NOT_COVERED = "NotCovered"
    RETRY = "RetryLater"
    RECORDING = "Recording"
    RIVAL = "OtherPlan"
    INCOMPLETE = "FactsMissing"
    MENDING = "MasterTargetMending"
    VM_CHANGING = "VMChanging"
    THROTTLED = "Throttled"


@dataclass(frozen=True, slots=True)
class Wait:
    """What the machine waits for, in words."""

    reason: WaitReason
    text: str


NEXT_STEP = {
    Phase.NOT_FAILED_OVER: Step.REHEARSAL,
    Phase.FAILED_OVER: Step.REPROTECT,
    Phase.REPROTECTED: Step.FAILBACK,
    Phase.FAILED_BACK: Step.COMMIT,
    Phase.COMMITTED: Step.PROTECT,
}
"""What may come next where nothing runs."""

AFTER_FLIGHT = {
    Phase.REPROTECTING: Step.FAILBACK,
    Phase.FAILING_BACK: Step.COMMIT,
    Phase.COMMITTING: Step.PROTECT,
}
"""What comes next once the running step has ended."""

STAGE_OF_STEP = {
    Step.REPROTECT: Stage.REPROTECTED,
    Step.FAILBACK: Stage.FAILED_BACK,
    Step.COMMIT: Stage.COMMITTED,
    Step.PROTECT: Stage.PROTECTED,
}
"""The stage that allows each step."""

REACHED = {
    Phase.REPROTECTED: Stage.REPROTECTED,
    Phase.FAILING_BACK: Stage.REPROTECTED,
    Phase.FAILED_BACK: Stage.FAILED_BACK,
    Phase.COMMITTING: Stage.FAILED_BACK,
    Phase.COMMITTED: Stage.COMMITTED,
    Phase.PROTECTING: Stage.COMMITTED,
    Phase.PROTECTED: Stage.PROTECTED,
}
"""The stage that a machine in each phase has reached; Prepared in all others."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One machine. `step` is the next one that readiness is judged by, None where none is due.

    `is_asked`: the plan's stage asks for that step now. `blockers` are the machine's for that step; `wait` and `effect` come from
    scheduling. `stays` tells why it stays in Azure: then no step is due.
    """

    machine: Machine
    phase: Phase
    trouble: Trouble | None
    step: Step | None
    is_asked: bool
    blockers: Rulings
    stays: str | None = None
    wait: Wait | None = None
    effect: Effect | None = None

    @property
    def name(self) -> str:
        """The machine's name."""
        return self.machine.context.name

    @property
    def shown_phase(self) -> Phase:
        """The phase that people see: trouble and waiting included."""
        if self.trouble is not None:
            return self.trouble.phase
        waits = self.wait is not None and self.wait.reason in {WaitReason.SLOTS, WaitReason.LIMIT, WaitReason.GROUP}
        return Phase.WAITING if waits and self.phase is Phase.FAILED_OVER else self.phase

    @property
    def is_in_flight(self) -> bool:
        """Whether a step runs."""
        return self.phase in IN_FLIGHT

    @property
    def is_blocked(self) -> bool:
        """Whether a finding stops what comes next."""
        return bool(self.blockers)

    @property
    def upcoming(self) -> Step | None:
        """The next step, also of a machine in flight, as far as the stage asks for it."""
        after = AFTER_FLIGHT.get(self.phase) if self.stays is None else None
        if after is None:
            return self.step
        return after if self.machine.context.plan.spec.stage.rank >= STAGE_OF_STEP[after].rank else None

    @property
    def reached(self) -> Stage:
        """The stage that the machine has reached."""
        return REACHED.get(self.phase, Stage.PREPARED)

    @property
    def is_done(self) -> bool:
        """Whether it is where the plan wants it, with no trouble on the way."""
        stage = self.machine.context.plan.spec.stage
        return self.stays is None and self.trouble is None and stage is not Stage.PREPARED and self.reached.rank >= stage.rank


def standings(plan: PlanState, judgement: Judgement) -> tuple[Standing, ...]:
    """The machines of a plan before anything is scheduled."""
    return tuple(_standing(machine, judgement) for machine in plan.machines)


def _standing(machine: Machine, judgement: Judgement) -> Standing:
    context, survey = machine.context, machine.survey
    if survey.stays is not None:
        return Standing(machine, survey.phase, None, None, is_asked=False, blockers=(), stays=survey.stays)
    step = next_step(survey.phase, context.plan.spec.stage)
    stage = STAGE_OF_STEP.get(step) if step else None
    # Where nothing is known of a machine, whatever keeps it from being ready must be shown.
    judged = Step.REHEARSAL if survey.phase is Phase.UNKNOWN else step
    return Standing(
        machine=machine,
        phase=survey.phase,
        trouble=trouble_of(survey.round, context.plan, context.name, context.site.limits) if survey.round else None,
        step=step,
        is_asked=stage is not None and context.plan.spec.stage.rank >= stage.rank,
        blockers=blockers(judgement, machine, judged) if judged else (),
    )


def next_step(phase: Phase, stage: Stage) -> Step | None:
    """The step by which readiness is judged: rehearsal before a failover, reprotect after it, later ones if the stage asks."""
    step = NEXT_STEP.get(phase)
    if step in {None, Step.REHEARSAL, Step.REPROTECT}:
        return step
    return step if step is not None and stage.rank >= STAGE_OF_STEP[step].rank else None
