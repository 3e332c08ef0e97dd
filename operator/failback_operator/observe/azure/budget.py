"""The requests to one subscription, shared by all that make them: a part of what the service lets, and less when it says so.

Reads are of three kinds. Full reads of a vault take turns, as far apart as half of the budget lets, and further as the whole
goes, but never so far that the facts become stale. Single reads have most of the other half: details at once while there is room,
what moves at a pace that slows down as the room goes; half of it is for what moves, whatever the details took. The fresh reads
before an effect wait for nothing but the service's own word. Writes wait for no read.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

HOUR = 3600.0
LIST_PART = 0.5
SINGLE_PART = 0.45
DETAIL_PART = 0.95  # of the single reads
MOTION_PART = 0.5  # of the single reads, for what moves whatever the details took
OPEN_PART = 0.9  # of all; the rest is left to the reads before effects
PACE = 4.0  # at first as fast as would use up the room in a quarter of an hour
MOTION_FLOOR = 6.0  # what moves is never slower than this part of its half lets
LIST_FLOOR = 4.0  # nor are full reads
WHOLE_PART = 0.95  # of all; near it full reads are further apart, and what moves is read more slowly
LEAST_PART = 0.1
LONGEST_RETRY_AFTER = 3600.0  # the service counts by the hour: what it asks for beyond that is no promise of it
REMAINING_SECONDS = 600.0  # so long the service's word on what remains counts
WRITE_GAP_SECONDS = 10.0
LONG_SECONDS = 30.0  # a Retry-After from which on it is told that effects wait; a shorter one is over before it is read
TOO_MANY = 429
_SECONDS = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]*)?")
REMAINING = "x-ms-ratelimit-remaining-subscription-{}"


class Kind(StrEnum):
    """What the service counts apart."""

    READS = "reads"
    WRITES = "writes"


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """`reads_per_hour` of one subscription in any hour; `low_remaining`: below it the service's own count slows down.

    The reads before effects may go beyond that, and in the hour of a start what moves, by a quarter.
    `longest_turn`: seconds that the budget lets a full read wait at most, or stale facts would stop everything.
    Source: site-recovery facts, section 5: 12,000 reads an hour for each subscription and principal, of which this is 20 %.
    """

    reads_per_hour: float = 2400
    low_remaining: int = 200
    longest_turn: float = 300


@dataclass(slots=True)
class Tally:
    """Counts the reads that go to the wire in one task and those that it starts."""

    reads: int = 0


_TALLY: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def counted() -> Iterator[Tally]:
    """Count what is read within."""
    tally = Tally()
    with _counted_in(tally):
        yield tally


def uncounted() -> AbstractContextManager[None]:
    """What is read within counts in no tally."""
    return _counted_in(None)


@contextmanager
def _counted_in(tally: Tally | None) -> Iterator[None]:
    token = _TALLY.set(tally)
    try:
        yield
    finally:
        _TALLY.reset(token)


@dataclass(slots=True)
class _Said:
    """What the service said of one kind of request."""

    remaining: int | None = None
    at: float = 0.0
    highest: int = 0
    held_until: float = 0.0
    is_long: bool = False


@dataclass(slots=True)
class Budget:
    """One principal's requests to one subscription, of which this process may make the `part`."""

    settings: BudgetSettings
    clock: Callable[[], float] = time.monotonic
    part: Callable[[], float] = lambda: 1.0
    users: int = 0
    _said: dict[Kind, _Said] = field(default_factory=lambda: {kind: _Said() for kind in Kind})
    _spent: deque[float] = field(default_factory=deque)
    _details: deque[float] = field(default_factory=deque)
    _moving: deque[float] = field(default_factory=deque)
    _next_list: float = 0.0
    _next_single: float = 0.0
    _last_write: float = 0.0

    @property
    def limit(self) -> float:
        """Reads that this process may make in an hour."""
        return self.settings.reads_per_hour * self.part()

    @property
    def spent(self) -> int:
        """Reads of the last hour."""
        return len(_recent(self._spent, self.clock()))

    def remaining(self, kind: Kind) -> int | None:
        """What the service last said is left, whoever used it; None if it has not said so lately."""
        said = self._said[kind]
        return said.remaining if self.clock() - said.at <= REMAINING_SECONDS else None

    def sent(self, kind: Kind) -> None:
        """A request went out."""
        now = self.clock()
        if kind is Kind.WRITES:
            self._last_write = now
            return
        _recent(self._spent, now).append(now)
        tally = _TALLY.get()
        if tally is not None:
            tally.reads += 1

    def answered(self, kind: Kind, status: int, headers: Mapping[str, str]) -> None:
        """The service answered."""
        said, now = self._said[kind], self.clock()
        left = headers.get(REMAINING.format(kind)) or ""
        if left.isdecimal():
            said.remaining, said.at, said.highest = int(left), now, max(said.highest, int(left))
        wait = retry_after(headers) if status == TOO_MANY else None
        if wait is not None and now + wait.total_seconds() > said.held_until:
            said.held_until, said.is_long = now + wait.total_seconds(), wait.total_seconds() >= LONG_SECONDS

    def held(self, kind: Kind = Kind.READS) -> float:
        """Seconds for which the service wants no more of this kind."""
        return max(0.0, self._said[kind].held_until - self.clock())

    def is_held_long(self, kind: Kind) -> bool:
        """Whether the service wants no more of this kind, and for longer than a moment."""
        return self._said[kind].is_long and self.held(kind) > 0

    def book_list(self, cost: int, wish: float) -> float:
        """Book a full read of about `cost` reads; seconds until it may begin, `wish` at least."""
        now = self.clock()
        begin = max(now + wish, min(self._next_list, now + self.settings.longest_turn))
        self._next_list = self._within_turn(begin + cost * self._list_spacing(), wish)
        return max(begin, self._said[Kind.READS].held_until) - now

    def correct_list(self, booked: int, cost: int) -> None:
        """A booked full read took `cost` reads."""
        self._next_list = self._within_turn(max(self._next_list, self.clock()) + (cost - booked) * self._list_spacing())

    def return_list(self, booked: int) -> None:
        """A booked full read was made before its turn, for an effect: its turn is free again."""
        self._next_list = max(self.clock(), self._next_list - booked * self._list_spacing())

    def grant(self, wanted: int) -> int:
        """How many of `wanted` details may be read now; they count as read."""
        now = self.clock()
        mine = self.limit * SINGLE_PART * DETAIL_PART * self._plenty(Kind.READS) - len(_recent(self._details, now))
        return self._take(self._details, wanted, min(mine, self.limit * OPEN_PART - self.spent))

    def grant_moving(self, wanted: int) -> int:
        """How many of `wanted` details of what moves may be read now; they count as read."""
        return self._take(self._moving, wanted, self._motion_room())

    def moved(self, cost: int) -> float:
        """Count `cost` single reads of what moves; seconds until more of it may be read."""
        now = self.clock()
        self._moving.extend([now] * cost)
        self._next_single = max(self._next_single, now) + cost * HOUR / (PACE * self._motion_room())
        return max(self._next_single - now, self.held())

    def write_delay(self) -> float:
        """Seconds until an effect may be begun; 0 = now."""
        pause = WRITE_GAP_SECONDS * (1 / self._plenty(Kind.WRITES) - 1)
        return max(0.0, self.held(Kind.WRITES), self._last_write + pause - self.clock() if pause else 0.0)

    def _take(self, spent: deque[float], wanted: int, room: float) -> int:
        granted = 0 if self.held() else int(max(0.0, min(float(wanted), room)))
        spent.extend([self.clock()] * granted)
        return granted

    def _motion_room(self) -> float:
        """Reads that what moves may still make: what is left of all single reads, or of its own half, and always a few."""
        moving, details = len(_recent(self._moving, self.clock())), len(_recent(self._details, self.clock()))
        pool = self.limit * SINGLE_PART * self._plenty(Kind.READS)
        half = pool * MOTION_PART
        open_room, whole_room = self.limit * OPEN_PART - self.spent, self.limit * WHOLE_PART - self.spent
        return max(min(pool - moving - details, open_room), min(half - moving, whole_room), half / MOTION_FLOOR)

    def _within_turn(self, moment: float, wish: float = 0.0) -> float:
        """`moment`, but no later than a full read may wait: neither early reads nor costly ones leave a debt beyond that."""
        return min(moment, self.clock() + max(wish, self.settings.longest_turn))

    def _list_spacing(self) -> float:
        """Seconds for each read of a full read."""
        most = self.limit * LIST_PART
        left = PACE * (self.limit * WHOLE_PART - self.spent)
        return HOUR / (max(min(most, left), most / LIST_FLOOR) * self._plenty(Kind.READS))

    def _plenty(self, kind: Kind) -> float:
        """1 while the service has plenty left, less where it says that little is left.

        Its limits are not the same everywhere: what is low is judged by the most that it ever named, too.
        """
        remaining, highest = self.remaining(kind), self._said[kind].highest
        low = min(self.settings.low_remaining, highest / 2)
        return 1.0 if remaining is None or remaining >= low else max(LEAST_PART, remaining / low)


UNLIMITED = BudgetSettings(reads_per_hour=float("inf"))


@dataclass(frozen=True, slots=True)
class Account:
    """Whose requests the service counts together."""

    resource_manager: str
    client_id: str
    subscription_id: str

    @classmethod
    def of(cls, resource_manager: str, client_id: str, subscription_id: str) -> "Account":
        """The account, however its parts are spelt."""
        return cls(resource_manager.casefold().rstrip("/"), client_id.casefold(), subscription_id.casefold())


class BudgetBook:
    """The budgets of a process. `sites_of` tells how many sites of a subscription there are, other replicas' among them."""

    def __init__(
        self,
        settings: BudgetSettings = UNLIMITED,
        sites_of: Callable[[str], int] = lambda _: 0,
        on_new: Callable[[Account, Budget], None] = lambda _, __: None,
    ) -> None:
        self._settings = settings
        self._sites_of = sites_of
        self._on_new = on_new
        self._budgets: dict[Account, Budget] = {}

    def of(self, account: Account) -> Budget:
        """The account's budget, the same for all that ask."""
        budget = self._budgets.get(account)
        if budget is None:
            budget = Budget(self._settings)
            budget.part = lambda: self._part(account.subscription_id, budget)
            self._budgets[account] = budget
            self._on_new(account, budget)
        return budget

    def _part(self, subscription_id: str, budget: Budget) -> float:
        return max(1, budget.users) / max(1, budget.users, self._sites_of(subscription_id))


def _recent(times: deque[float], now: float) -> deque[float]:
    """`times` without those of more than an hour ago."""
    while times and times[0] <= now - HOUR:
        times.popleft()
    return times


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Retry-After in seconds, or as a date, which is compared with the answer's own; an hour at most, 0 where it is over."""
    value = (headers.get("Retry-After") or "").strip()
    if _SECONDS.fullmatch(value):
        return _bounded(float(value))
    try:
        return _bounded((parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date") or "")).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(0.0, seconds), LONGEST_RETRY_AFTER))
