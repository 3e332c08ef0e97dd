"""What a site lets the operator mend in Azure: from False to True by its own calls, each made once though it is killed."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.operator.conftest import add_site, rehearsal
from tests.integration.operator.rehearsal import Rehearsal
from tests.integration.verdicts.vcenter_parts import guest_disk

from failback_lab.site import LabOptions
from failback_lab.toolchain import Binaries

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-azure-mending"), pytest.mark.timeout(200)]
SITE, TARGET = "tokyo", "tokyo-mt-win-1"
POLICY, CHECK = "failback-15-1440-60", "FailbackPolicyAssociated"
SETTINGS = {"FAILBACK_RETENTION_LISTED_SECONDS": "4", "FAILBACK_REFRESH_INTERVAL_SECONDS": "600"}


@pytest.fixture(scope="module")
def site(lab_binaries: Binaries) -> Iterator[Rehearsal]:
    """A site `tokyo` that is Ready, whose operator may mend nothing yet."""
    with rehearsal(LabOptions(speed=60), lab_binaries, SETTINGS) as here:
        add_site(here, SITE, here.lab.azure, here.lab.vcenter)
        yield here


def ledger(site: Rehearsal) -> dict[str, str]:
    """Key → outcome."""
    entries: list[dict[str, Any]] = site.get("RecoverySite", SITE).get("status", {}).get("ledger", [])
    return {entry["key"]: entry["outcome"] for entry in entries}


def policy_ledger(site: Rehearsal) -> dict[str, str]:
    """The entries that are about the policy."""
    return {key: outcome for key, outcome in ledger(site).items() if "FailbackPolicy" in key}


def accepted(site: Rehearsal, operation: str) -> list[str]:
    """What was asked for, of the calls that were taken."""
    return [e["path"].rsplit("/", 1)[-1] for e in site.lab.azure.log() if e["operation"] == operation and e["accepted"]]


def test_a_missing_failback_policy_is_made_and_associated_once_though_the_operator_is_killed(site: Rehearsal) -> None:
    azure = site.lab.azure
    azure.set("mapping", "policy-24h-failback-mapping", "exists", value=False)
    azure.set("policy", "policy-24h-failback", "exists", value=False)
    site.until_said("RecoverySite", SITE, "False", "the vault has no failback policy", condition=CHECK)
    azure.fault(kind="slow", method="PUT", path="replicationPolicies", seconds=2)  # taken at once, and answered late
    site.patch("RecoverySite", SITE, {"failbackPolicy": {"create": "IfMissing"}})
    site.eventually(lambda: accepted(site, "policies.put"), lambda found: found)
    site.operator.kill()
    assert policy_ledger(site) == {f"CreateFailbackPolicy/{POLICY}/1": "Intended"}
    site.operator.start()
    site.pid = site.operator.pid
    site.until_said("RecoverySite", SITE, "True", condition=CHECK)
    site.eventually(lambda: set(policy_ledger(site).values()), lambda found: found == {"Succeeded"})
    assert [key.split("/")[0] for key in policy_ledger(site)] == ["CreateFailbackPolicy", "AssociateFailbackPolicy"]
    assert (accepted(site, "policies.put"), accepted(site, "mappings.put")) == ([POLICY], [POLICY])
    site.assert_sound()


def test_a_new_retention_volume_is_waited_for_and_then_listed_by_a_refresh(site: Rehearsal) -> None:
    site.until_said("MasterTarget", TARGET, "True")
    site.patch("RecoverySite", SITE, {"remediation": {"refreshProvider": "Automatic"}})
    volumes = [guest_disk(path, "NTFS") for path in ("C:\\", "R:\\", "S:\\")]
    site.lab.vcenter.control.set("VirtualMachine", "mt-win-1", "guest.disk", volumes)
    site.patch("MasterTarget", TARGET, {"retentionVolume": "S"})
    told = site.eventually(
        lambda: site.finding("MasterTarget", TARGET, "RetentionVolume"), lambda found: "waits until" in found.get("remedy", "")
    )
    assert "The operator waits until" in told["remedy"]
    site.until_said("MasterTarget", TARGET, "True", condition="RetentionReady")
    site.eventually(lambda: ledger(site).get("RefreshProvider/1"), lambda found: found == "Succeeded")
    assert accepted(site, "refreshProvider") == ["refreshProvider"]
    assert site.finding("RecoverySite", SITE, "DiscoveryRefresh") == {}
    site.rests()
    site.assert_sound()
