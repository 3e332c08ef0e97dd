"""Parts of vCenter's objects, in the form in which the simulator is told of them. Source: vSphere Web Services API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.verdicts.world import Json, World

IDE = 200
"""Key of the first IDE controller, which every VM has."""
SCSI = 1000
"""Key of the first SCSI controller."""


def reference(kind: str, value: str) -> Json:
    """A reference to a managed object."""
    return {"_typeName": "ManagedObjectReference", "type": kind, "value": value}


def controller(kind: str, bus: int) -> Json:
    """A SCSI controller without disks."""
    label = {"_typeName": "Description", "label": f"SCSI controller {bus}", "summary": kind}
    return {
        "_typeName": kind,
        "key": SCSI + bus,
        "deviceInfo": label,
        "controllerKey": 100,
        "busNumber": bus,
        "sharedBus": "noSharing",
        "scsiCtlrUnitNumber": 7,
    }


def snapshot(name: str, created: datetime) -> Json:
    """A VM's snapshots: one, of that name."""
    moref = reference("VirtualMachineSnapshot", f"snapshot-{name}")
    tree = {
        "_typeName": "VirtualMachineSnapshotTree",
        "snapshot": moref,
        "vm": reference("VirtualMachine", "vm-0"),
        "name": name,
        "description": "",
        "id": 1,
        "createTime": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "state": "poweredOff",
        "quiesced": False,
        "replaySupported": False,
    }
    return {"_typeName": "VirtualMachineSnapshotInfo", "currentSnapshot": moref, "rootSnapshotList": [tree]}


def snapshot_now(name: str) -> Json:
    """One that was just made."""
    return snapshot(name, datetime.now(UTC))


def snapshot_long_ago(name: str) -> Json:
    """One from before the failover."""
    return snapshot(name, datetime.now(UTC) - timedelta(days=30))


def on_delta(disk: Json) -> Json:
    """A disk that lies upon another by the name of its file."""
    return _backed(disk, fileName=disk["backing"]["fileName"].replace(".vmdk", "-000001.vmdk"))


def with_parent(disk: Json) -> Json:
    """A disk that lies upon another by its backing's parent."""
    return _backed(disk, parent=dict(disk["backing"]))


def _backed(disk: Json, **changes: Any) -> Json:
    return {**disk, "backing": {**disk["backing"], **changes}}


def guest_disk(path: str, filesystem: str, capacity_gib: int = 600) -> Json:
    """A volume as VMware Tools report it."""
    size = capacity_gib * 2**30
    return {
        "_typeName": "GuestDiskInfo",
        "diskPath": path,
        "capacity": size,
        "freeSpace": size // 2,
        "filesystemType": filesystem,
    }


def detailed(distro: str, version: str, pretty: str, build: int | None = None) -> str:
    """Guest data as VMware Tools report it, in the form of the scenario's guests."""
    family = "Windows" if distro == "Windows" else "Linux"
    number = f"buildNumber='{build}' " if build is not None else ""
    return (
        f"architecture='X86' bitness='64' {number}distroName='{distro}' distroVersion='{version}' familyName='{family}' "
        f"prettyName='{pretty}'"
    )


def mounted(world: World, datastore: str, host: str | None, **mount: Any) -> None:
    """Set how a host (None: every host) mounts a datastore."""
    key = world.told("HostSystem", host, "summary.host")["value"] if host else None
    mounts = world.told("Datastore", datastore, "host")
    for each in mounts:
        if key in {None, each["key"]["value"]}:
            each["mountInfo"] = {**each["mountInfo"], **mount}
    world.vsphere("Datastore", datastore, "host", mounts)


def unmounted(world: World, datastore: str, host: str) -> None:
    """Take a datastore off a host."""
    key = world.told("HostSystem", host, "summary.host")["value"]
    kept = [each for each in world.told("Datastore", datastore, "host") if each["key"]["value"] != key]
    world.vsphere("Datastore", datastore, "host", kept)


def guest_unknown(world: World, name: str) -> None:
    """Nothing that vCenter tells of a VM names its operating system."""
    for path in ("guest.guestDetailedData", "guest.guestFullName", "guest.guestFamily"):
        world.vm(name, path, None)
    world.vm(name, "config.guestId", "otherGuest64")
    world.extra_config(name, "guestInfo.detailed.data", None)


def guest_is(world: World, name: str, data: str) -> None:
    """VMware Tools report this operating system of a VM."""
    world.vm(name, "guest.guestDetailedData", data)
    world.extra_config(name, "guestInfo.detailed.data", data)
