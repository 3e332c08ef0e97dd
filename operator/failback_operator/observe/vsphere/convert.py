"""Rows of properties → facts of the domain. Pure: nothing is asked of vCenter here.

Source of each path: vSphere Web Services API, VirtualMachine, HostSystem, Datastore.
Their traps: vSphere facts, sections 1 and 2.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from failback_operator.domain.ids import Moref
from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.domain.vsphere import (
    Datastore,
    Guest,
    GuestNetwork,
    GuestVolume,
    Host,
    Mount,
    PowerState,
    Snapshot,
    VirtualMachine,
)
from failback_operator.observe.vsphere import devices
from failback_operator.observe.vsphere.retrieve import Row, kind_of, moref_of

MACHINE, HOST, DATASTORE = "VirtualMachine", "HostSystem", "Datastore"

DEVICES = "config.hardware.device"
EXTRA_CONFIG = "config.extraConfig"
DISK_UUID_FLAG = "config.flags.diskUuidEnabled"
DETAILED_DATA = "guest.guestDetailedData"
DETAILED_DATA_SINCE = (8, 0, 2)

FIELDS_OF_PATH: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "config.instanceUuid": ("instance_uuid",),
    "config.uuid": ("bios_uuid",),
    "config.guestId": ("guest.guest_id",),
    "config.hardware.memoryMB": ("memory_mib",),
    "config.template": ("is_template",),
    "config.firmware": ("firmware",),
    "config.files.vmPathName": ("config_file",),
    DEVICES: ("disks", "controllers", "nic_count", "mac_addresses", "cards"),
    EXTRA_CONFIG: ("disk_uuid_enabled", "guest.detailed_data"),
    DISK_UUID_FLAG: ("disk_uuid_enabled",),
    "runtime.powerState": ("power_state",),
    "runtime.connectionState": ("connection_state",),
    "runtime.host": ("host",),
    "runtime.consolidationNeeded": ("consolidation_needed",),
    # runtime.bootTime tells the same but is unset in the simulator.
    "summary.runtime.bootTime": ("boot_time",),
    "snapshot": ("snapshots",),
    "guest.guestFullName": ("guest.full_name",),
    "guest.guestFamily": ("guest.family",),
    DETAILED_DATA: ("guest.detailed_data",),
    "guest.hostName": ("guest.host_name",),
    "guest.ipAddress": ("guest.ip_addresses",),
    "guest.net": ("guest.ip_addresses", "guest.has_static_address", "guest.networks"),
    "guest.toolsRunningStatus": ("guest.tools_running_status",),
    "guest.toolsVersionStatus2": ("guest.tools_version_status",),
    "guest.disk": ("guest.volumes",),
}
HOST_PATHS = (
    "name",
    "parent",
    "runtime.connectionState",
    "runtime.inMaintenanceMode",
    "datastore",
    "summary.hardware.memorySize",
)
HOST_MEMORY_USED = "summary.quickStats.overallMemoryUsage"
"""Read now and then, never waited for: it moves all the time."""
DATASTORE_PATHS = (
    "name",
    "parent",
    "host",
    "summary.type",
    "summary.accessible",
    "summary.capacity",
    "summary.freeSpace",
    "summary.uncommitted",
    "summary.maintenanceMode",
)
ALWAYS_THERE = (DEVICES, "runtime.powerState", "runtime.connectionState")
"""Paths that a VM which can be read at all has. One that is unset means that the VM's configuration is not available
(connectionState inaccessible, orphaned), not that it has no disks."""
CONFIGURED = (
    "config.extraConfig",
    DISK_UUID_FLAG,
    "config.guestId",
    "config.hardware.memoryMB",
    "config.template",
    "config.firmware",
    "snapshot",
)


def machine_paths(api_version: str) -> tuple[str, ...]:
    """Paths to read of a VM. One that the server's version lacks would fail the whole call (vSphere facts, 1.3)."""
    version = tuple(int(part) for part in api_version.split(".") if part.isdigit())
    return tuple(path for path in FIELDS_OF_PATH if path != DETAILED_DATA or version >= DETAILED_DATA_SINCE)


def machine(row: Row) -> VirtualMachine:
    """The VM of a row with `machine_paths`. In `unread`, a member of Guest is `guest.<field>`, and `guest` is named with it."""
    values = row.values
    hardware = values.get(DEVICES) or ()
    return VirtualMachine(
        moref=row.moref,
        name=values.get("name", row.moref),
        instance_uuid=values.get("config.instanceUuid"),
        bios_uuid=values.get("config.uuid"),
        power_state=_power_state(values.get("runtime.powerState")),
        connection_state=_text(values.get("runtime.connectionState")),
        host=_reference(values.get("runtime.host")),
        boot_time=_utc(values.get("summary.runtime.bootTime")),
        snapshots=_snapshots(values.get("snapshot")),
        consolidation_needed=values.get("runtime.consolidationNeeded"),
        disks=devices.disks(hardware),
        controllers=devices.controllers(hardware),
        disk_uuid_enabled=_disk_uuid_enabled(row),
        memory_mib=values.get("config.hardware.memoryMB"),
        nic_count=devices.nic_count(hardware) if DEVICES in values else None,
        mac_addresses=devices.mac_addresses(hardware),
        cards=devices.cards(hardware),
        is_template=values.get("config.template"),
        firmware=values.get("config.firmware"),
        config_file=values.get("config.files.vmPathName"),
        guest=_guest(values),
        unread=_unread(row),
    )


def host(row: Row) -> Host:
    """The host of a row with HOST_PATHS. Raises SourceFailed if it is incomplete."""
    _require_all_read(row)
    parent = row.values.get("parent")
    return Host(
        moref=row.moref,
        name=row.values.get("name", row.moref),
        connection_state=_text(row.values.get("runtime.connectionState")),
        is_in_maintenance=row.values.get("runtime.inMaintenanceMode"),
        cluster=moref_of(parent) if parent is not None and kind_of(parent) == "ClusterComputeResource" else None,
        datastores=tuple(sorted(moref_of(each) for each in row.values.get("datastore") or ())),
        memory_bytes=row.values.get("summary.hardware.memorySize"),
    )


def datastore(row: Row) -> Datastore:
    """The datastore of a row with DATASTORE_PATHS. Raises SourceFailed if it is incomplete."""
    _require_all_read(row)
    parent = row.values.get("parent")
    return Datastore(
        moref=row.moref,
        name=row.values.get("name", row.moref),
        type=row.values.get("summary.type"),
        is_accessible=row.values.get("summary.accessible"),
        capacity_bytes=row.values.get("summary.capacity"),
        free_bytes=row.values.get("summary.freeSpace"),
        mounts=tuple(sorted((_mount(each) for each in row.values.get("host") or ()), key=lambda mount: mount.host)),
        pod=moref_of(parent) if parent is not None and kind_of(parent) == "StoragePod" else None,
        uncommitted_bytes=row.values.get("summary.uncommitted"),
        maintenance_mode=_text(row.values.get("summary.maintenanceMode")),
    )


def _require_all_read(row: Row) -> None:
    """A host or datastore has no mark for what is not known: mounts that could not be read would look like none."""
    for path, why in row.unread.items():
        problem = SourceProblem.FORBIDDEN if why == "NoPermission" else SourceProblem.INCOMPLETE
        name = row.values.get("name", row.moref)
        raise SourceFailed(SourceError(problem, f"{path} of {row.kind} {name} could not be read ({why})"))


def _unread(row: Row) -> frozenset[str]:
    missing = set(row.unread)
    missing |= {path for path in ALWAYS_THERE if path not in row.values}
    if DEVICES in missing and DEVICES not in row.unread:
        missing |= {path for path in CONFIGURED if path not in row.values}
    fields = {field for path in missing for field in FIELDS_OF_PATH.get(path, ())}
    if _disk_uuid_enabled(row):
        fields.discard("disk_uuid_enabled")  # one of its two sources is enough to know that it is on
    if any(field.startswith("guest.") for field in fields):
        fields.add("guest")
    return frozenset(fields)


def _disk_uuid_enabled(row: Row) -> bool | None:
    """Whether either of the two settings is on: in a real vCenter they are one. None where neither could be read."""
    if EXTRA_CONFIG in row.unread and DISK_UUID_FLAG in row.unread:
        return None
    if DEVICES not in row.values and EXTRA_CONFIG not in row.values:
        return None
    setting = (_option(row.values, "disk.enableuuid") or "").strip().casefold()
    return setting in {"true", "1"} or bool(row.values.get(DISK_UUID_FLAG))


def _option(values: Mapping[str, Any], key: str) -> str | None:
    """The value of an extraConfig key; vCenter takes keys in any case."""
    found = (option.value for option in values.get(EXTRA_CONFIG) or () if option.key.casefold() == key)
    return next((str(value) for value in found), None)


def _guest(values: Mapping[str, Any]) -> Guest:
    return Guest(
        guest_id=values.get("config.guestId"),
        full_name=values.get("guest.guestFullName") or None,
        family=values.get("guest.guestFamily") or None,
        detailed_data=values.get(DETAILED_DATA) or _option(values, "guestinfo.detailed.data") or None,
        host_name=values.get("guest.hostName") or None,
        ip_addresses=_addresses(values),
        tools_running_status=values.get("guest.toolsRunningStatus"),
        tools_version_status=values.get("guest.toolsVersionStatus2"),
        volumes=tuple(_volume(each) for each in values.get("guest.disk") or ()),
        has_static_address=_has_static_address(values.get("guest.net") or ()),
        networks=tuple(_guest_network(each) for each in values.get("guest.net") or ()),
    )


def _addresses(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The primary address first, then those of the cards; each once."""
    primary = values.get("guest.ipAddress")
    cards: Iterable[str] = (address for card in values.get("guest.net") or () for address in card.ipAddress or ())
    return tuple(dict.fromkeys([*([primary] if primary else ()), *cards]))


def _guest_network(card: Any) -> GuestNetwork:
    """Source: API, GuestNicInfo.deviceConfigId is -1 where the card is no device of the VM."""
    addresses = (card.ipConfig.ipAddress if card.ipConfig is not None else None) or ()
    interfaces = (f"{each.ipAddress}/{each.prefixLength}" for each in addresses)
    return GuestNetwork(card.deviceConfigId if card.deviceConfigId >= 0 else None, tuple(interfaces))


def _has_static_address(cards: Iterable[Any]) -> bool | None:
    """Whether a card has an address that was set by hand; None where the tools tell of none of them how it came.

    Source: API, NetIpConfigInfoIpAddress.origin ("manual": 'static' is a synonym), NetDhcpConfigInfo.ipv4.enable.
    """
    told = [found for card in cards for found in _is_static(card.ipConfig)]
    return any(told) if told else None


def _is_static(config: Any) -> Iterator[bool]:
    addresses = [a for a in (config.ipAddress if config is not None else None) or () if ":" not in a.ipAddress]
    dhcp = config.dhcp.ipv4 if config is not None and config.dhcp is not None else None
    for address in addresses:
        if address.origin in {"manual", "dhcp"}:
            yield address.origin == "manual"
        elif not address.origin and dhcp is not None:
            yield not dhcp.enable


def _volume(disk: Any) -> GuestVolume:
    return GuestVolume(
        path=disk.diskPath or "",
        capacity_bytes=disk.capacity or 0,
        free_bytes=disk.freeSpace or 0,
        filesystem=disk.filesystemType or None,
        disk_keys=tuple(sorted(mapping.key for mapping in disk.mappings or ())),
    )


def _snapshots(info: Any) -> tuple[Snapshot, ...]:
    """The tree, flattened: each before its children."""
    found: list[Snapshot] = []
    waiting = list(reversed(info.rootSnapshotList)) if info is not None else []
    while waiting:
        tree = waiting.pop()
        found.append(Snapshot(moref=moref_of(tree.snapshot), name=tree.name, created=tree.createTime.astimezone(UTC)))
        waiting += reversed(tree.childSnapshotList)
    return tuple(found)


def _mount(mount: Any) -> Mount:
    return Mount(
        host=moref_of(mount.key),
        access_mode=_text(mount.mountInfo.accessMode) or "",
        is_mounted=mount.mountInfo.mounted,
        is_accessible=mount.mountInfo.accessible,
        inaccessible_reason=_text(mount.mountInfo.inaccessibleReason),
    )


def _power_state(value: Any) -> PowerState | None:
    return None if value is None else PowerState(str(value))


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _text(value: Any) -> str | None:
    """A vendor's enum as text: newer servers send values that are not known here."""
    return None if value is None else str(value)


def _reference(value: Any) -> Moref | None:
    return None if value is None else moref_of(value)
