"""Where a master target keeps retention data, and which datastores its host offers."""

from failback_operator.api.common import Severity, rfc3339
from failback_operator.checks.answers import Answer, failed, listed, minutes, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, TargetContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.master_target.base import of_server, of_vm, target_check, unread
from failback_operator.checks.master_target.system import target_system
from failback_operator.checks.subjects import subject_of
from failback_operator.domain.fabric import MasterTargetServer, RetentionVolume
from failback_operator.domain.operating_system import Family
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.verdicts import Outcome
from failback_operator.domain.vsphere import Datastore, GuestVolume, VirtualMachine

DEFAULT_VOLUMES = {Family.WINDOWS: "R", Family.LINUX: "/mnt/retention"}
"""Source: the vendor's page on preparing failback: R: on Windows, /mnt/retention/ on Linux."""

TAKES_FAILBACK = frozenset({"VMFS", "VSAN"})
"""Kinds of datastore that failback may write to, in upper case. Source: VMFS by the vendor's page; vSAN by its support matrix."""


def bare_volume(name: str) -> str:
    r"""`R`, `r:\` and `R:` are one volume, as are `/mnt/retention` and `/mnt/retention/`."""
    return name.rstrip(":\\/").casefold()


def wanted_volume(context: TargetContext) -> str | None:
    """The retention volume that the target is to have, or None while its operating system is not known."""
    family = target_system(context).family
    return context.target.spec.retention_volume or (DEFAULT_VOLUMES[family] if family is not None else None)


def listed_volume(context: TargetContext, server: MasterTargetServer) -> RetentionVolume | None:
    """The wanted retention volume as Site Recovery lists it; None where it does not, or where none is known to be wanted."""
    wanted = wanted_volume(context)
    if wanted is None:
        return None
    return next((v for v in server.retention_volumes if bare_volume(v.name) == bare_volume(wanted)), None)


@target_check(
    About(
        id="RetentionVolume",
        clause="R16",
        condition="RetentionReady",
        expected="Site Recovery lists the master target's retention volume (R: on Windows, /mnt/retention on Linux, or "
        "spec.retentionVolume), with a capacity and free space",
        remedy="Add a disk to the master target, format it (not FAT or FAT32) and mount it as R: or /mnt/retention; it is "
        "listed within "
        "15 minutes, else refresh the configuration server. A volume of another name: spec.retentionVolume.",
        source="Vendor's page on preparing failback; masterTargetServers[].retentionVolumes[]; vSphere guest.disk[]",
        steps=BEFORE_REPROTECT,
        also=("R17",),
        fixes=frozenset({EffectKind.ADD_RETENTION_DISK, EffectKind.REFRESH_PROVIDER}),
    )
)
@of_server
def retention_volume(context: TargetContext, server: MasterTargetServer) -> Answer:
    """The wanted volume is among those that Site Recovery lists, and is neither of size zero nor full."""
    wanted = wanted_volume(context)
    if wanted is None:
        return unknown("its operating system is not known, and so neither is its retention volume", "Give spec.retentionVolume.")
    found = listed_volume(context, server)
    if found is None:
        return _not_listed(context, server, wanted)
    if found.capacity_bytes is None or found.free_bytes is None:
        return unknown(f"volume {found.name}: its capacity or free space was not reported")
    if found.capacity_bytes <= 0:
        return failed(f"volume {found.name} has a capacity of zero")
    return passed(f"volume {found.name} is listed") if found.free_bytes > 0 else failed(f"volume {found.name} is full")


def _not_listed(context: TargetContext, server: MasterTargetServer, wanted: str) -> Answer:
    known = listed(v.name for v in server.retention_volumes) or "none"
    told = f"volume {wanted} is not listed; listed: {known}"
    vm = context.vm.vm if context.vm else None
    volume = _guest_volume(vm, wanted) if vm else None
    if volume is not None:
        fault = _fault_of(volume, context.protected_keys)
        return _in_guest(context, told) if fault is None else failed(f"{told}; {fault}")
    absent = vm is not None and bool(vm.guest.volumes) and _tells_volumes(vm)
    told = f"{told}; the guest does not have it either: it is absent, or not formatted and mounted" if absent else told
    other = f"Mount the retention disk as {wanted}, or name the listed volume in spec.retentionVolume."
    return failed(told, other if server.retention_volumes else None)


RETENTION = "RetentionVolume"


def _in_guest(context: TargetContext, told: str) -> Answer:
    """It may be too new: Site Recovery has its time to list it, from when the operator first saw it."""
    limit = context.site.limits.retention_listed
    due = context.site.awaited_since(RETENTION, str(subject_of(context))) + limit
    causes = "locked, the volume of cache or software, or a replication target"
    if context.site.now < due:
        remedy = f"Wait until {rfc3339(due)}: a new volume is listed within {minutes(limit)} min, else refresh the configuration"
        return failed(f"{told}; the guest has it, so it may be too new, {causes}", f"{remedy} server.", due)
    remedy = "Refresh the configuration server. If the volume is not listed 30 min later, see that it is none of these."
    return failed(f"{told}; the guest has had it for more than {minutes(limit)} min, so it may be {causes}", remedy)


def awaited_volume(context: TargetContext) -> str | None:
    """The retention volume, where the guest has it, nothing is known against it, and Site Recovery does not list it."""
    server, vm, wanted = context.server, context.vm.vm if context.vm else None, wanted_volume(context)
    if server is None or vm is None or wanted is None or listed_volume(context, server) is not None:
        return None
    volume = _guest_volume(vm, wanted)
    return wanted if volume is not None and _fault_of(volume, context.protected_keys) is None else None


SYSTEM_VOLUMES = frozenset({"c", ""})
r"""`C:\` and `/`, bare: where the guest's system and, by default, the master target's software are."""


def _tells_volumes(vm: VirtualMachine) -> bool:
    return "guest" not in vm.unread and vm.guest.tools_running_status == "guestToolsRunning"


def _guest_volume(vm: VirtualMachine, wanted: str) -> GuestVolume | None:
    if not _tells_volumes(vm):
        return None
    return next((v for v in vm.guest.volumes if bare_volume(v.path) == bare_volume(wanted)), None)


def _fault_of(volume: GuestVolume, protected_keys: frozenset[int]) -> str | None:
    """Why a volume that the guest has is not listed; None where that is not known.

    Source: reasons of the vendor's page (R16). Whether a volume is locked, or holds cache or software, no guest tells.
    """
    if bare_volume(volume.path) in SYSTEM_VOLUMES:
        return "it is the guest's system volume"
    if protected_keys & frozenset(volume.disk_keys):
        return "it lies on a disk of a protected machine, which is a replication target"
    if (volume.filesystem or "").upper().startswith("FAT"):
        return f"the guest has it formatted with {volume.filesystem}"
    return "the guest shows it with a capacity of zero" if volume.capacity_bytes <= 0 else None


@target_check(
    About(
        id="DatastoresDiscovered",
        clause="R18",
        condition="DatastoresReachable",
        expected="Site Recovery lists datastores of the master target",
        remedy="See that the master target is a VM under a vCenter that the configuration server knows, that its account may "
        "browse "
        "datastores and that VMware Tools run; then refresh the configuration server (up to 30 minutes).",
        source="masterTargetServers[].dataStores: empty for a target that was not discovered in vCenter, which is unusable",
        steps=BEFORE_REPROTECT,
        fixes=frozenset({EffectKind.REFRESH_PROVIDER}),
    )
)
@of_server
def datastores_discovered(context: TargetContext, server: MasterTargetServer) -> Answer:  # noqa: ARG001 - the form of these checks
    """The list is not empty."""
    if not server.datastores:
        return failed("Site Recovery lists no datastore")
    return passed(f"Site Recovery lists {listed(d.symbolic_name for d in server.datastores)}")


@target_check(
    About(
        id="VmfsDatastore",
        clause="R24",
        condition="DatastoresReachable",
        expected="the host of the master target has a VMFS (or vSAN) datastore that is accessible",
        remedy="Mount a VMFS datastore on the host, or move the master target to a host that has one, while it holds no "
        "protected disk.",
        source="Vendor's page on preparing failback: at least one VMFS datastore; vSphere datastore summary.type, "
        "summary.accessible",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
    )
)
@of_vm
def vmfs_datastore(context: TargetContext, located: LocatedVm) -> Answer:  # noqa: ARG001 - the form of all checks of a VM
    """One accessible datastore of its host is VMFS or vSAN."""
    hidden = unread(located.vm, "host")
    if hidden is not None or located.host is None:
        return hidden or unknown(f"the host of VM {located.vm.name} could not be read")
    stores = [located.facts.datastore(moref) for moref in located.host.datastores]
    fitting = [s.name for s in stores if s is not None and _is_fitting(s)]
    if fitting:
        return passed(f"host {located.host.name} has {listed(fitting)}")
    if any(s is None or _is_fitting(s) is None for s in stores):
        return unknown(f"host {located.host.name}: not all of its datastores could be read")
    seen = listed(f"{s.name} ({s.type})" for s in stores if s is not None) or "none"
    return failed(f"host {located.host.name} has no accessible VMFS datastore; it has: {seen}")


def _is_fitting(store: Datastore) -> bool | None:
    if store.type is None:
        return None
    return store.type.upper() in TAKES_FAILBACK and store.is_accessible


@target_check(
    About(
        id="VmfsBesidesVsan",
        clause="R24",
        condition="DatastoresReachable",
        expected="the host of the master target has a VMFS datastore, and not vSAN alone",
        remedy="Mount a VMFS datastore on the host too, or rehearse a failback of one machine onto vSAN before the others.",
        source="Vendor's page on preparing failback asks for VMFS, its support matrix takes vSAN; a host with vSAN alone may "
        "list its datastore and then fail",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
@of_vm
def vmfs_besides_vsan(context: TargetContext, located: LocatedVm) -> Answer:
    """VMFS is among those that VmfsDatastore accepts."""
    whole = vmfs_datastore(context)
    if whole.outcome is Outcome.UNKNOWN or located.host is None:
        return whole
    if not whole.is_pass:
        return not_applicable("see VmfsDatastore")
    stores = [store for moref in located.host.datastores if (store := located.facts.datastore(moref)) is not None]
    names = [store.name for store in stores if _is_fitting(store) and (store.type or "").upper() == "VMFS"]
    if names:
        return passed(f"host {located.host.name} has {listed(names)}")
    return failed(f"host {located.host.name} has no VMFS datastore, but vSAN: {whole.observed}")
