"""Which vCenter, how to log in, and with which limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from failback_operator.domain.grants import SERVER_PRIVILEGES


@dataclass(frozen=True, slots=True)
class VsphereEndpoint:
    """A vCenter and the account to read it with. `ca_pem` are the only certificates trusted; None: those of the system."""

    server: str
    port: int
    username: str
    password: str = field(repr=False)
    ca_pem: str | None = None

    def __str__(self) -> str:
        return f"{self.server}:{self.port}"


class CallObserver(Protocol):
    """Told of each call to vCenter when it ended, from any thread."""

    def __call__(self, method: str, seconds: float) -> None:
        """`method` is the SOAP method."""
        ...


def count_nothing(method: str, seconds: float) -> None:
    """The CallObserver of those who do not count."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class VsphereSettings:
    """Times and sizes of the reading of one vCenter; each is a documented setting of the operator."""

    connect_timeout: timedelta = timedelta(seconds=10)
    call_timeout: timedelta = timedelta(seconds=30)
    read_timeout: timedelta = timedelta(minutes=2)
    """Of a whole read, all of its pages and a new log-in included."""
    wait: timedelta = timedelta(seconds=30)
    """How long one wait for changes may idle; at most 60 s, so that it also keeps the session alive."""
    events: timedelta = timedelta(seconds=5)
    """The same while machines are on their way home: what happens to their VMs is read from vCenter's events that often."""
    search: timedelta = timedelta(minutes=5)
    """How often the VMs of interest are searched anew (one may have been registered, cloned or deleted)."""
    retry: timedelta = timedelta(seconds=1)
    retry_limit: timedelta = timedelta(seconds=30)
    refused_login: timedelta = timedelta(minutes=1)
    refused_login_limit: timedelta = timedelta(minutes=15)
    """A refused password is not tried again before that: repeated failures lock accounts."""
    threads: int = 4
    page_size: int = 100
    server_privileges: tuple[str, ...] = SERVER_PRIVILEGES
    """What the configuration server's own account is asked for."""
    answers_kept: timedelta = timedelta(minutes=5)
    """So long the last answer about privileges and starts of VMs stands in for one that fails."""
    searched_one_by_one: int = 50
    """Up to so many UUIDs are looked up one by one; for more, or for names, the list of all VMs is read."""
    now: Callable[[], datetime] = utc_now

    def __post_init__(self) -> None:
        if not timedelta(0) < self.wait <= timedelta(seconds=60):
            raise ValueError("wait must be above 0 and at most 60 s")
        if self.events <= timedelta(0):
            raise ValueError("events must be above 0")
