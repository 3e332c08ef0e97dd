"""Cases of the checks of master targets' disks and controllers."""

from datetime import UTC, datetime

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vault_unread, vcenter_unread
from tests.integration.verdicts.vcenter_parts import IDE, controller, on_delta, snapshot_now, with_parent
from tests.integration.verdicts.world import DEVICES, Json, World

from failback_operator.domain.verdicts import Outcome

TARGET, LINUX = "MasterTarget/mt-win-1", "MasterTarget/mt-lin-1"
NAME = "mt-win-1"
UNKNOWN = Outcome.UNKNOWN


def _of_kind(kind: str, devices: list[Json]) -> list[Json]:
    """The SCSI controller as one of another kind."""
    return [each | {"_typeName": kind} if each["_typeName"].startswith("VirtualLsiLogic") else each for each in devices]


def _last_disk_on(key: int, devices: list[Json]) -> list[Json]:
    last = max(each["key"] for each in devices if each["_typeName"] == "VirtualDisk")
    return [each | {"controllerKey": key, "unitNumber": 1} if each["key"] == last else each for each in devices]


def fewer_disks_allowed(world: World) -> None:
    world.spec("MasterTarget", NAME, maxDisks=1)


def sixty_disks_more(world: World) -> None:
    def more(devices: list[Json]) -> list[Json]:
        disk = next(each for each in devices if each["_typeName"] == "VirtualDisk")
        backing = disk["backing"]
        added = []
        for number in range(60):
            file = backing | {
                "fileName": f"[vmfs-infra-1] mt-win-1/more_{number}.vmdk",
                "uuid": f"6000c290-0000-0000-0000-{number:012}",
            }
            place = {"key": 2100 + number, "controllerKey": 1001 + number // 15, "unitNumber": number % 15, "backing": file}
            added.append(disk | place)
        return [*devices, *(controller("VirtualLsiLogicSASController", bus) for bus in range(1, 5)), *added]

    world.devices(NAME, more)


def devices_concealed(world: World) -> None:
    world.conceal(NAME, DEVICES)


def gets_a_snapshot(world: World) -> None:
    world.vm(NAME, "snapshot", snapshot_now("nightly-backup"))


def runs_on_a_delta_file(world: World) -> None:
    world.disks(NAME, on_delta)


def has_a_parent_disk(world: World) -> None:
    world.disks(NAME, with_parent)


def waits_for_consolidation(world: World) -> None:
    world.vm(NAME, "runtime.consolidationNeeded", value=True)


def consolidation_concealed(world: World) -> None:
    world.conceal(NAME, "runtime.consolidationNeeded")


def snapshots_concealed(world: World) -> None:
    world.conceal(NAME, "snapshot")


def snapshot_removed(world: World) -> None:
    world.vm("mt-lin-1", "snapshot", None)


def paravirtual_controller_without_disks(world: World) -> None:
    world.devices(NAME, lambda devices: [*devices, controller("ParaVirtualSCSIController", 1)])


def paravirtual_alone(world: World) -> None:
    world.devices(NAME, lambda devices: _of_kind("ParaVirtualSCSIController", devices))


def bus_logic_alone(world: World) -> None:
    world.devices(NAME, lambda devices: _of_kind("VirtualBusLogicController", devices))


def lsi_logic_parallel(world: World) -> None:
    world.devices(NAME, lambda devices: _of_kind("VirtualLsiLogicController", devices))


def disk_on_ide(world: World) -> None:
    world.devices(NAME, lambda devices: _last_disk_on(IDE, devices))


def disk_on_a_controller_that_is_not_told(world: World) -> None:
    world.devices(NAME, lambda devices: _last_disk_on(4711, devices))


def uuid_disabled(world: World) -> None:
    world.extra_config(NAME, "disk.EnableUUID", "FALSE")


def uuid_never_set(world: World) -> None:
    world.extra_config(NAME, "disk.EnableUUID", None)


def uuid_set_after_power_on(world: World) -> None:
    world.status("MasterTarget", NAME, diskUuidEnabled=True, diskUuidSetAt=datetime.now(UTC).isoformat())


def uuid_seen_to_be_set_now(world: World) -> None:
    world.status("MasterTarget", NAME, diskUuidEnabled=False)


def uuid_set_before_power_on(world: World) -> None:
    world.status("MasterTarget", NAME, diskUuidEnabled=True, diskUuidSetAt=world.ago(days=300))


def uuid_set_and_power_on_not_told(world: World) -> None:
    uuid_set_after_power_on(world)
    world.conceal(NAME, "summary.runtime.bootTime")


def parameters_concealed(world: World) -> None:
    world.conceal(NAME, "config.extraConfig")


def uuid_set_on_the_linux_target(world: World) -> None:
    world.extra_config("mt-lin-1", "disk.EnableUUID", "TRUE")


CASES = (
    Case("DiskLimit", TARGET, fewer_disks_allowed, ("2 of 1 disk slots", "2 own")),
    Case("DiskLimit", TARGET, sixty_disks_more, ("62 of 60 disk slots", "62 own")),
    Case("DiskLimit", TARGET, devices_concealed, ("could not be read",), outcome=UNKNOWN),
    Case("DiskLimit", TARGET, vault_unread, ("the vault could not be read lately", "whose disks"), outcome=UNKNOWN),
    Case("DiskLimit", TARGET, vcenter_unread, ("vCenter could not be read lately",), outcome=UNKNOWN),
    Case("NoSnapshots", TARGET, gets_a_snapshot, ("has snapshots: nightly-backup",)),
    Case("NoSnapshots", TARGET, runs_on_a_delta_file, ("delta disks", "mt-win-1-000001.vmdk")),
    Case("NoSnapshots", TARGET, has_a_parent_disk, ("delta disks",)),
    Case("NoSnapshots", TARGET, waits_for_consolidation, ("wait for consolidation",)),
    Case("NoSnapshots", TARGET, consolidation_concealed, ("did not let consolidation_needed",), outcome=UNKNOWN),
    Case("NoSnapshots", TARGET, snapshots_concealed, ("did not let snapshots",), outcome=UNKNOWN),
    Case("NoSnapshots", TARGET, devices_concealed, ("did not let disks",), outcome=UNKNOWN),
    Case("NoSnapshots", LINUX, snapshot_removed, before=Outcome.FAIL, outcome=Outcome.PASS),
    Case("LsiLogicOnly", TARGET, paravirtual_controller_without_disks, ("paravirtual: SCSI controller 1",)),
    Case("LsiLogicOnly", TARGET, paravirtual_alone, ("paravirtual: SCSI controller 0",)),
    Case("LsiLogicOnly", TARGET, bus_logic_alone, ("no LSI Logic controller", "BusLogic")),
    Case("LsiLogicOnly", TARGET, lsi_logic_parallel, outcome=Outcome.PASS),
    Case("LsiLogicOnly", TARGET, devices_concealed, ("did not let controllers",), outcome=UNKNOWN),
    Case("DisksOnLsiLogic", TARGET, disk_on_ide, ("on IDE",)),
    Case("DisksOnLsiLogic", TARGET, bus_logic_alone, ("on BusLogic",)),
    Case("DisksOnLsiLogic", TARGET, disk_on_a_controller_that_is_not_told, ("was not found",), outcome=UNKNOWN),
    Case("DisksOnLsiLogic", TARGET, devices_concealed, outcome=UNKNOWN),
    Case("DiskEnableUuid", TARGET, uuid_disabled, ("is not TRUE",)),
    Case("DiskEnableUuid", TARGET, uuid_never_set, ("is not TRUE",)),
    Case("DiskEnableUuid", TARGET, uuid_set_after_power_on, ("was not powered on since",)),
    Case("DiskEnableUuid", TARGET, uuid_seen_to_be_set_now, ("was not powered on since",)),
    Case("DiskEnableUuid", TARGET, uuid_set_before_power_on, ("was powered on since",), outcome=Outcome.PASS),
    Case("DiskEnableUuid", TARGET, uuid_set_and_power_on_not_told, ("boot_time",), outcome=UNKNOWN),
    Case("DiskEnableUuid", TARGET, parameters_concealed, ("did not let disk_uuid_enabled",), outcome=UNKNOWN),
    Case("DiskEnableUuid", LINUX, uuid_set_on_the_linux_target, before=Outcome.FAIL, outcome=Outcome.PASS),
)
