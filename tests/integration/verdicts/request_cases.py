"""Cases of what people ask for of a machine's VM, before reprotect."""

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.on_premises_cases import vm_gone
from tests.integration.verdicts.plan_cases import plan
from tests.integration.verdicts.sources import vcenter_unread
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

MACHINE, NAME, DELETE = "FailbackMachine/crm-1", "crm-1", "VirtualMachine.Inventory.Delete"
FAIL, PASS, UNKNOWN, NOT_APPLICABLE = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE


def deletion_asked_for(world: World) -> None:
    uuid = world.told("VirtualMachine", NAME, "config.instanceUuid")
    plan(world, deletions=[{"machine": NAME, "instanceUuid": uuid, "reason": "its storage is lost", "by": "dba on call"}])


def not_asked_for(world: World) -> None:
    plan(world, deletions=[])


def uuid_is_another_ones(world: World) -> None:
    world.vm(NAME, "config.instanceUuid", "00000000-0000-0000-0000-000000000001")


def may_not_delete_it(world: World) -> None:
    world.vcenter.control.missing_privileges([DELETE], world.vcenter.username, kind="VirtualMachine", name=NAME)


def may_not_delete_another(world: World) -> None:
    world.vcenter.control.missing_privileges([DELETE], world.vcenter.username, kind="VirtualMachine", name="files-1")


CASES = (
    Case("RequestedDeletionDone", MACHINE, vm_gone, ("no VM of the machine",), deletion_asked_for, PASS, before=FAIL),
    Case("RequestedDeletionDone", MACHINE, not_asked_for, (), deletion_asked_for, NOT_APPLICABLE, before=FAIL),
    Case("RequestedDeletionDone", MACHINE, uuid_is_another_ones, ("and VM crm-1 has 0000",), deletion_asked_for, before=FAIL),
    Case("RequestedDeletionDone", MACHINE, vcenter_unread, (), deletion_asked_for, UNKNOWN, before=FAIL),
    Case("RequestPrivileges", MACHINE, may_not_delete_it, (f"spec.deletions needs {DELETE} on VM crm-1",), deletion_asked_for),
    Case("RequestPrivileges", MACHINE, may_not_delete_another, (), deletion_asked_for, PASS),
    Case("RequestPrivileges", MACHINE, not_asked_for, (), deletion_asked_for, NOT_APPLICABLE),
)
