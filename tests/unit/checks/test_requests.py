"""Checks of what people ask for of a machine's VM: its disks are back, a named VM is gone, the privileges for it are held."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case
from tests.unit.decide.test_ledger import O, entry

from failback_operator.api.v1alpha1.failback_machine import MovedDisk, Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.domain.protected_item import CurrentScenario
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import PowerState

UUID, MOREF = a.vm_uuid(), a.vm().moref
RECORD = a.record(disks=[d.model_copy(update={"unit": n, "bus": 0}) for n, d in enumerate(a.recorded_disks(a.vm()))])
FILES = [f"[vmfs-1] mt-win/app-1_{n}.vmdk" for n in range(2)]
ON_MT = tuple(a.disk(10 + n, uuid=a.disk(n).uuid, file_name=FILES[n]) for n in range(2))
STUCK = a.reprotected_item(
    protection_state="UnplannedFailoverTransitionStatesBegin", allowed_operations=frozenset({"DisableProtection"})
)
DONE = [entry(O.SUCCEEDED, "attach/t", EffectKind.REATTACH_DISKS, key="ReattachDisks/2026-11-24T05:00:00Z/1").wire()]


def target(*disks, **changes):
    return a.target_context(vms=(a.located(a.target_vm(disks=(*a.disks(2, "mt-win"), *disks), **changes)),))


def moved(ledger=(), files=FILES):
    spec = [MovedDisk(failed_over_at=a.FAILED_OVER_AT, uuid=a.disk(n).uuid, file=f) for n, f in enumerate(files)]
    made = a.machine(recorded=(RECORD,), status={"ledger": list(ledger)})
    return made.model_copy(update={"spec": made.spec.model_copy(update={"moved_disks": spec})})


def home(*, item=STUCK, vm=None, on_target=ON_MT, **changes):
    base = {"vms": (a.located(vm or a.vm()),), "phase": Phase.UNKNOWN, "record": RECORD, "came_through": target(*on_target)}
    return a.machine_context(item, **(base | {"last_failback_at": a.minutes_ago(30)} | changes))


BACK = a.vm(disks=tuple(a.disk(n, file_name=FILES[n]) for n in range(2)))
RUNS = replace(BACK, power_state=PowerState.ON)
NO_UNIT = a.record(disks=[d.model_copy(update={"unit": None}) for d in RECORD.disks])
MANY = a.vm(disks=a.disks(6))
OF_MANY = a.record(disks=[d.model_copy(update={"unit": n, "bus": 0}) for n, d in enumerate(a.recorded_disks(MANY))])
SIX = tuple(a.disk(10 + n, uuid=a.disk(n).uuid) for n in range(6))

ONE = a.vm(disks=a.disks(1), power_state=PowerState.ON)
NO_UUID = a.record(disks=[d.model_copy(update={"uuid": None}) for d in RECORD.disks])
THIRD = {(a.disk(1).uuid or "").casefold(): (a.located(a.vm("strange")),)}
BEGUN = [entry(O.RUNNING, "detach/t", EffectKind.REATTACH_DISKS, key="ReattachDisks/2026-11-24T05:00:00Z/1").wire()]
HINT = "then name it in spec.retries"


def failed_back(**changes):
    """After a failback that left nothing on the master target."""
    return home(item=a.failed_back_item(), phase=Phase.FAILED_BACK, on_target=(), **changes)


RETURNED = [
    Case("DisksReturned", "all is well", PASS, home(item=a.failed_back_item(), phase=Phase.FAILED_BACK, on_target=())),
    Case("DisksReturned", "left behind", FAIL, home(), f"on master target VM mt-win in {FILES[0]} (recorded: [vmfs-1] app-1/"),
    Case("DisksReturned", "where it belongs", FAIL, home(), "belongs on VM app-1 at controller 1000 (bus 0) unit 1"),
    Case("DisksReturned", "failed back", FAIL, home(item=a.failed_back_item(), phase=Phase.FAILED_BACK)),
    Case("DisksReturned", "committed", FAIL, home(item=a.committed_item(), phase=Phase.COMMITTED)),
    Case("DisksReturned", "detached", FAIL, home(on_target=(), machine=moved()), f"attached to no VM, in {FILES[0]}"),
    Case("DisksReturned", "back, off", FAIL, home(vm=BACK, on_target=(), machine=moved()), "is not on", "Start the VM"),
    Case("DisksReturned", "back, on", PASS, home(vm=RUNS, on_target=(), machine=moved()), "attached to it again"),
    Case("DisksReturned", "done, and on", PASS, home(vm=RUNS, on_target=(), machine=moved(DONE)), "attached to it again"),
    Case("DisksReturned", "changed since", FAIL, home(vm=replace(RUNS, disks=()), on_target=(), machine=moved(DONE)), FILES[1]),
    Case("DisksReturned", "one hangs nowhere", FAIL, failed_back(vm=ONE), f"disk {a.disk(1).uuid} is not attached to VM app-1"),
    Case(
        "DisksReturned",
        "none hangs there",
        FAIL,
        failed_back(vm=a.vm(disks=())),
        "to no VM that is seen (recorded: [vmfs-1] app-1/",
    ),
    Case("DisksReturned", "a third VM has it", FAIL, failed_back(vm=ONE, disk_holders=THIRD), "but to VM strange"),
    Case(
        "DisksReturned", "no UUID recorded", UNKNOWN, failed_back(record=NO_UUID), "the UUID of 2 of its disks was not recorded"
    ),
    Case("DisksReturned", "done, no UUID", UNKNOWN, home(vm=RUNS, record=NO_UUID, on_target=(), machine=moved(DONE))),
    Case("DisksReturned", "done, off", FAIL, home(vm=BACK, on_target=(), machine=moved(DONE)), "is not on"),
    Case("DisksReturned", "done, and back", FAIL, home(vm=RUNS, machine=moved(DONE)), "both VM app-1 and"),
    Case("DisksReturned", "no unit recorded", FAIL, home(record=NO_UNIT), "its unit was not recorded"),
    Case("DisksReturned", "many", FAIL, home(vm=MANY, record=OF_MANY, on_target=SIX), "and 2 more"),
    Case("DisksReturned", "no failback", NA, home(last_failback_at=None)),
    Case("DisksReturned", "it runs", NA, home(phase=Phase.FAILING_BACK)),
    Case(
        "DisksReturned", "a job runs", NA, home(item=replace(STUCK, current_scenario=CurrentScenario("UnplannedFailover", "j")))
    ),
    Case("DisksReturned", "not reversed", NA, home(item=a.item(), phase=Phase.FAILED_OVER)),
    Case("DisksReturned", "no record", NA, home(record=None)),
    Case("DisksReturned", "no disks recorded", NA, home(record=a.record())),
    Case("DisksReturned", "no such target", NA, home(came_through=None), "MasterTarget mt-win does not exist"),
    Case("DisksReturned", "no target, one away", FAIL, home(came_through=None, vm=ONE), "is not attached to VM app-1"),
    Case("DisksReturned", "no target, moved", FAIL, home(came_through=None, machine=moved(BEGUN)), FILES[0]),
    Case("DisksReturned", "no target, home", PASS, home(came_through=None, vm=RUNS, machine=moved()), "attached to it again"),
    Case("DisksReturned", "no target, home, off", FAIL, home(came_through=None, vm=BACK, machine=moved()), "is not on"),
    Case("DisksReturned", "no record, moved", FAIL, home(record=None, machine=moved(BEGUN)), f"last seen in {FILES[0]}"),
    Case("DisksReturned", "VM gone, moved", FAIL, home(vms=(), machine=moved(BEGUN)), f"last seen in {FILES[1]}"),
    Case("DisksReturned", "no controller, begun", FAIL, home(record=NO_UNIT, machine=moved(BEGUN)), HINT),
    Case("DisksReturned", "target unread", UNKNOWN, home(came_through=target(unread=frozenset({"disks"}))), "VM mt-win"),
    Case("DisksReturned", "target not found", UNKNOWN, home(came_through=a.target_context(vms=())), "no VM is found"),
    Case("DisksReturned", "VM unread", UNKNOWN, home(vm=a.vm(unread=frozenset({"disks"})))),
    Case("DisksReturned", "VM gone", NA, home(vms=())),
]


def asked(uuid=UUID, machine="app-1", **changes):
    request = {"machine": machine, "instanceUuid": uuid, "reason": "lost", "by": "dba"}
    return a.machine_context(plan=a.plan(location="Alternate", datastore="vmfs-1", deletions=[request]), **changes)


VM = a.vm(config_file="[vmfs-1] app-1/app-1.vmx")
FULL = a.vm(disks=a.disks(8))
DELETIONS = [
    Case("RequestedDeletionDone", "not asked", NA, a.machine_context()),
    Case("RequestedDeletionDone", "of another", NA, asked(machine="app-2")),
    Case("RequestedDeletionDone", "there", FAIL, asked(vms=(a.located(VM),)), "says dba (lost): VM app-1 (instance UUID 5000"),
    Case("RequestedDeletionDone", "its file", FAIL, asked(vms=(a.located(VM),)), ", [vmfs-1] app-1/app-1.vmx) with Hard disk 1"),
    Case("RequestedDeletionDone", "many disks", FAIL, asked(vms=(a.located(FULL),)), "and 2 more"),
    Case("RequestedDeletionDone", "no disk", FAIL, asked(vms=(a.located(a.vm(disks=())),)), "with no disk"),
    Case("RequestedDeletionDone", "another UUID", FAIL, asked(uuid=a.vm_uuid("b")), "spec.deletions names instance UUID"),
    Case("RequestedDeletionDone", "no UUID", FAIL, asked(vms=(a.located(a.vm(instance_uuid=None)),)), "has None"),
    Case("RequestedDeletionDone", "gone", PASS, asked(vms=())),
    Case("RequestedDeletionDone", "blind", UNKNOWN, asked(vms=(), site=a.blind_vsphere())),
    Case("RequestedDeletionDone", "unread", UNKNOWN, asked(vms=(a.located(a.vm(unread=frozenset({"disks"}))),))),
    Case("RequestedDeletionDone", "reprotected", NA, replace(asked(), items=(a.reprotected_item(),), phase=Phase.REPROTECTED)),
]

REATTACH = {"reattach": [{"machine": "app-1", "reason": "moved", "by": "dba"}]}


def held(*lacking, of=MOREF, grants=None, **spec):
    """With these privileges lacking on one VM."""
    entities = (a.vm().moref, a.target_vm().moref)
    both = [a.grants(a.OWN_ACCOUNT, each, lacking=lacking if each == of else ()).held[0] for each in entities]
    found = a.grants(a.OWN_ACCOUNT) if grants is None else grants
    found = replace(found, held=tuple(both)) if grants is None else found
    facts = a.facts(a.vm(), a.target_vm(), own_grants=found)
    through = a.target_context(vms=(a.located(a.target_vm(), facts),))
    return a.machine_context(plan=a.plan(**(spec or REATTACH)), vms=(a.located(a.vm(), facts),), came_through=through)


DELETE = {"deletions": [{"machine": "app-1", "instanceUuid": a.vm_uuid(), "reason": "lost", "by": "dba"}]}
REMOVE, EXISTING, GO = (
    "VirtualMachine.Config.RemoveDisk",
    "VirtualMachine.Config.AddExistingDisk",
    "VirtualMachine.Inventory.Delete",
)
UNREAD = a.grants(a.OWN_ACCOUNT, unread="NoPermission")
PRIVILEGES = [
    Case("RequestPrivileges", "nothing asked", NA, a.machine_context()),
    Case("RequestPrivileges", "held", PASS, held(), "holds what spec.reattach needs"),
    Case("RequestPrivileges", "VM", FAIL, held(EXISTING), f"spec.reattach needs {EXISTING} on VM app-1"),
    Case("RequestPrivileges", "target", FAIL, held(REMOVE, of=a.target_vm().moref), f"needs {REMOVE} on VM mt-win"),
    Case("RequestPrivileges", "another one", PASS, held("VirtualMachine.State.RemoveSnapshot")),
    Case("RequestPrivileges", "deletion", FAIL, held(GO, **DELETE), f"spec.deletions needs {GO} on VM app-1"),
    Case("RequestPrivileges", "deletion held", PASS, held(**DELETE)),
    Case("RequestPrivileges", "unread", UNKNOWN, held(grants=UNREAD), "could not be read: NoPermission"),
    Case("RequestPrivileges", "not asked yet", UNKNOWN, held(grants=a.grants(a.OWN_ACCOUNT)), "were not read yet"),
    Case("RequestPrivileges", "no VM", NA, a.machine_context(plan=a.plan(**REATTACH), vms=())),
]


CASES = [*RETURNED, *DELETIONS, *PRIVILEGES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_check(case):
    assert_case(MACHINE_CHECKS, case)
