"""Turns what was decided into plain data: statuses by object, machines, settlements, effects, what to watch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from failback_operator.api.common import LedgerEntry, StatusBase
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackMachineStatus, RecoverySite
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.contexts import ServerContext, TargetContext
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.decide.duplicates import is_established
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.judgement import Judgement
from failback_operator.decide.leaving import reason_to_keep, with_what_keeps_it
from failback_operator.decide.machines import KIND, is_kept, machine_objects, orphan_object, orphans
from failback_operator.decide.plan_conditions import PlanView
from failback_operator.decide.remediation import Fix, fix_effect
from failback_operator.decide.requests import Requests
from failback_operator.decide.site_fixes.mending import SiteMending, site_effect
from failback_operator.decide.standing import Standing
from failback_operator.decide.status_machine import machine_status, orphan_status
from failback_operator.decide.status_plan import plan_status
from failback_operator.decide.status_server import server_status
from failback_operator.decide.status_site import site_status
from failback_operator.decide.status_target import target_status
from failback_operator.decide.targets import Located
from failback_operator.decide.watching import recheck_at, watched_items, watched_jobs
from failback_operator.domain.decision import Settlement, SiteDecision
from failback_operator.domain.ids import ArmId
from failback_operator.domain.steps import Effect, ObjectKey


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was found and decided about a site. `older`: the site that works instead; `stored`: it as stored."""

    index: SiteIndex
    plans: tuple[PlanView, ...]
    located: tuple[Located, ...]
    targets: dict[str, TargetContext]
    fixes: dict[str, tuple[Fix, ...]]
    servers: tuple[ServerContext, ...]
    judgement: Judgement
    older: RecoverySite | None
    mending: SiteMending
    stored: RecoverySite
    requests: Requests

    @property
    def standings(self) -> tuple[Standing, ...]:
        """The machines of all plans."""
        return tuple(s for plan in self.plans for s in plan.standings)


def decision(outcome: Outcome) -> SiteDecision:
    """The decision as plain data."""
    index, standings = outcome.index, outcome.standings
    loose = _loose(outcome)
    machines = [o for plan in outcome.plans for o in machine_objects(plan.state, plan.standings, index, outcome.requests.files)]
    kept = [m for m in loose if is_kept(m, index)]
    gone = [m for m in loose if not is_kept(m, index)]
    machines.extend(orphan_object(m, index) for m in kept)
    machines.extend(orphan_object(m, index) for m in gone if m.metadata.deletion_timestamp is not None)
    return SiteDecision(
        statuses=dict(_statuses(outcome, kept)),
        machines=tuple(sorted(machines, key=lambda m: m.key.name)) if outcome.older is None else (),
        machines_to_delete=tuple(_key(m) for m in gone if m.metadata.deletion_timestamp is None) if outcome.older is None else (),
        settlements=tuple(_settlements(outcome, loose)),
        effects=tuple(_effects(outcome)),
        watch_jobs=watched_jobs(standings, kept, index),
        watch_items=watched_items(standings, kept, index),
        recheck_at=recheck_at(outcome.judgement, standings, index, outcome.mending.moments),
    )


def _key(machine: FailbackMachine) -> ObjectKey:
    return ObjectKey(KIND, machine.namespace, machine.name)


def _loose(outcome: Outcome) -> list[FailbackMachine]:
    """Stored machines that stand for no machine of any plan."""
    taken = {s.machine.survey.machine.name for s in outcome.standings if s.machine.survey.machine is not None}
    listed = {item_id for item_id, machine in outcome.index.machines.items() if machine.name in taken}
    return orphans(outcome.index, listed)


def _statuses(outcome: Outcome, kept: Iterable[FailbackMachine]) -> Iterator[tuple[ObjectKey, StatusBase]]:
    view, judgement = outcome.index.site.view, outcome.judgement
    namespace = view.site.namespace
    site = site_status(outcome.index.site, judgement.site, outcome.older, outcome.mending)
    yield ObjectKey("RecoverySite", namespace, view.site.name), site
    for name, context in outcome.targets.items():
        yield ObjectKey("MasterTarget", namespace, name), target_status(context, judgement.targets[name], outcome.fixes[name])
    for server in outcome.servers:
        name = server.server.name
        yield ObjectKey("ProcessServer", namespace, name), server_status(server, judgement.servers[name])
    for plan in outcome.plans:
        yield ObjectKey("FailbackPlan", namespace, plan.state.plan.name), plan_status(plan)
        for standing in plan.standings:
            survey = standing.machine.survey
            if survey.machine is not None and survey.is_owner:
                status = machine_status(standing, judgement.of(standing.machine), plan.assignments)
                yield _key(survey.machine), _with_what_keeps_it(status, survey.machine, outcome.index)
    for machine in kept:
        status = orphan_status(machine, _position(machine, outcome.index))
        yield _key(machine), _with_what_keeps_it(status, machine, outcome.index)


def _with_what_keeps_it(status: FailbackMachineStatus, machine: FailbackMachine, index: SiteIndex) -> FailbackMachineStatus:
    return with_what_keeps_it(status, machine, reason_to_keep(machine, index))


def _position(machine: FailbackMachine, index: SiteIndex) -> Phase:
    item = index.items.by_id.get(ArmId(machine.spec.item_id))
    return architecture_of(item).position(item) if item else Phase.UNKNOWN


def _settlements(outcome: Outcome, loose: Iterable[FailbackMachine]) -> Iterator[Settlement]:
    machines = {s.machine.survey.machine.name: s.machine.survey.machine for s in outcome.standings if s.machine.survey.machine}
    machines |= {m.name: m for m in loose}
    stored = {m.name: m for m in outcome.index.site.view.machines}
    for name, machine in sorted(machines.items()):
        yield from _settled(_key(machine), stored[name].status.ledger, machine.status.ledger)
    site = outcome.index.site.view.site
    key = ObjectKey("RecoverySite", site.namespace, site.name)
    yield from _settled(key, outcome.stored.status.ledger, site.status.ledger)
    targets = {t.name: t for t in outcome.index.site.view.targets}
    for located in outcome.located:
        target = located.target
        key = ObjectKey("MasterTarget", target.namespace, target.name)
        yield from _settled(key, targets[target.name].status.ledger, target.status.ledger)


def _settled(owner: ObjectKey, before: list[LedgerEntry], after: list[LedgerEntry]) -> Iterator[Settlement]:
    return (Settlement(owner, new) for old, new in zip(before, after, strict=True) if new is not old)


def _effects(outcome: Outcome) -> Iterator[Effect]:
    """Fixes of the site and of master targets first, then what the plans ask, in their order."""
    view = outcome.index.site.view
    if outcome.older is None and not view.site.spec.suspend and is_established(view):
        shared = site_effect(outcome.index.site, outcome.mending)
        if shared is not None:
            yield shared
        for name, fixes in outcome.fixes.items():
            effect = fix_effect(outcome.targets[name], fixes)
            if effect is not None:
                yield effect
        yield from outcome.requests.effects
    for standing in outcome.standings:
        if standing.effect is not None:
            yield standing.effect
