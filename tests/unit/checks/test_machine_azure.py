"""Checks of a machine's side in Azure: commit of the failover, agent, network, locks, disks, health, recovery points."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.decide.index import index_site
from failback_operator.domain.azure_estate import AzureEstate, AzureLock
from failback_operator.domain.health import HealthError
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job, JobState
from failback_operator.domain.limits import Limits
from failback_operator.domain.reading import Part, SourceError, SourceProblem

READY = a.machine_context()
STALE = a.detail(as_of=a.minutes_ago(241))
PENDING = a.item(allowed_operations=frozenset({"CompleteMigration", "Commit", "ChangePit"}))
REPROTECTED = a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED, record=a.record(), assigned=a.target_context())
AT_HOME = a.machine_context(a.protected_item(), phase=Phase.NOT_FAILED_OVER, failed_over_at=None)


def job(scenario, started, ended):
    return Job(
        arm_id=ArmId(f"/jobs/{scenario}"),
        name=scenario,
        scenario=scenario,
        state=JobState.SUCCEEDED,
        state_description="Completed",
        started_at=started,
        ended_at=ended,
        target_object_id=None,
        target_object_name="app-1",
        errors=(),
        child_jobs=(),
    )


COMMITTED = [
    Case("FailoverCommitted", "committed", PASS, READY),
    Case("FailoverCommitted", "pending", FAIL, a.machine_context(PENDING), "another recovery point may be chosen", ""),
    Case(
        "FailoverCommitted", "pending, the operator commits", PASS, a.machine_context(PENDING, plan=a.plan(commitFailover=True))
    ),
    Case("FailoverCommitted", "on its way", NA, REPROTECTED),
    Case("FailoverCommitted", "vault unread", UNKNOWN, a.machine_context(items=(), group=(), site=a.blind_vault())),
]


def beating(minutes_ago, failed_over_at=a.FAILED_OVER_AT, jobs=()):
    """Its only heartbeat came so long ago."""
    beat = None if minutes_ago is None else a.minutes_ago(minutes_ago)
    found = a.item(last_heartbeat=beat, detail=a.detail(agent_last_heartbeat=None))
    return a.machine_context(found, failed_over_at=failed_over_at, jobs=jobs)


LATELY = a.minutes_ago(14)
RUN = job("UnplannedFailover", a.minutes_ago(14), a.minutes_ago(8))
OTHERS = (job("UnplannedFailover", a.minutes_ago(999), a.minutes_ago(990)), job("UnplannedFailover", None, None))
AGENT = [
    Case("AgentRegistered", "heard", PASS, READY, "heartbeats arrive"),
    Case("AgentRegistered", "heard at the limit", PASS, beating(15)),
    Case("AgentRegistered", "not heard lately", FAIL, beating(15.1), "older than 15 min"),
    Case("AgentRegistered", "told by the details alone", PASS, a.machine_context(a.item(last_heartbeat=None))),
    Case("AgentRegistered", "never heard", UNKNOWN, beating(None), "no heartbeat"),
    Case("AgentRegistered", "not heard since the failover", FAIL, beating(240), "not heard since the failover"),
    Case("AgentRegistered", "heard when it failed over", FAIL, beating(180)),
    Case("AgentRegistered", "in its grace", UNKNOWN, beating(14, LATELY), "yet", "up to 15 minutes"),
    Case("AgentRegistered", "at the end of its grace", FAIL, beating(16, a.minutes_ago(15))),
    Case("AgentRegistered", "details too old", PASS, a.machine_context(a.item(detail=STALE))),
    Case("AgentRegistered", "heard before the failover's job ended", UNKNOWN, beating(9, LATELY, (*OTHERS, RUN))),
    Case("AgentRegistered", "heard after the failover's job ended", PASS, beating(7, LATELY, (*OTHERS, RUN))),
    Case("AgentRegistered", "failover not known", UNKNOWN, replace(READY, failed_over_at=None), "is not known"),
    Case("AgentRegistered", "on its way", NA, REPROTECTED),
]


def around(context=READY, **changes):
    """The machine with another estate."""
    site = a.site_context(a.view(a.vault(estate=replace(a.estate(), **changes))))
    return replace(context, site=site, nics=index_site(site).nics)


def nics(*found, context=READY):
    return around(context, nics=a.estate(*found).nics)


OTHER_NETWORK = ArmId(f"{a.NETWORK_ID}-b")
ELSEWHERE = (ArmId(f"{OTHER_NETWORK}/subnets/x"),)
SERVER_NIC = a.nic("ps-azure", "10.50.2.4")
DENIED = SourceError(SourceProblem.FORBIDDEN, "may not perform Microsoft.Network/networkInterfaces/read")
ON_PREMISES = replace(a.server_context(), server=a.process_server("ps-onprem", "OnPremises"))
UNLISTED = replace(a.server_context(), facts=None)
NO_SELECTION = a.machine_context(a.item(detail=a.detail(recovery_network_id=None)))
MISSING_VM = replace(READY, azure_vm=None, azure_vm_is_missing=True)
UNREAD_VM = replace(READY, azure_vm=None)
NETWORK = [
    Case("AzureVmInNetwork", "with the process server", PASS, READY, "network vnet-1; process server ps-azure is there too"),
    Case(
        "AzureVmInNetwork",
        "moved",
        FAIL,
        nics(a.nic(subnet_ids=ELSEWHERE), SERVER_NIC),
        "the Azure VM is in network vnet-1-b; selected for its failover: vnet-1",
    ),
    Case(
        "AzureVmInNetwork",
        "the process server is elsewhere",
        FAIL,
        nics(a.nic(), a.nic("ps-azure", "10.50.2.4", subnet_ids=ELSEWHERE)),
        "process server ps-azure is in network vnet-1-b, the Azure VM in vnet-1",
    ),
    Case(
        "AzureVmInNetwork",
        "two with the process server's address",
        PASS,
        nics(a.nic(), SERVER_NIC, a.nic("twin", "10.50.2.4", subnet_ids=ELSEWHERE)),
    ),
    Case("AzureVmInNetwork", "the process server is on no interface", UNKNOWN, nics(a.nic()), "10.50.2.4", "subscription"),
    Case("AzureVmInNetwork", "the process server's address is not known", UNKNOWN, replace(READY, process_server=UNLISTED)),
    Case("AzureVmInNetwork", "an on-premises process server", PASS, replace(READY, process_server=ON_PREMISES)),
    Case("AzureVmInNetwork", "no process server", PASS, replace(READY, process_server=None)),
    Case("AzureVmInNetwork", "no network was selected", PASS, NO_SELECTION),
    Case("AzureVmInNetwork", "details too old", UNKNOWN, a.machine_context(a.item(detail=STALE))),
    Case("AzureVmInNetwork", "its interface is not listed yet", UNKNOWN, nics(SERVER_NIC), "was not read yet"),
    Case("AzureVmInNetwork", "interfaces may not be read", UNKNOWN, around(nics=Part(None, None, DENIED)), "may not", "waive"),
    Case("AzureVmInNetwork", "read at the limit", PASS, around(nics=replace(a.estate().nics, as_of=a.minutes_ago(30)))),
    Case("AzureVmInNetwork", "read too long ago", UNKNOWN, around(nics=a.estate(age_minutes=30.1).nics), "lately"),
    Case("AzureVmInNetwork", "the VM is missing", NA, MISSING_VM),
    Case("AzureVmInNetwork", "the VM was not read", UNKNOWN, UNREAD_VM),
    Case("AzureVmInNetwork", "an item without its vault", UNKNOWN, a.machine_context(site=a.blind_vault(), nics=None)),
]

LOCK = "/providers/Microsoft.Authorization/locks/keep"


def locked(scope, context=REPROTECTED):
    locks = (AzureLock(ArmId(f"/subscriptions/none{LOCK}"), "ReadOnly"), AzureLock(ArmId(f"{scope}{LOCK}"), "CanNotDelete"))
    return around(context, locks=a.estate(locks=locks).locks)


LOCKS = [
    Case("AzureVmUnlocked", "no lock", PASS, REPROTECTED),
    Case("AzureVmUnlocked", "of other things", PASS, locked(a.azure_vm_id("app-10"))),
    Case("AzureVmUnlocked", "of the VM", FAIL, locked(a.azure_vm_id()), "keep (CanNotDelete) on app-1"),
    Case("AzureVmUnlocked", "of its interface", FAIL, locked(a.nic_id())),
    Case("AzureVmUnlocked", "of a disk", FAIL, locked(a.azure_vm().disks[1].arm_id)),
    Case("AzureVmUnlocked", "of its group", FAIL, locked(f"/subscriptions/{a.SUBSCRIPTION}/resourcegroups/RG-VMS"), "RG-VMS"),
    Case(
        "AzureVmUnlocked", "locks may not be read", UNKNOWN, around(REPROTECTED, locks=Part(None, None, DENIED)), "", "locks/read"
    ),
    Case("AzureVmUnlocked", "the VM is missing", NA, replace(REPROTECTED, azure_vm=None, azure_vm_is_missing=True)),
    Case("AzureVmUnlocked", "the VM was not read", UNKNOWN, replace(REPROTECTED, azure_vm=None)),
    Case("AzureVmUnlocked", "an item without its vault", UNKNOWN, replace(REPROTECTED, site=a.blind_vault())),
    Case("AzureVmUnlocked", "before reprotect", NA, READY),
]


def with_disks(count, **changes):
    vm = a.azure_vm()
    more = tuple(replace(vm.disks[0], name=f"d-{n}") for n in range(count))
    return replace(READY, azure_vm=replace(vm, disks=more, data_disk_count=count - 1, **changes))


DISKS = [
    Case("AzureVmDisks", "as many", PASS, READY, "2 disks are protected"),
    Case("AzureVmDisks", "fewer", PASS, with_disks(1)),
    Case("AzureVmDisks", "one more", FAIL, with_disks(3), "has 3 disks, 2 of them protected; all its disks: 120 GiB"),
    Case("AzureVmDisks", "sizes not told", FAIL, replace(READY, azure_vm=a.azure_vm(data_disk_count=2)), "2 of them protected"),
    Case("AzureVmDisks", "details too old", UNKNOWN, a.machine_context(a.item(detail=STALE))),
    Case("AzureVmDisks", "no disk told", UNKNOWN, a.machine_context(a.item(detail=a.detail(disks=())))),
    Case("AzureVmDisks", "the VM is missing", NA, MISSING_VM),
    Case("AzureVmDisks", "the VM was not read", UNKNOWN, UNREAD_VM),
]

RPO = HealthError("78026", "Warning", "RPO over its threshold", "The line is slow.", "Look at\n the line.")
BROKEN = HealthError("9", "Error", "x" * 400)
INFO = HealthError("548004", "Info", "powered up")


def sick(*errors, context=READY, codes=(), **changes):
    limits = Limits(blocking_health_codes=frozenset(codes))
    found = replace(context.item, health_errors=errors, **changes)
    return replace(context, items=(found,), site=a.site_context(a.view(limits=limits)))


MANY = tuple(replace(RPO, code=f"7{n}") for n in range(9))
HEALTH = [
    Case("ReplicationHealthy", "none", PASS, READY),
    Case("ReplicationHealthy", "for information", PASS, sick(INFO)),
    Case(
        "ReplicationHealthy",
        "a warning",
        FAIL,
        sick(RPO, INFO),
        "Warning 78026: RPO over its threshold Possible causes: The line is slow. Recommended action: Look at the line.",
        "Site Recovery recommends: Look at the line.",
    ),
    Case("ReplicationHealthy", "errors before warnings", FAIL, sick(RPO, BROKEN), f"Error 9: {'x' * 149}…; Warning 78026"),
    Case("ReplicationHealthy", "of a level not known", FAIL, sick(RPO, replace(INFO, level="")), "; 548004: powered up"),
    Case("ReplicationHealthy", "many", FAIL, sick(*MANY), "and 6 more: 73, 74, 75, 76, 77 and 1 more"),
    Case(
        "ReplicationHealthy",
        "critical without a reason",
        FAIL,
        sick(replication_health="Critical"),
        "replication health: Critical",
    ),
    Case("ReplicationHealthy", "not told", PASS, sick(replication_health=None)),
    Case("ReplicationHealthy", "before a disaster", FAIL, sick(RPO, context=AT_HOME)),
    Case("HealthErrorsAccepted", "nothing is set to block", NA, sick(BROKEN)),
    Case("HealthErrorsAccepted", "another is set to block", PASS, sick(BROKEN, codes=("10",))),
    Case("HealthErrorsAccepted", "one is set to block", FAIL, sick(RPO, INFO, codes=("548004",)), "Info 548004: powered up"),
    Case("HealthErrorsAccepted", "many are set to block", FAIL, sick(*MANY, codes=[e.code for e in MANY]), "and 6 more"),
]

TAG = a.plan(recoveryPoint="LatestTag")


def synchronised(minutes_ago, tag=None, scenario="IrCompletion", read=1, **detail):
    """Reprotected so long ago; the newest tag is `tag` minutes older than the reading of the item."""
    points = () if tag is None else (("old", a.minutes_ago(999)), ("tag", a.minutes_ago(read + tag)))
    found = a.detail(consistency_points=points, as_of=a.minutes_ago(read), **detail)
    jobs = () if minutes_ago is None else (job(scenario, a.minutes_ago(300), a.minutes_ago(minutes_ago)),)
    return a.machine_context(a.reprotected_item(detail=found), phase=Phase.REPROTECTED, plan=TAG, jobs=jobs)


POINTS = [
    Case("RecoveryPointAvailable", "a tag", PASS, REPROTECTED),
    Case("RecoveryPointAvailable", "a retention window", PASS, synchronised(10, has_retention_window=True)),
    Case("RecoveryPointAvailable", "none", FAIL, synchronised(10, has_retention_window=False), "shows no recovery point"),
    Case(
        "RecoveryPointAvailable",
        "details too old",
        UNKNOWN,
        a.machine_context(a.reprotected_item(detail=STALE), phase=Phase.REPROTECTED),
    ),
    Case("RecoveryPointAvailable", "while it synchronises", NA, replace(REPROTECTED, phase=Phase.REPROTECTING)),
    Case("AppConsistentPoint", "latest time", NA, REPROTECTED),
    Case("AppConsistentPoint", "young", PASS, synchronised(200, tag=15), "at most 15 min old"),
    Case("AppConsistentPoint", "older", PASS, synchronised(200, tag=15.1), "at most 30 min old"),
    Case("AppConsistentPoint", "at the limit", PASS, synchronised(200, tag=75), "at most 75 min old"),
    Case("AppConsistentPoint", "past the limit", FAIL, synchronised(200, tag=75.1), "older than 75 min"),
    Case("AppConsistentPoint", "some hours old", FAIL, synchronised(400, tag=241), "older than 4 h when it was read"),
    Case("AppConsistentPoint", "of a reading of long ago", PASS, synchronised(400, tag=60, read=100), "at most 60 min old"),
    Case("AppConsistentPoint", "none yet", UNKNOWN, synchronised(75), "yet", "75 minutes after the synchronisation"),
    Case("AppConsistentPoint", "none in its time", FAIL, synchronised(76), "no application-consistent point 75 min after"),
    Case("AppConsistentPoint", "none when last read", UNKNOWN, synchronised(100, read=26)),
    Case("AppConsistentPoint", "none since the reprotect", FAIL, synchronised(90, scenario="SwitchReplicationGroupProtection")),
    Case("AppConsistentPoint", "none, and no job tells", UNKNOWN, synchronised(None), "is not known"),
    Case(
        "AppConsistentPoint",
        "none, and its job has no end",
        UNKNOWN,
        replace(synchronised(None), jobs=(job("IrCompletion", None, None),)),
    ),
    Case(
        "AppConsistentPoint",
        "details too old",
        UNKNOWN,
        a.machine_context(a.reprotected_item(detail=STALE), phase=Phase.REPROTECTED, plan=TAG),
    ),
    Case("AppConsistentPoint", "while it synchronises", NA, replace(REPROTECTED, phase=Phase.REPROTECTING, plan=TAG)),
]

PAIR = (a.item("app-1", group_id="g"), a.item("app-2", group_id="g"))


def staying(*names):
    return replace(READY, items=(PAIR[0],), group=PAIR, staying=dict.fromkeys(names, "not worth it"))


GROUP = [
    Case("GroupUndivided", "alone", NA, READY),
    Case("GroupUndivided", "all come home", PASS, staying()),
    Case("GroupUndivided", "another stays", FAIL, staying("app-2"), "machines of its group stay in Azure: app-2"),
    Case("GroupUndivided", "this one stays", NA, staying("app-1"), "it stays in Azure"),
    Case("OperationAllowed", "this one stays", NA, staying("app-1")),
]

CASES = COMMITTED + AGENT + NETWORK + LOCKS + DISKS + HEALTH + POINTS + GROUP


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)


@pytest.mark.parametrize(
    ("check", "context", "moment"),
    [
        ("AgentRegistered", beating(14, LATELY), LATELY + timedelta(minutes=15)),
        ("AgentRegistered", beating(2), a.minutes_ago(2) + timedelta(minutes=15)),
        ("AppConsistentPoint", synchronised(75), a.NOW),
    ],
)
def test_it_is_asked_again_when_time_alone_may_change_it(check, context, moment):
    assert MACHINE_CHECKS.get(check).run(context).recheck_at == moment


def test_nothing_is_known_of_what_was_never_read():
    assert AzureEstate().nics.fresh(a.NOW, timedelta(days=1)) is None
