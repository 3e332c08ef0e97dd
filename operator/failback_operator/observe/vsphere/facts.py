"""Keeps the facts of one vCenter, converting only what changed."""

from collections.abc import Iterable
from typing import Protocol

from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import Cluster, Datastore, Host, Pod, VirtualMachine, VsphereFacts
from failback_operator.observe.vsphere import convert, convert_motion
from failback_operator.observe.vsphere.retrieve import Row


class Rows(Protocol):
    """Has the latest row of each object."""

    def row(self, moref: Moref) -> Row | None:
        """The row; None for an object that left."""
        ...


class FactsBuilder:
    """Facts by object. One for each watch: what it holds came from that watch alone."""

    def __init__(self, instance_uuid: str) -> None:
        self._instance_uuid = instance_uuid
        self._hosts: dict[Moref, Host] = {}
        self._datastores: dict[Moref, Datastore] = {}
        self._machines: dict[Moref, VirtualMachine] = {}
        self._pods: dict[Moref, Pod] = {}
        self._clusters: dict[Moref, Cluster] = {}

    def build(self, rows: Rows, changed: Iterable[Moref]) -> VsphereFacts:
        """The facts after a change of these objects. Raises SourceFailed, and what conversion raises over odd values."""
        for moref in changed:
            self._take(moref, rows.row(moref))
        return VsphereFacts(
            instance_uuid=self._instance_uuid,
            hosts=tuple(sorted(self._hosts.values(), key=lambda host: host.name)),
            datastores=tuple(sorted(self._datastores.values(), key=lambda datastore: datastore.name)),
            machines=tuple(sorted(self._machines.values(), key=lambda machine: (machine.name, machine.moref))),
            pods=tuple(sorted(self._pods.values(), key=lambda pod: (pod.name, pod.moref))),
            clusters=tuple(sorted(self._clusters.values(), key=lambda cluster: (cluster.name, cluster.moref))),
        )

    def _take(self, moref: Moref, row: Row | None) -> None:
        if row is None:
            for known in (self._hosts, self._datastores, self._machines, self._pods, self._clusters):
                known.pop(moref, None)
        elif row.kind == convert.HOST:
            self._hosts[moref] = convert.host(row)
        elif row.kind == convert.DATASTORE:
            self._datastores[moref] = convert.datastore(row)
        elif row.kind == convert_motion.POD:
            self._pods[moref] = convert_motion.pod(row)
        elif row.kind == convert_motion.CLUSTER:
            self._clusters[moref] = convert_motion.cluster(row)
        else:
            self._machines[moref] = convert.machine(row)
