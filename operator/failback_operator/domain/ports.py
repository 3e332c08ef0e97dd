"""Protocols by which act/ speaks to what runtime/ provides: lease, ledger, clock, fresh decisions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from failback_operator.api.common import LedgerEntry
from failback_operator.domain.steps import Effect, ObjectKey


class Conflict(Exception):  # noqa: N818 - the name that Kubernetes gives it
    """The object changed since it was read: the decision is void, decide again."""


class Clock(Protocol):
    """The wall clock, in UTC."""

    def now(self) -> datetime:
        """The instant."""
        ...


class LeaseHolder(Protocol):
    """Says whether this replica may act for the site now (false the moment the Lease could have passed to another)."""

    def is_held(self) -> bool:
        """True while the Lease is surely ours."""
        ...


class Ledger(Protocol):
    """The write-ahead record of effects, kept in the status of the owner."""

    async def intend(self, owner: ObjectKey, entry: LedgerEntry) -> None:
        """Append `entry`, with an optimistic lock on what the decision saw. Raises Conflict."""
        ...

    async def settle(self, owner: ObjectKey, entry: LedgerEntry) -> None:
        """Replace the entry with the same key. Retries until written (the intent stands; nothing is lost)."""
        ...


class Redecide(Protocol):
    """Reads again what `effect` touches (GET of each item of its group, the VMs) and decides again from that."""

    async def still_wanted(self, effect: Effect) -> Effect | None:
        """The same effect (same key) as decided now, or None when it is no longer wanted."""
        ...


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service took the call; `job` names the Site Recovery job or vCenter task that does it (None: done at once)."""

    job: str | None


@dataclass(frozen=True, slots=True)
class Unnamed:
    """The service took the call (2xx) and told no job: it is never made again unless a person says so."""

    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The service said no (4xx), nothing happened. `message` is its own words."""

    message: str


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer, or one (5xx) after which it may or may not have happened."""

    message: str


SendResult = Accepted | Unnamed | Refused | Lost


class Transport(Protocol):
    """Sends one effect once: no retries of any kind below it."""

    async def send(self, effect: Effect) -> SendResult:
        """Make the call. Never raises for what the other side does; cancellation passes."""
        ...
