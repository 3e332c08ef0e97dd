"""The fabric with its servers, its provider, its container and its vCenter record.

Source: site-recovery facts, section 1 ("Fabric.customDetails", "ProcessServer", "MasterTargetServer").
"""

from datetime import datetime, timedelta

from failback_lab.azure.arm import Json
from failback_lab.azure.clock import NO_EXPIRY, wire_seconds, wire_time
from failback_lab.azure.items import Stage
from failback_lab.azure.servers import MasterTarget, ProcessServer, host_id
from failback_lab.azure.world import World
from failback_lab.scenario import GIB, derived_uuid

SR = "Microsoft.RecoveryServices/vaults"
HEARTBEAT_AGE = timedelta(seconds=25)
CERTIFICATE_LIFE = timedelta(days=700)
MARS_VERSION = "2.0.9202.0"


def vault(world: World) -> Json:
    """The vault. Its id is spelled as Resource Manager spells it, not as Site Recovery does (recorded)."""
    ids = world.ids
    body: Json = {
        "location": world.vault.location,
        "name": ids.vault_name,
        "etag": "W/\"datetime'2021-03-24T14%3A01%3A50.8326358Z'\"",
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpointStateForBackup": "None",
            "privateEndpointStateForSiteRecovery": "None",
        },
        "id": ids.vault.replace("/Subscriptions/", "/subscriptions/"),
        "type": SR,
        "sku": {"name": "RS0", "tier": "Standard"},
    }
    return world.overlay.apply("vault", ids.vault_name, body)


def fabric(world: World) -> Json:
    """The fabric: one a configuration server. GET and LIST are alike for it (recorded)."""
    encryption = {"kekState": "None", "kekCertThumbprint": None}
    body: Json = {
        "name": world.ids.fabric,
        "type": f"{SR}/replicationFabrics",
        "id": world.ids.fabric_id,
        "properties": {
            "friendlyName": world.cs_name,
            "encryptionDetails": dict(encryption),
            "rolloverEncryptionDetails": dict(encryption),
            "internalIdentifier": world.ids.provider,
            "bcdrState": "Valid",
            "customDetails": _vmware_details(world),
            "healthErrorDetails": [],
            "health": "Normal",
        },
    }
    return world.overlay.apply("fabric", world.cs_name, body)


def _vmware_details(world: World) -> Json:
    cs = world.vault.configuration_server
    now = world.heard()
    pairs = sum(len(i.machine.disks) for i in world.items.values())
    status = "Running" if world.is_connected else "Stopped"
    return {
        "instanceType": "VMware",
        "processServers": [_process_server(world, s, now) for s in world.process_servers.values()],
        "masterTargetServers": [_master_target(world, t, now) for t in world.master_targets.values()],
        "runAsAccounts": [{"accountId": str(i), "accountName": n} for i, n in enumerate(cs.run_as_accounts, start=1)],
        "replicationPairCount": str(pairs),
        "processServerCount": str(len(world.process_servers)),
        "agentCount": str(len(world.items) + len(world.process_servers)),
        "protectedServers": str(len(world.items)),
        **_load(now),
        "webLoad": "0",
        "webLoadStatus": "Green",
        "databaseServerLoad": "0.25",
        "databaseServerLoadStatus": "Green",
        "csServiceStatus": status,
        "ipAddress": world.cs_address or cs.ip_address,
        "agentVersion": cs.agent_version,
        "hostName": world.cs_name,
        "lastHeartbeat": wire_time(now - HEARTBEAT_AGE),
        "versionStatus": "Supported",
        **_certificate(world, now),
        "psTemplateVersion": "202102.14.00",
        "agentExpiryDate": NO_EXPIRY,
        "agentVersionDetails": _version(cs.agent_version),
    }


def _version(version: str) -> Json:
    return {"version": version, "expiryDate": NO_EXPIRY, "status": "Supported"}


def _certificate(world: World, now: datetime) -> Json:
    """The certificate of a server: made when the lab began, so that its end does not move."""
    end = world.clock.started + CERTIFICATE_LIFE
    return {"sslCertExpiryDate": wire_seconds(end), "sslCertExpiryRemainingDays": (end - now).days}


def _load(now: datetime) -> Json:
    """Load that keeps moving a little: numbers as strings, as recorded."""
    wave = now.second % 7
    return {
        "systemLoad": str(wave),
        "systemLoadStatus": "Green",
        "cpuLoad": f"{wave + 2}%",
        "cpuLoadStatus": "Green",
        "totalMemoryInBytes": 16 * GIB,
        "availableMemoryInBytes": 12 * GIB - wave * 10_000_000,
        "memoryUsageStatus": "Green",
        "totalSpaceInBytes": 600 * GIB,
        "availableSpaceInBytes": 560 * GIB - wave * 50_000_000,
        "spaceUsageStatus": "Green",
    }


def _process_server(world: World, server: ProcessServer, now: datetime) -> Json:
    items = [i for i in world.items.values() if i.process_server == server.id and i.stage is not Stage.FAILED_OVER]
    updates = [{"version": server.agent_version, "rebootStatus": "NotRequired", "osType": os} for os in ("Windows", "Linux")]
    body: Json = {
        "friendlyName": server.name,
        "id": server.id,
        "ipAddress": server.ip_address,
        "osType": "Windows",
        "agentVersion": server.agent_version,
        "lastHeartbeat": wire_seconds(now - HEARTBEAT_AGE),
        "versionStatus": "Supported",
        "mobilityServiceUpdates": updates,
        "hostId": server.id,
        "machineCount": str(len(items)),
        "replicationPairCount": str(sum(len(i.machine.disks) for i in items)),
        **_load(now),
        "psServiceStatus": "Running",
        **_certificate(world, now),
        "osVersion": server.os_version,
        "healthErrors": [],
        "agentExpiryDate": NO_EXPIRY,
        "agentVersionDetails": _version(server.agent_version),
        "health": "Normal",
        "psStatsRefreshTime": wire_seconds(now - HEARTBEAT_AGE),
        "throughputUploadPendingDataInBytes": 0,
        "throughputInMBps": 0,
        "throughputInBytes": 4826,
        "throughputStatus": "Green",
        "marsCommunicationStatus": "1",
        "marsRegistrationStatus": "1",
    }
    return world.overlay.apply("processServer", server.name, body)


def _master_target(world: World, target: MasterTarget, now: datetime) -> Json:
    volumes = [target.retention[n] for n in target.listed if n in target.retention]
    body: Json = {
        "id": target.id,
        "ipAddress": target.ip_address,
        "name": target.name,
        "osType": target.os_family,
        "agentVersion": target.agent_version,
        "lastHeartbeat": wire_seconds(now - HEARTBEAT_AGE),
        "versionStatus": "Supported",
        "retentionVolumes": [
            {
                "volumeName": v.name,
                "capacityInBytes": v.capacity_bytes,
                "freeSpaceInBytes": v.free_bytes,
                "thresholdPercentage": None,
            }
            for v in volumes
        ],
        "dataStores": [
            {
                "symbolicName": d.name,
                "uuid": d.uuid,
                "capacity": _gib(d.capacity_bytes),
                "freeSpace": _gib(d.free_bytes),
                "type": d.type,
            }
            for d in target.datastores
        ],
        "validationErrors": [],
        "healthErrors": [],
        "diskCount": target.disk_count,
        "osVersion": target.os_version,
        "agentExpiryDate": NO_EXPIRY,
        "marsAgentVersion": MARS_VERSION,
        "marsAgentExpiryDate": NO_EXPIRY,
        "agentVersionDetails": _version(target.agent_version),
        "marsAgentVersionDetails": _version(MARS_VERSION),
    }
    return world.overlay.apply("masterTarget", target.name, body)


def _gib(count: int) -> str:
    """Gigabytes as a string with at most two decimals, `439.5` or `154.11` as recorded."""
    return f"{round(count / GIB, 2):g}" if count < 1000 * GIB else f"{count / GIB:.2f}".rstrip("0").rstrip(".")


def provider(world: World) -> Json:
    """The provider, through which discovery is refreshed."""
    cs = world.vault.configuration_server
    body: Json = {
        "id": world.ids.provider_id,
        "name": world.ids.provider,
        "type": f"{SR}/replicationFabrics/replicationRecoveryServicesProviders",
        "properties": {
            "fabricType": "VMware",
            "friendlyName": world.cs_name,
            "providerVersion": cs.agent_version,
            "serverVersion": cs.agent_version,
            "providerVersionState": "Latest",
            "fabricFriendlyName": world.cs_name,
            "lastHeartBeat": wire_time(world.heard() - HEARTBEAT_AGE),
            "connectionStatus": "Connected" if world.is_connected else "Disconnected",
            "protectedItemCount": len(world.items),
            "allowedScenarios": ["Refresh"],
        },
    }
    return world.overlay.apply("provider", world.cs_name, body)


def container(world: World) -> Json:
    """The protection container."""
    body: Json = {
        "id": world.ids.container_id,
        "name": world.ids.container,
        "type": f"{SR}/replicationFabrics/replicationProtectionContainers",
        "properties": {
            "fabricFriendlyName": world.cs_name,
            "friendlyName": world.cs_name,
            "fabricType": "VMware",
            "protectedItemCount": len(world.items),
            "pairingStatus": "Paired" if world.mappings else "NotPaired",
            "role": "Primary" if world.mappings else "",
            "fabricSpecificDetails": None,
        },
    }
    return world.overlay.apply("container", world.cs_name, body)


def vcenter(world: World) -> Json:
    """The vCenter server that the configuration server discovers."""
    address = world.scenario.vcenter.address
    name = address.split(".", 1)[0]
    heard = min(world.heard(), world.vcenter_lost or world.clock.now())
    body: Json = {
        "name": name,
        "type": f"{SR}/replicationFabrics/replicationvCenters",
        "id": f"{world.ids.fabric_id}/replicationvCenters/{name}",
        "properties": {
            "friendlyName": name,
            "internalId": str(derived_uuid("vcenter-record", address)),
            "lastHeartbeat": wire_seconds(heard - HEARTBEAT_AGE),
            "discoveryStatus": "Completed" if world.vcenter_lost is None else "Failed",
            "processServerId": host_id(world.cs_name),
            "ipAddress": address,
            "infrastructureId": world.vcenter_record,
            "port": "443",
            "runAsAccountId": "1",
            "fabricArmResourceName": world.ids.fabric,
            "healthErrors": [],
        },
    }
    return world.overlay.apply("vcenter", name, body)
