"""Cases of the tamper watch: what others do between reprotect and failback to that with which a machine comes home."""

from collections.abc import Callable

from tests.integration.verdicts.advanced import REPROTECTED, on_the_way
from tests.integration.verdicts.case import Case
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

NAME, TARGET = REPROTECTED[0], "mt-win-1"
MACHINE = f"FailbackMachine/{NAME}"
BACKUP = "LAB\\backup"
REFUSED = {"_typeName": "NoPermission", "object": {"type": "Folder", "value": "group-d1"}, "privilegeId": "System.View"}
SNAPSHOT = "VirtualMachine.createSnapshot"
UNKNOWN, PASS = Outcome.UNKNOWN, Outcome.PASS


def powered_on(world: World) -> None:
    world.vcenter.control.event("VmPoweredOnEvent", NAME, BACKUP)


def powered_on_by_drs(world: World) -> None:
    world.vcenter.control.event("DrsVmPoweredOnEvent", NAME, "")


def backed_up(world: World) -> None:
    world.vcenter.control.event("TaskEvent", NAME, BACKUP, SNAPSHOT)


def removed(world: World) -> None:
    world.vcenter.control.event("VmRemovedEvent", NAME, BACKUP)


def reconfigured(world: World) -> None:
    world.vcenter.control.event("TaskEvent", NAME, BACKUP, "VirtualMachine.reconfigure")


def by_the_configuration_server(world: World) -> None:
    world.vcenter.control.event("VmPoweredOnEvent", NAME, "VSPHERE.LOCAL\\asr-cs")


def by_the_operator_without_effect(world: World) -> None:
    world.vcenter.control.event("VmPoweredOnEvent", NAME, world.vcenter.username)


def another_vm(world: World) -> None:
    world.vcenter.control.event("VmPoweredOnEvent", "files-1", BACKUP)


def events_refused(world: World) -> None:
    world.vcenter.control.fault("CreateCollectorForEvents", "before", fault=REFUSED, count=0)


def tasks_refused(world: World) -> None:
    world.vcenter.control.fault("QueryEvents", "before", fault=REFUSED, count=0)


def target_restarted(world: World) -> None:
    world.vcenter.control.event("VmResettingEvent", TARGET, BACKUP)


def target_rebooted(world: World) -> None:
    world.vcenter.control.event("VmGuestRebootEvent", TARGET, BACKUP)


def target_moved(world: World) -> None:
    world.vcenter.control.event("VmRelocatedEvent", TARGET, BACKUP)


def target_switched_off(world: World) -> None:
    world.vcenter.control.event("VmPoweredOffEvent", TARGET, BACKUP)


def target_backed_up(world: World) -> None:
    world.vcenter.control.event("TaskEvent", TARGET, BACKUP, SNAPSHOT)


def azure_vm_deallocated(world: World) -> None:
    world.vault("vm", f"{NAME}-az", "power", "deallocated")


def azure_vm_resized(world: World) -> None:
    world.vault("vm", f"{NAME}-az", "size", "Standard_D8s_v3")


def azure_vm_gone(world: World) -> None:
    world.vault("vm", f"{NAME}-az", "exists", value=False)


def azure_vm_without_view(world: World) -> None:
    world.vault("vm", f"{NAME}-az", "properties.instanceView.statuses", [])


def _case(check: str, breaks: Callable[[World], None], *words: str, outcome: Outcome = Outcome.FAIL) -> Case:
    return Case(check, MACHINE, breaks, words, prepare=on_the_way, outcome=outcome)


VM, MT, AZURE = "ReturningVmUntouched", "MasterTargetUntouched", "AzureVmUnchanged"
CASES = (
    _case(VM, powered_on, BACKUP, "was powered on"),
    _case(VM, powered_on_by_drs, "vCenter itself", "was powered on"),
    _case(VM, backed_up, BACKUP, "got a snapshot"),
    _case(VM, removed, "was removed from the inventory"),
    _case(VM, by_the_operator_without_effect, "was powered on"),
    _case(VM, reconfigured, outcome=PASS),
    _case(VM, by_the_configuration_server, outcome=PASS),
    _case(VM, another_vm, outcome=PASS),
    _case(VM, events_refused, "could not be read", outcome=UNKNOWN),
    _case(VM, tasks_refused, "could not be read", outcome=UNKNOWN),
    _case(MT, target_restarted, BACKUP, "was restarted"),
    _case(MT, target_rebooted, "was restarted"),
    _case(MT, target_moved, "was relocated"),
    _case(MT, target_switched_off, "was powered off"),
    _case(MT, target_backed_up, "got a snapshot"),
    _case(MT, events_refused, "could not be read", outcome=UNKNOWN),
    _case(AZURE, azure_vm_deallocated, "is deallocated"),
    _case(AZURE, azure_vm_resized, "Standard_D8s_v3", "Standard_F2s_v2"),
    _case(AZURE, azure_vm_gone, "is gone"),
    _case(AZURE, azure_vm_without_view, "could not be read", outcome=UNKNOWN),
)
