"""What is proved of a cause of failure, and the plans in which the machines stand meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.integration.azure.clients import Vault
from tests.integration.verdicts.placement_cases import excluded
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

PLAN, MACHINE, TARGET, SITE = "tokyo-home", "crm-1", "MasterTarget/mt-win-1", "RecoverySite/tokyo"
SPARES = ("spare-1", "spare-2", "spare-3", "spare-4", "spare-5")
DETACHED, UNREACHED, MEMORY, NEWER, FURTHER = SPARES
"""Those on which an operation succeeds in part, each in a plan of its own."""
BACKWARDS = (DETACHED, UNREACHED, MEMORY)
"""Those that wait for their failback."""
Call = Callable[[Vault, World], str]
"""Does what the row is about with the real SDK, and tells the code with which it was refused or failed; empty: it succeeded."""


@dataclass(frozen=True)
class Trouble:
    """`check` of `subject` answers `outcome` in the state that `breaks` makes, and the plan of `machine` is not Ready over it.

    `code` is what `call` meets in this state. Of a warning the plan stays Ready.
    """

    row: str
    cause: str
    breaks: Callable[[World], None]
    check: str
    code: str
    call: Call | None
    subject: str = f"FailbackMachine/{MACHINE}"
    machine: str = MACHINE
    outcome: Outcome = Outcome.FAIL

    def __str__(self) -> str:
        return f"{self.row}: {self.cause}"


def plan_of(machine: str) -> str:
    """The name of the plan in which it is alone."""
    return PLAN if machine == MACHINE else f"{machine}-home"


def planned(world: World) -> None:
    """Each machine alone in a plan that covers its failover and goes on to what comes next.

    The disks of those that are on their way lie in a datastore cluster, from whose Storage DRS the master target is excluded.
    """
    excluded(world)
    spec: dict[str, Any] = world.objects[f"FailbackPlan/{PLAN}"]["spec"]
    common = {**spec, "masterTargets": [{"name": "mt-win-1"}], "failedOverBefore": world.ago(hours=1)}
    for machine in (MACHINE, *SPARES):
        stage = "FailedBack" if machine in BACKWARDS else "Reprotected"
        world.add("FailbackPlan", plan_of(machine), {**common, "machines": [{"name": machine}], "stage": stage})
