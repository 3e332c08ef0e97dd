"""What is known of a machine's round: the failover that it is in, what was recorded for it, and where the machine stands.

Source of the rules: design, safety rule 2. The failback's own failover is never taken for the one to Azure.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.api.v1alpha1.failback_machine import Phase, Recorded
from failback_operator.decide.architectures.base import Architecture
from failback_operator.decide.architectures.registry import architecture_of
from failback_operator.decide.naming import round_prefix
from failback_operator.decide.selection import NOTHING_HAPPENED
from failback_operator.domain.job import Job
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.steps import ON_ITEM, EffectKind


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
    """One machine's round. `machine` holds the ledger as observation settled it. `position` is where the item stands.

    `since`: what the ledger holds from later is of this round, whatever time of the failover its keys tell.
    `reprotected_at`: start of its newest reprotect; `failbacks`: start and end of each failback since then, None while it runs.
    """

    item: ProtectedItem
    architecture: Architecture
    machine: FailbackMachine | None
    jobs: tuple[Job, ...]
    record: Recorded | None
    failed_over_at: datetime | None
    last_failback_at: datetime | None
    position: Phase
    since: datetime | None
    reprotected_at: datetime | None = None
    failbacks: tuple[tuple[datetime, datetime | None], ...] = ()

    def entries(self, kind: EffectKind | None = None) -> list[LedgerEntry]:
        """The ledger's entries of this round, oldest first; of one kind of effect if given."""
        return [e for e in self.all_entries(kind) if self._is_of_round(e)]

    def all_entries(self, kind: EffectKind | None = None) -> list[LedgerEntry]:
        """The ledger's entries of all rounds, oldest first; of one kind of effect if given."""
        kinds = {kind} if kind else ON_ITEM
        return [e for e in self.machine.status.ledger if e.effect in kinds] if self.machine is not None else []

    def _is_of_round(self, entry: LedgerEntry) -> bool:
        # By the key as well: the vault's clock may be ahead of the one that dated the intent.
        is_later = self.since is not None and entry.intended_at > self.since
        return is_later or (self.failed_over_at is not None and _has_time(entry, self.failed_over_at))


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
    since = _since(given, past, record, failed_over_at) if position is not Phase.NOT_FAILED_OVER else None
    found = Round(given.item, architecture, given.machine, given.jobs, record, failed_over_at, None, position, since)
    last_failback = _last_failback(found, past)
    reprotected_at = _reprotected_at(found, past)
    return replace(
        found,
        last_failback_at=last_failback,
        position=_seen(found, last_failback),
        reprotected_at=reprotected_at,
        failbacks=_failbacks(past, reprotected_at),
    )


def _has_time(entry: LedgerEntry, failed_over_at: datetime) -> bool:
    return entry.key.startswith(round_prefix(EffectKind(entry.effect), failed_over_at))


def _since(given: RoundInput, past: History, record: Recorded | None, failed_over_at: datetime | None) -> datetime | None:
    """From when the ledger is of the round: a time that a record or the vault tells, else the end of the round before.

    What a person states may be edited at any time, and takes no step that failed or is in doubt out of the round.
    """
    is_told = record is not None or _newest_in_vault(given.item, past) is not None
    if failed_over_at is not None and is_told:
        return failed_over_at
    ledger = given.machine.status.ledger if given.machine else []
    ends = [e.intended_at for e in ledger if e.effect == EffectKind.PROTECT and e.outcome is EffectOutcome.SUCCEEDED]
    return max(ends, default=datetime.min.replace(tzinfo=UTC))


def _whole(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment else None


def _end(job: Job) -> datetime | None:
    return _whole(job.ended_at or job.started_at)


def _failover(given: RoundInput, past: History) -> tuple[Recorded | None, datetime | None]:
    """Record and time of the failover to Azure after which the machine runs, or ran, there.

    A record of the round tells its time: the vault's answers differ by what was read, and may be without it once.
    """
    record = _record_of_round(given, past)
    if record is not None:
        return record, record.failed_over_at
    return None, _newest_in_vault(given.item, past) or _whole(given.stated)


def _newest_in_vault(item: ProtectedItem, past: History) -> datetime | None:
    """The failover to Azure as item or jobs tell it."""
    if item.instance_type is InstanceType.TO_AZURE:
        newest = past.failovers[0] if past.failovers else None
        return _whole(item.last_failover_time) or (_end(newest) if newest else None)
    job = _failover_before_reprotect(item, past)
    return _end(job) if job else None


def _record_of_round(given: RoundInput, past: History) -> Recorded | None:
    """The newest record, unless the machine failed over anew since then."""
    records = given.machine.spec.recorded if given.machine else []
    if given.item.instance_type is InstanceType.TO_AZURE:
        return _record_before_reprotect(given, past, records)
    record = max((r for r in records if not _is_over(given.machine, r)), key=_time_of, default=None)
    job = _failover_before_reprotect(given.item, past)
    return record if record is not None and not _is_later(job, record.failed_over_at + given.skew) else None


def _record_before_reprotect(given: RoundInput, past: History, records: list[Recorded]) -> Recorded | None:
    told = _whole(given.item.last_failover_time)
    job = past.failovers[0] if past.failovers else None
    stated = _whole(given.stated)
    record = max(records, key=_time_of, default=None)
    if record is None:
        return None
    latest = record.failed_over_at + given.skew
    if told is not None or job is not None:
        is_later = told > latest if told is not None else _is_later(job, latest)
        is_same = told is not None and told >= record.failed_over_at - given.skew
        return record if not is_later and (is_same or not _is_past(given.machine, record)) else None
    is_stated = stated is not None and abs(stated - record.failed_over_at) <= given.skew
    is_begun = _has_begun(given.machine, record) and not _is_past(given.machine, record)
    return record if is_stated or is_begun else None


def _time_of(record: Recorded) -> datetime:
    return record.failed_over_at


def _entries_of(machine: FailbackMachine | None, record: Recorded) -> list[LedgerEntry]:
    ledger = machine.status.ledger if machine else []
    return [e for e in ledger if e.intended_at > record.failed_over_at or _has_time(e, record.failed_over_at)]


def _is_over(machine: FailbackMachine | None, record: Recorded) -> bool:
    """Whether the ledger shows the record's round at its end: an item that is reversed now is in a later one."""
    return any(e.effect == EffectKind.PROTECT and e.outcome is EffectOutcome.SUCCEEDED for e in _entries_of(machine, record))


def _is_past(machine: FailbackMachine | None, record: Recorded) -> bool:
    """Whether the ledger shows the record's reprotect made: an item that waits for one is in a later round."""
    later = {EffectKind.REPROTECT, EffectKind.FAILBACK, EffectKind.COMMIT, EffectKind.PROTECT}
    return any(e.effect in later and e.outcome is EffectOutcome.SUCCEEDED for e in _entries_of(machine, record))


def _has_begun(machine: FailbackMachine | None, record: Recorded) -> bool:
    """Whether a step of the record's round was taken, or may have been."""
    return any(e.outcome not in NOTHING_HAPPENED for e in _entries_of(machine, record))


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


def _reprotected_at(found: Round, past: History) -> datetime | None:
    """Start of the newest reprotect of the round: of its job, else of the ledger's intent."""
    since = found.failed_over_at
    started = past.last_reprotect(is_home=_is_home(found.item))
    if started is not None and (since is None or started > since):
        return started
    intended = [e.intended_at for e in found.entries(EffectKind.REPROTECT) if e.outcome not in NOTHING_HAPPENED]
    return max(intended, default=None)


def _failbacks(past: History, reprotected_at: datetime | None) -> tuple[tuple[datetime, datetime | None], ...]:
    found = ((j.started_at, j.ended_at) for j in past.attempts if j.started_at)
    return tuple((start, end) for start, end in found if reprotected_at is not None and start > reprotected_at)


def _seen(found: Round, last_failback: datetime | None) -> Phase:
    """The position, unless a failback that ended badly left the item where it neither replicates nor may be failed back again."""
    is_syncing = found.position is Phase.REPROTECTING and found.item.instance_type is InstanceType.TO_ON_PREMISES
    return Phase.UNKNOWN if is_syncing and last_failback is not None else found.position
