"""Reads privileges: one question for all objects and privileges of an account.

Source: AuthorizationManager.HasUserPrivilegeOnEntities; vSphere facts, section 2 (12) and section 9.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from pyVmomi import vim, vmodl

from failback_operator.domain.grants import MENDING_PRIVILEGES, Grants, Held
from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import VirtualMachine, VsphereFacts
from failback_operator.observe.vsphere.account import own_account
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.convert import DATASTORE, MACHINE
from failback_operator.observe.vsphere.convert_motion import CLUSTER, POD
from failback_operator.observe.vsphere.failures import UNPARSABLE, words
from failback_operator.observe.vsphere.interest import Interest, names_of
from failback_operator.observe.vsphere.memory import Memory
from failback_operator.observe.vsphere.retrieve import Selection, managed, moref_of, retrieve

DATACENTER = "Datacenter"
LISTED = "privilegeList"
Entity = tuple[str, Moref, str]
"""Kind, id and name of an object."""


class GrantsReader:
    """Asks about the operator's own account where it may mend something, and about the configuration server's where it is named.

    One for each log-in. Nothing is asked where nothing is enabled and nobody is named.
    """

    def __init__(self, connection: Connection, memory: Memory) -> None:
        self._connection = connection
        self._memory = memory
        self._own_account: str | None = None
        self._listed: frozenset[str] | None = None
        self._own: Grants | None = None
        self._server: Grants | None = None

    def read(self, interest: Interest, facts: VsphereFacts) -> VsphereFacts:
        """`facts` with the privileges as they are now. Raises NotAuthenticated; other refusals make what they hide unread."""
        self._own = self._server = None
        if interest.mended:
            entities = sorted(set(_mended(interest, facts)))
            self._own = self._asked(
                self._connection.endpoint.username, lambda: self._ask(self._own_name(), entities, MENDING_PRIVILEGES)
            )
        if account := interest.account:
            privileges = self._connection.settings.server_privileges
            self._server = self._asked(account, lambda: self._ask(account, self._datacenters(facts), privileges))
        return self.on(facts)

    def on(self, facts: VsphereFacts) -> VsphereFacts:
        """`facts` with the privileges as they were read last."""
        return replace(facts, own_grants=self._own, server_grants=self._server)

    def _own_name(self) -> str:
        if self._own_account is None:
            self._own_account = own_account(self._connection)
        return self._own_account

    def _known(self, ids: Iterable[str]) -> list[str]:
        """Those of `ids` that this vCenter has: it refuses a question about another. The simulator lists none at all."""
        if self._listed is None:
            manager = moref_of(self._connection.content.authorizationManager)
            (row,) = retrieve(self._connection, Selection("AuthorizationManager", (LISTED,), (manager,)))
            self._listed = frozenset(each.privId for each in row.values.get(LISTED) or ())
        return [each for each in ids if not self._listed or each in self._listed]

    def _ask(self, account: str, entities: list[Entity], privileges: Iterable[str]) -> Grants:
        if not entities:
            return Grants(account)
        stub, names = self._connection.stub, {moref: name for _, moref, name in entities}
        answer = self._connection.content.authorizationManager.HasUserPrivilegeOnEntities(
            entities=[managed(kind, moref, stub) for kind, moref, _ in entities],
            userName=account,
            privId=self._known(privileges),
        )
        held = (Held(moref_of(each.entity), names[moref_of(each.entity)], _lacking(each)) for each in answer)
        return Grants(account, tuple(sorted(held, key=lambda each: (each.name, each.entity))))

    def _asked(self, account: str, ask: Callable[[], Grants]) -> Grants:
        """The answer, the last one, or why there is none. Raises NotAuthenticated, and what the network raises."""
        question = ("privileges", account)
        try:
            return self._memory.keep(question, ask())
        except vim.fault.NotAuthenticated:
            raise
        except vmodl.MethodFault as fault:
            return self._memory.after(fault, question, Grants(account, unread=words(fault)))
        except UNPARSABLE as error:
            why = f"the answer could not be understood ({type(error).__name__})"
            return self._memory.after(error, question, Grants(account, unread=why))

    def _datacenters(self, facts: VsphereFacts) -> list[Entity]:
        """The datacenters of the hosts that run the site's VMs; all of them where none is told by its datastores."""
        rows = retrieve(self._connection, Selection(DATACENTER, ("name", "datastore")))
        hosts = {each.host for each in facts.machines}
        used = {store for each in facts.hosts if each.moref in hosts for store in each.datastores}
        own = [row for row in rows if used & {moref_of(each) for each in row.values.get("datastore") or ()}]
        return sorted((DATACENTER, row.moref, str(row.values.get("name", row.moref))) for row in own or rows)


def _lacking(privileges: Any) -> frozenset[str]:
    return frozenset(each.privId for each in privileges.privAvailability if not each.isGranted)


def _mended(interest: Interest, facts: VsphereFacts) -> Iterator[Entity]:
    """The VMs that may be mended, the clusters of their disks' datastores, their hosts' datastores and cluster."""
    wanted = {name.casefold() for name in interest.mended}
    for machine in facts.machines:
        if wanted & {*names_of(machine.name, machine.guest.host_name), *machine.guest.ip_addresses}:
            yield MACHINE, machine.moref, machine.name
            yield from _around(machine, facts)


def _around(machine: VirtualMachine, facts: VsphereFacts) -> Iterator[Entity]:
    stores = (facts.datastore(disk.datastore) for disk in machine.disks)
    pods = (facts.pod(store.pod) for store in stores if store is not None)
    yield from ((POD, pod.moref, pod.name) for pod in pods if pod is not None)
    host = facts.host(machine.host)
    if host is None:
        return
    mounted = (facts.datastore(each) for each in host.datastores)
    yield from ((DATASTORE, store.moref, store.name) for store in mounted if store is not None)
    cluster = facts.cluster(host.cluster)
    if cluster is not None:
        yield CLUSTER, cluster.moref, cluster.name
