"""Why a reprotect fails: each reason is judged by the simulator from its own reading of vCenter."""

from typing import Any

import pytest
from pyVmomi import vim
from tests.integration.azure.clients import Vault, disks, refused
from tests.integration.vcenter.conftest import Session

from failback_lab.vcenter import VCenter


def test_snapshot_on_the_master_target(site_vault: Vault, site: Session) -> None:
    """Source: requirement R8; facts, section 3 (a symptom without a code)."""
    site.run(site.vm("mt-win-1").CreateSnapshot_Task("before", "", memory=False, quiesce=False))
    assert refused(site_vault) == ["LAB-UNKNOWN-1"]
    site.run(site.vm("mt-win-1").RemoveAllSnapshots_Task())
    assert site_vault.run("crm-1", "reProtect", site_vault.to_site()).properties.state == "Succeeded"


def test_paravirtual_controller_on_the_master_target(site_vault: Vault, site: Session) -> None:
    """Source: requirement R9; facts, section 3."""
    controller = vim.vm.device.ParaVirtualSCSIController(key=-1, busNumber=3, sharedBus="noSharing")
    change = vim.vm.device.VirtualDeviceSpec(operation="add", device=controller)
    site.run(site.vm("mt-win-1").ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))
    assert refused(site_vault) == ["LAB-UNKNOWN-2"]


def test_master_target_is_off(site_vault: Vault, site: Session) -> None:
    """Source: requirement R18: without the running machine there is no master target."""
    site.run(site.vm("mt-win-1").PowerOffVM_Task())
    assert refused(site_vault) == ["LAB-UNKNOWN-9"]


def test_master_target_is_full(site_vault: Vault, site: Session) -> None:
    """Source: requirement R6: 60 disks are accepted, 61 are not."""
    target = site.vm("mt-win-1")
    assert disks(site, "mt-win-1") == 2
    changes: list[Any] = []
    for bus in (1, 2, 3):
        controller = vim.vm.device.VirtualLsiLogicSASController(key=-bus, busNumber=bus, sharedBus="noSharing")
        changes.append(vim.vm.device.VirtualDeviceSpec(operation="add", device=controller))
    site.run(target.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=changes)))
    keys = [d.key for d in target.config.hardware.device if isinstance(d, vim.vm.device.VirtualSCSIController)]
    places = [(k, u) for k in keys for u in range(16) if u != 7 and (k, u) not in ((keys[0], 0), (keys[0], 1))]
    site.run(target.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[new_disk(i, *p) for i, p in enumerate(places[:56])])))
    assert disks(site, "mt-win-1") == 58
    assert refused(site_vault, "files-1") == ["LAB-UNKNOWN-3"]
    site_vault.reprotected("crm-1")
    assert disks(site, "mt-win-1") == 60


def new_disk(number: int, controller: int, unit: int) -> Any:
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName="[vmfs-infra-1]", diskMode="persistent")
    disk = vim.vm.device.VirtualDisk(
        key=-(100 + number), controllerKey=controller, unitNumber=unit, backing=backing, capacityInKB=1024
    )
    return vim.vm.device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk)


def test_disk_uuid_is_off(site_vault: Vault) -> None:
    """Source: requirement R19; the demo's mt-lin-1 has a snapshot and no disk.EnableUUID."""
    assert refused(site_vault, "mail-relay-1", target="mt-lin-1", drive="/mnt/retention") == ["LAB-UNKNOWN-1"]


def test_disk_uuid_is_off_once_the_snapshot_is_gone(site_vault: Vault, site: Session) -> None:
    """Source: requirement R19."""
    site.run(site.vm("mt-lin-1").RemoveAllSnapshots_Task())
    assert refused(site_vault, "mail-relay-1", target="mt-lin-1", drive="/mnt/retention") == ["LAB-UNKNOWN-4"]
    option = vim.option.OptionValue(key="disk.EnableUUID", value="TRUE")
    site.run(site.vm("mt-lin-1").ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=[option])))
    site_vault.reprotected("mail-relay-1", target="mt-lin-1", drive="/mnt/retention")


def test_master_target_and_machine_of_one_template(site_vault: Vault, own_vcenter: VCenter) -> None:
    """Source: facts, section 3: MT and VM cloned from one template (UUID clash)."""
    devices = "config.hardware.device"
    found = own_vcenter.control.get("VirtualMachine", "crm-1", devices)
    uuid = next(d["backing"]["uuid"] for d in found if d["_typeName"] == "VirtualDisk")
    target = own_vcenter.control.get("VirtualMachine", "mt-win-1", devices)
    disk = next(d for d in target if d["_typeName"] == "VirtualDisk")
    disk["backing"]["uuid"] = uuid
    own_vcenter.control.set("VirtualMachine", "mt-win-1", devices, target)
    assert refused(site_vault) == ["LAB-UNKNOWN-32"]


def test_no_datastore_without_tools(site_vault: Vault, own_vcenter: VCenter) -> None:
    """Source: requirement R18; facts, section 3: datastore list empty."""
    own_vcenter.control.set("VirtualMachine", "mt-win-1", "guest.toolsRunningStatus", "guestToolsNotRunning")
    site_vault.azure.discover()
    assert site_vault.target("mt-win-1").data_stores == []
    assert refused(site_vault) == ["LAB-UNKNOWN-14"]


def test_no_datastore_with_nfs_only(site_vault: Vault, own_vcenter: VCenter) -> None:
    """Source: requirement R24; facts, section 3: only NFS on the host."""
    for name in ("vmfs-prod-1", "vmfs-prod-2", "vmfs-infra-1"):
        own_vcenter.control.set("Datastore", name, "summary.type", "NFS")
    site_vault.azure.discover()
    assert site_vault.target("mt-win-1").data_stores == []
    assert refused(site_vault) == ["LAB-UNKNOWN-14"]


def test_datastore_of_the_machine_is_read_only_on_the_target_s_host(
    site_vault: Vault, own_vcenter: VCenter, site: Session
) -> None:
    """Source: requirement R20; facts, section 3 (8061)."""
    mounts = site.find(vim.Datastore, "vmfs-prod-2").host
    value = [
        {
            "_typeName": "DatastoreHostMount",
            "key": {"_typeName": "ManagedObjectReference", "type": "HostSystem", "value": m.key._moId},
            "mountInfo": {"_typeName": "HostMountInfo", "accessMode": "readOnly", "mounted": True, "accessible": True},
        }
        for m in mounts
    ]
    own_vcenter.control.set("Datastore", "vmfs-prod-2", "host", value)
    assert refused(site_vault) == ["8061"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("vm", "crm-1-az", "power", "deallocated"), "78093"),
        (("nic", "crm-1-az-nic", "network", "vnet-other"), "78093"),
        (("connection", "cn-tokyo", "status", "NotConnected"), "95226"),
        (("item", "crm-1", "agent_registered", False), "LAB-UNKNOWN-6"),
        (("item", "crm-1", "known", False), "LAB-UNKNOWN-19"),
        (("fabric", "cs-1", "connected", False), "LAB-UNKNOWN-18"),
    ],
)
def test_what_fails_on_the_other_side(own_vault: Vault, change: tuple[str, str, str, Any], code: str) -> None:
    """Source: facts, section 3."""
    own_vault.azure.set(*change)
    assert refused(own_vault) == [code]


@pytest.mark.parametrize(
    ("machine", "choice", "code"),
    [
        ("crm-1", {"drive": "Q"}, "LAB-UNKNOWN-5"),
        ("mail-relay-1", {}, "LAB-UNKNOWN-7"),
    ],
)
def test_wrong_choices(own_vault: Vault, machine: str, choice: dict[str, str], code: str) -> None:
    """Source: requirements R16 (retention volume) and R7 (Linux machines need a Linux master target)."""
    assert refused(own_vault, machine, **choice) == [code]


def test_machine_of_the_same_name_in_place_of_the_original(site_vault: Vault, site: Session) -> None:
    """Source: facts, section 3 (78052): a VM of that name on the master target's host while the original is absent."""
    site.run(site.vm("crm-1").Destroy_Task())
    site.run(site.vm("ps-onprem-1").Rename_Task("crm-1"))
    site.run(site.vm("crm-1").RelocateVM_Task(vim.vm.RelocateSpec(host=site.vm("mt-win-1").runtime.host)))
    assert refused(site_vault) == ["78052"]
