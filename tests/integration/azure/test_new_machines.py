"""A machine without a VM comes back as a new one, on the master target's host and the datastore that is named."""

from typing import Any

import pytest
from pyVmomi import vim
from tests.integration.azure.clients import Vault, child_codes, disks, wait
from tests.integration.vcenter.conftest import Session

from failback_lab.vcenter import VCenter

STORE = "vmfs-prod-2"
GIB = 1024**3


@pytest.fixture
def gone(site_vault: Vault, site: Session) -> Vault:
    """A vault of whose machines crm-1 has no VM any more; the files are still there."""
    site.vm("crm-1").UnregisterVM()
    return site_vault


def to_new(vault: Vault, store: str | None = STORE) -> dict[str, Any]:
    body = vault.to_site()
    details = body["properties"]["providerSpecificDetails"]
    details["datastoreName"] = store
    return body


def test_it_is_made_anew_where_the_master_target_is(gone: Vault, site: Session) -> None:
    """Source: requirements R21, R22: on the master target's host, on the named datastore; facts, section 2 (S4 to S7)."""
    own = disks(site, "mt-win-1")
    assert gone.run("crm-1", "reProtect", to_new(gone)).properties.state == "Succeeded"
    assert disks(site, "mt-win-1") == own + 2
    gone.wait_state("crm-1")
    job = gone.run("crm-1", "unplannedFailover", gone.failover("InMage", recoveryPointType="LatestTime"))
    assert job.properties.state == "Succeeded"
    assert disks(site, "mt-win-1") == own
    made = site.vm("crm-1")
    assert made.runtime.host.name == site.vm("mt-win-1").runtime.host.name
    assert (made.runtime.powerState, made.config.hardware.memoryMB) == ("poweredOn", 4096)
    found = [d for d in made.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)]
    assert [d.capacityInBytes // GIB for d in found] == [80, 60]
    assert {d.backing.datastore.name for d in found} == {STORE}
    assert len({d.backing.uuid for d in found}) == 2
    wait(lambda: made.guest.toolsRunningStatus, lambda status: status == "guestToolsRunning")
    assert gone.run("crm-1", "failoverCommit").properties.state == "Succeeded"
    assert gone.run("crm-1", "reProtect", gone.to_azure()).properties.state == "Succeeded"


@pytest.mark.parametrize("store", ["nfs-iso-1", "vmfs-prod-9", None])
def test_the_datastore_must_be_one_of_the_master_targets(gone: Vault, store: str | None) -> None:
    """Source: facts, section 3: an alternate location takes VMDKs on VMFS or vSAN only; requirement R21."""
    assert child_codes(gone, gone.run("crm-1", "reProtect", to_new(gone, store))) == ["LAB-UNKNOWN-30"]


def test_the_datastore_must_have_room(gone: Vault, own_vcenter: VCenter) -> None:
    """Source: facts, section 9: to an alternate location all of the data is copied."""
    own_vcenter.control.set("Datastore", STORE, "summary.freeSpace", 140 * GIB - 1)
    assert child_codes(gone, gone.run("crm-1", "reProtect", to_new(gone))) == ["LAB-UNKNOWN-31"]
    own_vcenter.control.set("Datastore", STORE, "summary.freeSpace", 140 * GIB)
    assert gone.run("crm-1", "reProtect", to_new(gone)).properties.state == "Succeeded"
