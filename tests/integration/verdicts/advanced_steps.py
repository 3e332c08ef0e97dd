"""Cases of the checks that apply from reprotect on: before failback, before commit, before protection."""

from datetime import UTC, datetime

from tests.integration.verdicts.advanced import COMMITTED, FAILED_BACK, REPROTECTED, on_the_way
from tests.integration.verdicts.case import Case
from tests.integration.verdicts.plan_cases import plan
from tests.integration.verdicts.vcenter_parts import mounted, snapshot_now
from tests.integration.verdicts.world import DEVICES, World

from failback_operator.domain.verdicts import Outcome

DB, FILES, CRM = (f"FailbackMachine/{name}" for name in (REPROTECTED[0], FAILED_BACK, COMMITTED))
TARGET = "MasterTarget/mt-win-1"
DETAILS = "properties.providerSpecificDetails"
UNKNOWN, PASS = Outcome.UNKNOWN, Outcome.PASS
TOOLS = "guest.toolsRunningStatus"


def powered_on(world: World) -> None:
    world.vm(REPROTECTED[0], "runtime.powerState", "poweredOn")


def power_state_concealed(world: World) -> None:
    world.conceal(REPROTECTED[0], "runtime.powerState")


def no_point(world: World) -> None:
    world.vault("item", REPROTECTED[0], f"{DETAILS}.consistencyPoints", {})
    world.vault("item", REPROTECTED[0], f"{DETAILS}.retentionWindowEnd", None)


def member_on_another_target(world: World) -> None:
    other = world.azure.state()["masterTargets"]["mt-lin-1"]["id"]
    world.vault("item", "payroll-web-1", f"{DETAILS}.masterTargetId", other)


def target_of_a_member_not_told(world: World) -> None:
    world.vault("item", "payroll-web-1", f"{DETAILS}.masterTargetId", None)


def replica_not_told(world: World) -> None:
    world.vault("item", REPROTECTED[0], f"{DETAILS}.replicaId", None)


def protected_by_another_server(world: World) -> None:
    world.vault("item", REPROTECTED[0], "properties.recoveryServicesProviderId", "/subscriptions/x/providers/former")


def failback_not_allowed(world: World) -> None:
    world.vault("item", REPROTECTED[0], "properties.allowedOperations", ["DisableProtection"])


def datastore_lost(world: World) -> None:
    mounted(world, "vmfs-prod-1", None, accessible=False, inaccessibleReason="PermanentDeviceLoss")


def disk_left_on_the_target(world: World) -> None:
    disks = [each for each in world.told("VirtualMachine", FAILED_BACK, DEVICES) if each["_typeName"] == "VirtualDisk"]
    left = {**disks[0], "key": 2099, "backing": {**disks[0]["backing"], "fileName": "[vmfs-infra-1] mt-win-1/left.vmdk"}}
    world.devices("mt-win-1", lambda found: [*found, left])


def devices_of_the_target_concealed(world: World) -> None:
    world.conceal("mt-win-1", DEVICES)


def target_gets_a_snapshot(world: World) -> None:
    world.vm("mt-win-1", "snapshot", snapshot_now("nightly-backup"))


def fewer_disks_allowed(world: World) -> None:
    world.spec("MasterTarget", "mt-win-1", maxDisks=12)


def member_left_out(world: World) -> None:
    machines = world.objects["FailbackPlan/tokyo-home"]["spec"]["machines"]
    plan(world, machines=[each for each in machines if each["name"] != "payroll-web-1"])


def azure_vm_runs(world: World) -> None:
    world.vault("vm", "files-1-az", "power", "running")


def azure_vm_gone(world: World) -> None:
    world.vault("vm", "files-1-az", "exists", value=False)


def azure_vm_without_view(world: World) -> None:
    world.vault("vm", "files-1-az", "properties.instanceView.statuses", [])


def tools_do_not_run(world: World) -> None:
    world.vm(FAILED_BACK, TOOLS, "guestToolsNotRunning")


def machine_is_off(world: World) -> None:
    world.vm(FAILED_BACK, "runtime.powerState", "poweredOff")


def heard_without_tools(world: World) -> None:
    tools_do_not_run(world)
    world.vault("item", FAILED_BACK, f"{DETAILS}.lastHeartbeat", datetime.now(UTC).isoformat())


def guest_concealed(world: World) -> None:
    world.conceal(FAILED_BACK, TOOLS)


def commit_not_allowed(world: World) -> None:
    world.vault("item", FAILED_BACK, "properties.allowedOperations", ["DisableProtection"])


def process_server_not_listed(world: World) -> None:
    plan(world, protection={"processServer": "ps-onprem-9"})


def process_server_in_azure(world: World) -> None:
    plan(world, protection={"processServer": "ps-azure-1"})


def policy_gone(world: World) -> None:
    plan(world, protection={"processServer": "ps-onprem-1", "policy": "policy-48h"})


def account_gone(world: World) -> None:
    world.vault("fabric", "cs-1", "properties.customDetails.runAsAccounts", [])


def protection_not_allowed(world: World) -> None:
    world.vault("item", COMMITTED, "properties.allowedOperations", ["DisableProtection"])


CASES = (
    Case("OnPremisesOff", DB, powered_on, ("is poweredOn",), prepare=on_the_way),
    Case("OnPremisesOff", DB, power_state_concealed, ("did not let power_state",), prepare=on_the_way, outcome=UNKNOWN),
    Case("RecoveryPointAvailable", DB, no_point, ("no recovery point",), prepare=on_the_way),
    Case("GroupSameMasterTarget", DB, member_on_another_target, ("payroll-web-1 on mt-lin-1",), prepare=on_the_way),
    Case("GroupSameMasterTarget", DB, target_of_a_member_not_told, ("payroll-web-1",), prepare=on_the_way, outcome=UNKNOWN),
    Case("GroupComplete", DB, member_left_out, ("payroll-web-1",), prepare=on_the_way),
    Case("MachineKnownToConfigurationServer", DB, protected_by_another_server, ("provider former",), prepare=on_the_way),
    Case("MachineKnownToConfigurationServer", DB, replica_not_told, ("replica",), prepare=on_the_way, outcome=UNKNOWN),
    Case("OperationAllowed", DB, failback_not_allowed, ("Failback needs UnplannedFailover",), prepare=on_the_way),
    Case("DatastoreMounted", DB, datastore_lost, ("PermanentDeviceLoss",), prepare=on_the_way),
    Case("NoSnapshots", TARGET, target_gets_a_snapshot, ("nightly-backup",), prepare=on_the_way),
    Case("DiskLimit", TARGET, fewer_disks_allowed, ("13 of 12 disk slots", "11 attached"), prepare=on_the_way),
    Case("AzureVmStopped", FILES, azure_vm_runs, ("files-1-az is running",), prepare=on_the_way),
    Case("AzureVmStopped", FILES, azure_vm_gone, ("no VM under",), prepare=on_the_way, outcome=UNKNOWN),
    Case("AzureVmStopped", FILES, azure_vm_without_view, ("could not be read",), prepare=on_the_way, outcome=UNKNOWN),
    Case("DisksReturned", FILES, disk_left_on_the_target, ("[vmfs-infra-1] mt-win-1/left.vmdk",), prepare=on_the_way),
    Case("DisksReturned", FILES, devices_of_the_target_concealed, (), prepare=on_the_way, outcome=UNKNOWN),
    Case("OnPremisesUp", FILES, tools_do_not_run, ("tools do not run", "did not hear it"), prepare=on_the_way),
    Case("OnPremisesUp", FILES, machine_is_off, ("is poweredOff",), prepare=on_the_way),
    Case("OnPremisesUp", FILES, heard_without_tools, ("heard it",), prepare=on_the_way, outcome=PASS),
    Case("OnPremisesUp", FILES, guest_concealed, ("did not let guest",), prepare=on_the_way, outcome=UNKNOWN),
    Case("OperationAllowed", FILES, commit_not_allowed, ("allowed: DisableProtection",), prepare=on_the_way),
    Case("ProtectionComplete", CRM, process_server_not_listed, ("ps-onprem-9",), prepare=on_the_way),
    Case("ProtectionComplete", CRM, process_server_in_azure, ("stands in Azure",), prepare=on_the_way),
    Case("ProtectionComplete", CRM, policy_gone, ("policy-48h",), prepare=on_the_way),
    Case("ProtectionComplete", CRM, account_gone, ("no run-as account",), prepare=on_the_way),
    Case("OperationAllowed", CRM, protection_not_allowed, ("Protect needs SwitchProtection",), prepare=on_the_way),
)
