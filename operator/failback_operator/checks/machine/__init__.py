"""Checks of a machine, one file a group of clauses; importing this fills the catalogue."""

from failback_operator.checks.machine import (
    azure,
    datastores,
    disks,
    fit,
    gate,
    group,
    guest,
    item,
    new_vm,
    on_premises,
    power_on,
    protection,
    space,
    systems,
)
from failback_operator.checks.machine.base import MACHINE_CHECKS

__all__ = [
    "MACHINE_CHECKS",
    "azure",
    "datastores",
    "disks",
    "fit",
    "gate",
    "group",
    "guest",
    "item",
    "new_vm",
    "on_premises",
    "power_on",
    "protection",
    "space",
    "systems",
]
