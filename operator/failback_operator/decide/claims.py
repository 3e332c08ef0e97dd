"""Gives each machine's context what it and all other machines of the site's plans will take of what they share."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import BEFORE_REPROTECT
from failback_operator.checks.machine.base import next_step
from failback_operator.checks.machine.power_on import memory_of_failback
from failback_operator.checks.machine.space import growth, new_disks
from failback_operator.decide.contexts import PlanState
from failback_operator.domain.claims import Claims, Place
from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import ProtectedItem


def with_claims(states: tuple[PlanState, ...]) -> tuple[PlanState, ...]:
    """The plans with the claims of all their machines; a machine that two plans list counts once."""
    claims = claims_of(states)
    return tuple(_with(state, claims) for state in states)


def claims_of(states: tuple[PlanState, ...]) -> Claims:
    """The sums over all machines."""
    new, growing, memory = Counter[Place](), Counter[Place](), Counter[Place]()
    for context, item in _once(states):
        if next_step(context, item) in BEFORE_REPROTECT:
            new.update(new_disks(context, item))
            growing.update(growth(context, item))
        if context.phase is Phase.FAILING_BACK:
            memory.update(memory_of_failback(context))
    return Claims(dict(new), dict(growing), dict(memory))


def _once(states: tuple[PlanState, ...]) -> Iterator[tuple[MachineContext, ProtectedItem]]:
    seen: set[ArmId] = set()
    for state in states:
        for machine in state.machines:
            item = machine.context.item
            if item is not None and item.arm_id not in seen:
                seen.add(item.arm_id)
                yield machine.context, item


def _with(state: PlanState, claims: Claims) -> PlanState:
    machines = tuple(replace(machine, context=replace(machine.context, claims=claims)) for machine in state.machines)
    return replace(state, machines=machines, context=replace(state.context, machines=tuple(m.context for m in machines)))
