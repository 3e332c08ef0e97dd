"""Protected items, in full for GET and with gaps for LIST.

Source: site-recovery facts, section 0.5 (what LIST leaves out), section 1 (members), as recorded.
"""

from datetime import datetime

from failback_lab.azure.arm import Json
from failback_lab.azure.clock import IDLE_SINCE, wire_time
from failback_lab.azure.items import Item, Stage
from failback_lab.azure.render.item_details import details
from failback_lab.azure.world import World
from failback_lab.scenario import derived_uuid

from .servers import SR

AZURE = "Microsoft Azure"
# Azure itself as a fabric of the vault, under a well-known name (recorded).
AZURE_CONTAINER = (
    "replicationFabrics/d49858f157601230a6ac5862fbbc6e63bf38d23ecd96cf953767945d457fe9d5"
    "/replicationProtectionContainers/d38048d4-b460-4791-8ece-108395ee8478"
)
ACTIVE_ON_AZURE = (Stage.REVERSE_SYNC, Stage.REVERSE_PROTECTED)


def item(world: World, it: Item, *, in_list: bool = False) -> Json:
    """One protected item; in a list the details that only GET shows are null or empty."""
    state, description = it.state
    now = min(world.heard(), it.heard(world.clock.now()))
    body: Json = {
        "id": world.ids.item(it.name),
        "name": it.name,
        "type": f"{SR}/replicationFabrics/replicationProtectionContainers/replicationProtectedItems",
        "properties": {
            "friendlyName": it.friendly_name,
            "protectedItemType": "",
            "protectableItemId": world.ids.protectable(it.source_id),
            "recoveryServicesProviderId": world.ids.provider_id,
            "primaryFabricFriendlyName": world.cs_name,
            "primaryFabricProvider": "InMageFabric",
            "recoveryFabricFriendlyName": world.cs_name if it.is_reversed else AZURE,
            "recoveryFabricId": world.ids.fabric_id if it.is_reversed else AZURE,
            "primaryProtectionContainerFriendlyName": world.cs_name,
            "recoveryProtectionContainerFriendlyName": world.cs_name if it.is_reversed else AZURE,
            "protectionState": state,
            "protectionStateDescription": description,
            "activeLocation": it.shows.location,
            "testFailoverState": "None",
            "testFailoverStateDescription": "None",
            "allowedOperations": list(it.allowed),
            "replicationHealth": "Critical" if it.sync and it.sync.is_stalled else "Normal",
            "failoverHealth": "Warning" if it.stage is Stage.PROTECTED else "Normal",
            "healthErrors": _health_errors(it),
            "policyId": world.ids.policy(it.policy),
            "policyFriendlyName": it.policy,
            **_last_failover(it),
            "currentScenario": _scenario(world, it),
            "failoverRecoveryPointId": "" if it.last_failover else None,
            "providerSpecificDetails": details(world, it, now),
            "recoveryContainerId": world.ids.container_id if it.is_reversed else f"{world.ids.vault}/{AZURE_CONTAINER}",
            "eventCorrelationId": str(derived_uuid("correlation", it.friendly_name)),
        },
    }
    body = world.overlay.apply("item", it.friendly_name, body)
    return _thin(body) if in_list else body


def _thin(body: Json) -> Json:
    """Leave out what LIST leaves out."""
    details = body["properties"]["providerSpecificDetails"]  # type: ignore[index]
    details |= {"masterTargetId": None, "diskResized": None, "protectedDisks": []}
    if details["instanceType"] == "InMage":
        details |= dict.fromkeys(("osDetails", "retentionWindowStart", "retentionWindowEnd", "consistencyPoints"))
    else:
        details |= {"protectedManagedDisks": []}
    return body


def _last_failover(it: Item) -> Json:
    """Absent where there was none (recorded)."""
    return {"lastSuccessfulFailoverTime": wire_time(it.last_failover)} if it.last_failover else {}


def _scenario(world: World, it: Item) -> Json:
    if it.running is None:
        return {"scenarioName": "None", "jobId": world.ids.job("None"), "startTime": IDLE_SINCE}
    return {
        "scenarioName": it.running.scenario,
        "jobId": world.ids.job(it.running.job),
        "startTime": wire_time(it.running.started),
    }


def _health_errors(it: Item) -> list[Json]:
    if it.stage is Stage.PROTECTED:
        text = f"No successful test failover has been done on the virtual machine '{it.friendly_name}'."
        cause = "No successful test failover has been done on the virtual machine after it was replicated."
        return [_health_error(it, "161011", "8010", "Warning", (text, cause, "Do a test failover on the virtual machine."))]
    if it.stage is Stage.REVERSE_PROTECTED:
        text = f"The virtual machine '{it.friendly_name}' was powered up after it had been shut down."
        return [_health_error(it, "548004", "548004", "Info", (text, "", ""))]
    if it.sync and it.sync.is_stalled:
        text = f"Replication of '{it.friendly_name}' makes no progress: the master target's version is newer."
        return [_health_error(it, "LAB-UNKNOWN-20", "20", "Error", (text, "", "Update the servers."))]
    return []


def _health_error(it: Item, code: str, kind: str, level: str, texts: tuple[str, str, str]) -> Json:
    message, causes, action = texts
    return {
        "innerHealthErrors": [],
        "errorSource": "ReplicationUnitFailoverValidatorError",
        "errorType": kind,
        "errorLevel": level,
        "errorCategory": "TestFailover" if code == "161011" else "Replication",
        "errorCode": code,
        "summaryMessage": "",
        "errorMessage": message,
        "possibleCauses": causes,
        "recommendedAction": action,
        "creationTimeUtc": wire_time(
            it.protected_since or it.last_failover or datetime.fromisoformat("2021-04-06T10:34:15+00:00")
        ),
        "recoveryProviderErrorMessage": None,
        "entityId": it.source_id,
        "errorId": f"6:{kind}",
        "customerResolvability": "NotAllowed",
    }
