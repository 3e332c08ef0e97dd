"""Protected items, the operations on them, protectable items and recovery points."""

from failback_lab.azure.arm import ArmError, Call, Json, Reply, Route, not_found
from failback_lab.azure.faultbook import NOT_SIMULATED
from failback_lab.azure.items import Item, Stage
from failback_lab.azure.jobs import Job
from failback_lab.azure.points import recovery_points
from failback_lab.azure.render import catalog, items
from failback_lab.azure.routing import CONTAINER, ITEM, VAULT, get
from failback_lab.azure.simulator import Simulator

# Operations that the service has and the lab does not carry out: it says so instead of pretending.
ABSENT = (
    "plannedFailover",
    "failoverCancel",
    "applyRecoveryPoint",
    "repairReplication",
    "resolveHealthErrors",
    "updateMobilityService",
    "testFailover",
    "testFailoverCleanup",
    "switchProvider",
    "updateAppliance",
    "addDisks",
    "removeDisks",
    "remove",
)


class ItemRoutes:
    """Reads of items and what is done with them."""

    def __init__(self, lab: Simulator) -> None:
        self._lab = lab

    def routes(self) -> list[Route]:
        """All routes."""
        absent = [Route("POST", f"{ITEM}/{name}", name, self._absent) for name in ABSENT]
        protectables = f"{CONTAINER}/replicationProtectableItems"
        return [
            get(f"{CONTAINER}/replicationProtectedItems", "items.list", self._list),
            get(f"{VAULT}/replicationProtectedItems", "items.listAll", self._list_all),
            get(ITEM, "items.get", self._get),
            Route("POST", f"{ITEM}/reProtect", "reProtect", self._reprotect),
            Route("POST", f"{ITEM}/unplannedFailover", "unplannedFailover", self._failover),
            Route("POST", f"{ITEM}/failoverCommit", "failoverCommit", self._commit),
            *absent,
            Route("GET", f"{ITEM}/operationresults/{{operation}}", "operationResults", self._lab.lro.result),
            get(f"{ITEM}/recoveryPoints", "recoveryPoints.list", self._points),
            get(f"{ITEM}/recoveryPoints/{{point}}", "recoveryPoints.get", self._point),
            get(protectables, "protectables.list", self._protectables),
            get(f"{protectables}/{{protectable}}", "protectables.get", self._protectable),
        ]

    async def _list(self, call: Call) -> Reply:
        return self._page(call, "$skipToken")

    async def _list_all(self, call: Call) -> Reply:
        return self._page(call, "skipToken")

    def _page(self, call: Call, parameter: str) -> Reply:
        world = self._lab.world
        _refuse_filter(call)
        everything = list(world.items.values())
        return self._lab.pager.page(call, everything, lambda i: items.item(world, i, in_list=True), parameter=parameter)

    async def _get(self, call: Call) -> Reply:
        item = self._lab.item(call)
        return Reply(items.item(self._lab.world, item), item=item.friendly_name)

    async def _reprotect(self, call: Call) -> Reply:
        item = self._lab.item(call)
        return self._accepted(item, self._lab.reprotects.reprotect(item, call))

    async def _failover(self, call: Call) -> Reply:
        item = self._lab.item(call)
        return self._accepted(item, self._lab.failovers.unplanned_failover(item, call))

    async def _commit(self, call: Call) -> Reply:
        item = self._lab.item(call)
        return self._accepted(item, self._lab.failovers.commit(item, call))

    def _accepted(self, item: Item, job: Job) -> Reply:
        reply = self._lab.lro.accepted(job)
        reply.item = item.friendly_name
        return reply

    async def _absent(self, call: Call) -> Reply:
        self._lab.item(call)
        raise ArmError(400, NOT_SIMULATED, f"The lab does not carry out '{call.path.rsplit('/', 1)[-1]}'.")

    async def _points(self, call: Call) -> Reply:
        world, item = self._lab.world, self._lab.item(call)
        return self._lab.pager.page(call, recovery_points(world, item), lambda p: catalog.point(world, item, p))

    async def _point(self, call: Call) -> Reply:
        world, item = self._lab.world, self._lab.item(call)
        wanted = call.params["point"].casefold()
        point = next((p for p in recovery_points(world, item) if p.name.casefold() == wanted), None)
        if point is None:
            raise not_found("recoveryPoints", call.params["point"], world.ids.vault_group)
        return Reply(catalog.point(world, item, point))

    def _all_protectables(self) -> list[Json]:
        """Machines of the database: all from vCenter, and Azure VMs whose agent has registered."""
        world, found = self._lab.world, []
        now = world.clock.now()
        for item in world.items.values():
            if item.is_known:
                found.append(catalog.protectable(world, item, is_physical=False))
            has_agent = item.azure_vm is not None and item.agent_ready is not None and item.agent_ready <= now
            if has_agent or item.stage is Stage.FAILED_BACK:
                found.append(catalog.protectable(world, item, is_physical=True))
        return found

    async def _protectables(self, call: Call) -> Reply:
        _refuse_filter(call)
        return self._lab.pager.page(call, self._all_protectables(), lambda body: body)

    async def _protectable(self, call: Call) -> Reply:
        wanted = call.params["protectable"].casefold()
        for body in self._all_protectables():
            if str(body["name"]).casefold() == wanted:
                return Reply(body)
        raise not_found("replicationProtectableItems", call.params["protectable"], self._lab.world.ids.vault_group)


def _refuse_filter(call: Call) -> None:
    """A list that ignored a filter would lie."""
    if call.query.get("$filter"):
        raise ArmError(400, NOT_SIMULATED, "The lab knows no filter of this list.")
