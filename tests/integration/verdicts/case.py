"""What a case of a check is: how the world is when it passes, and what makes it fail."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.verdicts.bench import World

from failback_operator.domain.verdicts import Outcome


def as_it_is(world: World) -> None:
    """The demo's site needs no preparation."""


@dataclass(frozen=True)
class Case:
    """`check` passes of `subject` (`MasterTarget/mt-win-1`) in the prepared world, and answers `outcome` once `breaks` was done.

    `words` are in what it observed then.
    """

    check: str
    subject: str
    breaks: Callable[[World], None]
    words: tuple[str, ...] = ()
    prepare: Callable[[World], None] = as_it_is
    outcome: Outcome = Outcome.FAIL
    about: str = ""

    def __str__(self) -> str:
        return f"{self.check} {self.about or self.words[0] if self.words else self.about}".strip()
