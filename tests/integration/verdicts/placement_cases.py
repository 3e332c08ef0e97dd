"""Cases of where a master target is, with what, and of whom it is: motion, layout, identity, traffic, discovery."""

from collections.abc import Callable

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.disk_cases import devices_concealed
from tests.integration.verdicts.sources import vault_unread, vcenter_unread
from tests.integration.verdicts.vcenter_parts import controller, detailed, guest_disk, guest_is, reference
from tests.integration.verdicts.world import DEVICES, Json, World

from failback_operator.domain.verdicts import Outcome

TARGET, LINUX, MACHINE = "MasterTarget/mt-win-1", "MasterTarget/mt-lin-1", "FailbackMachine/crm-1"
NAME, RETURNING, OTHER = "mt-win-1", "crm-1", "mail-relay-1"
HOST, STORE, POD, CLUSTER = "esx-3.tokyo.example.com", "vmfs-infra-1", "gold", "infra"
POD_CONFIG = "podStorageDrsEntry.storageDrsConfig"
ITEM_DETAILS = "properties.providerSpecificDetails"
UNKNOWN, NA = Outcome.UNKNOWN, Outcome.NOT_APPLICABLE


def moref(world: World, kind: str, name: str) -> Json:
    """The reference to an object, as some property that every VM has tells it."""
    if kind == "Datastore":
        return reference(kind, world.told("Datastore", name, "summary")["datastore"]["value"])
    return reference(kind, world.told("VirtualMachine", name, "summary")["vm"]["value"])


def _on(world: World, store: str, chosen: Callable[[int], bool]) -> None:
    """Let disks of the master target lie in another datastore, as after a Storage vMotion: the folder is its own there."""
    place = moref(world, "Datastore", store)
    number = iter(range(100))

    def moved(disk: Json) -> Json:
        if not chosen(next(number)):
            return disk
        file = f"[{store}] {NAME}/{disk['backing']['fileName'].rpartition('/')[2]}"
        return {**disk, "backing": {**disk["backing"], "fileName": file, "datastore": place}}

    world.disks(NAME, moved)


def in_a_pod(world: World) -> None:
    """The disks of the master target lie in the datastore cluster, whose Storage DRS is off for its VM."""
    _on(world, "vmfs-prod-1", lambda _: True)
    excluded(world)


def _storage_rules(world: World, *rules: Json) -> None:
    vm = moref(world, "VirtualMachine", NAME)
    world.vsphere(
        "StoragePod", POD, f"{POD_CONFIG}.vmConfig", [{"_typeName": "StorageDrsVmConfigInfo", "vm": vm} | r for r in rules]
    )


def excluded(world: World) -> None:
    _storage_rules(world, {"enabled": False})


def not_excluded(world: World) -> None:
    _storage_rules(world)


def on_manual(world: World) -> None:
    _storage_rules(world, {"behavior": "manual"})


def pod_on_manual(world: World) -> None:
    not_excluded(world)
    world.vsphere("StoragePod", POD, f"{POD_CONFIG}.podConfig.defaultVmBehavior", "manual")


def pod_switched_off(world: World) -> None:
    not_excluded(world)
    world.vsphere("StoragePod", POD, f"{POD_CONFIG}.podConfig.enabled", value=False)


def one_disk_into_a_pod(world: World) -> None:
    _on(world, "vmfs-prod-1", lambda number: number == 1)


def pod_concealed(world: World) -> None:
    world.vcenter.control.conceal("StoragePod", POD, POD_CONFIG)


def _drs(world: World, rules: tuple[Json, ...] = (), **settings: object) -> None:
    config = world.told("ClusterComputeResource", CLUSTER, "configurationEx")
    drs = {**config["drsConfig"], "enabled": True, **settings}
    world.vsphere("ClusterComputeResource", CLUSTER, "configurationEx", {**config, "drsConfig": drs, "drsVmConfig": list(rules)})


def _drs_rule(world: World, **rule: object) -> Json:
    return {"_typeName": "ClusterDrsVmConfigInfo", "key": moref(world, "VirtualMachine", NAME), **rule}


def drs_switched_on(world: World) -> None:
    _drs(world)


def drs_off_for_it(world: World) -> None:
    _drs(world, (_drs_rule(world, enabled=False),))


def drs_on_manual_for_it(world: World) -> None:
    _drs(world, (_drs_rule(world, enabled=True, behavior="manual"),))


def drs_heeds_no_rules(world: World) -> None:
    _drs(world, (_drs_rule(world, enabled=False),), enableVmBehaviorOverrides=False)


def drs_partly_automated(world: World) -> None:
    _drs(world, defaultVmBehavior="partiallyAutomated")


def cluster_concealed(world: World) -> None:
    world.vcenter.control.conceal("ClusterComputeResource", CLUSTER, "configurationEx")


def _disks(world: World, vm: str) -> list[Json]:
    """The disks of a VM, as the operator records them."""
    found = [each for each in world.told("VirtualMachine", vm, DEVICES) if each["_typeName"] == "VirtualDisk"]
    return [
        {
            "file": disk["backing"]["fileName"],
            "uuid": disk["backing"]["uuid"],
            "capacityBytes": disk["capacityInKB"] * 1024,
            "datastore": disk["backing"]["fileName"].partition("]")[0].lstrip("["),
            "datastoreId": disk["backing"]["datastore"]["value"],
            "key": disk["key"],
        }
        for disk in found
    ]


def reprotected(world: World) -> None:
    """The machine waits for its failback; what was there before its reprotect was recorded, and its disks are attached."""
    state = world.azure.state()
    world.vault("item", RETURNING, "stage", {"stage": "REVERSE_PROTECTED", "minutes": 90})
    world.vault("item", RETURNING, f"{ITEM_DETAILS}.masterTargetId", state["masterTargets"][NAME]["id"])
    group = f"/subscriptions/{world.azure.subscription_id}/resourceGroups/{world.azure.scenario.vault.vm_resource_group}"
    vm_id = f"{group}/providers/Microsoft.Compute/virtualMachines/{state['items'][RETURNING]['azureVm']}"
    world.records = {
        RETURNING: [
            {
                "failedOverAt": world.ago(minutes=100),
                "coveredBy": world.ago(minutes=100),
                "azureVmId": vm_id,
                "disks": _disks(world, RETURNING),
                "masterTarget": NAME,
                "masterTargetDisks": _disks(world, NAME),
            }
        ]
    }
    attached = [each for each in world.told("VirtualMachine", RETURNING, DEVICES) if each["_typeName"] == "VirtualDisk"]
    places = enumerate(attached, start=5)
    world.devices(
        NAME, lambda found: [*found, *(d | {"key": 2000 + n, "unitNumber": n, "controllerKey": 1000} for n, d in places)]
    )


def moved_as_a_whole(world: World) -> None:
    _on(world, "vmfs-prod-1", lambda _: True)


def own_disk_moved(world: World) -> None:
    _on(world, "vmfs-prod-1", lambda number: number == 1)


def machines_disk_moved(world: World) -> None:
    _on(world, "vmfs-prod-1", lambda number: number == 3)


def nothing_recorded(world: World) -> None:
    world.records = {}


def agent_updated_first(world: World) -> None:
    world.vault("masterTarget", NAME, "agentVersion", "9.100.0.0")


def version_not_told(world: World) -> None:
    world.vault("masterTarget", NAME, "agentVersion", None)


def process_server_left_behind(world: World) -> None:
    world.vault("processServer", "ps-azure-1", "agentVersion", "8.1.0.0")


def cloned_with_its_bios_uuid(world: World) -> None:
    world.vm(OTHER, "config.uuid", world.told("VirtualMachine", NAME, "config.uuid"))


def stranger_with_its_bios_uuid(world: World) -> None:
    cloned_with_its_bios_uuid(world)
    world.vm(OTHER, "name", "copy-of-mt-win-1")


def disk_of_one_template(world: World) -> None:
    uuid = _disks(world, NAME)[0]["uuid"]
    world.disks(OTHER, lambda disk: {**disk, "backing": {**disk["backing"], "uuid": uuid}})


def bios_uuid_concealed(world: World) -> None:
    world.conceal(NAME, "config.uuid")


def _rate(world: World, megabytes: int | None) -> None:
    world.vault("item", RETURNING, f"{ITEM_DETAILS}.uncompressedDataRateInMB", megabytes)


def heavy_traffic(world: World) -> None:
    _rate(world, 2_100_000)


def more_than_the_volume_has_free(world: World) -> None:
    _rate(world, 700_000)


def rate_not_told(world: World) -> None:
    _rate(world, None)


def cordoned(world: World) -> None:
    world.spec("MasterTarget", NAME, cordon=True)


def only_target_of_the_plan(world: World) -> None:
    world.spec("FailbackPlan", "tokyo-home", masterTargets=[{"name": NAME}])


def cordoned_before_assignment(world: World) -> None:
    """The only master target of the plan is cordoned."""
    only_target_of_the_plan(world)
    cordoned(world)


def in_maintenance(world: World) -> None:
    world.vsphere("HostSystem", HOST, "runtime.inMaintenanceMode", value=True)


def vsan_alone(world: World) -> None:
    for store in ("vmfs-prod-1", "vmfs-prod-2", STORE):
        world.vsphere("Datastore", store, "summary.type", "vsan")


def kinds_not_told(world: World) -> None:
    for store in ("vmfs-prod-1", "vmfs-prod-2", STORE):
        world.vsphere("Datastore", store, "summary.type", None)


def a_later_ubuntu(world: World) -> None:
    guest_is(world, "mt-lin-1", detailed("Ubuntu", "20.04", "Ubuntu 20.04.6 LTS"))


def a_later_ubuntu_that_was_rehearsed(world: World) -> None:
    a_later_ubuntu(world)
    world.settings = {"linux_targets": ("ubuntu-16.04", "ubuntu-20.04")}


def physical(world: World) -> None:
    """The machine was discovered as a physical one."""
    world.vault("item", RETURNING, f"{ITEM_DETAILS}.discoveryType", "Physical")
    world.vault("item", RETURNING, f"{ITEM_DETAILS}.vCenterInfrastructureId", None)


def a_new_datastore_on_the_host(world: World) -> None:
    world.vsphere("Datastore", "nfs-iso-1", "summary.type", "VMFS")


def discovery_not_told(world: World) -> None:
    world.vault("item", RETURNING, f"{ITEM_DETAILS}.discoveryType", None)


def absent_in_the_guest(world: World) -> None:
    world.vault("masterTarget", NAME, "retentionVolumes", [])
    world.vm(NAME, "guest.disk", [guest_disk("C:\\", "NTFS", 80)])


def paravirtual_controllers_in_the_way(world: World) -> None:
    """Three of four SCSI controllers may not be used, and the fourth has 15 slots: the limit that the finding tells."""
    world.spec("MasterTarget", NAME, maxDisks=60)
    world.devices(NAME, lambda found: [*found, *(controller("ParaVirtualSCSIController", bus) for bus in (1, 2, 3))])
    _many_own_disks(world)


def _many_own_disks(world: World) -> None:
    def more(devices: list[Json]) -> list[Json]:
        disk = next(each for each in devices if each["_typeName"] == "VirtualDisk")
        added = [
            disk
            | {
                "key": 2100 + n,
                "unitNumber": n,
                "backing": disk["backing"]
                | {"fileName": f"[vmfs-infra-1] mt-win-1/own_{n}.vmdk", "uuid": f"6000c290-0000-0000-0001-{n:012}"},
            }
            for n in range(14)
        ]
        return [*devices, *added]

    world.devices(NAME, more)


MOTION = (
    Case("StorageDrsExcluded", TARGET, one_disk_into_a_pod, ("gold", "may move the disks")),
    Case("StorageDrsExcluded", TARGET, not_excluded, ("gold", "may move the disks"), prepare=in_a_pod),
    Case("StorageDrsExcluded", TARGET, on_manual, outcome=Outcome.PASS, prepare=in_a_pod),
    Case("StorageDrsExcluded", TARGET, pod_switched_off, outcome=Outcome.PASS, prepare=in_a_pod),
    Case("StorageDrsExcluded", TARGET, pod_concealed, ("could not be read",), outcome=UNKNOWN, prepare=in_a_pod),
    Case("StorageDrsExcluded", TARGET, devices_concealed, outcome=UNKNOWN, prepare=in_a_pod),
    Case("StorageDrsSilent", TARGET, on_manual, ("proposes moves",), prepare=in_a_pod),
    Case("StorageDrsSilent", TARGET, pod_on_manual, ("proposes moves",), prepare=in_a_pod),
    Case("StorageDrsSilent", TARGET, not_excluded, outcome=NA, prepare=in_a_pod),
    Case("StorageDrsSilent", TARGET, pod_concealed, outcome=UNKNOWN, prepare=in_a_pod),
    Case("DrsAutomation", TARGET, drs_switched_on, ("cluster infra", "to another host by itself")),
    Case("DrsAutomation", TARGET, drs_heeds_no_rules, ("by itself",)),
    Case("DrsAutomation", TARGET, drs_off_for_it, outcome=Outcome.PASS),
    Case("DrsAutomation", TARGET, drs_on_manual_for_it, outcome=Outcome.PASS),
    Case("DrsAutomation", TARGET, drs_partly_automated, outcome=Outcome.PASS),
    Case("DrsAutomation", TARGET, cluster_concealed, ("could not be read",), outcome=UNKNOWN),
    Case(
        "StorageLayoutUnchanged",
        TARGET,
        moved_as_a_whole,
        ("reprotect of crm-1", "to [vmfs-prod-1] mt-win-1/"),
        prepare=reprotected,
    ),
    Case("StorageLayoutUnchanged", TARGET, own_disk_moved, ("from [vmfs-infra-1] mt-win-1/",), prepare=reprotected),
    Case("StorageLayoutUnchanged", TARGET, machines_disk_moved, ("from [vmfs-prod-2] crm-1/",), prepare=reprotected),
    Case("StorageLayoutUnchanged", TARGET, devices_concealed, outcome=UNKNOWN, prepare=reprotected),
    Case("LayoutRecorded", MACHINE, nothing_recorded, ("was not recorded",), prepare=reprotected),
    Case("LayoutRecorded", MACHINE, vault_unread, outcome=UNKNOWN, prepare=reprotected),
)
IDENTITY = (
    Case("MasterTargetVersion", TARGET, agent_updated_first, ("9.100.0.0 is later than",)),
    Case("MasterTargetVersion", TARGET, process_server_left_behind, ("process server ps-azure-1",)),
    Case("MasterTargetVersion", TARGET, version_not_told, ("not told",), outcome=UNKNOWN),
    Case("MasterTargetVersion", TARGET, vault_unread, outcome=UNKNOWN),
    Case("TargetUuidsDistinct", TARGET, cloned_with_its_bios_uuid, ("BIOS UUID like VM mail-relay-1",)),
    Case("TargetUuidsDistinct", TARGET, stranger_with_its_bios_uuid, ("BIOS UUID like VM copy-of-mt-win-1",)),
    Case("TargetUuidsDistinct", TARGET, disk_of_one_template, ("like a disk of VM mail-relay-1",)),
    Case("TargetUuidsDistinct", TARGET, bios_uuid_concealed, outcome=UNKNOWN),
    Case("TargetUuidsDistinct", TARGET, vcenter_unread, outcome=UNKNOWN),
    Case("LinuxTargetSupported", LINUX, a_later_ubuntu, ("is not one of ubuntu-16.04",)),
    Case("LinuxTargetSupported", LINUX, a_later_ubuntu_that_was_rehearsed, outcome=Outcome.PASS),
)
LOAD = (
    Case("ChangesCarried", TARGET, heavy_traffic, ("change 2100 GB or more in a day; the limit is 2000 GB",)),
    Case("ChangesCarried", TARGET, rate_not_told, ("not told of crm-1",), outcome=UNKNOWN),
    Case("RetentionFreeSpace", TARGET, more_than_the_volume_has_free, ("less free space",)),
    Case("RetentionFreeSpace", TARGET, rate_not_told, ("not told of crm-1",), outcome=UNKNOWN),
    Case("NotCordoned", TARGET, cordoned, ("spec.cordon",)),
    Case("MasterTargetOpen", MACHINE, cordoned_before_assignment, ("cordoned: mt-win-1",)),
    Case("MasterTargetOpen", MACHINE, vault_unread, outcome=UNKNOWN),
    Case("DiskLimit", TARGET, paravirtual_controllers_in_the_way, ("of 15 disk slots",)),
    Case("RetentionVolume", TARGET, absent_in_the_guest, ("the guest does not have it either",)),
)
HOSTS = (
    Case("MasterTargetVMFound", TARGET, in_maintenance, ("maintenance mode",)),
    Case("VmfsBesidesVsan", TARGET, vsan_alone, ("no VMFS datastore, but vSAN",)),
    Case("VmfsBesidesVsan", TARGET, kinds_not_told, outcome=UNKNOWN),
    Case("HostDiscoveryComplete", MACHINE, a_new_datastore_on_the_host, ("does not list: nfs-iso-1",), prepare=physical),
    Case("HostDiscoveryComplete", MACHINE, vault_unread, outcome=UNKNOWN, prepare=physical),
    Case(
        "HostDiscoveryComplete",
        MACHINE,
        discovery_not_told,
        ("how the machine was discovered",),
        outcome=UNKNOWN,
        prepare=physical,
    ),
)
CASES = MOTION + IDENTITY + LOAD + HOSTS
