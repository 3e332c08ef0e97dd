"""Cases of the checks of process servers."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vault_unread
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

SERVER = "ProcessServer/ps-azure-1"
NAME = "ps-azure-1"
UNKNOWN = Outcome.UNKNOWN


def _error(code: str, level: str) -> list[dict[str, str]]:
    return [{"errorCode": code, "errorLevel": level, "errorMessage": "as told by Site Recovery", "errorSource": "ProcessServer"}]


def deregistered(world: World) -> None:
    world.vault("processServer", NAME, "exists", value=False)


def named_wrongly(world: World) -> None:
    world.spec("ProcessServer", NAME, serverName="ps-azure-7")


def services_stop(world: World) -> None:
    world.vault("processServer", NAME, "psServiceStatus", "Stopped")


def services_not_reported(world: World) -> None:
    world.vault("processServer", NAME, "psServiceStatus", None)


def heartbeat_ends(world: World) -> None:
    world.vault("processServer", NAME, "lastHeartbeat", world.ago(minutes=16))


def heartbeat_not_reported(world: World) -> None:
    world.vault("processServer", NAME, "lastHeartbeat", None)


def health_is_critical(world: World) -> None:
    world.vault("processServer", NAME, "health", "Critical")
    world.vault("processServer", NAME, "healthErrors", _error("806", "Error"))


def health_is_warning(world: World) -> None:
    world.vault("processServer", NAME, "health", "Warning")
    world.vault("processServer", NAME, "healthErrors", _error("805", "Warning"))


def health_not_reported(world: World) -> None:
    world.vault("processServer", NAME, "health", None)


CASES = (
    Case("ProcessServerRegistered", SERVER, deregistered, ("lists no process server ps-azure-1", "ps-onprem-1")),
    Case("ProcessServerRegistered", SERVER, named_wrongly, ("ps-azure-7", "it lists: cs-1, ps-azure-1")),
    Case("ProcessServerRegistered", SERVER, vault_unread, outcome=UNKNOWN),
    Case("ProcessServerHealthy", SERVER, services_stop, ("service status Stopped",)),
    Case("ProcessServerHealthy", SERVER, services_not_reported, ("was not reported",), outcome=UNKNOWN),
    Case("ProcessServerHealthy", SERVER, heartbeat_ends, ("older than 15 min",)),
    Case("ProcessServerHealthy", SERVER, heartbeat_not_reported, ("no heartbeat",), outcome=UNKNOWN),
    Case("ProcessServerHealthy", SERVER, health_is_critical, ("health Critical", "806")),
    Case("ProcessServerHealthy", SERVER, health_not_reported, ("was not reported",), outcome=UNKNOWN),
    Case("ProcessServerHealthy", SERVER, health_is_warning, outcome=Outcome.PASS),
    Case("ProcessServerHealthy", SERVER, deregistered, outcome=UNKNOWN),
    Case("ProcessServerUnstrained", SERVER, health_is_warning, ("health Warning", "805")),
    Case("ProcessServerUnstrained", SERVER, health_not_reported, outcome=UNKNOWN),
)
