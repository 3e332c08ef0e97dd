"""What stands around the Azure machines: whole lists of a subscription, read more seldom than the vault."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

import aiohttp
from azure.core.exceptions import AzureError

from failback_operator.domain.azure_estate import AzureEstate, StorageAccounts, subscription_of
from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Clock
from failback_operator.domain.reading import Part
from failback_operator.domain.vault import AzureVm

from . import convert
from .calls import Calls, together
from .errors import source_error
from .session import AzureSession
from .settings import ReaderSettings
from .wire import Record

UNREADABLE = (AzureError, aiohttp.ClientError, OSError, ValueError)
NICS = ("Microsoft.Network/networkInterfaces", "2021-02-01")
NETWORKS = ("Microsoft.Network/virtualNetworks", "2021-02-01")
STORAGE = ("Microsoft.Storage/storageAccounts", "2021-02-01")
LOCKS = ("Microsoft.Authorization/locks", "2016-09-01")
"""Type and version of what is listed. Source: the published descriptions of all."""


class Listed(Protocol):
    """What has an id."""

    @property
    def arm_id(self) -> ArmId:
        """Its id."""
        ...


T = TypeVar("T", bound=Listed)


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage account: that it is there is all that is asked."""

    arm_id: ArmId


def storage_account(source: object) -> Storage:
    """An entry of the list. Raises MalformedError."""
    return Storage(ArmId(Record(source).required("id")))


class EstateReader:
    """Keeps each list until it is `estate_age` old. A list that cannot be read keeps what was read before, and tells why."""

    def __init__(self, session: AzureSession, calls: Calls, settings: ReaderSettings, clock: Clock) -> None:
        self._session = session
        self._calls = calls
        self._age = settings.estate_age
        self._clock = clock

    async def read(self, machines: Iterable[ArmId], found: Iterable[AzureVm], previous: AzureEstate) -> AzureEstate:
        """What stands around `machines`, in their subscriptions or, where there is none, in the vault's. Raises nothing.

        An interface of one of the `found` that is not known, as after a failover, makes their list be read again at once.
        """
        wanted = frozenset(machines)
        of_machines = {subscription_of(each) for each in wanted} or {self._session.endpoint.subscription_id.casefold()}
        subscriptions = sorted(of_machines)
        known = {nic.arm_id for nic in previous.nics.facts or ()}
        aged = self._age if all(nic in known for vm in found for nic in vm.nic_ids) else timedelta(0)
        nics = await self._list((*NICS, aged), convert.nic, subscriptions, previous.nics)
        # A network may be shared by other subscriptions: it is read where it is.
        of_networks = {subscription_of(each) for nic in nics.facts or () if nic.vm_id in wanted for each in nic.network_ids}
        return AzureEstate(
            nics=nics,
            locks=await self._list((*LOCKS, self._age), convert.lock, subscriptions, previous.locks),
            networks=await self._list(
                (*NETWORKS, self._age), convert.network, sorted(of_machines | of_networks), previous.networks
            ),
            storage=await self._storage(subscriptions, previous.storage),
        )

    async def _storage(self, subscriptions: list[str], known: Part[StorageAccounts]) -> Part[StorageAccounts]:
        """The accounts, with where they were looked for."""
        accounts = None if known.facts is None else tuple(Storage(each) for each in known.facts.ids)
        before = Part(accounts, known.as_of, known.error)
        read = await self._list((*STORAGE, self._age), storage_account, subscriptions, before)
        if read is before:
            return known
        if read.error is not None or read.facts is None:
            return Part(known.facts, known.as_of, read.error)
        ids = frozenset(each.arm_id for each in read.facts)
        return Part(StorageAccounts(frozenset(subscriptions), ids), read.as_of, None)

    async def _list(
        self,
        kind: tuple[str, str, timedelta],
        convert_one: Callable[[object], T],
        subscriptions: list[str],
        known: Part[tuple[T, ...]],
    ) -> Part[tuple[T, ...]]:
        now = self._clock.now()
        name, version, age = kind
        if known.error is None and known.as_of is not None and now - known.as_of <= age:
            return known
        paths = [f"/subscriptions/{each}/providers/{name}" for each in subscriptions]
        try:
            found = await self._all(convert_one, paths, version)
            if any(one.arm_id not in found for one in known.facts or ()):
                # A page may be cut short with nothing that tells of it: gone is what a second list lacks as well.
                found |= await self._all(convert_one, paths, version)
        except UNREADABLE as raised:
            return Part(known.facts, known.as_of, source_error(raised, self._session.endpoint))
        # The service's order may change while nothing else does.
        return Part(tuple(sorted(found.values(), key=lambda one: one.arm_id.casefold())), now, None)

    async def _all(self, convert_one: Callable[[object], T], paths: list[str], version: str) -> dict[ArmId, T]:
        """By id. Raises what cannot be read."""
        operation = self._session.resource_manager.list
        lists = await together(self._calls.whole(convert_one, operation, each, api_version=version) for each in paths)
        return {one.arm_id: one for each in lists for one in each}
