"""Reads that an effect makes just before it acts: what it changes, as it is now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.domain.vsphere import Cluster, Pod
from failback_operator.observe.vsphere import convert, convert_motion
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.retrieve import Row, Selection, moref_of, retrieve
from failback_operator.observe.vsphere.session import VsphereSession

CHANGE_VERSION = "config.changeVersion"


@dataclass(frozen=True, slots=True)
class Hardware:
    """`config.hardware.device` of a VM as the SDK has it, and `config.changeVersion` at that time."""

    devices: tuple[Any, ...]
    change_version: str


async def hardware(session: VsphereSession, moref: Moref) -> Hardware:
    """The devices of a VM. Raises SourceFailed, also where they may not be read or there is no such VM."""

    def read(connection: Connection) -> Hardware:
        for row in retrieve(connection, Selection(convert.MACHINE, (convert.DEVICES, CHANGE_VERSION), (moref,))):
            if convert.DEVICES in row.values and CHANGE_VERSION in row.values:
                return Hardware(tuple(row.values[convert.DEVICES]), row.values[CHANGE_VERSION])
        raise SourceFailed(SourceError(SourceProblem.INCOMPLETE, f"the devices of VM {moref} could not be read"))

    return await session.call(read)


async def pod(session: VsphereSession, moref: Moref) -> Pod | None:
    """A datastore cluster; None if there is none. Raises SourceFailed."""

    def read(connection: Connection) -> Pod | None:
        rows = retrieve(connection, Selection(convert_motion.POD, convert_motion.POD_PATHS, (moref,)))
        return next((convert_motion.pod(row) for row in rows), None)

    return await session.call(read)


async def cluster(session: VsphereSession, moref: Moref) -> Cluster | None:
    """A cluster of hosts; None if there is none. Raises SourceFailed."""

    def read(connection: Connection) -> Cluster | None:
        rows = retrieve(connection, Selection(convert_motion.CLUSTER, convert_motion.CLUSTER_PATHS, (moref,)))
        return next((convert_motion.cluster(row) for row in rows), None)

    return await session.call(read)


async def datastore_name(session: VsphereSession, moref: Moref) -> str | None:
    """A datastore's name; None if there is no such datastore. Raises SourceFailed."""

    def read(connection: Connection) -> str | None:
        rows = retrieve(connection, Selection(convert.DATASTORE, ("name",), (moref,)))
        return next((row.values.get("name") for row in rows), None)

    return await session.call(read)


async def named(session: VsphereSession, kind: str, name: str) -> tuple[Moref, ...]:
    """All objects of that kind and name, in order. Raises SourceFailed."""

    def read(connection: Connection) -> tuple[Moref, ...]:
        rows = retrieve(connection, Selection(kind, ("name",)))
        return tuple(sorted(row.moref for row in rows if row.values.get("name") == name))

    return await session.call(read)


async def parent(session: VsphereSession, kind: str, moref: Moref) -> Moref | None:
    """An object's parent; None if it has none, or there is no such object. Raises SourceFailed."""

    def read(connection: Connection) -> Moref | None:
        rows = retrieve(connection, Selection(kind, ("parent",), (moref,)))
        found = next((row.values.get("parent") for row in rows), None)
        return None if found is None else moref_of(found)

    return await session.call(read)


async def pool(session: VsphereSession, cluster: Moref, name: str | None) -> Moref | None:
    """A cluster's resource pool: its root, or the only one of that name. Raises SourceFailed."""

    def read(connection: Connection) -> Moref | None:
        rows = retrieve(connection, Selection(convert_motion.CLUSTER, ("resourcePool",), (cluster,)))
        root = next((row.values.get("resourcePool") for row in rows), None)
        if name is None or root is None:
            return None if root is None else moref_of(root)
        pools = retrieve(connection, Selection("ResourcePool", ("name", "owner")))
        found = [
            row.moref
            for row in pools
            if row.values.get("name") == name and row.values.get("owner") is not None and moref_of(row.values["owner"]) == cluster
        ]
        return found[0] if len(found) == 1 else None

    return await session.call(read)


async def users(session: VsphereSession, moref: Moref) -> tuple[str, ...]:
    """Names of other VMs that have a disk of this one, or one upon it, as linked clones have. Raises SourceFailed.

    VMs on its datastores are asked: `Datastore.vm` names all that have a file there.
    """

    def read(connection: Connection) -> tuple[str, ...]:
        own = _only(retrieve(connection, Selection(convert.MACHINE, ("name", "datastore", convert.DEVICES), (moref,))), moref)
        stores = tuple(sorted(moref_of(each) for each in _listed(own, "datastore")))
        on_them = retrieve(connection, Selection(convert.DATASTORE, ("name", "vm"), stores)) if stores else []
        if len(on_them) != len(stores):
            raise _incomplete(f"a datastore of VM {own.values.get('name', moref)}")
        others = {moref_of(vm) for row in on_them for vm in _listed(row, "vm")} - {moref}
        files = _files(own)
        rows = (
            retrieve(connection, Selection(convert.MACHINE, ("name", convert.DEVICES), tuple(sorted(others)))) if others else ()
        )
        return tuple(sorted(str(row.values.get("name", row.moref)) for row in rows if files & _files(row)))

    return await session.call(read)


def _only(rows: list[Row], moref: Moref) -> Row:
    """The row of the VM. Raises SourceFailed where there is none."""
    if not rows:
        raise _incomplete(f"VM {moref}")
    return rows[0]


def _listed(row: Row, path: str) -> tuple[Any, ...]:
    """A list; unset is empty. Raises SourceFailed where it may not be read."""
    if path in row.unread:
        raise _incomplete(f"{path} of {row.kind} {row.values.get('name', row.moref)}")
    return tuple(row.values.get(path) or ())


def _incomplete(what: str) -> SourceFailed:
    return SourceFailed(SourceError(SourceProblem.INCOMPLETE, f"{what} could not be read"))


def _files(row: Row) -> frozenset[str]:
    """The files of all disks of a VM, with those below them. Raises SourceFailed where its devices may not be read."""
    if convert.DEVICES not in row.values:
        raise _incomplete(f"the disks of VM {row.values.get('name', row.moref)}")
    backings = [d.backing for d in row.values[convert.DEVICES] if isinstance(d, vim.vm.device.VirtualDisk)]
    return frozenset(file for backing in backings for file in _chain(backing))


def _chain(backing: Any) -> Iterator[str]:
    while backing is not None:
        yield str(getattr(backing, "fileName", ""))
        backing = getattr(backing, "parent", None)
