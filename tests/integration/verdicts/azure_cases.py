"""Cases of a machine's side in Azure: commit of the failover, agent, network, locks, disks, health, recovery points."""

from datetime import timedelta

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

MACHINE, NAME = "FailbackMachine/crm-1", "crm-1"
PLAN = "FailbackPlan/tokyo-home"
ITEM = ("item", "crm-1")
DETAILS = "properties.providerSpecificDetails"
PENDING = ["CompleteMigration", "Commit", "DisableProtection", "ChangePit"]
UNKNOWN, PASS, NOT_APPLICABLE = Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE
NICS, LOCKS = "Microsoft.Network/networkInterfaces/read", "Microsoft.Authorization/locks/read"


def commit_pending(world: World) -> None:
    world.vault(*ITEM, "properties.allowedOperations", PENDING)


def commit_pending_and_wanted(world: World) -> None:
    commit_pending(world)
    world.spec("FailbackPlan", "tokyo-home", commitFailover=True)


def commit_not_wanted(world: World) -> None:
    world.spec("FailbackPlan", "tokyo-home", commitFailover=False)


def agent_not_registered(world: World) -> None:
    world.vault(*ITEM, "agent_registered", value=False)


def failed_over_just_now(world: World) -> None:
    world.vault(*ITEM, "properties.lastSuccessfulFailoverTime", world.ago(minutes=5))
    world.vault(*ITEM, f"{DETAILS}.lastHeartbeat", world.ago(minutes=6))


def agent_silent(world: World) -> None:
    world.vault(*ITEM, f"{DETAILS}.lastHeartbeat", world.ago(minutes=16))


def in_another_network(world: World) -> None:
    world.vault("nic", "crm-1-az-nic", "network", "vnet-other")


def process_server_in_another_network(world: World) -> None:
    world.vault("nic", "ps-azure-1-nic", "network", "vnet-other")


def interfaces_denied(world: World) -> None:
    world.azure.deny(NICS)
    world.later = timedelta(minutes=31)


def locks_denied(world: World) -> None:
    world.azure.deny(LOCKS)
    world.later = timedelta(minutes=31)


def in_stage(world: World, stage: str, minutes: float) -> None:
    """What Site Recovery shows later in the machine's life, and what was recorded before."""
    world.vault(*ITEM, "stage", {"stage": stage, "minutes": minutes})
    group = f"/subscriptions/{world.azure.subscription_id}/resourceGroups/rg-dr-vms/providers/Microsoft.Compute"
    record = {
        "failedOverAt": world.ago(hours=6),
        "coveredBy": world.ago(hours=5),
        "azureVmId": f"{group}/virtualMachines/crm-1-az",
    }
    world.records = {NAME: [record]}


def reprotected(world: World) -> None:
    in_stage(world, "REVERSE_PROTECTED", 90)


def failed_back(world: World) -> None:
    in_stage(world, "FAILBACK_PENDING", 90)


def reprotected_for_a_tag(world: World) -> None:
    reprotected(world)
    world.spec("FailbackPlan", "tokyo-home", recoveryPoint="LatestTag")


def just_reprotected_for_a_tag(world: World) -> None:
    in_stage(world, "REVERSE_PROTECTED", 30)
    world.spec("FailbackPlan", "tokyo-home", recoveryPoint="LatestTag")


def vm_locked(world: World) -> None:
    world.vault("vm", "crm-1-az", "locked", value=True)


def group_locked(world: World) -> None:
    world.vault("group", "rg-dr-vms", "locked", value=True)


def disk_added_in_azure(world: World) -> None:
    world.vault("vm", "crm-1-az", "disks", [80, 60, 500])


def health(code: str, level: str) -> dict[str, str]:
    return {
        "errorCode": code,
        "errorLevel": level,
        "errorMessage": "The RPO is over its threshold.",
        "possibleCauses": "The line is slow.",
        "recommendedAction": "Look at the line.",
    }


def rpo_warning(world: World) -> None:
    world.vault(*ITEM, "properties.healthErrors", [health("78026", "Warning")])


def for_information(world: World) -> None:
    world.vault(*ITEM, "properties.healthErrors", [health("548004", "Info")])


def a_code_blocks(world: World) -> None:
    world.settings = {"blocking_health_codes": ("78026",)}


def no_point(world: World) -> None:
    world.vault(*ITEM, f"{DETAILS}.retentionWindowEnd", None)
    no_tag(world)


def no_tag(world: World) -> None:
    world.vault(*ITEM, f"{DETAILS}.consistencyPoints", {})


def tag_of_three_hours_ago(world: World) -> None:
    world.vault(*ITEM, f"{DETAILS}.consistencyPoints", {"tag": world.ago(hours=3)})


def another_of_its_group_stays(world: World) -> None:
    world.spec("FailbackPlan", "tokyo-home", staysInAzure=[{"machine": "payroll-db-1", "reason": "moved for good"}])


def a_stranger_stays(world: World) -> None:
    world.spec("FailbackPlan", "tokyo-home", staysInAzure=[{"machine": "crm-2", "reason": "moved for good"}])


def log_storage_gone(world: World) -> None:
    world.vault("storage", "sttokyodrlog", "exists", value=False)


CASES = (
    Case("FailoverCommitted", MACHINE, commit_pending, ("not committed",)),
    Case("FailoverCommitted", MACHINE, commit_not_wanted, ("not committed",), prepare=commit_pending_and_wanted),
    Case("OperationAllowed", MACHINE, commit_pending, ("needs SwitchProtection", "another recovery point may be chosen")),
    Case("OperationAllowed", MACHINE, commit_not_wanted, ("not committed",), prepare=commit_pending_and_wanted),
    Case("AgentRegistered", MACHINE, agent_not_registered, ("not heard since the failover",)),
    Case("AgentRegistered", MACHINE, agent_silent, ("older than 15 min",)),
    Case("AgentRegistered", MACHINE, failed_over_just_now, ("yet",), outcome=UNKNOWN),
    Case("AzureVmInNetwork", MACHINE, in_another_network, ("in network vnet-other; selected for its failover: vnet-dr",)),
    Case("AzureVmInNetwork", MACHINE, process_server_in_another_network, ("ps-azure-1 is in network vnet-other",)),
    Case("AzureVmInNetwork", MACHINE, interfaces_denied, (NICS,), outcome=UNKNOWN),
    Case("AzureVmUnlocked", MACHINE, vm_locked, ("keep (CanNotDelete) on crm-1-az",), prepare=reprotected),
    Case("AzureVmUnlocked", MACHINE, group_locked, ("on rg-dr-vms",), prepare=failed_back),
    Case("AzureVmUnlocked", MACHINE, locks_denied, ("could not be read",), prepare=reprotected, outcome=UNKNOWN),
    Case("AzureVmDisks", MACHINE, disk_added_in_azure, ("has 3 disks, 2 of them protected; all its disks: 640 GiB",)),
    Case("ReplicationHealthy", MACHINE, rpo_warning, ("Warning 78026", "The line is slow.")),
    Case("ReplicationHealthy", MACHINE, for_information, outcome=PASS),
    Case("HealthErrorsAccepted", MACHINE, rpo_warning, ("Warning 78026",), prepare=a_code_blocks),
    Case("RecoveryPointAvailable", MACHINE, no_point, ("shows no recovery point",), prepare=reprotected),
    Case("RecoveryPointAvailable", MACHINE, no_tag, prepare=reprotected, outcome=PASS),
    Case("AppConsistentPoint", MACHINE, no_tag, ("75 min after",), prepare=reprotected_for_a_tag),
    Case("AppConsistentPoint", MACHINE, tag_of_three_hours_ago, ("older than 2 h",), prepare=reprotected_for_a_tag),
    Case("AppConsistentPoint", MACHINE, no_tag, ("yet",), prepare=just_reprotected_for_a_tag, outcome=UNKNOWN),
    Case("ProtectionPrepared", MACHINE, log_storage_gone, ("log storage account sttokyodrlog is gone",)),
    Case("GroupUndivided", "FailbackMachine/payroll-app-1", another_of_its_group_stays, ("stay in Azure: payroll-db-1",)),
    Case("HeldMachinesKnown", PLAN, a_stranger_stays, ("spec.staysInAzure names crm-2",)),
)
