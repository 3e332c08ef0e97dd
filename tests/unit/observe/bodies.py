"""JSON bodies in the forms that are on record: `/Subscriptions`, nulls, numbers as text, sentinel dates, drifting case."""

import copy
from typing import Any

VAULT = "/Subscriptions/c183865e/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/vault1"
FABRIC = f"{VAULT}/replicationFabrics/b0cef6e9"
CONTAINER = f"{FABRIC}/replicationProtectionContainers/cloud_7328549c"
ITEM = f"{CONTAINER}/replicationProtectedItems/db-1-rpi"
VM = "/subscriptions/c183865e/resourceGroups/rg-vms/providers/Microsoft.Compute/virtualMachines/db-1"
STORAGE = "/subscriptions/c183865e/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"
NEVER = "0001-01-01T00:00:00"
FOREVER = "9999-12-31T23:59:59.9999999"

Body = dict[str, Any]

IDLE = {"scenarioName": "None", "jobId": f"{VAULT}/replicationJobs/None", "startTime": "1753-01-01T01:01:01Z"}


def failed_over() -> Body:
    """GET of a classic item that runs in Azure (committed)."""
    return {
        "id": ITEM,
        "name": "db-1-rpi",
        "type": "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers/replicationProtectedItems",
        "properties": {
            "friendlyName": "db-1",
            "protectedItemType": "",
            "recoveryServicesProviderId": f"{FABRIC}/replicationRecoveryServicesProviders/7328549c",
            "protectionState": "UnplannedFailoverCommitted",
            "protectionStateDescription": "Failover committed",
            "activeLocation": "Recovery",
            "allowedOperations": ["CompleteMigration", "DisableProtection", "SwitchProtection"],
            "replicationHealth": "Normal",
            "failoverHealth": "Warning",
            "healthErrors": [
                {
                    "errorSource": "Provider",
                    "errorLevel": "Warning",
                    "errorCode": "161011",
                    "summaryMessage": "",
                    "errorMessage": "No test failover has been done.",
                    "possibleCauses": "None was tried.",
                    "recommendedAction": "Do one.",
                    "errorId": "161011",
                }
            ],
            "policyId": f"{VAULT}/replicationPolicies/policy-24h",
            "lastSuccessfulFailoverTime": "2026-11-24T05:01:02.1234567Z",
            "lastSuccessfulTestFailoverTime": NEVER,
            "currentScenario": copy.deepcopy(IDLE),
            "providerSpecificDetails": {
                "instanceType": "InMageAzureV2",
                "targetVmId": VM,
                "osType": "Windows",
                "osVersion": "Microsoft Windows Server 2019 Datacenter",
                "processServerId": "PS-1",
                "masterTargetId": "PS-1",
                "multiVmGroupId": "6f2a",
                "multiVmGroupName": "payroll",
                "agentVersion": "9.61.0.0",
                "agentExpiryDate": FOREVER,
                "lastHeartbeat": "2026-11-24T07:58:00Z",
                "rpoInSeconds": 232,
                "datastores": ["vmfs-2", "vmfs-1"],
                "vCenterFQDN": "vcenter.example.com",
                "vCenterInfrastructureId": "9",
                "infrastructureVmId": "0580D3FC",
                "firmwareType": "UEFI",
                "vmNics": [{"nicId": "00:50:56:9A:0F:1C"}, {"nicId": None}, {"nicId": "4000"}],
                "replicaId": "0580d3fc_replica",
                "ipAddress": "10.10.1.11",
                "discoveryType": "vCenter",
                "uncompressedDataRateInMB": 1119.979932785,
                "recoveryAzureLogStorageAccountId": STORAGE,
                "protectedDisks": [
                    {
                        "diskId": "{A8A3}",
                        "diskName": "Disk0",
                        "diskCapacityInBytes": 85899345920,
                        "resyncRequired": "NotRequired",
                        "resyncProgressPercentage": 0,
                        "rpoInSeconds": 232,
                    },
                ],
                "protectedManagedDisks": [],
            },
        },
    }


def reprotected() -> Body:
    """GET of the same item while it is copied back: InMage, running in Azure."""
    body = failed_over()
    body["properties"] |= {
        "protectionState": "InitialReplicationInProgress",
        "activeLocation": "Primary",
        "allowedOperations": ["DisableProtection"],
        "lastSuccessfulFailoverTime": "2026-11-20T00:00:00Z",
        "currentScenario": {
            "scenarioName": "IrCompletion",
            "jobId": f"{VAULT}/replicationJobs/1b6d",
            "startTime": "2026-11-24T08:00:00Z",
        },
        "policyId": f"{VAULT}/replicationPolicies/policy-24h-failback",
        "providerSpecificDetails": {
            "instanceType": "InMage",
            "activeSiteType": "Azure",
            "osDetails": {"osType": "Windows", "productType": None},
            "processServerId": "PS-1",
            "masterTargetId": "MT-1",
            "multiVmGroupId": "6f2a",
            "multiVmGroupName": "payroll",
            "protectedDisks": [
                {
                    "diskId": "{A8A3}",
                    "diskName": "C:",
                    "protectionStage": "DifferentialSync",
                    "resyncRequired": "NotRequired",
                    "resyncProgressPercentage": "41",
                    "diskCapacityInBytes": "85899345920",
                    "rpoInSeconds": None,
                }
            ],
            "consistencyPoints": {"Tag2": "2026-11-24T07:30:00Z", "tag1": "2026-11-24T06:30:00Z", "tag0": NEVER},
            "agentDetails": {"agentVersion": "9.61.0.0", "agentExpiryDate": FOREVER},
            "rpoInSeconds": None,
            "lastHeartbeat": NEVER,
            "discoveryType": "Physical",
            "vCenterInfrastructureId": None,
            "datastores": None,
            "validationErrors": None,
        },
    }
    return body


def job() -> Body:
    """GET of a failed reprotect whose real error is its child's."""
    return {
        "id": f"{VAULT}/replicationJobs/5c23534f",
        "name": "5c23534f",
        "properties": {
            "scenarioName": "SwitchReplicationGroupProtection",
            "friendlyName": "Reprotect",
            "state": "Failed",
            "stateDescription": "Failed",
            "startTime": "2026-11-24T08:00:00.1Z",
            "endTime": "2026-11-24T08:02:00Z",
            "targetObjectId": "42ef5978",
            "targetObjectName": "db-1",
            "targetInstanceType": "ProtectionEntity",
            "allowedActions": [],
            "tasks": [
                {
                    "taskId": "VmCommitFailover",
                    "state": "Other",
                    "stateDescription": "Skipped",
                    "startTime": NEVER,
                    "endTime": NEVER,
                    "customDetails": None,
                    "groupTaskCustomDetails": None,
                    "errors": [],
                },
                {
                    "taskId": "ProtectReplicaTask",
                    "state": "Failed",
                    "errors": [
                        {"serviceErrorDetails": {"code": "95226", "message": "not reachable"}, "taskId": "ProtectReplicaTask"}
                    ],
                    "groupTaskCustomDetails": {
                        "instanceType": "InlineWorkflowTaskDetails",
                        "childTasks": [
                            {
                                "taskId": "child",
                                "customDetails": {
                                    "instanceType": "JobTaskDetails",
                                    "jobTask": {"jobId": f"{VAULT}/replicationJobs/enable-1", "jobScenarioName": "EnableDr"},
                                },
                            }
                        ],
                    },
                },
            ],
            "errors": [
                {
                    "serviceErrorDetails": {
                        "code": "95226",
                        "message": "not reachable",
                    },
                    "providerErrorDetails": {
                        "errorCode": 78093,
                        "errorMessage": "VM is not running",
                        "errorId": "x",
                        "possibleCauses": "off",
                        "recommendedAction": "start it",
                    },
                    "errorLevel": "Error",
                }
            ],
            "customDetails": {"instanceType": "SwitchProtectionJobDetails", "newReplicationProtectedItemId": None},
        },
    }


def fabric() -> Body:
    """GET of a classic fabric."""
    return {
        "id": FABRIC,
        "name": "b0cef6e9",
        "properties": {
            "friendlyName": "cs-1",
            "health": "Normal",
            "customDetails": {
                "instanceType": "VMware",
                "hostName": "cs-1",
                "ipAddress": "10.10.0.10",
                "csServiceStatus": "Running",
                "agentVersion": "9.61.0.0",
                "versionStatus": "Supported",
                "lastHeartbeat": "2026-11-24T07:59:00Z",
                "sslCertExpiryDate": FOREVER,
                "protectedServers": "8",
                "processServers": [
                    {
                        "friendlyName": "cs-1",
                        "id": "PS-1",
                        "ipAddress": "10.10.0.10",
                        "osType": "Windows",
                        "osVersion": None,
                        "agentVersion": "9.61.0.0",
                        "versionStatus": "Supported",
                        "lastHeartbeat": "2026-11-24T07:59:00Z",
                        "psServiceStatus": "Running",
                        "machineCount": "8",
                        "health": "Normal",
                        "healthErrors": [],
                    }
                ],
                "masterTargetServers": [
                    {
                        "id": "MT-1",
                        "name": "mt-1",
                        "ipAddress": "10.10.0.21",
                        "osType": "Windows",
                        "osVersion": "Microsoft Windows Server 2022 Datacenter",
                        "agentVersion": "9.61.0.0",
                        "lastHeartbeat": "1601-01-01T00:00:00Z",
                        "diskCount": 3,
                        "retentionVolumes": [
                            {
                                "volumeName": "R",
                                "capacityInBytes": 644245094400,
                                "freeSpaceInBytes": 622770257920,
                                "thresholdPercentage": 25,
                            }
                        ],
                        "dataStores": [
                            {"symbolicName": "vmfs-1", "uuid": "u", "capacity": "439.5", "freeSpace": "154.11", "type": "VMFS"}
                        ],
                        "healthErrors": None,
                    },
                    {"id": "PS-1", "name": "cs-1", "retentionVolumes": None, "dataStores": [], "diskCount": None},
                ],
                "runAsAccounts": [{"accountId": "1", "accountName": "vmadmin"}],
            },
        },
    }


def listed(body: Body) -> Body:
    """The same item as LIST answers it: what LIST loses is null or empty."""
    body = copy.deepcopy(body)
    details = body["properties"]["providerSpecificDetails"]
    details |= {"masterTargetId": None, "osDetails": None, "protectedDisks": [], "consistencyPoints": {}}
    return body
