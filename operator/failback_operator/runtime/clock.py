"""The wall clock."""

from datetime import UTC, datetime


class WallClock:
    """The time of this machine, in UTC."""

    def now(self) -> datetime:
        """The instant."""
        return datetime.now(UTC)
