"""Gates, after-states, positions and request bodies of the classic architecture. Facts, section 2."""

from dataclasses import replace

import pytest
from tests.unit import builders as b

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.decide.architectures.base import Missing
from failback_operator.decide.architectures.classic import Classic
from failback_operator.decide.architectures.registry import UNHANDLED, architecture_of
from failback_operator.domain.fabric import RetentionVolume
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import Job, JobState
from failback_operator.domain.protected_item import ActiveSite, CurrentScenario, InstanceType
from failback_operator.domain.steps import EffectKind, ItemCall

CLASSIC = Classic()
REPROTECT, FAILBACK, COMMIT, PROTECT = EffectKind.REPROTECT, EffectKind.FAILBACK, EffectKind.COMMIT, EffectKind.PROTECT
COMMIT_FAILOVER = EffectKind.COMMIT_FAILOVER
ON_ITEM = (COMMIT_FAILOVER, REPROTECT, FAILBACK, COMMIT, PROTECT)


def running(item, scenario):
    return replace(item, current_scenario=CurrentScenario(scenario, "job-1"))


SYNCING_HOME = b.reprotected_item(
    protection_state="InitialReplicationInProgress", allowed_operations=frozenset({"DisableProtection"})
)
SYNCING_AWAY = b.protected_item(
    protection_state="InitialReplicationInProgress", allowed_operations=frozenset({"DisableProtection"})
)
PENDING = b.item(
    protection_state="UnplannedFailoverCommitPendingStatesBegin", allowed_operations=frozenset({"Commit", "ChangePit"})
)


@pytest.mark.parametrize(
    ("item", "allowed"),
    [
        (b.protected_item(), []),
        (PENDING, [COMMIT_FAILOVER]),
        (b.item(), [REPROTECT]),
        (SYNCING_HOME, []),
        (b.reprotected_item(), [FAILBACK]),
        (b.failed_back_item(), [COMMIT]),
        (b.failed_back_item(active_site=ActiveSite.AZURE), [COMMIT]),
        (b.committed_item(), [PROTECT]),
        (SYNCING_AWAY, []),
        (b.item(instance_type=InstanceType.MODERNIZED), []),
        (b.item(instance_type=InstanceType.OTHER), []),
        (b.reprotected_item(active_site=None), []),
        (b.committed_item(active_site=ActiveSite.AZURE), []),
    ],
)
def test_gate_is_exactly_what_is_allowed_with_type_and_site(item, allowed):
    assert [kind for kind in EffectKind if CLASSIC.allows(item, kind)] == allowed
    assert [kind for kind in EffectKind if CLASSIC.allows(running(item, "Any"), kind)] == []


@pytest.mark.parametrize(
    ("item", "past"),
    [
        (b.item(), [COMMIT_FAILOVER]),
        (PENDING, []),
        (running(b.item(), "TestFailover"), []),
        (SYNCING_HOME, [COMMIT_FAILOVER, REPROTECT]),
        (b.reprotected_item(), [COMMIT_FAILOVER, REPROTECT]),
        (b.failed_back_item(), [COMMIT_FAILOVER, REPROTECT, FAILBACK]),
        (b.failed_back_item(active_site=ActiveSite.AZURE), [COMMIT_FAILOVER, REPROTECT, FAILBACK]),
        (b.committed_item(), [COMMIT_FAILOVER, REPROTECT, FAILBACK, COMMIT]),
        (SYNCING_AWAY, [COMMIT_FAILOVER, REPROTECT, FAILBACK, COMMIT, PROTECT]),
        (b.protected_item(), [COMMIT_FAILOVER, REPROTECT, FAILBACK, COMMIT, PROTECT]),
        (b.item(instance_type=InstanceType.OTHER), []),
    ],
)
def test_after_states(item, past):
    assert [kind for kind in ON_ITEM if CLASSIC.is_after(item, kind)] == past


def test_a_job_of_the_step_itself_keeps_it_from_being_over():
    item = running(b.reprotected_item(), "SwitchReplicationGroupProtection")
    assert not CLASSIC.is_after(item, REPROTECT)
    assert CLASSIC.is_after(running(b.reprotected_item(), "IrCompletion"), REPROTECT)


@pytest.mark.parametrize(
    ("item", "phase"),
    [
        (b.protected_item(), Phase.NOT_FAILED_OVER),
        (running(b.protected_item(), "UnplannedFailover"), Phase.NOT_FAILED_OVER),
        (running(b.protected_item(), "TestFailover"), Phase.NOT_FAILED_OVER),
        (PENDING, Phase.FAILED_OVER),
        (running(PENDING, "CommitFailover"), Phase.FAILED_OVER),
        (b.item(), Phase.FAILED_OVER),
        (running(b.item(), "SwitchReplicationGroupProtection"), Phase.REPROTECTING),
        (SYNCING_HOME, Phase.REPROTECTING),
        (running(b.reprotected_item(), "SwitchReplicationGroupProtection"), Phase.REPROTECTING),
        (running(SYNCING_HOME, "IrCompletion"), Phase.REPROTECTING),
        (b.reprotected_item(), Phase.REPROTECTED),
        (running(b.reprotected_item(), "UnplannedFailover"), Phase.FAILING_BACK),
        (b.failed_back_item(), Phase.FAILED_BACK),
        (running(b.failed_back_item(), "CommitFailover"), Phase.COMMITTING),
        (b.committed_item(), Phase.COMMITTED),
        (b.committed_item(allowed_operations=frozenset()), Phase.UNKNOWN),
        (b.reprotected_item(active_site=None), Phase.UNKNOWN),
        (running(b.committed_item(), "SwitchReplicationGroupProtection"), Phase.PROTECTING),
        (running(b.protected_item(), "SwitchReplicationGroupProtection"), Phase.PROTECTING),
        (SYNCING_AWAY, Phase.PROTECTING),
        (b.item(active_location=None), Phase.UNKNOWN),
        (b.item(instance_type=InstanceType.OTHER), Phase.UNKNOWN),
    ],
)
def test_position(item, phase):
    assert CLASSIC.position(item) is phase


@pytest.mark.parametrize(
    ("scenario", "kinds"),
    [
        ("SwitchReplicationGroupProtection", [REPROTECT, PROTECT]),
        ("UnplannedFailover", [FAILBACK]),
        ("CommitFailover", [COMMIT_FAILOVER, COMMIT]),
        ("IrCompletion", []),
    ],
)
def test_scenarios(scenario, kinds):
    job = Job(ArmId("/x"), "j", scenario, JobState.SUCCEEDED, None, None, None, None, None, (), ())
    assert [kind for kind in EffectKind if CLASSIC.does(job, kind)] == kinds


def test_only_classic_items_are_handled():
    assert isinstance(architecture_of(b.item()), Classic)
    other = architecture_of(b.item(instance_type=InstanceType.MODERNIZED))
    assert other is UNHANDLED
    assert other.position(b.item()) is Phase.UNKNOWN
    job = Job(ArmId("/x"), "j", "CommitFailover", JobState.SUCCEEDED, None, None, None, None, None, (), ())
    for kind in EffectKind:
        assert not any((other.allows(b.item(), kind), other.is_after(b.item(), kind), other.does(job, kind)))
        assert isinstance(other.call(b.machine_context(), kind), Missing)
    assert other.handles(b.item())


def details(call):
    assert isinstance(call, ItemCall)
    return call.body["properties"]["providerSpecificDetails"]


def test_reprotect_body():
    call = CLASSIC.call(b.machine_context(assigned=b.target_context()), REPROTECT)
    assert call == ItemCall(
        b.item_id(),
        "reProtect",
        {
            "properties": {
                "failoverDirection": "RecoveryToPrimary",
                "providerSpecificDetails": {
                    "instanceType": "InMage",
                    "masterTargetId": "mt-win-id",
                    "processServerId": "ps-azure-id",
                    "retentionDrive": "R",
                    "profileId": str(b.FAILBACK_POLICY_ID),
                    "diskExclusionInput": {
                        "volumeOptions": [{"volumeLabel": "Temporary Storage", "onlyExcludeIfSingleVolume": "Yes"}]
                    },
                    "datastoreName": "vmfs-1",
                },
            }
        },
    )


@pytest.mark.parametrize(
    ("os_type", "wanted", "listed", "sent"),
    [
        ("Windows", None, "R", "R"),
        ("Windows", "F:\\", "F", "F"),
        ("Linux", None, "/mnt/retention/", "/mnt/retention/"),
        ("LINUX", "/mnt/other", "/mnt/other", "/mnt/other"),
        ("Windows", None, "F", None),
        (None, None, "R", None),
        (None, "R", "r:\\", "r:\\"),
    ],
)
def test_retention_volume_is_sent_as_it_is_listed(os_type, wanted, listed, sent):
    server = b.master_target_server(os_type=os_type, os_version=None, retention_volumes=(RetentionVolume(listed, 1, 1),))
    spec = {"retentionVolume": wanted} if wanted else {}
    target = b.target_context(server=server, target=b.master_target(**spec), vms=())
    call = CLASSIC.call(b.machine_context(assigned=target), REPROTECT)
    if sent is None:
        assert isinstance(call, Missing)
        assert "retention volume" in call.what
    else:
        assert details(call)["retentionDrive"] == sent


def test_vcenter_tells_the_retention_volume_where_site_recovery_does_not_tell_the_system():
    target = b.target_context(server=b.master_target_server(os_type=None, os_version=None))
    assert details(CLASSIC.call(b.machine_context(assigned=target), REPROTECT))["retentionDrive"] == "R"


@pytest.mark.parametrize(
    ("changes", "datastore"),
    [
        ({"plan": b.plan(datastore="gold")}, "gold"),
        ({"vms": ()}, "vmfs-1"),
        ({"vms": (b.located(b.vm(disks=(b.disk(datastore=None),))),)}, "vmfs-1"),
        ({"items": (b.item(detail=None),), "vms": ()}, None),
    ],
)
def test_datastore_name(changes, datastore):
    call = CLASSIC.call(b.machine_context(assigned=b.target_context(), **changes), REPROTECT)
    assert details(call).get("datastoreName") == datastore


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"assigned": None}, "master target"),
        ({"assigned": b.target_context(server=None)}, "master target"),
        ({"process_server": None}, "process server"),
        ({"process_server": b.server_context(facts=None)}, "process server"),
        ({"site": b.site_context(b.view(b.vault(mappings=())))}, "failback policy"),
        ({"site": b.site_context(b.view(b.vault(policies=(b.forward_policy(),))))}, "failback policy"),
        ({"site": b.blind_vault()}, "as the vault has it"),
        ({"items": ()}, "as the vault has it"),
    ],
)
def test_reprotect_says_what_is_missing(changes, what):
    call = CLASSIC.call(b.machine_context(**({"assigned": b.target_context()} | changes)), REPROTECT)
    assert isinstance(call, Missing)
    assert what in call.what


@pytest.mark.parametrize("point", ["LatestTime", "LatestTag"])
def test_failback_body(point):
    call = CLASSIC.call(b.machine_context(b.reprotected_item(), plan=b.plan(recoveryPoint=point)), FAILBACK)
    assert call == ItemCall(
        b.item_id(),
        "unplannedFailover",
        {
            "properties": {
                "failoverDirection": "PrimaryToRecovery",
                "sourceSiteOperations": "Required",
                "providerSpecificDetails": {"instanceType": "InMage", "recoveryPointType": point},
            }
        },
    )


def test_who_is_waived_for_want_of_a_tag_goes_to_the_latest_time():
    """AppConsistentPoint is waived for it: asked for a tag that is not there, the service refuses."""
    item = b.reprotected_item(detail=b.detail(consistency_points=()))
    call = CLASSIC.call(b.machine_context(item, plan=b.plan(recoveryPoint="LatestTag")), FAILBACK)
    assert details(call) == {"instanceType": "InMage", "recoveryPointType": "LatestTime"}


def test_commit_has_no_body():
    assert CLASSIC.call(b.machine_context(b.failed_back_item()), COMMIT) == ItemCall(b.item_id(), "failoverCommit", None)


def test_protect_body_from_the_record():
    call = CLASSIC.call(b.machine_context(b.committed_item(), record=b.record()), PROTECT)
    assert details(call) == {
        "instanceType": "InMageAzureV2",
        "processServerId": "ps-onprem-id",
        "masterTargetId": "ps-onprem-id",
        "runAsAccountId": "1",
        "policyId": str(b.POLICY_ID),
        "logStorageAccountId": str(b.LOG_STORAGE_ID),
    }
    assert call.action == "reProtect"
    assert call.body["properties"]["failoverDirection"] == "RecoveryToPrimary"


def test_protect_body_as_the_plan_names_it():
    protection = {
        "processServer": "PS-AZURE",
        "policy": "policy-24h",
        "runAsAccount": "vmadmin-linux",
        "logStorageAccountId": "/st",
    }
    context = b.machine_context(b.committed_item(), plan=b.plan(protection=protection))
    assert details(CLASSIC.call(context, PROTECT)) == {
        "instanceType": "InMageAzureV2",
        "processServerId": "ps-azure-id",
        "masterTargetId": "ps-azure-id",
        "runAsAccountId": "2",
        "policyId": str(b.POLICY_ID),
        "logStorageAccountId": "/st",
    }


@pytest.mark.parametrize(
    ("protection", "record", "what"),
    [
        ({}, None, "protection.processServer"),
        ({"processServer": "nobody"}, b.record(), "process server nobody"),
        ({}, b.record(policy_id=None), "protection.policy"),
        ({"policy": "nothing"}, b.record(), "policy nothing"),
        ({"policy": "policy-24h-failback"}, b.record(), "towards Azure"),
        ({"runAsAccount": "nobody"}, b.record(), "run-as account nobody"),
    ],
)
def test_protect_says_what_is_missing(protection, record, what):
    call = CLASSIC.call(b.machine_context(b.committed_item(), plan=b.plan(protection=protection), record=record), PROTECT)
    assert isinstance(call, Missing)
    assert what in call.what


NO_ACCOUNT = b.record(run_as_account=None)


def test_protect_needs_an_account():
    context = b.machine_context(b.committed_item(detail=None), record=NO_ACCOUNT, vms=())
    call = CLASSIC.call(context, PROTECT)
    assert isinstance(call, Missing)
    assert "protection.runAsAccount" in call.what


@pytest.mark.parametrize(("guest_id", "account"), [("windows2019srv_64Guest", "1"), ("rhel7_64Guest", "2")])
def test_vcenter_tells_the_account_where_site_recovery_does_not_tell_the_system(guest_id, account):
    vms = (b.located(b.vm(guest=b.Guest(guest_id=guest_id))),)
    call = CLASSIC.call(b.machine_context(b.committed_item(detail=None), record=NO_ACCOUNT, vms=vms), PROTECT)
    assert details(call)["runAsAccountId"] == account


@pytest.mark.parametrize(("protection", "account"), [({}, "2"), ({"runAsAccount": "vmadmin-windows"}, "1")])
def test_the_recorded_account_goes_before_the_sites_and_the_plans_before_both(protection, account):
    record = b.record(run_as_account="vmadmin-linux")
    call = CLASSIC.call(b.machine_context(b.committed_item(), plan=b.plan(protection=protection), record=record), PROTECT)
    assert details(call)["runAsAccountId"] == account


def test_protect_without_log_storage_leaves_it_out():
    call = CLASSIC.call(b.machine_context(b.committed_item(), record=b.record(log_storage_account_id=None)), PROTECT)
    assert "logStorageAccountId" not in details(call)


def test_no_call_for_what_is_no_operation_on_an_item():
    assert isinstance(CLASSIC.call(b.machine_context(), EffectKind.POWER_CYCLE), Missing)
