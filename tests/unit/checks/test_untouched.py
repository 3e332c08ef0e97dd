"""The tamper watch: what others did to the returning VM, to the master target, to the Azure VM."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1.failback_machine import Phase, TamperedPart, Tampering
from failback_operator.api.v1alpha1.failback_plan import Location
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.domain.ids import Moref
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vm_events import VmEvent, VmEventKind

VM, TARGET, AZURE = "ReturningVmUntouched", "MasterTargetUntouched", "AzureVmUnchanged"
BEGAN = a.minutes_ago(60)
BACKUP = "LAB\\backup"
WHEN = a.minutes_ago(30)


def event(kind=VmEventKind.SNAPSHOT, at=WHEN, user=BACKUP, name="app-1", **changes):
    base = VmEvent(7, kind, at, user, Moref(f"vm-{name}"), name, "Task: Create virtual machine snapshot", "task-42")
    return replace(base, **changes)


def of_target(kind, **changes):
    return event(kind, name="mt-win", **changes)


def stored(part=TamperedPart.RETURNING_VM, at=WHEN, **changes):
    base = Tampering(failed_over_at=a.FAILED_OVER_AT, id="7-x", part=part, what="VM app-1 got a snapshot", by=BACKUP, at=at)
    return base.model_copy(update=changes)


def machine(*tampering, ledger=()):
    made = a.machine(recorded=(a.record(),))
    spec, status = made.spec.model_copy(update={"tampering": list(tampering)}), made.status
    return made.model_copy(update={"spec": spec, "status": status.model_copy(update={"ledger": list(ledger)})})


def context(events=(), target_events=(), **changes):
    site = changes.pop("site", None) or a.site_context()
    target = changes.pop("assigned", a.target_context(vms=(a.located(a.target_vm(events=target_events)),)))
    base = a.machine_context(
        a.reprotected_item(),
        site=site,
        phase=Phase.REPROTECTED,
        record=a.record(azure_vm_size="Standard_D2s_v3"),
        azure_vm=a.azure_vm(size="standard_d2s_v3"),
        vms=(a.located(a.vm(events=events)),),
        assigned=target,
        machine=machine(),
        reprotected_at=BEGAN,
    )
    return replace(base, **changes)


def named_account(account):
    """A site that says by which account the configuration server works in vCenter."""
    view = a.view()
    server = view.site.spec.configuration_server.model_copy(update={"vcenter_account": account})
    spec = view.site.spec.model_copy(update={"configuration_server": server})
    return a.site_context(replace(view, site=view.site.model_copy(update={"spec": spec})))


def own(user="LAB\\failback"):
    """The VM as the operator's own account reads it."""
    return (a.located(a.vm(events=(event(user=user),)), a.facts(own_account="failback@lab")),)


def entry(kind=EffectKind.REMOVE_SNAPSHOTS, after=None):
    settled = {} if after is None else {"settled_at": WHEN + after, "outcome": EffectOutcome.SUCCEEDED}
    base = LedgerEntry(key="k", effect=kind, intended_at=WHEN, not_after=WHEN, outcome=EffectOutcome.RUNNING)
    return base.model_copy(update=settled)


def removed(*events, **changes):
    """The vCenter has no VM app-1 any more."""
    return a.site_context(a.view(vsphere=a.facts(a.target_vm(), removals=events, **changes)))


def registered_again(*events):
    """The vCenter has the VMs, of which one may have been another before."""
    return a.site_context(a.view(vsphere=a.facts(a.vm(), a.target_vm(), removals=events)))


def waived(check="StorageLayoutUnchanged", machine_name="app-1", until="2027-01-01T00:00:00Z"):
    waiver = {"check": check, "machine": machine_name, "reason": "moved", "by": "dba", "until": until}
    return a.plan(waivers=[waiver])


GONE = event(VmEventKind.REMOVED, name="APP-1")
TARGET_GONE = event(VmEventKind.REMOVED, name="MT-WIN")
BOTH_SPANS = ((a.minutes_ago(40), a.minutes_ago(35)), (a.minutes_ago(31), None))
ON = event(VmEventKind.POWERED_ON, user="")

CASES = [
    Case(VM, "no event", PASS, context()),
    Case(VM, "backup", FAIL, context((event(),)), f"{BACKUP}: VM app-1 got a snapshot (task-42): Task: Create virtual"),
    Case(VM, "the time is told in UTC", FAIL, context((event(),)), WHEN.strftime("%Y-%m-%dT%H:%M:%SZ")),
    Case(VM, "nobody is named", FAIL, context((ON,)), "vCenter itself: VM app-1 was powered on"),
    Case(VM, "in the reprotect's first instant", PASS, context((event(at=BEGAN),))),
    Case(VM, "just after it began", FAIL, context((event(at=BEGAN + timedelta(microseconds=1)),))),
    Case(VM, "powered off", PASS, context((event(VmEventKind.POWERED_OFF),))),
    Case(VM, "unread", UNKNOWN, context(None), "its events since the reprotect could not be read", "System.View"),
    Case(VM, "start of the reprotect unknown", UNKNOWN, context(reprotected_at=None), "when the reprotect began"),
    Case(VM, "vCenter unread", UNKNOWN, context(vms=(), site=a.blind_vsphere()), "vCenter could not be read"),
    Case(VM, "two VMs", UNKNOWN, context(vms=(a.located(), a.located())), "several VMs match"),
    Case(VM, "gone, no event", NA, context(vms=(), site=removed())),
    Case(VM, "gone, events unread", NA, context(vms=(), site=a.site_context(a.view(vsphere=a.facts(a.target_vm()))))),
    Case(VM, "removed", FAIL, context(vms=(), site=removed(GONE)), "APP-1 was removed from the inventory"),
    Case(VM, "removed and registered again", FAIL, context(site=registered_again(GONE)), "APP-1 was removed from the inventory"),
    Case(VM, "registered", FAIL, context((event(VmEventKind.REGISTERED),)), "app-1 was registered in the inventory"),
    Case(
        VM,
        "removed before the reprotect and registered again",
        PASS,
        context(site=registered_again(replace(GONE, at=a.minutes_ago(61)))),
    ),
    Case(VM, "another removed, and it is there", PASS, context(site=registered_again(event(VmEventKind.REMOVED, name="app-9")))),
    Case(
        VM,
        "under its name in vCenter",
        FAIL,
        context(vms=(a.located(a.vm("crm", events=())),), site=registered_again(event(VmEventKind.REMOVED, name="CRM", key=9))),
        "CRM was removed",
    ),
    Case(VM, "another removed", NA, context(vms=(), site=removed(event(VmEventKind.REMOVED, name="app-9")))),
    Case(
        VM,
        "configuration server",
        PASS,
        context((event(user="VSPHERE.LOCAL\\asr-cs"),), site=named_account("asr-cs@vsphere.local")),
    ),
    Case(VM, "another than the configuration server", FAIL, context((event(),), site=named_account("asr-cs@vsphere.local"))),
    Case(
        VM,
        "during a failback, its account not named",
        PASS,
        context((event(),), failbacks=((a.minutes_ago(31), None),), site=named_account(None)),
    ),
    Case(VM, "between failbacks", FAIL, context((event(at=a.minutes_ago(33)),), failbacks=BOTH_SPANS, site=named_account(None))),
    Case(VM, "own account without effect", FAIL, context(vms=own())),
    Case(VM, "own account, effect of the item", FAIL, context(vms=own(), machine=machine(ledger=(entry(EffectKind.REPROTECT),)))),
    Case(VM, "own effect runs", PASS, context(vms=own(), machine=machine(ledger=(entry(),)))),
    Case(VM, "own effect, another account", FAIL, context((event(),), machine=machine(ledger=(entry(),)))),
    Case(VM, "own effect is over", PASS, context(vms=own(), machine=machine(ledger=(entry(after=timedelta(0)),)))),
    Case(VM, "own effect was over", FAIL, context(vms=own(), machine=machine(ledger=(entry(after=-timedelta(minutes=2)),)))),
    Case(VM, "remembered", FAIL, context(machine=machine(stored())), "VM app-1 got a snapshot"),
    Case(VM, "remembered, unread now", FAIL, context(None, machine=machine(stored())), BACKUP),
    Case(VM, "remembered of another part", PASS, context(machine=machine(stored(TamperedPart.AZURE_VM)))),
    Case(VM, "remembered of another failover", PASS, context(machine=machine(stored(failed_over_at=a.minutes_ago(99))))),
    Case(VM, "remembered from before a new reprotect", PASS, context(machine=machine(stored(at=a.minutes_ago(61))))),
    Case(
        VM,
        "remembered in the second in which it began",
        FAIL,
        context(machine=machine(stored(at=BEGAN)), reprotected_at=BEGAN + timedelta(milliseconds=400)),
    ),
    Case(VM, "start unknown, remembered", FAIL, context(None, machine=machine(stored()), reprotected_at=None), "got a snapshot"),
    Case(VM, "after the failback", PASS, context((event(),), phase=Phase.FAILED_BACK, last_failback_at=a.minutes_ago(31))),
    Case(VM, "before the failback", FAIL, context((event(),), phase=Phase.FAILED_BACK, last_failback_at=a.minutes_ago(29))),
    Case(VM, "no object", PASS, context(machine=None)),
    Case(VM, "elsewhere", FAIL, context((event(),), plan=a.plan(location=Location.ALTERNATE.value)), "got a snapshot"),
    Case(TARGET, "no event", PASS, context()),
    Case(TARGET, "restarted", FAIL, context((), (of_target(VmEventKind.RESTARTED),)), "VM mt-win was restarted"),
    Case(TARGET, "powered off", FAIL, context((), (of_target(VmEventKind.POWERED_OFF),)), "was powered off"),
    Case(TARGET, "unread", UNKNOWN, context((), None), "could not be read"),
    Case(TARGET, "moved", FAIL, context((), (of_target(VmEventKind.RELOCATED),)), "relocated"),
    Case(TARGET, "moved, and that is waived", PASS, context((), (of_target(VmEventKind.RELOCATED),), plan=waived())),
    Case(
        TARGET, "moved, waived of another", FAIL, context((), (of_target(VmEventKind.RELOCATED),), plan=waived(machine_name="x"))
    ),
    Case(TARGET, "moved, other waiver", FAIL, context((), (of_target(VmEventKind.RELOCATED),), plan=waived("NoSnapshots"))),
    Case(
        TARGET,
        "moved, waiver is over",
        FAIL,
        context((), (of_target(VmEventKind.RELOCATED),), plan=waived(until="2026-01-01T00:00:00Z")),
    ),
    Case(TARGET, "not known", UNKNOWN, context(assigned=None), "master target is not known"),
    Case(TARGET, "left", NA, context(assigned=None, phase=Phase.FAILED_BACK, last_failback_at=WHEN), "have left"),
    Case(TARGET, "no VM", UNKNOWN, context(assigned=a.target_context(vms=())), "mt-win: no VM is found"),
    Case(TARGET, "removed", FAIL, context(assigned=a.target_context(vms=()), site=removed(TARGET_GONE)), "was removed"),
    Case(TARGET, "removed and registered again", FAIL, context(site=registered_again(TARGET_GONE)), "MT-WIN was removed"),
    Case(TARGET, "registered", FAIL, context((), (of_target(VmEventKind.REGISTERED),)), "was registered"),
    Case(TARGET, "two VMs", UNKNOWN, context(assigned=a.target_context(vms=(a.located(), a.located()))), "several VMs"),
    Case(AZURE, "as it was", PASS, context()),
    Case(AZURE, "stopped", FAIL, context(azure_vm=a.azure_vm(power_state="deallocated")), "Azure VM app-1 is deallocated"),
    Case(AZURE, "resized", FAIL, context(azure_vm=a.azure_vm(size="Standard_D8s_v3")), "and had Standard_D2s_v3"),
    Case(AZURE, "gone", FAIL, context(azure_vm=None, azure_vm_is_missing=True), "Azure VM app-1 is gone"),
    Case(AZURE, "gone, no record", FAIL, context(azure_vm=None, azure_vm_is_missing=True, record=None), "Azure VM app-1 is gone"),
    Case(AZURE, "unread", UNKNOWN, context(azure_vm=None), "could not be read"),
    Case(AZURE, "not recorded which it is", NA, context(azure_vm=None, record=None), "was not recorded"),
    Case(AZURE, "power unread", UNKNOWN, context(azure_vm=a.azure_vm(power_state=None))),
    Case(AZURE, "size unread", UNKNOWN, context(azure_vm=a.azure_vm()), "size of the Azure VM"),
    Case(AZURE, "size unread, stopped", FAIL, context(azure_vm=a.azure_vm(power_state="stopped")), "is stopped"),
    Case(AZURE, "size not recorded", PASS, context(record=a.record())),
    Case(AZURE, "no record", PASS, context(record=None)),
    Case(AZURE, "failback", NA, context(phase=Phase.FAILING_BACK, last_failback_at=WHEN), "the failback stops"),
    Case(
        AZURE,
        "remembered",
        FAIL,
        context(machine=machine(stored(TamperedPart.AZURE_VM, what="Azure VM app-1 is stopped", by=None))),
        f"Azure VM app-1 is stopped (seen {WHEN:%Y-%m-%dT%H:%M:%SZ})",
    ),
    Case(
        AZURE,
        "remembered, but the failback had begun",
        NA,
        context(
            machine=machine(stored(TamperedPart.AZURE_VM)), phase=Phase.FAILING_BACK, last_failback_at=WHEN - timedelta(seconds=5)
        ),
    ),
    Case(
        AZURE,
        "neither start is known",
        FAIL,
        context(reprotected_at=None, failed_over_at=None, azure_vm_is_missing=True),
        "is gone",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    assert_case(MACHINE_CHECKS, case)


def test_three_are_told_and_the_number_of_the_rest():
    many = tuple(event(key=number, at=WHEN + timedelta(seconds=number)) for number in range(5))
    assert_case(MACHINE_CHECKS, Case(VM, "many", FAIL, context(many), "and 2 more"))


def test_a_removal_is_not_told_twice():
    gone = replace(GONE, machine_name="app-1")
    case = Case(VM, "both", FAIL, context((gone,), site=registered_again(gone)))
    verdict = next(v for v in (check.run(case.context) for check in MACHINE_CHECKS if check.id == VM))
    assert verdict.observed.count("was removed") == 1


def test_what_is_remembered_is_not_told_twice():
    again = stored(id=f"7-{WHEN:%Y-%m-%dT%H:%M:%SZ}")
    case = Case(VM, "both", FAIL, context((event(),), machine=machine(again)))
    verdict = next(v for v in (check.run(case.context) for check in MACHINE_CHECKS if check.id == VM))
    assert verdict.observed.count("got a snapshot") == 1
