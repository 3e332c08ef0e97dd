"""Time of the simulator: durations are scaled, time stamps are the wall clock's."""

import asyncio
from datetime import UTC, datetime, timedelta

# Sentinels as recorded; the first two carry no zone. Source: site-recovery facts, section 1 "Pitfalls".
NOT_YET = "0001-01-01T00:00:00"
NO_EXPIRY = "9999-12-31T23:59:59.9999999"
IDLE_SINCE = "1753-01-01T01:01:01Z"


class Clock:
    """Wall clock with a factor by which durations shrink."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.started = datetime.now(UTC)

    def now(self) -> datetime:
        """This moment, with zone."""
        return datetime.now(UTC)

    def span(self, seconds: float) -> timedelta:
        """How long `seconds` of the service last here."""
        return timedelta(seconds=seconds / self.speed)

    async def sleep(self, seconds: float) -> None:
        """Wait as long as `seconds` of the service last here."""
        await asyncio.sleep(seconds / self.speed)

    def retry_after(self, seconds: float) -> int:
        """A Retry-After of whole seconds, at least 1: clients convert it with int() and read 0 as absent."""
        return max(1, round(seconds / self.speed))


def wire_time(moment: datetime) -> str:
    """A time as the service writes it, with seven digits of fraction."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def wire_seconds(moment: datetime) -> str:
    """A time as the configuration server's own data carry it, in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
