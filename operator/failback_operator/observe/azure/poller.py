"""Keeps one vault's facts fresh: everything at one interval, what moves at a shorter one."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Clock
from failback_operator.domain.reading import Part, SourceError, SourceProblem
from failback_operator.domain.vault import VaultFacts

from .budget import LONG_SECONDS, Kind, counted
from .errors import ReadFailed, held_back
from .merge import VaultPatch, patched
from .reader import VaultReader
from .settings import PollSettings

logger = logging.getLogger(__name__)

OnPart = Callable[[Part[VaultFacts]], None]


class AzurePoller:
    """Reads a vault again and again while `run` runs, and hands out each new Part.

    After a failed read the Part keeps the facts and time of the last complete one beside the error.
    """

    def __init__(self, reader: VaultReader, settings: PollSettings, on_part: OnPart, clock: Clock) -> None:
        self._reader = reader
        self._settings = settings
        self._on_part = on_part
        self._clock = clock
        self._part: Part[VaultFacts] = Part()
        self._items: frozenset[ArmId] = frozenset()
        self._jobs: frozenset[str] = frozenset()
        self._vms: frozenset[ArmId] = frozenset()
        self._new_vms: frozenset[ArmId] = frozenset()
        self._due: dict[str, float] = {}
        self._watched: frozenset[ArmId] = frozenset()
        self._watching = asyncio.Event()
        self._moved = asyncio.Event()
        self._wanted = asyncio.Event()
        self._quiet_until = 0.0
        self._throttled: SourceError | None = None
        self._is_reading = False
        self._patches: list[VaultPatch] = []
        self._delay = 0.0
        self._next_poll = 0.0

    @property
    def delay(self) -> float:
        """Seconds by which the next full read comes later than its interval, so as to stay within the subscription's budget."""
        return self._delay

    @property
    def part(self) -> Part[VaultFacts]:
        """The facts as they are now."""
        return self._part

    def watch(self, vms: frozenset[ArmId]) -> None:
        """Read these Azure machines at an interval of their own: it matters soon when one of them changes."""
        self._watched = vms
        self._watching.set()

    def update_motion(self, items: frozenset[ArmId], jobs: frozenset[str], vms: frozenset[ArmId] = frozenset()) -> None:
        """What moves: items and jobs are read at the short interval, `vms` with each full read; a new one of each at once."""
        self._new_vms = (self._new_vms | (vms - self._vms)) & vms
        self._items, self._jobs, self._vms = items, jobs, vms
        now = asyncio.get_running_loop().time()
        names = {*map(str.casefold, items), *map(str.casefold, jobs)}
        self._due = {name: self._due.get(name, now) for name in names}
        self._moved.set()

    def refresh_soon(self) -> None:
        """Ask for a full read without waiting for the interval."""
        self._wanted.set()

    def held(self) -> SourceError | None:
        """What is told while the service wants no reads; None while it takes them."""
        wait = self._reader.budget.held()
        if self._throttled is not None and self._quiet_until > asyncio.get_running_loop().time():
            return self._throttled
        return held_back(wait) if wait > 0 else None

    def asks_to_wait(self) -> bool:
        """Whether effects wait because the service wants no requests, and for longer than a moment."""
        budget, told = self._reader.budget, self._throttled
        is_quiet = self._quiet_until > asyncio.get_running_loop().time()
        is_long = told is not None and told.retry_after is not None and told.retry_after.total_seconds() >= LONG_SECONDS
        return (is_quiet and is_long) or any(budget.is_held_long(kind) for kind in Kind)

    async def refresh_items(self, ids: frozenset[ArmId], vms: frozenset[ArmId] = frozenset()) -> Part[VaultFacts]:
        """Read these items by GET, their Azure machines and `vms`, now.

        If not all was read, the Part that is returned has the error: then act on nothing.
        """
        if self._part.facts is None:
            return self._part
        held = self.held()
        if held is not None:
            return replace(self._part, error=held)
        patch = await self._read_parts(sorted(ids), [], sorted(vms))
        if isinstance(patch, SourceError):
            return replace(self._part, error=patch)
        gone = sorted(each.resource_name for each in ids - {item.arm_id for item in patch.items})
        if gone:
            error = SourceError(SourceProblem.NOT_FOUND, f"protected item {', '.join(gone)} was not found in the vault")
            return replace(self._part, error=error)
        return replace(self._part, error=None)

    async def run(self) -> None:
        """Poll until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_everything())
            group.create_task(self._follow_motion())
            group.create_task(self._watch_vms())

    async def _read_everything(self) -> None:
        budget, booked = self._reader.budget, 0
        is_in_turn = await self._wait_for_turn(booked, 0.0)
        while True:
            self._wanted.clear()
            with counted() as tally:
                error = await self._read_all()
            if is_in_turn:
                budget.correct_list(booked, tally.reads)
            else:
                budget.return_list(booked)
            booked = tally.reads or booked
            interval = self._settings.list_interval if error is None else self._settings.retry_interval
            is_in_turn = await self._wait_for_turn(booked, self._jittered(min(interval, self._settings.list_interval)))

    async def _wait_for_turn(self, cost: int, interval: float) -> bool:
        """Until the interval is over and the budget lets a full read be made, or one is asked for before: then it is False."""
        wait = self._reader.budget.book_list(cost, interval)
        self._delay = wait - interval
        turn = asyncio.get_running_loop().time() + wait
        await self._rest(self._wanted, wait)
        return asyncio.get_running_loop().time() >= turn

    async def _read_all(self) -> SourceError | None:
        await self._keep_quiet()
        self._patches.clear()
        self._is_reading = True
        # The oldest of what is read now is as old as this: who waits for facts since an instant must not get older ones.
        began = self._clock.now()
        try:
            facts = await self._reader.read_all(self._part.facts, self._items, self._vms, self._jobs)
        except ReadFailed as failed:
            self._fail(failed.error)
            return failed.error
        finally:
            self._is_reading = False
        # What was read singly in the meantime may be newer than what the lists showed.
        for patch in self._patches:
            facts = patched(facts, patch)
        self._publish(Part(facts, began, None))
        return None

    async def _follow_motion(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._new_vms and self._part.facts is not None:
                await self._read_new_vms()
                continue
            wait = max(min(self._due.values(), default=loop.time() + 3600), self._next_poll) - loop.time()
            if wait > 0 or self._part.facts is None:
                await self._rest(self._moved, max(wait, 0.0) or self._settings.job_interval.total_seconds())
                self._moved.clear()
                continue
            await self._keep_quiet()
            await self._poll_due(loop.time())

    async def _keep_quiet(self) -> None:
        """As long as the service asks for it."""
        await asyncio.sleep(max(0.0, self._quiet_until - asyncio.get_running_loop().time(), self._reader.budget.held()))

    async def _read_new_vms(self) -> None:
        """Those alone: a full read for each machine that is recorded would keep the others' turns from coming."""
        await self._keep_quiet()
        wanted, self._new_vms = self._new_vms, frozenset()
        with counted() as tally:
            try:
                self._take(await self._reader.read_watched(wanted))
            except ReadFailed as failed:
                # The next full read reads them as well.
                self._be_quiet(failed.error)
                logger.debug("newly recorded machines cannot be read: %s", failed)
        self._reader.budget.moved(tally.reads)

    async def _watch_vms(self) -> None:
        interval = self._settings.vm_interval
        while True:
            if not self._watched or self._part.facts is None:
                await self._rest(self._watching, interval.total_seconds() if self._watched else 3600)
                self._watching.clear()
                continue
            await self._keep_quiet()
            with counted() as tally:
                try:
                    self._take_watched(await self._reader.read_watched(self._watched))
                except ReadFailed as failed:
                    self._be_quiet(failed.error)
                    logger.debug("machines on their way home cannot be read: %s", failed)
            wish = min(self._jittered(interval), interval.total_seconds())
            await asyncio.sleep(max(self._reader.budget.moved(tally.reads), wish))

    def _take_watched(self, patch: VaultPatch) -> None:
        """Hand out what changed, and nothing where nothing did."""
        if self._is_reading:
            self._patches.append(patch)
        facts = self._part.facts
        if facts is None:
            return
        known = {vm.arm_id: vm for vm in facts.azure_vms}
        has_changed = any(known.get(vm.arm_id) != vm for vm in patch.vms)
        if has_changed or any(arm_id in known for arm_id in patch.read_vms - {vm.arm_id for vm in patch.vms}):
            self._publish(replace(self._part, facts=patched(facts, patch)))

    async def _poll_due(self, now: float) -> None:
        # Those that have waited longest first: where the budget lets no more, they take turns.
        waiting = sorted((due, name) for name, due in self._due.items() if due <= now)
        names = {name for _, name in waiting[: self._settings.moving_per_poll]}
        items = sorted(each for each in self._items if each.casefold() in names)
        jobs = sorted(each for each in self._jobs if each.casefold() in names)
        # A failure is not published: the next full read fails as well if it lasts.
        with counted() as tally:
            await self._read_parts(items, jobs, [])
        loop = asyncio.get_running_loop()
        self._next_poll = loop.time() + self._reader.budget.moved(tally.reads)
        again = loop.time() + self._jittered(self._settings.job_interval)
        self._due.update({name: again for name in names if name in self._due})

    async def _read_parts(self, items: list[ArmId], jobs: list[str], vms: list[ArmId]) -> VaultPatch | SourceError:
        try:
            patch = await self._reader.read_parts(items, jobs, vms)
        except ReadFailed as failed:
            self._be_quiet(failed.error)
            logger.debug("what moves cannot be read: %s", failed)
            return failed.error
        self._take(patch)
        return patch

    def _take(self, patch: VaultPatch) -> None:
        if self._is_reading:
            self._patches.append(patch)
        if self._part.facts is not None:
            self._publish(replace(self._part, facts=patched(self._part.facts, patch)))

    def _fail(self, error: SourceError) -> None:
        self._be_quiet(error)
        if self._part.error != error:
            logger.warning("the vault cannot be read: %s: %s", error.problem, error.message)
        self._publish(replace(self._part, error=error))

    def _be_quiet(self, error: SourceError) -> None:
        """Keep a Retry-After."""
        if error.retry_after is not None:
            until = asyncio.get_running_loop().time() + error.retry_after.total_seconds()
            self._quiet_until, self._throttled = max(self._quiet_until, until), error

    def _publish(self, part: Part[VaultFacts]) -> None:
        if self._part.error is not None and part.error is None:
            logger.info("the vault is read again")
        self._part = part
        self._on_part(part)

    def _jittered(self, interval: timedelta) -> float:
        spread = self._settings.jitter
        return interval.total_seconds() * random.uniform(1 - spread, 1 + spread)  # noqa: S311 - no secret depends on it

    @staticmethod
    async def _rest(event: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return
