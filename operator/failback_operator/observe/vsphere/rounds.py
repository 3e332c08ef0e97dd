"""All that is read of one vCenter under one log-in, round by round: objects as they change, and what has to be asked for."""

from collections.abc import Iterable
from dataclasses import dataclass

from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import VsphereFacts
from failback_operator.observe.vsphere.changes import ChangeCollector
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.events import EventsReader
from failback_operator.observe.vsphere.facts import FactsBuilder
from failback_operator.observe.vsphere.grants import GrantsReader
from failback_operator.observe.vsphere.interest import Interest
from failback_operator.observe.vsphere.memory import Memory
from failback_operator.observe.vsphere.starts import StartsReader


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched, and the reader of its events, which outlives a new beginning under the same log-in."""

    interest: Interest
    events: EventsReader

    def anew(self, connection: Connection, interest: Interest) -> "Watch":
        """The watch of `interest`: what was read of events is kept if nothing was missed."""
        if self.events.serves(connection, interest):
            self.events.watch(interest)
            return Watch(interest, self.events)
        self.events.close()
        return Watch(interest, EventsReader(connection, interest))


class Rounds:
    """Facts after each round. Methods raise what vCenter raises, NotAuthenticated among it."""

    def __init__(self, connection: Connection, collector: ChangeCollector, memory: Memory, watch: Watch) -> None:
        interest = watch.interest
        self._interest = interest
        self._collector = collector
        self._builder = FactsBuilder(connection.content.about.instanceUuid)
        self._grants = GrantsReader(connection, memory)
        self._starts = StartsReader(connection, interest, memory)
        self._events = watch.events

    @property
    def is_watching(self) -> bool:
        """Whether events are read, which no wait for changes tells of."""
        return self._events.is_watching

    def first(self) -> VsphereFacts:
        """Everything."""
        self._builder.note_memory(self._collector.memory_used())
        return self._read(self._collector.first())

    def again(self) -> VsphereFacts:
        """What has to be asked for, anew."""
        self._events.ask_again()
        self._builder.note_memory(self._collector.memory_used())
        return self._read(())

    def changed(self, changed: frozenset[Moref]) -> VsphereFacts:
        """What changed, and the events until now."""
        facts = self._grants.on(self._builder.build(self._collector, changed))
        return self._events.on(self._starts.on(facts, changed), changed)

    def idle(self, facts: VsphereFacts) -> VsphereFacts:
        """`facts` with the events until now; the same object where there are no new ones."""
        found = self._events.on(facts)
        return facts if found == facts else found

    def _read(self, changed: Iterable[Moref]) -> VsphereFacts:
        facts = self._builder.build(self._collector, changed)
        return self._events.on(self._starts.read(self._grants.read(self._interest, facts)))
