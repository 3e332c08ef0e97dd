"""What is asked of the simulated Site Recovery with the real SDK, and the code that it answers."""

from typing import Any

from tests.integration.azure.clients import Answer, Vault, child_codes, codes
from tests.integration.error_codes.trouble import MACHINE, Call
from tests.integration.verdicts.world import World


def reprotect(machine: str = MACHINE, *, datastore: str | None = None) -> Call:
    """A reprotect towards the site."""

    def call(vault: Vault, _world: World) -> str:
        body = vault.to_site()
        if datastore is not None:
            body["properties"]["providerSpecificDetails"]["datastoreName"] = datastore
        return _code(vault, vault.post(machine, "reProtect", body))

    return call


def failback(machine: str) -> Call:
    """A failback."""

    def call(vault: Vault, _world: World) -> str:
        return _code(vault, vault.post(machine, "unplannedFailover", vault.failover("InMage", recoveryPointType="LatestTime")))

    return call


def reprotect_whose_replication_fails(machine: str) -> Call:
    """A reprotect that succeeds; the code is that of the item's health error then."""

    def call(vault: Vault, world: World) -> str:
        return reprotect(machine)(vault, world) or health(machine)(vault, world)

    return call


def reprotect_of_further_disks(machine: str) -> Call:
    """A reprotect that succeeds, and attaches more disks to the master target than the machine has."""

    def call(vault: Vault, world: World) -> str:
        failed = reprotect(machine)(vault, world)
        disks = len(world.azure.scenario.machine(machine).disks)
        more = world.azure.state()["items"][machine]["attachedDisks"] - disks
        return failed or f"{more} more"

    return call


def health(machine: str = MACHINE) -> Call:
    """No operation: the code of the item's health error."""

    def call(vault: Vault, _world: World) -> str:
        return str(vault.item(machine).properties.health_errors[0].error_code)

    return call


def _code(vault: Vault, answer: Answer) -> str:
    if answer.status >= 400:
        return str(answer.body["error"]["code"])
    job = vault.ended(answer.headers["x-ms-request-id"].rsplit("/", 1)[-1])
    if job.properties.state != "Failed":
        return ""
    return _first(child_codes(vault, job) if _has_child(job) else codes(job))


def _has_child(job: Any) -> bool:
    details = job.properties.tasks[-1].group_task_custom_details
    return details is not None and bool(details.child_tasks)


def _first(found: list[str]) -> str:
    return found[0] if found else "failed without a code"
