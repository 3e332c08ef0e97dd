"""What Site Recovery says is wrong with a server or an item."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HealthError:
    """An entry of healthErrors; `level` is Info, Warning or Error."""

    code: str
    level: str
    message: str
    possible_causes: str | None = None
    recommended_action: str | None = None
