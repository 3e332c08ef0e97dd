"""Checks of a machine against master targets: system, disks, group; and protection to Azure."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.domain.fabric import ListedDatastore
from failback_operator.domain.reading import Part
from failback_operator.domain.vsphere import Guest

READY = a.machine_context()
BLIND = a.machine_context(items=(), group=(), site=a.blind_vault())
NO_TARGET = a.machine_context(candidates=())
STALE = a.detail(as_of=a.minutes_ago(241))
WINDOWS_2016 = "Microsoft Windows Server 2016 Datacenter"
REPROTECTED = a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED, record=a.record(), assigned=a.target_context())


def target(name="mt", os_type=None, os_version=None, guest=None, **changes):
    server = a.master_target_server(name, os_type=os_type, os_version=os_version)
    vms = (a.located(a.target_vm(name, guest=guest or Guest())),)
    return a.target_context(target=a.master_target(name), server=server, vms=vms, **changes)


def windows(name, year):
    return target(name, "Windows", f"Microsoft Windows Server {year} Datacenter")


def linux(name, version):
    return target(name, "Linux", version)


def runs(os_type, os_version, *candidates, guest_id=None, **changes):
    """A machine of that system, told by Site Recovery; its VM's guest id only where given."""
    item = a.item(detail=a.detail(os_type=os_type, os_version=os_version))
    vm = a.located(a.vm(guest=Guest(guest_id=guest_id)))
    return a.machine_context(item, vms=(vm,), candidates=candidates, **changes)


def win(year, *candidates):
    return runs("Windows", f"Microsoft Windows Server {year} Standard", *candidates)


def lin(version, *candidates):
    return runs("Linux", version, *candidates)


W2016, W2019, W2022 = windows("mt-2016", 2016), windows("mt-2019", 2019), windows("mt-2022", 2022)
UBUNTU = linux("mt-lin", "UBUNTU-16.04-64")
NAMELESS = target("mt-new")
BY_ID_2016 = target("mt-id", "Windows", None, Guest(guest_id="windows9Server64Guest"))

SYSTEM = [
    Case("OSMatch", "same year", PASS, win(2019, W2019)),
    Case("OSMatch", "later target", PASS, win(2019, W2022)),
    Case("OSMatch", "earlier target", FAIL, win(2019, W2016), "mt-2016: Microsoft Windows Server 2016 Datacenter for"),
    Case("OSMatch", "2012 for 2012 R2", FAIL, win("2012 R2", windows("mt-2012", 2012))),
    Case("OSMatch", "2012 R2 for 2012", PASS, win(2012, windows("mt-2012r2", "2012 R2"))),
    Case("OSMatch", "one of two is earlier", PASS, win(2019, W2016, W2022)),
    Case("OSMatch", "chosen is earlier", FAIL, replace(win(2019, W2016, W2022), assigned=W2016)),
    Case("OSMatch", "Linux on Windows", FAIL, lin("RHEL-7.9-64", W2022)),
    Case("OSMatch", "Windows on Linux", FAIL, win(2019, UBUNTU)),
    Case("OSMatch", "Linux on Linux", PASS, lin("RHEL-7.9-64", W2022, UBUNTU)),
    Case("OSMatch", "an earlier Linux is for OSVersion", PASS, lin("UBUNTU-18.04-64", UBUNTU)),
    Case("OSMatch", "not decidable is for OSVersion", PASS, win(2019, BY_ID_2016)),
    Case("OSMatch", "family of the target not known", UNKNOWN, win(2019, NAMELESS)),
    Case("OSMatch", "family of the machine not known", UNKNOWN, runs(None, None, W2022)),
    Case("OSMatch", "no target", UNKNOWN, NO_TARGET),
    Case("OSMatch", "details too old, guest id tells", PASS, a.machine_context(a.item(detail=STALE))),
    Case("OSMatch", "guest unread", PASS, a.machine_context(vms=(a.located(a.vm(unread=frozenset({"guest"}))),))),
    Case("OSMatch", "no VM, Site Recovery tells", PASS, a.machine_context(vms=())),
    Case("OSMatch", "before a disaster", PASS, a.machine_context(a.protected_item(), phase=Phase.NOT_FAILED_OVER)),
    Case("OSMatch", "after reprotect", NA, REPROTECTED),
    Case("OSVersion", "same", PASS, win(2019, W2019)),
    Case("OSVersion", "Linux, same", PASS, lin("UBUNTU-16.04-64", UBUNTU)),
    Case("OSVersion", "Linux, earlier target", FAIL, lin("UBUNTU-18.04-64", UBUNTU), "UBUNTU-16.04-64 for UBUNTU-18.04-64"),
    Case("OSVersion", "Linux, minor not known", UNKNOWN, lin("RHEL-7.9-64", linux("mt-rhel", "RHEL7-64"))),
    Case("OSVersion", "Linux, other distribution", PASS, lin("RHEL-7.9-64", UBUNTU), "no order"),
    Case("OSVersion", "target known as a lower bound", UNKNOWN, win(2019, BY_ID_2016), "which is later cannot be told"),
    Case("OSVersion", "target's lower bound suffices", PASS, win(2016, BY_ID_2016)),
    Case("OSVersion", "target's system not known", UNKNOWN, win(2019, NAMELESS)),
    Case("OSVersion", "no target of its kind", NA, win(2019, W2016, UBUNTU), "see OSMatch"),
    Case("OSVersion", "one of two decides", PASS, win(2019, BY_ID_2016, W2022)),
    Case("OSDistribution", "same", PASS, lin("UBUNTU-14.04-64", UBUNTU)),
    Case("OSDistribution", "other", FAIL, lin("RHEL-7.9-64", UBUNTU)),
    Case("OSDistribution", "not told", UNKNOWN, lin(None, UBUNTU)),
    Case("OSDistribution", "Windows", NA, win(2019, W2022)),
    Case("OSDistribution", "no target of its kind", NA, lin("RHEL-7.9-64", W2022)),
]


def member(name, disks=2, **changes):
    shown = a.item_disks(disks) if disks is not None else ()
    return a.item(name, group_id="g", group_name="g", detail=a.detail(name, disks=shown), **changes)


def group(*members, **changes):
    return a.machine_context(members[0], group=members, **changes)


def slots(free, name="mt-win", own=2, attached=0):
    used = a.usage(own=own, limit=own + free, attached=attached)
    return a.target_context(target=a.master_target(name), usage=used)


def alone(disks, *candidates, **changes):
    return group(member("app-1", disks), candidates=candidates or (slots(58),), **changes)


NO_USAGE = a.target_context(usage=None)

DISKS = [
    Case("GroupDiskLimit", "59 with its own", PASS, alone(57)),
    Case("GroupDiskLimit", "60 with its own", PASS, alone(58), "58 disks, 58 slots when empty"),
    Case("GroupDiskLimit", "61 with its own", FAIL, alone(59), "59 disks, 58 slots even when empty"),
    Case("GroupDiskLimit", "fits though the target is full now", PASS, alone(58, slots(58, attached=58))),
    Case("GroupDiskLimit", "the group together does not fit", FAIL, group(member("app-1", 30), member("db-1", 29)), "59 disks"),
    Case("GroupDiskLimit", "the group together fits", PASS, group(member("app-1", 30), member("db-1", 28))),
    Case("GroupDiskLimit", "one of two candidates", PASS, alone(59, slots(58), slots(59, "mt-2"))),
    Case("GroupDiskLimit", "a candidate that is not read", UNKNOWN, alone(59, slots(58), NO_USAGE)),
    Case(
        "GroupDiskLimit",
        "the fitting one is of another family",
        FAIL,
        alone(59, slots(58), replace(UBUNTU, usage=a.usage(own=0))),
    ),
    Case("GroupDiskLimit", "only targets of another family", PASS, alone(59, replace(UBUNTU, usage=a.usage(own=0)))),
    Case("GroupDiskLimit", "a member's disks unread", UNKNOWN, group(member("app-1"), member("db-1", None)), "the disks of db-1"),
    Case(
        "GroupDiskLimit",
        "unread, but too many already",
        FAIL,
        group(member("app-1", 59), member("db-1", None)),
        "59 or more disks",
    ),
    Case("GroupDiskLimit", "details too old, the VM tells", PASS, a.machine_context(a.item(detail=STALE)), "2 disks"),
    Case(
        "GroupDiskLimit",
        "neither tells",
        UNKNOWN,
        a.machine_context(a.item(detail=STALE), vms=(a.located(a.vm(unread=frozenset({"disks"}))),)),
    ),
    Case(
        "GroupDiskLimit", "the VM shows none", UNKNOWN, a.machine_context(a.item(detail=STALE), vms=(a.located(a.vm(disks=())),))
    ),
    Case("GroupDiskLimit", "no VM", UNKNOWN, a.machine_context(a.item(detail=None), vms=())),
    Case("GroupDiskLimit", "no target", UNKNOWN, NO_TARGET),
    Case("GroupDiskLimit", "before a disaster", PASS, a.machine_context(a.protected_item(), phase=Phase.NOT_FAILED_OVER)),
    Case("GroupDiskLimit", "after reprotect", NA, REPROTECTED),
]


def grouped(disks, version, *candidates):
    context = lin(version, *candidates)
    item = replace(context.item, detail=replace(context.item.detail, disks=a.item_disks(disks)))
    return replace(context, items=(item,), group=(item,))


EARLIER_AND_BIG = replace(UBUNTU, usage=a.usage(own=0))
LATER_AND_SMALL = replace(linux("mt-lin-2", "UBUNTU-18.04-64"), usage=a.usage(own=50))
BOTH = (EARLIER_AND_BIG, LATER_AND_SMALL)

TWO_STORES = tuple(
    replace(t, server=replace(t.server, datastores=(ListedDatastore(name, None, "VMFS"),)))
    for t, name in ((EARLIER_AND_BIG, "gold"), (LATER_AND_SMALL, "silver"))
)

FIT = [
    Case("MasterTargetFits", "one is right in all", PASS, grouped(10, "UBUNTU-18.04-64", *BOTH), "mt-lin-2"),
    Case("MasterTargetFits", "each is right in one thing only", FAIL, grouped(11, "UBUNTU-18.04-64", *BOTH)),
    Case(
        "MasterTargetFits",
        "the right one is not read",
        UNKNOWN,
        grouped(11, "UBUNTU-18.04-64", EARLIER_AND_BIG, replace(LATER_AND_SMALL, usage=None)),
    ),
    Case(
        "MasterTargetFits",
        "the right one does not have the datastore",
        FAIL,
        replace(grouped(10, "UBUNTU-18.04-64", *TWO_STORES), plan=a.plan(datastore="gold")),
    ),
    Case("MasterTargetFits", "no choice", NA, grouped(11, "UBUNTU-18.04-64", LATER_AND_SMALL)),
    Case("MasterTargetFits", "a single respect fails", NA, grouped(61, "UBUNTU-18.04-64", *BOTH)),
]

PAIR = (member("app-1"), member("db-1"))
OF_LINUX = replace(PAIR[1], detail=a.detail("db-1", os_type="Linux", os_version="RHEL-7.9-64"))
OF_NOTHING = replace(PAIR[1], detail=None)
OUT = group(*PAIR, group_in_plan=False)


def on_target(name, master_target_id):
    detail = replace(a.reprotected_item(name).detail, master_target_id=master_target_id)
    return a.reprotected_item(name, group_id="g", detail=detail)


GROUP = [
    Case("GroupComplete", "complete", PASS, group(*PAIR)),
    Case("GroupComplete", "one is left out", FAIL, OUT, "the plan lacks: db-1"),
    Case(
        "GroupComplete",
        "left out though listed by the same name",
        FAIL,
        replace(OUT, plan=a.plan(machines=[{"name": "app-1"}, {"name": "db-1"}])),
    ),
    Case(
        "GroupComplete", "one is left out of the chosen", FAIL, replace(OUT, plan=a.plan(status={"selected": ["app-1"]})), "db-1"
    ),
    Case("GroupComplete", "alone", NA, READY),
    Case("GroupComplete", "told before a disaster", FAIL, replace(OUT, phase=Phase.NOT_FAILED_OVER)),
    Case("GroupComplete", "vault unread", UNKNOWN, BLIND),
    Case("GroupSameFamily", "Windows", PASS, group(*PAIR), "all 2 members are Windows"),
    Case("GroupSameFamily", "mixed", FAIL, group(PAIR[0], OF_LINUX), "app-1 Windows, db-1 Linux"),
    Case("GroupSameFamily", "one not known", UNKNOWN, group(PAIR[0], OF_NOTHING), "db-1"),
    Case(
        "GroupSameFamily", "mixed and one not known", FAIL, group(PAIR[0], OF_LINUX, replace(OF_NOTHING, friendly_name="web-1"))
    ),
    Case("GroupSameFamily", "alone", NA, READY),
    Case("GroupSameMasterTarget", "nobody moved yet", PASS, group(*PAIR)),
    Case("GroupSameMasterTarget", "follows", PASS, group(PAIR[0], on_target("db-1", "MT-WIN-ID"), assigned=a.target_context())),
    Case(
        "GroupSameMasterTarget",
        "goes elsewhere",
        FAIL,
        group(PAIR[0], on_target("db-1", "mt-other-id"), assigned=a.target_context()),
        "app-1 on mt-win, db-1 on mt-other-id",
    ),
    Case(
        "GroupSameMasterTarget",
        "spread already",
        FAIL,
        replace(REPROTECTED, group=(on_target("app-1", "mt-win-id"), on_target("db-1", "mt-2-id")), site=a.blind_vault()),
        "mt-win-id",
    ),
    Case("GroupSameMasterTarget", "not chosen yet", PASS, group(PAIR[0], on_target("db-1", "mt-2-id"))),
    Case("GroupSameMasterTarget", "chosen, not listed", PASS, group(*PAIR, assigned=a.target_context(server=None))),
    Case("GroupSameMasterTarget", "not told", UNKNOWN, group(PAIR[0], on_target("db-1", None))),
    Case("GroupSameMasterTarget", "details too old", UNKNOWN, group(PAIR[0], a.reprotected_item("db-1", detail=STALE))),
    Case("GroupSameMasterTarget", "alone", NA, READY),
    Case("AcceptedRecoveryPoint", "latest time", FAIL, group(*PAIR), "LatestTime for a group"),
    Case("AcceptedRecoveryPoint", "latest time, accepted", PASS, group(*PAIR, plan=a.plan(acceptIndependentPoints=True))),
    Case("AcceptedRecoveryPoint", "latest tag", PASS, group(*PAIR, plan=a.plan(recoveryPoint="LatestTag"))),
    Case("AcceptedRecoveryPoint", "alone", NA, READY),
    Case("AcceptedRecoveryPoint", "vault unread", UNKNOWN, BLIND),
]


def protection(**spec):
    return a.machine_context(plan=a.plan(protection=spec))


def site_view(vault_changes=None, **changes):
    return a.site_context(a.view(a.vault(**(vault_changes or {})), **changes))


def servers(*found, objects=()):
    return site_view({"fabric": a.fabric(process_servers=found)}, servers=objects)


AT_HOME = a.process_server("ps-onprem", "OnPremises")
PS = a.process_server_facts("ps-onprem", ip_address="10.10.0.11")
ON_CS = a.process_server_facts("ps-onprem", ip_address="10.10.0.10")
ON_VM = a.process_server_facts("ps-onprem", ip_address="10.10.0.21")
FORGOTTEN = a.record(process_server_id=None, policy_id=None, run_as_account=None, log_storage_account_id=None)
COMMITTED = a.machine_context(a.committed_item(), phase=Phase.COMMITTED, record=a.record())
UNNAMED = a.machine_context(a.item(detail=a.detail(os_type=None, os_version=None)), vms=())

PREPARED = [
    Case(
        "ProtectionPrepared",
        "shown by the item",
        PASS,
        READY,
        "process server ps-onprem; policy policy-24h; run-as account vmadmin-windows",
    ),
    Case("ProtectionPrepared", "before a disaster", PASS, a.machine_context(a.protected_item(), phase=Phase.NOT_FAILED_OVER)),
    Case("ProtectionPrepared", "recorded", PASS, REPROTECTED),
    Case("ProtectionPrepared", "nothing recorded", FAIL, replace(REPROTECTED, record=FORGOTTEN), "no log storage account"),
    Case("ProtectionPrepared", "no record at all", FAIL, replace(REPROTECTED, record=None), "no process server is recorded"),
    Case(
        "ProtectionPrepared",
        "all named",
        PASS,
        replace(
            REPROTECTED,
            record=None,
            plan=a.plan(
                protection={
                    "processServer": "PS-ONPREM",
                    "policy": "policy-24h",
                    "runAsAccount": "vmadmin-windows",
                    "logStorageAccountId": str(a.LOG_STORAGE_ID),
                }
            ),
        ),
    ),
    Case(
        "ProtectionPrepared",
        "named process server not listed",
        FAIL,
        protection(processServer="ps-9"),
        "ps-9 (protection.processServer)",
    ),
    Case("ProtectionPrepared", "named process server in Azure", FAIL, protection(processServer="ps-azure"), "stands in Azure"),
    Case(
        "ProtectionPrepared", "process server gone", FAIL, a.machine_context(a.item(process_server_id="old")), "no longer listed"
    ),
    Case("ProtectionPrepared", "none shown", FAIL, a.machine_context(a.item(process_server_id=None))),
    Case("ProtectionPrepared", "on-premises by its object", PASS, a.machine_context(site=servers(PS, objects=(AT_HOME,)))),
    Case("ProtectionPrepared", "on-premises as the configuration server", PASS, a.machine_context(site=servers(ON_CS))),
    Case("ProtectionPrepared", "on-premises as a VM", PASS, a.machine_context(site=servers(ON_VM))),
    Case("ProtectionPrepared", "place not known", UNKNOWN, a.machine_context(site=servers(PS)), "", "location: OnPremises"),
    Case("ProtectionPrepared", "address not told", UNKNOWN, a.machine_context(site=servers(replace(PS, ip_address=None)))),
    Case(
        "ProtectionPrepared",
        "no configuration server shown",
        UNKNOWN,
        a.machine_context(site=site_view({"fabric": a.fabric(process_servers=(PS,), configuration_server=None)}, servers=())),
    ),
    Case(
        "ProtectionPrepared",
        "named log storage is none",
        FAIL,
        protection(logStorageAccountId=str(a.azure_vm_id())),
        "(protection.logStorageAccountId) is not the id of a storage account",
    ),
    Case("ProtectionPrepared", "named log storage by name", FAIL, protection(logStorageAccountId="stlog"), "stlog (protection."),
    Case(
        "ProtectionPrepared",
        "log storage gone",
        FAIL,
        protection(logStorageAccountId=f"{a.LOG_STORAGE_ID}-2"),
        "log storage account stlog-2 is gone",
    ),
    Case(
        "ProtectionPrepared",
        "log storage where nothing is read",
        PASS,
        protection(logStorageAccountId=str(a.LOG_STORAGE_ID).replace(a.SUBSCRIPTION, "another")),
    ),
    Case(
        "ProtectionPrepared",
        "storage accounts not read",
        PASS,
        a.machine_context(site=a.site_context(a.view(a.vault(estate=replace(a.estate(), storage=Part()))))),
    ),
    Case("ProtectionPrepared", "named log storage", PASS, protection(logStorageAccountId=str(a.LOG_STORAGE_ID).upper())),
    Case("ProtectionPrepared", "named policy", PASS, protection(policy="policy-24h")),
    Case(
        "ProtectionPrepared",
        "named policy is one for failback",
        FAIL,
        protection(policy="policy-24h-failback"),
        "not a policy to Azure",
    ),
    Case(
        "ProtectionPrepared",
        "policy gone",
        FAIL,
        a.machine_context(site=site_view({"policies": (a.failback_policy(),)})),
        "is gone",
    ),
    Case(
        "ProtectionPrepared", "policy not told", FAIL, a.machine_context(a.item(policy_id=None)), "no policy to Azure is recorded"
    ),
    Case("ProtectionPrepared", "named account", PASS, protection(runAsAccount="vmadmin-linux")),
    Case("ProtectionPrepared", "account not on the server", FAIL, protection(runAsAccount="nobody"), "no run-as account nobody"),
    Case(
        "ProtectionPrepared",
        "no account for Linux",
        FAIL,
        replace(
            a.machine_context(a.item(detail=a.detail(os_type="Linux", os_version="RHEL-7.9-64")), vms=()),
            site=site_view(site=a.site(runAsAccounts={"windows": "vmadmin-windows"})),
        ),
        "no run-as account for Linux",
    ),
    Case(
        "ProtectionPrepared",
        "account for Linux by the site",
        PASS,
        a.machine_context(a.item(detail=a.detail(os_type="Linux", os_version="RHEL-7.9-64")), vms=()),
        "vmadmin-linux",
    ),
    Case("ProtectionPrepared", "system not known", UNKNOWN, UNNAMED, "", "protection.runAsAccount"),
    Case(
        "ProtectionPrepared",
        "log storage not told",
        FAIL,
        a.machine_context(a.item(detail=a.detail(log_storage_account_id=None))),
    ),
    Case("ProtectionPrepared", "details too old", UNKNOWN, a.machine_context(a.item(detail=STALE)), "not read lately"),
    Case("ProtectionPrepared", "an item without its vault", UNKNOWN, a.machine_context(site=a.blind_vault())),
    Case("ProtectionPrepared", "too late", NA, COMMITTED),
    Case("ProtectionComplete", "recorded", PASS, COMMITTED),
    Case("ProtectionComplete", "nothing recorded", FAIL, replace(COMMITTED, record=None)),
    Case("ProtectionComplete", "place not known", UNKNOWN, replace(COMMITTED, site=servers(PS))),
    Case("ProtectionComplete", "not yet", NA, READY),
]

CASES = SYSTEM + DISKS + FIT + GROUP + PREPARED


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)
