"""Since when disk.EnableUUID of a master target waits for a power-on. Clause R19.

vCenter tells the value and when the VM was switched on, not when the value was set. What can be known is what the operator
itself did, and that it saw the value turn TRUE. Source: vSphere facts, sections 1 and 2: a running VM has the setting only after
it was switched off and on; a guest's reboot does not do.
"""

from dataclasses import dataclass
from datetime import datetime

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import MasterTargetStatus
from failback_operator.decide.ledger import OPEN
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState, VirtualMachine

CYCLES = frozenset({EffectKind.POWER_CYCLE.value, EffectKind.REPLACE_CONTROLLERS.value})
"""Effects that switch the VM off and on."""
NOT_MADE = frozenset({EffectOutcome.REFUSED, EffectOutcome.NOT_SENT})


@dataclass(frozen=True, slots=True)
class DiskUuid:
    """`is_enabled` as it was last read; `set_at` while a power-on after that instant is needed, else None."""

    is_enabled: bool | None
    set_at: datetime | None


def disk_uuid(stored: MasterTargetStatus, ledger: list[LedgerEntry], vm: VirtualMachine | None, now: datetime) -> DiskUuid:
    """What is known after this look. `stored` is the status as it was written last, `ledger` its ledger as settled now."""
    if vm is None or "disk_uuid_enabled" in vm.unread:
        return DiskUuid(stored.disk_uuid_enabled, _by_ledger(ledger, stored.disk_uuid_set_at))
    if vm.disk_uuid_enabled is not True:
        return DiskUuid(is_enabled=False, set_at=None)
    if vm.power_state is PowerState.OFF:
        # It starts with the setting, whoever made it: no clock needs to be compared.
        return DiskUuid(is_enabled=True, set_at=_by_ledger(ledger, None))
    is_new = stored.disk_uuid_enabled is False
    seen = now.replace(microsecond=0) if is_new and not _is_being_set(stored) else stored.disk_uuid_set_at
    return DiskUuid(is_enabled=True, set_at=_by_ledger(ledger, seen))


def _is_being_set(stored: MasterTargetStatus) -> bool:
    """Whether the operator was setting it when the status was written, so that its own ledger tells since when."""
    return any(entry.effect == EffectKind.SET_DISK_UUID and entry.outcome in OPEN for entry in stored.ledger)


def _by_ledger(ledger: list[LedgerEntry], known: datetime | None) -> datetime | None:
    """`known`, unless the operator set it later, or switched the VM off and on later.

    While it is not known that the setting succeeded, the latest instant at which it may have been made. The ledger's times
    decide and not the boot time, since the clocks of vCenter and operator differ.
    """
    found = known
    for entry in ledger:
        at = entry.settled_at or entry.not_after
        if entry.effect == EffectKind.SET_DISK_UUID and entry.outcome not in NOT_MADE:
            found = at if found is None or found == entry.not_after else max(found, at)
        elif entry.effect in CYCLES and entry.outcome is EffectOutcome.SUCCEEDED:
            found = found if found is not None and found >= at else None
    return found
