"""JSON objects as the service sends them: casing that drifts, numbers as text, nulls, dates that mean "never"."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from failback_operator.domain.ids import ArmId

NEVER_YEARS = frozenset({1, 1601, 1753, 9999})
_FRACTION = re.compile(r"(\.\d{6})\d+")
_NUMBER = re.compile(r"^\s*(-?\d+)(?:\.\d+)?\s*%?\s*$")


class MalformedError(ValueError):
    """What was answered lacks what it must have."""


class Record:
    """A JSON object (or SDK model, which is a mapping of wire names), its members found without regard to case.

    Source: recorded casing drift (`vCenterFQDN`, `sourceVmCPUCount`). An absent member and a null one read the same.
    """

    __slots__ = ("_members", "_raw")

    def __init__(self, members: object) -> None:
        raw = members if isinstance(members, Mapping) else {}
        self._raw: Mapping[str, object] = raw
        self._members: dict[str, object] = {str(key).casefold(): value for key, value in raw.items()}

    def value(self, name: str) -> object:
        """The member as it is, None if absent."""
        return self._members.get(name.casefold())

    def text(self, name: str) -> str | None:
        """Text; a number as text; None for null and for empty."""
        value = self.value(name)
        if isinstance(value, bool) or value is None or isinstance(value, Mapping | list):
            return None
        return str(value) or None

    def integer(self, name: str) -> int | None:
        """A whole number, also where it comes as text such as `"12"` or `"0%"`; None if it is none."""
        value = self.value(name)
        if isinstance(value, bool):
            return None
        found = _NUMBER.match(str(value)) if isinstance(value, int | float | str) else None
        return int(found[1]) if found else None

    def moment(self, name: str) -> datetime | None:
        """An instant in UTC; None for the dates that stand for "never"."""
        return parse_moment(self.value(name))

    def arm_id(self, name: str) -> ArmId | None:
        """An ARM id; None for null, for empty, and for one that ends without a name.

        Source: targetVmId ends in `/virtualMachines/` before failover.
        """
        text = self.text(name)
        return ArmId(text) if text and not text.endswith("/") else None

    def record(self, name: str) -> "Record":
        """An object; an empty one if absent."""
        return Record(self.value(name))

    def records(self, name: str) -> tuple["Record", ...]:
        """The objects of a list; none if absent."""
        return tuple(Record(each) for each in self._list(name) if isinstance(each, Mapping))

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of a list; none if absent."""
        return tuple(each for each in self._list(name) if isinstance(each, str))

    def members(self) -> Iterable[tuple[str, object]]:
        """All members, named as they came."""
        return self._raw.items()

    def required(self, name: str) -> str:
        """Text that must be there. Raises MalformedError."""
        text = self.text(name)
        if text is None:
            raise MalformedError(f"an answer without {name}")
        return text

    def _list(self, name: str) -> list[object]:
        value = self.value(name)
        return value if isinstance(value, list) else []


def parse_moment(value: object) -> datetime | None:
    """An ISO date in UTC. Without zone it is UTC. None for no date and for years 1, 1601, 1753, 9999.

    Source: the service writes `0001-01-01T00:00:00` and `9999-12-31T23:59:59.9999999`, both without zone.
    """
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", value))
    except ValueError:
        return None
    if moment.year in NEVER_YEARS:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def last_segment(text: str | None) -> str | None:
    """The last segment of an id or URL path, or the text itself."""
    return text.rstrip("/").rsplit("/", 1)[-1] or None if text else None


def parent(arm_id: str, levels: int = 1) -> ArmId:
    """The id of the resource that holds this one: `levels` pairs of type and name less."""
    return ArmId(arm_id.rstrip("/").rsplit("/", 2 * levels)[0])
