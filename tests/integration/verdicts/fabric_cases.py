"""Cases of what belongs to one configuration server."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vault_unread
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

CHECK, NAME, MACHINE = "OneFabric", "crm-1", "FailbackMachine/crm-1"
UNKNOWN = Outcome.UNKNOWN
DETAILS = "properties.providerSpecificDetails"


def on_its_way_back(world: World) -> None:
    world.vault("item", NAME, "stage", {"stage": "REVERSE_PROTECTED", "minutes": 90})


def policy_of_the_way_to_azure_not_mapped(world: World) -> None:
    world.vault("mapping", "policy-24h-mapping", "exists", value=False)


def account_gone(world: World) -> None:
    world.vault("fabric", "cs-1", "properties.customDetails.runAsAccounts", [{"accountId": "9", "accountName": "other"}])


def mappings_may_not_be_read(world: World) -> None:
    world.azure.deny("*/replicationProtectionContainerMappings/read")


def process_server_gone(world: World) -> None:
    world.vault("item", NAME, f"{DETAILS}.processServerId", "00000000-0000-0000-000000000000")


def master_target_gone(world: World) -> None:
    world.vault("item", NAME, f"{DETAILS}.masterTargetId", "00000000-0000-0000-000000000000")


def master_target_not_reported(world: World) -> None:
    world.vault("item", NAME, f"{DETAILS}.masterTargetId", None)


CASES = (
    Case(CHECK, MACHINE, policy_of_the_way_to_azure_not_mapped, ("policy-24h is not mapped",)),
    Case(CHECK, MACHINE, account_gone, ("no run-as account vmadmin-windows",)),
    Case(CHECK, MACHINE, mappings_may_not_be_read, ("see AzureAuthorized",), outcome=UNKNOWN),
    Case(CHECK, MACHINE, vault_unread, outcome=UNKNOWN),
    Case(CHECK, MACHINE, process_server_gone, ("its process server 00000000",), on_its_way_back),
    Case(CHECK, MACHINE, master_target_gone, ("its master target 00000000",), on_its_way_back),
    Case(CHECK, MACHINE, master_target_not_reported, ("was not reported lately",), on_its_way_back, UNKNOWN),
)
