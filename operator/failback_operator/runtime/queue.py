"""A deduplicating delay queue: each key waits at most once, is worked on by one worker at a time, and never gets lost."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class DelayQueue(Generic[K]):
    """Keys with the time when they are due. Adding a waiting key again can only make it due earlier.

    A key that is added while it is worked on is due again after `done`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due: dict[K, float] = {}
        self._again: dict[K, float] = {}
        self._active: set[K] = set()
        self._heap: list[tuple[float, int, K]] = []
        self._order = itertools.count()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """How many keys wait."""
        return len(self._due) + len(self._again)

    @property
    def active(self) -> frozenset[K]:
        """Keys that are worked on."""
        return frozenset(self._active)

    def add(self, key: K, delay: float = 0.0) -> None:
        """Let `key` be due in `delay` seconds, or earlier if it was so already."""
        due = self._clock() + max(0.0, delay)
        if key in self._active:
            self._again[key] = min(due, self._again.get(key, due))
        elif due < self._due.get(key, float("inf")):
            self._put(key, due)

    def take(self) -> K | None:
        """The key that is due for longest, now worked on; None if none is."""
        due = self._next_due()
        if due is None or due > self._clock():
            return None
        _, _, key = heapq.heappop(self._heap)
        del self._due[key]
        self._active.add(key)
        return key

    def done(self, key: K) -> None:
        """The work on `key` has ended."""
        self._active.discard(key)
        due = self._again.pop(key, None)
        if due is not None:
            self._put(key, due)

    async def get(self) -> K:
        """Wait for the next due key and take it."""
        while True:
            key = self.take()
            if key is not None:
                return key
            self._changed.clear()
            due = self._next_due()
            try:
                async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _put(self, key: K, due: float) -> None:
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._order), key))
        self._changed.set()

    def _next_due(self) -> float | None:
        """When the next key is due; entries of the heap that were overtaken are dropped on the way."""
        while self._heap:
            due, _, key = self._heap[0]
            if self._due.get(key) == due:
                return due
            heapq.heappop(self._heap)
        return None
