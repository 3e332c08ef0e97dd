"""The parts of the simulator, put together."""

from dataclasses import dataclass

from .arm import ArmError, Call, not_found
from .config import LabConfig
from .directory import Directory
from .discovery import Discovery
from .engine import Engine
from .entra import Entra
from .failover import Failovers
from .items import Item
from .lro import LongRunning
from .paging import Pager
from .render.servers import SR
from .reprotect import Reprotects
from .world import World


@dataclass(frozen=True, slots=True)
class Simulator:
    """What the routes work with."""

    config: LabConfig
    world: World
    engine: Engine
    directory: Directory
    entra: Entra
    discovery: Discovery
    failovers: Failovers
    reprotects: Reprotects
    lro: LongRunning
    pager: Pager

    def check_scope(self, call: Call) -> None:
        """Raises ArmError where the path names a subscription, vault, fabric or container that is not there."""
        ids = self.world.ids
        wanted = {
            "vault": (ids.vault_name, SR),
            "fabric": (ids.fabric, f"{SR}/replicationFabrics"),
            "container": (ids.container, f"{SR}/replicationFabrics/replicationProtectionContainers"),
        }
        params = call.params
        if params.get("subscription", ids.subscription).casefold() != ids.subscription.casefold():
            text = f"The subscription '{params['subscription']}' could not be found."
            raise ArmError(404, "SubscriptionNotFound", text)
        groups = {g.casefold() for g in (self.world.vault.resource_group, self.world.vault.vm_resource_group)}
        if "group" in params and params["group"].casefold() not in groups:
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{params['group']}' could not be found.")
        for name, (value, kind) in wanted.items():
            if params.get(name, value).casefold() != value.casefold():
                raise not_found(kind, params[name], params["group"])
        if "vault" in params and params["group"].casefold() != ids.vault_group.casefold():
            raise not_found(SR, params["vault"], params["group"])

    def item(self, call: Call) -> Item:
        """The item that the path names. Raises ArmError 404."""
        item = self.world.item(call.params["item"])
        if item is None:
            kind = f"{SR}/replicationFabrics/replicationProtectionContainers/replicationProtectedItems"
            raise not_found(kind, call.params["item"], self.world.ids.vault_group)
        return item
