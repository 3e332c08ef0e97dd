"""What is known of a machine's round: the failover that it is in, what was recorded for it, and where the machine stands.

Source of the rules: design, safety rule 2. The failback's own failover is never taken for the one to Azure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.api.v1alpha1.failback_machine import Phase, Recorded
from failback_operator.decide.architectures.base import Architecture
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.decide.naming import round_prefix
from failback_operator.domain.job import Job
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.steps import EffectKind


@dataclass(frozen=True, slots=True)
class History:
    """Jobs of one item that tell of its failovers, newest first.

    `failovers` and `commits` succeeded; `attempts` are all failovers, `switches` all reprotects in either direction.
    """

    failovers: tuple[Job, ...]
    attempts: tuple[Job, ...]
    switches: tuple[Job, ...]
    commits: tuple[Job, ...]

    def last_reprotect(self, *, is_home: bool) -> datetime | None:
        """When the newest reprotect to on-premises started: once the machine is home, what follows the failback goes to Azure."""
        failback = next((j.started_at for j in self.attempts if j.started_at), None) if is_home else None
        started = (j.started_at for j in self.switches if j.started_at)
        return next((s for s in started if failback is None or s < failback), None)


@dataclass(frozen=True, slots=True)
class Round:
    """One machine's round. `machine` holds the ledger as observation settled it. `position` is where the item stands."""

    item: ProtectedItem
    architecture: Architecture
    machine: FailbackMachine | None
    jobs: tuple[Job, ...]
    record: Recorded | None
    failed_over_at: datetime | None
    last_failback_at: datetime | None
    position: Phase

    def entries(self, kind: EffectKind | None = None) -> list[LedgerEntry]:
        """The ledger's entries of this round, oldest first; of one kind of effect if given."""
        if self.machine is None or self.failed_over_at is None:
            return []
        kinds = [kind] if kind else [k for k in EffectKind if k.is_on_item]
        prefixes = tuple(round_prefix(k, self.failed_over_at) for k in kinds)
        return [e for e in self.machine.status.ledger if e.key.startswith(prefixes)]


@dataclass(frozen=True, slots=True)
class RoundInput:
    """What a round is derived from. `bound` is the instant up to which the plan covers failovers, None where it says none."""

    item: ProtectedItem
    machine: FailbackMachine | None
    jobs: tuple[Job, ...]
    stated: datetime | None
    bound: datetime | None
    skew: timedelta


def history(jobs: tuple[Job, ...], architecture: Architecture) -> History:
    """An item's jobs by what they did."""
    done = [j for j in jobs if j.is_success]
    return History(
        failovers=tuple(j for j in done if architecture.does(j, EffectKind.FAILBACK)),
        attempts=tuple(j for j in jobs if architecture.does(j, EffectKind.FAILBACK)),
        switches=tuple(j for j in jobs if architecture.does(j, EffectKind.REPROTECT)),
        commits=tuple(j for j in done if architecture.does(j, EffectKind.COMMIT)),
    )


def derive_round(given: RoundInput) -> Round:
    """The round that the item is in."""
    architecture = architecture_of(given.item)
    past = history(given.jobs, architecture)
    position = architecture.position(given.item)
    record, failed_over_at = _failover(given, past)
    if position in {Phase.NOT_FAILED_OVER, Phase.PROTECTING}:
        record, failed_over_at = _came_home(given, past, is_settled=position is Phase.NOT_FAILED_OVER)
        position = _home_position(position, failed_over_at)
    found = Round(given.item, architecture, given.machine, given.jobs, record, failed_over_at, None, position)
    last_failback = _last_failback(found, past)
    return Round(
        given.item, architecture, given.machine, given.jobs, record, failed_over_at, last_failback, _seen(found, last_failback)
    )


def _whole(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment else None


def _end(job: Job) -> datetime | None:
    return _whole(job.ended_at or job.started_at)


def _failover(given: RoundInput, past: History) -> tuple[Recorded | None, datetime | None]:
    """Record and time of the failover to Azure after which the machine runs, or ran, there."""
    item, records = given.item, given.machine.spec.recorded if given.machine else []
    if item.instance_type is InstanceType.TO_AZURE:
        newest = past.failovers[0] if past.failovers else None
        told = _whole(item.last_failover_time) or (_end(newest) if newest else None) or _whole(given.stated)
        return next((r for r in records if r.failed_over_at == told), None), told
    job = _failover_before_reprotect(item, past)
    records = [r for r in records if not _is_over(given.machine, r)]
    record = max(records, key=lambda r: r.failed_over_at, default=None)
    if record is not None and not _is_later(job, record.failed_over_at + given.skew):
        return record, record.failed_over_at
    return None, (_end(job) if job else None) or _whole(given.stated)


def _is_over(machine: FailbackMachine | None, record: Recorded) -> bool:
    """Whether the ledger shows the record's round at its end: an item that is reversed now is in a later one."""
    prefix = round_prefix(EffectKind.PROTECT, record.failed_over_at)
    ledger = machine.status.ledger if machine else []
    return any(e.key.startswith(prefix) and e.outcome is EffectOutcome.SUCCEEDED for e in ledger)


def _is_home(item: ProtectedItem) -> bool:
    return architecture_of(item).is_after(item, EffectKind.FAILBACK)


def _failover_before_reprotect(item: ProtectedItem, past: History) -> Job | None:
    """The newest failover that started before the newest reprotect to on-premises: the one to Azure, of a reversed item."""
    switched = past.last_reprotect(is_home=_is_home(item))
    if switched is None:
        return None
    return next((j for j in past.failovers if j.started_at and j.started_at < switched), None)


def _is_later(job: Job | None, moment: datetime) -> bool:
    return job is not None and job.started_at is not None and job.started_at > moment


def _came_home(given: RoundInput, past: History, *, is_settled: bool) -> tuple[Recorded | None, datetime | None]:
    """Record and time of the covered failover from which the machine, protected to Azure again, came home; else nothing.

    A record is written when the machine is failed over and committed: from there only a committed failback leads to Azure-bound
    protection again. Without a record a failover, a reprotect and a commit must follow each other in the vault's jobs. While the
    first synchronisation runs the round is not over: then a record needs no bound that covers it.
    """
    records = given.machine.spec.recorded if given.machine else []
    covered = [r for r in records if not is_settled or (given.bound is not None and r.failed_over_at <= given.bound)]
    record = max(covered, key=lambda r: r.failed_over_at, default=None)
    if record is not None:
        return record, record.failed_over_at
    for failover in past.failovers:
        ended = _end(failover)
        if given.bound is None or ended is None or ended > given.bound:
            continue
        switched = [j.started_at for j in past.switches if _is_later(j, ended) and j.started_at]
        if switched and any(_is_later(commit, min(switched)) for commit in past.commits):
            return None, ended
    return None, None


def _home_position(position: Phase, came_home_from: datetime | None) -> Phase:
    if came_home_from is None:
        return Phase.NOT_FAILED_OVER
    return Phase.PROTECTED if position is Phase.NOT_FAILED_OVER else Phase.PROTECTING


def _last_failback(found: Round, past: History) -> datetime | None:
    """Start of the newest failback of the round: of its job, else of the ledger's intent."""
    if found.item.instance_type is not InstanceType.TO_ON_PREMISES:
        return None
    switched = past.last_reprotect(is_home=_is_home(found.item))
    started = [
        j.started_at
        for j in found.jobs
        if found.architecture.does(j, EffectKind.FAILBACK) and j.started_at and switched and j.started_at > switched
    ]
    intended = [e.intended_at for e in found.entries(EffectKind.FAILBACK) if e.job]
    return max(started, default=None) or max(intended, default=None)


def _seen(found: Round, last_failback: datetime | None) -> Phase:
    """The position, unless a failback that ended badly left the item where it neither replicates nor may be failed back again."""
    is_syncing = found.position is Phase.REPROTECTING and found.item.instance_type is InstanceType.TO_ON_PREMISES
    return Phase.UNKNOWN if is_syncing and last_failback is not None else found.position
