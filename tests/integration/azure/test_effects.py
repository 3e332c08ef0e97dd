"""Operations reach the other world: what reprotect, failback and commit do in vCenter, and how they fail there half-way."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyVmomi import vim
from tests.integration.azure.clients import Vault, child_codes, codes, disks, wait
from tests.integration.vcenter.conftest import Session

from failback_lab.azure.client import AzureLab
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.vcenter import VCenter

GROUP = ("payroll-db-1", "payroll-app-1", "payroll-web-1")


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


def test_host_short_of_memory_at_failback(site_vault: Vault, own_vcenter: VCenter) -> None:
    """Source: facts, section 3 (8038): the machine stays off, its disks are home, the failover waits for its commit."""
    site_vault.reprotected("crm-1")
    own_vcenter.control.set("HostSystem", "esx-1.tokyo.example.com", "summary.hardware.memorySize", 1 << 30)
    own_vcenter.control.set("HostSystem", "esx-2.tokyo.example.com", "summary.quickStats.overallMemoryUsage", 256 * 1024 - 4095)
    job = site_vault.run("crm-1", "unplannedFailover", site_vault.failover("InMage", recoveryPointType="LatestTime"))
    assert (job.properties.state, codes(job)) == ("Failed", ["8038"])
    assert site_vault.item("crm-1").properties.protection_state == "UnplannedFailoverCommitPendingStatesBegin"


def test_drs_chooses_a_host_that_has_the_memory(site_vault: Vault, own_vcenter: VCenter, site: Session) -> None:
    """Source: API, ClusterDrsConfigInfo: with DRS a host is chosen when a machine is switched on."""
    site_vault.reprotected("crm-1")
    own_vcenter.control.set("HostSystem", "esx-1.tokyo.example.com", "summary.hardware.memorySize", 1 << 30)
    job = site_vault.run("crm-1", "unplannedFailover", site_vault.failover("InMage", recoveryPointType="LatestTime"))
    assert job.properties.state == "Succeeded"
    assert site.vm("crm-1").runtime.powerState == "poweredOn"


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
