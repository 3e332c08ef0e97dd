"""Cases of physical machines that no failback brings home."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vault_unread
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

CHECK, MACHINE, NAME = "PhysicalSystemSupported", "FailbackMachine/crm-1", "crm-1"


def physical(world: World) -> None:
    """The machine was discovered as a physical one, and there is no VM of its name."""
    world.vm(NAME, "name", "another")
    world.vault("item", NAME, "physical", None)


def windows_2008_r2(world: World) -> None:
    world.vault("item", NAME, "physical", "Microsoft Windows Server 2008 R2 Standard")


def windows_2012(world: World) -> None:
    world.vault("item", NAME, "physical", "Microsoft Windows Server 2012 Standard")


CASES = (
    Case(CHECK, MACHINE, windows_2008_r2, ("2008 R2",), prepare=physical),
    Case(CHECK, MACHINE, windows_2012, ("2012",), prepare=physical, outcome=Outcome.PASS),
    Case(CHECK, MACHINE, vault_unread, prepare=physical, outcome=Outcome.UNKNOWN),
)
