"""Watches one vCenter and hands on its facts as they change."""

import asyncio
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from pyVmomi import vim, vmodl

from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import Part
from failback_operator.domain.tasks import TaskState
from failback_operator.domain.vsphere import Cluster, Pod, VirtualMachine, VsphereFacts
from failback_operator.observe.vsphere import convert
from failback_operator.observe.vsphere.changes import ChangeCollector
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.endpoint import CallObserver, VsphereEndpoint, VsphereSettings, count_nothing
from failback_operator.observe.vsphere.events import EventsReader
from failback_operator.observe.vsphere.failures import source_error
from failback_operator.observe.vsphere.fresh import Hardware, cluster, datastore_name, hardware, named, parent, pod, pool, users
from failback_operator.observe.vsphere.interest import Interest, find
from failback_operator.observe.vsphere.memory import Memory
from failback_operator.observe.vsphere.retrieve import Selection, check_alive, retrieve
from failback_operator.observe.vsphere.rounds import Rounds, Watch
from failback_operator.observe.vsphere.session import STALE_SOCKET, VsphereSession
from failback_operator.observe.vsphere.starts import StartsReader
from failback_operator.observe.vsphere.tasks import task_state

T = TypeVar("T")
log = logging.getLogger(__name__)

OnFacts = Callable[[Part[VsphereFacts]], None]
STOP_SECONDS = 3.0
LINGER_SECONDS = 2.0
SOON_SECONDS = 0.5
MENDED_ANEW = (vim.fault.NotAuthenticated, vmodl.fault.ManagedObjectNotFound, *STALE_SOCKET)
"""Ended session, collector or VM that went with it, socket closed meanwhile."""


class VsphereWatcher:
    """Calls `on_facts`, on the loop, with each new Part: after a change, after an idle wait (a newer `as_of`), after a failure.

    A failure keeps the last complete facts with their time. All is built anew with each log-in.
    """

    def __init__(
        self,
        endpoint: VsphereEndpoint,
        interest: Interest,
        on_facts: OnFacts,
        settings: VsphereSettings | None = None,
        observer: CallObserver = count_nothing,
    ) -> None:
        self.settings = settings or VsphereSettings()
        self.session = VsphereSession(endpoint, self.settings, observer)
        self._interest = interest
        self._memory = Memory(self.settings)
        self._on_facts = on_facts
        self._watching: Watch | None = None
        self._part: Part[VsphereFacts] = Part()
        self._wake = threading.Event()
        self._is_stopping = False
        self._collector: ChangeCollector | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failures = 0

    async def start(self) -> None:
        """Begin to watch; returns at once."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=f"vsphere-watch-{self.session.endpoint.server}", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End the watch, log out, end all threads."""
        self._is_stopping = True
        await asyncio.to_thread(self._interrupt)
        if self._thread is not None:  # time to give back what vCenter holds, as long as we are logged in
            await asyncio.to_thread(self._thread.join, LINGER_SECONDS)
        await self.session.close()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, STOP_SECONDS)

    async def update_interest(self, interest: Interest) -> None:
        """Watch these VMs instead."""
        if interest != self._interest:
            self._interest = interest
            await asyncio.to_thread(self._interrupt)

    async def update_endpoint(self, endpoint: VsphereEndpoint) -> None:
        """Go on with other credentials or certificates; the facts read so far stay."""
        if endpoint != self.session.endpoint:
            await asyncio.to_thread(self.session.update_endpoint, endpoint)
            await asyncio.to_thread(self._interrupt)

    async def fresh(self, morefs: Iterable[Moref]) -> tuple[VirtualMachine, ...]:
        """Read these VMs now; one that no longer exists is left out. Raises SourceFailed."""
        wanted, interest = tuple(sorted(set(morefs))), self._interest

        def read(connection: Connection) -> tuple[VirtualMachine, ...]:
            paths = convert.machine_paths(connection.content.about.apiVersion)
            rows = retrieve(connection, Selection(convert.MACHINE, paths, wanted))
            machines = StartsReader(connection, interest).of(convert.machine(row) for row in rows)
            return EventsReader(connection, interest).of(machines)

        return await self.session.call(read)

    async def machine(self, moref: Moref) -> VirtualMachine | None:
        """Read this VM now; None if there is none. Raises SourceFailed."""
        found = await self.fresh((moref,))
        return found[0] if found else None

    async def hardware(self, moref: Moref) -> Hardware:
        """Read the devices of this VM now, as the SDK has them. Raises SourceFailed, also where there is no such VM."""
        return await hardware(self.session, moref)

    async def pod(self, moref: Moref) -> Pod | None:
        """Read this datastore cluster now; None if there is none. Raises SourceFailed."""
        return await pod(self.session, moref)

    async def cluster(self, moref: Moref) -> Cluster | None:
        """Read this cluster now; None if there is none. Raises SourceFailed."""
        return await cluster(self.session, moref)

    async def datastore_name(self, moref: Moref) -> str | None:
        """Read the name of this datastore now; None if there is none. Raises SourceFailed."""
        return await datastore_name(self.session, moref)

    async def named(self, kind: str, name: str) -> tuple[Moref, ...]:
        """Find all objects of that kind and name now. Raises SourceFailed."""
        return await named(self.session, kind, name)

    async def parent(self, kind: str, moref: Moref) -> Moref | None:
        """Read the parent of this object now; None if it has none. Raises SourceFailed."""
        return await parent(self.session, kind, moref)

    async def pool(self, cluster: Moref, name: str | None) -> Moref | None:
        """Find the cluster's resource pool of that name (None: its root) now. Raises SourceFailed."""
        return await pool(self.session, cluster, name)

    async def users(self, moref: Moref) -> tuple[str, ...]:
        """Find other VMs that have a disk of this VM, or one upon it, now. Raises SourceFailed."""
        return await users(self.session, moref)

    async def task_state(self, task: str) -> TaskState:
        """Read how this task stands. Raises SourceFailed."""
        return await task_state(self.session, task)

    async def send(self, function: Callable[[Connection], T]) -> T:
        """Run `function` once, with the session logged in (VsphereSession.send). Raises SourceFailed if it was not begun."""
        return await self.session.send(function)

    def _interrupt(self) -> None:
        """Let the watching thread look at what it is told, now."""
        self._wake.set()
        collector = self._collector
        if collector is not None:
            collector.abort()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            if self._is_stopping:  # looked at after clearing, so that an interruption is never lost
                if self._watching is not None:
                    self._watching.events.close()
                return
            connection: Connection | None = None
            try:
                connection = self.session.connect()
                self._watch(connection)
            except Exception as error:  # noqa: BLE001 - whatever happened, it is told, and the watch goes on
                if connection is not None and isinstance(error, vim.fault.NotAuthenticated):
                    self.session.expire(connection)
                if not self._wake.is_set():
                    self._wake.wait(self._failed(error))

    def _watch(self, connection: Connection) -> None:
        """Watch under one log-in until something asks for a new beginning. Raises what vCenter raises."""
        interest = self._interest
        found = find(connection, interest)
        collector = self._collector = ChangeCollector(connection, found)
        self._watching = (
            Watch(interest, EventsReader(connection, interest))
            if self._watching is None
            else self._watching.anew(connection, interest)
        )
        rounds = Rounds(connection, collector, self._memory, self._watching)
        try:
            facts = rounds.first()
            self._publish(facts, interest)
            searched = published = time.monotonic()
            while not self._wake.is_set() and connection.generation == self.session.generation:
                before, changed = facts, self._wait(collector, is_watching=rounds.is_watching)
                if changed:
                    facts = rounds.changed(changed)
                else:
                    check_alive(connection)
                    facts = rounds.idle(facts)
                if facts is not before or time.monotonic() - published >= self._idle_seconds(is_watching=rounds.is_watching):
                    self._publish(facts, interest)
                    published = time.monotonic()
                if time.monotonic() - searched > self.settings.search.total_seconds():
                    if find(connection, interest) != found:
                        return
                    facts = rounds.again()
                    searched = time.monotonic()
        finally:
            self._collector = None
            collector.close()

    def _idle_seconds(self, *, is_watching: bool) -> float:
        """After how long without news facts count as read anew: after each wait, which is no more than that."""
        return self.settings.wait.total_seconds() if is_watching else 0.0

    def _wait(self, collector: ChangeCollector, *, is_watching: bool) -> frozenset[Moref]:
        """One wait for changes. A server that does not wait as asked must not be asked without end."""
        began = time.monotonic()
        longest = min(self.settings.wait, self.settings.events) if is_watching else self.settings.wait
        changed = collector.wait(math.ceil(longest.total_seconds()))
        if not changed and time.monotonic() - began < SOON_SECONDS:
            self._wake.wait(SOON_SECONDS)
        return changed

    def _publish(self, facts: VsphereFacts, interest: Interest) -> None:
        self._failures = 0
        self._hand_on(Part(facts, self.settings.now(), None), interest)

    def _failed(self, error: Exception) -> float:
        """Tell of a failure and return the seconds to wait; a first one that a new beginning may mend is not told."""
        self._failures += 1
        if self._failures == 1 and isinstance(error, MENDED_ANEW):
            return 0.0
        told = source_error(error, self.session.endpoint)
        if self._part.error is None or self._part.error.problem is not told.problem:
            log.warning("vCenter %s: %s", self.session.endpoint, told.message)
        self._hand_on(replace(self._part, error=told), None)
        if told.retry_after is not None:
            return told.retry_after.total_seconds()
        pause = min(self.settings.retry * (1 << min(self._failures, 10)), self.settings.retry_limit)
        return pause.total_seconds() * random.uniform(0.5, 1.0)  # noqa: S311 - only to spread the retries

    def _hand_on(self, part: Part[VsphereFacts], interest: Interest | None) -> None:
        self._part = part
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended without stopping us
                self._loop.call_soon_threadsafe(self._deliver, part, interest)

    def _deliver(self, part: Part[VsphereFacts], interest: Interest | None) -> None:
        """On the loop: hand on, unless it was overtaken. Facts of a former interest lack VMs that are asked for now."""
        if not self._is_stopping and interest in {None, self._interest}:
            self._on_facts(part)
