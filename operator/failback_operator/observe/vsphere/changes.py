"""A property collector of our own that waits for changes, and the state that it has told so far."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vmodl

from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.convert import (
    DATASTORE,
    DATASTORE_PATHS,
    HOST,
    HOST_MEMORY_USED,
    HOST_PATHS,
    MACHINE,
    machine_paths,
)
from failback_operator.observe.vsphere.convert_motion import CLUSTER, CLUSTER_PATHS, POD, POD_PATHS
from failback_operator.observe.vsphere.retrieve import (
    Collector,
    Row,
    Selection,
    kind_of,
    managed_type,
    moref_of,
    objects_spec,
    require_all,
    unread_paths,
    view_spec,
    viewed,
)

SITE_WIDE = (
    Selection(HOST, HOST_PATHS),
    Selection(DATASTORE, DATASTORE_PATHS),
    Selection(POD, POD_PATHS),
    Selection(CLUSTER, CLUSTER_PATHS),
)
"""What is read of all objects of a kind, in one filter."""


@dataclass(slots=True)
class _State:
    """What is known of one object."""

    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


class ObjectStates:
    """What is known of each object: the sum of all updates."""

    def __init__(self) -> None:
        self._objects: dict[Moref, _State] = {}

    def row(self, moref: Moref) -> Row | None:
        """What is known of one object."""
        state = self._objects.get(moref)
        return None if state is None else Row(state.kind, moref, dict(state.values), dict(state.unread))

    def apply(self, update: Any) -> frozenset[Moref]:
        """Take an UpdateSet; the objects that changed or left. Raises NotAuthenticated, and the fault of a hidden object."""
        return frozenset(self._changed(update))

    def _changed(self, update: Any) -> Iterator[Moref]:
        for each in update.filterSet or ():
            for missing in each.missingSet or ():
                if not isinstance(missing.fault, vmodl.fault.ManagedObjectNotFound):
                    raise missing.fault
                self._objects.pop(moref_of(missing.obj), None)
                yield moref_of(missing.obj)
            for change in each.objectSet or ():
                yield self._apply_object(change)

    def _apply_object(self, update: Any) -> Moref:
        moref = moref_of(update.obj)
        if update.kind == Collector.ObjectUpdate.Kind.leave:
            self._objects.pop(moref, None)
            return moref
        if update.kind == Collector.ObjectUpdate.Kind.enter or moref not in self._objects:
            # Source: the simulator lets known objects enter again, with all that they have (vSphere facts, section 4).
            self._objects[moref] = _State(kind_of(update.obj))
        state = self._objects[moref]
        for change in update.changeSet or ():
            state.unread.pop(change.name, None)
            if change.op in {Collector.Change.Op.assign, Collector.Change.Op.add} and change.val is not None:
                state.values[change.name] = change.val
            else:
                state.values.pop(change.name, None)
        for path, why in unread_paths(update.missingSet).items():
            state.values.pop(path, None)
            state.unread[path] = why
        return moref


class ChangeCollector:
    """Watches named VMs, and all that is SITE_WIDE. Lives in one thread, but for `abort`, and dies with its session."""

    def __init__(self, connection: Connection, machines: Iterable[Moref]) -> None:
        """Make collector and filters. Raises ManagedObjectNotFound if a VM is gone since it was found."""
        self._connection = connection
        self._version = ""
        self._states = ObjectStates()
        content = connection.content
        self._stub = connection.waiting_stub()
        self._owner = content.propertyCollector.CreatePropertyCollector()
        self._waiter = Collector(moref_of(self._owner), self._stub)
        is_recursive, reports_parts = True, False
        kinds = [managed_type(each.kind) for each in SITE_WIDE]
        self._view = content.viewManager.CreateContainerView(content.rootFolder, kinds, is_recursive)
        self._owner.CreateFilter(view_spec(self._view, SITE_WIDE), reports_parts)
        self._wanted = frozenset(machines)
        if self._wanted:
            selection = Selection(MACHINE, machine_paths(content.about.apiVersion))
            self._owner.CreateFilter(objects_spec(connection, selection, sorted(self._wanted)), reports_parts)

    def first(self) -> frozenset[Moref]:
        """All objects, read for the first time. Raises SourceFailed if the answer leaves any out."""
        changed = self.wait(0)
        require_all(self._wanted, changed, MACHINE)
        if not self._version:
            message = "vCenter answered the first question for changes with nothing"
            raise SourceFailed(SourceError(SourceProblem.INCOMPLETE, message))
        return changed

    def wait(self, seconds: int) -> frozenset[Moref]:
        """The objects that changed or left, all pages of the change taken; empty when `seconds` passed without one.

        Raises what vCenter raises, NotAuthenticated in both of its shapes; a ConnectionError after `abort`.
        """
        options = Collector.WaitOptions(maxWaitSeconds=seconds, maxObjectUpdates=self._connection.settings.page_size)
        changed: set[Moref] = set()
        is_truncated = True
        while is_truncated:
            update = self._waiter.WaitForUpdatesEx(self._version, options)
            if update is None:
                break
            changed |= self._states.apply(update)
            self._version = update.version
            is_truncated = bool(update.truncated)
        return frozenset(changed)

    def memory_used(self) -> dict[Moref, int]:
        """The memory in use of each host that tells it, in MB, read now."""
        rows = viewed(self._connection, self._view, Selection(HOST, (HOST_MEMORY_USED,)))
        return {row.moref: row.values[HOST_MEMORY_USED] for row in rows if HOST_MEMORY_USED in row.values}

    def row(self, moref: Moref) -> Row | None:
        """What is known of one object; None if it left."""
        return self._states.row(moref)

    def abort(self) -> None:
        """End a wait that is under way in another thread, or that is about to begin; whether or not vCenter still answers."""
        self._stub.abort()

    def close(self) -> None:
        """Give back what vCenter holds for us; it is gone already if the session is."""
        with suppress(Exception):
            self._view.Destroy()
            self._owner.Destroy()
        self._stub.close()
