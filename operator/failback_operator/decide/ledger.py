"""Settles effects on protected items by observation. Safety rule 3: an intent without a job id is settled by item and jobs."""

from dataclasses import dataclass
from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.decide.architectures.base import Architecture
from failback_operator.decide.index import ItemIndex
from failback_operator.domain.job import Job, JobError
from failback_operator.domain.limits import Limits
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import EffectKind

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
        if not EffectKind(entry.effect).is_on_item:
            settled.append(entry)
            continue
        later = ledger[position + 1 :]
        claimed = {e.job.casefold() for e in (*settled, *later) if e.job}
        is_passed = any(e.outcome is EffectOutcome.SUCCEEDED and EffectKind(e.effect).is_on_item for e in later)
        in_doubt = entry.outcome is EffectOutcome.AMBIGUOUS
        settled.append(_closed(entry, evidence.now) if in_doubt and is_passed else _settle(entry, claimed, evidence))
    return settled


def settle_without_item(ledger: list[LedgerEntry], index: ItemIndex, read_at: datetime, limits: Limits) -> list[LedgerEntry]:
    """The ledger of a machine whose item is proved gone: nothing can move it any more but a job that still runs."""
    return [_without_item(entry, index, read_at, limits) for entry in ledger]


def _without_item(entry: LedgerEntry, index: ItemIndex, read_at: datetime, limits: Limits) -> LedgerEntry:
    job = index.job(entry.job)
    runs = job is not None and not job.is_over and job.name.casefold() not in index.missing_jobs
    if entry.outcome not in OPEN or runs or read_at <= deadline(entry, limits) or not EffectKind(entry.effect).is_on_item:
        return entry
    text = f"the protected item left the vault before {entry.effect} was seen to end: its protection was disabled or removed"
    return concluded(entry, EffectOutcome.FAILED, text, read_at)


def _closed(entry: LedgerEntry, now: datetime) -> LedgerEntry:
    """An entry in doubt after which a person let the machine go on, and a later step succeeded: no doubt is left to settle."""
    return concluded(entry, EffectOutcome.FAILED, f"its end was never known, and a later step succeeded ({entry.message})", now)


def deadline(entry: LedgerEntry, limits: Limits) -> datetime:
    """From then on an intent without an answer is judged by observation."""
    return entry.not_after + limits.request_timeout


def _settle(entry: LedgerEntry, claimed: set[str], evidence: Evidence) -> LedgerEntry:
    if entry.outcome in OPEN and entry.job is not None:
        return _follow(entry, entry.job, evidence)
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
        return concluded(entry, EffectOutcome.NOT_SENT, text, evidence.now)
    text = (
        f"it is not known whether the call for {kind} of {evidence.item.friendly_name} was taken: no job of it is found, yet the"
        " item does not allow the step any more. Look at the item and its jobs in the vault; to try again, name this entry's key"
        f" ({entry.key}) in spec.retries of the plan"
    )
    return concluded(entry, EffectOutcome.AMBIGUOUS, text, evidence.now)


def _is_read_since(moment: datetime, evidence: Evidence) -> bool:
    """Whether vault and item were read later. A read of the vault takes its time: only the item's own GET tells when that was."""
    detail = evidence.item.detail
    return evidence.read_at > moment and detail is not None and detail.as_of > moment


def concluded(entry: LedgerEntry, outcome: EffectOutcome, message: str | None, now: datetime) -> LedgerEntry:
    """The entry with its end; the message cut to what an entry has room for."""
    cut = message[:MESSAGE_LENGTH] if message else None
    return entry.model_copy(update={"outcome": outcome, "settled_at": now.replace(microsecond=0), "message": cut})


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
    return _follow(entry.model_copy(update=changes), first.name, evidence)


def _follow(entry: LedgerEntry, name: str, evidence: Evidence) -> LedgerEntry:
    """An entry with a job: settled once job and child jobs are over, each got by name, and the item was read again.

    In doubt if that never comes.
    """
    family = job_family(name, evidence.index)
    waits = [each for each, job in family.items() if job is None or not job.is_known_to_end]
    gone = [each for each in waits if _is_gone(each, evidence)]
    if len(gone) < len(waits):
        is_seen = all(job is not None for job in family.values()) and not gone
        return _running(entry) if is_seen else entry
    over = [job for job in family.values() if job is not None and job.is_over]
    failed = [job for job in over if not job.is_success]
    if failed:
        return concluded(entry, EffectOutcome.FAILED, failure_text(failed), evidence.now)
    is_after = evidence.architecture.is_after(evidence.item, EffectKind(entry.effect))
    if is_after and not gone:
        return concluded(entry, EffectOutcome.SUCCEEDED, None, evidence.now)
    ended = max((job.ended_at or job.started_at or entry.intended_at for job in over), default=entry.intended_at)
    is_due = bool(gone) or _is_read_since(ended + evidence.limits.effect_result, evidence)
    if entry.outcome is EffectOutcome.AMBIGUOUS or not is_due or _is_busy(evidence.item, family):
        return entry
    return concluded(entry, EffectOutcome.AMBIGUOUS, _doubt(entry, gone, evidence, is_after=is_after), evidence.now)


def _is_gone(name: str, evidence: Evidence) -> bool:
    """Whether the vault has denied the job for the whole grace. One that was not asked about, or without answer, is not gone."""
    since = evidence.index.missing_jobs.get(name.casefold())
    return since is not None and _is_read_since(since + evidence.limits.effect_result, evidence)


def _is_busy(item: ProtectedItem, family: dict[str, Job | None]) -> bool:
    """Whether another job than these is at work on the item."""
    scenario = item.current_scenario
    return scenario is not None and (scenario.job_name or "").casefold() not in {name.casefold() for name in family}


def _running(entry: LedgerEntry) -> LedgerEntry:
    """The entry as one that runs; a doubt ends when its job is seen at work."""
    if entry.outcome is EffectOutcome.RUNNING:
        return entry
    return entry.model_copy(update={"outcome": EffectOutcome.RUNNING, "settled_at": None, "message": None})


def _doubt(entry: LedgerEntry, gone: list[str], evidence: Evidence, *, is_after: bool) -> str:
    """What is known, where to look, and what lets the operator go on."""
    item, minutes = evidence.item, evidence.limits.effect_result.total_seconds() / 60
    if gone:
        stands = "where the step leads" if is_after else "not where the step leads"
        known = f"the vault no longer has job {', '.join(gone)}, so the end of {entry.effect} is not known; the item is {stands}"
    else:
        known = f"job {entry.job} of {entry.effect} succeeded, and {minutes:g} min later the item was not where the step leads"
    return (
        f"{known} (it stands in {item.protection_state}). Look at {item.friendly_name} and its jobs in the vault; when it is as"
        f" it should be, name job {entry.job} in spec.retries of the plan: the operator goes on from where the item then stands"
    )


def job_family(name: str, index: ItemIndex) -> dict[str, Job | None]:
    """The job of that name and all jobs below it, by name; None for one that was not read."""
    family: dict[str, Job | None] = {}
    seen: set[str] = set()
    pending = [name]
    while pending:
        each = pending.pop(0)
        if each.casefold() in seen:
            continue
        seen.add(each.casefold())
        family[each] = index.job(each)
        pending.extend(job.child_jobs if (job := family[each]) else ())
    return family


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
