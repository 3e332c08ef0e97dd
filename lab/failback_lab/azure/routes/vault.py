"""The vault and its fabric: servers, provider, container, vCenter record."""

from failback_lab.azure.arm import ArmError, Call, Json, Reply, Route, not_found
from failback_lab.azure.engine import Ending, Step
from failback_lab.azure.plans import single_task
from failback_lab.azure.render import servers
from failback_lab.azure.routing import CONTAINER, FABRIC, VAULT, get
from failback_lab.azure.simulator import Simulator
from failback_lab.scenario import derived_uuid

PROVIDER = f"{FABRIC}/replicationRecoveryServicesProviders/{{provider}}"


class VaultRoutes:
    """Reads of the vault's own things, and refreshProvider."""

    def __init__(self, lab: Simulator) -> None:
        self._lab = lab

    def routes(self) -> list[Route]:
        """All routes."""
        fabrics, providers = f"{VAULT}/replicationFabrics", "replicationRecoveryServicesProviders"
        containers, vcenters = "replicationProtectionContainers", "replicationvCenters"
        return [
            get(VAULT, "vault.get", self._vault),
            get(fabrics, "fabrics.list", self._fabrics),
            get(FABRIC, "fabrics.get", self._fabric),
            get(f"{FABRIC}/{providers}", "providers.list", self._providers),
            get(f"{VAULT}/{providers}", "providers.list", self._providers),
            get(PROVIDER, "providers.get", self._provider),
            Route("POST", f"{PROVIDER}/refreshProvider", "refreshProvider", self._refresh),
            get(f"{FABRIC}/{containers}", "containers.list", self._containers),
            get(f"{VAULT}/{containers}", "containers.list", self._containers),
            get(CONTAINER, "containers.get", self._container),
            get(f"{FABRIC}/{vcenters}", "vcenters.list", self._vcenters),
            get(f"{VAULT}/{vcenters}", "vcenters.list", self._vcenters),
            get(f"{FABRIC}/{vcenters}/{{vcenter}}", "vcenters.get", self._vcenter),
            Route("GET", f"{VAULT}/replicationOperationStatus/{{operation}}", "operationStatus", self._lab.lro.status),
            Route("GET", f"{PROVIDER}/operationresults/{{operation}}", "operationResults", self._lab.lro.result),
        ]

    async def _vault(self, _call: Call) -> Reply:
        return Reply(servers.vault(self._lab.world))

    async def _fabrics(self, call: Call) -> Reply:
        return self._one(call, servers.fabric(self._lab.world))

    async def _fabric(self, _call: Call) -> Reply:
        return Reply(servers.fabric(self._lab.world))

    async def _providers(self, call: Call) -> Reply:
        return self._one(call, servers.provider(self._lab.world))

    async def _provider(self, call: Call) -> Reply:
        self._expect(call, "provider", self._lab.world.ids.provider)
        return Reply(servers.provider(self._lab.world))

    async def _containers(self, call: Call) -> Reply:
        return self._one(call, servers.container(self._lab.world))

    async def _container(self, _call: Call) -> Reply:
        return Reply(servers.container(self._lab.world))

    async def _vcenters(self, call: Call) -> Reply:
        return self._one(call, servers.vcenter(self._lab.world))

    async def _vcenter(self, call: Call) -> Reply:
        body = servers.vcenter(self._lab.world)
        self._expect(call, "vcenter", str(body["name"]))
        return Reply(body)

    def _one(self, call: Call, body: Json) -> Reply:
        return self._lab.pager.page(call, [body], lambda b: b)

    def _expect(self, call: Call, name: str, value: str) -> None:
        if call.params[name].casefold() != value.casefold():
            raise not_found(name, call.params[name], self._lab.world.ids.vault_group)

    async def _refresh(self, call: Call) -> Reply:
        """Discover now, and list new retention volumes without the usual delay. Source: facts, section 1 (refreshProvider)."""
        lab = self._lab
        self._expect(call, "provider", lab.world.ids.provider)
        if not lab.world.is_connected:
            raise ArmError(409, "LAB-UNKNOWN-103", "The configuration server is not connected.")
        task = single_task("RefreshTask", "Refresh")[0]
        target = (str(derived_uuid("refresh", lab.world.cs_name)), lab.world.cs_name)
        job = lab.failovers.vault_job(("RefreshFabric", "Refresh server", "Fabric"), target, lab.world.ids.provider_id, call)
        job.tasks.append(task)

        async def discover() -> None:
            await lab.discovery.run(at_once=True)

        step = Step(task, lab.world.durations.refresh, discover)
        lab.engine.launch(job, [step], Ending(lambda: lab.failovers.note(job), lambda: lab.failovers.note(job)))
        return lab.lro.accepted(job)
