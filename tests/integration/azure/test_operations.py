"""Long-running operations on the wire, jobs with their tasks, children, errors and outcomes, events and filters."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.recoveryservicessiterecovery import models
from tests.contract.sdk_models import undeclared
from tests.integration.azure.clients import Vault, codes, wait


def test_accepted_operation_has_empty_body_and_the_recorded_headers(slow_vault: Vault) -> None:
    """Source: facts, section 1, LRO on the wire."""
    answer = slow_vault.post("crm-1", "reProtect", slow_vault.to_site())
    assert (answer.status, answer.body) == (202, None)
    job_id = answer.headers["x-ms-request-id"]
    job = job_id.rsplit("/", 1)[-1]
    assert job_id == f"{slow_vault.path}/replicationJobs/{job}".replace("/subscriptions/", "/Subscriptions/")
    operation = answer.headers["Azure-AsyncOperation"]
    assert operation.split("?")[0].endswith(f"/replicationOperationStatus/{job}")
    assert answer.headers["Location"].split("?")[0].endswith(f"{slow_vault.ids['crm-1']}/operationresults/{job}")
    assert int(answer.headers["Retry-After"]) >= 1
    assert slow_vault.job(job).name == job


def test_operation_urls_have_a_regional_host_and_an_older_version(own_vault: Vault) -> None:
    """Source: facts, section 1: the header's host may be regional, its api-version older than yours."""
    operation = own_vault.post("crm-1", "reProtect", own_vault.to_site()).headers["Azure-AsyncOperation"]
    assert operation.startswith(f"https://127.0.0.1:{own_vault.azure.port}/Subscriptions/")
    assert operation.endswith("?api-version=2021-06-01")


def test_header_that_names_the_job_comes_twice(own_vault: Vault) -> None:
    """Source: recorded traffic of reprotect and failover: x-ms-request-id stands twice in a 202."""
    seen: list[str] = []
    own_vault.sdk.replication_protected_items.begin_reprotect(
        *own_vault.place("crm-1"),
        own_vault.to_site(),
        polling=False,
        raw_response_hook=lambda r: seen.append(r.http_response.headers["x-ms-request-id"]),
    )
    first, second = seen[0].split(", ")
    assert first == second
    assert "/replicationJobs/" in first


def test_status_and_results_follow_the_job(slow_vault: Vault) -> None:
    """Source: facts, section 1, LRO on the wire: status document; operationresults answers the item at the end."""
    headers = slow_vault.post("crm-1", "reProtect", slow_vault.to_site()).headers
    status = slow_vault.raw("GET", headers["Azure-AsyncOperation"]).body
    running = {"error": None, "id": None, "properties": None, "status": "InProgress", "endTime": None, "percentComplete": None}
    assert {k: status[k] for k in running} == running
    early = slow_vault.raw("GET", headers["Location"])
    assert (early.status, early.body) == (202, None)
    done = wait(lambda: slow_vault.raw("GET", headers["Azure-AsyncOperation"]).body, lambda b: b["status"] != "InProgress")
    assert (done["status"], done["name"]) == ("Succeeded", headers["x-ms-request-id"].rsplit("/", 1)[-1])
    assert slow_vault.raw("GET", headers["Location"]).body["properties"]["friendlyName"] == "crm-1"


def test_the_operation_ends_before_the_copying_does(own_vault: Vault) -> None:
    """Source: facts, section 0.4: the operation ends when protection is enabled; data sync goes on."""
    poller = own_vault.sdk.replication_protected_items.begin_reprotect(*own_vault.place("crm-1"), own_vault.to_site())
    assert poller.result().properties.provider_specific_details.instance_type == "InMage"
    own_vault.wait_state("crm-1")
    jobs = {j.properties.scenario_name: j.properties for j in own_vault.jobs("TargetObjectName eq 'crm-1'")}
    assert jobs["SwitchReplicationGroupProtection"].end_time < jobs["IrCompletion"].start_time


def test_failed_operation_raises_in_the_poller(own_vault: Vault) -> None:
    """Source: facts, section 1: status Failed with an error."""
    own_vault.azure.set("connection", "cn-tokyo", "status", "NotConnected")
    poller = own_vault.sdk.replication_protected_items.begin_reprotect(*own_vault.place("crm-1"), own_vault.to_site())
    with pytest.raises(HttpResponseError):
        poller.result()


def test_reprotect_job_has_the_recorded_tasks_a_skipped_one_and_a_child_job(own_vault: Vault) -> None:
    """Source: facts, section 2, S4; section 1, Job: a skipped task is state Other with times of year 1."""
    job = own_vault.run("crm-1", "reProtect", own_vault.to_site())
    assert (job.properties.scenario_name, job.properties.friendly_name) == ("SwitchReplicationGroupProtection", "Reprotect")
    assert [t.name for t in job.properties.tasks] == [
        "SwitchReplicationGroupProtectionPreflightTask",
        "VmCommitFailover",
        "DiscoverReplicaTask",
        "GetSwitchProtectionRequirementsTask",
        "ProtectReplicaTask",
    ]
    skipped = job.properties.tasks[1]
    assert (skipped.state, skipped.state_description, skipped.start_time.year) == ("Other", "Skipped", 1)
    group = job.properties.tasks[-1]
    assert group.friendly_name == "Reprotecting virtual machine (1)"
    child = group.group_task_custom_details.child_tasks[0].custom_details.job_task
    assert own_vault.job(child.job_id.rsplit("/", 1)[-1]).properties.scenario_name == "EnableDr"
    assert job.properties.custom_details.new_replication_protected_item_id == own_vault.item("crm-1").id


def test_running_job_has_no_end_and_may_be_cancelled(slow_vault: Vault) -> None:
    """Source: recorded traffic: no endTime, newReplicationProtectedItemId null, allowedActions Cancel."""
    answer = slow_vault.post("crm-1", "reProtect", slow_vault.to_site())
    body = slow_vault.raw("GET", answer.headers["x-ms-request-id"]).body["properties"]
    assert (body["state"], body["allowedActions"]) == ("InProgress", ["Cancel"])
    assert "endTime" not in body
    assert body["customDetails"]["newReplicationProtectedItemId"] is None


def test_failure_is_explained_by_the_child_job(own_vault: Vault) -> None:
    """Source: facts, section 1, Job: follow the child job for the real error; code, causes, recommended action."""
    own_vault.azure.set("vm", "crm-1-az", "power", "deallocated")
    job = own_vault.run("crm-1", "reProtect", own_vault.to_site())
    assert job.properties.state == "Failed"
    assert codes(job) == ["LAB-UNKNOWN-16"]
    child = job.properties.tasks[-1].group_task_custom_details.child_tasks[0].custom_details.job_task
    error = own_vault.job(child.job_id.rsplit("/", 1)[-1]).properties.errors[0]
    assert error.provider_error_details.error_code == 78093
    assert error.service_error_details.possible_causes
    assert error.service_error_details.recommended_action
    assert own_vault.item("crm-1").properties.allowed_operations[-1] == "SwitchProtection"


def test_wanted_outcome_ends_the_next_job_that_fits(own_vault: Vault) -> None:
    """Source: the lab's README, Control (outcome)."""
    own_vault.azure.outcome(
        "SwitchReplicationGroupProtection", "Failed", item="crm-1", task="DiscoverReplicaTask", code="95226", message="No path."
    )
    assert own_vault.run("files-1", "reProtect", own_vault.to_site()).properties.state == "Succeeded"
    job = own_vault.run("crm-1", "reProtect", own_vault.to_site())
    assert (job.properties.state, codes(job)) == ("Failed", ["95226"])
    assert job.properties.errors[0].task_id == "DiscoverReplicaTask"
    assert job.properties.tasks[2].errors
    assert own_vault.run("crm-1", "reProtect", own_vault.to_site()).properties.state == "Succeeded"


def test_partial_success_looks_like_success_but_for_its_description(own_vault: Vault) -> None:
    """Source: facts, section 1, Job; section 9: a lock makes the deletion of the Azure VM fail."""
    own_vault.reprotected("crm-1")
    own_vault.run("crm-1", "unplannedFailover", own_vault.failover("InMage", recoveryPointType="LatestTime"))
    own_vault.azure.set("vm", "crm-1-az", "locked", value=True)
    job = own_vault.run("crm-1", "failoverCommit")
    assert (job.properties.state, job.properties.state_description) == ("Succeeded", "PartiallySucceeded")
    assert codes(job) == ["LAB-UNKNOWN-17"]
    assert "crm-1-az" in own_vault.azure.state()["vms"]


def test_jobs_are_filtered(own_vault: Vault) -> None:
    """Source: facts, section 1, jobs ($filter)."""
    own_vault.run("crm-1", "reProtect", own_vault.to_site())
    since = (datetime.now(UTC) - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    recent = own_vault.jobs(f"StartTime eq '{since}' and JobStatus eq 'Succeeded'")
    assert "SwitchReplicationGroupProtection" in {j.properties.scenario_name for j in recent}
    assert len(own_vault.jobs("TargetObjectName eq 'files-1'")) == 2
    assert len(own_vault.jobs()) > 16
    with pytest.raises(HttpResponseError, match="not understood"):
        own_vault.jobs("Colour eq 'red'")


def test_end_of_a_job_is_an_event(own_vault: Vault) -> None:
    """Source: facts, section 1, events ($filter)."""
    own_vault.run("crm-1", "reProtect", own_vault.to_site())
    found = list(own_vault.sdk.replication_events.list(own_vault.group, own_vault.name))
    assert found[0].properties.event_specific_details.job_status == "Succeeded"
    one = own_vault.sdk.replication_events.get(own_vault.group, own_vault.name, found[0].name)
    assert one.properties.affected_object_friendly_name == "crm-1"
    assert not list(own_vault.sdk.replication_events.list(own_vault.group, own_vault.name, filter="Severity eq 'Critical'"))


def test_jobs_cannot_be_cancelled_in_the_lab(slow_vault: Vault) -> None:
    """Source: facts, section 2, S6: classic failback cannot be cancelled; for other jobs the lab says that it does not."""
    answer = slow_vault.post("crm-1", "reProtect", slow_vault.to_site())
    refused = slow_vault.raw("POST", f"{answer.headers['x-ms-request-id']}/cancel")
    assert (refused.status, refused.body["error"]["code"]) == (400, "LAB-NOT-SIMULATED")


def test_members_of_jobs_and_events_are_known_to_the_models(own_vault: Vault) -> None:
    """Source: docs/lab.md, contract check."""
    own_vault.azure.set("vm", "files-1-az", "power", "deallocated")
    own_vault.run("files-1", "reProtect", own_vault.to_site())
    own_vault.reprotected("crm-1")
    for path, model in {"replicationJobs": models.Job, "replicationEvents": models.Event}.items():
        for body in own_vault.raw("GET", f"{own_vault.path}/{path}").body["value"]:
            assert undeclared(model, body) == set()
