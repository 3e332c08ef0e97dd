"""What a case of a check is: how the world is when it passes, and what makes it fail."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome


def as_it_is(world: World) -> None:
    """The world needs no preparation."""


@dataclass(frozen=True)
class Case:
    """`check` answers `before` of `subject` (`MasterTarget/mt-win-1`) in the prepared world, `outcome` once `breaks` was done.

    `words` are in what it observed then. What `prepare` is the same function for is read once; it changes the world through World
    alone. `breaks` may not change what `undo` of World does not put back.
    """

    check: str
    subject: str
    breaks: Callable[[World], None]
    words: tuple[str, ...] = ()
    prepare: Callable[[World], None] = as_it_is
    outcome: Outcome = Outcome.FAIL
    about: str = ""
    before: Outcome = Outcome.PASS

    def __str__(self) -> str:
        return f"{self.check} {self.about or self.breaks.__name__.replace('_', ' ')}"
