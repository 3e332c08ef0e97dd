"""Operations reach the other world: what reprotect, failback and commit do in vCenter, and why they fail there.

Each refusal is judged by the simulator from its own reading of vCenter.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pyVim.connect import Disconnect
from pyVmomi import vim
from tests.integration.azure.clients import Vault, codes, wait
from tests.integration.vcenter.conftest import Session

from failback_lab.azure.client import AzureLab
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.vcenter import VCenter

GROUP = ("payroll-db-1", "payroll-app-1", "payroll-web-1")
HOSTS = ("esx-1", "esx-2", "esx-3", "esx-4")


@pytest.fixture
def site(own_vcenter: VCenter) -> Iterator[Session]:
    session = Session(own_vcenter)
    yield session
    Disconnect(session.si)


def disks(site: Session, machine: str) -> int:
    devices = site.vm(machine).config.hardware.device
    return sum(isinstance(d, vim.vm.device.VirtualDisk) for d in devices)


def child_codes(vault: Vault, job: Any) -> list[str]:
    """Codes of the child job that did the work."""
    child = job.properties.tasks[-1].group_task_custom_details.child_tasks[0].custom_details.job_task
    return codes(vault.job(child.job_id.rsplit("/", 1)[-1]))


def refused(vault: Vault, machine: str = "crm-1", **choice: str) -> list[str]:
    job = vault.run(machine, "reProtect", vault.to_site(**choice))
    assert job.properties.state == "Failed"
    assert vault.item(machine).properties.allowed_operations[-1] == "SwitchProtection"
    return child_codes(vault, job)


def test_a_machine_goes_home_and_its_disks_with_it(site_vault: Vault, site: Session) -> None:
    """Source: facts, sections 2 and 9: reprotect powers off, merges snapshots, attaches; failback detaches and powers on."""
    vault, machine = site_vault, "crm-1"
    own = disks(site, "mt-win-1")
    site.run(site.vm(machine).CreateSnapshot_Task("before", "", memory=False, quiesce=False))
    site.run(site.vm(machine).PowerOnVM_Task())

    vault.reprotected(machine)
    assert disks(site, "mt-win-1") == own + 2
    assert vault.target("mt-win-1").disk_count == own + 2
    assert site.vm(machine).runtime.powerState == "poweredOff"
    assert "snapshot" not in site.read(site.vm(machine), "snapshot")[0]

    vault.run(machine, "unplannedFailover", vault.failover("InMage", recoveryPointType="LatestTime"))
    assert disks(site, "mt-win-1") == own
    assert site.vm(machine).runtime.powerState == "poweredOn"
    wait(lambda: site.vm(machine).guest.toolsRunningStatus, lambda status: status == "guestToolsRunning")
    assert disks(site, machine) == 2

    vault.run(machine, "failoverCommit")
    assert "crm-1-az" not in vault.azure.state()["vms"]
    vault.run(machine, "reProtect", vault.to_azure())
    assert vault.wait_state(machine).properties.provider_specific_details.instance_type == "InMageAzureV2"
    assert site.vm(machine).runtime.powerState == "poweredOn"


def test_a_group_goes_home_together(site_vault: Vault, site: Session) -> None:
    """Source: facts, section 0.2: one call a member, to the same master target; disks of all add up."""
    vault, own = site_vault, disks(site, "mt-win-1")
    with ThreadPoolExecutor() as pool:
        list(pool.map(vault.reprotected, GROUP))
    assert disks(site, "mt-win-1") == own + 11
    assert vault.azure.state()["masterTargets"]["mt-win-1"]["diskCount"] == own + 11
    back = vault.failover("InMage", recoveryPointType="LatestTime")
    left = own + 11
    for machine, count in zip(GROUP, (6, 3, 2), strict=True):
        assert vault.run(machine, "unplannedFailover", back).properties.state == "Succeeded"
        left -= count
        assert disks(site, "mt-win-1") == left
    for machine in GROUP:
        vault.run(machine, "failoverCommit")
        vault.run(machine, "reProtect", vault.to_azure())
    for machine in GROUP:
        assert vault.wait_state(machine).properties.allowed_operations[0] == "UnplannedFailover"
    assert vault.azure.counts()["operations"]["payroll-db-1"] == {
        "reProtect/InMage": 1,
        "unplannedFailover/InMage": 1,
        "failoverCommit": 1,
        "reProtect/InMageAzureV2": 1,
    }


def test_one_call_may_carry_the_whole_group(
    tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario, own_vcenter: VCenter, site: Session
) -> None:
    """Source: facts, section 0.2: whether one POST carries a group is inferred, so the lab can do it either way."""
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, own_vcenter, speed=600, group_reprotect=True) as lab:
        lab.discover()
        vault, own = Vault(lab), disks(site, "mt-win-1")
        job = vault.run("payroll-app-1", "reProtect", vault.to_site())
        assert job.properties.tasks[-1].friendly_name == "Reprotecting virtual machine (3)"
        assert disks(site, "mt-win-1") == own + 11


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
    assert refused(site_vault) == ["LAB-UNKNOWN-11"]
    site.run(site.vm("ps-onprem-1").Rename_Task("crm-1"))
    site.run(site.vm("crm-1").RelocateVM_Task(vim.vm.RelocateSpec(host=site.vm("mt-win-1").runtime.host)))
    assert refused(site_vault) == ["78052"]


def test_host_short_of_memory_at_failback(site_vault: Vault, own_vcenter: VCenter) -> None:
    """Source: facts, section 3 (8038): the machine stays off, its disks are home, the failover waits for its commit."""
    site_vault.reprotected("crm-1")
    for host in HOSTS:
        own_vcenter.control.set("HostSystem", f"{host}.tokyo.example.com", "summary.hardware.memorySize", 1 << 30)
    job = site_vault.run("crm-1", "unplannedFailover", site_vault.failover("InMage", recoveryPointType="LatestTime"))
    assert (job.properties.state, codes(job)) == ("Failed", ["8038"])
    assert site_vault.item("crm-1").properties.protection_state == "UnplannedFailoverCommitPendingStatesBegin"


def test_disk_that_moved_cannot_be_detached(site_vault: Vault, site: Session) -> None:
    """Source: requirement R15; facts, section 3: disk detach fails at failback after a Storage vMotion."""
    site_vault.reprotected("crm-1")
    target = site.vm("mt-win-1")
    move = vim.vm.RelocateSpec(datastore=site.find(vim.Datastore, "vmfs-prod-1"))
    site.run(target.RelocateVM_Task(move))
    job = site_vault.run("crm-1", "unplannedFailover", site_vault.failover("InMage", recoveryPointType="LatestTime"))
    assert (job.properties.state, codes(job)) == ("Failed", ["LAB-UNKNOWN-10"])
    item = site_vault.item("crm-1").properties
    assert "UnplannedFailover" not in item.allowed_operations  # classic failback cannot be retried
    assert site.vm("crm-1").runtime.powerState == "poweredOff"


def test_vcenter_refuses_an_action(site_vault: Vault, own_vcenter: VCenter) -> None:
    """Source: facts, section 9: with a read-only account of the configuration server reprotect fails."""
    own_vcenter.control.missing_privileges(["VirtualMachine.Config.AddExistingDisk"], "asr-cs@vsphere.local")
    job = site_vault.run("crm-1", "reProtect", site_vault.to_site())
    assert child_codes(site_vault, job) == ["LAB-UNKNOWN-12"]


def test_protection_towards_azure_needs_a_server_at_home(site_vault: Vault) -> None:
    """Source: facts, section 9: S8 needs an on-premises process server."""
    site_vault.reprotected("crm-1")
    site_vault.run("crm-1", "unplannedFailover", site_vault.failover("InMage", recoveryPointType="LatestTime"))
    site_vault.run("crm-1", "failoverCommit")
    job = site_vault.run("crm-1", "reProtect", site_vault.to_azure(server="ps-azure-1"))
    assert child_codes(site_vault, job) == ["LAB-UNKNOWN-15"]
    assert site_vault.item("crm-1").properties.allowed_operations[-1] == "SwitchProtection"


def test_new_retention_volume_is_listed_late_or_after_a_refresh(
    tmp_path: Path, lab_ca: LabCa, demo_scenario: Scenario, own_vcenter: VCenter
) -> None:
    """Source: requirements R16, R17; facts, section 1: a new retention drive takes 15 minutes, discovery 30."""
    with AzureLab(tmp_path / "azure", lab_ca, demo_scenario, own_vcenter, speed=60) as lab:
        lab.discover()
        vault = Vault(lab)
        volumes = [
            {"_typeName": "GuestDiskInfo", "diskPath": path, "capacity": 1 << 40, "freeSpace": 1 << 39, "filesystemType": kind}
            for path, kind in (("C:\\", "NTFS"), ("R:\\", "NTFS"), ("S:\\", "NTFS"), ("T:\\", "FAT32"))
        ]
        own_vcenter.control.set("VirtualMachine", "mt-win-1", "guest.disk", volumes)
        assert [v.volume_name for v in vault.target("mt-win-1").retention_volumes] == ["R"]
        provider = next(iter(vault.sdk.replication_recovery_services_providers.list(vault.group, vault.name)))
        vault.sdk.replication_recovery_services_providers.begin_refresh_provider(
            vault.group, vault.name, vault.fabric, provider.name
        ).result()
        assert [v.volume_name for v in vault.target("mt-win-1").retention_volumes] == ["R", "S"]
