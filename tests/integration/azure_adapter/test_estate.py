"""What stands around the Azure machines, read through Resource Manager's own client."""

from dataclasses import replace
from datetime import timedelta

from tests.integration.azure_adapter.sites import Site, endpoint_of, last, requests, site_of

from failback_lab.azure.client import AzureLab
from failback_operator.domain.ids import ArmId
from failback_operator.domain.reading import SourceProblem
from failback_operator.domain.vault import VaultFacts
from failback_operator.observe.azure import ReaderSettings

NICS, LOCKS = "Microsoft.Network/networkInterfaces", "Microsoft.Authorization/locks"


async def everything(site: Site, previous: VaultFacts | None = None) -> VaultFacts:
    return await site.reader.read_all(previous, frozenset())


async def test_interfaces_and_disks_of_the_machines(site: Site):
    facts = await everything(site)
    nics = {nic.arm_id: nic for nic in facts.estate.nics.facts or ()}
    assert len(nics) == 9
    for vm in facts.azure_vms:
        (nic,) = (nics[each] for each in vm.nic_ids)
        assert nic.vm_id == vm.arm_id
        assert {network.resource_name for network in nic.network_ids} == {"vnet-dr"}
        assert len(vm.disks) == 1 + vm.data_disk_count
        assert all(disk.size_bytes and disk.arm_id for disk in vm.disks)
    (network,) = facts.estate.networks.facts or ()
    prefixes = {subnet.arm_id: subnet.prefixes for subnet in network.subnets}
    assert all(prefixes[subnet] for nic in nics.values() for subnet in nic.subnet_ids)
    assert {("10.50.1.0/24",), ("10.50.2.0/24",)} <= set(prefixes.values())
    assert "10.50.2.4" in {address for nic in nics.values() for address in nic.addresses}


async def test_storage_accounts_and_where_they_were_looked_for(own_site: Site, own_lab: AzureLab):
    facts = await everything(own_site)
    account = facts.items[0].detail.log_storage_account_id
    storage = facts.estate.storage.facts
    assert storage.has(account) is True
    assert storage.has(ArmId(f"{account}2")) is False
    assert storage.has(ArmId(account.replace(own_lab.subscription_id, "another"))) is None
    own_lab.set("storage", account.resource_name, "exists", False)
    assert (await everything(own_site, facts)).estate.storage.facts is storage
    own_site.clock.ahead = timedelta(minutes=11)
    own_lab.deny("Microsoft.Storage/storageAccounts/read")
    denied = await everything(own_site, facts)
    assert denied.estate.storage.facts is storage
    assert denied.estate.storage.error.problem is SourceProblem.FORBIDDEN
    own_lab.deny()
    assert (await everything(own_site, denied)).estate.storage.facts.has(account) is False


async def test_the_lists_are_read_more_seldom_than_the_vault(site: Site, lab: AzureLab):
    facts = await everything(site)
    since = last(lab)
    facts = await everything(site, facts)
    assert not requests(lab, since, NICS) + requests(lab, since, LOCKS)
    site.clock.ahead = timedelta(minutes=11)
    await everything(site, facts)
    # Pages hold five: nine interfaces, and no lock.
    assert (len(requests(lab, since, NICS)), len(requests(lab, since, LOCKS))) == (2, 1)


async def test_an_interface_that_is_not_known_makes_their_list_be_read_at_once(site: Site, lab: AzureLab):
    facts = await everything(site)
    nics = replace(facts.estate.nics, facts=facts.estate.nics.facts[1:])
    since = last(lab)
    again = await everything(site, replace(facts, estate=replace(facts.estate, nics=nics)))
    assert (len(requests(lab, since, NICS)), len(requests(lab, since, LOCKS))) == (2, 0)
    assert again.estate.nics.facts == facts.estate.nics.facts


async def test_a_list_that_may_not_be_read_leaves_the_rest(site: Site, lab: AzureLab):
    facts = await everything(site)
    lab.deny("Microsoft.Authorization/locks/read", "Microsoft.Network/networkInterfaces/read")
    site.clock.ahead = timedelta(minutes=11)
    again = await everything(site, facts)
    assert again.items
    assert again.estate.nics.facts == facts.estate.nics.facts
    assert again.estate.nics.as_of == facts.estate.nics.as_of
    for part, action in ((again.estate.nics, "networkInterfaces/read"), (again.estate.locks, "locks/read")):
        assert part.error is not None
        assert part.error.problem is SourceProblem.FORBIDDEN
        assert action in part.error.message
    lab.deny()
    assert (await everything(site, again)).estate.locks.error is None


async def test_locks_of_machines_and_of_their_group(own_site: Site, own_lab: AzureLab):
    own_lab.set("vm", "crm-1-az", "locked", True)
    own_lab.set("group", "rg-dr-tokyo", "locked", True)
    locks = (await everything(own_site)).estate.locks.facts or ()
    assert [lock.scope.resource_name for lock in locks] == ["rg-dr-tokyo", "crm-1-az"]
    assert {lock.level for lock in locks} == {"CanNotDelete"}


async def test_of_many_machines_disks_are_read_again_by_the_list(own_lab: AzureLab):
    async with site_of(endpoint_of(own_lab), ReaderSettings(vm_gets=2)) as site:
        facts = await everything(site)
        own_lab.set("vm", "crm-1-az", "disks", [80, 60, 500])
        facts = await everything(site, facts)
        since = last(own_lab)
        site.clock.ahead = timedelta(minutes=11)
        again = await everything(site, facts)
        assert not requests(own_lab, since, "/virtualMachines/")
    crm = next(item.target_vm_id for item in again.items if item.friendly_name == "crm-1")
    before, after = facts.azure_vm(crm), again.azure_vm(crm)
    assert before is not None
    assert after is not None
    assert (after.data_disk_count, after.power_state, after.arm_id) == (2, "running", before.arm_id)
    assert replace(after, disks=before.disks, data_disk_count=before.data_disk_count) == before


async def test_without_machines_the_vaults_subscription_is_read(own_site: Site, own_lab: AzureLab):
    estate = (await everything(own_site)).estate
    found = await own_site.reader._estate.read((), (), replace(estate, nics=replace(estate.nics, as_of=None)))
    assert found.nics.facts == estate.nics.facts
    assert ArmId(f"/subscriptions/{own_lab.subscription_id}").casefold() in found.nics.facts[0].arm_id.casefold()


async def test_what_half_a_page_lacks_is_not_gone(own_site: Site, own_lab: AzureLab):
    """A list that was cut short with nothing that tells of it; what a second list lacks as well is gone."""
    facts = await everything(own_site)
    account = facts.items[0].detail.log_storage_account_id
    for kind in (NICS, "Microsoft.Storage/storageAccounts", "Microsoft.Authorization/permissions"):
        own_lab.fault(kind="half_list", path=kind)
    own_site.clock.ahead = timedelta(minutes=11)
    again = await everything(own_site, facts)
    assert again.estate.nics.facts == facts.estate.nics.facts
    assert again.estate.storage.facts == facts.estate.storage.facts
    assert again.permissions.facts == facts.permissions.facts
    own_lab.set("storage", account.resource_name, "exists", False)
    own_site.clock.ahead = timedelta(minutes=22)
    assert (await everything(own_site, again)).estate.storage.facts.has(account) is False
