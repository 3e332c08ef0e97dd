"""Ten scenarios of three faults each: how they are brought about, and the calls by which the operator mends them.

Nine stand at a master target each; the tenth has two at its master target and one at the site. All are at once in one lab.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pyVmomi import vim
from tests.conftest import DEMO_SCENARIO
from tests.integration.operator.rehearsal import Json, Rehearsal
from tests.integration.vcenter.conftest import Session, device

Device = vim.vm.device
QUIET, BUSY, OUTSIDE, IN_POD = "esx-3.tokyo.example.com", "esx-1.tokyo.example.com", "vmfs-infra-1", "vmfs-prod-1"
"""Hosts of a cluster without and with DRS; datastores out of and in a datastore cluster with Storage DRS."""
CYCLE = ("ShutdownGuest", "PowerOnVM_Task")
NO_GUEST_TOOLS, TOOLS = "guestToolsNotRunning", "guest.toolsRunningStatus"


@dataclass(frozen=True)
class Fault:
    """`fields` let it be mended, `calls` mend it, `effects` are told of it; `check` names it. `machine`: how its VM is made.

    `spoil` is done when the lab runs.
    """

    name: str
    check: str
    calls: tuple[str, ...]
    effects: tuple[str, ...]
    fields: Mapping[str, str]
    machine: Mapping[str, object]
    spoil: Callable[[Session, str], None] | None = None


def _paravirtual(vcenter: Session, name: str) -> None:
    """A data disk on a paravirtual controller of its own."""
    controller = Device.ParaVirtualSCSIController(key=-1, busNumber=1, sharedBus="noSharing", controllerKey=100)
    backing = Device.VirtualDisk.FlatVer2BackingInfo(fileName=f"[{OUTSIDE}]", diskMode="persistent", thinProvisioned=True)
    disk = Device.VirtualDisk(key=-2, controllerKey=-1, unitNumber=0, capacityInKB=1 << 20, backing=backing)
    vcenter.reconfigure(vcenter.vm(name), device("add", controller), device("add", disk, "create"))


def _snapshot(vcenter: Session, name: str) -> None:
    vcenter.run(vcenter.vm(name).CreateSnapshot_Task("night", "", memory=False, quiesce=False))


def _deltas(vcenter: Session, name: str) -> None:
    """A snapshot was removed, and its files are left."""
    _snapshot(vcenter, name)
    vcenter.vcenter.control.leave_deltas(name)
    vcenter.run(vcenter.vm(name).RemoveAllSnapshots_Task())


SNAPSHOT = Fault(
    "snapshot", "NoSnapshots", ("RemoveAllSnapshots_Task",), ("RemoveSnapshots",), {"removeSnapshots": "Automatic"}, {}, _snapshot
)
DELTAS = Fault(
    "consolidation",
    "NoSnapshots",
    ("ConsolidateVMDisks_Task",),
    ("RemoveSnapshots",),
    {"removeSnapshots": "Automatic"},
    {},
    _deltas,
)
UUID = Fault(
    "no disk.EnableUUID",
    "DiskEnableUuid",
    ("ReconfigVM_Task", *CYCLE),
    ("SetDiskUuid", "PowerCycle"),
    {"enableDiskUuid": "Automatic"},
    {"extra_config": {}},
)
PARAVIRTUAL = Fault(
    "paravirtual controller",
    "LsiLogicOnly",
    ("ReconfigVM_Task", *CYCLE),
    ("ReplaceControllers",),
    {"replaceControllers": "Automatic"},
    {},
    _paravirtual,
)
STORAGE_DRS = Fault(
    "Storage DRS",
    "StorageDrsExcluded",
    ("ConfigureStorageDrsForPod_Task",),
    ("ExcludeFromStorageDrs",),
    {"excludeFromStorageDrs": "Automatic"},
    {"datastore": IN_POD},
)
DRS = Fault(
    "DRS",
    "DrsAutomation",
    ("ReconfigureComputeResource_Task",),
    ("ExcludeFromDrs",),
    {"excludeFromDrs": "Automatic"},
    {"host": BUSY},
)

SCENARIOS: dict[str, tuple[Fault, ...]] = {
    "mt-1": (SNAPSHOT, PARAVIRTUAL, DRS),
    "mt-2": (SNAPSHOT, UUID, STORAGE_DRS),
    "mt-3": (DELTAS, UUID, DRS),
    "mt-4": (DELTAS, PARAVIRTUAL, STORAGE_DRS),
    "mt-5": (SNAPSHOT, UUID, PARAVIRTUAL),
    "mt-6": (UUID, STORAGE_DRS, DRS),
    "mt-7": (PARAVIRTUAL, STORAGE_DRS, DRS),
    "mt-8": (SNAPSHOT, STORAGE_DRS),  # and its datastores are not discovered
    "mt-9": (DELTAS, UUID, PARAVIRTUAL),
    "mt-10": (SNAPSHOT, UUID),  # and the site has no failback policy
}
UNDISCOVERED, WITHOUT_POLICY = "mt-8", "mt-10"
OF_THE_SITE = ("policies.put", "mappings.put", "refreshProvider")
"""Site Recovery's operations that mend what is wrong at the site, one after the other."""


def faults_of(name: str) -> list[str]:
    """What is wrong in a scenario, in words."""
    more = {UNDISCOVERED: ["datastores not discovered"], WITHOUT_POLICY: ["no failback policy"]}
    return [fault.name for fault in SCENARIOS[name]] + more.get(name, [])


def scenario(path: Path) -> Path:
    """The demo's site with these ten master targets instead of its own."""
    raw = yaml.safe_load(Path(DEMO_SCENARIO).read_text())
    like = next(each for each in raw["vcenter"]["machines"] if each["name"] == "mt-win-1")
    server = next(each for each in raw["vault"]["master_targets"] if each["name"] == "mt-win-1")
    raw["vcenter"]["machines"] = [each for each in raw["vcenter"]["machines"] if not each["name"].startswith("mt-")]
    raw["vault"]["master_targets"] = [each for each in raw["vault"]["master_targets"] if not each["name"].startswith("mt-")]
    for number, (name, faults) in enumerate(SCENARIOS.items(), start=1):
        address = f"10.10.0.{100 + number}"
        machine = {**like, "name": name, "host": QUIET, "datastore": OUTSIDE, "ips": [address]}
        for fault in faults:
            machine |= fault.machine
        raw["vcenter"]["machines"].append(machine)
        raw["vault"]["master_targets"].append({**server, "name": name, "machine": name, "ip_address": address})
    path.write_text(yaml.safe_dump(raw))
    return path


def spoil(site: Rehearsal, vcenter: Session) -> None:
    """Bring about what is not there from the start."""
    for name, faults in SCENARIOS.items():
        for fault in faults:
            if fault.spoil is not None:
                fault.spoil(vcenter, name)
    control = site.lab.vcenter.control
    control.set("VirtualMachine", UNDISCOVERED, TOOLS, NO_GUEST_TOOLS)
    site.lab.azure.discover()
    control.set("VirtualMachine", UNDISCOVERED, TOOLS, "guestToolsRunning")
    for kind, thing in (("mapping", "policy-24h-failback-mapping"), ("policy", "policy-24h-failback")):
        site.lab.azure.set(kind, thing, "exists", value=False)


def master_target(name: str) -> Json:
    """The scenario's object; nothing is mended yet."""
    return {
        "kind": "MasterTarget",
        "metadata": {"name": name, "namespace": "dr"},
        "spec": {"siteRef": {"name": "tokyo"}, "serverName": name},
    }


def permission(name: str) -> Json:
    """What lets its faults be mended."""
    allowed = {field: value for fault in SCENARIOS[name] for field, value in fault.fields.items()}
    return {"remediation": allowed, "allowPowerCycle": True}


def calls_of(name: str) -> list[str]:
    """The mutating calls to vCenter that mend it, each once; one power cycle does for all that need one."""
    calls = [call for fault in SCENARIOS[name] for call in fault.calls if call not in CYCLE]
    needs_cycle = any(set(CYCLE) <= set(fault.calls) for fault in SCENARIOS[name])
    return [*calls, *(CYCLE if needs_cycle else ())]


def effects_of(name: str) -> set[str]:
    """The effects that its ledger tells then: replacing controllers includes a power cycle."""
    effects = {effect for fault in SCENARIOS[name] for effect in fault.effects}
    return effects - {"PowerCycle"} if "ReplaceControllers" in effects else effects


def calls_of_all() -> Counter[str]:
    """Those of all scenarios."""
    return Counter(call for name in SCENARIOS for call in calls_of(name))
