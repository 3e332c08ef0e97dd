"""Up to which failover a plan applies: `failedOverBefore` as its author may have meant it, never the next disaster's."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from failback_operator.api.v1alpha1 import FailbackPlan
from failback_operator.domain.limits import Limits


class BoundState(StrEnum):
    """Whether failedOverBefore counts. Ahead: it lay too far in the future when first seen, and is ignored until edited."""

    NOT_GIVEN = "NotGiven"
    AHEAD = "Ahead"
    COUNTS = "Counts"


@dataclass(frozen=True, slots=True)
class EffectiveBound:
    """`bound`: failovers up to this instant are meant; None: none are. `first_seen` is to be stored with `value` in status."""

    state: BoundState
    value: datetime | None = None
    first_seen: datetime | None = None
    bound: datetime | None = None

    def covers(self, failed_over_at: datetime) -> bool:
        """Whether a failover to Azure at that time is meant."""
        return self.bound is not None and failed_over_at <= self.bound


def effective_bound(plan: FailbackPlan, now: datetime, limits: Limits) -> EffectiveBound:
    """The bound of `plan` at `now`.

    A stored first sight counts only for the value that it was stored with. A value more than `failover_bound_ahead` ahead
    of its first sight is ignored. Without a stored sight this look is the first, and the bound is the earlier of value and
    look: a plan that lost its status, or comes back out of Git, covers nothing that is still to come.
    """
    value = plan.spec.failed_over_before
    if value is None:
        return EffectiveBound(BoundState.NOT_GIVEN)
    stored = plan.status.failover_bound
    is_stored = stored is not None and stored.value == value.replace(microsecond=0)
    first_seen = stored.first_seen if stored is not None and is_stored else now
    if value > first_seen + limits.failover_bound_ahead:
        return EffectiveBound(BoundState.AHEAD, value, first_seen)
    return EffectiveBound(BoundState.COUNTS, value, first_seen, value if is_stored else min(value, now))
