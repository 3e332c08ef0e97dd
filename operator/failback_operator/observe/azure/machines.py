"""Azure machines: one by one, or by the paged list with status where they are many."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from azure.core.exceptions import HttpResponseError

from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Clock
from failback_operator.domain.rights import Denial, VaultPart
from failback_operator.domain.vault import AzureVm, VaultFacts

from . import convert
from .calls import Calls, side_by_side, together
from .errors import denied_action
from .session import AzureSession
from .settings import ReaderSettings
from .wire import Record

T = TypeVar("T")

_VM = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.Compute"
    r"/virtualMachines/(?P<name>[^/]+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Machines:
    """The machines that are there, those that were looked for and are not, and what may not be read; the rest was not read."""

    found: tuple[AzureVm, ...] = ()
    missing: frozenset[ArmId] = frozenset()
    denied: tuple[Denial, ...] = ()


class MachineReader:
    """Reads Azure machines by id."""

    def __init__(self, session: AzureSession, calls: Calls, settings: ReaderSettings, clock: Clock) -> None:
        self._session = session
        self._calls = calls
        self._settings = settings
        self._clock = clock
        self._looked_at: datetime | None = None

    async def get(self, wanted: Iterable[ArmId]) -> Machines:
        """Each by a GET with its instance view. Raises what the SDK raises, also for one that may not be read."""
        ids = sorted({ArmId(each) for each in wanted}, key=str.casefold)
        return _machines(ids, await self._calls.each(self._get, ids))

    async def _allowed(self, wanted: Iterable[ArmId]) -> Machines:
        """As `get`, but leaves out those that may not be read."""
        ids = sorted({ArmId(each) for each in wanted}, key=str.casefold)
        return _machines(ids, await self._calls.each(self._get_or_denial, ids))

    async def read(self, wanted: frozenset[ArmId], previous: VaultFacts | None, in_motion: frozenset[ArmId]) -> Machines:
        """All `wanted`: a few by GET, many by the list with their power states; those `in_motion` by GET where they are few.

        Disks and interfaces from a list are as old as `estate_age` allows, and so is the proof that one is gone. Those that may
        not be read are left out; where the list may not be read, all but those in motion, as a GET of each would use up the
        budget.
        """
        few = self._settings.vm_gets
        if len(wanted) <= few:
            return await self._allowed(wanted)
        known = {vm.arm_id: vm for vm in (previous.azure_vms if previous else ()) if vm.arm_id in wanted}
        gone = previous.missing_vms & wanted if previous else frozenset()
        is_due = self._is_due()
        try:
            if is_due or len(wanted - known.keys() - gone) > few:
                known |= await self._looks(wanted, known)
            powers = await self._powers(wanted)
        except HttpResponseError as refused:
            denial = _denial(refused)
            if denial is None:
                raise
            moving = await self._allowed(self._granted(wanted & in_motion))
            return replace(moving, denied=_once((denial, *moving.denied)))
        singly = wanted & in_motion if len(wanted & in_motion) <= few else frozenset()
        listed = tuple(
            replace(vm, power_state=powers[arm_id])
            for arm_id, vm in known.items()
            if arm_id not in singly and powers.get(arm_id) is not None
        )
        # One that the list does not have is asked for by name: absence from a list is no proof.
        absent = wanted - {vm.arm_id for vm in listed} - singly
        still_gone = frozenset() if is_due else absent & gone - powers.keys()
        rest = await self._allowed(singly | self._granted(absent - still_gone))
        found = tuple(sorted((*listed, *rest.found), key=lambda vm: vm.arm_id.casefold()))
        return Machines(found, rest.missing | still_gone, rest.denied)

    def _granted(self, ids: frozenset[ArmId]) -> frozenset[ArmId]:
        """As many of them as the budget lets be read one by one now; a few in any case."""
        ordered = sorted(ids, key=str.casefold)
        few = self._settings.vm_gets
        return frozenset(ordered[: max(few, self._session.budget.grant(len(ordered)))] if len(ordered) > few else ordered)

    async def watch(self, wanted: frozenset[ArmId]) -> Machines:
        """All `wanted` as they are now: one by one where they are few, else by two lists. Raises what the SDK raises."""
        if len(wanted) <= self._settings.watched_gets:
            return await self._allowed(wanted)
        async with side_by_side() as group:
            powers = group.create_task(self._powers(wanted))
            looks = group.create_task(self._everywhere(wanted, convert.azure_vm))
        known, own = powers.result(), {arm_id: arm_id for arm_id in wanted}
        listed = tuple(
            replace(vm, arm_id=own[vm.arm_id], power_state=known[vm.arm_id])
            for vm in looks.result()
            if vm.arm_id in own and known.get(vm.arm_id) is not None
        )
        rest = await self._allowed(wanted - {vm.arm_id for vm in listed})
        return replace(rest, found=(*listed, *rest.found))

    def _is_due(self) -> bool:
        now = self._clock.now()
        if self._looked_at is not None and now - self._looked_at <= self._settings.estate_age:
            return False
        self._looked_at = now
        return True

    async def _looks(self, wanted: frozenset[ArmId], known: dict[ArmId, AzureVm]) -> dict[ArmId, AzureVm]:
        """Those `wanted` that the list has, with the disks and interfaces that it shows; it shows no power state."""
        spelling = {arm_id: arm_id for arm_id in wanted}
        lists = await self._everywhere(wanted, convert.azure_vm)
        return {
            vm.arm_id: replace(
                vm, arm_id=spelling[vm.arm_id], power_state=known[vm.arm_id].power_state if vm.arm_id in known else None
            )
            for vm in lists
            if vm.arm_id in spelling
        }

    async def _get(self, arm_id: ArmId) -> AzureVm | None:
        found = _VM.match(arm_id)
        if found is None:
            return None
        operations = self._session.compute(found["subscription"]).virtual_machines
        model = await self._calls.get_or_none(operations.get, found["group"], found["name"], expand="instanceView")
        return None if model is None else replace(convert.azure_vm(model), arm_id=arm_id)

    async def _get_or_denial(self, arm_id: ArmId) -> AzureVm | Denial | None:
        try:
            return await self._get(arm_id)
        except HttpResponseError as refused:
            denial = _denial(refused)
            if denial is None:
                raise
            return denial

    async def _powers(self, wanted: frozenset[ArmId]) -> dict[ArmId, str | None]:
        """Power state by id, of every machine of the subscriptions concerned."""
        return dict(await self._everywhere(wanted, _power, status_only="true"))

    async def _everywhere(self, wanted: frozenset[ArmId], convert_one: Callable[[object], T], **options: str) -> list[T]:
        """Every machine of the subscriptions in which those `wanted` stand."""
        subscriptions = sorted({found["subscription"].casefold() for arm_id in wanted if (found := _VM.match(arm_id))})
        lists = await together(
            self._calls.whole(convert_one, self._session.compute(each).virtual_machines.list_all, **options)
            for each in subscriptions
        )
        return [one for each in lists for one in each]


def _machines(ids: Iterable[ArmId], read: Iterable[AzureVm | Denial | None]) -> Machines:
    pairs = list(zip(ids, read, strict=True))
    return Machines(
        found=tuple(vm for _, vm in pairs if isinstance(vm, AzureVm)),
        missing=frozenset(arm_id for arm_id, vm in pairs if vm is None),
        denied=_once(denial for _, denial in pairs if isinstance(denial, Denial)),
    )


def _denial(refused: HttpResponseError) -> Denial | None:
    """The right that is missing, on the resource group: it is given to groups and subscriptions, not to one machine."""
    found = denied_action(refused)
    if found is None:
        return None
    action, scope = found
    return Denial(VaultPart.AZURE_VMS, action, scope.rpartition("/providers/")[0] or scope if scope else None)


def _once(denials: Iterable[Denial]) -> tuple[Denial, ...]:
    """Each once, in a steady order."""
    return tuple(sorted(set(denials), key=lambda each: (each.action, each.scope or "")))


def _power(model: object) -> tuple[ArmId, str | None]:
    return ArmId(Record(model).required("id")), convert.power_state(model)
