"""Lists of the vault's resources, in which nothing is taken for gone that is only missing from an answer."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from failback_operator.domain.fabric import Provider, VCenterRecord
from failback_operator.domain.ids import ArmId
from failback_operator.domain.policy import ContainerMapping, Policy
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.vault import VaultFacts

from . import convert
from .calls import Calls, Paged, side_by_side
from .convert_item import listed_item
from .session import AzureSession
from .settings import ReaderSettings

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
    """The vault's lists, each in the order of ids."""

    providers: tuple[Provider, ...]
    vcenters: tuple[VCenterRecord, ...]
    items: tuple[ProtectedItem, ...]
    policies: tuple[Policy, ...]
    mappings: tuple[ContainerMapping, ...]


@dataclass(frozen=True, slots=True)
class _Kind(Generic[N]):
    """How a kind of resource is listed and got. `path` is what the list's path has beyond the vault."""

    list: Callable[..., Paged]
    get: Callable[..., Awaitable[object]]
    convert: Callable[[object], N]
    path: tuple[str, ...] = ()


class ListReader:
    """Reads all lists. What the last read knew and a list lacks is asked for by name: only a 404 proves it gone."""

    def __init__(self, session: AzureSession, calls: Calls, settings: ReaderSettings) -> None:
        self._session = session
        self._calls = calls
        self._most = settings.details_per_read
        self._vault = (session.endpoint.resource_group, session.endpoint.vault)

    async def read(self, fabric: ArmId, previous: VaultFacts | None) -> Lists:
        """The lists of `fabric`; policies are the vault's."""
        client, name = self._session.site_recovery, fabric.resource_name
        dras, vcenters = client.replication_recovery_services_providers, client.replicationv_centers
        items, mappings = client.replication_protected_items, client.replication_protection_container_mappings
        policies = client.replication_policies
        kinds = (
            _Kind(dras.list_by_replication_fabrics, dras.get, convert.provider, (name,)),
            _Kind(vcenters.list_by_replication_fabrics, vcenters.get, convert.vcenter, (name,)),
            _Kind(items.list, items.get, listed_item),
            _Kind(policies.list, policies.get, convert.policy),
            _Kind(mappings.list, mappings.get, convert.mapping),
        )
        async with side_by_side() as group:
            read = (
                group.create_task(self._all(kinds[0], previous.providers if previous else ())),
                group.create_task(self._all(kinds[1], previous.vcenters if previous else ())),
                group.create_task(self._all(kinds[2], previous.items if previous else ())),
                group.create_task(self._all(kinds[3], previous.policies if previous else ())),
                group.create_task(self._all(kinds[4], previous.mappings if previous else ())),
            )
        return Lists(
            providers=read[0].result(),
            vcenters=read[1].result(),
            items=_within(fabric, read[2].result()),
            policies=read[3].result(),
            mappings=_within(fabric, read[4].result()),
        )

    async def _all(self, kind: _Kind[N], known: Iterable[N]) -> tuple[N, ...]:
        listed = await self._calls.whole(kind.convert, kind.list, *self._vault, *kind.path)
        found = {each.arm_id: each for each in listed}
        absent = [each for each in known if each.arm_id not in found]
        models = await self._calls.each(lambda each: self._get(kind, each.arm_id), absent[: self._most])
        confirmed = [kind.convert(model) for model in models if model is not None]
        # More than can be asked about at once stay as they were, until it is their turn.
        everything = (*listed, *confirmed, *absent[self._most :])
        return tuple(sorted(everything, key=lambda each: each.arm_id.casefold()))

    async def _get(self, kind: _Kind[N], arm_id: ArmId) -> object | None:
        return await self._calls.get_or_none(kind.get, *self._vault, *names_in_vault(arm_id))


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
