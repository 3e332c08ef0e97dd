"""A machine comes home to an alternate location: a new VM on the master target's host and the datastore that the plan names."""

from collections.abc import Iterator

import pytest
from pyVmomi import vim
from tests.integration.operator.conftest import add_site, rehearsal
from tests.integration.operator.rehearsal import Rehearsal, moment, plan
from tests.integration.vcenter.conftest import Session

from failback_lab.site import LabOptions
from failback_lab.toolchain import Binaries

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-alternate"), pytest.mark.timeout(300)]
MACHINE, STORE, HOST = "crm-1", "vmfs-infra-1", "esx-3.tokyo.example.com"


@pytest.fixture(scope="module")
def site(lab_binaries: Binaries) -> Iterator[Rehearsal]:
    """A site `tokyo` whose operator looks for VMs every other second."""
    with rehearsal(LabOptions(speed=180), lab_binaries, {"FAILBACK_VSPHERE_SEARCH_SECONDS": "2"}) as here:
        add_site(here, "tokyo", here.lab.azure, here.lab.vcenter)
        yield here


def test_a_machine_comes_home_as_a_new_vm_once_its_old_one_is_gone(site: Rehearsal) -> None:
    wanted = {"location": "Alternate", "datastore": STORE}
    site.apply(plan("elsewhere", "tokyo", MACHINE, stage="Protected", failedOverBefore=moment(), **wanted))
    site.until_said("FailbackPlan", "elsewhere", "False", f"VM {MACHINE}", "disks reprotect would overwrite")
    planned = site.finding("FailbackPlan", "elsewhere", "NewVMPlanned")
    assert planned["severity"] == "Info"
    assert f"host {HOST} (of tokyo-mt-win-1), datastore {STORE}" in planned["observed"]
    vcenter = Session(site.lab.vcenter)  # ends with the lab
    vcenter.vm(MACHINE).UnregisterVM()
    site.until_said("FailbackPlan", "elsewhere", "True", "StageReached")
    assert site.operations(MACHINE) == [
        "reProtect/InMage",
        "unplannedFailover/InMage",
        "failoverCommit/-",
        "reProtect/InMageAzureV2",
    ]
    made = vcenter.vm(MACHINE)
    assert (made.runtime.host.name, made.runtime.powerState) == (HOST, "poweredOn")
    disks = [each for each in made.config.hardware.device if isinstance(each, vim.vm.device.VirtualDisk)]
    assert [each.backing.datastore.name for each in disks] == [STORE, STORE]
    site.assert_sound()
