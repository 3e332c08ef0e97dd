"""Endpoints and clocks of the tests, and what they ask of a request log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from failback_lab.azure.client import AzureLab
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.observe.azure import (
    AzureEndpoint,
    AzureSession,
    BudgetBook,
    CallRecord,
    ClientSecret,
    Cloud,
    CloudAddresses,
    ReaderSettings,
    Timeouts,
    VaultReader,
)

TIMEOUTS = Timeouts(
    connect=timedelta(seconds=5),
    read=timedelta(seconds=5),
    retries=2,
    backoff=timedelta(milliseconds=10),
    longest_wait=timedelta(seconds=1),
)


class WallClock:
    """The real time, moved by `ahead`."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def endpoint_of(lab: AzureLab, **changes: Any) -> AzureEndpoint:
    """The lab as a custom cloud."""
    endpoint = AzureEndpoint(
        cloud=Cloud.CUSTOM,
        addresses=CloudAddresses(lab.base_url, lab.authority, lab.base_url),
        tenant_id=lab.tenant_id,
        credential=ClientSecret(lab.client_id, lab.client_secret),
        subscription_id=lab.subscription_id,
        resource_group=lab.scenario.vault.resource_group,
        vault=lab.scenario.vault.name,
        fabric="cs-1",
        ca_pem=lab.ca_pem.read_text(),
    )
    return replace(endpoint, **changes)


class Site:
    """A session with its reader, and the calls that it made."""

    def __init__(
        self, endpoint: AzureEndpoint, settings: ReaderSettings, timeouts: Timeouts, budgets: BudgetBook | None = None
    ) -> None:
        self.calls: list[CallRecord] = []
        self.clock = WallClock()
        self.session = AzureSession(endpoint, timeouts, self.calls.append, budgets)
        self.reader = VaultReader(self.session, self.clock, settings)


@asynccontextmanager
async def site_of(
    endpoint: AzureEndpoint,
    settings: ReaderSettings | None = None,
    timeouts: Timeouts = TIMEOUTS,
    budgets: BudgetBook | None = None,
) -> AsyncIterator[Site]:
    """A site's session for the length of the context."""
    site = Site(endpoint, settings or ReaderSettings(), timeouts, budgets)
    try:
        yield site
    finally:
        await site.session.aclose()


def requests(lab: AzureLab, since: int, text: str, method: str = "GET") -> list[dict[str, Any]]:
    """Requests after number `since` whose path holds `text`."""
    return [entry for entry in lab.log(since) if text in entry["path"] and entry["method"] == method]


def last(lab: AzureLab) -> int:
    """Number of the newest request."""
    return len(lab.log())


async def read_item(site: Site, arm_id: ArmId) -> ProtectedItem:
    """One item by GET."""
    (item,) = (await site.reader.read_parts([arm_id], [], [])).items
    return item


async def read_job(site: Site, name: str) -> tuple[Job, ...]:
    """A job by GET, with its children."""
    return (await site.reader.read_parts([], [name], [])).jobs
