"""Checks and request bodies agree: where nothing blocks a step nothing is missing for its call, and what is sent is compared."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import machine_of, plan_of, status, summary
from tests.unit.decide.world import World, change_plan, vault_of, vsphere_of, world

from failback_operator.domain.snapshot import SiteView
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import Guest

Change = Callable[[SiteView], SiteView]
BEFORE = {
    EffectKind.REPROTECT: "Prepared",
    EffectKind.FAILBACK: "Reprotected",
    EffectKind.COMMIT: "FailedBack",
    EffectKind.PROTECT: "Committed",
}
"""The stage at which a machine stands before each effect."""


@cache
def _standing_before(kind: EffectKind) -> World:
    site = world("app-1", stage=BEFORE[kind])
    site.run()
    change_plan(site, stage="Protected")
    return site


def before(kind: EffectKind) -> World:
    """A world in which that effect comes next, its record stored where it is made from one."""
    return deepcopy(_standing_before(kind))


def of_vault(view: SiteView, **changes: object) -> SiteView:
    vault = replace(vault_of(view), **changes)
    return replace(view, snapshot=replace(view.snapshot, vault=replace(view.snapshot.vault, facts=vault)))


def of_fabric(**changes: object) -> Change:
    return lambda view: of_vault(view, fabric=replace(vault_of(view).fabric, **changes))


def of_server(**changes: object) -> Change:
    def change(view: SiteView) -> SiteView:
        servers = tuple(replace(s, **changes) for s in vault_of(view).fabric.master_targets)
        return of_fabric(master_targets=servers)(view)

    return change


def of_item(**changes: object) -> Change:
    return lambda view: of_vault(view, items=tuple(replace(i, **changes) for i in vault_of(view).items))


def of_detail(**changes: object) -> Change:
    def change(view: SiteView) -> SiteView:
        items = tuple(replace(i, detail=replace(i.detail, **changes) if i.detail else None) for i in vault_of(view).items)
        return of_vault(view, items=items)

    return change


def of_mappings(**changes: object) -> Change:
    return lambda view: of_vault(view, mappings=tuple(replace(m, **changes) for m in vault_of(view).mappings))


def of_vms(**changes: object) -> Change:
    def change(view: SiteView) -> SiteView:
        facts = vsphere_of(view)
        facts = replace(facts, machines=tuple(replace(m, **changes) for m in facts.machines))
        part = replace(view.snapshot.vcenters[b.VCENTER], facts=facts)
        return replace(view, snapshot=replace(view.snapshot, vcenters={b.VCENTER: part}))

    return change


def without_vm(name: str) -> Change:
    def change(view: SiteView) -> SiteView:
        facts = vsphere_of(view)
        facts = replace(facts, machines=tuple(m for m in facts.machines if m.name != name))
        part = replace(view.snapshot.vcenters[b.VCENTER], facts=facts)
        return replace(view, snapshot=replace(view.snapshot, vcenters={b.VCENTER: part}))

    return change


def of_plan(**spec: object) -> Change:
    def change(view: SiteView) -> SiteView:
        plans = tuple(
            p.model_copy(update={"spec": b.plan(p.name, **(p.spec.wire() | spec)).spec, "status": p.status}) for p in view.plans
        )
        return replace(view, plans=plans)

    return change


def of_target(**spec: object) -> Change:
    return lambda view: replace(view, targets=tuple(b.master_target(t.name, **(t.spec.wire() | spec)) for t in view.targets))


def of_record(**changes: object) -> Change:
    def change(view: SiteView) -> SiteView:
        machines = []
        for machine in view.machines:
            recorded = [r.model_copy(update=changes) for r in machine.spec.recorded]
            machines.append(machine.model_copy(update={"spec": machine.spec.model_copy(update={"recorded": recorded})}))
        return replace(view, machines=tuple(machines))

    return change


LINUX_GUEST = Guest(guest_id="ubuntu64Guest", full_name="Ubuntu Linux (64-bit)", tools_running_status="guestToolsRunning")
CHANGES: dict[str, Change] = {
    "item: no osType": of_detail(os_type=None),
    "item: no osVersion": of_detail(os_version=None),
    "item: Linux": of_detail(os_type="Linux", os_version="UBUNTU-16.04-64"),
    "item: no detail": of_item(detail=None),
    "item: no datastores": of_detail(datastores=()),
    "item: no log storage": of_detail(log_storage_account_id=None),
    "item: no policy": of_item(policy_id=None),
    "item: no process server": of_item(process_server_id=None),
    "item: no target VM": of_item(target_vm_id=None),
    "item: another container": of_item(container_id=b.ArmId(f"{b.CONTAINER_ID}-2")),
    "target: no osType": of_server(os_type=None),
    "target: no osVersion": of_server(os_version=None),
    "target: Linux": of_server(os_type="Linux", os_version="UBUNTU-16.04-64"),
    "target: no address": of_server(ip_address=None),
    "target: no volumes": of_server(retention_volumes=()),
    "target: Linux volume": of_server(retention_volumes=(b.RetentionVolume("/mnt/retention/", 9, 9),)),
    "target: no datastores": of_server(datastores=()),
    "target: not listed": of_fabric(master_targets=()),
    "target: volume F": of_target(retentionVolume="F"),
    "target: volume r:": of_target(retentionVolume="r:\\"),
    "process servers: none": of_fabric(process_servers=()),
    "accounts: none": of_fabric(run_as_accounts=()),
    "mappings: not paired": of_mappings(state="PairingFailed"),
    "mappings: to Azure": of_mappings(target_container_id="Microsoft Azure"),
    "mappings: none": lambda view: of_vault(view, mappings=()),
    "policies: none": lambda view: of_vault(view, policies=()),
    "policies: to Azure alone": lambda view: of_vault(view, policies=(b.forward_policy(),)),
    "policies: home alone": lambda view: of_vault(view, policies=(b.failback_policy(),)),
    "Azure VMs: unread": lambda view: of_vault(view, azure_vms=()),
    "VMs: no guest": of_vms(guest=Guest()),
    "VMs: Linux": of_vms(guest=LINUX_GUEST),
    "VMs: guest unread": of_vms(guest=Guest(), unread=frozenset({"guest"})),
    "VMs: no disks": of_vms(disks=()),
    "VMs: no mt-win": without_vm("mt-win"),
    "VMs: no app-1": without_vm("app-1"),
    "plan: datastore": of_plan(datastore="vmfs-1"),
    "plan: other datastore": of_plan(datastore="gold"),
    "plan: other servers": of_plan(protection={"processServer": "nobody", "policy": "nothing", "runAsAccount": "none"}),
    "plan: all named": of_plan(
        protection={
            "processServer": "ps-onprem",
            "policy": "policy-24h",
            "runAsAccount": "vmadmin-windows",
            "logStorageAccountId": str(b.LOG_STORAGE_ID),
        }
    ),
    "record: no process server": of_record(process_server_id=None),
    "record: no policy": of_record(policy_id=None),
    "record: no account": of_record(run_as_account=None),
    "record: no log storage": of_record(log_storage_account_id=None),
    "site: no accounts": lambda view: replace(view, site=b.site(runAsAccounts={})),
    "servers: no objects": lambda view: replace(view, servers=()),
}
"""What may be otherwise than in a healthy world, of all that a check asks or a body needs."""


@dataclass(frozen=True)
class Seen:
    """What was decided of app-1: the effect that is made, else why its machine is not Ready."""

    effect: EffectKind | None
    reason: str


def decided(kind: EffectKind, *names: str) -> Seen:
    """Decide twice, as what is recorded first is stored in between."""
    site = before(kind)
    for _ in range(2):
        view = site.view()
        for name in names:
            view = CHANGES[name](view)
        decision = evaluate(view)
        site.store(decision)
    effect = next((e.kind for e in decision.effects if e.owner.name == machine_of(site).name), None)
    return Seen(effect, summary(status(decision, "FailbackMachine", machine_of(site).name))[1])


@pytest.mark.parametrize("kind", BEFORE)
def test_each_effect_is_made_in_the_healthy_world(kind):
    assert decided(kind) == Seen(kind, "Running")


@pytest.mark.parametrize("kind", BEFORE)
@pytest.mark.parametrize("name", CHANGES)
def test_no_single_change_passes_the_checks_and_lacks_something_for_the_call(kind, name):
    seen = decided(kind, name)
    assert seen.reason != "FactsMissing"
    assert (seen.effect is None) == (seen.reason != "Running")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([EffectKind.REPROTECT, EffectKind.PROTECT]), st.sets(st.sampled_from(list(CHANGES)), min_size=2, max_size=4)
)
def test_nor_do_several_together(kind, names):
    assert decided(kind, *sorted(names)).reason != "FactsMissing"


@pytest.mark.parametrize(
    "names",
    [
        ("item: no osType",),
        ("target: no osType",),
        ("item: no osType", "target: no osType"),
        ("item: no osType", "item: no osVersion", "target: no osType", "target: no osVersion"),
    ],
)
def test_without_the_os_type_of_site_recovery_the_reprotect_is_complete(names):
    """What is left tells the system: so the checks pass, and the body has all that it needs."""
    assert decided(EffectKind.REPROTECT, *names) == Seen(EffectKind.REPROTECT, "Running")


def test_without_the_os_type_of_site_recovery_protection_to_azure_is_complete():
    names = ("record: no account", "item: no osType", "item: no osVersion")
    assert decided(EffectKind.PROTECT, *names) == Seen(EffectKind.PROTECT, "Running")


def test_a_datastore_that_no_target_lists_is_never_sent():
    seen = decided(EffectKind.REPROTECT, "plan: other datastore")
    assert seen == Seen(None, "DatastoreListed")


def test_the_target_that_lists_the_datastore_takes_the_machine():
    """Assignment takes the first by name else: the machine would wait for ever for a datastore that the other target has."""
    site = world("app-1", datastore="gold")
    site.targets = {name: b.master_target(name) for name in ("mt-win", "mt-x")}
    site.vms["mt-x"] = b.target_vm("mt-x", guest=replace(b.target_vm().guest, ip_addresses=("10.10.0.22",)))

    def view() -> SiteView:
        servers = vault_of(site.view()).fabric.master_targets
        gold = (b.ListedDatastore("gold", "uuid-gold", "VMFS"),)
        return of_fabric(master_targets=(servers[0], replace(servers[1], datastores=gold)))(site.view())

    for _ in range(2):
        decision = evaluate(view())
        site.store(decision)
    (effect,) = decision.effects
    sent = effect.call.body["properties"]["providerSpecificDetails"]
    assert (sent["masterTargetId"], sent["datastoreName"]) == ("mt-x-id", "gold")


def test_of_a_linux_target_without_os_type_the_volume_is_named_as_listed():
    site = world("app-1")
    site.vms["mt-win"] = b.target_vm(guest=replace(LINUX_GUEST, ip_addresses=("10.10.0.21",)))
    site.vms["app-1"] = replace(site.vms["app-1"], guest=LINUX_GUEST)
    waiver = {"check": "OSVersion", "machine": "app-1", "reason": "same", "by": "me", "until": "2027-01-01T00:00:00Z"}
    change_plan(site, waivers=[waiver])
    for _ in range(2):
        view = site.view()
        for name in ("item: no osType", "item: no osVersion", "target: no osVersion", "target: Linux volume"):
            view = CHANGES[name](view)
        decision = evaluate(of_server(os_type=None)(view))
        site.store(decision)
    (effect,) = decision.effects
    assert effect.call.body["properties"]["providerSpecificDetails"]["retentionDrive"] == "/mnt/retention/"


def test_what_a_waiver_passes_over_and_the_call_needs_is_told_and_not_called_ready():
    site = world("app-1")
    waiver = {"check": "FailbackPolicyAssociated", "reason": "r", "by": "me", "until": "2027-01-01T00:00:00Z"}
    change_plan(site, waivers=[waiver])
    for _ in range(2):
        decision = evaluate(CHANGES["mappings: not paired"](site.view()))
        site.store(decision)
    assert decision.effects == ()
    plan = plan_of(decision)
    assert summary(plan) == ("Unknown", "FactsMissing")
    assert "app-1 waits: Reprotect needs a failback policy that is associated with the configuration server" in plan.message
    assert summary(status(decision, "FailbackMachine", machine_of(site).name)) == ("Unknown", "FactsMissing")
