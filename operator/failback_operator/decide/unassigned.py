"""Objects that name a RecoverySite which does not exist: said at once, nothing else is judged."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from failback_operator.api.common import StatusBase
from failback_operator.api.v1alpha1 import (
    FailbackMachine,
    FailbackPlan,
    MasterTarget,
    ProcessServer,
)
from failback_operator.decide.conditions import FALSE, IDLE, TRUE, UNKNOWN, Conditions, State, rendered
from failback_operator.decide.leaving import NO_SITE, with_what_keeps_it
from failback_operator.decide.rules import RULES, Rules
from failback_operator.domain.steps import ObjectKey

REASON = "SiteNotFound"
PLAN_CONDITIONS = (
    "SiteReady",
    "MasterTargetsReady",
    "ProcessServerReady",
    "MachinesReady",
    "DiskLimit",
    "OSMatch",
    "FailoverCovered",
    "Scheduled",
)

NOT_OF_TARGETS = frozenset({"Reconciling", "Stalled"})
"""Conditions that a master target does not have: its Ready tells both."""


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Objects without a site; `sites` are namespace and name of every RecoverySite that exists."""

    sites: tuple[tuple[str, str], ...] = ()
    targets: tuple[MasterTarget, ...] = ()
    servers: tuple[ProcessServer, ...] = ()
    plans: tuple[FailbackPlan, ...] = ()
    machines: tuple[FailbackMachine, ...] = ()


def evaluate_unassigned(objects: Unassigned, rules: Rules = RULES) -> dict[ObjectKey, StatusBase]:
    """Their statuses: Ready is False with reason SiteNotFound, and says which field names what, and what exists."""
    return dict(_statuses(objects, rules))


def _statuses(objects: Unassigned, rules: Rules) -> Iterator[tuple[ObjectKey, StatusBase]]:
    for plan in objects.plans:
        states = _states(plan, objects.sites, PLAN_CONDITIONS)
        text = states["Ready"].message
        yield _key("FailbackPlan", plan), _status(plan.status, states, plan).model_copy(update={"message": text})
    for target in objects.targets:
        names = dict.fromkeys(check.condition for check in rules.target)
        states = {kind: s for kind, s in _states(target, objects.sites, names).items() if kind not in NOT_OF_TARGETS}
        yield _key("MasterTarget", target), _status(target.status, states, target)
    for server in objects.servers:
        names = dict.fromkeys(check.condition for check in rules.server)
        yield _key("ProcessServer", server), _status(server.status, _states(server, objects.sites, names), server)
    for machine in objects.machines:
        names = dict.fromkeys(check.condition for check in rules.machine)
        states = _states(machine, objects.sites, names)
        text = states["Ready"].message
        status = _status(machine.status, states, machine).model_copy(update={"message": text})
        yield _key("FailbackMachine", machine), with_what_keeps_it(status, machine, NO_SITE)


Object = FailbackPlan | MasterTarget | ProcessServer | FailbackMachine
StatusT = TypeVar("StatusT", bound=StatusBase)


def _key(kind: str, obj: Object) -> ObjectKey:
    return ObjectKey(kind, obj.namespace, obj.name)


def _status(stored: StatusT, states: Conditions, obj: Object) -> StatusT:
    """The stored status, so that no ledger or record of the past is lost, with these conditions and no findings."""
    return stored.model_copy(
        update={
            "observed_generation": obj.metadata.generation,
            "conditions": rendered(states, obj.metadata.generation),
            "findings": [],
            "findings_omitted": 0,
        }
    )


def _states(obj: Object, sites: tuple[tuple[str, str], ...], names: Iterable[str]) -> Conditions:
    missing = State(FALSE, REASON, _text(obj, sites))
    unknown = State(UNKNOWN, REASON, "not judged: the site does not exist")
    return {
        "Ready": missing,
        "Reconciling": IDLE,
        "Stalled": State(TRUE, REASON, missing.message),
        **{name: missing if name == "SiteReady" else unknown for name in names},
    }


def _text(obj: Object, sites: tuple[tuple[str, str], ...]) -> str:
    wanted = obj.spec.site_ref.name
    here = sorted(name for namespace, name in sites if namespace == obj.namespace)
    elsewhere = sorted(namespace for namespace, name in sites if name == wanted and namespace != obj.namespace)
    exists = f"there are: {', '.join(here)}" if here else "there is none at all"
    hint = f"; one of that name is in namespace {', '.join(elsewhere)}, but references stay in the namespace" if elsewhere else ""
    return f"spec.siteRef.name: there is no RecoverySite {wanted} in namespace {obj.namespace}; {exists}{hint}"
