"""Counts from the simulators' own logs: what was called how often, and whether anything happened twice."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ACCEPTED = 202
STEPS = ("reprotect to on-premises", "failover back", "commit", "reprotect to Azure")


def step_of(entry: dict[str, Any]) -> str | None:
    """Which step of the round a logged POST is; None for any other request.

    Source: site-recovery facts, section 2: both reprotects have direction RecoveryToPrimary, the provider input tells them apart.
    """
    operation, provider = entry.get("operation"), entry.get("instance_type")
    if entry["method"] != "POST":
        return None
    if operation == "reProtect":
        return STEPS[0] if provider == "InMage" else STEPS[3]
    return {"unplannedFailover": STEPS[1], "failoverCommit": STEPS[2]}.get(str(operation))


@dataclass(frozen=True, slots=True)
class Census:
    """How often each step was begun, and how often it was refused, by machine."""

    begun: dict[str, Counter[str]]
    refused: dict[str, Counter[str]]

    @classmethod
    def of(cls, log: Iterable[dict[str, Any]]) -> "Census":
        """Count the log. An operation counts as begun when a job was made, whether or not the answer arrived."""
        census = cls({}, {})
        for entry in log:
            step = step_of(entry)
            if step is not None:
                kind = census.begun if entry.get("job") else census.refused
                kind.setdefault(str(entry["item"]), Counter())[step] += 1
        return census

    def problems(self, machines: Iterable[str]) -> list[str]:
        """What differs from exactly one of each step for each machine, and no second try of any; empty when all is well."""
        found = []
        for machine in machines:
            counted = self.begun.get(machine, Counter())
            found += [f"{machine}: {counted[step]} times {step}, expected 1" for step in STEPS if counted[step] != 1]
        for machine, steps in sorted(self.refused.items()):
            found += [f"{machine}: {count} times {step} was sent and refused" for step, count in sorted(steps.items())]
        found += [f"{machine}: not a machine of the plan" for machine in self.begun.keys() - set(machines)]
        return found

    def table(self, machines: Iterable[str]) -> str:
        """A line for each machine."""
        lines = [f"{'machine':16}" + "".join(f"{step:>26}" for step in STEPS)]
        lines += [
            f"{machine:16}" + "".join(f"{self.begun.get(machine, Counter())[step]:>26}" for step in STEPS) for machine in machines
        ]
        return "\n".join(lines)


def calls(log: Iterable[dict[str, Any]]) -> Counter[str]:
    """Requests to Azure by method and kind of resource."""
    return Counter(f"{entry['method']} {entry.get('operation') or 'read'}" for entry in log)
