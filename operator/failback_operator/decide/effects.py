"""Which effects on protected items are wanted now: at most one a machine, in the order in which they should be made."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from failback_operator.api.common import EffectOutcome
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.architectures.base import EFFECT_OF_STEP, STEP_OF_EFFECT, Missing
from failback_operator.decide.contexts import PlanState
from failback_operator.decide.demand import Assignments
from failback_operator.decide.duplicates import is_established
from failback_operator.decide.naming import EffectKey, attempt_of
from failback_operator.decide.permission import covered, forbidden, hold, mending
from failback_operator.decide.phase import FLIGHT, is_acknowledged, running_entry
from failback_operator.decide.recording import odd_fact
from failback_operator.decide.rounds import Round
from failback_operator.decide.standing import Standing, Wait, WaitReason
from failback_operator.decide.waiting import no_room
from failback_operator.domain.steps import Effect, EffectKind, ObjectKey, Step

TOGETHER = frozenset({Step.REPROTECT, Step.FAILBACK, Step.COMMIT})
"""Steps in which a group waits for its members: one that may not go holds back the others."""

BEFORE = {
    Step.REPROTECT: frozenset({Phase.NOT_FAILED_OVER, Phase.UNKNOWN}),
    Step.FAILBACK: frozenset({Phase.NOT_FAILED_OVER, Phase.FAILED_OVER, Phase.REPROTECTING, Phase.UNKNOWN}),
    Step.COMMIT: frozenset(
        {Phase.NOT_FAILED_OVER, Phase.FAILED_OVER, Phase.REPROTECTING, Phase.REPROTECTED, Phase.FAILING_BACK, Phase.UNKNOWN}
    ),
}
"""Phases of a member for which the others of its group wait at each step."""


@dataclass(slots=True)
class Schedule:
    """The scheduling of one plan. `suspended` tells why nothing may begin; `mending` are targets that are being changed."""

    plan: PlanState
    standings: tuple[Standing, ...]
    assignments: Assignments
    suspended: str | None
    mending: frozenset[str] = frozenset()
    running: Counter[Step] = field(default_factory=Counter)
    moved_groups: set[str] = field(default_factory=set)
    members: dict[str, list[Standing]] = field(default_factory=dict)

    def run(self) -> tuple[Standing, ...]:
        """The standings with what each machine waits for, or the effect that is wanted for it."""
        for standing in self.standings:
            self.members.setdefault(standing.machine.survey.group_key, []).append(standing)
            for step, kind in EFFECT_OF_STEP.items():
                self.running[step] += standing.phase is FLIGHT[kind]
            if _has_open_intent(standing):
                self.moved_groups.add(standing.machine.survey.group_key)
        done = {s.name: self._schedule(s) for s in self._in_order()}
        return tuple(done[s.name] for s in self.standings)

    def _in_order(self) -> Sequence[Standing]:
        """Groups that are on their way first, then in the order of the plan; the members of a group one after the other."""
        first: dict[str, int] = {}
        started = {
            s.machine.survey.group_key for s in self.standings if s.phase not in BEFORE[Step.REPROTECT] | {Phase.FAILED_OVER}
        }
        for position, standing in enumerate(self.standings):
            first.setdefault(standing.machine.survey.group_key, position)
        return sorted(
            self.standings,
            key=lambda s: (s.machine.survey.group_key not in started, first[s.machine.survey.group_key]),
        )

    def _schedule(self, standing: Standing) -> Standing:
        found = standing.machine.survey.round
        if found is None or standing.step is None or not standing.is_asked or standing.trouble is not None or standing.blockers:
            return standing
        kind = self._kind(found, standing.step)
        outcome = self._wait(standing, found, kind) or self._effect(standing, found, kind)
        if isinstance(outcome, Effect):
            self.running[standing.step] += 1
            self.moved_groups.add(standing.machine.survey.group_key)
            return replace(standing, effect=outcome)
        # What is recorded next takes its place among those that run: no record is written long before its reprotect.
        self.running[standing.step] += outcome.reason is WaitReason.RECORDING
        return replace(standing, wait=outcome)

    def _kind(self, found: Round, step: Step) -> EffectKind:
        """The effect that the step begins with: a pending failover is committed before reprotect, where the plan says so."""
        is_pending = found.architecture.allows(found.item, EffectKind.COMMIT_FAILOVER)
        if step is Step.REPROTECT and is_pending and self.plan.plan.spec.commit_failover:
            return EffectKind.COMMIT_FAILOVER
        return EFFECT_OF_STEP[step]

    def _wait(self, standing: Standing, found: Round, kind: EffectKind) -> Wait | None:
        """The first reason to wait, weightiest first."""
        step = STEP_OF_EFFECT[kind]
        return (
            forbidden(self.plan, standing.machine, found, self.suspended)
            or mending(found)
            or self._not_allowed(standing, found, kind)
            or self._held_by_group(standing, step)
            or self._uncommitted_group(standing, kind)
            or self._no_slots(standing, step)
            or self._refused_lately(standing, found, kind)
            or self._limited(standing, step)
            or self._not_recorded(standing, found, step)
            or self._throttled()
        )

    @staticmethod
    def _not_allowed(standing: Standing, found: Round, kind: EffectKind) -> Wait | None:
        if found.architecture.allows(found.item, kind):
            return None
        return Wait(WaitReason.NOT_ALLOWED, f"Site Recovery does not allow {kind} of {standing.name} now")

    def _held_by_group(self, standing: Standing, step: Step) -> Wait | None:
        if step not in TOGETHER:
            return None
        for member in self.members[standing.machine.survey.group_key]:
            if member is standing:
                continue
            if member.phase in BEFORE[step]:
                return Wait(WaitReason.GROUP, f"{member.name} of its group is {member.phase}")
            if member.trouble is not None or (member.blockers and member.step is step):
                return Wait(WaitReason.GROUP, f"{member.name} of its group is stopped")
            if member.step is step and hold(self.plan, member.name):
                return Wait(WaitReason.GROUP, f"{member.name} of its group is held")
        return None

    def _uncommitted_group(self, standing: Standing, kind: EffectKind) -> Wait | None:
        """No member is reprotected before all are committed: whether one call takes the whole group is not documented."""
        if kind is not EffectKind.REPROTECT:
            return None
        for member in self.members[standing.machine.survey.group_key]:
            if member is not standing and _is_uncommitted(member):
                return Wait(WaitReason.GROUP, f"the failover of {member.name} of its group is committed first")
        return None

    def _no_slots(self, standing: Standing, step: Step) -> Wait | None:
        if step is not Step.REPROTECT:
            return None
        target = self.assignments.target_of(standing.machine.survey)
        if target in self.mending:
            return Wait(WaitReason.MENDING, f"{target} is being mended by the operator")
        why = no_room(standing.machine, self.assignments)
        return Wait(WaitReason.SLOTS, why) if why is not None else None

    @staticmethod
    def _refused_lately(standing: Standing, found: Round, kind: EffectKind) -> Wait | None:
        last = next(reversed(found.entries(kind)), None)
        if last is None or last.outcome is not EffectOutcome.REFUSED or last.settled_at is None:
            return None
        context = standing.machine.context
        if (
            is_acknowledged(last, context.plan, standing.name)
            or context.site.now >= last.settled_at + context.site.limits.refused_retry
        ):
            return None
        return Wait(WaitReason.RETRY, f"{kind} was refused and is tried again: {last.message or 'no reason was given'}")

    def _limited(self, standing: Standing, step: Step) -> Wait | None:
        if standing.machine.survey.group_key in self.moved_groups:
            return Wait(WaitReason.GROUP, "another member of its group goes first")
        limits = self.plan.plan.spec.concurrency
        most = {
            Step.REPROTECT: limits.reprotect,
            Step.FAILBACK: limits.failback,
            Step.COMMIT: limits.commit,
            Step.PROTECT: limits.protect,
        }[step]
        if self.running[step] < most:
            return None
        return Wait(WaitReason.LIMIT, f"no more than {most} at a time (spec.concurrency.{step.lower()})")

    def _not_recorded(self, standing: Standing, found: Round, step: Step) -> Wait | None:
        if not is_established(self.plan.context.site.view):
            return Wait(WaitReason.RECORDING, "the fabric that was found is stored in the RecoverySite first")
        if self.plan.selection.needs_freezing:
            return Wait(WaitReason.RECORDING, "the machines that the selector chose are stored first")
        if step is not Step.REPROTECT or found.record is not None:
            return None
        if standing.machine.context.azure_vm is None:
            return Wait(WaitReason.INCOMPLETE, "its Azure VM was not read, which must be recorded before reprotect")
        odd = odd_fact(standing.machine.context)
        if odd is not None:
            return Wait(WaitReason.INCOMPLETE, f"what must be recorded before reprotect was told in a form that cannot be: {odd}")
        return Wait(WaitReason.RECORDING, "what reprotect destroys is being recorded first")

    def _throttled(self) -> Wait | None:
        if not self.plan.context.site.view.snapshot.azure_asks_to_wait:
            return None
        return Wait(WaitReason.THROTTLED, "Azure asks to wait: the step begins once it takes requests again")

    def _effect(self, standing: Standing, found: Round, kind: EffectKind) -> Effect | Wait:
        machine, stored, failed_over_at = standing.machine, found.machine, covered(self.plan, found)
        if stored is None or failed_over_at is None or stored.spec.plan_ref.name != self.plan.plan.name:
            return Wait(WaitReason.RECORDING, "its FailbackMachine is stored first")
        if STEP_OF_EFFECT[kind] is Step.REPROTECT and stored.metadata.deletion_timestamp is not None:
            return Wait(WaitReason.RECORDING, "its FailbackMachine is being deleted, and is made anew first")
        call = found.architecture.call(machine.context, kind)
        if isinstance(call, Missing):
            return Wait(WaitReason.INCOMPLETE, f"{kind} needs {call.what}")
        attempt = 1 + max((attempt_of(e.key) for e in found.entries(kind)), default=0)
        target = machine.context.assigned
        where = f" through {target.target.name}" if kind is EffectKind.REPROTECT and target else ""
        return Effect(
            key=str(EffectKey(kind, failed_over_at, attempt)),
            kind=kind,
            owner=ObjectKey("FailbackMachine", stored.namespace, stored.name),
            call=call,
            group=tuple(item.arm_id for item in machine.context.group),
            description=f"{kind} {standing.name}{where}",
        )


def _is_uncommitted(standing: Standing) -> bool:
    """Whether the failover of a member waits for its commit, or is being committed."""
    found = standing.machine.survey.round
    running = running_entry(found) if found is not None else None
    commits = running is not None and running.effect == EffectKind.COMMIT_FAILOVER
    return commits or (found is not None and found.architecture.allows(found.item, EffectKind.COMMIT_FAILOVER))


def _has_open_intent(standing: Standing) -> bool:
    machine = standing.machine.survey.machine
    return machine is not None and any(e.outcome is EffectOutcome.INTENDED for e in machine.status.ledger)
