"""Checks of privileges in vCenter: the operator's own for what it may mend, the configuration server's for a reprotect."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.master_target import Remediation
from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.checks.site import SITE_CHECKS
from failback_operator.checks.site.privileges import WRITES
from failback_operator.domain.enabled import enabled_needs
from failback_operator.domain.grants import (
    DELETION_NEEDS,
    DETACH_NEEDS,
    MENDING_PRIVILEGES,
    POWER_CYCLE_NEEDS,
    REATTACH_NEEDS,
    REMEDIATION_NEEDS,
    Grants,
    Mended,
)
from failback_operator.domain.ids import Moref

SNAPSHOTS = {"remediation": {"removeSnapshots": "Automatic"}}
CYCLE = {"allowPowerCycle": True}
NEW_DISK = {"remediation": {"addRetentionDisk": {"policy": "Automatic", "datastore": "vmfs-1", "sizeGib": 600}}}
ALL_OBJECTS = [
    (Mended.VM, SNAPSHOTS, "remove_snapshots", Moref("vm-mt-win")),
    (Mended.DATASTORE, NEW_DISK, "add_retention_disk", a.VMFS),
    (Mended.POD, SNAPSHOTS, "remove_snapshots", a.POD),
    (Mended.CLUSTER, SNAPSHOTS, "remove_snapshots", a.CLUSTER),
]
VM = Moref("vm-mt-win")
OFF = "VirtualMachine.Interact.PowerOff"
REMOVE = "VirtualMachine.State.RemoveSnapshot"


def target(spec, own_grants=None, **changes):
    vm = a.target_vm()
    facts = a.facts(a.vm(), vm, **({} if own_grants is None else {"own_grants": own_grants}), **changes)
    return a.target_context(target=a.master_target(**spec), vms=(a.located(vm, facts),))


def lacking(*ids, entities=(VM, a.VMFS, a.CLUSTER)):
    return a.grants(a.OWN_ACCOUNT, *entities, lacking=ids)


def site(grants, spec=None):
    view = a.view(vsphere=a.facts(server_grants=grants))
    return a.site_context(view if spec is None else replace(view, site=a.site(configurationServer=spec)))


DATACENTER = Moref("datacenter-1")


def server(*ids, entities=(DATACENTER,), account=a.SERVER_ACCOUNT, unread=None):
    return site(a.grants(account, *entities, lacking=ids, unread=unread))


ELSEWHERE = a.grants("o", Moref("vm-other"), lacking=(REMOVE,)).held

OWN = [
    Case("RemediationPrivileges", "nothing enabled", NA, target({})),
    Case("RemediationPrivileges", "all held", PASS, target(SNAPSHOTS), "holds what removeSnapshots needs"),
    Case(
        "RemediationPrivileges",
        "lacks it",
        FAIL,
        target(SNAPSHOTS, lacking(REMOVE)),
        f"VSPHERE.LOCAL\\operator lacks privileges: removeSnapshots needs {REMOVE} on VM name of vm-mt-win",
    ),
    Case("RemediationPrivileges", "lacks what another fix needs", PASS, target(SNAPSHOTS, lacking(OFF))),
    Case("RemediationPrivileges", "lacks it elsewhere", PASS, target(SNAPSHOTS, Grants("o", (*lacking().held, *ELSEWHERE)))),
    Case("RemediationPrivileges", "power cycle", FAIL, target(CYCLE, lacking(OFF)), f"allowPowerCycle needs {OFF}"),
    Case("RemediationPrivileges", "not asked", UNKNOWN, target(SNAPSHOTS, replace(lacking(), held=())), "vm-mt-win were not"),
    Case("RemediationPrivileges", "may not be read", UNKNOWN, target(SNAPSHOTS, a.grants("o", unread="NoPermission")), "NoPermi"),
    Case("RemediationPrivileges", "no VM", UNKNOWN, a.target_context(target=a.master_target(**SNAPSHOTS), vms=())),
]
UNREAD = a.target_vm()
OWN.append(
    Case(
        "RemediationPrivileges",
        "not read yet",
        UNKNOWN,
        a.target_context(
            target=a.master_target(**SNAPSHOTS),
            vms=(a.located(UNREAD, replace(a.facts(UNREAD), own_grants=None)),),
        ),
        "were not read yet",
    )
)

SERVERS = [
    Case("ConfigurationServerPrivileges", "the vendor's role", PASS, server(), "holds the vendor's role"),
    Case(
        "ConfigurationServerPrivileges",
        "read-only",
        FAIL,
        server("Datastore.Browse", "VirtualMachine.Interact.PowerOff"),
        "asr-cs@vsphere.local lacks Datastore.Browse, VirtualMachine.Interact.PowerOff on datacenter name of datacenter-1",
    ),
    Case("ConfigurationServerPrivileges", "not named", UNKNOWN, site(None, {}), "names no account"),
    Case("ConfigurationServerPrivileges", "not read yet", UNKNOWN, site(None), "were not read yet"),
    Case("ConfigurationServerPrivileges", "of a former account", UNKNOWN, server(account="old"), "were not read yet"),
    Case("ConfigurationServerPrivileges", "may not be read", UNKNOWN, server(unread="NoPermission"), "NoPermission"),
    Case("ConfigurationServerPrivileges", "no datacenter", UNKNOWN, server(entities=()), "no datacenter"),
    Case("ConfigurationServerPrivileges", "vCenter unread", UNKNOWN, a.blind_vsphere()),
]

WRITE = "ConfigurationServerAccountWrites"
READ_ONLY = sorted(WRITES)
SERVERS += [
    Case(WRITE, "the vendor's role", PASS, server(), "may change virtual machines"),
    Case(WRITE, "all but one", PASS, server(*READ_ONLY[1:])),
    Case(WRITE, "read-only", FAIL, server(*READ_ONLY), "asr-cs@vsphere.local may only read on datacenter name of datacenter-1"),
    Case(WRITE, "not named", NA, site(None, {}), "names no account"),
    Case(WRITE, "not read yet", UNKNOWN, site(None), "were not read yet"),
    Case(WRITE, "of a former account", UNKNOWN, server(account="old"), "were not read yet"),
    Case(WRITE, "may not be read", NA, server(unread="NoPermission")),
    Case(WRITE, "no datacenter", NA, server(entities=())),
    Case(WRITE, "vCenter unread", UNKNOWN, a.blind_vsphere()),
]

CASES = OWN + SERVERS


@pytest.mark.parametrize("case", OWN, ids=str)
def test_case(case: Case):
    assert_case(TARGET_CHECKS, case)


@pytest.mark.parametrize("case", SERVERS, ids=str)
def test_case_of_a_site(case: Case):
    assert_case(SITE_CHECKS, case)


def test_every_remediation_says_what_it_needs():
    assert Remediation.model_fields.keys() == REMEDIATION_NEEDS.keys()


def test_all_that_may_be_needed_is_asked_for():
    needs = [POWER_CYCLE_NEEDS, *REMEDIATION_NEEDS.values()]
    asked = {*REATTACH_NEEDS, *DETACH_NEEDS, *DELETION_NEEDS}
    assert {each for need in needs for _, ids in need for each in ids} | asked == set(MENDING_PRIVILEGES)


def test_what_is_enabled_is_named_as_the_spec_spells_it():
    both = a.master_target(remediation={"removeSnapshots": "Automatic", "enableDiskUuid": "Automatic"}, allowPowerCycle=True)
    assert [fix for fix, _ in enabled_needs(both)] == ["removeSnapshots", "enableDiskUuid", "allowPowerCycle"]
    assert [fix for fix, _ in enabled_needs(a.master_target(**NEW_DISK))] == ["addRetentionDisk"]
    manual = NEW_DISK["remediation"]["addRetentionDisk"] | {"policy": "Manual"}
    assert enabled_needs(a.master_target(remediation={"addRetentionDisk": manual})) == ()
    assert enabled_needs(a.master_target()) == ()


@pytest.mark.parametrize(("kind", "spec", "fix", "entity"), ALL_OBJECTS, ids=lambda each: getattr(each, "name", ""))
def test_each_kind_of_object_is_looked_at(kind, spec, fix, entity, monkeypatch):
    store = a.datastore(pod=a.POD)
    facts = a.facts(a.target_vm(), datastores=(store, a.datastore(a.NFS)), pods=(a.pod(),), clusters=(a.cluster(),))
    held = a.grants("o", VM, a.VMFS, a.NFS, a.POD, a.CLUSTER).held
    own = Grants("o", tuple(replace(h, lacking=frozenset({"P"})) if h.entity == entity else h for h in held))
    monkeypatch.setitem(REMEDIATION_NEEDS, fix, ((kind, ("P",)),))
    vm = a.located(a.target_vm(), replace(facts, own_grants=own))
    context = a.target_context(target=a.master_target(**spec), vms=(vm,))
    told = TARGET_CHECKS.get("RemediationPrivileges").run(context).observed
    assert f"needs P on {kind.value} name of {entity}" in told


def test_a_vm_without_host_and_datastores_has_nothing_around_it(monkeypatch):
    monkeypatch.setitem(REMEDIATION_NEEDS, "remove_snapshots", tuple((kind, ("P",)) for kind in Mended if kind is not Mended.VM))
    vm = a.target_vm(host=None, disks=(a.disk(datastore=None),))
    context = a.target_context(target=a.master_target(**SNAPSHOTS), vms=(a.located(vm, a.facts(vm)),))
    assert TARGET_CHECKS.get("RemediationPrivileges").run(context).outcome is PASS
