"""Names that the operator gives: FailbackMachines, and keys of effects in the ledger."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from failback_operator.api.common import rfc3339
from failback_operator.domain.ids import ArmId
from failback_operator.domain.steps import EffectKind

_SITE_LENGTH, _MACHINE_LENGTH, _DIGEST_LENGTH = 20, 30, 8  # together a valid label value (63)


def machine_object_name(site: str, item_id: ArmId, friendly_name: str) -> str:
    """Name of the FailbackMachine of an item: the same site and item always give the same digest."""
    digest = hashlib.sha256(f"{site}|{item_id.casefold()}".encode()).hexdigest()[:_DIGEST_LENGTH]
    parts = (_slug(site, _SITE_LENGTH), _slug(friendly_name, _MACHINE_LENGTH), digest)
    return "-".join(part for part in parts if part)


def _slug(text: str, length: int) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:length].strip("-")


@dataclass(frozen=True, slots=True)
class EffectKey:
    """Key of an effect on an item: which step, of the failover of which instant, for the how-manieth time."""

    kind: EffectKind
    failed_over_at: datetime
    attempt: int

    def __str__(self) -> str:
        return f"{round_prefix(self.kind, self.failed_over_at)}{self.attempt}"


def round_prefix(kind: EffectKind, failed_over_at: datetime) -> str:
    """What all attempts of one step of one round begin with."""
    return f"{kind.value}/{rfc3339(failed_over_at)}/"


def attempt_of(key: str) -> int:
    """The attempt that a key tells; 0 where it tells none."""
    tail = key.rsplit("/", 1)[-1]
    return int(tail) if tail.isdigit() else 0
