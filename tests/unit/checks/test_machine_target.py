"""What a machine needs of its master target: it takes machines, its host was discovered, its layout is recorded."""

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.domain.fabric import ListedDatastore

OPEN = a.target_context()
CORDONED = a.target_context(target=a.master_target("mt-2", cordon=True))
LINUX = a.target_context(
    target=a.master_target("mt-lin"), server=a.master_target_server(os_type="Linux", os_version="UBUNTU-16.04-64"), vms=()
)


def candidates(*targets, **changes):
    return a.machine_context(candidates=targets, **changes)


CORDON = [
    Case("MasterTargetOpen", "open", PASS, candidates(OPEN)),
    Case("MasterTargetOpen", "one of two", PASS, candidates(CORDONED, OPEN)),
    Case("MasterTargetOpen", "the only one is cordoned", FAIL, candidates(CORDONED), "are cordoned: mt-2"),
    Case("MasterTargetOpen", "the open one does not fit", FAIL, candidates(CORDONED, LINUX), "mt-2"),
    Case("MasterTargetOpen", "it has its target, cordoned since", PASS, candidates(CORDONED, assigned=CORDONED), "through mt-2"),
    Case("MasterTargetOpen", "none", UNKNOWN, candidates()),
    Case("MasterTargetOpen", "none fits", UNKNOWN, candidates(LINUX)),
    Case("MasterTargetOpen", "it is past that", NA, a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED)),
]

LISTED = ListedDatastore("vmfs-1", "uuid-1", "VMFS")


def physical(*targets, **changes):
    found = a.item(detail=a.detail(**({"discovery_type": "Physical", "vcenter_infrastructure_id": None} | changes)))
    return a.machine_context(found, candidates=targets or (OPEN,))


def on_host(*stores, listed=(LISTED,), vsphere=None):
    host = a.host(a.HOST_2, datastores=tuple(s.moref for s in stores))
    facts = a.facts(a.target_vm(), hosts=(host,), datastores=stores if vsphere is None else vsphere)
    return a.target_context(vms=(a.located(a.target_vm(), facts),), server=a.master_target_server(datastores=listed))


NEW = a.datastore(a.NFS, name="vmfs-2")
DISCOVERY = [
    Case("HostDiscoveryComplete", "all are listed", PASS, physical(), "mt-win: Site Recovery lists all datastores of host esx-2"),
    Case("HostDiscoveryComplete", "one is not", FAIL, physical(on_host(a.datastore(), NEW)), "does not list: vmfs-2"),
    Case("HostDiscoveryComplete", "none is", FAIL, physical(on_host(a.datastore(), listed=())), "does not list: vmfs-1"),
    Case("HostDiscoveryComplete", "vSAN counts", FAIL, physical(on_host(a.datastore(name="vsan-1", type="vsan"))), "vsan-1"),
    Case(
        "HostDiscoveryComplete", "NFS does not", PASS, physical(on_host(a.datastore(), a.datastore(a.NFS, name="n", type="NFS")))
    ),
    Case(
        "HostDiscoveryComplete",
        "what is not accessible does not",
        PASS,
        physical(on_host(a.datastore(), a.datastore(a.NFS, name="vmfs-2", is_accessible=False))),
    ),
    Case("HostDiscoveryComplete", "no datastore", FAIL, physical(on_host()), "no accessible VMFS"),
    Case("HostDiscoveryComplete", "kind not told", UNKNOWN, physical(on_host(a.datastore(), a.datastore(a.NFS, type=None)))),
    Case("HostDiscoveryComplete", "access not told", UNKNOWN, physical(on_host(a.datastore(is_accessible=None)))),
    Case("HostDiscoveryComplete", "datastore unread", UNKNOWN, physical(on_host(a.datastore(), vsphere=()))),
    Case("HostDiscoveryComplete", "host unread", UNKNOWN, physical(a.target_context(vms=(a.located(a.target_vm(host=None)),)))),
    Case("HostDiscoveryComplete", "no VM", UNKNOWN, physical(a.target_context(vms=()))),
    Case("HostDiscoveryComplete", "not registered", UNKNOWN, physical(a.target_context(server=None))),
    Case("HostDiscoveryComplete", "one target of two", PASS, physical(on_host(a.datastore(), NEW), OPEN)),
    Case("HostDiscoveryComplete", "no target", UNKNOWN, a.machine_context(physical().item, candidates=())),
    Case("HostDiscoveryComplete", "a VM", NA, a.machine_context(), "no physical machine"),
    Case(
        "HostDiscoveryComplete", "a VM by its vCenter alone", NA, a.machine_context(a.item(detail=a.detail(discovery_type=None)))
    ),
    Case("HostDiscoveryComplete", "not told", UNKNOWN, physical(discovery_type=None), "how the machine was discovered"),
    Case("HostDiscoveryComplete", "detail unread", UNKNOWN, a.machine_context(a.item(detail=None))),
    Case(
        "HostDiscoveryComplete",
        "its Azure VM is taken for physical",
        NA,
        a.machine_context(a.reprotected_item(detail=a.detail(discovery_type="Physical")), phase=Phase.FAILED_OVER),
        "no physical machine",
    ),
]


def reversed_machine(record):
    return a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED, record=record)


RECORD = [
    Case("LayoutRecorded", "recorded", PASS, reversed_machine(a.record())),
    Case("LayoutRecorded", "nothing", FAIL, reversed_machine(None), "was not recorded"),
    Case("LayoutRecorded", "without the target's disks", FAIL, reversed_machine(a.record(master_target_disks=[]))),
    Case("LayoutRecorded", "before reprotect", NA, a.machine_context()),
]
CASES = CORDON + DISCOVERY + RECORD


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)
