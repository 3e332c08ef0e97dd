"""Cases of what the operator may do, in Azure."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vault_unread
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

SITE, MACHINE = "RecoverySite/tokyo", "FailbackMachine/crm-1"
PASS, UNKNOWN = Outcome.PASS, Outcome.UNKNOWN
FABRICS = "Microsoft.RecoveryServices/vaults/replicationFabrics"


def may_not_read_policies(world: World) -> None:
    world.azure.deny("Microsoft.RecoveryServices/vaults/replicationPolicies/read")


def may_not_read_mappings(world: World) -> None:
    world.azure.deny("*/replicationProtectionContainerMappings/read")


def may_not_read_mappings_of_the_whole_vault(world: World) -> None:
    world.azure.deny("Microsoft.RecoveryServices/vaults/replicationProtectionContainerMappings/read")


def may_not_read_providers(world: World) -> None:
    world.azure.deny(f"{FABRICS}/replicationRecoveryServicesProviders/read")


def may_not_read_vcenters(world: World) -> None:
    world.azure.deny(f"{FABRICS}/replicationvCenters/read")


def may_not_read_azure_vms(world: World) -> None:
    world.azure.deny("Microsoft.Compute/virtualMachines/read")


def may_not_read_interfaces(world: World) -> None:
    world.azure.deny("Microsoft.Network/networkInterfaces/read")


def may_not_commit(world: World) -> None:
    world.azure.deny("*/replicationProtectedItems/failoverCommit/action")


def may_not_see_its_rights(world: World) -> None:
    world.azure.deny("Microsoft.Authorization/permissions/read")


def mends(world: World) -> None:
    """The site lets the operator make a failback policy and refresh its configuration server."""
    world.spec("RecoverySite", "tokyo", failbackPolicy={"create": "IfMissing"}, remediation={"refreshProvider": "Automatic"})


def may_not_refresh(world: World) -> None:
    world.azure.deny("*/refreshProvider/action")


def may_not_write_policies(world: World) -> None:
    world.azure.deny("*/replicationPolicies/write")


CASES = (
    Case("AzureAuthorized", SITE, may_not_read_policies, ("replicationPolicies/read on vault-tokyo", "policies are not read")),
    Case("AzureAuthorized", SITE, may_not_read_mappings, ("replicationProtectionContainerMappings/read",)),
    Case("AzureAuthorized", SITE, may_not_read_mappings_of_the_whole_vault, outcome=PASS),
    Case("AzureAuthorized", SITE, may_not_read_azure_vms, ("virtualMachines/read on rg-dr-vms",)),
    Case("AzureAuthorized", SITE, may_not_read_interfaces, ("Microsoft.Network/networkInterfaces/read",)),
    Case("AzureAuthorized", SITE, vault_unread, outcome=UNKNOWN),
    Case("AzureReachable", SITE, may_not_read_azure_vms, outcome=PASS),
    Case("FailbackPolicyAssociated", SITE, may_not_read_policies, ("see AzureAuthorized",), outcome=UNKNOWN),
    Case("FailbackPolicyAssociated", SITE, may_not_read_mappings, ("see AzureAuthorized",), outcome=UNKNOWN),
    Case("ConfigurationServerConnected", SITE, may_not_read_providers, ("see AzureAuthorized",), outcome=UNKNOWN),
    Case("ConfigurationServerVCenter", SITE, may_not_read_vcenters, ("see AzureAuthorized",), outcome=UNKNOWN),
    Case("MachineKnownToConfigurationServer", MACHINE, may_not_read_vcenters, ("see AzureAuthorized",), outcome=UNKNOWN),
    Case("MachineKnownToConfigurationServer", MACHINE, may_not_read_providers, ("see AzureAuthorized",), outcome=UNKNOWN),
    Case("AzureVmRunning", MACHINE, may_not_read_azure_vms, outcome=UNKNOWN),
    Case("AzureActionsGranted", SITE, may_not_commit, ("failoverCommit/action on the vault",)),
    Case("AzureActionsGranted", SITE, may_not_see_its_rights, ("permissions/read",), outcome=UNKNOWN),
    Case("AzureFixesGranted", SITE, may_not_refresh, ("remediation.refreshProvider needs", "refreshProvider/action"), mends),
    Case("AzureFixesGranted", SITE, may_not_write_policies, ("replicationPolicies/write",), mends),
    Case("AzureFixesGranted", SITE, may_not_see_its_rights, ("permissions/read",), mends, outcome=UNKNOWN),
)
