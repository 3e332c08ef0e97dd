"""Settles the effects on a vault: a policy and its association by what the vault lists, a refresh by its job alone."""

from dataclasses import dataclass, replace
from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.decide.index import ItemIndex, SiteIndex
from failback_operator.decide.ledger import OPEN, concluded, deadline, failure_text, job_family
from failback_operator.decide.site_fixes.policy import mapping_id, policy_id
from failback_operator.domain.job import Job
from failback_operator.domain.limits import Limits
from failback_operator.domain.mending import subject_in
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vault import VaultFacts

REFRESH = EffectKind.REFRESH_PROVIDER


def with_settled_site(index: SiteIndex) -> SiteIndex:
    """The index, whose site has its ledger as observation of the vault leaves it."""
    context, stored = index.site, index.site.view.site
    if context.vault is None or not stored.status.ledger:
        return index
    read_at = context.view.snapshot.vault.as_of or context.now
    evidence = _Evidence(context.vault, index.items, context.limits, read_at, context.now)
    ledger = _settled(stored.status.ledger, evidence)
    site = stored.model_copy(update={"status": stored.status.model_copy(update={"ledger": ledger})})
    return replace(index, site=replace(context, view=replace(context.view, site=site)))


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The vault as read at `read_at`; `now` is the snapshot's time."""

    vault: VaultFacts
    items: ItemIndex
    limits: Limits
    read_at: datetime
    now: datetime

    def is_read_since(self, moment: datetime) -> bool:
        """Whether the vault was read later."""
        return self.read_at > moment


def _settled(ledger: list[LedgerEntry], evidence: _Evidence) -> list[LedgerEntry]:
    claimed = frozenset(entry.job.casefold() for entry in ledger if entry.job)
    return [_settle(entry, claimed, evidence) if entry.outcome in OPEN else entry for entry in ledger]


def _settle(entry: LedgerEntry, claimed: frozenset[str], evidence: _Evidence) -> LedgerEntry:
    if entry.job is not None:
        return _follow(entry, entry.job, evidence)
    if _is_reached(entry, evidence):
        return concluded(entry, EffectOutcome.SUCCEEDED, None, evidence.now)
    adopted = _job_of(entry, claimed, evidence)
    if adopted is not None:
        changes = {"outcome": EffectOutcome.RUNNING, "job": adopted.name, "settled_at": None, "message": None}
        return _follow(entry.model_copy(update=changes), adopted.name, evidence)
    return _unanswered(entry, evidence) if entry.outcome is EffectOutcome.INTENDED else entry


def _unanswered(entry: LedgerEntry, evidence: _Evidence) -> LedgerEntry:
    """An intent of which the vault shows nothing: what was to be made would be there, or its job, after a while."""
    due = deadline(entry, evidence.limits)
    if not evidence.is_read_since(due):
        return entry
    if entry.effect == REFRESH:
        text = "it is not known whether the call was taken: it got no answer, and the vault shows no job of it"
        return concluded(entry, EffectOutcome.AMBIGUOUS, text, evidence.now)
    if not evidence.is_read_since(due + evidence.limits.effect_result):
        return entry
    text = "not sent: the vault has neither what was to be made nor a job of it"
    return concluded(entry, EffectOutcome.NOT_SENT, text, evidence.now)


def _is_reached(entry: LedgerEntry, evidence: _Evidence) -> bool:
    """Whether the vault lists what was to be made, as it was to be. Nothing tells that of a refresh."""
    if not evidence.is_read_since(entry.intended_at):
        return False
    subject = subject_in(entry.key)
    if entry.effect == EffectKind.CREATE_FAILBACK_POLICY:
        return any(p.arm_id == policy_id(evidence.vault, subject) for p in evidence.vault.policies)
    if entry.effect == EffectKind.ASSOCIATE_FAILBACK_POLICY:
        container, _, policy = subject.partition(":")
        return any(
            m.arm_id == mapping_id(m.container_id, policy) and m.container_id.resource_name == container and m.state == "Paired"
            for m in evidence.vault.mappings
        )
    return False


def _job_of(entry: LedgerEntry, claimed: frozenset[str], evidence: _Evidence) -> Job | None:
    """A job about the same thing, begun while the call may have been taken.

    What such a job's scenario is called is documented nowhere, so it is told by its target: for a refresh the configuration
    server, else what was to be made.
    """
    skew = evidence.limits.failover_clock_skew
    since, until = entry.intended_at - skew, deadline(entry, evidence.limits) + skew
    subject = subject_in(entry.key)
    target = evidence.vault.fabric.friendly_name if entry.effect == REFRESH else subject.rpartition(":")[2]
    found = [
        (job.started_at, job.name, job)
        for job in evidence.vault.jobs
        if job.started_at is not None
        and since <= job.started_at <= until
        and (job.target_object_name or "").casefold() == target.casefold()
        and job.name.casefold() not in claimed
    ]
    return min(found, key=lambda each: each[:2])[2] if found else None


def _follow(entry: LedgerEntry, name: str, evidence: _Evidence) -> LedgerEntry:
    """An entry with a job: until the vault shows what was made, and to the end of the job and its child jobs.

    What the vault lists as it was to be is made, though it does not know the job: what a PUT answers with need not name one.
    """
    family = job_family(name, evidence.items)
    is_reached = _is_reached(entry, evidence)
    is_known = family[name] is not None or not is_reached
    waits = [each for each, job in family.items() if is_known and (job is None or not job.is_known_to_end)]
    gone = [each for each in waits if _is_gone(each, evidence)]
    if len(gone) < len(waits):
        return entry
    failed = [job for job in family.values() if job is not None and job.is_over and not job.is_success]
    if failed:
        return concluded(entry, EffectOutcome.FAILED, failure_text(failed), evidence.now)
    if is_reached or (entry.effect == REFRESH and not gone):
        return concluded(entry, EffectOutcome.SUCCEEDED, None, evidence.now)
    if entry.effect == REFRESH:
        text = f"the vault no longer has job {', '.join(gone)}, so the end of the refresh is not known"
        return concluded(entry, EffectOutcome.AMBIGUOUS, text, evidence.now)
    ended = max((job.ended_at for job in family.values() if job is not None and job.ended_at), default=entry.not_after)
    if not evidence.is_read_since(ended + evidence.limits.effect_result):
        return entry
    text = f"job {name} is over, and the vault does not list what it was to make"
    return concluded(entry, EffectOutcome.FAILED, text, evidence.now)


def _is_gone(name: str, evidence: _Evidence) -> bool:
    """Whether the vault has denied the job for the whole grace."""
    since = evidence.items.missing_jobs.get(name.casefold())
    return since is not None and evidence.is_read_since(since + evidence.limits.effect_result)
