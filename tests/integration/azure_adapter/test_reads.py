"""The whole vault of the demo's site, read through the SDKs over TLS."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from tests.integration.azure_adapter.sites import Site, endpoint_of, last, read_item, read_job, requests, site_of

from failback_lab.azure.client import AzureLab
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import JobState
from failback_operator.domain.protected_item import InstanceType
from failback_operator.observe.azure import ReaderSettings

MACHINES = {"crm-1", "files-1", "mail-relay-1", "payroll-app-1", "payroll-db-1", "payroll-web-1", "shop-db-1", "shop-web-1"}


async def test_everything_of_the_demo(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    assert {item.friendly_name for item in facts.items} == MACHINES
    assert [item.friendly_name for item in facts.items] == sorted(MACHINES)
    assert {item.instance_type for item in facts.items} == {InstanceType.TO_AZURE}
    assert all("SwitchProtection" in item.allowed_operations for item in facts.items)
    assert all(item.current_scenario is None for item in facts.items)
    details = [item.detail for item in facts.items]
    assert sum(len(detail.disks) for detail in details if detail) == 22
    assert all(detail.master_target_id and detail.os_type for detail in details if detail)
    assert {server.name for server in facts.fabric.master_targets} == {"cs-1", "mt-win-1", "mt-lin-1"}
    assert {server.name for server in facts.fabric.process_servers} == {"cs-1", "ps-azure-1", "ps-onprem-1"}
    assert facts.fabric.configuration_server is not None
    assert facts.fabric.configuration_server.ip_address == "10.10.0.10"
    assert [each.name for each in facts.fabric.run_as_accounts] == ["vmadmin-windows", "vmadmin-linux"]
    assert {(policy.name, policy.instance_type) for policy in facts.policies} == {
        ("policy-24h", "InMageAzureV2"),
        ("policy-24h-failback", "InMage"),
    }
    assert {str(m.target_container_id) == str(m.container_id) for m in facts.mappings} == {True, False}
    assert [provider.connection_status for provider in facts.providers] == ["Connected"]
    assert len(facts.vcenters) == 1
    assert len(facts.jobs) == 16
    assert all(job.is_success for job in facts.jobs)
    assert list(facts.jobs) == sorted(facts.jobs, key=lambda job: (job.started_at, job.name), reverse=True)
    assert {vm.power_state for vm in facts.azure_vms} == {"running"}
    assert {vm.arm_id for vm in facts.azure_vms} == {item.target_vm_id for item in facts.items}
    assert all(vm.nic_ids for vm in facts.azure_vms)
    assert not facts.missing_vms


async def test_lists_are_read_page_by_page(site: Site, lab: AzureLab):
    since = last(lab)
    await site.reader.read_all(None, frozenset())
    # Pages hold five: eight items and sixteen jobs.
    pages = [entry for entry in requests(lab, since, "/replicationProtectedItems") if "/replicationFabrics/" not in entry["path"]]
    assert len(pages) == 2
    assert len(requests(lab, since, "/replicationJobs")) == 4


async def test_jobs_are_asked_for_by_a_window(site: Site, lab: AzureLab):
    since = last(lab)
    facts = await site.reader.read_all(None, frozenset())
    assert "StartTime" in requests(lab, since, "/replicationJobs")[0]["query"]
    since = last(lab)
    again = await site.reader.read_all(facts, frozenset())
    assert again.jobs == facts.jobs
    # The failovers were hours ago and are known: they are not listed again.
    (page,) = requests(lab, since, "/replicationJobs")
    assert f"{facts.jobs_listed_at - ReaderSettings().job_overlap:%Y-%m-%dT%H:%M:%SZ}" in unquote(page["query"])


@pytest.mark.parametrize("name", ["cs-1", "CS-1"])
async def test_the_fabric_goes_by_friendly_name_in_any_case(lab: AzureLab, name: str):
    async with site_of(endpoint_of(lab, fabric=name)) as site:
        assert (await site.reader.read_all(None, frozenset())).fabric.friendly_name == "cs-1"


async def test_the_fabric_goes_by_name_too(lab: AzureLab, site: Site):
    name = (await site.reader.read_all(None, frozenset())).fabric.arm_id.resource_name
    async with site_of(endpoint_of(lab, fabric=name.upper())) as other:
        assert (await other.reader.read_all(None, frozenset())).fabric.friendly_name == "cs-1"


async def test_at_rest_details_are_not_got_again(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    since = last(lab)
    again = await site.reader.read_all(facts, frozenset())
    assert not requests(lab, since, "/replicationProtectedItems/")
    assert [item.detail for item in again.items] == [item.detail for item in facts.items]


async def test_an_item_that_list_shows_changed_is_got_again(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    lab.set("item", "crm-1", "properties.protectionStateDescription", "Something new")
    since = last(lab)
    again = await site.reader.read_all(facts, frozenset())
    got = requests(lab, since, "/replicationProtectedItems/")
    assert len(got) == 1
    changed = next(item for item in again.items if item.friendly_name == "crm-1")
    assert changed.detail is not None
    assert got[0]["path"].endswith(changed.arm_id.resource_name)


async def test_what_moves_at_rest_is_no_change(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    lab.set("item", "crm-1", "properties.providerSpecificDetails.rpoInSeconds", 999)
    since = last(lab)
    await site.reader.read_all(facts, frozenset())
    assert not requests(lab, since, "/replicationProtectedItems/")


async def test_old_details_are_got_again_each_at_its_own_age(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    got = []
    for hours in (1.4, 2.2, 3.1):
        site.clock.ahead = timedelta(hours=hours)
        since = last(lab)
        facts = await site.reader.read_all(facts, frozenset())
        got.append(len(requests(lab, since, "/replicationProtectedItems/")))
    assert got[0] == 0
    assert 0 < got[1] < 8
    assert sum(got) >= 8


async def test_so_many_details_a_read_and_those_in_motion_besides(lab: AzureLab):
    async with site_of(endpoint_of(lab), ReaderSettings(details_per_read=3)) as site:
        facts = await site.reader.read_all(None, frozenset())
        assert sum(item.detail is not None for item in facts.items) == 3
        moving = frozenset(item.arm_id for item in facts.items if item.detail is not None)
        since = last(lab)
        facts = await site.reader.read_all(facts, moving)
        assert sum(item.detail is not None for item in facts.items) == 6
        assert len(requests(lab, since, "/replicationProtectedItems/")) == 6


async def test_half_a_list_is_not_taken_for_less(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    for path in ("vault-tokyo/replicationProtectedItems", "replicationPolicies", "ContainerMappings", "replicationvCenters"):
        lab.fault(kind="half_list", path=path)
    again = await site.reader.read_all(facts, frozenset())
    assert {item.friendly_name for item in again.items} == MACHINES
    assert (again.policies, again.mappings) == (facts.policies, facts.mappings)
    assert [each.arm_id for each in again.vcenters] == [each.arm_id for each in facts.vcenters]


async def test_what_is_gone_by_name_is_gone(own_site: Site, own_lab: AzureLab):
    facts = await own_site.reader.read_all(None, frozenset())
    own_lab.set("mapping", "policy-24h-failback-mapping", "exists", False)
    own_lab.set("vm", "crm-1-az", "exists", False)
    again = await own_site.reader.read_all(facts, frozenset())
    assert len(again.mappings) == 1
    assert [each.resource_name for each in again.missing_vms] == ["crm-1-az"]
    assert len(again.azure_vms) == 7


async def test_many_machines_are_read_by_the_list_with_status(own_lab: AzureLab):
    async with site_of(endpoint_of(own_lab), ReaderSettings(vm_gets=2)) as site:
        facts = await site.reader.read_all(None, frozenset())
        own_lab.set("vm", "crm-1-az", "power", "deallocated")
        own_lab.set("vm", "files-1-az", "exists", False)
        since = last(own_lab)
        again = await site.reader.read_all(facts, frozenset())
        powers = {vm.arm_id.resource_name: vm.power_state for vm in again.azure_vms}
        assert powers["crm-1-az"] == "deallocated"
        assert again.azure_vm(facts.items[0].target_vm_id).nic_ids == facts.azure_vm(facts.items[0].target_vm_id).nic_ids
        assert [each.resource_name for each in again.missing_vms] == ["files-1-az"]
        single = requests(own_lab, since, "/virtualMachines/")
        assert [entry["path"].rsplit("/", 1)[1] for entry in single] == ["files-1-az"]
        # That it is gone was proved; the list tells when it is back, and the proof is renewed now and then.
        since = last(own_lab)
        later = await site.reader.read_all(again, frozenset())
        assert later.missing_vms == again.missing_vms
        assert not requests(own_lab, since, "/virtualMachines/")


async def test_many_machines_are_not_got_one_by_one_at_first(lab: AzureLab):
    async with site_of(endpoint_of(lab), ReaderSettings(vm_gets=2)) as site:
        since = last(lab)
        facts = await site.reader.read_all(None, frozenset())
        assert not requests(lab, since, "/virtualMachines/")
        alone = await site.reader.read_parts([], [], [vm.arm_id for vm in facts.azure_vms])
        assert {vm.arm_id: vm for vm in alone.vms} == {vm.arm_id: vm for vm in facts.azure_vms}


async def test_single_items_and_jobs(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    item = await read_item(site, facts.items[0].arm_id)
    assert item.detail is not None
    assert item.detail.as_of >= facts.items[0].detail.as_of
    (job,) = await read_job(site, facts.jobs[0].name)
    assert (job.name, job.state) == (facts.jobs[0].name, JobState.SUCCEEDED)
    assert await read_job(site, "00000000-0000-0000-0000-000000000000") == ()


async def test_a_followed_job_that_a_list_shows_as_over_is_got_once(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    name = facts.jobs[0].name
    assert not any(job.is_whole for job in facts.jobs)
    since = last(lab)
    again = await site.reader.read_all(facts, frozenset(), frozenset(), frozenset({name}))
    assert [job.name for job in again.jobs if job.is_known_to_end] == [name]
    third = await site.reader.read_all(again, frozenset(), frozenset(), frozenset({name}))
    assert [job.name for job in third.jobs if job.is_known_to_end] == [name]
    assert len(requests(lab, since, f"/replicationJobs/{name}")) == 1


async def test_what_is_proved_gone_is_what_was_asked_for_by_name(site: Site, lab: AzureLab):
    facts = await site.reader.read_all(None, frozenset())
    assert (facts.missing_items, facts.missing_jobs) == (frozenset(), ())
    item, no_job = facts.items[0].arm_id, "00000000-0000-0000-0000-000000000000"
    gone = ArmId(item.replace(item.resource_name, "gone"))
    elsewhere = ArmId(gone.replace(facts.fabric.arm_id.resource_name, "another-fabric"))
    motion, jobs = frozenset({item, gone, elsewhere}), frozenset({facts.jobs[0].name, no_job})
    asked = site.clock.now()
    first = await site.reader.read_all(facts, motion, frozenset(), jobs)
    assert first.missing_items == {gone}
    ((name, since),) = [(each.name, each.since) for each in first.missing_jobs]
    assert name == no_job
    assert since >= asked
    # Seen missing again: since then, not since now. No longer asked about: no longer missing.
    again = await site.reader.read_all(first, motion, frozenset(), jobs)
    assert again.missing_jobs == first.missing_jobs
    assert (await site.reader.read_all(again, frozenset())).missing_jobs == ()


async def test_each_call_is_counted_log_ins_too(site: Site, lab: AzureLab):
    since = last(lab)
    await site.reader.read_all(None, frozenset())
    assert len(site.calls) == len(lab.log(since))
    assert {call.service for call in site.calls} == {"Entra", "SiteRecovery", "Compute", "ResourceManager"}
    assert {call.status for call in site.calls} == {200}
