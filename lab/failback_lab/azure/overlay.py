"""Values that a test puts over what the simulator would answer."""

import re
from collections.abc import Iterator

from .arm import Json

_SEGMENT = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class Overlay:
    """Values by kind, name and dotted path (`properties.healthErrors[0].errorCode`), applied to each answer."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[str, object]] = {}

    def put(self, kind: str, name: str, path: str, value: object) -> None:
        """Answer `value` at `path` from now on."""
        self._values.setdefault((kind.casefold(), name.casefold()), {})[path] = value

    def clear(self) -> None:
        """Answer the truth again."""
        self._values.clear()

    def apply(self, kind: str, name: str, document: Json) -> Json:
        """Change `document` in place and return it. Raises KeyError or IndexError for a path that leads nowhere."""
        for path, value in self._values.get((kind.casefold(), name.casefold()), {}).items():
            _put(document, list(_segments(path)), value)
        return document


def _segments(path: str) -> Iterator[str | int]:
    for match in _SEGMENT.finditer(path):
        yield match[1] if match[1] is not None else int(match[2])


def _put(document: object, segments: list[str | int], value: object) -> None:
    *way, last = segments
    place = document
    for segment in way:
        place = place[segment]  # type: ignore[index]
    place[last] = value  # type: ignore[index]
