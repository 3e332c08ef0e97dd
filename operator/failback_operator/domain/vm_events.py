"""What vCenter's events tell of a VM between reprotect and failback.

Source: vSphere Web Services API, EventManager; types and task ids as in vCenter's own EventDescription and TaskDescription.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from failback_operator.domain.ids import Moref


class VmEventKind(StrEnum):
    """What happened, as a sentence about a VM goes on."""

    POWERED_ON = "was powered on"
    POWERED_OFF = "was powered off"
    RESTARTED = "was restarted"
    RELOCATED = "was relocated to other storage"
    SNAPSHOT = "got a snapshot"
    REVERTED = "was reverted to a snapshot"
    REMOVED = "was removed from the inventory"
    REGISTERED = "was registered in the inventory"


KIND_OF_TYPE = {
    "VmPoweredOnEvent": VmEventKind.POWERED_ON,
    "DrsVmPoweredOnEvent": VmEventKind.POWERED_ON,
    "VmPoweredOffEvent": VmEventKind.POWERED_OFF,
    "VmResettingEvent": VmEventKind.RESTARTED,
    "VmGuestRebootEvent": VmEventKind.RESTARTED,
    "VmRelocatedEvent": VmEventKind.RELOCATED,
    "VmRemovedEvent": VmEventKind.REMOVED,
    "VmRegisteredEvent": VmEventKind.REGISTERED,
    "VmDiscoveredEvent": VmEventKind.REGISTERED,
}
"""Events that have a type of their own. A move to another host alone (VmMigratedEvent) is none: the disks stay where they are."""

KIND_OF_TASK = {
    "VirtualMachine.createSnapshot": VmEventKind.SNAPSHOT,
    "VirtualMachine.createSnapshotEx": VmEventKind.SNAPSHOT,
    "VirtualMachine.revertToCurrentSnapshot": VmEventKind.REVERTED,
    "vm.Snapshot.revert": VmEventKind.REVERTED,
}
"""Snapshots have no event of their own: TaskEvent.info.descriptionId tells."""


@dataclass(frozen=True, slots=True)
class VmEvent:
    """An event of a VM. `user` is empty where vCenter names none; `message` is vCenter's own, `task` that of a TaskEvent."""

    key: int
    kind: VmEventKind
    at: datetime
    user: str
    machine: Moref
    machine_name: str
    message: str = ""
    task: str | None = None


def is_same_account(one: str, other: str) -> bool:
    r"""Whether `DOMAIN\user` and `user@domain` are one account; a name without domain is that of any.

    Source: a session and its events name the account as `DOMAIN\user`, a log-in may be written `user@domain`; of a directory's
    domain one has the short and the other the full name.
    """
    (domain, user), (other_domain, other_user) = _parts(one), _parts(other)
    if not user or user != other_user:
        return False
    return not domain or not other_domain or domain == other_domain or _is_short_of(domain, other_domain)


def _is_short_of(one: str, other: str) -> bool:
    return ("." in one) != ("." in other) and one.partition(".")[0] == other.partition(".")[0]


def _parts(account: str) -> tuple[str, str]:
    """Domain and user, case-folded."""
    name = account.strip().casefold()
    if "\\" in name:
        domain, _, user = name.partition("\\")
        return domain, user
    user, _, domain = name.rpartition("@") if "@" in name else (name, "", "")
    return domain, user
