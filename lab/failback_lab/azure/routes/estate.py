"""Azure VMs, networks, locks and storage accounts, read only."""

from typing import TypeVar

from failback_lab.azure.arm import ArmError, Call, Json, Reply, Route, not_found
from failback_lab.azure.estate import CIRCUIT, CONNECTION, GATEWAY, LOCK, NIC, STORAGE, VM, VNET, AzureVm
from failback_lab.azure.faultbook import BAD_INPUT
from failback_lab.azure.render import estate, subscription
from failback_lab.azure.routing import PROVIDERS, get
from failback_lab.azure.simulator import Simulator

SUBSCRIPTION = "/subscriptions/{subscription}/providers"


T = TypeVar("T")


class EstateRoutes:
    """Reads of Microsoft.Compute, Microsoft.Network, Microsoft.Authorization and Microsoft.Storage."""

    def __init__(self, lab: Simulator) -> None:
        self._lab = lab

    def routes(self) -> list[Route]:
        """All routes."""
        peerings = f"{PROVIDERS}/{CIRCUIT}/{{name}}/peerings"
        return [
            get(f"{PROVIDERS}/{VM}", "vms.list", self._vms),
            get(f"{SUBSCRIPTION}/{VM}", "vms.listAll", self._vms),
            get(f"{PROVIDERS}/{VM}/{{name}}", "vms.get", self._vm),
            get(f"{PROVIDERS}/{VM}/{{name}}/instanceView", "vms.instanceView", self._view),
            get(f"{PROVIDERS}/{NIC}", "nics.list", self._nics),
            get(f"{SUBSCRIPTION}/{NIC}", "nics.listAll", self._nics),
            get(f"{PROVIDERS}/{NIC}/{{name}}", "nics.get", self._nic),
            get(f"{SUBSCRIPTION}/{LOCK}", "locks.listAll", self._locks),
            get(f"{SUBSCRIPTION}/{STORAGE}", "storageAccounts.listAll", self._storage),
            get(f"{PROVIDERS}/{VNET}", "networks.list", self._networks),
            get(f"{SUBSCRIPTION}/{VNET}", "networks.listAll", self._networks),
            get(f"{PROVIDERS}/{VNET}/{{name}}", "networks.get", self._network),
            get(f"{PROVIDERS}/{GATEWAY}", "gateways.list", self._gateways),
            get(f"{PROVIDERS}/{GATEWAY}/{{name}}", "gateways.get", self._gateway),
            get(f"{PROVIDERS}/{CONNECTION}", "connections.list", self._connections),
            get(f"{PROVIDERS}/{CONNECTION}/{{name}}", "connections.get", self._connection),
            get(f"{PROVIDERS}/{CIRCUIT}", "circuits.list", self._circuits),
            get(f"{SUBSCRIPTION}/{CIRCUIT}", "circuits.listAll", self._circuits),
            get(f"{PROVIDERS}/{CIRCUIT}/{{name}}", "circuits.get", self._circuit),
            get(peerings, "peerings.list", self._peerings),
            get(f"{peerings}/{{peering}}", "peerings.get", self._peering),
        ]

    async def _vms(self, call: Call) -> Reply:
        """All machines; `statusOnly=true` and `$expand=instanceView` add the power state."""
        world = self._lab.world
        here = call.params.get("group", "").casefold()
        groups = ((vm, (vm.group or world.estate.vm_group).casefold()) for vm in world.estate.vms.values())
        everything = [vm for vm, group in groups if here in ("", group)]
        with_view = call.query.get("statusonly") == "true" or call.query.get("$expand") == "instanceView"
        return self._page(call, [estate.vm(world, v, with_view=with_view, in_list=True) for v in everything])

    async def _vm(self, call: Call) -> Reply:
        world = self._lab.world
        vm = self._machine(call)
        expand = call.query.get("$expand", "")
        if expand not in ("", "instanceView"):
            raise ArmError(400, BAD_INPUT, f"'$expand={expand}' is not known.")
        return Reply(estate.vm(world, vm, with_view=bool(expand)), item=vm.name)

    async def _view(self, call: Call) -> Reply:
        world = self._lab.world
        vm = self._machine(call)
        properties = estate.vm(world, vm, with_view=True)["properties"]
        view = properties["instanceView"] if isinstance(properties, dict) else {}
        return Reply(view)

    def _machine(self, call: Call) -> AzureVm:
        """The machine that the path names, in the group in which it is now."""
        estate = self._lab.world.estate
        vm = next((vm for vm in estate.vms.values() if vm.name.casefold() == call.params["name"].casefold()), None)
        return self._find(call, VM, estate.vms, vm.group if vm is not None and vm.group else estate.vm_group)

    async def _nics(self, call: Call) -> Reply:
        world = self._lab.world
        return self._page(
            call, [estate.nic(world, n) for n in self._within(call, world.estate.vm_group, [*world.estate.nics.values()])]
        )

    async def _nic(self, call: Call) -> Reply:
        world = self._lab.world
        return Reply(estate.nic(world, self._find(call, NIC, world.estate.nics, world.estate.vm_group)))

    async def _locks(self, call: Call) -> Reply:
        return self._page(call, subscription.locks(self._lab.world))

    async def _storage(self, call: Call) -> Reply:
        return self._page(call, subscription.storage_accounts(self._lab.world))

    async def _networks(self, call: Call) -> Reply:
        return self._page(call, self._here(call, [estate.network(self._lab.world)]))

    async def _network(self, call: Call) -> Reply:
        return self._named(call, VNET, estate.network(self._lab.world))

    async def _gateways(self, call: Call) -> Reply:
        return self._page(call, self._here(call, [estate.gateway(self._lab.world)]))

    async def _gateway(self, call: Call) -> Reply:
        return self._named(call, GATEWAY, estate.gateway(self._lab.world))

    async def _connections(self, call: Call) -> Reply:
        world = self._lab.world
        return self._page(call, self._here(call, [estate.connection(world, c) for c in world.estate.connections.values()]))

    async def _connection(self, call: Call) -> Reply:
        world = self._lab.world
        found = self._find(call, CONNECTION, world.estate.connections, world.estate.network_group)
        return Reply(estate.connection(world, found))

    async def _circuits(self, call: Call) -> Reply:
        world = self._lab.world
        return self._page(call, self._here(call, [estate.circuit(world, c) for c in world.estate.circuits.values()]))

    async def _circuit(self, call: Call) -> Reply:
        world = self._lab.world
        return Reply(estate.circuit(world, self._find(call, CIRCUIT, world.estate.circuits, world.estate.network_group)))

    async def _peerings(self, call: Call) -> Reply:
        world = self._lab.world
        found = self._find(call, CIRCUIT, world.estate.circuits, world.estate.network_group)
        return self._page(call, [estate.peering(world, found)])

    async def _peering(self, call: Call) -> Reply:
        world = self._lab.world
        body = estate.peering(world, self._find(call, CIRCUIT, world.estate.circuits, world.estate.network_group))
        if str(body["name"]).casefold() != call.params["peering"].casefold():
            raise not_found(f"{CIRCUIT}/peerings", call.params["peering"], call.params["group"])
        return Reply(body)

    def _page(self, call: Call, bodies: list[Json]) -> Reply:
        """A page as Compute and Network write it: without nextLink on the last one."""
        reply = self._lab.pager.page(call, bodies, lambda b: b)
        if reply.body and reply.body["nextLink"] is None:
            del reply.body["nextLink"]
        return reply

    def _within(self, call: Call, group: str, things: list[T]) -> list[T]:
        wanted = call.params.get("group", group)
        return things if wanted.casefold() == group.casefold() else []

    def _here(self, call: Call, bodies: list[Json]) -> list[Json]:
        return self._within(call, self._lab.world.estate.network_group, bodies)

    def _find(self, call: Call, kind: str, things: dict[str, T], group: str) -> T:
        wanted = call.params["name"].casefold()
        if call.params["group"].casefold() == group.casefold():
            for name, thing in things.items():
                if name.casefold() == wanted:
                    return thing
        raise not_found(kind, call.params["name"], call.params["group"])

    def _named(self, call: Call, kind: str, body: Json) -> Reply:
        if str(body["name"]).casefold() != call.params["name"].casefold() or not self._here(call, [body]):
            raise not_found(kind, call.params["name"], call.params["group"])
        return Reply(body)
