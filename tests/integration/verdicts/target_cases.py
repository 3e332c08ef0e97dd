"""Cases of the checks of master targets."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.world import World

TARGET = "MasterTarget/mt-win-1"
NAME = "mt-win-1"


def tools_end(world: World) -> None:
    world.vm(NAME, "guest.toolsRunningStatus", "guestToolsNotRunning")


CASES = (Case("ToolsRunning", TARGET, tools_end, ("tools do not run",)),)
