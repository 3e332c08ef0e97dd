"""The on-premises half of a scenario in the form that the vCenter simulator (lab/vcenter) loads."""

from datetime import UTC, datetime, timedelta
from typing import Any

from failback_lab.scenario import GIB, Datastore, Guest, Machine, Scenario, derived_uuid

# A SCSI bus has units 0 to 15; the controller itself sits on 7.
CONTROLLER_UNIT = 7
DISKS_PER_CONTROLLER = 15
# Long before the failovers of any scenario, so that neither a boot nor a snapshot looks like work done since.
UP_SINCE = timedelta(days=40)
SNAPSHOT_AGE = timedelta(days=20)

Json = dict[str, Any]


def inventory(scenario: Scenario, now: datetime | None = None) -> Json:
    """The simulator's scenario file. Sizes are bytes, times RFC 3339."""
    site, now = scenario.vcenter, now or datetime.now(UTC)
    return {
        "instanceUuid": str(site.instance_uuid),
        "datacenter": site.datacenter,
        "clusters": [{"name": c.name, "drs": c.drs_enabled, "hosts": list(c.hosts)} for c in site.clusters],
        "pods": list(site.pods),
        "datastores": [_datastore(datastore) for datastore in site.datastores],
        "machines": [_machine(machine, scenario.guests[machine.guest], now) for machine in site.machines],
    }


def _datastore(datastore: Datastore) -> Json:
    mounts = [(host, "readWrite") for host in datastore.hosts] + [(host, "readOnly") for host in datastore.read_only_hosts]
    return {
        "name": datastore.name,
        "type": datastore.type,
        "uuid": str(derived_uuid("datastore", datastore.name)),
        "capacity": datastore.capacity_gib * GIB,
        "free": datastore.free_gib * GIB,
        "pod": datastore.pod or "",
        "mounts": [{"host": host, "accessMode": mode, "accessible": True} for host, mode in mounts],
    }


def _machine(machine: Machine, guest: Guest, now: datetime) -> Json:
    buses = range(-(-len(machine.disks) // DISKS_PER_CONTROLLER) or 1)
    count = len(machine.snapshots)
    return {
        "name": machine.name,
        "instanceUuid": str(machine.instance_uuid),
        "biosUuid": str(machine.bios_uuid),
        "host": machine.host,
        "datastore": machine.datastore,
        "guestId": guest.guest_id,
        "memoryMiB": machine.memory_mib,
        "bootTime": _time(now - UP_SINCE) if machine.powered_on else None,
        "guest": _guest(machine, guest),
        "controllers": [{"kind": machine.controller, "bus": bus} for bus in buses],
        "disks": [_disk(machine, index) for index in range(len(machine.disks))],
        "macs": [_mac(machine, index) for index in range(machine.nics)],
        "extraConfig": dict(machine.extra_config),
        "snapshots": [
            {"name": name, "createTime": _time(now - SNAPSHOT_AGE - timedelta(hours=count - index))}
            for index, name in enumerate(machine.snapshots)
        ],
    }


def _guest(machine: Machine, guest: Guest) -> Json:
    return {
        "toolsRunning": machine.tools_running,
        # open-vm-tools, which Linux distributions bring, are "unmanaged" to vSphere.
        "toolsVersionStatus": "guestToolsUnmanaged" if guest.family == "Linux" else "guestToolsCurrent",
        "fullName": guest.full_name,
        "family": "linuxGuest" if guest.family == "Linux" else "windowsGuest",
        "detailedData": guest.detailed_data or "",
        "hostName": machine.name,
        "addresses": _addresses(machine),
        "volumes": [
            {
                "path": volume.path,
                "capacity": volume.capacity_gib * GIB,
                "free": volume.free_gib * GIB,
                "filesystem": volume.filesystem,
            }
            for volume in machine.volumes
        ],
    }


def _addresses(machine: Machine) -> list[list[str]]:
    """The addresses by network card: one each, the rest on the last."""
    last = machine.nics - 1
    cards: list[list[str]] = [[] for _ in range(machine.nics)]
    for index, address in enumerate(machine.ips):
        cards[min(index, last)].append(address)
    return cards


def _disk(machine: Machine, index: int) -> Json:
    disk = machine.disks[index]
    bus, slot = divmod(index, DISKS_PER_CONTROLLER)
    suffix = f"_{index}" if index else ""
    return {
        "bus": bus,
        "unit": slot if slot < CONTROLLER_UNIT else slot + 1,
        "capacity": disk.size_gib * GIB,
        "uuid": str(machine.disk_uuid(index)),
        "datastore": disk.datastore or machine.datastore,
        "path": f"{machine.name}/{machine.name}{suffix}.vmdk",
    }


def _mac(machine: Machine, index: int) -> str:
    """The address of the card at `index`: the machine's own, counted up in its last byte."""
    head, last = machine.mac_address.rsplit(":", 1)
    return f"{head}:{(int(last, 16) + index) % 256:02x}"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
