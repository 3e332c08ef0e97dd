"""Privileges as they are read: the operator's own on what it may mend, the configuration server's on its datacenter."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from tests.integration.vsphere.watching import Watch, WatchMaker

from failback_lab.vcenter import CONFIGURATION_SERVER_USER, OPERATOR_USER, VCenter
from failback_operator.domain.grants import SERVER_PRIVILEGES
from failback_operator.domain.vsphere import VsphereFacts
from failback_operator.observe.vsphere import Interest, VsphereEndpoint

QUESTION = "HasUserPrivilegeOnEntities"
SNAPSHOT, OFF = "VirtualMachine.State.RemoveSnapshot", "VirtualMachine.Interact.PowerOff"
BROWSE = "Datastore.Browse"
DATASTORES = ("nfs-iso-1", "vmfs-infra-1", "vmfs-prod-1", "vmfs-prod-2")
SELDOM = timedelta(hours=1)
PERIOD = timedelta(seconds=2)
REFUSED = {"_typeName": "NoPermission", "object": {"type": "Folder", "value": "group-d1"}, "privilegeId": "System.View"}


def lacking(facts: VsphereFacts) -> dict[str, frozenset[str]]:
    """What the operator lacks, by the name of the object."""
    assert facts.own_grants is not None
    return {each.name: each.lacking for each in facts.own_grants.held}


async def test_nothing_is_asked_where_nothing_is_enabled_and_nobody_named(own_endpoint: VsphereEndpoint, watch: WatchMaker):
    made = await watch(own_endpoint)
    facts = await made.until_read()
    assert (facts.own_grants, facts.server_grants) == (None, None)
    assert made.calls[QUESTION] == 0


async def test_what_belongs_to_the_mended_vm_is_asked_about(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest, own_vcenter: VCenter
):
    control = own_vcenter.control
    control.missing_privileges([SNAPSHOT], OPERATOR_USER, kind="VirtualMachine", name="mt-lin-1")
    control.missing_privileges([OFF], OPERATOR_USER, kind="VirtualMachine", name="crm-1")
    made = await watch(own_endpoint, replace(all_machines, mended=frozenset({"mt-lin-1", "10.10.0.21"})), search=SELDOM)
    facts = await made.until_read()
    assert facts.own_grants is not None
    assert facts.own_grants.account == OPERATOR_USER
    # mt-win-1 is found by its address; both run in one cluster, whose hosts mount the same datastores.
    around = dict.fromkeys(("mt-win-1", "infra", *DATASTORES), frozenset())
    assert lacking(facts) == {"mt-lin-1": {SNAPSHOT}, **around}
    assert made.calls[QUESTION] == 1


async def test_a_datastore_cluster_belongs_to_it_too(own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest):
    made = await watch(own_endpoint, replace(all_machines, mended=frozenset({"CRM-1"})))
    assert lacking(await made.until_read()).keys() == {"crm-1", "gold", "prod", *DATASTORES}


async def test_the_configuration_server_is_asked_about_on_its_datacenter(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest, own_vcenter: VCenter
):
    own_vcenter.control.missing_privileges([BROWSE, OFF], CONFIGURATION_SERVER_USER)
    made = await watch(own_endpoint, replace(all_machines, account=CONFIGURATION_SERVER_USER))
    grants = (await made.until_read()).server_grants
    assert grants is not None
    assert (grants.account, [(each.name, each.lacking) for each in grants.held]) == (
        CONFIGURATION_SERVER_USER,
        [("tokyo", {BROWSE, OFF})],
    )
    assert {BROWSE, OFF} <= set(SERVER_PRIVILEGES)


async def test_all_datacenters_are_asked_about_where_no_vm_tells_one(own_endpoint: VsphereEndpoint, watch: WatchMaker):
    made = await watch(own_endpoint, Interest(account=CONFIGURATION_SERVER_USER))
    grants = (await made.until_read()).server_grants
    assert grants is not None
    assert [each.name for each in grants.held] == ["tokyo"]


async def test_a_question_that_is_refused_hides_its_answer_alone(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest, own_vcenter: VCenter
):
    own_vcenter.control.fault(QUESTION, "before", fault=REFUSED, count=0)
    interest = replace(all_machines, mended=frozenset({"mt-lin-1"}), account=CONFIGURATION_SERVER_USER)
    facts = await (await watch(own_endpoint, interest)).until_read()
    for grants in (facts.own_grants, facts.server_grants):
        assert grants is not None
        assert grants.held == ()
        assert "NoPermission" in str(grants.unread)
    assert len(facts.machines) > 1


async def test_an_ended_session_is_begun_anew(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest, own_vcenter: VCenter
):
    own_vcenter.control.fault(QUESTION, "before", fault={"_typeName": "NotAuthenticated", "privilegeId": "System.View"} | HOST)
    made = await watch(own_endpoint, replace(all_machines, mended=frozenset({"mt-lin-1"})))
    facts = await made.until_read()
    assert facts.own_grants is not None
    assert facts.own_grants.unread is None
    assert made.calls["Login"] == 2


HOST = {"object": {"type": "AuthorizationManager", "value": "AuthorizationManager"}}


async def test_a_vm_that_is_not_there_leaves_nothing_to_ask(own_endpoint: VsphereEndpoint, watch: WatchMaker):
    made = await watch(own_endpoint, Interest(names=frozenset({"mt-9"}), mended=frozenset({"mt-9"})))
    facts = await made.until_read()
    assert facts.own_grants is not None
    assert (facts.own_grants.held, facts.own_grants.unread, made.calls[QUESTION]) == ((), None, 0)


async def test_privileges_are_read_at_the_interval_of_the_search_and_survive_changes(
    own_endpoint: VsphereEndpoint, watch: WatchMaker, all_machines: Interest, own_vcenter: VCenter
):
    made: Watch = await watch(own_endpoint, replace(all_machines, mended=frozenset({"mt-lin-1"})), search=PERIOD)
    facts = await made.until_read()
    assert lacking(facts)["mt-lin-1"] == frozenset()
    own_vcenter.control.missing_privileges([SNAPSHOT], OPERATOR_USER)
    own_vcenter.control.set("VirtualMachine", "mt-lin-1", "guest.toolsRunningStatus", "guestToolsNotRunning")
    changed = await made.until_vm("mt-lin-1", lambda vm: vm.guest.tools_running_status == "guestToolsNotRunning")
    assert changed is not None
    assert made.facts.own_grants is not None
    await made.until(lambda part: part.facts is not None and lacking(part.facts)["mt-lin-1"] == {SNAPSHOT})
    asked = made.calls[QUESTION]
    await asyncio.sleep(PERIOD.total_seconds() * 2.5)
    assert made.calls[QUESTION] - asked <= 3
