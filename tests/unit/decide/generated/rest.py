"""A site at rest: what was decided is stored as the API server stores it, nothing is done, and nothing changes in the worlds."""

from dataclasses import dataclass, replace
from typing import TypeVar

from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.status_rules import FIRST_WRITE, written

from failback_operator.api.common import LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackMachineStatus, MasterTarget, RecoverySite
from failback_operator.api.v1alpha1.failback_machine import IN_FLIGHT_FINALIZER
from failback_operator.domain.decision import MachineObject, SiteDecision
from failback_operator.domain.snapshot import SiteView
from failback_operator.runtime.keys import AnyObject, key_of
from failback_operator.runtime.status_writer import status_changes

Stored = TypeVar("Stored", bound=AnyObject)
WITH_LEDGER = (RecoverySite, MasterTarget, FailbackMachine)
MOST_ROUNDS = 6
"""Decisions that store something, before nothing is left to store: the fabric, the selection, machines, records, findings."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Where a site comes to rest: the view as stored, and the decision about it, which changes nothing any more."""

    view: SiteView
    decision: SiteDecision


def settled(view: SiteView) -> Rest:
    """Decide and store until nothing is written. Raises AssertionError where that does not end, or a status is not valid."""
    for _ in range(MOST_ROUNDS):
        decision = evaluate(view)
        after = stored(view, decision)
        if after == view:
            return Rest(view, decision)
        left, view = view, after
    raise AssertionError(f"it does not come to rest; {'; '.join(_moved(left, view))}")


def _moved(before: SiteView, after: SiteView) -> list[str]:
    """What a last decision still changed."""
    old = {key_of(each): each for each in _objects(before)}
    told = []
    for each in _objects(after):
        was = old.get(key_of(each))
        if was is None or was.spec != each.spec or was.metadata != each.metadata:
            told.append(f"{key_of(each)} is new, or another")
        else:
            told.append(f"{key_of(each)}: {status_changes(was.status, each.status)}")
    return told


def _objects(view: SiteView) -> tuple[AnyObject, ...]:
    return (view.site, *view.targets, *view.servers, *view.plans, *view.machines)


def stored(view: SiteView, decision: SiteDecision) -> SiteView:
    """The view after all that was decided is written: settlements, machines, statuses; effects are not made."""
    view = _with_settlements(view, decision)
    gone = {key.name for key in decision.machines_to_delete}
    machines = {m.name: m for m in view.machines if m.name not in gone}
    for wanted in decision.machines:
        machine = _machine(wanted, machines.get(wanted.key.name))
        if machine is None:
            del machines[wanted.key.name]
        else:
            machines[wanted.key.name] = machine
    return replace(
        view,
        site=_with_status(view.site, decision),
        targets=tuple(_with_status(t, decision) for t in view.targets),
        servers=tuple(_with_status(s, decision) for s in view.servers),
        plans=tuple(_with_status(p, decision) for p in view.plans),
        machines=tuple(_with_status(m, decision) for m in machines.values()),
    )


def _with_settlements(view: SiteView, decision: SiteDecision) -> SiteView:
    by_owner: dict[str, dict[str, LedgerEntry]] = {}
    for each in decision.settlements:
        by_owner.setdefault(str(each.owner), {})[each.entry.key] = each.entry
    site = _settle(view.site, by_owner.get(str(key_of(view.site)), {}))
    targets = tuple(_settle(t, by_owner.get(str(key_of(t)), {})) for t in view.targets)
    machines = tuple(_settle(m, by_owner.get(str(key_of(m)), {})) for m in view.machines)
    return replace(view, site=site, targets=targets, machines=machines)


def _settle(owner: Stored, entries: dict[str, LedgerEntry]) -> Stored:
    if not entries or not isinstance(owner, WITH_LEDGER):
        return owner
    ledger = [entries.get(entry.key, entry) for entry in owner.status.ledger]
    return owner.model_copy(update={"status": owner.status.model_copy(update={"ledger": ledger})})


def _machine(wanted: MachineObject, old: FailbackMachine | None) -> FailbackMachine | None:
    """The FailbackMachine as asked for; None where it was being deleted and nothing keeps it any more."""
    finalizers = (IN_FLIGHT_FINALIZER,) if wanted.is_in_flight else ()
    if old is not None and old.metadata.deletion_timestamp is not None:
        return old if wanted.is_in_flight else None
    if old is not None and (old.spec, old.metadata.finalizers) == (wanted.spec, finalizers):
        return old
    if old is not None:
        metadata = old.metadata.model_copy(update={"finalizers": finalizers})
        return old.model_copy(update={"spec": wanted.spec, "metadata": metadata})
    metadata = b.meta(wanted.key.name, finalizers=finalizers)
    return FailbackMachine(metadata=metadata, spec=wanted.spec, status=FailbackMachineStatus())


def _with_status(found: Stored, decision: SiteDecision) -> Stored:
    """The object with the status that the API server then has; the very object where nothing is written."""
    wanted = decision.statuses.get(key_of(found))
    if wanted is None:
        return found
    changes, status = written(key_of(found).kind, found.status, wanted, FIRST_WRITE)
    if not changes:
        return found
    ledger = {"ledger": found.status.ledger} if isinstance(found, WITH_LEDGER) else {}
    return found.model_copy(update={"status": status.model_copy(update=ledger)})
