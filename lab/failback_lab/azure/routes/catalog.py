"""Policies, mappings and recovery plans: read, and put."""

from collections.abc import Callable
from typing import TypeVar

from failback_lab.azure.arm import ArmError, Call, Json, Reply, Route, not_found
from failback_lab.azure.engine import Ending, Step
from failback_lab.azure.faultbook import BAD_INPUT
from failback_lab.azure.operation import properties, text
from failback_lab.azure.plans import single_task
from failback_lab.azure.render import catalog
from failback_lab.azure.routing import CONTAINER, VAULT, get
from failback_lab.azure.servers import Mapping, Policy
from failback_lab.azure.simulator import Simulator
from failback_lab.azure.world import RecoveryPlan

POLICY = f"{VAULT}/replicationPolicies/{{policy}}"
MAPPINGS = "replicationProtectionContainerMappings"
MAPPING = f"{CONTAINER}/{MAPPINGS}/{{mapping}}"
PLAN = f"{VAULT}/replicationRecoveryPlans/{{plan}}"


T = TypeVar("T")


class CatalogRoutes:
    """What an administrator writes into the vault."""

    def __init__(self, lab: Simulator) -> None:
        self._lab = lab

    def routes(self) -> list[Route]:
        """All routes."""
        result = self._lab.lro.result
        return [
            get(f"{VAULT}/replicationPolicies", "policies.list", self._policies),
            get(POLICY, "policies.get", self._policy),
            Route("PUT", POLICY, "policies.put", self._put_policy),
            get(f"{CONTAINER}/{MAPPINGS}", "mappings.list", self._mappings),
            get(f"{VAULT}/{MAPPINGS}", "mappings.list", self._mappings),
            get(MAPPING, "mappings.get", self._mapping),
            Route("PUT", MAPPING, "mappings.put", self._put_mapping),
            get(f"{VAULT}/replicationRecoveryPlans", "plans.list", self._plans),
            get(PLAN, "plans.get", self._plan),
            Route("PUT", PLAN, "plans.put", self._put_plan),
            Route("POST", f"{PLAN}/reProtect", "plans.reProtect", self._dead),
            *(get(f"{p}/operationresults/{{operation}}", "operationResults", result) for p in (POLICY, MAPPING, PLAN)),
        ]

    async def _policies(self, call: Call) -> Reply:
        world = self._lab.world
        return self._lab.pager.page(call, list(world.policies.values()), lambda p: catalog.policy(world, p))

    async def _policy(self, call: Call) -> Reply:
        return Reply(catalog.policy(self._lab.world, self._find(self._lab.world.policies, call, "policy")))

    async def _mappings(self, call: Call) -> Reply:
        world = self._lab.world
        return self._lab.pager.page(call, list(world.mappings.values()), lambda m: catalog.mapping(world, m))

    async def _mapping(self, call: Call) -> Reply:
        return Reply(catalog.mapping(self._lab.world, self._find(self._lab.world.mappings, call, "mapping")))

    async def _plans(self, call: Call) -> Reply:
        world = self._lab.world
        return self._lab.pager.page(call, list(world.plans.values()), lambda p: catalog.plan(world, p))

    async def _plan(self, call: Call) -> Reply:
        return Reply(catalog.plan(self._lab.world, self._find(self._lab.world.plans, call, "plan")))

    def _find(self, things: dict[str, T], call: Call, kind: str) -> T:
        wanted = call.params[kind].casefold()
        for name, thing in things.items():
            if name.casefold() == wanted:
                return thing
        raise not_found(kind, call.params[kind], self._lab.world.ids.vault_group)

    async def _put_policy(self, call: Call) -> Reply:
        """Source: facts, section 1, "Policies": input Enable or Disable, output Enabled or Disabled."""
        name = call.params["policy"]
        wanted = properties(call.body).get("providerSpecificInput")
        if not isinstance(wanted, dict) or wanted.get("instanceType") not in ("InMage", "InMageAzureV2"):
            raise ArmError(400, BAD_INPUT, "'providerSpecificInput.instanceType' must be InMage or InMageAzureV2.")
        if wanted.get("multiVmSyncStatus") not in ("Enable", "Disable"):
            raise ArmError(400, BAD_INPUT, "'multiVmSyncStatus' must be Enable or Disable.")
        policy = Policy(
            name=name,
            is_failback=wanted["instanceType"] == "InMage",
            rpo_threshold=_number(wanted, "recoveryPointThresholdInMinutes", 15),
            retention=_number(wanted, "recoveryPointHistory", 1440),
            app_consistent=_number(wanted, "appConsistentFrequencyInMinutes", 60),
            crash_consistent=_number(wanted, "crashConsistentFrequencyInMinutes", 5),
            multi_vm_sync=wanted["multiVmSyncStatus"] == "Enable",
        )
        world = self._lab.world
        return self._launch(call, "policy", world.ids.policy(name), lambda: world.policies.__setitem__(name, policy))

    async def _put_mapping(self, call: Call) -> Reply:
        """Towards Azure, or for failback with the container itself as target (recorded)."""
        world, name = self._lab.world, call.params["mapping"]
        wanted = properties(call.body)
        policy_name = text(wanted, "policyId").rsplit("/", 1)[-1]
        policy = world.policies.get(policy_name)
        if policy is None:
            raise ArmError(404, BAD_INPUT, f"There is no policy '{policy_name}'.")
        target = world.ids.container_id if policy.is_failback else "Microsoft Azure"
        if text(wanted, "targetProtectionContainerId").casefold() != target.casefold():
            raise ArmError(400, BAD_INPUT, f"The target of a mapping with this policy must be {target}.")
        mapping = Mapping(name, policy_name)
        result = f"{world.ids.container_id}/{MAPPINGS}/{name}"
        return self._launch(call, "mapping", result, lambda: world.mappings.__setitem__(name, mapping))

    async def _put_plan(self, call: Call) -> Reply:
        world, name = self._lab.world, call.params["plan"]
        wanted = properties(call.body)
        groups = wanted.get("groups")
        if not isinstance(groups, list):
            raise ArmError(400, BAD_INPUT, "'groups' is required.")
        plan = RecoveryPlan(name, groups, text(wanted, "primaryFabricId"), text(wanted, "recoveryFabricId"))
        result = f"{world.ids.vault}/replicationRecoveryPlans/{name}"
        return self._launch(call, "plan", result, lambda: world.plans.__setitem__(name, plan))

    def _launch(self, call: Call, kind: str, result: str, write: Callable[[], None]) -> Reply:
        lab = self._lab
        name = call.params[kind]
        job = lab.failovers.vault_job((f"Put{kind.title()}", f"Write {kind} {name}", kind.title()), (name, name), result, call)
        task = single_task("WriteTask", "Write")[0]
        job.tasks.append(task)

        def succeeded() -> None:
            write()
            lab.failovers.note(job)

        steps = [Step(task, lab.world.durations.short_job)]
        lab.engine.launch(job, steps, Ending(succeeded, lambda: lab.failovers.note(job)))
        return lab.lro.accepted(job)

    async def _dead(self, call: Call) -> Reply:
        """Source: facts, section 0.2: this call "is for deprecated scenarios and no longer works"."""
        self._find(self._lab.world.plans, call, "plan")
        raise ArmError(400, "LAB-UNKNOWN-104", "This operation is for deprecated scenarios and no longer works.")


def _number(source: Json, name: str, default: int) -> int:
    value = source.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ArmError(400, BAD_INPUT, f"'{name}' must be a whole number.")
    return value
