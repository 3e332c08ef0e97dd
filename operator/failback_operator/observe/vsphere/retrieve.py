"""The one function that reads properties, so that what could not be read is never taken for what is not there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim, vmodl

from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.observe.vsphere.connection import Connection

Collector = vmodl.query.PropertyCollector


@dataclass(frozen=True, slots=True)
class Row:
    """What was read of one object. A path in neither `values` nor `unread` is unset, which vCenter tells by leaving it out."""

    kind: str
    moref: Moref
    values: Mapping[str, Any]
    unread: Mapping[str, str]
    """Path → why it could not be read."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which paths to read of which objects of one kind (`VirtualMachine`); `morefs` None: of all of them."""

    kind: str
    paths: tuple[str, ...]
    morefs: tuple[Moref, ...] | None = None


def managed(kind: str, moref: Moref, stub: Any) -> Any:
    """The managed object of that kind and id, for calls on it. Its properties are never read through it."""
    return managed_type(kind)(moref, stub)


def managed_type(kind: str) -> Any:
    """The vendor's type of that name."""
    return getattr(vim, kind)


def moref_of(reference: Any) -> Moref:
    """The id of a managed object, without asking vCenter."""
    return Moref(reference._GetMoId())  # noqa: SLF001 - pyvmomi has no public name for it


def kind_of(reference: Any) -> str:
    """The type of a managed object, e.g. `StoragePod`."""
    return type(reference).__name__.rpartition(".")[2]


def retrieve(connection: Connection, selection: Selection) -> list[Row]:
    """Read `selection` page by page. Objects that vanish meanwhile are left out; NotAuthenticated is raised in either shape.

    Source: an ended session answers with 200, an empty propSet and all paths in missingSet (vSphere facts, 1.3).
    """
    if selection.morefs is None:
        with container(connection, (selection.kind,)) as view:
            return list(_rows(connection, view_spec(view, (selection,))))
    rows: list[Row] = []
    size = connection.settings.page_size
    for start in range(0, len(selection.morefs), size):
        rows += _existing(connection, selection, selection.morefs[start : start + size])
    return rows


def viewed(connection: Connection, view: Any, selection: Selection) -> list[Row]:
    """Read `selection` of the objects of a view that is there. Raises what vCenter raises, NotAuthenticated in either shape."""
    return list(_rows(connection, view_spec(view, (selection,))))


def check_alive(connection: Connection) -> None:
    """Ask vCenter whether the session still is one. Raises NotAuthenticated.

    Source: a wait without changes proves nothing, it may go on for ever on a session that is gone (vSphere facts, section 4).
    """
    manager = moref_of(connection.content.sessionManager)
    for row in retrieve(connection, Selection("SessionManager", ("currentSession",), (manager,))):
        if "currentSession" not in row.values and not row.unread:
            raise vim.fault.NotAuthenticated(msg="there is no current session")


def _existing(connection: Connection, selection: Selection, morefs: Sequence[Moref]) -> list[Row]:
    """Rows of those of `morefs` that exist: vCenter refuses the whole call over one that does not."""
    wanted = list(morefs)
    while wanted:
        try:
            rows = list(_rows(connection, objects_spec(connection, selection, wanted)))
        except vmodl.fault.ManagedObjectNotFound as fault:
            gone = None if fault.obj is None else moref_of(fault.obj)
            if gone not in wanted:
                raise
            wanted.remove(gone)
        else:
            require_all(wanted, (row.moref for row in rows), selection.kind)
            return rows
    return []


def require_all(asked: Iterable[Moref], answered: Iterable[Moref], kind: str) -> None:
    """Raise SourceFailed unless all that was asked for by id was answered.

    An answer that is no SOAP (a gateway's page) reads as an empty one.
    """
    left_out = sorted(set(asked) - set(answered))
    if left_out:
        message = f"vCenter left {len(left_out)} of the objects out of its answer, {kind} {left_out[0]} among them"
        raise SourceFailed(SourceError(SourceProblem.INCOMPLETE, message))


def objects_spec(connection: Connection, selection: Selection, morefs: Sequence[Moref]) -> Any:
    """A filter on the named objects."""
    return Collector.FilterSpec(
        propSet=[_properties(selection)],
        objectSet=[Collector.ObjectSpec(obj=managed(selection.kind, moref, connection.stub)) for moref in morefs],
    )


def view_spec(view: Any, selections: Sequence[Selection]) -> Any:
    """A filter on all objects of a container view."""
    through = Collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
    return Collector.FilterSpec(
        propSet=[_properties(selection) for selection in selections],
        objectSet=[Collector.ObjectSpec(obj=view, skip=True, selectSet=[through])],
    )


@contextmanager
def container(connection: Connection, kinds: tuple[str, ...]) -> Iterator[Any]:
    """A view of all objects of some kinds, destroyed at the end."""
    content = connection.content
    is_recursive = True
    view = content.viewManager.CreateContainerView(content.rootFolder, [managed_type(kind) for kind in kinds], is_recursive)
    try:
        yield view
    except Exception:
        # The error of the read says more than that of the clean-up; views end with their session anyway.
        with suppress(Exception):
            view.Destroy()
        raise
    view.Destroy()


def unread_paths(missing: Any) -> dict[str, str]:
    """Path → name of the fault, of a missingSet. Raises NotAuthenticated if that is why."""
    unread: dict[str, str] = {}
    for each in missing or ():
        if isinstance(each.fault, vim.fault.NotAuthenticated):
            raise each.fault
        unread[each.path] = kind_of(each.fault)
    return unread


def _properties(selection: Selection) -> Any:
    return Collector.PropertySpec(type=managed_type(selection.kind), pathSet=list(selection.paths))


def _rows(connection: Connection, spec: Any) -> Iterator[Row]:
    collector = connection.content.propertyCollector
    options = Collector.RetrieveOptions(maxObjects=connection.settings.page_size)
    page = collector.RetrievePropertiesEx([spec], options)
    while page is not None:
        for each in page.objects:
            values = {prop.name: prop.val for prop in each.propSet}
            yield Row(kind_of(each.obj), moref_of(each.obj), values, unread_paths(each.missingSet))
        if not page.token:
            return
        page = collector.ContinueRetrievePropertiesEx(page.token)
