"""Cases of the checks of multi-VM groups, of operating systems, and of whether a master target fits."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.plan_cases import plan
from tests.integration.verdicts.vcenter_parts import detailed, guest_is, guest_unknown, mounted, unmounted
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

DB, CRM, MAIL = (f"FailbackMachine/{name}" for name in ("payroll-db-1", "crm-1", "mail-relay-1"))
DETAILS = "properties.providerSpecificDetails"
WINDOWS_HOST = "esx-3.tokyo.example.com"
STORES = ("vmfs-prod-1", "vmfs-prod-2", "vmfs-infra-1")
UNKNOWN, PASS, NOT_APPLICABLE = Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE


def _machines(world: World, *left_out: str) -> None:
    machines = world.objects["FailbackPlan/tokyo-home"]["spec"]["machines"]
    plan(world, machines=[each for each in machines if each["name"] not in left_out])


def names_a_datastore(world: World) -> None:
    """The plan says where the machines are to go."""
    plan(world, datastore="vmfs-prod-2")


def cordoned(world: World) -> None:
    """No machine is assigned, so that every master target is asked about."""
    for name in ("mt-win-1", "mt-lin-1"):
        world.spec("MasterTarget", name, cordon=True)


def member_left_out(world: World) -> None:
    _machines(world, "payroll-web-1")


def member_of_another_family(world: World) -> None:
    world.vault("item", "payroll-web-1", f"{DETAILS}.osType", "Linux")
    world.vault("item", "payroll-web-1", f"{DETAILS}.osVersion", "UBUNTU-16.04-64")


def member_of_unknown_family(world: World) -> None:
    world.vault("item", "payroll-web-1", f"{DETAILS}.osType", None)
    world.vault("item", "payroll-web-1", f"{DETAILS}.osVersion", None)


def group_larger_than_the_target(world: World) -> None:
    world.spec("MasterTarget", "mt-win-1", maxDisks=12)


def group_as_large_as_the_target(world: World) -> None:
    world.spec("MasterTarget", "mt-win-1", maxDisks=13)


def disks_of_a_member_not_told(world: World) -> None:
    for part in ("protectedDisks", "protectedManagedDisks"):
        world.vault("item", "payroll-web-1", f"{DETAILS}.{part}", [])


def independent_points_not_accepted(world: World) -> None:
    plan(world, acceptIndependentPoints=False)


def linux_target_alone(world: World) -> None:
    plan(world, masterTargets=[{"name": "mt-lin-1"}])


def target_with_an_earlier_windows(world: World) -> None:
    data = detailed("Windows", "6.3", "Windows Server 2012 R2 Standard, 64-bit (Build 9600)", 9600)
    guest_is(world, "mt-win-1", data)


def systems_not_known(world: World) -> None:
    guest_unknown(world, "crm-1")
    for part in ("osType", "osVersion"):
        world.vault("item", "crm-1", f"{DETAILS}.{part}", None)


def machine_with_a_later_ubuntu(world: World) -> None:
    guest_is(world, "mail-relay-1", detailed("Ubuntu", "18.04", "Ubuntu 18.04.6 LTS"))


def machine_of_another_distribution(world: World) -> None:
    guest_is(
        world, "mail-relay-1", detailed("Red Hat Enterprise Linux Server", "7.9", "Red Hat Enterprise Linux Server 7.9 (Maipo)")
    )


def version_not_told(world: World) -> None:
    guest_unknown(world, "mail-relay-1")
    world.vault("item", "mail-relay-1", f"{DETAILS}.osVersion", None)


def read_only_everywhere(world: World) -> None:
    mounted(world, "vmfs-prod-2", None, accessMode="readOnly")


def lost_everywhere(world: World) -> None:
    mounted(world, "vmfs-prod-2", None, accessible=False, inaccessibleReason="AllPathsDown_Start")


def mounted_nowhere(world: World) -> None:
    world.vsphere("Datastore", "vmfs-prod-2", "host", [])


def disks_concealed(world: World) -> None:
    world.conceal("crm-1", "config.hardware.device")


def datastore_not_listed(world: World) -> None:
    plan(world, datastore="vmfs-prod-9")


def datastore_in_other_letters(world: World) -> None:
    plan(world, datastore="VMFS-prod-2")


def datastore_is_nfs(world: World) -> None:
    for name in ("mt-win-1", "mt-lin-1"):
        world.vault("masterTarget", name, "dataStores", [{"symbolicName": "vmfs-prod-2", "uuid": "u", "type": "NFS"}])


def no_datastore_listed(world: World) -> None:
    for name in ("mt-win-1", "mt-lin-1"):
        world.vault("masterTarget", name, "dataStores", [])


def windows_target_lacks_the_datastore(world: World) -> None:
    unmounted(world, "vmfs-prod-2", WINDOWS_HOST)


CASES = (
    Case("GroupComplete", DB, member_left_out, ("payroll-web-1",)),
    Case("GroupSameFamily", DB, member_of_another_family, ("mixes families", "payroll-web-1 Linux")),
    Case("GroupSameFamily", DB, member_of_unknown_family, ("payroll-web-1",), outcome=UNKNOWN),
    Case("GroupDiskLimit", DB, group_larger_than_the_target, ("11 disks, 10 slots",)),
    Case("GroupDiskLimit", DB, group_as_large_as_the_target, outcome=PASS),
    Case("GroupDiskLimit", DB, disks_of_a_member_not_told, ("payroll-web-1",), outcome=UNKNOWN),
    Case("AcceptedRecoveryPoint", DB, independent_points_not_accepted, ("LatestTime for a group",)),
    Case("OSMatch", CRM, linux_target_alone, ("mt-lin-1: Ubuntu",)),
    Case("OSMatch", CRM, target_with_an_earlier_windows, ("2012 R2",)),
    Case("OSMatch", CRM, systems_not_known, ("not known whether Windows or Linux",), outcome=UNKNOWN),
    Case("OSVersion", MAIL, machine_with_a_later_ubuntu, ("18.04",)),
    Case("OSVersion", MAIL, version_not_told, ("cannot be told",), outcome=UNKNOWN),
    Case("OSDistribution", MAIL, machine_of_another_distribution, ("Red Hat",)),
    Case("OSDistribution", MAIL, version_not_told, outcome=UNKNOWN),
    Case("DatastoreMounted", CRM, read_only_everywhere, ("vmfs-prod-2", "read-only")),
    Case("DatastoreMounted", CRM, lost_everywhere, ("AllPathsDown_Start",)),
    Case("DatastoreMounted", CRM, mounted_nowhere, ("is not mounted",)),
    Case("DatastoreMounted", CRM, disks_concealed, ("did not let disks",), outcome=UNKNOWN),
    Case("DatastoreListed", CRM, datastore_not_listed, ("vmfs-prod-9 is not listed",), prepare=names_a_datastore),
    Case("DatastoreListed", CRM, datastore_in_other_letters, ("VMFS-prod-2 is not listed",), prepare=names_a_datastore),
    Case("DatastoreListed", CRM, datastore_is_nfs, ("is NFS",), prepare=names_a_datastore),
    Case("DatastoreListed", CRM, no_datastore_listed, ("lists no datastore",), prepare=names_a_datastore, outcome=UNKNOWN),
    Case("MasterTargetFits", CRM, windows_target_lacks_the_datastore, ("vmfs-prod-2",), prepare=cordoned),
)
