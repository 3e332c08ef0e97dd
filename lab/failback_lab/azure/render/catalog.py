"""Policies, mappings, protectable items, recovery points and recovery plans."""

from failback_lab.azure.arm import Json
from failback_lab.azure.clock import IDLE_SINCE, wire_time
from failback_lab.azure.items import Item
from failback_lab.azure.points import Point
from failback_lab.azure.servers import Mapping, Policy
from failback_lab.azure.world import RecoveryPlan, World

from .servers import SR

CONTAINERS = f"{SR}/replicationFabrics/replicationProtectionContainers"


def policy(world: World, it: Policy) -> Json:
    """A policy; times in minutes, multiVmSyncStatus as Enabled or Disabled."""
    crash = {} if it.is_failback else {"crashConsistentFrequencyInMinutes": it.crash_consistent}
    body: Json = {
        "id": world.ids.policy(it.name),
        "name": it.name,
        "type": f"{SR}/replicationPolicies",
        "properties": {
            "friendlyName": it.name,
            "providerSpecificDetails": {
                "instanceType": it.instance_type,
                **crash,
                "recoveryPointThresholdInMinutes": it.rpo_threshold,
                "recoveryPointHistory": it.retention,
                "appConsistentFrequencyInMinutes": it.app_consistent,
                "multiVmSyncStatus": "Enabled" if it.multi_vm_sync else "Disabled",
            },
        },
    }
    return world.overlay.apply("policy", it.name, body)


def mapping(world: World, it: Mapping) -> Json:
    """A mapping: towards Azure, or for failback from the container to itself."""
    is_failback = world.policies[it.policy].is_failback
    target = world.ids.container_id if is_failback else "Microsoft Azure"
    friendly = world.cs_name if is_failback else "Microsoft Azure"
    body: Json = {
        "id": f"{world.ids.container_id}/replicationProtectionContainerMappings/{it.name}",
        "name": it.name,
        "type": f"{CONTAINERS}/replicationProtectionContainerMappings",
        "properties": {
            "targetProtectionContainerId": target,
            "targetProtectionContainerFriendlyName": friendly,
            "providerSpecificDetails": None,
            "health": "Normal",
            "healthErrorDetails": [],
            "policyId": world.ids.policy(it.policy),
            "state": "Paired",
            "sourceProtectionContainerFriendlyName": world.cs_name,
            "sourceFabricFriendlyName": world.cs_name,
            "targetFabricFriendlyName": friendly,
            "policyFriendlyName": it.policy,
        },
    }
    return world.overlay.apply("mapping", it.name, body)


def protectable(world: World, it: Item, *, is_physical: bool) -> Json:
    """A machine of the configuration server's database: discovered in vCenter, or an Azure VM as a physical one."""
    name = it.physical_id if is_physical else it.vm_id
    is_protected = name == it.source_id
    body: Json = {
        "id": world.ids.protectable(name),
        "name": name,
        "type": f"{CONTAINERS}/replicationProtectableItems",
        "properties": {
            "friendlyName": it.friendly_name,
            "protectionStatus": "Protected" if is_protected else "Unprotected",
            "replicationProtectedItemId": world.ids.item(it.name) if is_protected else None,
            "recoveryServicesProviderId": world.ids.provider_id,
            "protectionReadinessErrors": [],
            "supportedReplicationProviders": ["InMage" if is_physical else "InMageAzureV2"],
            "customDetails": _discovered(world, it, is_physical=is_physical),
        },
    }
    return world.overlay.apply("protectable", f"{it.friendly_name}{'-az' if is_physical else ''}", body)


def _discovered(world: World, it: Item, *, is_physical: bool) -> Json:
    return {
        "instanceType": "VMwareVirtualMachine",
        "agentGeneratedId": it.physical_id if is_physical else it.vm_id,
        "agentInstalled": "Installed",
        # Upper case here, unlike the item's own osType (recorded).
        "osType": it.guest.family.upper(),
        "agentVersion": world.vault.configuration_server.agent_version,
        "ipAddress": it.azure_ip if is_physical else it.machine.ips[0],
        "poweredOn": "Off" if is_physical or it.azure_vm else "On",
        "vCenterInfrastructureId": "11" if is_physical else "9",
        "discoveryType": "Physical" if is_physical else "vCenter",
        "diskDetails": [_disk(it, index) for index in range(len(it.machine.disks))],
        "validationErrors": [],
    }


def _disk(it: Item, index: int) -> Json:
    is_first = index == 0
    return {
        "diskId": "{" + str(it.machine.disk_uuid(index)).upper() + "}",
        "diskName": f"\\\\.\\PHYSICALDRIVE{index}",
        "diskSizeInMB": str(it.machine.disks[index].size_gib * 1024),
        "diskType": "OperatingSystem" if is_first else "Data",
        "diskConfiguration": "Basic",
        "volumeList": [{"label": "", "name": "C"}] if is_first and it.guest.family == "Windows" else [],
    }


def point(world: World, it: Item, at: Point) -> Json:
    """A recovery point."""
    return {
        "id": f"{world.ids.item(it.name)}/recoveryPoints/{at.name}",
        "name": at.name,
        "type": f"{CONTAINERS}/replicationProtectedItems/recoveryPoints",
        "properties": {
            "recoveryPointTime": wire_time(at.time),
            "recoveryPointType": "AppConsistent" if at.is_app_consistent else "CrashConsistent",
            "providerSpecificDetails": None if it.is_reversed else {"instanceType": "InMageAzureV2", "isMultiVmSyncPoint": "No"},
        },
    }


def plan(world: World, it: RecoveryPlan) -> Json:
    """A recovery plan."""
    return {
        "id": f"{world.ids.vault}/replicationRecoveryPlans/{it.name}",
        "name": it.name,
        "type": f"{SR}/replicationRecoveryPlans",
        "properties": {
            "friendlyName": it.name,
            "primaryFabricId": it.primary_fabric,
            "primaryFabricFriendlyName": world.cs_name,
            "recoveryFabricId": it.recovery_fabric,
            "recoveryFabricFriendlyName": world.cs_name if it.recovery_fabric.startswith("/") else it.recovery_fabric,
            "failoverDeploymentModel": "ResourceManager",
            "replicationProviders": sorted({i.shows.instance_type for i in world.items.values()}),
            "allowedOperations": [],
            "currentScenario": {"scenarioName": "None", "jobId": world.ids.job("None"), "startTime": IDLE_SINCE},
            "currentScenarioStatus": "None",
            "currentScenarioStatusDescription": "None",
            "groups": it.groups,
            "providerSpecificDetails": [],
        },
    }
