"""Pages of lists with nextLink, small so that every client meets more than one."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from .arm import ArmError, Call, Json, Reply
from .faultbook import BAD_INPUT

T = TypeVar("T")


class Pager:
    """Cuts lists into pages; `base_url` makes the links absolute.

    No order is promised of a list, so each new list begins one place further: who relies on an order is found out.
    The token holds where the list began, and so the pages of one list fit each other.
    """

    def __init__(self, base_url: str, size: int) -> None:
        self._base_url = base_url
        self._size = size
        self._turns = 0

    def page(self, call: Call, things: Sequence[T], render: Callable[[T], Json], *, parameter: str = "$skipToken") -> Reply:
        """One page of `things`; `nextLink` is null on the last. Raises ArmError for a bad token."""
        turn, start = self._place(call, parameter)
        end = start + self._size
        link: str | None = None
        if end < len(things):
            query = {k: v for k, v in call.query.items() if k != parameter.casefold()} | {parameter: f"{turn}-{end}"}
            link = f"{self._base_url}{call.path}?{urlencode(query)}"
        places = range(start, min(end, len(things)))
        return Reply({"value": [render(things[(turn + place) % len(things)]) for place in places], "nextLink": link})

    def _place(self, call: Call, parameter: str) -> tuple[int, int]:
        """By how much the list is turned, and where in it the page starts."""
        text = call.query.get(parameter.casefold())
        if text is None:
            self._turns += 1
            return self._turns, 0
        turn, _, start = text.partition("-")
        if not (turn.isdecimal() and start.isdecimal()):
            raise ArmError(400, BAD_INPUT, f"'{parameter}' is not a token of this list.")
        return int(turn), int(start)
