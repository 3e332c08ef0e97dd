"""What the ledger says of an effect on a VM beyond its kind: the key tells what is to be done, the job how far it came.

Both are all that is left after a crash, so whoever settles or follows an effect reads them, and nothing else.
"""

from failback_operator.domain.steps import EffectKind

UNRECORDED = "unrecorded"
"""In the place of a task's id: the call was made, or may have been, and its answer was not written down."""

SHUT_DOWN_GUEST = "shut-down-guest"
"""Job `<this>/<boot before it>`: the guest of a power cycle was asked to shut down, which has no task."""


def mending_key(kind: EffectKind, subject: str, attempt: int) -> str:
    """Key of an attempt; `subject` tells what the effect is about where its kind alone does not (no `/` in it)."""
    return "/".join(part for part in (kind.value, subject, str(attempt)) if part)


def subject_in(key: str) -> str:
    """The subject of a key that `mending_key` made; empty where it has none."""
    return "/".join(key.split("/")[1:-1])


def task_in(job: str) -> str | None:
    """The id of the vCenter task that a job ends with; None where it has none, or none that was written down."""
    *before, last = job.split("/")
    return None if last == UNRECORDED or (before and before[-1] == SHUT_DOWN_GUEST) else last


# Stages of the replacement of controllers, and what a reconfiguration is called in one: `move/reconfigure/<task>`.
ADD_CONTROLLER, FIRST_BOOT, MOVE, RESTORE = "add-controller", "first-boot", "move", "restore"
RECONFIGURE = "reconfigure"

# Disks that are attached to their own VM again: `detach/<task>`, then `attach/<task>`.
DETACH, ATTACH = "detach", "attach"

# A VM made from a template: `clone/<task>`, then `clone/set-disk-uuid/<task>` and `clone/power-on/<task>`.
MAKING = "clone"
