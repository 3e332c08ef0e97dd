"""Troubles that a reprotect or failback meets, as changes of the world; `Changes` of the control endpoint puts them back.

Source: site-recovery facts, section 3 (error codes and their causes).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

from .world import World

Assign = Callable[[object, str, object], None]


class Troubles:
    """One method a trouble, named after kind and path; `assign` sets an attribute and remembers what it was."""

    def __init__(self, world: World, assign: Assign) -> None:
        self._world = world
        self._assign = assign

    def _item_agent_silent(self, name: str, value: object) -> None:
        """`{"minutes": 20, "hung": true}`: since when it is not heard, and whether the machine hangs or the service stopped."""
        wanted = cast("dict[str, object]", value)
        item = self._world.item_of(name)
        since = self._world.clock.now() - timedelta(minutes=float(str(wanted.get("minutes", 0))))
        self._assign(item, "agent_stopped", since)
        self._assign(item, "is_hung", bool(wanted.get("hung")))

    def _item_migrated(self, name: str, value: object) -> None:
        """What may be done with such an item is documented nowhere: nothing, here."""
        self._assign(self._world.item_of(name), "is_migrated", bool(value))

    def _item_raw_devices(self, name: str, value: object) -> None:
        self._assign(self._world.item_of(name), "had_raw_devices", bool(value))

    def _item_physical(self, name: str, value: object) -> None:
        """The machine was discovered as a physical one, with this operating system (None: the guest's)."""
        item = self._world.item_of(name)
        self._assign(item, "is_physical", True)  # noqa: FBT003
        self._assign(item, "system", None if value is None else str(value))

    def _vm_group(self, name: str, value: object) -> None:
        """The machine in Azure was moved into another resource group."""
        self._assign(self._world.estate.vms[name], "group", str(value))

    def _fabric_address(self, _name: str, value: object) -> None:
        self._assign(self._world, "cs_address", str(value))

    def _vcenter_record(self, _name: str, value: object) -> None:
        """The configuration server knows its vCenter under a new record."""
        self._assign(self._world, "vcenter_record", str(value))

    def _vcenter_lost(self, _name: str, value: object) -> None:
        """For so many minutes the configuration server has not reached its vCenter."""
        self._assign(self._world, "vcenter_lost", self._world.clock.now() - timedelta(minutes=float(str(value))))

    def _mastertarget_unusable_volumes(self, name: str, value: object) -> None:
        """Volumes that are locked, hold the cache or the agent, or are being replicated to: not listed at the next discovery."""
        target = next(t for t in self._world.master_targets.values() if t.name == name)
        self._assign(target, "unusable", tuple(str(each) for each in cast("list[object]", value)))
