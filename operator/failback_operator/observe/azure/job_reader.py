"""Jobs of the vault: those of a window by LIST, named ones by GET with their children."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from failback_operator.domain.job import Job, MissingJob
from failback_operator.domain.vault import VaultFacts

from .calls import Calls
from .convert_job import job, with_children
from .merge import merged_jobs, newest_first
from .session import AzureSession
from .settings import ReaderSettings

DEEPEST = 3


@dataclass(frozen=True, slots=True)
class JobsRead:
    """Jobs newest first, and those that were asked for by name and are not there."""

    jobs: tuple[Job, ...]
    missing: tuple[MissingJob, ...]


class JobReader:
    """Reads jobs."""

    def __init__(self, session: AzureSession, calls: Calls, settings: ReaderSettings) -> None:
        self._session = session
        self._calls = calls
        self._settings = settings
        self._vault = (session.endpoint.resource_group, session.endpoint.vault)

    async def read(self, previous: VaultFacts | None, now: datetime, followed: frozenset[str] = frozenset()) -> JobsRead:
        """The jobs of the look-back window. What `previous` knows is listed again only as far as it may have changed.

        Of `followed`, those are asked for by name of which nothing is listed, or only the end: a LIST tells of no child jobs.
        """
        known = previous.jobs if previous else ()
        since = self._since(known, now, previous.jobs_listed_at if previous else None)
        text = self._settings.jobs_filter.format(start=_odata(since), end=_odata(now + self._settings.job_overlap))
        options = {"filter": text} if text else {}
        listed = await self._calls.whole(job, self._session.site_recovery.replication_jobs.list, *self._vault, **options)
        jobs = merged_jobs(listed, known)
        jobs = merged_jobs(await self._details(jobs, known), jobs)
        running = {each.name.casefold() for each in listed if not each.is_over}
        told = running | {each.name.casefold() for each in jobs if each.is_known_to_end}
        asked = sorted(name for name in followed if name.casefold() not in told)
        families = await self._calls.each(self.get, asked)
        jobs = merged_jobs((member for family in families for member in family), jobs)
        oldest = now - self._settings.job_window
        return JobsRead(
            newest_first(each for each in jobs if not each.is_over or each.started_at is None or each.started_at >= oldest),
            _missing((name for name, family in zip(asked, families, strict=True) if not family), previous, now),
        )

    async def get(self, name: str) -> tuple[Job, ...]:
        """The job, with the errors of its children, and then the children; none if there is no such job."""
        return await self._get(name, DEEPEST)

    async def _get(self, name: str, depth: int) -> tuple[Job, ...]:
        model = await self._calls.get_or_none(self._session.site_recovery.replication_jobs.get, *self._vault, name)
        if model is None:
            return ()
        found = replace(job(model), is_whole=True)
        names = found.child_jobs if depth else ()
        families = [await self._get(child, depth - 1) for child in names if child.casefold() != name.casefold()]
        children = [each for family in families for each in family]
        return (with_children(found, children), *children)

    async def _details(self, jobs: Iterable[Job], known: Iterable[Job]) -> tuple[Job, ...]:
        """Jobs that ended badly since the last read: only GET is sure to tell why."""
        ended = {each.name for each in known if each.is_over}
        bad = newest_first(each for each in jobs if each.is_over and not each.is_success and each.name not in ended)
        families = await self._calls.each(lambda each: self.get(each.name), bad[: self._settings.jobs_per_read])
        return tuple(member for family in families for member in family)

    def _since(self, known: Iterable[Job], now: datetime, listed_at: datetime | None) -> datetime:
        """Where to begin: the last list, or the newest known job if that is later, but not after one that still runs.

        After a failover of a thousand machines their jobs would else be listed for ever.
        """
        oldest = now - self._settings.job_window
        started = [each.started_at for each in known if each.started_at]
        if not started:
            return oldest
        running = [each.started_at for each in known if each.started_at and not each.is_over]
        newest = max(started) if listed_at is None else max(listed_at, *started)
        return max(oldest, min((newest, *running)) - self._settings.job_overlap)


def _missing(names: Iterable[str], previous: VaultFacts | None, now: datetime) -> tuple[MissingJob, ...]:
    since = {each.name.casefold(): each.since for each in (previous.missing_jobs if previous else ())}
    return tuple(MissingJob(name, since.get(name.casefold(), now)) for name in names)


def _odata(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
