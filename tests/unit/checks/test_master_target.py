"""Checks of a master target: registration, VM, disks, controllers, storage, operating system."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case, verdict_of

from failback_operator.api.v1alpha1.recovery_site import Awaited
from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.domain.fabric import RetentionVolume
from failback_operator.domain.limits import Limits
from failback_operator.domain.vsphere import Controller, ControllerKind, GuestVolume, PowerState

KIND = ControllerKind


def of_vm(vsphere=None, **changes):
    return a.target_context(vms=(a.located(a.target_vm(**changes), vsphere),))


def guest(**changes):
    return of_vm(guest=replace(a.target_vm().guest, **changes))


def of_server(**changes):
    return a.target_context(server=a.master_target_server(**changes))


ALWAYS_READABLE = ("NotCordoned",)
NO_VM = a.target_context(vms=())
BLIND = a.target_context(vms=(), site=a.blind_vsphere(), usage=None)
TWO_VMS = a.target_context(vms=(a.located(a.target_vm()), a.located(a.target_vm("mt-copy"))))
NO_SERVER = a.target_context(server=None)
BLIND_VAULT = a.target_context(server=None, site=a.blind_vault())


def on_mt_host(**changes):
    return of_vm(a.facts(a.target_vm(), hosts=(a.host(a.HOST_2, **changes),)))


REGISTRATION = [
    Case("MasterTargetRegistered", "listed", PASS, a.target_context()),
    Case("MasterTargetRegistered", "not listed", FAIL, NO_SERVER, "no master target mt-win; it lists: mt-win"),
    Case(
        "MasterTargetRegistered",
        "nothing listed",
        FAIL,
        a.target_context(server=None, site=a.site_context(a.view(a.vault(fabric=a.fabric(master_targets=()))))),
        "it lists: none",
    ),
    Case("MasterTargetRegistered", "vault unread", UNKNOWN, BLIND_VAULT),
    Case("MasterTargetRegistered", "heartbeat at the limit", PASS, of_server(last_heartbeat=a.minutes_ago(15))),
    Case("MasterTargetRegistered", "heartbeat older", FAIL, of_server(last_heartbeat=a.minutes_ago(15.1))),
    Case("MasterTargetRegistered", "no heartbeat", UNKNOWN, of_server(last_heartbeat=None)),
    Case("MasterTargetVMFound", "one", PASS, a.target_context()),
    Case("MasterTargetVMFound", "none", FAIL, NO_VM, "no VM is found"),
    Case("MasterTargetVMFound", "none, vCenter unread", UNKNOWN, BLIND, "vCenter could not be read lately"),
    Case(
        "MasterTargetVMFound",
        "none, and one without name",
        UNKNOWN,
        a.target_context(vms=(), site=a.nameless_vsphere(), usage=None),
        "did not let the name of vm-77 be read",
    ),
    Case("MasterTargetVMFound", "two", FAIL, TWO_VMS, "several VMs match: mt-copy, mt-win"),
    Case("MasterTargetVMFound", "orphaned", FAIL, of_vm(connection_state="orphaned"), "VM mt-win is orphaned"),
    Case("MasterTargetVMFound", "connection unread", UNKNOWN, of_vm(connection_state=None)),
    Case("MasterTargetVMFound", "off", FAIL, of_vm(power_state=PowerState.OFF), "poweredOff"),
    Case("MasterTargetVMFound", "power unread", UNKNOWN, of_vm(power_state=None)),
    Case("MasterTargetVMFound", "host unread", UNKNOWN, of_vm(host=None)),
    Case(
        "MasterTargetVMFound",
        "host away",
        FAIL,
        of_vm(a.facts(a.target_vm(), hosts=(a.host(a.HOST_2, connection_state="notResponding"),))),
        "esx-2.example.com is notResponding",
        "esx-2.example.com",
    ),
    Case("MasterTargetVMFound", "host in maintenance", FAIL, on_mt_host(is_in_maintenance=True), "in maintenance mode", "exit"),
    Case("MasterTargetVMFound", "maintenance not told", UNKNOWN, on_mt_host(is_in_maintenance=None), "maintenance mode"),
    Case(
        "MasterTargetVMFound",
        "host's state unread",
        UNKNOWN,
        of_vm(a.facts(a.target_vm(), hosts=(a.host(a.HOST_2, connection_state=None),))),
    ),
]

TOOLS = [
    Case("ToolsRunning", "running", PASS, a.target_context()),
    Case("ToolsRunning", "open-vm-tools", PASS, guest(tools_version_status="guestToolsUnmanaged")),
    Case("ToolsRunning", "version not told", PASS, guest(tools_version_status=None)),
    Case("ToolsRunning", "stopped", FAIL, guest(tools_running_status="guestToolsNotRunning"), "tools do not run"),
    Case("ToolsRunning", "not installed", FAIL, guest(tools_version_status="guestToolsNotInstalled"), "not installed"),
    Case("ToolsRunning", "too old", FAIL, guest(tools_version_status="guestToolsTooOld"), "too old"),
    Case("ToolsRunning", "blacklisted", FAIL, guest(tools_version_status="guestToolsBlacklisted"), "blacklisted"),
    Case("ToolsRunning", "starting", UNKNOWN, guest(tools_running_status="guestToolsExecutingScripts")),
    Case("ToolsRunning", "not told", UNKNOWN, guest(tools_running_status=None), "report nothing"),
    Case(
        "ToolsRunning",
        "off",
        UNKNOWN,
        of_vm(power_state=PowerState.OFF, guest=replace(a.target_vm().guest, tools_running_status="guestToolsNotRunning")),
        "not on",
        "Start VM mt-win",
    ),
    Case("ToolsRunning", "unread", UNKNOWN, of_vm(unread=frozenset({"guest"})), "guest"),
    Case("ToolsRunning", "no VM", UNKNOWN, NO_VM),
    Case("ToolsRunning", "two VMs", UNKNOWN, TWO_VMS),
]


def used(attached, **changes):
    return a.target_context(usage=a.usage(attached=attached, **changes))


DISKS = [
    Case("DiskLimit", "59", PASS, used(57), "59 of 60"),
    Case("DiskLimit", "60", PASS, used(58), "60 of 60"),
    Case("DiskLimit", "61", FAIL, used(59), "61 of 60 disk slots: 2 own, 59 attached, 0 orphaned, 0 reserved"),
    Case("DiskLimit", "60 with the reserved", PASS, used(50, reserved=8)),
    Case("DiskLimit", "61 with the orphaned", FAIL, used(50, orphaned=9)),
    Case("DiskLimit", "its own lesser limit", FAIL, used(9, limit=10)),
    Case(
        "DiskLimit",
        "names the orphaned",
        FAIL,
        replace(used(57, orphaned=2), orphans=("Hard disk 4 of db-1", "Hard disk 3 of db-1")),
        "2 orphaned, 0 reserved; left over: Hard disk 3 of db-1, Hard disk 4 of db-1",
    ),
    Case("NotCordoned", "open", PASS, a.target_context()),
    Case("NotCordoned", "cordoned", FAIL, a.target_context(target=a.master_target(cordon=True)), "no further machine"),
    Case("DiskLimit", "unread", UNKNOWN, a.target_context(usage=None), "its disks could not be read"),
    Case("DiskLimit", "no VM", UNKNOWN, BLIND),
    Case(
        "DiskLimit",
        "vault unread",
        UNKNOWN,
        a.target_context(server=None, site=a.blind_vault(), usage=None),
        "the vault could not be read lately, and so whose disks VM mt-win has",
    ),
    Case("NoSnapshots", "none", PASS, a.target_context()),
    Case(
        "NoSnapshots",
        "two",
        FAIL,
        of_vm(snapshots=(a.snapshot("before-update"), a.snapshot("after-update"))),
        "after-update, before-update",
    ),
    Case("NoSnapshots", "a delta disk by its parent", FAIL, of_vm(disks=(a.disk(0, "mt-win", has_parent=True),)), "Hard disk 1"),
    Case(
        "NoSnapshots",
        "a delta disk by its name",
        FAIL,
        of_vm(disks=(a.disk(1, file_name="[vmfs-1] mt-win/mt-win-000002.vmdk"),)),
        "mt-win-000002.vmdk",
    ),
    Case("NoSnapshots", "a disk whose name only ends in digits", PASS, of_vm(disks=(a.disk(file_name="[vmfs-1] a/a-12.vmdk"),))),
    Case("NoSnapshots", "consolidation pending", FAIL, of_vm(consolidation_needed=True), "consolidation"),
    Case("NoSnapshots", "consolidation not told", UNKNOWN, of_vm(consolidation_needed=None)),
    Case("NoSnapshots", "consolidation unread", UNKNOWN, of_vm(unread=frozenset({"consolidation_needed"}))),
    Case("NoSnapshots", "snapshots unread", UNKNOWN, of_vm(unread=frozenset({"snapshots"}))),
    Case("NoSnapshots", "disks unread", UNKNOWN, of_vm(unread=frozenset({"disks"}))),
    Case(
        "NoSnapshots",
        "one, the disks unread",
        FAIL,
        of_vm(snapshots=(a.snapshot(),), unread=frozenset({"disks"})),
    ),
    Case("NoSnapshots", "no VM", UNKNOWN, NO_VM),
    Case(
        "NoSnapshots",
        "one while it holds disks",
        FAIL,
        replace(of_vm(snapshots=(a.snapshot(),)), holders=("app-1", "db-1")),
        "before-update",
        "It holds disks of app-1, db-1: leave it alone",
    ),
    Case("NoSnapshots", "none while it holds disks", PASS, a.target_context(holders=("app-1",))),
]


def controllers(*kinds, disks=None, **changes):
    found = tuple(Controller(1000 + n, kind, n) for n, kind in enumerate(kinds))
    return of_vm(controllers=found, **({} if disks is None else {"disks": disks}), **changes)


LENIENT = replace(a.site_context(), view=a.view(limits=Limits(accepted_controllers=frozenset({KIND.PARAVIRTUAL}))))

CONTROLLERS = [
    Case("LsiLogicOnly", "LSI Logic", PASS, controllers(KIND.LSI_LOGIC)),
    Case("LsiLogicOnly", "LSI Logic SAS", PASS, controllers(KIND.LSI_LOGIC_SAS)),
    Case("LsiLogicOnly", "with SATA beside", PASS, controllers(KIND.LSI_LOGIC, KIND.SATA)),
    Case("LsiLogicOnly", "an empty paravirtual beside", FAIL, controllers(KIND.LSI_LOGIC, KIND.PARAVIRTUAL), "SCSI controller 1"),
    Case("LsiLogicOnly", "none at all", FAIL, controllers(), "it has: none"),
    Case("LsiLogicOnly", "only NVMe", FAIL, controllers(KIND.NVME), "it has: NVMe"),
    Case("LsiLogicOnly", "paravirtual where it is accepted", PASS, replace(controllers(KIND.PARAVIRTUAL), site=LENIENT)),
    Case("LsiLogicOnly", "unread", UNKNOWN, of_vm(unread=frozenset({"controllers"}))),
    Case("LsiLogicOnly", "no VM", UNKNOWN, NO_VM),
    Case("DisksOnLsiLogic", "all", PASS, a.target_context()),
    Case("DisksOnLsiLogic", "one on NVMe", FAIL, controllers(KIND.NVME), "Hard disk 1 on NVMe"),
    Case("DisksOnLsiLogic", "an empty SATA beside", PASS, controllers(KIND.LSI_LOGIC, KIND.SATA)),
    Case("DisksOnLsiLogic", "paravirtual is told elsewhere", PASS, controllers(KIND.PARAVIRTUAL)),
    Case("DisksOnLsiLogic", "controller not found", UNKNOWN, of_vm(controllers=()), "Hard disk 1, Hard disk 2"),
    Case("DisksOnLsiLogic", "disks unread", UNKNOWN, of_vm(unread=frozenset({"disks"}))),
]


def uuid_set(set_at, **changes):
    return replace(of_vm(**changes), target=a.master_target(status={"diskUuidSetAt": set_at}))


UUID = [
    Case("DiskEnableUuid", "TRUE", PASS, a.target_context(), "no change of it was seen that waits for a power-on"),
    Case("DiskEnableUuid", "FALSE", FAIL, of_vm(disk_uuid_enabled=False), "not TRUE"),
    Case("DiskEnableUuid", "not set", FAIL, of_vm(disk_uuid_enabled=None)),
    Case("DiskEnableUuid", "unread", UNKNOWN, of_vm(disk_uuid_enabled=None, unread=frozenset({"disk_uuid_enabled"}))),
    Case("DiskEnableUuid", "no VM", UNKNOWN, NO_VM),
    Case("DiskEnableUuid", "powered on since", PASS, uuid_set(a.minutes_ago(30), boot_time=a.minutes_ago(29)), "since"),
    Case(
        "DiskEnableUuid",
        "powered on before",
        FAIL,
        uuid_set(a.minutes_ago(30), boot_time=a.minutes_ago(31)),
        "not powered on since",
    ),
    Case(
        "DiskEnableUuid", "at the same instant", FAIL, uuid_set(a.minutes_ago(30), boot_time=a.minutes_ago(30)), "", "power it on"
    ),
    Case("DiskEnableUuid", "one second later", PASS, uuid_set(a.minutes_ago(30), boot_time=a.minutes_ago(30 - 1 / 60))),
    Case("DiskEnableUuid", "off", PASS, uuid_set(a.minutes_ago(30), power_state=PowerState.OFF, boot_time=None), "is off"),
    Case("DiskEnableUuid", "suspended", FAIL, uuid_set(a.minutes_ago(30), power_state=PowerState.SUSPENDED)),
    Case("DiskEnableUuid", "boot time not told", UNKNOWN, uuid_set(a.minutes_ago(30), boot_time=None)),
    Case("DiskEnableUuid", "boot time unread", UNKNOWN, uuid_set(a.minutes_ago(30), unread=frozenset({"boot_time"}))),
]


def volumes(*found, **changes):
    return of_server(retention_volumes=tuple(found), **changes)


def in_guest(path, filesystem, capacity=a.GIB, **changes):
    volume = GuestVolume(path, capacity, capacity, filesystem, (2000,))
    return replace(guest(volumes=(volume,)), server=a.master_target_server(retention_volumes=()), **changes)


def seen_ago(minutes):
    """The operator first saw the volume in the guest so long ago."""
    awaited = Awaited(check="RetentionVolume", subject="MasterTarget/mt-win", since=a.minutes_ago(minutes))
    found = in_guest("R:\\", "NTFS")
    site = found.site.view.site
    stored = site.model_copy(update={"status": site.status.model_copy(update={"awaited": [awaited]})})
    return replace(found, site=replace(found.site, view=replace(found.site.view, site=stored)))


def guest_without(**changes):
    return replace(guest(**changes), server=a.master_target_server(retention_volumes=()))


VOLUME = RetentionVolume("R", 600 * a.GIB, 1)
LINUX = {"os_type": "Linux", "os_version": "UBUNTU-16.04-64"}
LINUX_GUEST = replace(a.target_vm().guest, guest_id="ubuntu64Guest", full_name="Ubuntu Linux (64-bit)", family="linuxGuest")


def on_linux(name, **spec):
    server = a.master_target_server(retention_volumes=(replace(VOLUME, name=name),), **LINUX)
    return replace(of_vm(guest=LINUX_GUEST), server=server, target=a.master_target(**spec))


RETENTION = [
    Case("RetentionVolume", "R", PASS, a.target_context()),
    Case("RetentionVolume", "written otherwise", PASS, volumes(replace(VOLUME, name="r:\\"))),
    Case("RetentionVolume", "Linux", PASS, on_linux("/mnt/retention/")),
    Case("RetentionVolume", "R on Linux", FAIL, on_linux("R"), "/mnt/retention is not listed; listed: R", "spec.retentionVolume"),
    Case("RetentionVolume", "another name by spec", PASS, on_linux("/data", retentionVolume="/data/")),
    Case("RetentionVolume", "none", FAIL, volumes(), "listed: none"),
    Case("RetentionVolume", "capacity zero", FAIL, volumes(replace(VOLUME, capacity_bytes=0)), "capacity of zero"),
    Case("RetentionVolume", "full", FAIL, volumes(replace(VOLUME, free_bytes=0)), "full"),
    Case("RetentionVolume", "one byte free", PASS, volumes(replace(VOLUME, free_bytes=1))),
    Case("RetentionVolume", "capacity not told", UNKNOWN, volumes(replace(VOLUME, capacity_bytes=None))),
    Case("RetentionVolume", "free space not told", UNKNOWN, volumes(replace(VOLUME, free_bytes=None))),
    Case("RetentionVolume", "FAT32", FAIL, in_guest("R:\\", "FAT32"), "formatted with FAT32"),
    Case("RetentionVolume", "of size zero in the guest", FAIL, in_guest("R:\\", "NTFS", 0), "capacity of zero"),
    Case("RetentionVolume", "in the guest, not listed yet", FAIL, in_guest("r:\\", "NTFS"), "too new"),
    Case("RetentionVolume", "of no known file system", FAIL, in_guest("R:\\", None), "too new"),
    Case("RetentionVolume", "14 min in the guest", FAIL, seen_ago(14), "too new", "Wait until 2026-11-24T08:01:00Z"),
    Case("RetentionVolume", "15 min in the guest", FAIL, seen_ago(15), "for more than 15 min, so it may be locked", "Refresh"),
    Case("RetentionVolume", "the guest has none", FAIL, guest_without(volumes=(GuestVolume("C:\\", 1, 1, "NTFS"),)), "absent"),
    Case("RetentionVolume", "the guest tells no volume", FAIL, guest_without(volumes=()), "not listed; listed: none"),
    Case("RetentionVolume", "tools do not run", FAIL, guest_without(tools_running_status="guestToolsNotRunning"), "listed: none"),
    Case(
        "RetentionVolume",
        "the system's volume",
        FAIL,
        in_guest("C:\\", "NTFS", target=a.master_target(retentionVolume="C")),
        "it is the guest's system volume",
    ),
    Case(
        "RetentionVolume",
        "on a protected machine's disk",
        FAIL,
        in_guest("R:\\", "NTFS", protected_keys=frozenset({2000})),
        "which is a replication target",
    ),
    Case(
        "RetentionVolume",
        "guest unread",
        FAIL,
        replace(in_guest("R:\\", "FAT32"), vms=(a.located(a.target_vm(unread=frozenset({"guest"}))),)),
        "listed: none",
    ),
    Case("RetentionVolume", "no VM", FAIL, replace(volumes(), vms=()), "listed: none"),
    Case(
        "RetentionVolume",
        "system not known",
        UNKNOWN,
        replace(volumes(VOLUME, os_type=None, os_version=None), vms=()),
        "",
        "spec.retentionVolume",
    ),
    Case("RetentionVolume", "not registered", UNKNOWN, NO_SERVER, "no master target mt-win"),
    Case("RetentionVolume", "vault unread", UNKNOWN, BLIND_VAULT),
]


def on_host(*stores):
    host = a.host(a.HOST_2, datastores=tuple(s.moref for s in stores))
    return of_vm(a.facts(a.target_vm(), hosts=(host,), datastores=stores))


STORAGE = [
    Case("DatastoresDiscovered", "some", PASS, a.target_context(), "vmfs-1"),
    Case("DatastoresDiscovered", "none", FAIL, of_server(datastores=())),
    Case("DatastoresDiscovered", "vault unread", UNKNOWN, BLIND_VAULT),
    Case("VmfsDatastore", "VMFS", PASS, a.target_context(), "esx-2.example.com has vmfs-1"),
    Case("VmfsDatastore", "vSAN", PASS, on_host(a.datastore(type="vsan"))),
    Case("VmfsBesidesVsan", "VMFS", PASS, a.target_context(), "esx-2.example.com has vmfs-1"),
    Case("VmfsBesidesVsan", "both", PASS, on_host(a.datastore(), a.datastore(a.NFS, name="vsan-1", type="vsan"))),
    Case("VmfsBesidesVsan", "vSAN alone", FAIL, on_host(a.datastore(name="vsan-1", type="vsan")), "no VMFS datastore, but vSAN"),
    Case(
        "VmfsBesidesVsan",
        "VMFS not accessible",
        FAIL,
        on_host(a.datastore(is_accessible=False), a.datastore(a.NFS, name="vsan-1", type="vsan")),
    ),
    Case("VmfsBesidesVsan", "neither is the other's", NA, on_host(a.datastore(type="NFS")), "see VmfsDatastore"),
    Case("VmfsBesidesVsan", "a datastore unread", UNKNOWN, on_host(a.datastore(type=None)), "could be read"),
    Case("VmfsBesidesVsan", "no VM", UNKNOWN, NO_VM),
    Case("VmfsDatastore", "NFS only", FAIL, on_host(a.datastore(a.NFS, name="nfs-1", type="NFS")), "nfs-1 (NFS)"),
    Case("VmfsDatastore", "not accessible", FAIL, on_host(a.datastore(is_accessible=False))),
    Case("VmfsDatastore", "access not told", UNKNOWN, on_host(a.datastore(is_accessible=None))),
    Case("VmfsDatastore", "type not told", UNKNOWN, on_host(a.datastore(type=None))),
    Case("VmfsDatastore", "no datastore", FAIL, on_host(), "it has: none"),
    Case("VmfsDatastore", "a datastore that is not read", UNKNOWN, of_vm(a.facts(a.target_vm(), datastores=()))),
    Case("VmfsDatastore", "host not found", UNKNOWN, of_vm(host=None)),
    Case("VmfsDatastore", "host unread", UNKNOWN, of_vm(unread=frozenset({"host"}))),
    Case("VmfsDatastore", "no VM", UNKNOWN, NO_VM),
]

NOTHING_TOLD = replace(a.target_vm().guest, guest_id="otherGuest", full_name=None, family=None)

SYSTEM = [
    Case("TargetOSKnown", "agreed", PASS, a.target_context(), "Windows Server 2022"),
    Case("TargetOSKnown", "by the VM alone", PASS, replace(a.target_context(), server=None)),
    Case("TargetOSKnown", "contradicted", FAIL, of_server(os_type="Linux", os_version=None), "takes it for Linux"),
    Case(
        "TargetOSKnown",
        "nothing told",
        UNKNOWN,
        replace(of_vm(guest=NOTHING_TOLD), server=a.master_target_server(os_type=None, os_version=None)),
    ),
    Case("TargetOSKnown", "nothing at all", UNKNOWN, replace(NO_VM, server=None), "no VM is found"),
    Case(
        "TargetOSKnown",
        "guest unread",
        UNKNOWN,
        replace(of_vm(unread=frozenset({"guest"})), server=a.master_target_server(os_type=None, os_version=None)),
    ),
]

UBUNTU = "architecture='X86' distroName='Ubuntu' distroVersion='{0}' familyName='Linux' prettyName='Ubuntu {0} LTS'"


def linux(version="16.04", limits=None, asr="UBUNTU-16.04-64", **changes):
    data = None if version is None else UBUNTU.format(version)
    whole = of_vm(guest=replace(LINUX_GUEST, detailed_data=data, **changes))
    site = a.site_context(a.view(limits=replace(Limits(), linux_targets=limits))) if limits is not None else whole.site
    return replace(whole, site=site, server=a.master_target_server(os_type="Linux", os_version=asr))


SYSTEM += [
    Case("LinuxTargetSupported", "Ubuntu 16.04", PASS, linux(), "LVM cannot be read from outside"),
    Case("LinuxTargetSupported", "a later release of it", PASS, linux("16.04.2")),
    Case("LinuxTargetSupported", "a later version", FAIL, linux("20.04"), "is not one of ubuntu-16.04"),
    Case("LinuxTargetSupported", "an earlier version", FAIL, linux("14.04")),
    Case("LinuxTargetSupported", "one of a list", PASS, linux("20.04", ("ubuntu-16.04", "Ubuntu-20.04"))),
    Case("LinuxTargetSupported", "a list without any", FAIL, linux("16.04", ()), "not one of none"),
    Case("LinuxTargetSupported", "an entry without a version", FAIL, linux("16.04", ("ubuntu",))),
    Case("LinuxTargetSupported", "another distribution", FAIL, linux("16.04", ("rhel-16.04",))),
    Case("LinuxTargetSupported", "version not known", UNKNOWN, linux(None, asr=None), "is not known"),
    Case("LinuxTargetSupported", "system not known", UNKNOWN, replace(NO_VM, server=None), "see TargetOSKnown"),
    Case("LinuxTargetSupported", "Windows", NA, a.target_context()),
]
CASES = REGISTRATION + TOOLS + DISKS + CONTROLLERS + UUID + RETENTION + STORAGE + SYSTEM


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(TARGET_CHECKS, case)


def test_free_space_that_moves_changes_no_text():
    texts = {
        verdict_of(TARGET_CHECKS, Case("RetentionVolume", "", PASS, volumes(replace(VOLUME, free_bytes=free)))).observed
        for free in (1, a.GIB, 599 * a.GIB)
    }
    assert len(texts) == 1
