"""What people ask for by name: disks of a machine come back from a moved master target, and a VM is deleted. R15, R22."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import vim
from tests.integration.operator.conftest import add_site, rehearsal
from tests.integration.operator.rehearsal import Rehearsal, moment, plan
from tests.integration.vcenter.conftest import Session

from failback_lab.site import LabOptions
from failback_lab.toolchain import Binaries

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-requests"), pytest.mark.timeout(300)]
MACHINE, MASTER_TARGET, DELETED, STORE = "files-1", "mt-win-1", "crm-1", "vmfs-infra-1"
WAIVED = ("StorageLayoutUnchanged", "MasterTargetUntouched")


@pytest.fixture(scope="module")
def site(lab_binaries: Binaries) -> Iterator[Rehearsal]:
    """A site `tokyo` whose operator looks for VMs every other second."""
    with rehearsal(LabOptions(speed=180), lab_binaries, {"FAILBACK_VSPHERE_SEARCH_SECONDS": "2"}) as here:
        add_site(here, "tokyo", here.lab.azure, here.lab.vcenter)
        yield here


def places(vcenter: Session, name: str) -> list[tuple[Any, ...]]:
    """UUID, controller and unit of each disk of a VM."""
    return [(d.backing.uuid, d.controllerKey, d.unitNumber) for d in vcenter.disks(vcenter.vm(name))]


def ledger(site: Rehearsal, machine: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = site.machine(machine).get("status", {}).get("ledger", [])
    return [each for each in entries if each["effect"] in {"ReattachDisks", "PowerOn", "DeleteVm"}]


def remedy(site: Rehearsal, machine: str, check: str) -> str:
    findings = site.machine(machine).get("status", {}).get("findings", [])
    return next((f"{f['observed']} {f['remedy']}" for f in findings if f["check"] == check), "")


def test_disks_that_a_storage_vmotion_took_along_come_back_though_the_operator_is_killed(site: Rehearsal) -> None:
    vcenter = Session(site.lab.vcenter)  # ends with the lab
    before = places(vcenter, MACHINE)
    site.apply(plan("moved", "tokyo", MACHINE, stage="Reprotected", failedOverBefore=moment()))
    site.until_phase(MACHINE, "Reprotected")
    target = vcenter.vm(MASTER_TARGET)
    store = vcenter.find(vim.Datastore, STORE)
    vcenter.run(target.RelocateVM_Task(vim.vm.RelocateSpec(datastore=store), "defaultPriority"))
    site.patch("FailbackPlan", "moved", {"stage": "FailedBack"})
    site.until_said("FailbackPlan", "moved", "False", "moved since the reprotect")
    assert site.operations(MACHINE) == ["reProtect/InMage"], "blocked, until a person chooses"
    word = {"machine": MACHINE, "reason": "known", "by": "dba", "until": moment(hours=1)}
    site.patch("FailbackPlan", "moved", {"waivers": [{"check": check, **word} for check in WAIVED]})
    site.until_phase(MACHINE, "Failed")
    left = site.eventually(
        lambda: remedy(site, MACHINE, "DisksReturned"), lambda found: f"master target VM {MASTER_TARGET}" in found
    )
    assert all(uuid in left for uuid, *_ in before)
    assert f"[{STORE}] {MASTER_TARGET}/" in left
    site.lab.vcenter.control.stats(reset=True)
    site.patch("FailbackPlan", "moved", {"reattach": [{"machine": MACHINE, "reason": "moved at night", "by": "dba"}]})
    site.eventually(lambda: ledger(site, MACHINE), lambda found: found)
    site.operator.kill()
    site.operator.start()
    site.pid = site.operator.pid
    site.eventually(lambda: ledger(site, MACHINE), lambda found: found[-1:] and found[-1]["effect"] == "PowerOn")
    site.eventually(lambda: ledger(site, MACHINE), lambda found: {e["outcome"] for e in found} <= {"Succeeded", "NotSent"})
    vm = vcenter.vm(MACHINE)
    assert (places(vcenter, MACHINE), vm.runtime.powerState) == (before, "poweredOn")
    assert {d.backing.datastore.name for d in vcenter.disks(vm)} == {STORE}
    assert not {uuid for uuid, *_ in before} & {uuid for uuid, *_ in places(vcenter, MASTER_TARGET)}
    assert [e["effect"] for e in ledger(site, MACHINE) if e["outcome"] == "Succeeded"] == ["ReattachDisks", "PowerOn"]
    calls = site.lab.vcenter.control.stats()
    assert (calls.get("ReconfigVM_Task"), calls.get("PowerOnVM_Task")) == (2, 1)
    site.eventually(lambda: remedy(site, MACHINE, "DisksReturned"), lambda found: not found)
    site.assert_sound()


def test_a_vm_that_is_named_is_deleted_before_reprotect(site: Rehearsal) -> None:
    vcenter = Session(site.lab.vcenter)
    uuid = vcenter.vm(DELETED).config.instanceUuid
    wanted = {"location": "Alternate", "datastore": STORE, "stage": "Reprotected", "failedOverBefore": moment()}
    strange = {"machine": DELETED, "instanceUuid": uuid[:-4] + "ffff", "reason": "disks are lost", "by": "dba"}
    site.apply(plan("elsewhere", "tokyo", DELETED, deletions=[strange], **wanted))
    site.eventually(lambda: remedy(site, DELETED, "RequestedDeletionDone"), lambda found: f"VM {DELETED} has {uuid}" in found)
    assert "OriginalVMGone" in {f["check"] for f in site.machine(DELETED)["status"]["findings"]}
    site.rests()
    assert vcenter.vm(DELETED).runtime.powerState == "poweredOff"
    site.lab.vcenter.control.stats(reset=True)
    site.patch("FailbackPlan", "elsewhere", {"deletions": [{**strange, "instanceUuid": uuid}]})
    site.until_phase(DELETED, "Reprotecting", "Reprotected")
    assert site.lab.vcenter.control.stats().get("Destroy_Task") == 1
    (entry,) = ledger(site, DELETED)
    assert (entry["key"], entry["outcome"]) == (f"DeleteVm/{uuid}/1", "Succeeded")
    site.until_phase(DELETED, "Reprotected")
    with pytest.raises(StopIteration):
        vcenter.vm(DELETED)
    site.assert_sound()
