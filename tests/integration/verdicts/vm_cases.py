"""Cases of what a machine comes back onto: its VM and the VM's host, or a new one and its place."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vcenter_unread
from tests.integration.verdicts.vcenter_parts import mounted, reference, unmounted
from tests.integration.verdicts.world import Json, World, until

from failback_operator.domain.verdicts import Outcome

GIB = 2**30
MIB = 2**20
NAME, STORE, HOST, NEIGHBOUR = "crm-1", "vmfs-prod-2", "esx-1.tokyo.example.com", "esx-2.tokyo.example.com"
TARGET_HOST = "esx-3.tokyo.example.com"
MACHINE, PLAN = f"FailbackMachine/{NAME}", "tokyo-home"
LINUX = "shop-web-1"
HEARTBEAT = "properties.providerSpecificDetails.lastHeartbeat"
RAW = "VirtualDiskRawDiskMappingVer1BackingInfo"
UNKNOWN, NA = Outcome.UNKNOWN, Outcome.NOT_APPLICABLE


def vm_gone(world: World) -> None:
    """vCenter has no VM of that name any more."""
    world.vm(NAME, "name", "another")


def alternate(world: World) -> None:
    """The plan brings its machines to an alternate location, and this one's VM is gone."""
    world.spec("FailbackPlan", PLAN, location="Alternate", datastore=STORE)
    vm_gone(world)


def alternate_beside_the_vm(world: World) -> None:
    """The plan brings its machines to an alternate location, and this one's VM is still there."""
    world.spec("FailbackPlan", PLAN, location="Alternate", datastore=STORE)


def reprotected(world: World) -> None:
    """The machine waits for its failback."""
    world.vault("item", NAME, "stage", {"stage": "REVERSE_PROTECTED", "minutes": 90})


def failed_back(world: World) -> None:
    """The machine was failed back an hour and a half ago, is on with its tools, and its agent has not been heard since."""
    world.vault("item", NAME, "stage", {"stage": "FAILBACK_PENDING", "minutes": 90})
    unheard(world)
    vm_on(world)
    tools = "guest.toolsRunningStatus"
    until(lambda: world.told("VirtualMachine", NAME, tools) == "guestToolsRunning", "VMware Tools of the machine run")


def failed_back_in_silence(world: World) -> None:
    """Neither its tools nor its agent are heard."""
    failed_back(world)
    tools_end(world)


def unheard(world: World) -> None:
    world.vault("item", NAME, HEARTBEAT, world.ago(minutes=150))


def heard(world: World) -> None:
    world.vault("item", NAME, HEARTBEAT, world.ago(minutes=1))


def tools_end(world: World) -> None:
    world.vm(NAME, "guest.toolsRunningStatus", "guestToolsNotRunning")


def vm_off(world: World) -> None:
    world.vm(NAME, "runtime.powerState", "poweredOff")


def tools_hidden(world: World) -> None:
    world.conceal(NAME, "guest.toolsRunningStatus")


def vm_is_back(world: World) -> None:
    world.vm("another", "name", NAME)


def namesake_on_the_targets_host(world: World) -> None:
    world.vm("ps-onprem-1", "name", NAME)
    world.vm(NAME, "runtime.host", reference("HostSystem", world.told("HostSystem", TARGET_HOST, "summary.host")["value"]))


def namesake_elsewhere(world: World) -> None:
    world.vm("ps-onprem-1", "name", NAME)


def read_only_there(world: World) -> None:
    mounted(world, STORE, TARGET_HOST, accessMode="readOnly")


def not_mounted_there(world: World) -> None:
    unmounted(world, STORE, TARGET_HOST)


def misspelt(world: World) -> None:
    world.spec("FailbackPlan", PLAN, datastore="vmfs-prod-22")


def nfs(world: World) -> None:
    world.vsphere("Datastore", STORE, "summary.type", "NFS")


def vvol(world: World) -> None:
    world.vsphere("Datastore", STORE, "summary.type", "VVOL")


def raw_device(world: World) -> None:
    def mapped(disk: Json) -> Json:
        backing = {
            "_typeName": RAW,
            "fileName": disk["backing"]["fileName"],
            "uuid": disk["backing"]["uuid"],
            "deviceName": "vml.1",
        }
        return {**disk, "backing": {**backing, "datastore": disk["backing"]["datastore"]}}

    world.disks(NAME, mapped)


def disks_hidden(world: World) -> None:
    world.conceal(NAME, "config.hardware.device")


def in_maintenance(world: World) -> None:
    world.vsphere("Datastore", STORE, "summary.maintenanceMode", "inMaintenance")


def not_accessible(world: World) -> None:
    world.vsphere("Datastore", STORE, "summary.accessible", value=False)


def little_free(world: World) -> None:
    world.vsphere("Datastore", STORE, "summary.freeSpace", 153 * GIB)


def just_enough_free(world: World) -> None:
    world.vsphere("Datastore", STORE, "summary.freeSpace", 154 * GIB)


def less_free_than_may_grow(world: World) -> None:
    little_free(world)
    world.vsphere("Datastore", STORE, "summary.uncommitted", 900 * GIB)


def little_free_but_little_to_grow(world: World) -> None:
    little_free(world)
    world.vsphere("Datastore", STORE, "summary.uncommitted", 10 * GIB)


def host_in_maintenance(world: World) -> None:
    world.vsphere("HostSystem", HOST, "runtime.inMaintenanceMode", value=True)


def host_lost(world: World) -> None:
    world.vsphere("HostSystem", HOST, "runtime.connectionState", "notResponding")


def host_full(world: World) -> None:
    _in_use(world, HOST)


def cluster_full(world: World) -> None:
    _in_use(world, HOST)
    _in_use(world, NEIGHBOUR)


def host_full_and_the_other_in_maintenance(world: World) -> None:
    _in_use(world, HOST)
    world.vsphere("HostSystem", NEIGHBOUR, "runtime.inMaintenanceMode", value=True)


def _in_use(world: World, host: str) -> None:
    whole = world.told("HostSystem", host, "summary.hardware.memorySize")
    world.vsphere("HostSystem", host, "summary.quickStats.overallMemoryUsage", whole // MIB - 4095)


def use_not_told(world: World) -> None:
    for host in (HOST, NEIGHBOUR):
        world.vcenter.control.conceal("HostSystem", host, "summary.quickStats.overallMemoryUsage")


def vm_on(world: World) -> None:
    world.vm(NAME, "runtime.powerState", "poweredOn")


def efi(world: World) -> None:
    world.vm(NAME, "config.firmware", "efi")


def firmware_told_by_nobody(world: World) -> None:
    world.conceal(NAME, "config.firmware")
    world.vault("item", NAME, "properties.providerSpecificDetails.firmwareType", None)


def by_dhcp(world: World) -> None:
    """VMware Tools tell that the machine has its address by DHCP."""
    _address(world, "dhcp")


def static(world: World) -> None:
    _address(world, "manual")


def _address(world: World, origin: str) -> None:
    address = {"_typeName": "NetIpConfigInfoIpAddress", "ipAddress": "10.10.2.12", "prefixLength": 24, "origin": origin}
    config = {"_typeName": "NetIpConfigInfo", "ipAddress": [address]}
    card = {
        "_typeName": "GuestNicInfo",
        "connected": True,
        "deviceConfigId": 4000,
        "ipAddress": ["10.10.2.12"],
        "ipConfig": config,
    }
    world.vm(LINUX, "guest.net", [card])


def cards_hidden(world: World) -> None:
    world.conceal(LINUX, "guest.net")


def template(world: World) -> None:
    world.vm(NAME, "config.template", value=True)


def other_cards(world: World) -> None:
    world.vault("item", NAME, "properties.providerSpecificDetails.vmNics", [{"nicId": "00:50:56:00:00:99"}])


def physical_and_gone(world: World) -> None:
    vm_gone(world)
    world.vault("item", NAME, "properties.providerSpecificDetails.discoveryType", "Physical")


CASES = (
    Case("NewVMPlanned", MACHINE, vm_gone, (f"new VM on host {TARGET_HOST} (of mt-win-1), datastore {STORE}",)),
    Case("NewVMPlanned", MACHINE, other_cards, ("new VM",)),
    Case("NewVMPlanned", MACHINE, vcenter_unread, outcome=UNKNOWN),
    Case("OriginalVMGone", MACHINE, vm_is_back, (f"vCenter has VM {NAME}",), prepare=alternate),
    Case("OriginalVMGone", MACHINE, vcenter_unread, prepare=alternate, outcome=UNKNOWN),
    Case("NameInTheWay", MACHINE, namesake_on_the_targets_host, (f"{TARGET_HOST} has another VM {NAME}",), prepare=vm_gone),
    Case("NameInTheWay", MACHINE, namesake_elsewhere, prepare=vm_gone, outcome=Outcome.PASS),
    Case("NewVMDatastore", MACHINE, read_only_there, (f"{STORE} on host {TARGET_HOST}: read-only",), prepare=vm_gone),
    Case("NewVMDatastore", MACHINE, not_mounted_there, (f"not mounted on host {TARGET_HOST}",), prepare=vm_gone),
    Case("NewVMDatastore", MACHINE, misspelt, ("no datastore vmfs-prod-22",), prepare=alternate),
    Case("NewVMDatastore", MACHINE, vcenter_unread, prepare=vm_gone, outcome=UNKNOWN),
    Case("NewVMSupported", MACHINE, nfs, (f"{STORE} is NFS",), prepare=alternate),
    Case("NewVMSupported", MACHINE, raw_device, ("raw devices: ",), prepare=alternate_beside_the_vm),
    Case("NewVMSupported", MACHINE, disks_hidden, prepare=alternate_beside_the_vm, outcome=UNKNOWN),
    Case("DatastoreInService", MACHINE, in_maintenance, (f"{STORE} is in maintenance mode",)),
    Case("DatastoreInService", MACHINE, not_accessible, (f"{STORE} is not accessible",)),
    Case("DatastoreInService", MACHINE, disks_hidden, outcome=UNKNOWN),
    Case("DatastoreInService", MACHINE, in_maintenance, prepare=vm_gone, about="of a new VM"),
    Case("OriginalDatastoreSupported", MACHINE, nfs, (f"{STORE} is NFS",)),
    Case("OriginalDatastoreSupported", MACHINE, vvol, (f"{STORE} is VVOL",)),
    Case("OriginalDatastoreSupported", MACHINE, disks_hidden, outcome=UNKNOWN),
    Case("FreeSpace", MACHINE, little_free, ("154 GiB are needed", "0 to 10 %"), prepare=vm_gone),
    Case("FreeSpace", MACHINE, just_enough_free, prepare=vm_gone, outcome=Outcome.PASS),
    Case("FreeSpace", MACHINE, vcenter_unread, prepare=vm_gone, outcome=UNKNOWN),
    Case("GrowthSpace", MACHINE, less_free_than_may_grow, (f"{STORE}: 0 to 10 %",)),
    Case("GrowthSpace", MACHINE, little_free_but_little_to_grow, outcome=Outcome.PASS),
    Case("GrowthSpace", MACHINE, disks_hidden, outcome=UNKNOWN),
    Case("OnPremisesHostReady", MACHINE, host_in_maintenance, (f"{HOST} of VM {NAME} is in maintenance mode",)),
    Case("OnPremisesHostReady", MACHINE, host_lost, ("notResponding",)),
    Case("OnPremisesHostReady", MACHINE, vcenter_unread, outcome=UNKNOWN),
    Case("MemoryForPowerOn", MACHINE, cluster_full, ("cluster prod: no host has 4096 MiB",), prepare=reprotected),
    Case("MemoryForPowerOn", MACHINE, host_full, prepare=reprotected, outcome=Outcome.PASS),
    Case("MemoryForPowerOn", MACHINE, host_full_and_the_other_in_maintenance, prepare=reprotected),
    Case("MemoryForPowerOn", MACHINE, use_not_told, prepare=reprotected, outcome=UNKNOWN),
    Case("MemoryForPowerOn", MACHINE, vm_on, prepare=reprotected, outcome=NA),
    Case("OnPremisesOff", MACHINE, vm_on, ("poweredOn",), prepare=reprotected),
    Case("OnPremisesOff", MACHINE, vcenter_unread, prepare=reprotected, outcome=UNKNOWN),
    Case("OnPremisesUp", MACHINE, tools_end, ("its tools do not run", "did not hear it since"), prepare=failed_back),
    Case("OnPremisesUp", MACHINE, vm_off, ("poweredOff",), prepare=failed_back),
    Case("OnPremisesUp", MACHINE, tools_hidden, prepare=failed_back, outcome=UNKNOWN),
    Case("OnPremisesUp", MACHINE, heard, ("heard it after",), failed_back_in_silence, Outcome.PASS, before=Outcome.FAIL),
    Case("FirmwareSupported", MACHINE, efi, ("EFI",)),
    Case("FirmwareSupported", MACHINE, firmware_told_by_nobody, outcome=UNKNOWN),
    Case("LinuxAddress", f"FailbackMachine/{LINUX}", static, ("static address",), prepare=by_dhcp),
    Case("LinuxAddress", f"FailbackMachine/{LINUX}", cards_hidden, prepare=by_dhcp, outcome=UNKNOWN),
    Case("OnPremisesVMFound", MACHINE, template, ("is a template",)),
    Case("OnPremisesVMFound", MACHINE, other_cards, ("none of the network cards",)),
    Case("OnPremisesVMFound", MACHINE, physical_and_gone, ("physical machine",), outcome=NA),
)
