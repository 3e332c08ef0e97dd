"""Cases of the checks of master targets: registered, found, and what their guest and host tell."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vault_unread, vcenter_unread
from tests.integration.verdicts.vcenter_parts import guest_disk, guest_unknown
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

TARGET = "MasterTarget/mt-win-1"
NAME = "mt-win-1"
HOST = "esx-3.tokyo.example.com"
STORES = ("vmfs-prod-1", "vmfs-prod-2", "vmfs-infra-1")
VOLUME = {"volumeName": "R", "capacityInBytes": 2**40, "freeSpaceInBytes": 2**39, "thresholdPercentage": None}
UNKNOWN = Outcome.UNKNOWN


def deregistered(world: World) -> None:
    world.vault("masterTarget", NAME, "exists", value=False)


def named_wrongly(world: World) -> None:
    world.spec("MasterTarget", NAME, serverName="mt-win-7", vmName=NAME)


def heartbeat_ends(world: World) -> None:
    world.vault("masterTarget", NAME, "lastHeartbeat", world.ago(minutes=16))


def heartbeat_not_reported(world: World) -> None:
    world.vault("masterTarget", NAME, "lastHeartbeat", None)


def no_vm_of_that_name_or_address(world: World) -> None:
    for path in ("guest.ipAddress", "guest.net", "guest.hostName"):
        world.vm(NAME, path, None)
    world.vm(NAME, "name", "retired")


def neither_found_nor_surely_absent(world: World) -> None:
    no_vm_of_that_name_or_address(world)
    world.conceal("files-1", "name")


def another_vm_has_its_address(world: World) -> None:
    world.vm("ps-onprem-1", "guest.ipAddress", "10.10.0.21")


def powered_off(world: World) -> None:
    world.vm(NAME, "runtime.powerState", "poweredOff")


def suspended(world: World) -> None:
    world.vm(NAME, "runtime.powerState", "suspended")


def vm_disconnected(world: World) -> None:
    world.vm(NAME, "runtime.connectionState", "disconnected")


def host_not_responding(world: World) -> None:
    world.vsphere("HostSystem", HOST, "runtime.connectionState", "notResponding")


def connection_state_concealed(world: World) -> None:
    world.conceal(NAME, "runtime.connectionState")


def power_state_concealed(world: World) -> None:
    world.conceal(NAME, "runtime.powerState")


def tools_end(world: World) -> None:
    world.vm(NAME, "guest.toolsRunningStatus", "guestToolsNotRunning")


def tools_not_installed(world: World) -> None:
    world.vm(NAME, "guest.toolsVersionStatus2", "guestToolsNotInstalled")


def tools_unmanaged(world: World) -> None:
    world.vm(NAME, "guest.toolsVersionStatus2", "guestToolsUnmanaged")


def tools_silent(world: World) -> None:
    world.vm(NAME, "guest.toolsRunningStatus", None)


def tools_concealed(world: World) -> None:
    world.conceal(NAME, "guest.toolsRunningStatus")


def volume_not_listed(world: World) -> None:
    world.vault("masterTarget", NAME, "retentionVolumes", [])


def volume_of_another_name(world: World) -> None:
    world.vault("masterTarget", NAME, "retentionVolumes", [VOLUME | {"volumeName": "E"}])


def another_volume_wanted(world: World) -> None:
    world.spec("MasterTarget", NAME, retentionVolume="S")


def volume_of_no_size(world: World) -> None:
    world.vault("masterTarget", NAME, "retentionVolumes", [VOLUME | {"capacityInBytes": 0, "freeSpaceInBytes": 0}])


def volume_full(world: World) -> None:
    world.vault("masterTarget", NAME, "retentionVolumes", [VOLUME | {"freeSpaceInBytes": 0}])


def volume_size_not_reported(world: World) -> None:
    world.vault("masterTarget", NAME, "retentionVolumes", [VOLUME | {"freeSpaceInBytes": None}])


def formatted_with_fat32(world: World) -> None:
    world.vm(NAME, "guest.disk", [guest_disk("C:\\", "NTFS", 80), guest_disk("R:\\", "FAT32")])
    world.discover()


def taken_away_in_the_guest(world: World) -> None:
    world.vm(NAME, "guest.disk", [guest_disk("C:\\", "NTFS", 80)])
    world.discover()


def unlisted_though_the_guest_has_it(world: World) -> None:
    volume_not_listed(world)
    world.vm(NAME, "guest.disk", [guest_disk("C:\\", "NTFS", 80), guest_disk("R:\\", "NTFS")])


def system_unknown(world: World) -> None:
    guest_unknown(world, NAME)
    world.vault("masterTarget", NAME, "osType", None)
    world.vault("masterTarget", NAME, "osVersion", None)


def systems_contradict(world: World) -> None:
    world.vault("masterTarget", NAME, "osType", "Linux")


def no_datastore_listed(world: World) -> None:
    world.vault("masterTarget", NAME, "dataStores", [])


def discovered_without_tools(world: World) -> None:
    tools_end(world)
    world.discover()


def all_datastores_inaccessible(world: World) -> None:
    for store in STORES:
        world.vsphere("Datastore", store, "summary.accessible", value=False)


def nfs_alone(world: World) -> None:
    for store in STORES:
        world.vsphere("Datastore", store, "summary.type", "NFS")


def vsan_alone(world: World) -> None:
    for store in STORES:
        world.vsphere("Datastore", store, "summary.type", "vsan")


def host_without_datastores(world: World) -> None:
    world.vsphere("HostSystem", HOST, "datastore", [])


def kinds_not_told(world: World) -> None:
    for store in STORES:
        world.vsphere("Datastore", store, "summary.type", None)


CASES = (
    Case("MasterTargetRegistered", TARGET, deregistered, ("lists no master target mt-win-1", "it lists: cs-1, mt-lin-1")),
    Case("MasterTargetRegistered", TARGET, named_wrongly, ("mt-win-7",)),
    Case("MasterTargetRegistered", TARGET, heartbeat_ends, ("older than 15 min",)),
    Case("MasterTargetRegistered", TARGET, heartbeat_not_reported, ("no heartbeat",), outcome=UNKNOWN),
    Case("MasterTargetRegistered", TARGET, vault_unread, ("could not be read lately",), outcome=UNKNOWN),
    Case("MasterTargetVMFound", TARGET, no_vm_of_that_name_or_address, ("no VM is found",)),
    Case("MasterTargetVMFound", TARGET, neither_found_nor_surely_absent, ("did not let the name",), outcome=UNKNOWN),
    Case("MasterTargetVMFound", TARGET, another_vm_has_its_address, ("several VMs match", "ps-onprem-1")),
    Case("MasterTargetVMFound", TARGET, powered_off, ("is poweredOff",)),
    Case("MasterTargetVMFound", TARGET, suspended, ("is suspended",)),
    Case("MasterTargetVMFound", TARGET, vm_disconnected, ("is disconnected",)),
    Case("MasterTargetVMFound", TARGET, host_not_responding, (HOST, "notResponding")),
    Case("MasterTargetVMFound", TARGET, connection_state_concealed, ("could not be read",), outcome=UNKNOWN),
    Case("MasterTargetVMFound", TARGET, power_state_concealed, ("could not be read",), outcome=UNKNOWN),
    Case("MasterTargetVMFound", TARGET, vcenter_unread, ("could not be read lately",), outcome=UNKNOWN),
    Case("ToolsRunning", TARGET, tools_end, ("tools do not run",)),
    Case("ToolsRunning", TARGET, tools_not_installed, ("are not installed",)),
    Case("ToolsRunning", TARGET, tools_unmanaged, outcome=Outcome.PASS),
    Case("ToolsRunning", TARGET, tools_silent, ("report nothing",), outcome=UNKNOWN),
    Case("ToolsRunning", TARGET, tools_concealed, ("did not let",), outcome=UNKNOWN),
    Case("ToolsRunning", TARGET, powered_off, ("is not on",), outcome=UNKNOWN),
    Case("RetentionVolume", TARGET, volume_not_listed, ("volume R is not listed; listed: none",)),
    Case("RetentionVolume", TARGET, volume_of_another_name, ("listed: E",)),
    Case("RetentionVolume", TARGET, another_volume_wanted, ("volume S is not listed; listed: R",)),
    Case("RetentionVolume", TARGET, volume_of_no_size, ("capacity of zero",)),
    Case("RetentionVolume", TARGET, volume_full, ("is full",)),
    Case("RetentionVolume", TARGET, formatted_with_fat32, ("formatted with FAT32",)),
    Case("RetentionVolume", TARGET, taken_away_in_the_guest, ("listed: none",)),
    Case("RetentionVolume", TARGET, unlisted_though_the_guest_has_it, ("the guest has it",)),
    Case("RetentionVolume", TARGET, volume_size_not_reported, ("was not reported",), outcome=UNKNOWN),
    Case("RetentionVolume", TARGET, system_unknown, ("operating system is not known",), outcome=UNKNOWN),
    Case("RetentionVolume", TARGET, deregistered, outcome=UNKNOWN),
    Case("TargetOSKnown", TARGET, systems_contradict, ("takes it for Linux",)),
    Case("TargetOSKnown", TARGET, system_unknown, ("nothing tells",), outcome=UNKNOWN),
    Case("DatastoresDiscovered", TARGET, no_datastore_listed, ("lists no datastore",)),
    Case("DatastoresDiscovered", TARGET, discovered_without_tools, ("lists no datastore",)),
    Case("DatastoresDiscovered", TARGET, deregistered, outcome=UNKNOWN),
    Case("VmfsDatastore", TARGET, all_datastores_inaccessible, ("no accessible VMFS",)),
    Case("VmfsDatastore", TARGET, nfs_alone, ("vmfs-prod-1 (NFS)",)),
    Case("VmfsDatastore", TARGET, host_without_datastores, ("it has: none",)),
    Case("VmfsDatastore", TARGET, vsan_alone, outcome=Outcome.PASS),
    Case("VmfsDatastore", TARGET, kinds_not_told, ("could be read",), outcome=UNKNOWN),
)
