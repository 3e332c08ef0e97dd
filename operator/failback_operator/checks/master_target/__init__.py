"""Checks of a master target, one file a group of clauses; importing this fills the catalogue."""

from failback_operator.checks.master_target import (
    disks,
    identity,
    layout,
    motion,
    privileges,
    registration,
    storage,
    system,
    traffic,
)
from failback_operator.checks.master_target.base import TARGET_CHECKS

__all__ = [
    "TARGET_CHECKS",
    "disks",
    "identity",
    "layout",
    "motion",
    "privileges",
    "registration",
    "storage",
    "system",
    "traffic",
]
