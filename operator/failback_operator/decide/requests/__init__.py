"""What people ask for of machines' VMs, by name: found, shown, and then made."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from failback_operator.api.v1alpha1.failback_machine import MovedDisk
from failback_operator.decide.attempts import failed_in_a_row, given_up, next_key, retry_at, was_shown
from failback_operator.decide.contexts import PlanState
from failback_operator.decide.fixes.base import Fix
from failback_operator.decide.judgement import Judgement
from failback_operator.decide.permission import open_request
from failback_operator.decide.remediation import with_remedies
from failback_operator.decide.requests import deletion, reattach
from failback_operator.decide.requests.base import Around, Asked, found_by
from failback_operator.domain.steps import Effect, ObjectKey

Key = tuple[str, str]
"""Plan and machine."""

__all__ = ["Around", "Requests", "judged_with", "requests_of"]


@dataclass(frozen=True, slots=True)
class Requests:
    """What is asked for of each machine that a request names, by plan and machine; and the files that are to be stored first."""

    fixes: dict[Key, tuple[Fix, ...]] = field(default_factory=dict)
    files: dict[Key, tuple[MovedDisk, ...]] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()


def requests_of(plans: Iterable[tuple[PlanState, str | None]], around: Around) -> Requests:
    """All requests; each plan with why nothing may begin for it."""
    found = Requests()
    effects: list[Effect] = []
    for plan, suspended in plans:
        for asked in _asked(plan, suspended, around):
            key = (plan.plan.name, asked.context.name)
            fixes = tuple(_as_it_stands(asked, fix) for fix in (*reattach.propose(asked), *deletion.propose(asked)))
            found.fixes[key], found.files[key] = fixes, reattach.to_store(asked)
            effects.extend(_effects(asked, fixes))
    return replace(found, effects=tuple(effects))


def judged_with(judgement: Judgement, requests: Requests) -> Judgement:
    """The rulings; where something is asked for, that is the remedy."""
    told = {
        key: with_remedies(judgement.machines[key], fixes) for key, fixes in requests.fixes.items() if key in judgement.machines
    }
    return replace(judgement, machines=judgement.machines | told) if told else judgement


def _asked(plan: PlanState, suspended: str | None, around: Around) -> Iterator[Asked]:
    spec = plan.plan.spec
    names = frozenset((*(each.machine for each in spec.reattach), *(each.machine for each in spec.deletions)))
    for machine, found, stored in found_by(plan, names) if names else ():
        yield Asked(plan, machine, found, stored, suspended, around)


def _as_it_stands(asked: Asked, fix: Fix) -> Fix:
    """The fix; a person's where it failed too often."""
    entries, limit = asked.entries(fix), asked.context.site.limits.attempts
    if fix.is_for_a_person or failed_in_a_row(entries, asked.retried()) < limit:
        return fix
    what_to_name = f"machine {asked.context.name} and job {entries[-1].key} in spec.retries of the plan"
    return given_up(fix, entries[-1], asked.context.site, what_to_name)


def _effects(asked: Asked, fixes: tuple[Fix, ...]) -> Iterator[Effect]:
    """The first that is due, if it was shown, nothing of the machine is under way and none was made too lately."""
    stored = asked.stored
    fix = next((each for each in fixes if each.is_makeable), None)
    if fix is None or fix.call is None or open_request(stored) is not None:
        return
    entries = asked.entries(fix)
    if not was_shown(fix, stored.status.findings) or retry_at(entries, asked.context.site) is not None:
        return
    yield Effect(
        key=next_key(fix, entries),
        kind=fix.kind,
        owner=ObjectKey("FailbackMachine", stored.namespace, stored.name),
        call=fix.call,
        group=(asked.item.arm_id,),
        description=fix.text,
    )
