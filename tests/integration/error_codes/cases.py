"""How each cause is brought about in both worlds, what the operator says beforehand, and what Site Recovery answers."""

from collections.abc import Callable

from tests.integration.azure.clients import Vault
from tests.integration.error_codes.calls import (
    failback,
    health,
    reprotect,
    reprotect_of_further_disks,
    reprotect_whose_replication_fails,
)
from tests.integration.error_codes.trouble import (
    DETACHED,
    FURTHER,
    MACHINE,
    MEMORY,
    NEWER,
    PLAN,
    SITE,
    TARGET,
    UNREACHED,
    Call,
    Trouble,
)
from tests.integration.verdicts import azure_cases, disk_cases, placement_cases, privilege_cases, target_cases, vm_cases
from tests.integration.verdicts.azure_cases import health as health_error
from tests.integration.verdicts.vcenter_parts import guest_disk, mounted, reference, unmounted
from tests.integration.verdicts.world import Json, World

from failback_operator.domain.verdicts import Outcome

TARGET_NAME, HOST, STORE, NFS = "mt-win-1", "esx-3.tokyo.example.com", "vmfs-prod-2", "nfs-iso-1"
ITEM, VM = ("item", MACHINE), ("vm", f"{MACHINE}-az")
OTHER_UUID = "42000000-0000-4000-8000-000000000001"
OTHER_ADDRESS = "10.10.0.99"
UNKNOWN = Outcome.UNKNOWN
Break = Callable[[World], None]


def vault(kind: str, name: str, path: str, value: object) -> Break:
    """The vault is so."""
    return lambda world: world.vault(kind, name, path, value)


def just_failed_over(world: World) -> None:
    azure_cases.failed_over_just_now(world)
    world.vault(*ITEM, "agent_registered", value=False)
    world.spec("FailbackPlan", PLAN, failedOverBefore=world.ago(minutes=1))


def vm_gone(world: World) -> None:
    """vCenter has no VM of the machine any more."""
    for path in ("config.uuid", "config.instanceUuid"):
        world.vm(MACHINE, path, OTHER_UUID)
    vm_cases.vm_gone(world)


def namesake(world: World) -> None:
    """The VM is gone, and another one of its name is on the master target's host."""
    vm_gone(world)
    world.vm("ps-onprem-1", "name", MACHINE)
    world.vm(MACHINE, "runtime.host", world.told("VirtualMachine", TARGET_NAME, "runtime.host"))
    moref = world.told("VirtualMachine", MACHINE, "summary")["vm"]["value"]
    world.vsphere("HostSystem", HOST, "vm", [*world.told("HostSystem", HOST, "vm"), reference("VirtualMachine", moref)])


def read_only(world: World) -> None:
    mounted(world, STORE, HOST, accessMode="readOnly")


def not_mounted(world: World) -> None:
    unmounted(world, STORE, HOST)


def not_accessible(world: World) -> None:
    mounted(world, STORE, HOST, accessible=False)


def target_is_no_vm(world: World) -> None:
    world.vm(TARGET_NAME, "config.uuid", OTHER_UUID)
    target_cases.no_vm_of_that_name_or_address(world)
    world.discover()


def nfs_alone(world: World) -> None:
    target_cases.nfs_alone(world)
    world.discover()


def discovered_while_the_tools_were_off(world: World) -> None:
    target_cases.discovered_without_tools(world)
    world.vm(TARGET_NAME, "guest.toolsRunningStatus", "guestToolsRunning")


def volume(filesystem: str, gib: int = 600) -> Break:
    """The retention volume is such a one."""

    def breaks(world: World) -> None:
        world.vm(TARGET_NAME, "guest.disk", [guest_disk("C:\\", "NTFS", 80), guest_disk("R:\\", filesystem, gib)])
        world.discover()

    return breaks


def unusable(world: World) -> None:
    """The volume is locked, holds cache or agent, or is replicated to: the guest does not tell which."""
    world.vault("masterTarget", TARGET_NAME, "unusable_volumes", ["R"])
    world.discover()


def target_of_the_template(world: World) -> None:
    world.vm(MACHINE, "config.uuid", world.told("VirtualMachine", TARGET_NAME, "config.uuid"))


def disks_of_the_template(world: World) -> None:
    devices = world.told("VirtualMachine", TARGET_NAME, "config.hardware.device")
    uuid = next(each["backing"]["uuid"] for each in devices if each["_typeName"] == "VirtualDisk")
    world.disks(MACHINE, lambda disk: {**disk, "backing": {**disk["backing"], "uuid": uuid}})


def source_without_uuid(world: World) -> None:
    world.extra_config(FURTHER, "disk.EnableUUID", None)


def moved_by_storage_vmotion(world: World) -> None:
    """The disk that came with the machine lies elsewhere now."""
    place = placement_cases.moref(world, "Datastore", "vmfs-prod-1")

    def moved(disk: Json) -> Json:
        file: str = disk["backing"]["fileName"]
        if f"] {DETACHED}/" not in file:
            return disk
        elsewhere = f"[vmfs-prod-1] {TARGET_NAME}/{file.rpartition('/')[2]}"
        return {**disk, "backing": {**disk["backing"], "fileName": elsewhere, "datastore": place}}

    world.disks(TARGET_NAME, moved)


def unknown_to_the_server(world: World) -> None:
    """As after a server that was built anew: the item is still the former one's."""
    world.vault(*ITEM, "known", value=False)
    world.vault(*ITEM, "properties.recoveryServicesProviderId", "/subscriptions/x/replicationRecoveryServicesProviders/former")


def physical_2008_r2(world: World) -> None:
    vm_gone(world)
    world.vault(*ITEM, "physical", "Microsoft Windows Server 2008 R2 Standard")


def raw_device_to_another_location(world: World) -> None:
    vm_cases.alternate_beside_the_vm(world)
    vm_cases.raw_device(world)
    world.vault(*ITEM, "raw_devices", value=True)


def reprotect_once_the_vm_is_gone() -> Call:
    """Without its VM the machine comes back as a new one."""

    def call(vault: Vault, world: World) -> str:
        vm_gone(world)
        return reprotect()(vault, world)

    return call


def nfs_at_another_location(world: World) -> None:
    vm_gone(world)
    world.spec("FailbackPlan", PLAN, location="Alternate", datastore=NFS)


def health_of(code: str, level: str) -> Break:
    return lambda world: world.vault(*ITEM, "properties.healthErrors", [health_error(code, level)])


EMPTY, DRIVE, IMPOSSIBLE = "datastore list empty", "retention drive not listed", "failback impossible"
ON_TARGET, OTHER_PLACE = "reprotect fails on the target", "RDM or NFS at an alternate location"
BACK, ERRORS = "disk detach fails at failback", "health errors"
AGENT, RUNNING, KNOWN = "AgentRegistered", "AzureVmRunning", "MachineKnownToConfigurationServer"
UUIDS, LISTED, VOLUME = "TargetUuidsDistinct", "DatastoresDiscovered", "RetentionVolume"
GONE, NO_STORE, NO_DRIVE, REFUSED = "LAB-UNKNOWN-9", "LAB-UNKNOWN-14", "LAB-UNKNOWN-5", "LAB-UNKNOWN-12"
TRY = reprotect()


def _at_target(row: str, cause: str, breaks: Break, check: str, code: str) -> Trouble:
    return Trouble(row, cause, breaks, check, code, TRY, subject=TARGET)


CASES = (
    Trouble("95226", "agent's service stopped", vault(*ITEM, "agent_silent", {"minutes": 20}), AGENT, "95226", TRY),
    Trouble("agent is not installed", "within 15 minutes", just_failed_over, AGENT, "LAB-UNKNOWN-6", TRY, outcome=UNKNOWN),
    Trouble("agent is not installed", "never", vault(*ITEM, "agent_registered", value=False), AGENT, "LAB-UNKNOWN-6", TRY),
    Trouble("78093", "Azure VM off", vault(*VM, "power", "deallocated"), RUNNING, "78093", TRY),
    Trouble("78093", "wrong network", azure_cases.in_another_network, "AzureVmInNetwork", "78093", TRY),
    Trouble("78093", "hung", vault(*ITEM, "agent_silent", {"minutes": 20, "hung": True}), AGENT, "78093", TRY),
    Trouble("78052", "VM of the same name on the target's host", namesake, "NameInTheWay", "78052", TRY),
    Trouble("8061", "mounted read-only", read_only, "DatastoreMounted", "8061", TRY),
    Trouble("8061", "not mounted", not_mounted, "DatastoreMounted", "8061", TRY),
    Trouble("8061", "not accessible", not_accessible, "DatastoreMounted", "8061", TRY),
    Trouble(
        "8038",
        "host short of memory",
        vm_cases.cluster_full,
        "MemoryForPowerOn",
        "8038",
        failback(MEMORY),
        f"FailbackMachine/{MEMORY}",
        MEMORY,
    ),
    _at_target(EMPTY, "target is no VM of the known vCenter", target_is_no_vm, "MasterTargetVMFound", GONE),
    Trouble(
        EMPTY,
        "vCenter account may only read",
        privilege_cases.configuration_server_has_no_role_but_read,
        "ConfigurationServerAccountWrites",
        REFUSED,
        TRY,
        subject=SITE,
    ),
    _at_target(EMPTY, "no VMware Tools", target_cases.discovered_without_tools, LISTED, NO_STORE),
    _at_target(EMPTY, "only NFS on the host", nfs_alone, LISTED, NO_STORE),
    _at_target(EMPTY, "discovery stale", discovered_while_the_tools_were_off, LISTED, NO_STORE),
    _at_target(DRIVE, "FAT", volume("FAT"), VOLUME, NO_DRIVE),
    _at_target(DRIVE, "FAT32", volume("FAT32"), VOLUME, NO_DRIVE),
    _at_target(DRIVE, "zero size", volume("NTFS", 0), VOLUME, NO_DRIVE),
    _at_target(DRIVE, "locked", unusable, VOLUME, NO_DRIVE),
    _at_target(DRIVE, "cache or install volume", unusable, VOLUME, NO_DRIVE),
    _at_target(DRIVE, "replication target", unusable, VOLUME, NO_DRIVE),
    _at_target(DRIVE, "absent", target_cases.taken_away_in_the_guest, VOLUME, NO_DRIVE),
    Trouble(
        "reprotect succeeds, replication fails",
        "target newer than the servers",
        vault("masterTarget", TARGET_NAME, "agent_version", "9.100.0.0"),
        "MasterTargetVersion",
        "LAB-UNKNOWN-20",
        reprotect_whose_replication_fails(NEWER),
        TARGET,
        NEWER,
    ),
    _at_target(ON_TARGET, "snapshots", disk_cases.gets_a_snapshot, "NoSnapshots", "LAB-UNKNOWN-1"),
    _at_target(
        ON_TARGET, "paravirtual controller", disk_cases.paravirtual_controller_without_disks, "LsiLogicOnly", "LAB-UNKNOWN-2"
    ),
    _at_target(ON_TARGET, "more than 60 disks", disk_cases.sixty_disks_more, "DiskLimit", "LAB-UNKNOWN-3"),
    _at_target(ON_TARGET, "disk.EnableUUID off", disk_cases.uuid_disabled, "DiskEnableUuid", "LAB-UNKNOWN-4"),
    _at_target(ON_TARGET, "disk UUID of one template", disks_of_the_template, UUIDS, "LAB-UNKNOWN-32"),
    _at_target(ON_TARGET, "BIOS UUID of one template", target_of_the_template, UUIDS, REFUSED),
    Trouble(
        BACK,
        "Storage vMotion after reprotect",
        moved_by_storage_vmotion,
        "StorageLayoutUnchanged",
        "LAB-UNKNOWN-10",
        failback(DETACHED),
        TARGET,
        DETACHED,
    ),
    Trouble(
        BACK,
        "vCenter not connected",
        vault("vcenter", "vcenter", "lost", 20),
        "ConfigurationServerVCenter",
        "LAB-UNKNOWN-10",
        failback(UNREACHED),
        SITE,
        UNREACHED,
    ),
    Trouble(IMPOSSIBLE, "Azure VM deleted", vault(*VM, "exists", value=False), RUNNING, "78093", TRY),
    Trouble(IMPOSSIBLE, "Azure VM moved to another group", vault(*VM, "group", "rg-dr-tokyo"), RUNNING, "78093", TRY),
    Trouble(IMPOSSIBLE, "migration completed", vault(*ITEM, "migrated", value=True), "OperationAllowed", "LAB-UNKNOWN-100", TRY),
    Trouble(IMPOSSIBLE, "protection disabled", vault(*ITEM, "exists", value=False), "MachineExists", "ResourceNotFound", TRY),
    Trouble(IMPOSSIBLE, "not in the configuration server's database", unknown_to_the_server, KNOWN, "LAB-UNKNOWN-19", TRY),
    Trouble(
        IMPOSSIBLE,
        "configuration server's address changed",
        vault("fabric", "cs-1", "address", OTHER_ADDRESS),
        "ConfigurationServerAddress",
        "LAB-UNKNOWN-40",
        TRY,
        subject=SITE,
    ),
    Trouble(
        IMPOSSIBLE, "physical Windows Server 2008 R2 SP1", physical_2008_r2, "PhysicalSystemSupported", "LAB-UNKNOWN-43", TRY
    ),
    Trouble(IMPOSSIBLE, "another vCenter", vault("vcenter", "vcenter", "record", "12"), KNOWN, "LAB-UNKNOWN-41", TRY),
    Trouble(
        OTHER_PLACE,
        "raw device",
        raw_device_to_another_location,
        "NewVMSupported",
        "LAB-UNKNOWN-42",
        reprotect_once_the_vm_is_gone(),
    ),
    Trouble(OTHER_PLACE, "NFS", nfs_at_another_location, "NewVMSupported", "LAB-UNKNOWN-30", reprotect(datastore=NFS)),
)

TOLD = (
    Trouble(
        "extra disk, full copy",
        "source without disk.EnableUUID",
        source_without_uuid,
        "SourceDiskUuid",
        "1 more",
        reprotect_of_further_disks(FURTHER),
        f"FailbackMachine/{FURTHER}",
        FURTHER,
    ),
    # One that runs with UEFI was reprotected (recorded in 2021), whatever the matrix of 2019 says: a warning, and no refusal.
    Trouble(IMPOSSIBLE, "UEFI", vm_cases.efi, "FirmwareSupported", "", None),
    # In the guest: nothing that Site Recovery would refuse.
    Trouble(
        "Linux target broken",
        "kernel upgraded",
        placement_cases.a_later_ubuntu,
        "LinuxTargetSupported",
        "",
        None,
        subject="MasterTarget/mt-lin-1",
    ),
    Trouble(ERRORS, "78026", health_of("78026", "Warning"), "ReplicationHealthy", "78026", health()),
    Trouble(ERRORS, "161011", health_of("161011", "Warning"), "ReplicationHealthy", "161011", health()),
    # Of level Info, as on every machine that was reprotected: no finding.
    Trouble(ERRORS, "548004", health_of("548004", "Info"), "ReplicationHealthy", "548004", health(), outcome=Outcome.PASS),
)
"""Warnings: they are told, and block nothing."""
