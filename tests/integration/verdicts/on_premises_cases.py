"""Cases of the checks of a machine's on-premises VM before reprotect."""

from datetime import UTC, datetime

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vcenter_unread
from tests.integration.verdicts.vcenter_parts import snapshot_long_ago, snapshot_now
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

MACHINE, NAME = "FailbackMachine/crm-1", "crm-1"
BOOT_TIME = "summary.runtime.bootTime"
UNKNOWN, PASS = Outcome.UNKNOWN, Outcome.PASS


def vm_gone(world: World) -> None:
    world.vm(NAME, "config.instanceUuid", "00000000-0000-0000-0000-000000000001")
    world.vm(NAME, "config.uuid", "00000000-0000-0000-0000-000000000002")
    world.vm(NAME, "name", "somebody-else")


def cloned(world: World) -> None:
    for path in ("config.instanceUuid", "config.uuid"):
        world.vm("ps-onprem-1", path, world.told("VirtualMachine", NAME, path))
    world.vm("ps-onprem-1", "name", NAME)


def name_concealed(world: World) -> None:
    world.conceal(NAME, "name")


def orphaned(world: World) -> None:
    world.vm(NAME, "runtime.connectionState", "orphaned")


def connection_state_concealed(world: World) -> None:
    world.conceal(NAME, "runtime.connectionState")


def powered_on(world: World) -> None:
    world.vm(NAME, "runtime.powerState", "poweredOn")


def started_since(world: World) -> None:
    world.vm(NAME, "runtime.powerState", "poweredOn")
    world.vm(NAME, BOOT_TIME, datetime.now(UTC).isoformat())


def snapshot_since(world: World) -> None:
    world.vm(NAME, "snapshot", snapshot_now("before-patching"))


def snapshot_before(world: World) -> None:
    world.vm(NAME, "snapshot", snapshot_long_ago("golden"))


def power_state_concealed(world: World) -> None:
    world.conceal(NAME, "runtime.powerState")


def snapshots_concealed(world: World) -> None:
    world.conceal(NAME, "snapshot")


def uuid_not_set(world: World) -> None:
    world.extra_config(NAME, "disk.EnableUUID", None)


def uuid_disabled(world: World) -> None:
    world.extra_config(NAME, "disk.EnableUUID", "FALSE")


def parameters_concealed(world: World) -> None:
    world.conceal(NAME, "config.extraConfig")


CASES = (
    Case("OnPremisesVMFound", MACHINE, vm_gone, ("no VM of crm-1",)),
    Case("OnPremisesVMFound", MACHINE, cloned, ("several VMs match",)),
    Case("OnPremisesVMFound", MACHINE, name_concealed, ("did not let the name of vm-",), outcome=UNKNOWN),
    Case("NewVMPlanned", MACHINE, name_concealed, ("did not let the name of vm-",), outcome=UNKNOWN),
    Case("OnPremisesVMFound", MACHINE, orphaned, ("is orphaned",)),
    Case("OnPremisesVMFound", MACHINE, connection_state_concealed, ("could not be read",), outcome=UNKNOWN),
    Case("OnPremisesVMFound", MACHINE, vcenter_unread, ("could not be read lately",), outcome=UNKNOWN),
    Case("OnPremisesDiverged", MACHINE, powered_on, ("is poweredOn",)),
    Case("OnPremisesDiverged", MACHINE, started_since, ("was started after the failover",)),
    Case("OnPremisesDiverged", MACHINE, snapshot_since, ("before-patching",)),
    Case("OnPremisesDiverged", MACHINE, snapshot_before, outcome=PASS),
    Case("OnPremisesDiverged", MACHINE, power_state_concealed, outcome=UNKNOWN),
    Case("OnPremisesDiverged", MACHINE, snapshots_concealed, ("did not let snapshots",), outcome=UNKNOWN),
    Case("OnPremisesDiverged", MACHINE, vcenter_unread, outcome=UNKNOWN),
    Case("SourceDiskUuid", MACHINE, uuid_not_set, ("is not TRUE",)),
    Case("SourceDiskUuid", MACHINE, uuid_disabled, ("is not TRUE",)),
    Case("SourceDiskUuid", MACHINE, parameters_concealed, ("disk_uuid_enabled",), outcome=UNKNOWN),
)
