"""What a person asked for of a machine's VM, by name: shown in a finding first, then made, one at a time for each machine."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from failback_operator.api.common import LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan
from failback_operator.api.v1alpha1.failback_plan import Stage
from failback_operator.checks.contexts import LocatedVm, MachineContext, TargetContext
from failback_operator.decide.attempts import entries_of
from failback_operator.decide.contexts import Machine, PlanState
from failback_operator.decide.demand import Assignments
from failback_operator.decide.fixes.base import Fix
from failback_operator.decide.judgement import Judgement, Rulings
from failback_operator.decide.permission import forbidden
from failback_operator.decide.rounds import Round
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.verdicts import Outcome


@dataclass(frozen=True, slots=True)
class Around:
    """What requests of all machines are judged by. `targets` and `machines` are all of the site, as stored."""

    judgement: Judgement
    targets: tuple[TargetContext, ...]
    machines: tuple[FailbackMachine, ...]
    assignments: Assignments


@dataclass(frozen=True, slots=True)
class Asked:
    """A machine of which something is asked, in its round. `suspended` tells why nothing may begin for its plan."""

    plan: PlanState
    machine: Machine
    found: Round
    stored: FailbackMachine
    suspended: str | None
    around: Around

    @property
    def spec(self) -> FailbackPlan:
        """The plan."""
        return self.plan.plan

    @property
    def context(self) -> MachineContext:
        """What checks are given."""
        return self.machine.context

    @property
    def item(self) -> ProtectedItem:
        """Its item."""
        return self.found.item

    @property
    def vm(self) -> LocatedVm | None:
        """Its VM if exactly one matches."""
        return self.context.vm

    def fails(self, check_id: str) -> bool:
        """Whether that check of the machine fails."""
        return any(r.verdict.check_id == check_id and r.verdict.outcome is Outcome.FAIL for r in self.rulings)

    @property
    def rulings(self) -> Rulings:
        """The rulings on the machine itself."""
        return self.around.judgement.of(self.machine)

    def forbidden(self, stage: Stage) -> str | None:
        """What keeps anything from being begun for the machine, or the plan's stage from having got so far."""
        if self.spec.spec.stage.rank < stage.rank:
            return f"the plan's stage is {self.spec.spec.stage}: it needs {stage}"
        wait = forbidden(self.plan, self.machine, self.found, self.suspended)
        return wait.text if wait is not None else None

    def group(self) -> Iterator["Asked | Machine"]:
        """The other machines of the plan that go with it; where one's round or object is not known, the machine alone."""
        key = self.machine.survey.group_key
        for other in self.plan.machines:
            if other.survey.group_key == key and other.context.name != self.context.name:
                known = next(found_by(self.plan, frozenset({other.context.name})), None)
                yield replace(self, machine=known[0], found=known[1], stored=known[2]) if known is not None else other

    def entries(self, fix: Fix) -> list[LedgerEntry]:
        """What the ledger has of it, oldest first."""
        return entries_of(fix, self.stored.status.ledger)

    def retried(self) -> frozenset[str]:
        """Keys of failed entries after which a person asks for another try."""
        return frozenset(r.job for r in self.spec.spec.retries if r.machine == self.context.name)


def found_by(plan: PlanState, names: frozenset[str]) -> Iterator[tuple[Machine, Round, FailbackMachine]]:
    """The machines of these names whose rounds are known and whose objects are stored."""
    for machine in plan.machines:
        found, stored = machine.survey.round, machine.context.machine
        if machine.context.name in names and found is not None and stored is not None:
            yield machine, found, stored
