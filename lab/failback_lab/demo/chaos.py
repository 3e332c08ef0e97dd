"""Kills the operator at seeded moments of the demo, half of them between an intent and the recorded job."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from failback_lab.azure.client import AzureLab
from failback_lab.demo.census import step_of
from failback_lab.process import Child

# How long the simulator keeps the answer of a call back while the operator is killed: longer than a look takes.
HELD_SECONDS = 3.0
# Which calls are held, in this order: all steps of the round are hit; the last is the reprotect to Azure.
HELD = ("reProtect", "reProtect", "unplannedFailover", "failoverCommit", "reProtect")
QUIET_SECONDS = (1.0, 6.0)


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill -9: when, and during which call if it was in the middle of one."""

    seconds: float
    during: str | None


class Chaos:
    """`count` kills: every second one in the middle of a call to Site Recovery that was done and not yet answered."""

    def __init__(self, count: int, seed: int, operator: Child, azure: AzureLab, say: Callable[[str], None]) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a schedule that can be repeated, no secret
        self._operator = operator
        self._azure = azure
        self._say = say
        self._left = count
        self._calls_to_hold = (count + 1) // 2
        self._calls_held = 0
        self._began = time.monotonic()
        self._is_armed = False
        self._handled = 0
        self._next_quiet = self._began + self._random.uniform(*QUIET_SECONDS)
        self.kills: list[Kill] = []

    def tick(self) -> None:
        """Kill now if it is time; called at each look of the story."""
        if self._left == 0:
            return
        if self._left % 2 == 0:
            self._kill_in_a_call()
        elif time.monotonic() >= self._next_quiet:
            self._kill(None)

    def _kill_in_a_call(self) -> None:
        if not self._is_armed:
            action = HELD[self._calls_held * len(HELD) // self._calls_to_hold]
            self._azure.fault(method="POST", path=rf"/{action}\?", kind="slow", seconds=HELD_SECONDS)
            self._is_armed = True
        # An entry is logged when the request arrives and gets its job when it was carried out, so all are looked at again.
        for entry in self._azure.log(since=self._handled):
            if entry["fault"] and entry["job"] and step_of(entry):
                self._handled, self._is_armed = entry["seq"], False
                self._calls_held += 1
                self._kill(f"{step_of(entry)} of {entry['item']} (job {entry.get('job')})")
                return

    def _kill(self, during: str | None) -> None:
        self._operator.kill()
        self._left -= 1
        self.kills.append(Kill(time.monotonic() - self._began, during))
        self._say(f"    kill -9 of the operator, {during or 'between calls'}; it is started again")
        self._next_quiet = time.monotonic() + self._random.uniform(*QUIET_SECONDS)
        self._operator.start()
