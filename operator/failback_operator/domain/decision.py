"""What a decision about a site consists of. Plain data: runtime/ writes it, act/ performs it."""

from dataclasses import dataclass, field
from datetime import datetime

from failback_operator.api.common import LedgerEntry, StatusBase
from failback_operator.api.v1alpha1 import FailbackMachineSpec
from failback_operator.domain.steps import Effect, ObjectKey


@dataclass(frozen=True, slots=True)
class MachineObject:
    """A FailbackMachine that must exist with this spec; `is_in_flight` asks for the in-flight finalizer."""

    key: ObjectKey
    spec: FailbackMachineSpec
    is_in_flight: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """A ledger entry whose outcome became known by observation."""

    owner: ObjectKey
    entry: LedgerEntry


@dataclass(frozen=True, slots=True)
class SiteDecision:
    """Everything that follows from a SiteView. Conditions carry no transition time: the status writer sets it.

    `effects` are in the order in which they should be made. An effect on an item is decided only when its FailbackMachine already
    holds the record (spec.recorded) of the failover, so that facts which reprotect destroys are stored first.
    """

    statuses: dict[ObjectKey, StatusBase] = field(default_factory=dict)
    machines: tuple[MachineObject, ...] = ()
    machines_to_delete: tuple[ObjectKey, ...] = ()
    settlements: tuple[Settlement, ...] = ()
    effects: tuple[Effect, ...] = ()
    watch_jobs: frozenset[str] = frozenset()
    """Jobs to be polled."""
    watch_items: frozenset[str] = frozenset()
    """ARM ids of items in motion: to be read by GET at the short interval."""
    recheck_at: datetime | None = None
