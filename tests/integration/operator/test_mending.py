"""Master targets that the operator mends by itself: several faults at once, from not Ready to Ready, killed on the way."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import vim
from tests.integration.operator.conftest import add_site, rehearsal
from tests.integration.operator.rehearsal import Rehearsal
from tests.integration.vcenter.conftest import Session, device

from failback_lab.site import LabOptions
from failback_lab.toolchain import Binaries

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-mending"), pytest.mark.timeout(300)]
TARGET, NAME, TEMPLATE, NEW = "tokyo-mt-win-1", "mt-win-1", "mail-relay-1", "mt-lin-2"
ONCE = ("RemoveAllSnapshots_Task", "ReconfigureComputeResource_Task", "ReconfigVM_Task")
Device = vim.vm.device


@pytest.fixture(scope="module")
def site(lab_binaries: Binaries) -> Iterator[Rehearsal]:
    """A site `tokyo` whose operator looks for VMs every other second."""
    with rehearsal(LabOptions(speed=60), lab_binaries, {"FAILBACK_VSPHERE_SEARCH_SECONDS": "2"}) as here:
        add_site(here, "tokyo", here.lab.azure, here.lab.vcenter)
        here.until_said("MasterTarget", TARGET, "True")
        yield here


def spoil(site: Rehearsal, vcenter: Session) -> None:
    """A snapshot, a data disk on a paravirtual controller, and a cluster whose DRS moves VMs by itself."""
    vm = vcenter.vm(NAME)
    controller = Device.ParaVirtualSCSIController(key=-1, busNumber=1, sharedBus="noSharing", controllerKey=100)
    backing = Device.VirtualDisk.FlatVer2BackingInfo(fileName="[vmfs-infra-1]", diskMode="persistent", thinProvisioned=True)
    disk = Device.VirtualDisk(key=-2, controllerKey=-1, unitNumber=0, capacityInKB=1 << 20, backing=backing)
    vcenter.reconfigure(vm, device("add", controller), device("add", disk, "create"))
    vcenter.run(vm.CreateSnapshot_Task("night", "", memory=False, quiesce=False))
    control = site.lab.vcenter.control
    config = control.get("ClusterComputeResource", "infra", "configurationEx")
    config["drsConfig"] = {**config["drsConfig"], "enabled": True, "defaultVmBehavior": "fullyAutomated"}
    control.set("ClusterComputeResource", "infra", "configurationEx", config)


def ledger(site: Rehearsal, name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = site.get("MasterTarget", name).get("status", {}).get("ledger", [])
    return entries


def kill_once_begun(site: Rehearsal, number: int) -> None:
    """kill -9 at some moment after the answer to the first call of the effect of that number, and start again.

    Between intent and answer it would not be known whether a guest was asked to shut down, and a person be waited for.
    """
    site.eventually(lambda: ledger(site, TARGET), lambda found: [e["outcome"] != "Intended" for e in found].count(True) >= number)
    site.operator.kill()
    site.operator.start()


def test_three_faults_are_mended_though_the_operator_is_killed_again_and_again(site: Rehearsal) -> None:
    vcenter = Session(site.lab.vcenter)  # ends with the lab
    spoil(site, vcenter)
    told = site.until_said("MasterTarget", TARGET, "False")
    assert told["reason"] in {"NoSnapshots", "LsiLogicOnly", "Blocked"}, told
    site.lab.vcenter.control.stats(reset=True)
    automatic = dict.fromkeys(("removeSnapshots", "replaceControllers", "excludeFromDrs"), "Automatic")
    site.patch("MasterTarget", TARGET, {"remediation": automatic, "allowPowerCycle": True})
    for number in (1, 2, 3, 3):
        kill_once_begun(site, number)
    site.pid = site.operator.pid
    site.until_said("MasterTarget", TARGET, "True")
    site.eventually(lambda: ledger(site, TARGET), lambda found: {e["outcome"] for e in found} <= {"Succeeded", "NotSent"})
    vm = vcenter.vm(NAME)
    kinds = [type(d) for d in vm.config.hardware.device if isinstance(d, Device.VirtualSCSIController)]
    assert kinds == [Device.VirtualLsiLogicSASController] * 2
    assert vcenter.read(vm, "snapshot") == ({}, {})
    assert (vm.runtime.powerState, len(vcenter.disks(vm))) == ("poweredOn", 3)
    calls = site.lab.vcenter.control.stats()
    assert {method: calls.get(method) for method in ONCE} == dict.fromkeys(ONCE, 1)
    effects = [e["effect"] for e in ledger(site, TARGET) if e["outcome"] == "Succeeded"]
    assert sorted(effects) == ["ExcludeFromDrs", "RemoveSnapshots", "ReplaceControllers"]
    site.assert_sound()


def test_a_vm_is_made_from_a_template_and_waits_for_its_registration(site: Rehearsal) -> None:
    site.lab.vcenter.control.set("VirtualMachine", TEMPLATE, "config.template", True)
    spec = {
        "siteRef": {"name": "tokyo"},
        "serverName": NEW,
        "remediation": {"makeFromTemplate": "Automatic"},
        "template": {"name": TEMPLATE, "cluster": "infra", "datastore": "vmfs-infra-1", "cpus": 4, "memoryMib": 8192},
    }
    site.apply({"kind": "MasterTarget", "metadata": {"name": "tokyo-mt-lin-2", "namespace": "dr"}, "spec": spec})
    site.until_said("MasterTarget", "tokyo-mt-lin-2", "True", condition="VMFound")
    vm = Session(site.lab.vcenter).vm(NEW)
    assert vm.runtime.powerState == "poweredOn"
    assert {o.key: o.value for o in vm.config.extraConfig}["disk.EnableUUID"] == "TRUE"
    assert (vm.config.hardware.memoryMB, vm.config.hardware.numCPU) == (8192, 4)
    left = site.eventually(
        lambda: site.finding("MasterTarget", "tokyo-mt-lin-2", "MasterTargetRegistered"),
        lambda found: "has made VM mt-lin-2" in found.get("remedy", ""),
    )
    assert "Register the master target in it" in left["remedy"]
    assert [(e["key"], e["outcome"]) for e in ledger(site, "tokyo-mt-lin-2")] == [("MakeFromTemplate/mt-lin-2/1", "Succeeded")]
    assert site.lab.vcenter.control.stats().get("CloneVM_Task") == 1
    site.assert_sound()
