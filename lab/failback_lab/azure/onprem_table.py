"""The on-premises side as a table made of the scenario, for a vault that is run without vCenter."""

from dataclasses import dataclass, replace

from failback_lab.scenario import GIB, Datastore, Machine, Scenario

from .onprem import DatastoreReading, DiskReading, MachineReading, NewMachine, OnPremisesError, VolumeReading

TRUE = ("true", "1")
HOST_FREE_MIB = 65536


@dataclass(slots=True)
class _Row:
    reading: MachineReading
    is_known: bool = True


class ScenarioSite:
    """Implements OnPremises over a table; tests change a row with `change`."""

    def __init__(self, scenario: Scenario) -> None:
        self._rows = {str(m.bios_uuid): _Row(_reading(scenario, m)) for m in scenario.vcenter.machines}

    def change(self, bios_uuid: str, **values: object) -> None:
        """Set members of a VM's reading."""
        row = self._row(bios_uuid)
        row.reading = replace(row.reading, **values)  # type: ignore[arg-type]

    def read(self, bios_uuid: str) -> MachineReading | None:
        row = self._rows.get(bios_uuid)
        return row.reading if row and row.is_known else None

    def close(self) -> None:
        """Nothing to close."""

    def power_off(self, bios_uuid: str) -> None:
        self.change(bios_uuid, is_powered_on=False, tools_running=False)

    def power_on(self, bios_uuid: str) -> None:
        self.change(bios_uuid, is_powered_on=True, tools_running=True)

    def remove_snapshots(self, bios_uuid: str) -> None:
        self.change(bios_uuid, has_snapshot=False)

    def attach(self, bios_uuid: str, disks: tuple[DiskReading, ...]) -> None:
        present = self._row(bios_uuid).reading.disks
        first = max((d.key for d in present), default=1999) + 1
        added = tuple(replace(d, key=first + i) for i, d in enumerate(disks))
        self.change(bios_uuid, disks=present + added)

    def detach(self, bios_uuid: str, files: tuple[str, ...]) -> None:
        present = self._row(bios_uuid).reading.disks
        missing = set(files) - {d.file for d in present}
        if missing:
            raise OnPremisesError(f"not attached: {', '.join(sorted(missing))}")
        self.change(bios_uuid, disks=tuple(d for d in present if d.file not in files))

    def make_disks(self, bios_uuid: str, datastore: str, folder: str, sizes: tuple[int, ...]) -> tuple[DiskReading, ...]:
        made = tuple(
            DiskReading(0, f"Hard disk {n + 1}", f"new-{folder}-{n}", f"[{datastore}] {folder}/{folder}_{n}.vmdk", size)
            for n, size in enumerate(sizes)
        )
        self.attach(bios_uuid, made)
        return made

    def create(self, new: NewMachine) -> None:
        beside = self._row(new.beside).reading
        stores = tuple(dict.fromkeys(disk.file[1:].partition("]")[0] for disk in new.disks))
        made = replace(
            beside,
            name=new.name,
            is_powered_on=False,
            tools_running=False,
            has_snapshot=False,
            memory_mib=new.memory_mib,
            disks=new.disks,
            volumes=(),
            datastores=stores,
        )
        self._rows[new.bios_uuid] = _Row(made)

    def _row(self, bios_uuid: str) -> _Row:
        row = self._rows.get(bios_uuid)
        if row is None or not row.is_known:
            raise OnPremisesError(f"no virtual machine with BIOS UUID {bios_uuid}")
        return row


def _reading(scenario: Scenario, machine: Machine) -> MachineReading:
    settings = {k.casefold(): v.casefold() for k, v in machine.extra_config.items()}
    return MachineReading(
        name=machine.name,
        host=machine.host,
        is_powered_on=machine.powered_on,
        tools_running=machine.powered_on and machine.tools_running,
        has_snapshot=bool(machine.snapshots),
        has_paravirtual_controller=machine.controller == "paravirtual",
        disk_uuid_enabled=settings.get("disk.enableuuid") in TRUE,
        memory_mib=machine.memory_mib,
        host_free_mib=HOST_FREE_MIB,
        host_machines=tuple(m.name for m in scenario.vcenter.machines if m.host == machine.host),
        disks=tuple(_disk(machine, index) for index in range(len(machine.disks))),
        volumes=tuple(VolumeReading(v.path, v.filesystem, v.capacity_gib * GIB, v.free_gib * GIB) for v in machine.volumes),
        host_datastores=tuple(_datastore(d, machine.host) for d in scenario.vcenter.datastores if _mounts(d, machine.host)),
        datastores=tuple(dict.fromkeys(d.datastore or machine.datastore for d in machine.disks)),
    )


def _disk(machine: Machine, index: int) -> DiskReading:
    disk = machine.disks[index]
    return DiskReading(
        key=2000 + index,
        label=f"Hard disk {index + 1}",
        uuid=str(machine.disk_uuid(index)),
        file=f"[{disk.datastore or machine.datastore}] {machine.name}/disk-{index}.vmdk",
        capacity_bytes=disk.size_gib * GIB,
    )


def _mounts(datastore: Datastore, host: str) -> bool:
    return host in datastore.hosts or host in datastore.read_only_hosts


def _datastore(datastore: Datastore, host: str) -> DatastoreReading:
    return DatastoreReading(
        name=datastore.name,
        uuid=datastore.name,
        type=datastore.type,
        capacity_bytes=datastore.capacity_gib * GIB,
        free_bytes=datastore.free_gib * GIB,
        is_writable=host in datastore.hosts,
    )
