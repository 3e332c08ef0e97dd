"""Cases of the configuration server's cards, where machines kept their addresses or ranges overlap."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vcenter_unread
from tests.integration.verdicts.world import Json, World

from failback_operator.domain.verdicts import Outcome

SITE, CHECK, SERVER = "RecoverySite/tokyo", "ConfigurationServerNics", "cs-1"
PASS, UNKNOWN, NOT_APPLICABLE = Outcome.PASS, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE
ADDRESS = "properties.providerSpecificDetails.ipAddress"
CARD = "VirtualVmxnet3"


def crm_kept_its_address(world: World) -> None:
    world.vault("item", "crm-1", ADDRESS, "10.50.1.32")


def crm_is_in_a_range_of_azure(world: World) -> None:
    world.vault("item", "crm-1", ADDRESS, "10.50.1.200")


def network_of_the_site_in_azure(world: World) -> None:
    """The subnet of the machines in Azure has the range of some of the site's machines as well."""
    _ranges(world, "10.50.1.0/24", "10.10.3.0/24")


def _ranges(world: World, *prefixes: str) -> None:
    """Let the subnet of the machines in Azure have these ranges."""
    vault, subscription = world.azure.scenario.vault, world.azure.subscription_id
    group = f"/subscriptions/{subscription}/resourceGroups/{vault.resource_group}"
    subnet = f"{group}/providers/Microsoft.Network/virtualNetworks/{vault.network.name}/subnets/machines"
    body = {"name": "machines", "id": subnet, "properties": {"addressPrefixes": list(prefixes)}}
    world.vault("network", vault.network.name, "properties.subnets", [body])


def _cards(world: World, change: dict[int, Json]) -> None:
    """Change the connection of cards of the configuration server, by their order."""
    order = iter(range(8))

    def changed(device: Json) -> Json:
        if device["_typeName"] != CARD:
            return device
        return {**device, "connectable": {**device["connectable"], **change.get(next(order), {})}}

    world.devices(SERVER, lambda found: [changed(each) for each in found])


def second_card_disconnected(world: World) -> None:
    _cards(world, {1: {"connected": False}})


def _addresses(world: World, *addresses: str) -> None:
    """Let VMware Tools report these addresses of the configuration server's cards."""
    cards = world.told("VirtualMachine", SERVER, "guest.net")
    for card, address in zip(cards, addresses, strict=True):
        card["ipAddress"] = [address]
        card["ipConfig"]["ipAddress"] = [{"_typeName": "NetIpConfigInfoIpAddress", "ipAddress": address, "prefixLength": 24}]
    world.vm(SERVER, "guest.net", cards)


def both_cards_in_one_subnet(world: World) -> None:
    _addresses(world, "10.10.0.10", "10.10.0.12")


def failback_card_in_the_range_of_azure(world: World) -> None:
    _ranges(world, "10.50.1.0/24", "10.10.0.0/20")


def tools_end(world: World) -> None:
    world.vm(SERVER, "guest.net", None)


def cards_may_not_be_read(world: World) -> None:
    world.conceal(SERVER, "config.hardware.device")


def no_such_vm(world: World) -> None:
    world.spec("RecoverySite", "tokyo", configurationServer={"ipAddresses": ["10.10.0.10"], "vmName": "cs-9"})


def address_not_reported(world: World) -> None:
    world.vault("item", "crm-1", ADDRESS, None)


def network_not_shown(world: World) -> None:
    world.vault("network", "vnet-dr", "properties.subnets", [])


CASES = (
    Case(CHECK, SITE, crm_kept_its_address, before=NOT_APPLICABLE, outcome=PASS),
    Case(CHECK, SITE, address_not_reported, ("the address of crm-1",), before=NOT_APPLICABLE, outcome=UNKNOWN),
    Case(CHECK, SITE, network_not_shown, ("networks in Azure",), before=NOT_APPLICABLE, outcome=UNKNOWN),
    Case(CHECK, SITE, network_of_the_site_in_azure, before=NOT_APPLICABLE, outcome=PASS),
    Case(CHECK, SITE, second_card_disconnected, ("crm-1", "10.50.1.0/24", "are all in 10.10.0.0/24"), crm_kept_its_address),
    Case(CHECK, SITE, both_cards_in_one_subnet, ("are all in 10.10.0.0/24",), crm_kept_its_address),
    Case(CHECK, SITE, failback_card_in_the_range_of_azure, ("is in one of these",), crm_kept_its_address),
    Case(CHECK, SITE, tools_end, ("tell no address",), crm_kept_its_address, UNKNOWN),
    Case(CHECK, SITE, cards_may_not_be_read, ("cards",), crm_kept_its_address, UNKNOWN),
    Case(CHECK, SITE, no_such_vm, ("cs-9",), crm_kept_its_address, UNKNOWN),
    Case(CHECK, SITE, vcenter_unread, ("vCenter could not be read lately",), crm_kept_its_address, UNKNOWN),
    Case(CHECK, SITE, second_card_disconnected, ("crm-1",), crm_is_in_a_range_of_azure),
)
