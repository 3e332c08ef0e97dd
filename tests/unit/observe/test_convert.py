"""What the service sends becomes facts: from plain JSON and from the SDK's models alike."""

from datetime import UTC, datetime
from typing import Any

import pytest
from azure.mgmt.recoveryservicessiterecovery import models

from failback_operator.domain.azure_estate import AzureDisk
from failback_operator.domain.fabric import ListedDatastore, RetentionVolume, RunAsAccount
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import JobError, JobState
from failback_operator.domain.protected_item import ActiveSite, CurrentScenario, InstanceType, ItemDisk
from failback_operator.observe.azure import convert
from failback_operator.observe.azure.convert_item import item_detail, listed_item
from failback_operator.observe.azure.convert_job import job, with_children
from failback_operator.observe.azure.wire import MalformedError, Record, last_segment, parent, parse_moment

from . import bodies

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture(params=["json", "sdk"])
def as_sent(request: pytest.FixtureRequest):
    """The body as plain JSON, and as the SDK's model of the type that is named."""

    def made(body: dict[str, Any], kind: str) -> object:
        return body if request.param == "json" else getattr(models, kind)(body)

    return made


def test_a_failed_over_item(as_sent):
    found = listed_item(as_sent(bodies.failed_over(), "ReplicationProtectedItem"))
    assert found.arm_id == bodies.ITEM.replace("/Subscriptions", "/subscriptions")
    assert str(found.arm_id) == bodies.ITEM
    assert found.container_id == bodies.CONTAINER
    assert (found.friendly_name, found.instance_type, found.active_site) == ("db-1", InstanceType.TO_AZURE, None)
    assert found.allowed_operations == {"CompleteMigration", "DisableProtection", "SwitchProtection"}
    assert found.current_scenario is None
    assert found.last_failover_time == datetime(2026, 11, 24, 5, 1, 2, 123456, tzinfo=UTC)
    assert found.target_vm_id == ArmId(bodies.VM)
    assert (found.group_id, found.group_name, found.process_server_id) == ("6f2a", "payroll", "PS-1")
    assert (found.rpo_seconds, found.last_heartbeat) == (232, datetime(2026, 11, 24, 7, 58, tzinfo=UTC))
    assert [error.level for error in found.health_errors] == ["Warning"]
    assert found.health_errors[0].message == "No test failover has been done."
    assert found.detail is None


def test_the_detail_of_a_failed_over_item(as_sent):
    detail = item_detail(as_sent(bodies.failed_over(), "ReplicationProtectedItem"), NOW)
    assert detail.as_of == NOW
    assert detail.master_target_id == "PS-1"
    assert detail.disks == (ItemDisk("{A8A3}", "Disk0", 85899345920, 0, "NotRequired", 232),)
    assert (detail.os_type, detail.os_version) == ("Windows", "Microsoft Windows Server 2019 Datacenter")
    assert detail.datastores == ("vmfs-1", "vmfs-2")
    assert (detail.agent_version, detail.vcenter_infrastructure_id) == ("9.61.0.0", "9")
    assert detail.infrastructure_vm_id == "0580D3FC"
    assert detail.log_storage_account_id is not None
    assert detail.ip_address == "10.10.1.11"
    assert (detail.discovery_type, detail.change_rate_mb) == ("vCenter", 1119)
    assert (detail.firmware_type, detail.mac_addresses) == ("UEFI", ("0050569a0f1c",))


def test_an_item_on_its_way_back(as_sent):
    sent = as_sent(bodies.reprotected(), "ReplicationProtectedItem")
    found, detail = listed_item(sent), item_detail(sent, NOW)
    assert (found.instance_type, found.active_site) == (InstanceType.TO_ON_PREMISES, ActiveSite.AZURE)
    assert found.current_scenario == CurrentScenario("IrCompletion", "1b6d")
    # The service's value is there that of the failback's own failover.
    assert found.last_failover_time is None
    assert found.target_vm_id is None
    assert (found.rpo_seconds, found.last_heartbeat) == (None, None)
    assert detail.disks == (ItemDisk("{A8A3}", "C:", 85899345920, 41, "NotRequired", None),)
    assert detail.consistency_points == (
        ("tag1", datetime(2026, 11, 24, 6, 30, tzinfo=UTC)),
        ("Tag2", datetime(2026, 11, 24, 7, 30, tzinfo=UTC)),
    )
    assert (detail.os_type, detail.datastores, detail.agent_version) == ("Windows", (), "9.61.0.0")


def test_list_and_get_agree_on_what_both_tell():
    for body in (bodies.failed_over(), bodies.reprotected()):
        assert listed_item(bodies.listed(body)) == listed_item(body)


def test_disks_of_managed_disks_where_there_are_no_others():
    body = bodies.failed_over()
    details = body["properties"]["providerSpecificDetails"]
    details["protectedManagedDisks"], details["protectedDisks"] = [{"diskId": "m-1", "diskName": None}], None
    assert [disk.id for disk in item_detail(body, NOW).disks] == ["m-1"]


@pytest.mark.parametrize("kind", ["A2A", "", None, "InMageRcm2"])
def test_an_unknown_instance_type_is_other(kind, as_sent):
    body = bodies.failed_over()
    body["properties"]["providerSpecificDetails"] = {"instanceType": kind, "targetVmId": f"{bodies.VM}"}
    assert listed_item(as_sent(body, "ReplicationProtectedItem")).instance_type is InstanceType.OTHER


def test_before_failover_there_is_no_azure_machine():
    body = bodies.failed_over()
    body["properties"]["providerSpecificDetails"]["targetVmId"] = bodies.VM.removesuffix("db-1")
    body["properties"]["lastSuccessfulFailoverTime"] = bodies.NEVER
    found = listed_item(body)
    assert (found.target_vm_id, found.last_failover_time) == (None, None)


def test_case_that_drifts_is_read_all_the_same():
    body = bodies.reprotected()
    details = body["properties"]["providerSpecificDetails"]
    details["instancetype"], details["ActiveSiteType"] = details.pop("instanceType").lower(), "onPrem"
    del details["activeSiteType"]
    body["properties"]["AllowedOperations"] = body["properties"].pop("allowedOperations")
    found = listed_item(body)
    assert (found.instance_type, found.active_site) == (InstanceType.TO_ON_PREMISES, ActiveSite.ON_PREMISES)
    assert found.allowed_operations == {"DisableProtection"}


@pytest.mark.parametrize("scenario", [None, {}, bodies.IDLE, {"scenarioName": None, "jobId": None}])
def test_an_idle_item_has_no_scenario(scenario):
    body = bodies.failed_over()
    body["properties"]["currentScenario"] = scenario
    assert listed_item(body).current_scenario is None


def test_a_resource_without_id_is_malformed():
    for read in (
        listed_item,
        convert.fabric,
        convert.provider,
        convert.vcenter,
        convert.policy,
        convert.mapping,
        convert.azure_vm,
        convert.nic,
        convert.lock,
        job,
    ):
        with pytest.raises(MalformedError, match="id"):
            read({"name": "x", "properties": None})


@pytest.mark.parametrize("details", [None, {}, {"instanceType": None, "processServers": []}])
def test_a_fabric_without_details_is_malformed(details):
    """Else it would look as if it had no servers."""
    body = bodies.fabric()
    body["properties"]["customDetails"] = details
    with pytest.raises(MalformedError, match=r"customDetails\.instanceType"):
        convert.fabric(body)


def test_a_job_with_its_errors_and_children(as_sent):
    found = job(as_sent(bodies.job(), "Job"))
    assert (found.name, found.scenario, found.state) == ("5c23534f", "SwitchReplicationGroupProtection", JobState.FAILED)
    assert found.child_jobs == ("enable-1",)
    assert found.errors == (
        JobError("95226", "not reachable", None, None),
        JobError("78093", "VM is not running", "off", "start it"),
    )
    assert (found.target_object_id, found.target_object_name) == ("42ef5978", "db-1")
    assert found.is_over
    assert not found.is_success


def test_a_parent_tells_its_childrens_errors_after_its_own():
    child = bodies.job()
    child["properties"]["errors"] = [{"serviceErrorDetails": {"code": "28031", "message": "quota"}}]
    child["properties"]["tasks"] = []
    told = with_children(job(bodies.job()), [job(child), job(child)])
    assert [error.code for error in told.errors] == ["95226", "78093", "28031"]


@pytest.mark.parametrize(
    ("state", "description", "success"),
    [
        ("Succeeded", "Completed", True),
        ("Succeeded", "PartiallySucceeded", False),
        ("Cancelled", None, False),
        ("Paused", None, False),
    ],
)
def test_success_of_a_job(state, description, success):
    body = bodies.job()
    body["properties"] |= {"state": state, "stateDescription": description}
    assert job(body).is_success is success


def test_an_unknown_state_is_no_end():
    body = bodies.job()
    body["properties"]["state"] = "Paused"
    assert job(body).state is JobState.OTHER
    assert not job(body).is_over


def test_a_fabric(as_sent):
    found = convert.fabric(as_sent(bodies.fabric(), "Fabric"))
    assert (found.friendly_name, found.health) == ("cs-1", "Normal")
    assert found.configuration_server is not None
    assert found.configuration_server.last_heartbeat == datetime(2026, 11, 24, 7, 59, tzinfo=UTC)
    assert [(server.id, server.machine_count) for server in found.process_servers] == [("PS-1", 8)]
    target = found.master_targets[0]
    assert (target.disk_count, target.last_heartbeat) == (3, None)
    assert target.retention_volumes == (RetentionVolume("R", 644245094400, 622770257920),)
    assert target.datastores == (ListedDatastore("vmfs-1", "u", "VMFS"),)
    assert found.master_targets[1].datastores == ()
    assert found.run_as_accounts == (RunAsAccount("1", "vmadmin"),)


def test_versions_and_their_end_are_read_of_every_server(as_sent):
    body = bodies.fabric()
    details = body["properties"]["customDetails"]
    server, target = details["processServers"][0], details["masterTargetServers"][0]
    details |= {"sslCertExpiryDate": "2027-03-01T00:00:00Z", "agentExpiryDate": "2027-01-31T00:00:00Z"}
    server |= {"sslCertExpiryDate": "2027-03-02T00:00:00Z", "agentExpiryDate": bodies.FOREVER}
    target["agentVersionDetails"] = {"version": "9.61.0.0", "expiryDate": "2027-02-28T00:00:00Z", "status": "UpdateRequired"}
    found = convert.fabric(as_sent(body, "Fabric"))
    own, process_server, target = found.configuration_server, found.process_servers[0], found.master_targets[0]
    assert (own.agent_expires, own.certificate_expires) == (datetime(2027, 1, 31, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC))
    assert (process_server.agent_expires, process_server.certificate_expires) == (None, datetime(2027, 3, 2, tzinfo=UTC))
    assert (target.version_status, target.agent_expires) == ("UpdateRequired", datetime(2027, 2, 28, tzinfo=UTC))


def test_a_fabric_of_another_kind_has_no_configuration_server(as_sent):
    body = bodies.fabric()
    body["properties"]["customDetails"] = {"instanceType": "HyperVSite"}
    found = convert.fabric(as_sent(body, "Fabric"))
    assert (found.configuration_server, found.process_servers, found.master_targets) == (None, (), ())


def test_policies_and_mappings(as_sent):
    policy = convert.policy(
        as_sent(
            {
                "id": f"{bodies.VAULT}/replicationPolicies/p",
                "name": "p",
                "properties": {
                    "friendlyName": "policy-24h-failback",
                    "providerSpecificDetails": {
                        "instanceType": "InMage",
                        "recoveryPointThresholdInMinutes": 15,
                        "recoveryPointHistory": 1440,
                        "appConsistentFrequencyInMinutes": 60,
                        "multiVmSyncStatus": "Enabled",
                    },
                },
            },
            "Policy",
        )
    )
    assert (policy.name, policy.instance_type) == ("policy-24h-failback", "InMage")
    assert (policy.rpo_threshold_minutes, policy.retention_minutes, policy.app_consistent_minutes) == (15, 1440, 60)
    mapping = convert.mapping(
        as_sent(
            {
                "id": f"{bodies.CONTAINER}/replicationProtectionContainerMappings/m",
                "properties": {
                    "targetProtectionContainerId": bodies.CONTAINER,
                    "policyId": f"{bodies.VAULT}/replicationPolicies/p",
                    "state": "Paired",
                    "health": "Normal",
                },
            },
            "ProtectionContainerMapping",
        )
    )
    assert mapping.container_id == bodies.CONTAINER
    assert mapping.target_container_id == bodies.CONTAINER
    assert (mapping.policy_id, mapping.state) == (ArmId(f"{bodies.VAULT}/replicationPolicies/p"), "Paired")


def test_provider_and_vcenter():
    provider = convert.provider(
        {"id": "/x", "properties": {"connectionStatus": "Connected", "lastHeartBeat": "2026-11-24T07:59:00Z"}}
    )
    assert (provider.connection_status, provider.last_heartbeat) == ("Connected", datetime(2026, 11, 24, 7, 59, tzinfo=UTC))
    vcenter = convert.vcenter(
        {
            "id": "/x",
            "name": "n",
            "properties": {
                "ipAddress": "vc",
                "discoveryStatus": "Completed",
                "infrastructureId": "9",
                "lastHeartbeat": None,
                "runAsAccountId": "1",
                "healthErrors": [{"errorCode": "95000", "errorLevel": "Error", "errorMessage": "log-in failed"}],
            },
        }
    )
    assert (vcenter.name, vcenter.infrastructure_id, vcenter.last_heartbeat) == ("n", "9", None)
    assert (vcenter.run_as_account_id, [each.code for each in vcenter.health_errors]) == ("1", ["95000"])


def test_an_azure_machine():
    vm = {
        "id": bodies.VM,
        "properties": {
            "provisioningState": "Succeeded",
            "storageProfile": {"dataDisks": [{}, {}]},
            "networkProfile": {"networkInterfaces": [{"id": "/nic"}, {"id": None}]},
            "instanceView": {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/deallocated"}]},
        },
    }
    found = convert.azure_vm(vm)
    assert (found.power_state, found.data_disk_count, found.nic_ids) == ("deallocated", 2, (ArmId("/nic"),))
    assert convert.azure_vm({"id": bodies.VM}).power_state is None


def test_the_disks_of_an_azure_machine_come_system_disk_first():
    profile = {
        "osDisk": {"name": "os", "diskSizeGB": 80, "managedDisk": {"id": "/os"}},
        "dataDisks": [{"lun": 1, "name": "b", "diskSizeGB": None}, {"lun": 0, "name": "a", "diskSizeGB": 20}],
    }
    found = convert.azure_vm({"id": bodies.VM, "properties": {"storageProfile": profile}}).disks
    assert found == (
        AzureDisk("os", 80 * 1024**3, ArmId("/os"), is_system=True),
        AzureDisk("a", 20 * 1024**3),
        AzureDisk("b", None),
    )


def test_an_interface_with_its_network():
    subnet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/Subnets/n"
    configuration = {"properties": {"privateIPAddress": "10.50.1.11", "subnet": {"id": subnet}}}
    properties = {"virtualMachine": {"id": "/vm"}, "ipConfigurations": [configuration, {"properties": {}}]}
    found = convert.nic({"id": "/nic", "properties": properties})
    assert (found.arm_id, found.vm_id, found.addresses) == ("/nic", "/vm", ("10.50.1.11",))
    assert found.network_ids == {ArmId(subnet.lower().removesuffix("/subnets/n"))}
    assert convert.nic({"id": "/nic"}).vm_id is None


def test_a_network_with_the_ranges_of_its_subnets():
    """A subnet of one range has addressPrefix, one of several addressPrefixes."""
    found = convert.network(
        {
            "id": "/vnet",
            "properties": {
                "subnets": [
                    {"id": "/vnet/subnets/a", "properties": {"addressPrefix": "10.50.1.0/24"}},
                    {"id": "/vnet/subnets/b", "properties": {"addressPrefixes": ["10.50.2.0/24", "10.50.3.0/24"]}},
                    {"id": "/vnet/subnets/c"},
                ]
            },
        }
    )
    assert found.arm_id == "/vnet"
    assert [(each.arm_id.resource_name, each.prefixes) for each in found.subnets] == [
        ("a", ("10.50.1.0/24",)),
        ("b", ("10.50.2.0/24", "10.50.3.0/24")),
        ("c", ()),
    ]


def test_where_a_machine_is_to_be_in_azure(as_sent):
    body = bodies.failed_over()
    configuration = {"recoverySubnetName": "machines", "recoveryStaticIPAddress": "10.50.1.11"}
    nics = [
        {"recoveryVMNetworkId": "/vnet", "ipConfigs": [configuration, configuration, {"recoverySubnetName": None}]},
        {"recoveryVMNetworkId": None, "ipConfigs": [configuration]},
    ]
    body["properties"]["providerSpecificDetails"]["vmNics"] = nics
    assert item_detail(as_sent(body, "ReplicationProtectedItem"), NOW).recovery_subnet_ids == ("/vnet/subnets/machines",)


@pytest.mark.parametrize(
    ("scope", "is_locked"),
    [
        ("/subscriptions/s", True),
        ("/subscriptions/S/resourcegroups/G", True),
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-1", True),
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-10", False),
        ("/subscriptions/s/resourceGroups/other", False),
    ],
)
def test_a_lock_covers_what_lies_below_its_scope(scope, is_locked):
    found = convert.lock({"id": f"{scope}/providers/Microsoft.Authorization/locks/keep", "properties": {"level": "ReadOnly"}})
    machine = ArmId("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-1")
    assert (found.scope, found.level, found.covers(machine)) == (scope, "ReadOnly", is_locked)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (bodies.NEVER, None),
        (bodies.FOREVER, None),
        ("1601-01-01T00:00:00Z", None),
        ("1753-01-01T01:01:01Z", None),
        ("2026-11-24T08:00:00", NOW),
        ("2026-11-24T08:00:00.0000000Z", NOW),
        ("2026-11-24T17:00:00+09:00", NOW),
        ("24/11/2026 08:00", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_moments(text, moment):
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (3.0, 3),
        ("12", 12),
        ("0%", 0),
        ("439.5", 439),
        ("-1", -1),
        ("", None),
        ("many", None),
        (None, None),
        (True, None),
        ([1], None),
    ],
)
def test_numbers(value, number):
    assert Record({"N": value}).integer("n") == number


def test_records_of_anything_are_harmless():
    record = Record({"a": None, "b": "text", "c": [1, {"d": 2}], "e": {"f": "g"}, "h": True})
    assert (record.text("a"), record.text("h"), record.text("e")) == (None, None, None)
    assert record.records("b") == ()
    assert [each.integer("d") for each in record.records("c")] == [2]
    assert record.record("e").text("F") == "g"
    assert record.texts("c") == ()
    assert Record(None).text("x") is None


def test_segments():
    assert last_segment("/a/b/") == "b"
    assert last_segment(None) is None
    assert parent(bodies.ITEM) == bodies.CONTAINER
    assert parent(bodies.ITEM, 2) == bodies.FABRIC
