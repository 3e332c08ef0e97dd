"""Reads a VM and its host from vCenter by leaf paths, so that a part that cannot be parsed spoils nothing else.

Source: vSphere facts, section 1 (items 3-5): what is missing is named in missingSet and never taken for "none".
"""

from typing import Any

from pyVmomi import vim, vmodl

from .onprem import DatastoreReading, DiskReading, MachineReading, VolumeReading

VM_PATHS = (
    "name",
    "runtime.host",
    "runtime.powerState",
    "guest.toolsRunningStatus",
    "guest.disk",
    "snapshot",
    "config.hardware.device",
    "config.hardware.memoryMB",
    "config.extraConfig",
    "datastore",
)
HOST_PATHS = ("name", "datastore", "vm", "parent")
MEMORY_PATHS = (
    "summary.hardware.memorySize",
    "summary.quickStats.overallMemoryUsage",
    "runtime.connectionState",
    "runtime.inMaintenanceMode",
    "vm",
)
CLUSTER_PATHS = ("host", "configurationEx")
DATASTORE_PATHS = ("name", "summary.type", "summary.capacity", "summary.freeSpace", "summary.url", "info", "host")
NEIGHBOUR_PATHS = ("name", "runtime.powerState", "config.hardware.memoryMB")
MIB = 1024**2
POWERED_ON = "poweredOn"
TOOLS_RUNNING = "guestToolsRunning"
TRUE = ("true", "1")


def read_properties(content: Any, objects: list[Any], kind: Any, paths: tuple[str, ...]) -> dict[Any, dict[str, Any]]:
    """Properties of objects of one kind by object; an unset one is absent. Raises for a property that may not be read."""
    if not objects:
        return {}
    collector = vmodl.query.PropertyCollector
    spec = collector.FilterSpec(
        objectSet=[collector.ObjectSpec(obj=o) for o in objects],
        propSet=[collector.PropertySpec(type=kind, pathSet=list(paths))],
    )
    found: dict[Any, dict[str, Any]] = {}
    page = content.propertyCollector.RetrievePropertiesEx([spec], collector.RetrieveOptions())
    while page is not None:
        for answer in page.objects:
            for missing in answer.missingSet or ():
                raise missing.fault
            found[answer.obj] = {p.name: p.val for p in answer.propSet}
        page = content.propertyCollector.ContinueRetrievePropertiesEx(page.token) if page.token else None
    return found


def read_machine(content: Any, vm: Any) -> MachineReading:
    """All that the configuration server knows of a VM."""
    values = read_properties(content, [vm], vim.VirtualMachine, VM_PATHS)[vm]
    host = values["runtime.host"]
    host_values = read_properties(content, [host], vim.HostSystem, HOST_PATHS)[host]
    stores = read_properties(content, list(host_values.get("datastore", ())), vim.Datastore, DATASTORE_PATHS)
    own_stores = read_properties(content, list(values.get("datastore", ())), vim.Datastore, ("name",))
    neighbours = read_properties(content, list(host_values.get("vm", ())), vim.VirtualMachine, NEIGHBOUR_PATHS)
    devices = values["config.hardware.device"]
    settings = {o.key.casefold(): str(o.value).casefold() for o in values.get("config.extraConfig", ())}
    tools = values.get("guest.toolsRunningStatus")
    return MachineReading(
        name=values["name"],
        host=host_values["name"],
        is_powered_on=values["runtime.powerState"] == POWERED_ON,
        tools_running=tools == TOOLS_RUNNING,
        has_snapshot=values.get("snapshot") is not None,
        has_paravirtual_controller=any(isinstance(d, vim.vm.device.ParaVirtualSCSIController) for d in devices),
        disk_uuid_enabled=settings.get("disk.enableuuid") in TRUE,
        memory_mib=values["config.hardware.memoryMB"],
        host_free_mib=max(_free_mib(content, each) for each in _choice(content, host, host_values.get("parent"))),
        host_machines=tuple(v["name"] for v in neighbours.values()),
        disks=disk_readings(devices),
        volumes=tuple(_volume(d) for d in values.get("guest.disk", ())),
        host_datastores=tuple(_datastore(v, host) for v in stores.values()),
        datastores=tuple(v["name"] for v in own_stores.values()),
    )


def _choice(content: Any, host: Any, parent: Any) -> list[Any]:
    """The hosts on which a VM of `host` may be switched on: those of its cluster where DRS chooses, else its own.

    Source: API, ClusterDrsConfigInfo: enabled, defaultVmBehavior (manual only proposes); overrides of single VMs are left out.
    """
    if not isinstance(parent, vim.ClusterComputeResource):
        return [host]
    cluster = read_properties(content, [parent], vim.ClusterComputeResource, CLUSTER_PATHS)[parent]
    drs = cluster["configurationEx"].drsConfig
    return list(cluster["host"]) if drs.enabled and drs.defaultVmBehavior != "manual" else [host]


def _free_mib(content: Any, host: Any) -> int:
    """Memory of a host less what it uses, or what its running VMs are configured with where that is more."""
    values = read_properties(content, [host], vim.HostSystem, MEMORY_PATHS)[host]
    if values["runtime.connectionState"] != "connected" or values["runtime.inMaintenanceMode"]:
        return 0
    machines = read_properties(content, list(values.get("vm", ())), vim.VirtualMachine, NEIGHBOUR_PATHS)
    running = sum(v["config.hardware.memoryMB"] for v in machines.values() if v["runtime.powerState"] == POWERED_ON)
    used = max(running, values.get("summary.quickStats.overallMemoryUsage", 0))
    return int(values["summary.hardware.memorySize"] // MIB - used)


def disk_readings(devices: Any) -> tuple[DiskReading, ...]:
    """The virtual disks among the devices of a VM."""
    return tuple(_disk(d) for d in devices if isinstance(d, vim.vm.device.VirtualDisk))


def _disk(device: Any) -> DiskReading:
    backing = device.backing
    capacity = device.capacityInBytes or device.capacityInKB * 1024
    label = device.deviceInfo.label if device.deviceInfo else ""
    return DiskReading(device.key, label, backing.uuid or "", backing.fileName, capacity)


def _volume(disk: Any) -> VolumeReading:
    return VolumeReading(disk.diskPath, disk.filesystemType or "", disk.capacity or 0, disk.freeSpace or 0)


def _datastore(values: dict[str, Any], host: Any) -> DatastoreReading:
    mounts = [m.mountInfo for m in values.get("host", ()) if m.key == host]
    writable = any(m.accessMode == "readWrite" and m.mounted is not False and m.accessible is not False for m in mounts)
    vmfs = getattr(values.get("info"), "vmfs", None)
    return DatastoreReading(
        name=values["name"],
        uuid=vmfs.uuid if vmfs else str(values.get("summary.url", "")),
        type=values["summary.type"],
        capacity_bytes=values["summary.capacity"],
        free_bytes=values["summary.freeSpace"],
        is_writable=writable,
    )
