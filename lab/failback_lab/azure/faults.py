"""Faults by request: which request fails, when and how."""

import re
from dataclasses import dataclass, field
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
    seen: int = 0


@dataclass(slots=True)
class Faults:
    """All armed rules."""

    _armed: list[_Armed] = field(default_factory=list)

    def add(self, rule: FaultRule) -> None:
        """Arm a rule. Raises re.error for a bad pattern."""
        re.compile(rule.path)
        self._armed.append(_Armed(rule))

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
            armed.seen += 1
            past = armed.seen - rule.nth
            if chosen is None and past >= 0 and (rule.count == -1 or past < rule.count):
                chosen = rule
        return chosen
