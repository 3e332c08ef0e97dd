"""Reads one fabric's part of a vault: everything, or single items and jobs."""

from collections.abc import Awaitable, Iterable
from dataclasses import replace
from typing import TypeVar
from zlib import crc32

import aiohttp
from azure.core.exceptions import AzureError

from failback_operator.domain.azure_estate import AzureEstate
from failback_operator.domain.fabric import Fabric
from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Clock
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.reading import Part
from failback_operator.domain.vault import VaultFacts

from . import convert
from .budget import Budget, uncounted
from .calls import Calls
from .convert_item import item_detail, listed_item
from .errors import FabricMissing, ReadFailed, source_error
from .estate import EstateReader
from .job_reader import JobReader
from .lists import ListReader, names_in_vault, within
from .machines import MachineReader
from .merge import VaultPatch, carried_detail, in_order
from .rights import RightsReader
from .session import AzureSession
from .settings import ReaderSettings
from .wire import Record

T = TypeVar("T")

_UNREADABLE = (AzureError, aiohttp.ClientError, OSError, ValueError, FabricMissing)


class VaultReader:
    """Reads the vault of a session's endpoint. Methods raise ReadFailed for whatever the other side does or does not answer."""

    def __init__(self, session: AzureSession, clock: Clock, settings: ReaderSettings | None = None) -> None:
        self._session = session
        self._clock = clock
        self._settings = settings or ReaderSettings()
        self._calls = Calls(self._settings)
        self._vault = (session.endpoint.resource_group, session.endpoint.vault)
        self._machines = MachineReader(session, self._calls, self._settings, clock)
        self._estate = EstateReader(session, self._calls, self._settings, clock)
        self._rights = RightsReader(session, self._calls, self._settings, clock)
        self._jobs = JobReader(session, self._calls, self._settings)
        self._lists = ListReader(session, self._calls, self._settings)

    @property
    def budget(self) -> Budget:
        """What the vault's subscription lets be read."""
        return self._session.budget

    async def read_all(
        self,
        previous: VaultFacts | None,
        in_motion: frozenset[ArmId],
        vms: frozenset[ArmId] = frozenset(),
        jobs: frozenset[str] = frozenset(),
    ) -> VaultFacts:
        """Everything, `vms` besides the items' own machines. Details that LIST lacks are got where they are missing or old.

        Items in motion and `jobs` that no list shows are asked for by name, so that it is known when they are gone.
        """
        return await self._told(self._read_all(previous, in_motion, vms, jobs))

    async def read_parts(self, items: Iterable[ArmId], jobs: Iterable[str], vms: Iterable[ArmId]) -> VaultPatch:
        """Those of these items that are there, the Azure machines that they name, these jobs with their children, and `vms`."""
        return await self._told(self._read_parts(tuple(items), tuple(jobs), frozenset(vms)))

    async def read_watched(self, vms: frozenset[ArmId]) -> VaultPatch:
        """These Azure machines as they are now; those that may not be read are left as they were."""
        return await self._told(self._read_watched(vms))

    async def _told(self, reading: Awaitable[T]) -> T:
        """The one place where what the SDK raises becomes a SourceError."""
        try:
            return await reading
        except _UNREADABLE as raised:
            raise ReadFailed(source_error(raised, self._session.endpoint)) from raised

    async def _read_all(
        self, previous: VaultFacts | None, in_motion: frozenset[ArmId], vms: frozenset[ArmId], followed: frozenset[str]
    ) -> VaultFacts:
        now = self._clock.now()
        fabric = await self._fabric_facts(previous)
        lists = await self._lists.read(fabric.arm_id, previous)
        jobs = await self._jobs.read(previous, now, followed)
        items = await self._detailed(lists.items, previous, in_motion)
        targets = {item.target_vm_id for item in items if item.target_vm_id} | vms
        moving = {item.target_vm_id for item in items if item.target_vm_id and item.arm_id in in_motion} | vms
        machines = await self._machines.read(frozenset(targets), previous, frozenset(moving))
        estate = await self._estate.read(targets, machines.found, previous.estate if previous else AzureEstate())
        permissions = await self._rights.read(previous.permissions if previous else Part())
        return VaultFacts(
            fabric=fabric,
            providers=lists.providers,
            vcenters=lists.vcenters,
            items=in_order(items),
            policies=lists.policies,
            mappings=lists.mappings,
            jobs=jobs.jobs,
            jobs_listed_at=now,
            azure_vms=machines.found,
            missing_vms=machines.missing,
            # Each of them was asked for by GET as well: what is not there by now is gone.
            missing_items=frozenset(within(fabric.arm_id, in_motion - {item.arm_id for item in items})),
            missing_jobs=jobs.missing,
            estate=estate,
            denied=(*lists.denied, *machines.denied),
            permissions=permissions,
        )

    async def _fabric_facts(self, previous: VaultFacts | None) -> Fabric:
        """The fabric by GET. Its name is looked up by name or friendly name, in any case, unless it is known."""
        get = self._session.site_recovery.replication_fabrics.get
        if previous is not None:
            model = await self._calls.get_or_none(get, *self._vault, previous.fabric.arm_id.resource_name)
            if model is not None:
                return convert.fabric(model)
        listed = await self._calls.whole(Record, self._session.site_recovery.replication_fabrics.list, *self._vault)
        wanted = self._session.endpoint.fabric.casefold()
        for each in listed:
            if wanted in {_lower(each.text("name")), _lower(each.record("properties").text("friendlyName"))}:
                return convert.fabric(await self._calls.get(get, *self._vault, each.required("name")))
        names = (each.record("properties").text("friendlyName") or each.text("name") or "" for each in listed)
        raise FabricMissing(tuple(sorted(names)))

    async def _detailed(
        self, listed: Iterable[ProtectedItem], previous: VaultFacts | None, in_motion: frozenset[ArmId]
    ) -> list[ProtectedItem]:
        """The listed items, with details kept where still good and got where not: those in motion all, of the others a number."""
        known = {item.arm_id: item for item in (previous.items if previous else ())}
        items = {item.arm_id: carried_detail(item, known.get(item.arm_id)) for item in listed}
        # Only an answer to a question for each tells whether those that no list has are gone.
        unlisted = [arm_id for arm_id in in_motion if arm_id not in items]
        moving = [arm_id for arm_id in in_motion if arm_id in items]
        due = [item.arm_id for item in items.values() if item.arm_id not in in_motion and self._is_due(item)]
        # Those without detail before those whose detail is old, the oldest first.
        moving.sort(key=lambda arm_id: _age_rank(items[arm_id]))
        due.sort(key=lambda arm_id: _age_rank(items[arm_id]))
        due = due[: self._settings.details_per_read]
        wanted = [*moving[: self.budget.grant_moving(len(moving))], *due[: self.budget.grant(len(due))]]
        # They have a budget of their own, apart from that of the full reads.
        with uncounted():
            read = await self._calls.each(self._item_or_none, [*unlisted, *wanted])
        for item in read:
            if item is not None:
                items[item.arm_id] = item
        return list(items.values())

    def _is_due(self, item: ProtectedItem) -> bool:
        """Whether its detail is to be got: each item at its own age, so that not all come at once."""
        if item.detail is None:
            return True
        share = crc32(item.arm_id.casefold().encode()) / 2**32
        is_reversed = item.instance_type is InstanceType.TO_ON_PREMISES
        age = min(self._settings.reversed_age, self._settings.detail_age) if is_reversed else self._settings.detail_age
        return self._clock.now() - item.detail.as_of > age * (0.5 + share / 2)

    async def _item_or_none(self, arm_id: ArmId) -> ProtectedItem | None:
        """An item by GET; None if it is gone since it was listed (the next LIST tells)."""
        as_of = self._clock.now()
        get = self._session.site_recovery.replication_protected_items.get
        model = await self._calls.get_or_none(get, *self._vault, *names_in_vault(arm_id))
        return None if model is None else replace(listed_item(model), detail=item_detail(model, as_of))

    async def _read_watched(self, vms: frozenset[ArmId]) -> VaultPatch:
        read = await self._machines.watch(vms)
        return VaultPatch(vms=read.found, read_vms=frozenset(vm.arm_id for vm in read.found) | read.missing)

    async def _read_parts(self, items: tuple[ArmId, ...], jobs: tuple[str, ...], vms: frozenset[ArmId]) -> VaultPatch:
        read = [item for item in await self._calls.each(self._item_or_none, dict.fromkeys(items)) if item is not None]
        families = await self._calls.each(self._jobs.get, dict.fromkeys(jobs))
        wanted = vms | {item.target_vm_id for item in read if item.target_vm_id}
        machines = await self._machines.get(wanted)
        return VaultPatch(
            items=tuple(read),
            jobs=tuple(job for family in families for job in family),
            vms=machines.found,
            read_vms=wanted,
        )


def _age_rank(item: ProtectedItem) -> tuple[float, str]:
    return (item.detail.as_of.timestamp() if item.detail is not None else 0.0, item.arm_id.casefold())


def _lower(text: str | None) -> str | None:
    return text.casefold() if text else None
