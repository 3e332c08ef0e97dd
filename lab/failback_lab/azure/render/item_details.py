"""The provider's part of a protected item: InMageAzureV2 towards Azure, InMage towards the site.

Members, nulls and numbers as recorded; what they are while data is copied is the lab's own choice.
"""

from datetime import datetime, timedelta

from failback_lab.azure.arm import Json
from failback_lab.azure.clock import NO_EXPIRY, wire_seconds, wire_time
from failback_lab.azure.estate import VM
from failback_lab.azure.items import Item
from failback_lab.azure.points import consistency_points
from failback_lab.azure.world import VCENTER_RECORD, World
from failback_lab.scenario import GIB

from .servers import HEARTBEAT_AGE


def details(world: World, it: Item, now: datetime) -> Json:
    """The provider's part as it was last heard at `now`."""
    return _in_mage(world, it, now) if it.is_reversed else _in_mage_azure_v2(world, it, now)


def _rpo(now: datetime) -> int:
    """A recovery point objective that keeps moving between 2 and 5 minutes."""
    return 120 + int(now.timestamp()) % 180


def _replication(it: Item, now: datetime) -> Json:
    """What both providers tell of the replication itself."""
    state, description = it.state
    return {
        "protectionStage": "InitialSync" if it.sync else "DifferentialSync",
        "vmProtectionState": state,
        "vmProtectionStateDescription": description,
        "rpoInSeconds": _rpo(now),
        "lastHeartbeat": wire_seconds(now - HEARTBEAT_AGE),
        "lastRpoCalculatedTime": wire_seconds(now - HEARTBEAT_AGE),
        "lastUpdateReceivedTime": wire_time(now - HEARTBEAT_AGE),
        "processServerId": it.process_server,
        "multiVmGroupId": it.group_id,
        "multiVmGroupName": it.group_name,
        "multiVmSyncStatus": "Enabled",
        "sourceVmRamSizeInMB": 0,
        "diskResized": "NotResized",
        "datastores": list(dict.fromkeys(d.datastore or it.machine.datastore for d in it.machine.disks)),
        "validationErrors": [],
        "isAdditionalStatsAvailable": False,
        "totalProgressHealth": "InProgress" if it.sync else "Completed",
    }


def _in_mage(world: World, it: Item, now: datetime) -> Json:
    return {
        "instanceType": "InMage",
        "activeSiteType": it.shows.site,
        **_replication(it, now),
        **_of_physical_machine(world, it),
        **_points_kept(world, it, now),
        "resyncDetails": {
            "initialReplicationType": "InitialReplication",
            "initialReplicationProgressPercentage": str(it.sync.overall(now) if it.sync else 0),
        },
        "compressedDataRateInMB": 17.353750228882,
        "uncompressedDataRateInMB": 183.08417224884,
        "protectedDisks": [_disk(it, index, now) for index in range(len(it.machine.disks))],
        "masterTargetId": it.master_target,
        "azureStorageAccountId": None,
        "replicaId": it.vm_id,
        "totalDataTransferred": 0,
    }


def _of_physical_machine(world: World, it: Item) -> Json:
    """The Azure VM, which is a physical machine to the configuration server (recorded), and its agent."""
    return {
        "vmId": it.physical_id,
        "infrastructureVmId": it.physical_id,
        "vCenterInfrastructureId": None,
        "discoveryType": "Physical",
        "sourceVmCpuCount": 0,
        "osDetails": {"osVhdId": None, "osType": it.guest.family, "vhdName": None},
        "osVersion": None,
        "ipAddress": it.azure_ip,
        "vmNics": [_nic(it, None)],
        "rebootAfterUpdateStatus": None,
        "agentDetails": {
            "agentVersion": world.vault.configuration_server.agent_version,
            "agentUpdateStatus": "NotRequired",
            "postUpdateRebootStatus": "NotRequired",
            "agentExpiryDate": NO_EXPIRY,
        },
    }


def _points_kept(world: World, it: Item, now: datetime) -> Json:
    """The points to which the machine could go back."""
    start, end = _retention_window(world, it, now)
    return {
        "retentionWindowStart": start,
        "retentionWindowEnd": end,
        "consistencyPoints": {name: wire_time(moment) for name, moment in consistency_points(world, it).items()},
    }


def _retention_window(world: World, it: Item, now: datetime) -> tuple[str | None, str | None]:
    if it.protected_since is None:
        return None, None
    return wire_seconds(max(it.protected_since, now - world.retention_of(it))), wire_seconds(now)


def _disk(it: Item, index: int, now: datetime) -> Json:
    size = it.machine.disks[index].size_gib * GIB
    percent = it.sync.percent(index, now) if it.sync else 0
    total = it.sync.disks[index].total_bytes if it.sync else 0
    moved = total * percent // 100
    is_copying = it.sync is not None and percent < 100
    return {
        "diskId": "{" + str(it.machine.disk_uuid(index)).upper() + "}",
        "diskName": f"Disk{index}",
        "protectionStage": "InitialSync" if is_copying else "DifferentialSync",
        "healthErrorCode": None,
        "rpoInSeconds": _rpo(now),
        "resyncRequired": "NotRequired",
        "resyncProgressPercentage": percent,
        "resyncDurationInSeconds": int((now - it.sync.started).total_seconds()) if it.sync else 298,
        "diskCapacityInBytes": size,
        "fileSystemCapacityInBytes": size,
        "sourceDataInMB": 0.0,
        "psDataInMB": 0.0,
        "targetDataInMB": 0.0,
        "diskResized": "NotResized",
        "lastRpoCalculatedTime": wire_seconds(now - HEARTBEAT_AGE),
        "resyncProcessedBytes": moved,
        "resyncTotalTransferredBytes": moved,
        "resyncLast15MinutesTransferredBytes": moved,
        "resyncLastDataTransferTimeUTC": wire_seconds(now - HEARTBEAT_AGE) if is_copying else None,
        "resyncStartTime": wire_seconds(it.sync.started) if it.sync else None,
        "progressHealth": "InProgress" if is_copying else "Completed",
        "progressStatus": "Green" if is_copying else "Grey",
    }


def _azure_v2_disk(it: Item, index: int, now: datetime) -> Json:
    disk = _disk(it, index, now)
    for name in ("source", "ps", "target"):
        disk[f"{name}DataInMegaBytes"] = disk.pop(f"{name}DataInMB")
    return disk


def _in_mage_azure_v2(world: World, it: Item, now: datetime) -> Json:
    server = world.process_servers.get(it.process_server)
    count = range(len(it.machine.disks))
    return {
        "instanceType": "InMageAzureV2",
        **_replication(it, now),
        **_of_vmware_machine(world, it),
        **_recovery_vm(world, it),
        "resyncProgressPercentage": it.sync.overall(now) if it.sync else 0,
        "compressedDataRateInMB": 1119.979932785,
        "uncompressedDataRateInMB": 1119.979932785,
        "processServerName": server.name if server else None,
        "protectedDisks": [_azure_v2_disk(it, index, now) for index in count],
        "protectedManagedDisks": [_managed_disk(world, it, index) for index in count],
        "masterTargetId": it.process_server,
        "replicaId": f"{it.vm_id}_replica_{world.ids.container}",
        "lastRecoveryPointReceived": wire_time(now - timedelta(seconds=_rpo(now))),
        "totalDataTransferred": -1,
    }


def _of_vmware_machine(world: World, it: Item) -> Json:
    """The machine of the site, as vCenter shows it, and its agent."""
    cpu = "sourceVmCPUCount" if world.config.casing_drift else "sourceVmCpuCount"
    return {
        "vmId": it.vm_id,
        "infrastructureVmId": it.vm_id,
        "vCenterInfrastructureId": None if it.is_physical else VCENTER_RECORD,
        "discoveryType": "Physical" if it.is_physical else "vCenter",
        cpu: 0,
        "osType": it.guest.family,
        "osVersion": it.system or it.guest.asr_version,
        "vhdName": None,
        "osDiskId": None,
        "firmwareType": "BIOS",
        "ipAddress": it.machine.ips[0],
        "selectedSourceNicId": it.machine.mac_address.upper(),
        "agentVersion": world.vault.configuration_server.agent_version,
        "agentExpiryDate": NO_EXPIRY,
        "isAgentUpdateRequired": "NotRequired",
        "isRebootAfterUpdateRequired": "NotRequired",
    }


def _recovery_vm(world: World, it: Item) -> Json:
    """The Azure VM that there is, or will be: its size, its place and its network."""
    estate, vault = world.estate, world.vault
    return {
        # Ends in an empty name while there is no Azure VM (recorded).
        "targetVmId": world.ids.of(estate.vm_group, VM, it.azure_vm or ""),
        "recoveryAzureVMName": it.azure_vm_name,
        "recoveryAzureVMSize": "Standard_F2s_v2",
        "recoveryAzureResourceGroupId": f"/subscriptions/{world.ids.subscription}/resourceGroups/{estate.vm_group}",
        "recoveryAzureStorageAccount": None,
        "recoveryAzureLogStorageAccountId": world.ids.of(
            vault.resource_group, "Microsoft.Storage/storageAccounts", vault.log_storage_account
        ),
        "recoveryAvailabilitySetId": None,
        "targetAvailabilityZone": None,
        "targetProximityPlacementGroupId": None,
        "azureVMDiskDetails": None,
        "azureVmGeneration": "V1",
        "useManagedDisks": "true",
        "enableRdpOnTargetOption": "Never",
        "licenseType": "NotSpecified",
        "sqlServerLicenseType": "NotSpecified",
        "vmNics": [_nic(it, estate.network_id, estate.subnet_of(it.azure_ip))],
        "selectedRecoveryAzureNetworkId": estate.network_id,
        "selectedTfoAzureNetworkId": None,
        "targetVmTags": {},
        "seedManagedDiskTags": None,
        "targetManagedDiskTags": None,
        "targetNicTags": {},
    }


def _managed_disk(world: World, it: Item, index: int) -> Json:
    name = f"ms-{it.machine.disk_uuid(index)}"
    return {
        "diskId": "{" + str(it.machine.disk_uuid(index)).upper() + "}",
        "seedManagedDiskId": world.ids.of(world.estate.vm_group, "Microsoft.Compute/disks", name),
        "replicaDiskType": "Standard_LRS",
        "diskEncryptionSetId": None,
    }


def _nic(it: Item, network: str | None, subnet: str = "") -> Json:
    forward = network is not None
    address: Json = {
        "name": None,
        "isPrimary": True,
        "subnetName": "Subnet-1",
        "staticIPAddress": None,
        "ipAddressType": "Dynamic",
        "isSeletedForFailover": True,
        "recoverySubnetName": subnet,
        "recoveryStaticIPAddress": it.azure_ip if forward else "",
        "recoveryIPAddressType": "Static" if forward else "Dynamic",
        "recoveryPublicIPAddressId": None,
        "recoveryLBBackendAddressPoolIds": None,
        "tfoSubnetName": None,
        "tfoStaticIPAddress": None,
        "tfoPublicIPAddressId": None,
        "tfoLBBackendAddressPoolIds": None,
    }
    mac = it.machine.mac_address if forward else "00:22:48:" + it.machine.mac_address[-8:]
    return {
        "nicId": mac.upper(),
        "replicaNicId": None,
        "sourceNicArmId": None,
        "vMNetworkName": "Intel(R) 82574L Gigabit Network Connection" if forward else "Microsoft Hyper-V Network Adapter #2",
        "recoveryVMNetworkId": network,
        "ipConfigs": [address],
        "selectionType": "SelectedByUser" if forward else "NotSelected",
        "recoveryNetworkSecurityGroupId": None,
        "enableAcceleratedNetworkingOnRecovery": None,
        "tfoVMNetworkId": None,
        "tfoNetworkSecurityGroupId": None,
        "enableAcceleratedNetworkingOnTfo": None,
        "recoveryNicName": None,
        "recoveryNicResourceGroupName": None,
        "reuseExistingNic": False,
        "tfoRecoveryNicName": None,
        "tfoRecoveryNicResourceGroupName": None,
        "tfoReuseExistingNic": False,
    }
