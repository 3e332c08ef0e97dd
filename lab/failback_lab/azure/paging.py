"""Pages of lists with nextLink, small so that every client meets more than one."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from .arm import ArmError, Call, Json, Reply
from .faultbook import BAD_INPUT

T = TypeVar("T")


class Pager:
    """Cuts lists into pages; `base_url` makes the links absolute."""

    def __init__(self, base_url: str, size: int) -> None:
        self._base_url = base_url
        self._size = size

    def page(self, call: Call, things: Sequence[T], render: Callable[[T], Json], *, parameter: str = "$skipToken") -> Reply:
        """One page of `things`; `nextLink` is null on the last. Raises ArmError for a bad token."""
        start = self._start(call, parameter)
        end = start + self._size
        link: str | None = None
        if end < len(things):
            query = {k: v for k, v in call.query.items() if k != parameter.casefold()} | {parameter: str(end)}
            link = f"{self._base_url}{call.path}?{urlencode(query)}"
        return Reply({"value": [render(t) for t in things[start:end]], "nextLink": link})

    def _start(self, call: Call, parameter: str) -> int:
        text = call.query.get(parameter.casefold(), "0")
        if not text.isdecimal():
            raise ArmError(400, BAD_INPUT, f"'{parameter}' is not a token of this list.")
        return int(text)
