"""Cases of the checks of a machine's item, its Azure VM, and what must be there for the way back to Azure."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.plan_cases import plan, reprotecting
from tests.integration.verdicts.sources import vault_unread
from tests.integration.verdicts.world import World

from failback_lab.scenario import derived_uuid
from failback_operator.domain.verdicts import Outcome

MACHINE, NAME = "FailbackMachine/crm-1", "crm-1"
ITEM = ("item", "crm-1")
DETAILS = "properties.providerSpecificDetails"
UNKNOWN, PASS = Outcome.UNKNOWN, Outcome.PASS
COMMIT_PENDING = "UnplannedFailoverCommitPendingStatesBegin"


def item_gone(world: World) -> None:
    world.vault(*ITEM, "exists", value=False)


def item_of_another_spelling(world: World) -> None:
    world.vault(*ITEM, "properties.friendlyName", "CRM-1")


def two_items_of_one_name(world: World) -> None:
    world.vault("item", "files-1", "properties.friendlyName", NAME)


def in_another_plan_too(world: World) -> None:
    spec = world.objects["FailbackPlan/tokyo-home"]["spec"]
    world.add("FailbackPlan", "crm-home", {**spec, "machines": [{"name": NAME}]})


def modernized(world: World) -> None:
    world.vault(*ITEM, f"{DETAILS}.instanceType", "InMageRcm")


def of_another_provider(world: World) -> None:
    world.vault(*ITEM, f"{DETAILS}.instanceType", "HyperVReplicaAzure")


def protected_by_another_server(world: World) -> None:
    world.vault(*ITEM, "properties.recoveryServicesProviderId", "/subscriptions/x/replicationRecoveryServicesProviders/former")


def provider_not_reported(world: World) -> None:
    world.vault(*ITEM, "properties.recoveryServicesProviderId", None)


def from_another_vcenter(world: World) -> None:
    world.vault(*ITEM, f"{DETAILS}.vCenterInfrastructureId", "17")


def vcenter_record_made_anew(world: World) -> None:
    world.vault("vcenter", "vcenter", "properties.infrastructureId", "12")


def azure_vm_deallocated(world: World) -> None:
    world.vault("vm", "crm-1-az", "power", "deallocated")


def azure_vm_deleted(world: World) -> None:
    world.vault("vm", "crm-1-az", "exists", value=False)


def azure_vm_without_view(world: World) -> None:
    world.vault("vm", "crm-1-az", "properties.instanceView.statuses", [])


def operation_not_allowed(world: World) -> None:
    world.vault(*ITEM, "properties.allowedOperations", ["DisableProtection"])
    error = {"errorCode": "539", "errorLevel": "Error", "errorMessage": "as told by Site Recovery"}
    world.vault(*ITEM, "properties.healthErrors", [error])


def failover_not_committed(world: World) -> None:
    world.vault(*ITEM, "properties.allowedOperations", ["CompleteMigration", "Commit", "DisableProtection", "ChangePit"])
    world.vault(*ITEM, "properties.protectionState", COMMIT_PENDING)


def bound_before_the_failover(world: World) -> None:
    plan(world, failedOverBefore=world.ago(days=9))


def no_bound(world: World) -> None:
    plan(world, failedOverBefore=None)


def bound_far_ahead(world: World) -> None:
    plan(world, failedOverBefore="2099-01-01T00:00:00Z")


def failed_over_again(world: World) -> None:
    world.vault(*ITEM, "properties.lastSuccessfulFailoverTime", world.ago(minutes=20))


def failover_time_not_told(world: World) -> None:
    world.vault(*ITEM, "properties.lastSuccessfulFailoverTime", None)
    world.vault("job", str(derived_uuid("UnplannedFailover", NAME)), "properties.state", "Failed")


def failover_time_stated(world: World) -> None:
    failover_time_not_told(world)
    machines = world.objects["FailbackPlan/tokyo-home"]["spec"]["machines"]
    stated = [each | ({"failedOverAt": world.ago(hours=2)} if each["name"] == NAME else {}) for each in machines]
    plan(world, machines=stated)


def process_server_not_listed(world: World) -> None:
    plan(world, protection={"processServer": "ps-onprem-9"})


def process_server_not_named(world: World) -> None:
    plan(world, protection={})


def process_server_of_no_known_place(world: World) -> None:
    world.remove("ProcessServer", "ps-onprem-1")


def policy_gone(world: World) -> None:
    world.vault("mapping", "policy-24h-mapping", "exists", value=False)
    world.vault("policy", "policy-24h", "exists", value=False)


def policy_not_there(world: World) -> None:
    plan(world, protection={"processServer": "ps-onprem-1", "policy": "policy-48h"})


def account_gone(world: World) -> None:
    world.vault("fabric", "cs-1", "properties.customDetails.runAsAccounts", [])


def no_account_named(world: World) -> None:
    world.spec("RecoverySite", "tokyo", runAsAccounts={})


def no_log_storage(world: World) -> None:
    world.vault(*ITEM, f"{DETAILS}.recoveryAzureLogStorageAccountId", None)


def log_storage_is_no_account(world: World) -> None:
    plan(world, protection={"processServer": "ps-onprem-1", "logStorageAccountId": "/subscriptions/x/resourceGroups/y"})


CASES = (
    Case("MachineExists", MACHINE, item_gone, ("no protected item crm-1",)),
    Case("MachineExists", MACHINE, item_of_another_spelling, ("it knows CRM-1",)),
    Case("MachineExists", MACHINE, vault_unread, ("could not be read lately",), outcome=UNKNOWN),
    Case("MachineUnambiguous", MACHINE, two_items_of_one_name, ("2 items have this name",)),
    Case("MachineUnambiguous", MACHINE, vault_unread, outcome=UNKNOWN),
    Case("MachineInOnePlan", MACHINE, in_another_plan_too, ("also in plan",)),
    Case("ArchitectureSupported", MACHINE, modernized, ("modernized architecture",)),
    Case("ArchitectureSupported", MACHINE, of_another_provider, ("not for VMware",)),
    Case("ArchitectureSupported", MACHINE, vault_unread, outcome=UNKNOWN),
    Case("MachineKnownToConfigurationServer", MACHINE, protected_by_another_server, ("provider former",)),
    Case("MachineKnownToConfigurationServer", MACHINE, from_another_vcenter, ("not one that the configuration server knows",)),
    Case("MachineKnownToConfigurationServer", MACHINE, vcenter_record_made_anew, ("(vcenter)",)),
    Case("MachineKnownToConfigurationServer", MACHINE, provider_not_reported, ("was not reported",), outcome=UNKNOWN),
    Case("AzureVmRunning", MACHINE, azure_vm_deallocated, ("crm-1-az is deallocated",)),
    Case("AzureVmRunning", MACHINE, azure_vm_deleted, ("no VM crm-1-az",)),
    Case("AzureVmRunning", MACHINE, azure_vm_without_view, ("could not be read",), outcome=UNKNOWN),
    Case("OperationAllowed", MACHINE, operation_not_allowed, ("needs SwitchProtection", "539")),
    Case("OperationAllowed", MACHINE, failover_not_committed),
    Case("FailoverCovered", MACHINE, bound_before_the_failover, ("after failedOverBefore",), prepare=reprotecting),
    Case("FailoverCovered", MACHINE, no_bound, ("gives no failedOverBefore",), prepare=reprotecting),
    Case("FailoverCovered", MACHINE, bound_far_ahead, ("in the future",), prepare=reprotecting),
    Case("FailoverCovered", MACHINE, failed_over_again, ("after failedOverBefore",), prepare=reprotecting),
    Case("FailoverCovered", MACHINE, failover_time_not_told, ("tell when",), prepare=reprotecting, outcome=UNKNOWN),
    Case("FailoverCovered", MACHINE, failover_time_stated, prepare=reprotecting, outcome=PASS),
    Case("ProtectionPrepared", MACHINE, process_server_not_listed, ("ps-onprem-9",)),
    Case("ProtectionPrepared", MACHINE, process_server_not_named, ("ps-azure-1 stands in Azure",)),
    Case("ProtectionPrepared", MACHINE, process_server_of_no_known_place, ("is not known",), outcome=UNKNOWN),
    Case("ProtectionPrepared", MACHINE, policy_gone, ("policy policy-24h", "is gone")),
    Case("ProtectionPrepared", MACHINE, policy_not_there, ("policy-48h",)),
    Case("ProtectionPrepared", MACHINE, account_gone, ("no run-as account vmadmin-windows",)),
    Case("ProtectionPrepared", MACHINE, no_account_named, ("no run-as account for Windows",)),
    Case("ProtectionPrepared", MACHINE, no_log_storage, ("no log storage account",)),
    Case("ProtectionPrepared", MACHINE, log_storage_is_no_account, ("is not the id of a storage account",)),
    Case("ProtectionPrepared", MACHINE, vault_unread, outcome=UNKNOWN),
)
