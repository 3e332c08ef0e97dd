"""Verdicts with what the catalogue says of their checks, by subject; and which of them stop a machine at a step."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from failback_operator.api.common import Severity
from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.checks.catalogue import Catalogue
from failback_operator.checks.contexts import MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.checks.engine import run
from failback_operator.decide.contexts import Machine, PlanState
from failback_operator.decide.rules import Rules
from failback_operator.domain.steps import Step
from failback_operator.domain.verdicts import Outcome, Verdict

C = TypeVar("C", SiteContext, TargetContext, ServerContext, MachineContext, PlanContext)


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict and what its check is about."""

    verdict: Verdict
    severity: Severity
    condition: str
    steps: frozenset[Step]
    clause: str
    remedy: str
    docs: str
    is_waivable: bool = False
    needs_machine: bool = False

    @property
    def is_open(self) -> bool:
        """Whether something is missing or not known."""
        return self.verdict.outcome in {Outcome.FAIL, Outcome.UNKNOWN}

    @property
    def is_blocker(self) -> bool:
        """Whether it stops the steps that its check guards."""
        return self.is_open and self.severity is Severity.BLOCKER


Rulings = tuple[Ruling, ...]


def rule_on(catalogue: Catalogue[C], context: C) -> Rulings:
    """The rulings of one subject, in the catalogue's order."""
    found = []
    for verdict in run(catalogue, context):
        check = catalogue.get(verdict.check_id)
        found.append(
            Ruling(
                verdict=verdict,
                severity=check.severity,
                condition=check.condition,
                steps=check.steps,
                clause=check.clause,
                remedy=verdict.remedy or check.remedy,
                docs=check.docs,
                is_waivable=check.is_waivable,
                needs_machine=check.needs_machine,
            )
        )
    return tuple(found)


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
    if not ruling.is_waivable:
        return False
    return any(
        w.check == ruling.verdict.check_id
        and w.until > now
        and (w.machine == machine if w.machine is not None else not ruling.needs_machine)
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
