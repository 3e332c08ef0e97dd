"""What must be read again soon: jobs, items in motion, and the instant at which time alone changes something."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.decide.attempts import TRIED
from failback_operator.decide.index import SiteIndex
from failback_operator.decide.judgement import Judgement
from failback_operator.decide.ledger import OPEN, deadline, job_family
from failback_operator.decide.overdue import overdue_at
from failback_operator.decide.standing import Standing, WaitReason
from failback_operator.domain.ids import ArmId
from failback_operator.domain.steps import EffectKind

SECOND = timedelta(seconds=1)
SOON = frozenset({WaitReason.RECORDING, WaitReason.NOT_ALLOWED, WaitReason.RETRY})
"""What a machine waits for that may end any moment."""


def watched_items(standings: Iterable[Standing], loose: Iterable[FailbackMachine], index: SiteIndex) -> frozenset[str]:
    """Items in motion or about to get an effect, with their groups; and those of machines without a plan that still run.

    Also items of stored machines that are not found: only the answer to a question for each tells whether it is gone.
    """
    found: set[str] = set()
    for standing in standings:
        item, machine = standing.machine.context.item, standing.machine.survey.machine
        if machine is not None and item is None:
            found.add(machine.spec.item_id)
        in_doubt = standing.trouble is not None and standing.trouble.entry is not None
        waits = standing.wait is not None and standing.wait.reason in SOON
        if item is not None and (standing.is_in_flight or standing.effect is not None or waits or in_doubt):
            found.update(str(member.arm_id) for member in (item, *standing.machine.context.group))
    found.update(m.spec.item_id for m in loose if _open(m.status.ledger) or ArmId(m.spec.item_id) not in index.items.by_id)
    return frozenset(found)


def watched_jobs(standings: Iterable[Standing], loose: Iterable[FailbackMachine], index: SiteIndex) -> frozenset[str]:
    """Jobs that are followed: those of the ledgers and those that run on the plans' items, with their child jobs."""
    names: set[str] = set()
    for standing in standings:
        machine, item = standing.machine.survey.machine, standing.machine.context.item
        names.update(e.job for e in _open(machine.status.ledger if machine else []) if e.job)
        if item is not None and item.current_scenario is not None and item.current_scenario.job_name:
            names.add(item.current_scenario.job_name)
    names.update(e.job for m in loose for e in _open(m.status.ledger) if e.job)
    names.update(e.job for e in _open(index.site.view.site.status.ledger) if e.job)
    return frozenset(name for root in names for name in _unfinished(root, index))


def _unfinished(root: str, index: SiteIndex) -> Iterable[str]:
    family = job_family(root, index.items)
    return sorted(name for name, job in family.items() if job is None or not job.is_known_to_end) or [root]


def _open(ledger: list[LedgerEntry]) -> list[LedgerEntry]:
    """Those that have a job of the vault."""
    return [e for e in ledger if e.outcome in OPEN and EffectKind(e.effect).has_job]


def recheck_at(
    judgement: Judgement, standings: Iterable[Standing], index: SiteIndex, further: Iterable[datetime] = ()
) -> datetime | None:
    """The next instant at which time alone may change the decision; `further`: instants that nothing else tells."""
    now, limits = index.site.now, index.site.limits
    groups = (judgement.site, *judgement.targets.values(), *judgement.servers.values())
    groups = (*groups, *judgement.machines.values(), *judgement.plans.values())
    moments = [r.verdict.recheck_at for group in groups for r in group if r.verdict.recheck_at is not None]
    machines = (s.machine.survey.machine for s in standings)
    moments.extend(further)
    ledgers = [index.site.view.site.status.ledger, *(t.status.ledger for t in index.site.view.targets)]
    ledgers += [m.status.ledger for m in machines if m is not None]
    for entry in (e for ledger in ledgers for e in ledger):
        overdue = overdue_at(entry, limits)
        if overdue is not None:
            moments.append(overdue + SECOND)
        if entry.outcome is EffectOutcome.INTENDED:
            moments.append(deadline(entry, limits))
        elif entry.outcome in TRIED and entry.settled_at is not None:
            moments.append(entry.settled_at + limits.refused_retry)
    moments.extend(w.until for plan in index.site.view.plans for w in plan.spec.waivers)
    return min((m for m in moments if m > now), default=None)
