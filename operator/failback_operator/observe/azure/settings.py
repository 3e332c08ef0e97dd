"""How often and how much is read. Each a documented setting of the operator."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """Limits of one read.

    `detail_age`: what only GET shows is read again at this age, spread over the second half of it.
    `reversed_age`: the same of items that replicate to the site.
    `details_per_read`: so many GETs of items at most in one full read, and fewer where the budget lets no more; the rest follows.
    `estate_age`: interfaces, locks and the disks of many machines are read again at this age.
    `watched_gets`: up to so many Azure machines on the way home are watched one by one, more by the lists.
    `vm_gets`: up to so many Azure machines are read one by one, more by the paged list with status.
    `jobs_filter`: OData filter of the jobs; its form is documented nowhere but in the vendor's client, so it is a setting; empty
    lists all jobs. The window is applied to the answer in any case.
    """

    call_timeout: timedelta = timedelta(seconds=90)
    concurrency: int = 8
    detail_age: timedelta = timedelta(hours=3)
    reversed_age: timedelta = timedelta(minutes=10)
    details_per_read: int = 1000
    estate_age: timedelta = timedelta(minutes=10)
    vm_gets: int = 10
    watched_gets: int = 2
    job_window: timedelta = timedelta(days=30)
    job_overlap: timedelta = timedelta(hours=1)
    jobs_per_read: int = 50
    jobs_filter: str = "StartTime eq '{start}' and EndTime eq '{end}'"


@dataclass(frozen=True, slots=True)
class PollSettings:
    """Intervals of the poller, `vm_interval` of Azure machines on their way home.

    `jitter` is the part by which each wait may differ; `moving_per_poll`: items and jobs read at once.
    """

    list_interval: timedelta = timedelta(seconds=60)
    job_interval: timedelta = timedelta(seconds=30)
    vm_interval: timedelta = timedelta(seconds=8)
    retry_interval: timedelta = timedelta(seconds=15)
    jitter: float = 0.15
    moving_per_poll: int = 20
