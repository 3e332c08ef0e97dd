"""What follows from a SiteView: statuses, machines to be stored, settled ledgers, effects. A pure function."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.checks.contexts import ServerContext, SiteContext, TargetContext
from failback_operator.decide.claims import with_claims
from failback_operator.decide.contexts import PlanState, Surroundings, plan_state, server_contexts, target_contexts
from failback_operator.decide.demand import Assignments, Judged, distribute
from failback_operator.decide.duplicates import older_site, paused
from failback_operator.decide.effects import Schedule
from failback_operator.decide.index import SiteIndex, index_site
from failback_operator.decide.judgement import Fixed, Judgement, judge, rule_on
from failback_operator.decide.outcome import Outcome, decision
from failback_operator.decide.plan_conditions import PlanView
from failback_operator.decide.remediation import Fix, fixes_of, is_mending, with_remedies
from failback_operator.decide.requests import Around, Requests, judged_with, requests_of
from failback_operator.decide.rules import RULES, Rules
from failback_operator.decide.selection import Selection, select, settle_ownership
from failback_operator.decide.site_fixes.ledger import with_settled_site
from failback_operator.decide.site_fixes.mending import SiteMending, site_mending, with_told
from failback_operator.decide.standing import Standing, standings
from failback_operator.decide.survey import Survey, survey
from failback_operator.decide.targets import Located, locate_targets
from failback_operator.domain.decision import SiteDecision
from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import Step
from failback_operator.planning.assignment import Placed, Waiting


def evaluate(view: SiteView, rules: Rules = RULES) -> SiteDecision:
    """Decide about a site. The same view gives an equal decision, whatever the order of its lists."""
    return decision(_Evaluation(view, rules).run())


def judge_site(view: SiteView, rules: Rules = RULES) -> Judgement:
    """Every verdict on which `evaluate` bases its decision, those that passed among them."""
    return _Evaluation(view, rules).run().judgement


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found before anything is judged."""

    index: SiteIndex
    selections: tuple[Selection, ...]
    surveys: tuple[tuple[Survey, ...], ...]
    located: tuple[Located, ...]
    servers: tuple[ServerContext, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    """Assignment with all that was judged under it."""

    assignments: Assignments
    targets: dict[str, TargetContext]
    states: tuple[PlanState, ...]
    judgement: Judgement
    standings: tuple[tuple[Standing, ...], ...]
    fixes: dict[str, tuple[Fix, ...]]
    mending: SiteMending
    requests: Requests


class _Evaluation:
    def __init__(self, view: SiteView, rules: Rules) -> None:
        self._view, self._rules = view, rules
        index = with_settled_site(index_site(SiteContext(view, view.vault(), view.vsphere())))
        site = index.site
        self._found = _find(index)
        self._fixed = Fixed(
            site=rule_on(rules.site, site),
            servers={s.server.name: rule_on(rules.server, s) for s in self._found.servers},
        )
        self._older: RecoverySite | None = older_site(view)

    def run(self) -> Outcome:
        found = self._found
        troubled = frozenset(self._troubled_targets())
        judged = self._judge(Judged(troubled))
        blocked = frozenset(_blocked_groups(judged))
        if blocked and any(isinstance(p, Waiting) for p in judged.assignments.placements.values()):
            # Slots promised to a group that may not start anyway go to those that may.
            judged = self._judge(Judged(troubled, blocked))
        fixes = judged.fixes
        mending = frozenset(name for name, context in judged.targets.items() if is_mending(context, fixes[name]))
        plans = tuple(
            PlanView(
                state, self._schedule(state, own, judged, mending), judged.judgement, judged.assignments, self._paused(state)
            )
            for state, own in zip(judged.states, judged.standings, strict=True)
        )
        return Outcome(
            index=found.index,
            plans=plans,
            located=found.located,
            targets=judged.targets,
            fixes=fixes,
            servers=found.servers,
            judgement=judged.judgement,
            older=self._older,
            mending=judged.mending,
            stored=self._view.site,
            requests=judged.requests,
        )

    def _troubled_targets(self) -> Iterator[str]:
        """Targets on which reprotect is blocked whatever is assigned to them."""
        for name, context in target_contexts(self._found.located, self._found.index, None).items():
            if any(r.is_blocker and Step.REPROTECT in r.steps for r in rule_on(self._rules.target, context)):
                yield name

    def _judge(self, known: Judged) -> _Judged:
        found = self._found
        assignments = distribute(found.surveys, found.located, found.index, known)
        targets = target_contexts(found.located, found.index, assignments)
        around = Surroundings(found.index, found.located, targets, found.servers, assignments)
        states = with_claims(tuple(plan_state(s, own, around) for s, own in zip(found.selections, found.surveys, strict=True)))
        judgement = judge(self._rules, self._fixed, targets.values(), states)
        mending = site_mending(found.index.site, targets, judgement)
        fixes = {
            name: (*fixes_of(context, judgement.targets[name]), *mending.told.get(name, ())) for name, context in targets.items()
        }
        judgement = replace(
            judgement,
            site=with_remedies(judgement.site, mending.fixes),
            targets={n: with_remedies(r, fixes[n]) for n, r in judgement.targets.items()},
            machines={key: with_told(r, mending.machines) for key, r in judgement.machines.items()},
        )
        machines = tuple(found.index.machines.values())
        asked = Around(judgement, tuple(targets.values()), machines, assignments)
        requests = requests_of(((state, self._paused(state)) for state in states), asked)
        judgement = judged_with(judgement, requests)
        stands = tuple(standings(s, judgement) for s in states)
        return _Judged(assignments, targets, states, judgement, stands, fixes, mending, requests)

    def _schedule(
        self, state: PlanState, own: tuple[Standing, ...], judged: _Judged, mending: frozenset[str]
    ) -> tuple[Standing, ...]:
        return Schedule(state, own, judged.assignments, self._paused(state), mending).run()

    def _paused(self, state: PlanState) -> str | None:
        """Why nothing may begin for the plan, or None."""
        of_site = paused(self._view)
        if of_site is not None:
            return of_site
        if state.plan.metadata.deletion_timestamp is not None:
            return "the plan is being deleted: nothing more begins"
        return "the plan is suspended: set spec.suspend to false to go on" if state.plan.spec.suspend else None


def _find(index: SiteIndex) -> _Found:
    plans = sorted(index.site.view.plans, key=lambda p: p.name)
    selections = tuple(select(plan, index) for plan in plans)
    ownership = settle_ownership(selections, index)
    surveys = tuple(survey(selection, ownership, index) for selection in selections)
    return _Found(index, selections, surveys, locate_targets(index), server_contexts(index))


def _blocked_groups(judged: _Judged) -> Iterator[str]:
    """Groups that hold slots, have not begun, and may not begin."""
    for own in judged.standings:
        for standing in own:
            key = standing.machine.survey.group_key
            state = judged.assignments.states.get(key)
            holds = state is not None and state.holds_slots and state.group.fixed is None
            is_placed = isinstance(judged.assignments.placements.get(key), Placed)
            if holds and is_placed and (standing.blockers or standing.trouble is not None):
                yield key
