"""Lists of the vault's resources, in which nothing is taken for gone that is only missing from an answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from azure.core.exceptions import HttpResponseError

from failback_operator.domain.fabric import Provider, VCenterRecord
from failback_operator.domain.ids import ArmId
from failback_operator.domain.policy import ContainerMapping, Policy
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.rights import Denial, VaultPart
from failback_operator.domain.vault import VaultFacts

from . import convert
from .calls import Calls, Paged, side_by_side
from .convert_item import listed_item
from .errors import denied_action
from .session import AzureSession
from .settings import ReaderSettings
from .wire import Record

VAULT_SEGMENTS = 8  # subscriptions/{}/resourceGroups/{}/providers/{}/vaults/{}


class Named(Protocol):
    """A fact with an ARM id."""

    @property
    def arm_id(self) -> ArmId:
        """Its id."""
        ...


N = TypeVar("N", bound=Named)


@dataclass(frozen=True, slots=True)
class Lists:
    """The vault's lists, each in the order of ids; one that is `denied` is empty."""

    providers: tuple[Provider, ...]
    vcenters: tuple[VCenterRecord, ...]
    items: tuple[ProtectedItem, ...]
    policies: tuple[Policy, ...]
    mappings: tuple[ContainerMapping, ...]
    denied: tuple[Denial, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind(Generic[N]):
    """How a kind of resource is listed and got. `path` is what the list's path has beyond the vault.

    `by_container`: its list of one container, where that of the vault may not be read. `part`: what is left unread where it may
    not be read at all; without it the whole read fails.
    """

    list: Callable[..., Paged]
    get: Callable[..., Awaitable[object]]
    convert: Callable[[object], N]
    path: tuple[str, ...] = ()
    by_container: Callable[..., Paged] | None = None
    part: VaultPart | None = None


@dataclass(frozen=True, slots=True)
class _Kinds:
    """How each of the lists is read."""

    providers: _Kind[Provider]
    vcenters: _Kind[VCenterRecord]
    items: _Kind[ProtectedItem]
    policies: _Kind[Policy]
    mappings: _Kind[ContainerMapping]


@dataclass(slots=True)
class _Reading:
    """One read of all lists: of which fabric, what was refused in it so far, and the fabric's containers once they were read."""

    fabric: ArmId
    denied: list[Denial] = field(default_factory=list)
    containers: list[str] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ListReader:
    """Reads all lists. What the last read knew and a list lacks is asked for by name: only a 404 proves it gone."""

    def __init__(self, session: AzureSession, calls: Calls, settings: ReaderSettings) -> None:
        self._session = session
        self._calls = calls
        self._most = settings.details_per_read
        self._vault = (session.endpoint.resource_group, session.endpoint.vault)
        self._refused: set[Callable[[object], object]] = set()

    async def read(self, fabric: ArmId, previous: VaultFacts | None) -> Lists:
        """The lists of `fabric`; policies are the vault's."""
        kinds = self._kinds(fabric.resource_name)
        read = _Reading(fabric)
        async with side_by_side() as group:
            tasks = (
                group.create_task(self._all(kinds.providers, previous.providers if previous else (), read)),
                group.create_task(self._all(kinds.vcenters, previous.vcenters if previous else (), read)),
                group.create_task(self._all(kinds.items, previous.items if previous else (), read)),
                group.create_task(self._all(kinds.policies, previous.policies if previous else (), read)),
                group.create_task(self._all(kinds.mappings, previous.mappings if previous else (), read)),
            )
        return Lists(
            providers=tasks[0].result(),
            vcenters=tasks[1].result(),
            items=_within(fabric, tasks[2].result()),
            policies=tasks[3].result(),
            mappings=_within(fabric, tasks[4].result()),
            denied=tuple(sorted(read.denied, key=lambda each: each.part)),
        )

    def _kinds(self, name: str) -> _Kinds:
        """All kinds, of the fabric of that name where they are the fabric's."""
        client = self._session.site_recovery
        dras, vcenters = client.replication_recovery_services_providers, client.replicationv_centers
        items, mappings = client.replication_protected_items, client.replication_protection_container_mappings
        policies = client.replication_policies
        of_fabric = (name,)
        return _Kinds(
            _Kind(dras.list_by_replication_fabrics, dras.get, convert.provider, of_fabric, part=VaultPart.PROVIDERS),
            _Kind(vcenters.list_by_replication_fabrics, vcenters.get, convert.vcenter, of_fabric, part=VaultPart.VCENTERS),
            _Kind(items.list, items.get, listed_item, by_container=items.list_by_replication_protection_containers),
            _Kind(policies.list, policies.get, convert.policy, part=VaultPart.POLICIES),
            _Kind(
                mappings.list,
                mappings.get,
                convert.mapping,
                by_container=mappings.list_by_replication_protection_containers,
                part=VaultPart.MAPPINGS,
            ),
        )

    async def _all(self, kind: _Kind[N], known: Iterable[N], read: _Reading) -> tuple[N, ...]:
        try:
            return await self._known_and_listed(kind, known, read)
        except HttpResponseError as refused:
            action = denied_action(refused)
            if kind.part is None or action is None:
                raise
            read.denied.append(Denial(kind.part, *action))
            return ()

    async def _known_and_listed(self, kind: _Kind[N], known: Iterable[N], read: _Reading) -> tuple[N, ...]:
        listed = await self._listed(kind, read)
        found = {each.arm_id: each for each in listed}
        absent = [each for each in known if each.arm_id not in found]
        most = min(self._most, self._session.budget.grant(len(absent)))
        models = await self._calls.each(lambda each: self._get(kind, each.arm_id), absent[:most])
        confirmed = [kind.convert(model) for model in models if model is not None]
        # More than can be asked about at once stay as they were, until it is their turn.
        everything = (*listed, *confirmed, *absent[most:])
        return tuple(sorted(everything, key=lambda each: each.arm_id.casefold()))

    async def _listed(self, kind: _Kind[N], read: _Reading) -> list[N]:
        """The vault's list; once that was refused, those of the fabric's containers.

        Source: the role Site Recovery Operator gives no list of all items or mappings of a vault, but those of a container.
        """
        if kind.by_container is None or kind.convert not in self._refused:
            try:
                return await self._calls.whole(kind.convert, kind.list, *self._vault, *kind.path)
            except HttpResponseError as refused:
                if kind.by_container is None or denied_action(refused) is None:
                    raise
        return await self._by_container(kind, kind.by_container, read)

    async def _by_container(self, kind: _Kind[N], by_container: Callable[..., Paged], read: _Reading) -> list[N]:
        name = read.fabric.resource_name
        async with read.lock:
            if read.containers is None:
                containers = self._session.site_recovery.replication_protection_containers.list_by_replication_fabrics
                read.containers = await self._calls.whole(_name, containers, *self._vault, name)
        lists = await self._calls.each(
            lambda container: self._calls.whole(kind.convert, by_container, *self._vault, name, container), read.containers
        )
        # Only what the containers gave is a way that works: where they are refused, too, the vault's list is tried again.
        self._refused.add(kind.convert)
        return [one for each in lists for one in each]

    async def _get(self, kind: _Kind[N], arm_id: ArmId) -> object | None:
        return await self._calls.get_or_none(kind.get, *self._vault, *names_in_vault(arm_id))


def _name(container: object) -> str:
    return Record(container).required("name")


def names_in_vault(arm_id: ArmId) -> tuple[str, ...]:
    """The names in an id's path below the vault, such as fabric, container and item."""
    return tuple(arm_id.strip("/").split("/")[VAULT_SEGMENTS + 1 :: 2])


def within(fabric: ArmId, ids: Iterable[ArmId]) -> tuple[ArmId, ...]:
    """Those of the fabric: the lists of a vault hold those of all fabrics."""
    prefix = f"{fabric.casefold()}/"
    return tuple(each for each in ids if each.casefold().startswith(prefix))


def _within(fabric: ArmId, found: Iterable[N]) -> tuple[N, ...]:
    known = {each.arm_id: each for each in found}
    return tuple(known[arm_id] for arm_id in within(fabric, known))
