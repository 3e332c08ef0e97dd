"""The subscription's budget of requests: counted down in headers, refused with 429 when it is used up.

The hour is scaled like every duration of the lab, since its clients look as much more often.

Source: site-recovery facts, section 5, "Throttling".
"""

from collections import deque
from datetime import datetime

from .arm import ArmError
from .clock import Clock
from .config import Limits


class Budget:
    """Reads and writes within the last hour."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._hour = clock.span(3600)
        self._limits = {"reads": limits.reads_per_hour, "writes": limits.writes_per_hour}
        self._spent: dict[str, deque[datetime]] = {"reads": deque(), "writes": deque()}

    def spend(self, method: str, now: datetime) -> dict[str, str]:
        """Count a request and return the header that tells what remains. Raises ArmError 429."""
        kind = "reads" if method in ("GET", "HEAD") else "writes"
        spent = self._spent[kind]
        while spent and spent[0] <= now - self._hour:
            spent.popleft()
        if len(spent) >= self._limits[kind]:
            wait = int((spent[0] + self._hour - now).total_seconds()) + 1
            text = f"Number of {kind} for the subscription exceeded the limit of {self._limits[kind]} an hour."
            raise ArmError(429, "SubscriptionRequestsThrottled", text, {"Retry-After": str(wait)})
        spent.append(now)
        return {f"x-ms-ratelimit-remaining-subscription-{kind}": str(self._limits[kind] - len(spent))}
