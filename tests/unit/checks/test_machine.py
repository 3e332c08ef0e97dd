"""Checks of a machine: its item, the gate, both VMs, what protection to Azure will need."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1.failback_machine import OnPremisesStart, Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.checks.machine.base import next_step
from failback_operator.domain.health import HealthError
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job, JobState
from failback_operator.domain.protected_item import ActiveSite, CurrentScenario, InstanceType
from failback_operator.domain.steps import EffectKind, Step
from failback_operator.domain.vsphere import PowerState

BLIND = a.machine_context(items=(), group=(), site=a.blind_vault())
NONE = a.machine_context(items=(), group=())
TWO = a.machine_context(items=(a.item(), a.item(arm_id=ArmId("/items/item-2"))))
STALE = a.detail(as_of=a.minutes_ago(241))


def at(phase, protected=None, **changes):
    return a.machine_context(protected, phase=phase, **changes)


def on_prem(context, vsphere=None, **changes):
    return replace(context, vms=(a.located(a.vm(context.name, **changes), vsphere),))


READY = a.machine_context()
PROTECTED_IN_AZURE = at(Phase.NOT_FAILED_OVER, a.protected_item(), failed_over_at=None)
REPROTECTED = at(Phase.REPROTECTED, a.reprotected_item(), record=a.record(), assigned=a.target_context())
FAILED_BACK = on_prem(
    at(
        Phase.FAILED_BACK,
        a.failed_back_item(),
        record=a.record(),
        azure_vm=a.azure_vm(power_state="deallocated"),
        last_failback_at=a.minutes_ago(60),
    ),
    power_state=PowerState.ON,
    guest=a.target_vm().guest,
)
COMMITTED = at(Phase.COMMITTED, a.committed_item(), record=a.record())

ITEM = [
    Case("MachineExists", "known", PASS, READY),
    Case("MachineExists", "not known", FAIL, NONE, "no protected item app-1"),
    Case("MachineExists", "vault unread", UNKNOWN, BLIND),
    Case("MachineExists", "written otherwise", FAIL, replace(NONE, name="APP-1"), "it knows app-1"),
    Case("MachineUnambiguous", "one", PASS, READY),
    Case("MachineUnambiguous", "two", FAIL, TWO, "2 items have this name: item-2, item-app-1"),
    Case("MachineUnambiguous", "none", NA, NONE),
    Case("MachineUnambiguous", "vault unread", UNKNOWN, BLIND),
    Case("MachineInOnePlan", "one", PASS, READY),
    Case("MachineInOnePlan", "two", FAIL, replace(READY, rivals=("crm", "all")), "also in plan all, crm"),
    Case("MachineInOnePlan", "two items", NA, TWO),
    Case("MachineInOnePlan", "vault unread", UNKNOWN, BLIND),
    Case("ArchitectureSupported", "to Azure", PASS, READY),
    Case("ArchitectureSupported", "to the site", PASS, REPROTECTED),
    Case(
        "ArchitectureSupported", "modernized", FAIL, at(Phase.UNKNOWN, a.item(instance_type=InstanceType.MODERNIZED)), "InMageRcm"
    ),
    Case(
        "ArchitectureSupported",
        "modernized, back",
        FAIL,
        at(Phase.UNKNOWN, a.item(instance_type=InstanceType.MODERNIZED_FAILBACK)),
    ),
    Case(
        "ArchitectureSupported", "of Hyper-V", FAIL, at(Phase.UNKNOWN, a.item(instance_type=InstanceType.OTHER)), "not for VMware"
    ),
    Case("ArchitectureSupported", "not known", NA, NONE),
    Case("ArchitectureSupported", "vault unread", UNKNOWN, BLIND),
]


def with_detail(**changes):
    return a.machine_context(a.item(detail=a.detail(**changes)))


def back(vcenter):
    return at(Phase.REPROTECTED, a.reprotected_item(), record=a.record(vcenter_infrastructure_id=vcenter))


R3 = "MachineKnownToConfigurationServer"
KNOWN = [
    Case(R3, "known", PASS, READY, "its vCenter is vc-1"),
    Case(R3, "known before a disaster", PASS, PROTECTED_IN_AZURE),
    Case(R3, "reprotected", PASS, REPROTECTED, "on-premises replica"),
    Case(R3, "reprotected, vCenter as recorded", PASS, back(a.VCENTER_UUID), "its vCenter is vc-1"),
    Case(R3, "reprotected, another vCenter by now", FAIL, back("9"), "(vc-1)"),
    Case(R3, "reprotected, no replica", UNKNOWN, at(Phase.REPROTECTED, a.reprotected_item(detail=a.detail(replica_id=None)))),
    Case(R3, "another provider", FAIL, a.machine_context(a.item(provider_id=ArmId("/providers/dra-9"))), "dra-9"),
    Case(R3, "provider not told", UNKNOWN, a.machine_context(a.item(provider_id=None))),
    Case(R3, "another vCenter", FAIL, with_detail(vcenter_infrastructure_id="other"), "(vc-1)"),
    Case(
        R3,
        "no vCenter",
        FAIL,
        a.machine_context(site=a.site_context(a.view(a.vault(vcenters=())))),
        "(none)",
    ),
    Case(R3, "a physical machine", PASS, with_detail(vcenter_infrastructure_id=None)),
    Case(R3, "its id in capitals", PASS, with_detail(vcenter_infrastructure_id=a.VCENTER_UUID.upper())),
    Case(R3, "details too old", UNKNOWN, a.machine_context(a.item(detail=STALE)), "not read lately"),
    Case(R3, "details at the limit", PASS, with_detail(as_of=a.minutes_ago(240))),
    Case(R3, "no details", UNKNOWN, a.machine_context(a.item(detail=None))),
    Case(R3, "vault unread", UNKNOWN, BLIND),
    Case(R3, "an item without its vault", UNKNOWN, a.machine_context(site=a.blind_vault())),
]

BUSY = CurrentScenario("TestFailover", "job-1")
NOT_ALLOWED = frozenset({"CompleteMigration", "DisableProtection"})
PENDING = a.item(allowed_operations=frozenset({"CompleteMigration", "Commit", "ChangePit"}))
SICK = (HealthError("78093", "Error", "not running"), HealthError("1", "Info", "nothing"))

STRANDED = a.reprotected_item(allowed_operations=frozenset({"DisableProtection"}))

GATE = [
    Case("OperationAllowed", "reprotect", PASS, READY, "SwitchProtection is allowed"),
    Case("OperationAllowed", "reprotect while it waits", PASS, at(Phase.WAITING)),
    Case("OperationAllowed", "failback", PASS, REPROTECTED, "Failback: UnplannedFailover"),
    Case("OperationAllowed", "commit", PASS, FAILED_BACK, "Commit: Commit"),
    Case("OperationAllowed", "protect", PASS, COMMITTED, "Protect: SwitchProtection"),
    Case(
        "OperationAllowed",
        "not allowed",
        FAIL,
        a.machine_context(a.item(allowed_operations=NOT_ALLOWED)),
        "Reprotect needs SwitchProtection; allowed: CompleteMigration, DisableProtection; state: Failover committed",
        "once the failover is committed and the agent",
    ),
    Case(
        "OperationAllowed",
        "failover not committed",
        FAIL,
        a.machine_context(PENDING),
        "allowed: ChangePit, Commit, CompleteMigration; the failover to Azure is not committed",
        "spec.commitFailover",
    ),
    Case(
        "OperationAllowed",
        "the operator commits the failover",
        PASS,
        a.machine_context(PENDING, plan=a.plan(commitFailover=True)),
        "is committed first",
    ),
    Case(
        "OperationAllowed",
        "failback not committed",
        FAIL,
        at(Phase.COMMITTED, a.failed_back_item(allowed_operations=frozenset({"Commit"}))),
        "the failback is not committed",
        "Let the failback be committed",
    ),
    Case(
        "OperationAllowed",
        "a job without name runs",
        FAIL,
        a.machine_context(a.item(current_scenario=CurrentScenario("TestFailover", None))),
        "(TestFailover)",
        "Wait for the job to end",
    ),
    Case(
        "OperationAllowed",
        "state not told",
        FAIL,
        a.machine_context(a.item(allowed_operations=NOT_ALLOWED, protection_state="", protection_state_description=None)),
        "DisableProtection",
    ),
    Case(
        "OperationAllowed",
        "back to Azure already",
        FAIL,
        at(Phase.COMMITTED, a.item()),
        "the item is InMageAzureV2, active site not told: it replicates to Azure",
    ),
    Case(
        "OperationAllowed", "nothing allowed", FAIL, a.machine_context(a.item(allowed_operations=frozenset())), "allowed: nothing"
    ),
    Case(
        "OperationAllowed",
        "not allowed, with errors",
        FAIL,
        a.machine_context(a.item(allowed_operations=NOT_ALLOWED, health_errors=SICK)),
        "health errors: 78093",
    ),
    Case(
        "OperationAllowed",
        "agent not registered yet",
        FAIL,
        a.machine_context(a.item(allowed_operations=NOT_ALLOWED), failed_over_at=a.minutes_ago(14.9)),
        "",
        "Wait: after a failover the agent",
    ),
    Case(
        "OperationAllowed",
        "the agent's time is over",
        FAIL,
        a.machine_context(a.item(allowed_operations=NOT_ALLOWED), failed_over_at=a.minutes_ago(15)),
    ),
    Case(
        "OperationAllowed",
        "not allowed, failover not known",
        FAIL,
        a.machine_context(a.item(allowed_operations=NOT_ALLOWED), failed_over_at=None),
    ),
    Case(
        "OperationAllowed",
        "failback not allowed",
        FAIL,
        at(Phase.REPROTECTED, a.reprotected_item(allowed_operations=NOT_ALLOWED)),
        "state: Protected",
        "once the first synchronisation has ended",
    ),
    Case(
        "OperationAllowed",
        "a job runs",
        FAIL,
        a.machine_context(a.item(current_scenario=BUSY)),
        "(TestFailover job-1)",
        "Wait for the job job-1",
    ),
    Case(
        "OperationAllowed",
        "of the wrong type",
        FAIL,
        at(Phase.FAILED_OVER, a.reprotected_item()),
        "the item is InMage, active site Azure: it runs in Azure and replicates to the site",
    ),
    Case("OperationAllowed", "on the wrong site", FAIL, at(Phase.REPROTECTED, a.committed_item()), "active site OnPrem"),
    Case("OperationAllowed", "site not told", FAIL, at(Phase.REPROTECTED, a.reprotected_item(active_site=None)), "not told"),
    Case("OperationAllowed", "S7 is no S3", FAIL, at(Phase.FAILED_OVER, a.committed_item())),
    Case("OperationAllowed", "in motion", NA, at(Phase.REPROTECTING, a.reprotected_item())),
    Case("OperationAllowed", "synchronised, and no failback allowed", FAIL, at(Phase.REPROTECTING, STRANDED), "Failback needs"),
    Case("OperationAllowed", "still synchronising", NA, at(Phase.REPROTECTING, replace(STRANDED, protection_state="Initial"))),
    Case("OperationAllowed", "a job ends it", NA, at(Phase.REPROTECTING, replace(STRANDED, current_scenario=BUSY))),
    Case("OperationAllowed", "a failback was sent", NA, at(Phase.FAILING_BACK, STRANDED)),
    Case("OperationAllowed", "on its way there", NA, at(Phase.REPROTECTING, a.item(protection_state="Protected"))),
    Case("OperationAllowed", "home by now", NA, at(Phase.REPROTECTING, replace(STRANDED, active_site=ActiveSite.ON_PREMISES))),
    Case("OperationAllowed", "before a disaster", NA, PROTECTED_IN_AZURE),
    Case("OperationAllowed", "at home", NA, at(Phase.PROTECTED, a.protected_item())),
    Case("OperationAllowed", "vault unread", UNKNOWN, BLIND),
]


def planned(**spec):
    return a.machine_context(plan=a.plan(**spec))


SEEN = {"failoverBound": {"value": a.minutes_ago(-60), "firstSeen": a.minutes_ago(30)}}
REFUSED = {
    "key": "k",
    "effect": "Reprotect",
    "intendedAt": a.minutes_ago(30),
    "notAfter": a.minutes_ago(29),
    "outcome": "Refused",
}
MADE = REFUSED | {"outcome": "Running"}


def begun(entry):
    machine = a.machine(recorded=(a.record(),), status={"ledger": [entry]})
    return replace(planned(failedOverBefore="2026-11-01T00:00:00Z"), record=a.record(), machine=machine)


COVERED = [
    Case("FailoverCovered", "covered", PASS, READY),
    Case("FailoverCovered", "at the very instant", PASS, planned(failedOverBefore=a.FAILED_OVER_AT)),
    Case(
        "FailoverCovered",
        "a second later",
        FAIL,
        planned(failedOverBefore=a.FAILED_OVER_AT - timedelta(seconds=1)),
        "it failed over at 2026-11-24T05:00:00Z, after failedOverBefore 2026-11-24T04:59:59Z",
    ),
    Case("FailoverCovered", "no bound", FAIL, planned(failedOverBefore=None), "gives no failedOverBefore"),
    Case("FailoverCovered", "no bound, but nothing is to start", NA, planned(failedOverBefore=None, stage="Prepared")),
    Case("FailoverCovered", "judged at Prepared where given", PASS, planned(stage="Prepared")),
    Case("FailoverCovered", "in the future", FAIL, planned(failedOverBefore=a.minutes_ago(-60)), "lay in the future"),
    Case(
        "FailoverCovered",
        "in the future when first seen",
        FAIL,
        a.machine_context(plan=a.plan(status=SEEN, failedOverBefore=a.minutes_ago(-60))),
    ),
    Case("FailoverCovered", "time not known", UNKNOWN, replace(READY, failed_over_at=None), "neither the item"),
    Case(
        "FailoverCovered",
        "a run that began keeps its bound",
        PASS,
        replace(REPROTECTED, plan=a.plan(failedOverBefore="2026-11-01T00:00:00Z")),
        "its run began",
    ),
    Case("FailoverCovered", "a run that just began", PASS, begun(MADE)),
    Case("FailoverCovered", "a record and a refused call are no run", FAIL, begun(REFUSED)),
    Case(
        "FailoverCovered",
        "a record alone is no run",
        FAIL,
        replace(planned(failedOverBefore="2026-11-01T00:00:00Z"), record=a.record()),
    ),
    Case(
        "FailoverCovered",
        "a record of a bound that does not cover",
        FAIL,
        replace(
            REPROTECTED,
            record=a.record(covered_by=a.FAILED_OVER_AT - timedelta(days=1)),
            plan=a.plan(failedOverBefore="2026-11-01T00:00:00Z"),
        ),
    ),
    Case("FailoverCovered", "before a disaster", NA, PROTECTED_IN_AZURE),
    Case("FailoverCovered", "vault unread", UNKNOWN, BLIND),
]


def azure(state, context=READY):
    return replace(context, azure_vm=a.azure_vm(power_state=state))


GONE = {"azure_vm": None, "azure_vm_is_missing": True}


def gone_since(minutes, kind=EffectKind.COMMIT, job="commit-1"):
    """Azure answers 404; the operator made that effect so long ago, and its job failed. The failback began 60 minutes ago."""
    at = a.minutes_ago(minutes)
    failed = LedgerEntry(key="k", effect=kind, intended_at=at, not_after=at, outcome=EffectOutcome.FAILED, job=job, settled_at=at)
    return replace(FAILED_BACK, machine=a.machine(status={"ledger": [failed.wire()]}), **GONE)


AZURE = [
    Case("AzureVmRunning", "running", PASS, READY),
    Case("AzureVmRunning", "deallocated", FAIL, azure("deallocated"), "Azure VM app-1 is deallocated"),
    Case("AzureVmRunning", "starting", FAIL, azure("starting")),
    Case("AzureVmRunning", "not told", UNKNOWN, azure(None)),
    Case("AzureVmRunning", "not read", UNKNOWN, replace(READY, azure_vm=None)),
    Case("AzureVmRunning", "deleted", FAIL, replace(READY, **GONE), "no VM app-1"),
    Case("AzureVmRunning", "deleted, its id not told", FAIL, a.machine_context(a.item(target_vm_id=None), **GONE), "no VM app-1"),
    Case("AzureVmRunning", "after reprotect", NA, REPROTECTED),
    Case("AzureVmRunning", "before a disaster", NA, PROTECTED_IN_AZURE),
    Case("AzureVmStopped", "deallocated", PASS, FAILED_BACK),
    Case("AzureVmStopped", "stopped", PASS, azure("stopped", FAILED_BACK)),
    Case("AzureVmStopped", "running", FAIL, azure("running", FAILED_BACK), "is running"),
    Case("AzureVmStopped", "stopping", FAIL, azure("stopping", FAILED_BACK)),
    Case("AzureVmStopped", "not told", UNKNOWN, azure(None, FAILED_BACK)),
    Case("AzureVmStopped", "not read", UNKNOWN, replace(FAILED_BACK, azure_vm=None)),
    Case("AzureVmStopped", "not recorded", UNKNOWN, replace(FAILED_BACK, azure_vm=None, record=None), "is not recorded"),
    Case("AzureVmStopped", "not found under its id", UNKNOWN, replace(FAILED_BACK, **GONE), "rg-vms", "every resource group"),
    Case("AzureVmStopped", "not found, no record", UNKNOWN, replace(FAILED_BACK, record=None, **GONE), "deleted, or moved"),
    Case("AzureVmStopped", "gone since our commit", PASS, gone_since(59), "job commit-1"),
    Case("AzureVmStopped", "gone, commit before the failback", UNKNOWN, gone_since(61)),
    Case("AzureVmStopped", "gone, commit at the failback's start", UNKNOWN, gone_since(60)),
    Case("AzureVmStopped", "gone, commit without a job", UNKNOWN, gone_since(59, job=None)),
    Case("AzureVmStopped", "gone, failback only", UNKNOWN, gone_since(59, kind=EffectKind.FAILBACK)),
    Case("AzureVmStopped", "gone, failback not known", UNKNOWN, replace(gone_since(59), last_failback_at=None)),
    Case("AzureVmStopped", "gone, no object", UNKNOWN, replace(gone_since(59), machine=None)),
    Case("AzureVmStopped", "while the failback runs", NA, azure("running", replace(FAILED_BACK, phase=Phase.FAILING_BACK))),
    Case("AzureVmStopped", "before", NA, READY),
]

NO_VM = replace(READY, vms=())
NO_VM_BLIND = replace(READY, vms=(), site=a.blind_vsphere())
CLONES = replace(READY, vms=(a.located(), a.located(a.vm("app-copy"))))
AFTER = a.FAILED_OVER_AT + timedelta(seconds=1)
ON = {"power_state": PowerState.ON}


def seen_started(context, failed_over_at):
    """The machine's object has it that its VM was started after that failover."""
    start, stored = OnPremisesStart(failed_over_at=failed_over_at, seen_at=AFTER), a.machine()
    spec = stored.spec.model_copy(update={"on_premises_starts": [start]})
    return replace(context, machine=stored.model_copy(update={"spec": spec}))


ON_PREMISES = [
    Case("OnPremisesVMFound", "one", PASS, READY),
    Case("OnPremisesVMFound", "none", FAIL, NO_VM, "no VM of app-1 is in vCenter"),
    Case("OnPremisesVMFound", "none, vCenter unread", UNKNOWN, NO_VM_BLIND),
    Case("OnPremisesVMFound", "none, and one without name", UNKNOWN, replace(READY, vms=(), site=a.nameless_vsphere()), "vm-77"),
    Case("OnPremisesVMFound", "clones", FAIL, CLONES, "app-1 on esx-1.example.com, app-copy on esx-1.example.com"),
    Case("OnPremisesVMFound", "orphaned", FAIL, on_prem(READY, connection_state="orphaned"), "orphaned"),
    Case("OnPremisesVMFound", "connection not told", UNKNOWN, on_prem(READY, connection_state=None)),
    Case("OnPremisesVMFound", "after the failback", NA, FAILED_BACK),
    Case("OnPremisesDiverged", "off and untouched", PASS, READY),
    Case("OnPremisesDiverged", "on", FAIL, on_prem(READY, **ON), "VM app-1 is poweredOn"),
    Case("OnPremisesDiverged", "suspended", FAIL, on_prem(READY, power_state=PowerState.SUSPENDED)),
    Case("OnPremisesDiverged", "started since, and on", FAIL, on_prem(READY, **ON, boot_time=AFTER), "was started after"),
    Case("OnPremisesDiverged", "started since, off again", FAIL, on_prem(READY, starts=(AFTER,)), "was started after"),
    Case("OnPremisesDiverged", "started at that instant", PASS, on_prem(READY, starts=(a.FAILED_OVER_AT,))),
    Case("OnPremisesDiverged", "seen started since", FAIL, seen_started(READY, a.FAILED_OVER_AT), "was started after"),
    Case("OnPremisesDiverged", "seen started after another failover", PASS, seen_started(READY, AFTER)),
    Case("OnPremisesDiverged", "seen, events unread", FAIL, on_prem(seen_started(READY, a.FAILED_OVER_AT), starts=None)),
    Case("OnPremisesDiverged", "off, events unread", UNKNOWN, on_prem(READY, starts=None), "events", "Monitor > Events"),
    Case("OnPremisesDiverged", "on, events unread", FAIL, on_prem(READY, **ON, boot_time=AFTER, starts=None)),
    Case("OnPremisesDiverged", "a snapshot since", FAIL, on_prem(READY, snapshots=(a.snapshot("late", created=AFTER),)), "late"),
    Case("OnPremisesDiverged", "an old snapshot", PASS, on_prem(READY, snapshots=(a.snapshot(),))),
    Case("OnPremisesDiverged", "power not told", UNKNOWN, on_prem(READY, power_state=None)),
    Case("OnPremisesDiverged", "unread", UNKNOWN, on_prem(READY, unread=frozenset({"snapshots"})), "snapshots"),
    Case("OnPremisesDiverged", "other fields unread", PASS, on_prem(READY, unread=frozenset({"memory_mib"}))),
    Case("OnPremisesDiverged", "failover not known, untouched", PASS, replace(READY, failed_over_at=None)),
    Case(
        "OnPremisesDiverged",
        "failover not known, a start",
        UNKNOWN,
        on_prem(replace(READY, failed_over_at=None), starts=(AFTER,)),
    ),
    Case(
        "OnPremisesDiverged",
        "failover not known, a snapshot",
        UNKNOWN,
        on_prem(replace(READY, failed_over_at=None), snapshots=(a.snapshot(),)),
    ),
    Case("OnPremisesDiverged", "no VM", NA, NO_VM, "see OnPremisesVMFound"),
    Case("OnPremisesDiverged", "no VM, vCenter unread", UNKNOWN, NO_VM_BLIND),
    Case("OnPremisesDiverged", "clones", UNKNOWN, CLONES),
    Case("OnPremisesDiverged", "before a disaster it runs, of course", NA, on_prem(PROTECTED_IN_AZURE, **ON)),
    Case("OnPremisesOff", "off", PASS, REPROTECTED),
    Case("OnPremisesOff", "on", FAIL, on_prem(REPROTECTED, **ON), "poweredOn"),
    Case("OnPremisesOff", "on while it synchronises", FAIL, on_prem(replace(REPROTECTED, phase=Phase.REPROTECTING), **ON)),
    Case("OnPremisesOff", "unread", UNKNOWN, on_prem(REPROTECTED, unread=frozenset({"power_state"}))),
    Case("OnPremisesOff", "before reprotect", NA, on_prem(READY, **ON)),
    Case("OnPremisesOff", "on as the failback wants it", NA, FAILED_BACK),
    Case("SourceDiskUuid", "TRUE", PASS, READY),
    Case("SourceDiskUuid", "not TRUE", FAIL, on_prem(READY, disk_uuid_enabled=None)),
    Case("SourceDiskUuid", "unread", UNKNOWN, on_prem(READY, unread=frozenset({"disk_uuid_enabled"}))),
    Case("SourceDiskUuid", "no VM", NA, NO_VM),
]

SILENT = replace(a.target_vm().guest, tools_running_status="guestToolsNotRunning")
UNHEARD = replace(FAILED_BACK, last_failback_at=None)


def heard(at_minutes_ago, jobs=(), **changes):
    beat = None if at_minutes_ago is None else a.minutes_ago(at_minutes_ago)
    detail = replace(a.failed_back_item().detail, agent_last_heartbeat=changes.pop("agent", None))
    item = a.failed_back_item(last_heartbeat=beat, detail=detail)
    return replace(on_prem(FAILED_BACK, **ON, guest=SILENT), items=(item,), jobs=jobs, **changes)


def failback_job(ended):
    return Job(
        ArmId("/jobs/j"), "j", "UnplannedFailover", JobState.SUCCEEDED, None, a.minutes_ago(60), ended, None, "app-1", (), ()
    )


UP = [
    Case("OnPremisesUp", "tools run", PASS, FAILED_BACK),
    Case("OnPremisesUp", "tools run, no failback known", PASS, UNHEARD),
    Case("OnPremisesUp", "heard after the failback", PASS, heard(1, (failback_job(a.minutes_ago(55)),)), "heard it after"),
    Case(
        "OnPremisesUp", "heard between start and end: that was the Azure VM", FAIL, heard(56, (failback_job(a.minutes_ago(55)),))
    ),
    Case("OnPremisesUp", "job not known, heard within the agent's grace", FAIL, heard(45)),
    Case("OnPremisesUp", "job not known, heard after it", PASS, heard(44.9)),
    Case("OnPremisesUp", "job without an end", PASS, heard(1, (failback_job(None),))),
    Case("OnPremisesUp", "the agent's own heartbeat", PASS, heard(None, agent=a.minutes_ago(1))),
    Case("OnPremisesUp", "on, nothing heard", FAIL, heard(None), "its tools do not run"),
    Case("OnPremisesUp", "off", FAIL, on_prem(UNHEARD, power_state=PowerState.OFF), "poweredOff"),
    Case("OnPremisesUp", "power not told", UNKNOWN, on_prem(UNHEARD, power_state=None)),
    Case("OnPremisesUp", "tools unread", UNKNOWN, on_prem(UNHEARD, unread=frozenset({"guest"}))),
    Case("OnPremisesUp", "no VM", FAIL, replace(UNHEARD, vms=()), "vCenter has no VM"),
    Case("OnPremisesUp", "vCenter unread", UNKNOWN, replace(UNHEARD, vms=(), site=a.blind_vsphere())),
    Case("OnPremisesUp", "vCenter unread, but heard", PASS, replace(heard(1), vms=(), site=a.blind_vsphere())),
    Case(
        "OnPremisesUp",
        "details too old",
        FAIL,
        replace(heard(None), items=(a.failed_back_item(last_heartbeat=None, detail=STALE),)),
    ),
    Case("OnPremisesUp", "while the failback runs", NA, replace(FAILED_BACK, phase=Phase.FAILING_BACK)),
    Case("OnPremisesUp", "before", NA, READY),
]

CASES = ITEM + KNOWN + GATE + COVERED + AZURE + ON_PREMISES + UP


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)


@pytest.mark.parametrize(
    ("protected", "step"),
    [
        (a.protected_item(), Step.REHEARSAL),
        (a.item(), Step.REPROTECT),
        (a.item(active_location=None), None),
        (a.reprotected_item(), Step.FAILBACK),
        (a.failed_back_item(), Step.COMMIT),
        (a.failed_back_item(active_site=ActiveSite.AZURE), Step.COMMIT),
        (a.committed_item(), Step.PROTECT),
        (a.reprotected_item(active_site=None), None),
    ],
)
@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.NEEDS_ATTENTION, Phase.UNKNOWN])
def test_a_phase_that_tells_no_step_leaves_it_to_the_item(phase, protected, step):
    assert next_step(at(phase, protected), protected) is step


def test_every_phase_is_thought_of():
    for phase in Phase:
        next_step(at(phase), a.item())


def test_the_agents_grace_tells_when_to_look_again():
    context = a.machine_context(a.item(allowed_operations=NOT_ALLOWED), failed_over_at=a.minutes_ago(5))
    assert MACHINE_CHECKS.get("OperationAllowed").run(context).recheck_at == a.minutes_ago(-10)
