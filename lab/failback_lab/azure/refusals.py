"""Why a reprotect or a failback fails: judged from the configuration server's own reading of vCenter.

Source: site-recovery facts, section 3; requirements R6-R9, R16, R18-R20, R24.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from . import faultbook
from .items import Item
from .jobs import ServiceFault
from .onprem import DatastoreReading, MachineReading
from .servers import MasterTarget

MAX_DISKS = 60
PHYSICAL_WITHOUT_FAILBACK = "Windows Server 2008 R2"
USABLE_TYPES = ("VMFS", "vsan")


@dataclass(frozen=True, slots=True)
class ReprotectFacts:
    """All that a reprotect towards the site depends on."""

    item: Item
    now: datetime
    target: MasterTarget
    target_vm: MachineReading | None
    source_vm: MachineReading | None
    retention_drive: str
    datastore: str
    """The datastore that the request names, for a new VM."""
    group_targets: frozenset[str]
    """Ids of the master targets that other members of the group use."""
    azure_vm_runs: bool
    is_in_network: bool
    """Whether the machine in Azure stands in the process server's network."""
    has_private_path: bool
    policy_is_associated: bool
    is_connected: bool
    is_address_kept: bool = True
    """Whether the configuration server has the address under which it was registered."""
    is_same_vcenter: bool = True
    """Whether the configuration server's record of vCenter is that of the machine's discovery."""


def usable_datastores(vm: MachineReading | None) -> tuple[DatastoreReading, ...]:
    """Datastores that a master target lists: none without VMware Tools, and NFS never."""
    if vm is None or not vm.tools_running:
        return ()
    return tuple(d for d in vm.host_datastores if d.type in USABLE_TYPES)


def reprotect_fault(facts: ReprotectFacts) -> ServiceFault | None:
    """The first reason why this reprotect fails, or None."""
    return next(_reprotect_faults(facts), None)


def _reprotect_faults(facts: ReprotectFacts) -> Iterator[ServiceFault]:
    yield from _service_faults(facts)
    yield from _choice_faults(facts)
    vm = facts.target_vm
    if vm is None or not vm.is_powered_on:
        yield faultbook.TARGET_GONE
        return
    yield from _target_faults(facts, vm)
    yield from _source_faults(facts, vm)


def _service_faults(facts: ReprotectFacts) -> Iterator[ServiceFault]:
    if not facts.is_connected:
        yield faultbook.CS_DISCONNECTED
    if not facts.item.is_known:
        yield faultbook.NOT_IN_DATABASE
    yield from _impossible(facts)
    if not facts.azure_vm_runs or not facts.is_in_network or facts.item.is_hung:
        yield faultbook.VM_NOT_RUNNING
    if not facts.has_private_path or facts.item.agent_stopped is not None:
        yield faultbook.NO_PRIVATE_PATH
    if facts.item.agent_ready is None or facts.now < facts.item.agent_ready:
        yield faultbook.AGENT_MISSING


def _impossible(facts: ReprotectFacts) -> Iterator[ServiceFault]:
    """What no failback comes back from. Source: site-recovery facts, section 3 (failback impossible), which gives no codes."""
    if not facts.is_address_kept:
        yield faultbook.ADDRESS_CHANGED
    if not facts.is_same_vcenter:
        yield faultbook.OTHER_VCENTER
    if facts.item.is_physical and PHYSICAL_WITHOUT_FAILBACK in (facts.item.system or facts.item.guest.asr_version):
        yield faultbook.PHYSICAL_2008_R2


def _choice_faults(facts: ReprotectFacts) -> Iterator[ServiceFault]:
    if not facts.policy_is_associated:
        yield faultbook.POLICY_NOT_ASSOCIATED
    if facts.target.os_family != facts.item.guest.family:
        yield faultbook.OTHER_FAMILY
    if facts.group_targets - {facts.target.id}:
        yield faultbook.OTHER_TARGET
    if facts.retention_drive not in facts.target.listed:
        yield faultbook.NO_RETENTION_VOLUME


def _target_faults(facts: ReprotectFacts, vm: MachineReading) -> Iterator[ServiceFault]:
    if vm.has_snapshot:
        yield faultbook.SNAPSHOTS
    if vm.has_paravirtual_controller:
        yield faultbook.PARAVIRTUAL
    if not vm.disk_uuid_enabled:
        yield faultbook.DISK_UUID
    if not usable_datastores(vm) or not facts.target.datastores:  # seen now, and at the last discovery
        yield faultbook.NO_DATASTORE
    if len(vm.disks) + len(facts.item.machine.disks) > MAX_DISKS:
        yield faultbook.TOO_MANY_DISKS


def _source_faults(facts: ReprotectFacts, target_vm: MachineReading) -> Iterator[ServiceFault]:
    source = facts.source_vm
    if source is None:
        yield from _new_machine_faults(facts, target_vm)
        return
    if _have_disks_of_one_template(source, target_vm):
        yield faultbook.SAME_DISK_UUID
    writable = {d.name for d in target_vm.host_datastores if d.is_writable}
    if not set(source.datastores) <= writable:
        yield faultbook.DATASTORE_NOT_MOUNTED


def _have_disks_of_one_template(one: MachineReading, other: MachineReading) -> bool:
    """Whether two different disks have one UUID. Source: facts, section 3 (MT and VM cloned from one template)."""
    files = {disk.uuid: disk.file for disk in one.disks}
    return any(files.get(disk.uuid, disk.file) != disk.file for disk in other.disks)


def _new_machine_faults(facts: ReprotectFacts, target_vm: MachineReading) -> Iterator[ServiceFault]:
    """Without a VM a new one is made on the master target's host; its disks are made at the reprotect.

    Source: requirements R21, R22; facts, section 3 (78052) and section 9.
    """
    if facts.item.had_raw_devices:
        yield faultbook.RAW_DEVICES
    if facts.item.friendly_name in target_vm.host_machines:
        yield faultbook.SAME_NAME_ON_HOST
    store = next((d for d in usable_datastores(target_vm) if d.name == facts.datastore and d.is_writable), None)
    if store is None:
        yield faultbook.NO_NEW_DATASTORE
    elif store.free_bytes < sum(facts.item.disk_sizes):
        yield faultbook.NO_SPACE


def power_on_fault(vm: MachineReading | None) -> ServiceFault | None:
    """Why the on-premises machine cannot be brought up at failback, or None."""
    if vm is None:
        return faultbook.NO_MACHINE
    if vm.host_free_mib < vm.memory_mib:
        return faultbook.HOST_MEMORY
    return None


def is_newer(version: str, than: str) -> bool:
    """Whether an agent's version such as `9.61.0.0` is newer than another."""
    return _parts(version) > _parts(than)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(p) for p in version.split("."))
