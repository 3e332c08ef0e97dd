"""Verdicts with what the catalogue says of their checks, by subject; and which of them stop a machine at a step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from failback_operator.api.common import Severity
from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.checks.catalogue import Catalogue, Rule
from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.checks.engine import run
from failback_operator.decide.contexts import Machine, PlanState
from failback_operator.decide.rules import Rules
from failback_operator.domain.steps import Step
from failback_operator.domain.verdicts import Outcome, Verdict

C = TypeVar("C", SiteContext, TargetContext, ServerContext, MachineContext, PlanContext)


OPEN = frozenset({Outcome.FAIL, Outcome.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict and its check.

    `is_open`: whether something is missing or not known; `is_blocker`: whether that stops the steps that the check guards.
    Both are asked of each ruling many times, and so stored.
    """

    verdict: Verdict
    check: Rule
    is_open: bool
    is_blocker: bool

    @classmethod
    def of(cls, verdict: Verdict, check: Rule) -> "Ruling":
        """The ruling of `check`."""
        is_open = verdict.outcome in OPEN
        return cls(verdict, check, is_open, is_open and check.severity is Severity.BLOCKER)

    @property
    def severity(self) -> Severity:
        """How much it weighs."""
        return self.check.severity

    @property
    def steps(self) -> frozenset[Step]:
        """The steps that it guards."""
        return self.check.steps

    @property
    def remedy(self) -> str:
        """What to do: as the evidence has it, else as the catalogue."""
        return self.verdict.remedy or self.check.remedy

    def with_remedy(self, text: str) -> "Ruling":
        """The same with something better to do."""
        return replace(self, verdict=replace(self.verdict, remedy=text))


Rulings = tuple[Ruling, ...]


def rule_on(catalogue: Catalogue[C], context: C) -> Rulings:
    """The rulings of one subject, in the catalogue's order."""
    return tuple([Ruling.of(verdict, check) for check, verdict in zip(catalogue, run(catalogue, context), strict=True)])


@dataclass(frozen=True, slots=True)
class Judgement:
    """All rulings of a site; machines by plan and name, plans by name."""

    site: Rulings
    targets: dict[str, Rulings]
    servers: dict[str, Rulings]
    machines: dict[tuple[str, str], Rulings]
    plans: dict[str, Rulings]

    def of(self, machine: Machine) -> Rulings:
        """The rulings on the machine itself."""
        return self.machines.get((machine.context.plan.name, machine.context.name), ())

    def around(self, machine: Machine) -> Rulings:
        """All rulings that may stop the machine: site, its target, its process server, its own, its plan's."""
        context = machine.context
        target = self.targets.get(context.assigned.target.name, ()) if context.assigned else ()
        server = self.servers.get(context.process_server.server.name, ()) if context.process_server else ()
        return (*self.site, *target, *server, *self.of(machine), *self.plans.get(context.plan.name, ()))


@dataclass(frozen=True, slots=True)
class Fixed:
    """Rulings that do not depend on who is assigned where."""

    site: Rulings
    servers: dict[str, Rulings]


def judge(rules: Rules, fixed: Fixed, targets: Iterable[TargetContext], plans: Iterable[PlanState]) -> Judgement:
    """Ask every check of every kind."""
    states = tuple(plans)
    return Judgement(
        site=fixed.site,
        targets={t.target.name: rule_on(rules.target, t) for t in targets},
        servers=fixed.servers,
        machines={(p.plan.name, m.context.name): rule_on(rules.machine, m.context) for p in states for m in p.machines},
        plans={p.plan.name: rule_on(rules.plan, p.context) for p in states},
    )


def is_waived(ruling: Ruling, plan: FailbackPlan, machine: str | None, now: datetime) -> bool:
    """Whether a person's unexpired word lets the plan, or the machine of it, pass over the ruling."""
    if not ruling.check.is_waivable:
        return False
    return any(
        w.check == ruling.verdict.check_id
        and w.until > now
        and (w.machine == machine if w.machine is not None else not ruling.check.needs_machine)
        for w in plan.spec.waivers
    )


def not_waived_for(ruling: Ruling, plan: FailbackPlan, concerned: Iterable[str], now: datetime) -> tuple[str, ...]:
    """Of the machines that the ruling concerns, those that may not pass over it."""
    return tuple(name for name in concerned if not is_waived(ruling, plan, name, now))


def blockers(judgement: Judgement, machine: Machine, step: Step) -> Rulings:
    """What stops the machine at `step`: failed or unknown blockers that guard it and are not waived."""
    context = machine.context
    return tuple(
        r
        for r in judgement.around(machine)
        if r.is_blocker and step in r.steps and not is_waived(r, context.plan, context.name, context.site.now)
    )
