"""Keeps the facts of one vCenter, converting only what changed."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import Cluster, Datastore, Host, Pod, VirtualMachine, VsphereFacts
from failback_operator.observe.vsphere import convert, convert_motion
from failback_operator.observe.vsphere.retrieve import Row
from failback_operator.observe.vsphere.steady import steady_datastore, steady_host


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
        self._memory_used: dict[Moref, int] = {}
        self._machines: dict[Moref, VirtualMachine] = {}
        self._pods: dict[Moref, Pod] = {}
        self._clusters: dict[Moref, Cluster] = {}

    def note_memory(self, used_mib: Mapping[Moref, int]) -> None:
        """Take what was read of the memory in use; hosts that are known already show it with the next build."""
        self._memory_used = dict(used_mib)
        self._hosts = {moref: steady_host(host, used_mib.get(moref), host) for moref, host in self._hosts.items()}

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
            nameless=tuple(sorted(moref for moref, machine in self._machines.items() if "name" in machine.unread)),
        )

    def _take(self, moref: Moref, row: Row | None) -> None:
        if row is None:
            for known in (self._hosts, self._datastores, self._machines, self._pods, self._clusters):
                known.pop(moref, None)
        elif row.kind == convert.HOST:
            self._hosts[moref] = steady_host(convert.host(row), self._memory_used.get(moref), self._hosts.get(moref))
        elif row.kind == convert.DATASTORE:
            self._datastores[moref] = steady_datastore(convert.datastore(row), self._datastores.get(moref))
        elif row.kind == convert_motion.POD:
            self._pods[moref] = convert_motion.pod(row)
        elif row.kind == convert_motion.CLUSTER:
            self._clusters[moref] = convert_motion.cluster(row)
        else:
            self._machines[moref] = convert.machine(row)
