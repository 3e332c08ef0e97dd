"""Faults by request: which request fails, when and how."""

import re
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["close", "error", "throttle", "slow", "half_list", "half_body", "expired_token"]


class FaultRule(BaseModel):
    """A rule: the `nth` request of `method` on a path that matches the pattern, and `count - 1` after it."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    method: str = "*"
    path: str = ".*"
    """Regular expression, searched in path and query, in any case."""
    nth: int = Field(default=1, ge=1)
    count: int = Field(default=1, ge=-1)
    """-1: for ever."""
    chance: float = Field(default=1.0, gt=0, le=1)
    """How likely each of those requests is struck, told by a generator that begins with `seed`."""
    seed: int = 0
    when: Literal["before", "after"] = "before"
    """`after`: the request is carried out and its answer lost."""
    status: int = 500
    code: str = "InternalServerError"
    message: str = "The lab was told to fail."
    retry_after: int | None = None
    seconds: float = 1.0


@dataclass(slots=True)
class _Armed:
    rule: FaultRule
    random: Random
    seen: int = 0

    def strikes(self) -> bool:
        """Whether it strikes one more request that matches."""
        self.seen += 1
        past = self.seen - self.rule.nth
        return past >= 0 and (self.rule.count == -1 or past < self.rule.count) and self.random.random() < self.rule.chance


@dataclass(slots=True)
class Faults:
    """All armed rules."""

    _armed: list[_Armed] = field(default_factory=list)

    def add(self, rule: FaultRule) -> None:
        """Arm a rule. Raises re.error for a bad pattern."""
        re.compile(rule.path)
        self._armed.append(_Armed(rule, Random(rule.seed)))  # noqa: S311 - no secret depends on it

    def clear(self) -> None:
        """Disarm all."""
        self._armed.clear()

    def take(self, method: str, path: str) -> FaultRule | None:
        """The rule for this request; each matching rule counts it."""
        chosen = None
        for armed in self._armed:
            rule = armed.rule
            if rule.method not in ("*", method) or not re.search(rule.path, path, re.IGNORECASE):
                continue
            if armed.strikes() and chosen is None:
                chosen = rule
        return chosen
