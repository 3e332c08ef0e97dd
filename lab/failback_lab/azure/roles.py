"""Built-in roles, as far as the operator may need them, by what they give.

Source: Azure built-in roles, Site Recovery Operator (494ae006-db33-4328-bf46-533a6560a3ca) and Reader.
"""

_VAULTS = "Microsoft.RecoveryServices/vaults"
_FABRICS = f"{_VAULTS}/replicationFabrics"
_CONTAINERS = f"{_FABRICS}/replicationProtectionContainers"
_ITEMS = f"{_CONTAINERS}/replicationProtectedItems"
_PROVIDERS = f"{_FABRICS}/replicationRecoveryServicesProviders"

SITE_RECOVERY_OPERATOR = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Network/virtualNetworks/read",
    f"{_VAULTS}/read",
    f"{_VAULTS}/replicationAlertSettings/read",
    f"{_VAULTS}/replicationEvents/read",
    f"{_FABRICS}/read",
    f"{_FABRICS}/checkConsistency/action",
    f"{_FABRICS}/reassociateGateway/action",
    f"{_FABRICS}/renewcertificate/action",
    f"{_CONTAINERS}/read",
    f"{_CONTAINERS}/replicationProtectableItems/read",
    f"{_CONTAINERS}/replicationProtectionContainerMappings/read",
    f"{_ITEMS}/read",
    f"{_ITEMS}/recoveryPoints/read",
    *(
        f"{_ITEMS}/{action}/action"
        for action in (
            "applyRecoveryPoint",
            "failoverCommit",
            "plannedFailover",
            "repairReplication",
            "reProtect",
            "testFailover",
            "testFailoverCleanup",
            "unplannedFailover",
            "updateMobilityService",
        )
    ),
    f"{_PROVIDERS}/read",
    f"{_PROVIDERS}/refreshProvider/action",
    f"{_FABRICS}/replicationvCenters/read",
    f"{_VAULTS}/replicationJobs/*",
    f"{_VAULTS}/replicationPolicies/read",
    f"{_VAULTS}/replicationRecoveryPlans/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Storage/storageAccounts/read",
)
"""On the vault. Of the vault's lists it gives those of policies and jobs; items and mappings are listed by container."""

FAILBACK_POLICY_WRITER = (
    f"{_VAULTS}/replicationPolicies/write",
    f"{_CONTAINERS}/replicationProtectionContainerMappings/write",
)
"""What making and associating a failback policy needs beside that role."""

READER = ("*/read",)
"""On the subscription of the Azure machines; where the vault is in the same one, it is read by it, too."""

READER_OF_MACHINES = ("Microsoft.Compute/*/read", "Microsoft.Network/*/read", "Microsoft.Authorization/*/read")
"""What that role gives where the vault is in another subscription."""
