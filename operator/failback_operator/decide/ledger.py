"""Settles effects on protected items by observation. Safety rule 3: an intent without a job id is settled by item and jobs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.decide.architectures.base import Architecture
from failback_operator.decide.index import ItemIndex
from failback_operator.domain.limits import Limits
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vault import Job, JobError, ProtectedItem

OPEN = frozenset({EffectOutcome.INTENDED, EffectOutcome.RUNNING, EffectOutcome.AMBIGUOUS})
"""Outcomes after which something may still run."""

MESSAGE_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an item's entries are settled by. `read_at` is when the vault was read; `now` the snapshot's time."""

    item: ProtectedItem
    architecture: Architecture
    jobs: tuple[Job, ...]
    index: ItemIndex
    limits: Limits
    read_at: datetime
    now: datetime


def settle(ledger: list[LedgerEntry], evidence: Evidence) -> list[LedgerEntry]:
    """The ledger as observation leaves it; entries of which nothing new is known are the same objects."""
    settled: list[LedgerEntry] = []
    for position, entry in enumerate(ledger):
        claimed = {e.job.casefold() for e in (*settled, *ledger[position + 1 :]) if e.job}
        settled.append(_settle(entry, claimed, evidence))
    return settled


def deadline(entry: LedgerEntry, limits: Limits) -> datetime:
    """From then on an intent without an answer is judged by observation."""
    return entry.not_after + limits.request_timeout


def _settle(entry: LedgerEntry, claimed: set[str], evidence: Evidence) -> LedgerEntry:
    if entry.outcome is EffectOutcome.RUNNING:
        return _follow(entry, evidence)
    if entry.outcome is EffectOutcome.AMBIGUOUS:
        return _adopt(entry, claimed, evidence) or entry
    if entry.outcome is not EffectOutcome.INTENDED or not _is_read_since(deadline(entry, evidence.limits), evidence):
        return entry
    adopted = _adopt(entry, claimed, evidence)
    if adopted is not None:
        return adopted
    kind = EffectKind(entry.effect)
    if evidence.architecture.allows(evidence.item, kind):
        text = "not sent: the item allows the step, nothing runs on it and the vault has no such job"
        return _final(entry, EffectOutcome.NOT_SENT, text, evidence)
    text = (
        f"it is not known whether the call for {kind} of {evidence.item.friendly_name} was taken: no job of it is found, yet the"
        " item does not allow the step any more. Look at the item and its jobs in the vault; to try again, name this entry's key"
        f" ({entry.key}) in spec.retries of the plan"
    )
    return _final(entry, EffectOutcome.AMBIGUOUS, text, evidence)


def _is_read_since(moment: datetime, evidence: Evidence) -> bool:
    """Whether vault and item were read later. A read of the vault takes its time: only the item's own GET tells when that was."""
    detail = evidence.item.detail
    return evidence.read_at > moment and detail is not None and detail.as_of > moment


def _final(entry: LedgerEntry, outcome: EffectOutcome, message: str | None, evidence: Evidence) -> LedgerEntry:
    cut = message[:MESSAGE_LENGTH] if message else None
    return entry.model_copy(update={"outcome": outcome, "settled_at": evidence.now.replace(microsecond=0), "message": cut})


def _adopt(entry: LedgerEntry, claimed: set[str], evidence: Evidence) -> LedgerEntry | None:
    """The entry with the job that its call started, if the vault shows one of that step begun while the call may have been taken.

    A later one is somebody else's.
    """
    kind, skew = EffectKind(entry.effect), evidence.limits.failover_clock_skew
    since, until = entry.intended_at - skew, deadline(entry, evidence.limits) + skew
    found = [
        job
        for job in evidence.jobs
        if evidence.architecture.does(job, kind)
        and job.started_at is not None
        and since <= job.started_at <= until
        and job.name.casefold() not in claimed
    ]
    if not found:
        return None
    first = min(found, key=lambda job: (job.started_at or evidence.now, job.name))
    changes = {"outcome": EffectOutcome.RUNNING, "job": first.name, "settled_at": None, "message": None}
    return _follow(entry.model_copy(update=changes), evidence)


def _follow(entry: LedgerEntry, evidence: Evidence) -> LedgerEntry:
    """A running entry, settled once its job and child jobs are over and the item was read again."""
    job = evidence.index.job(entry.job)
    if job is None or not job.is_over:
        return entry
    family = tuple(job_family(job, evidence.index))
    if any(member is None or not member.is_over for member in family):
        return entry
    failed = [member for member in family if member is not None and not member.is_success]
    if failed:
        return _final(entry, EffectOutcome.FAILED, failure_text(failed), evidence)
    if not evidence.architecture.is_after(evidence.item, EffectKind(entry.effect)):
        return entry
    return _final(entry, EffectOutcome.SUCCEEDED, None, evidence)


def job_family(job: Job, index: ItemIndex) -> Iterator[Job | None]:
    """The job and all jobs below it, each once; None for one that was not read."""
    seen: set[str] = set()
    pending: list[str] = [job.name]
    while pending:
        name = pending.pop(0)
        if name.casefold() in seen:
            continue
        seen.add(name.casefold())
        member = index.job(name)
        yield member
        pending.extend(member.child_jobs if member else ())


def failure_text(jobs: list[Job]) -> str:
    """Why the jobs failed, in the service's own words."""
    return " | ".join(_job_text(job) for job in jobs)


def _job_text(job: Job) -> str:
    head = f"job {job.name} ({job.scenario}) ended {job.state_description or job.state.value}"
    return ": ".join((head, "; ".join(error_text(e) for e in job.errors))) if job.errors else head


def error_text(error: JobError) -> str:
    """An error with its code, causes and recommended action, verbatim."""
    parts = (
        f"{error.code} {error.message}",
        f"Possible causes: {error.possible_causes}" if error.possible_causes else "",
        f"Recommended action: {error.recommended_action}" if error.recommended_action else "",
    )
    return " ".join(part.strip() for part in parts if part.strip())
