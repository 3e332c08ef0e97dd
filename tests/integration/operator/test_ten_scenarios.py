"""Ten scenarios of three faults each are mended by the operator alone, each call once and no other; the calls are printed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.integration.operator.conftest import rehearsal
from tests.integration.operator.rehearsal import Rehearsal, site_objects
from tests.integration.operator.ten_scenarios import (
    OF_THE_SITE,
    SCENARIOS,
    UNDISCOVERED,
    calls_of_all,
    effects_of,
    faults_of,
    master_target,
    permission,
    scenario,
    spoil,
)
from tests.integration.vcenter.conftest import Session

from failback_lab.site import LabOptions
from failback_lab.toolchain import Binaries

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-ten"), pytest.mark.timeout(300)]
DISCOVERED = "DatastoresDiscovered"
GUEST_CALLS = {"ShutdownGuest", "RebootGuest", "ResetGuest"}
SITE_ALLOWS = {"failbackPolicy": {"create": "IfMissing"}, "remediation": {"refreshProvider": "Automatic"}}


@pytest.fixture(scope="module")
def site(lab_binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The lab with all that is wrong in it, of which nothing may be mended yet."""
    path = scenario(tmp_path_factory.mktemp("ten") / "scenario.yaml")
    # A discovery of the configuration server's own every 90 s: whoever wants one sooner asks for it.
    with rehearsal(LabOptions(scenario=path, speed=20), lab_binaries, {"FAILBACK_VSPHERE_SEARCH_SECONDS": "2"}) as here:
        here.put_secret("tokyo-azure", clientSecret=here.lab.azure.client_secret)
        here.put_secret("tokyo-vcenter", username=here.lab.vcenter.username, password=here.lab.vcenter.password)
        objects = site_objects("tokyo", here.lab.azure, here.lab.vcenter)
        spoil(here, Session(here.lab.vcenter))
        here.apply(*(each for each in objects.values() if each["kind"] != "MasterTarget"))
        here.apply(*(master_target(name) for name in SCENARIOS))
        yield here


def told(site: Rehearsal, name: str) -> set[str]:
    return {finding["check"] for finding in site.get("MasterTarget", name).get("status", {}).get("findings", [])}


def ledger(site: Rehearsal, kind: str, name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = site.get(kind, name).get("status", {}).get("ledger", [])
    return entries


def posted(site: Rehearsal, since: int) -> list[str]:
    """What the operator asked of Azure to change."""
    entries = (entry for entry in site.lab.azure.log()[since:] if entry["method"] not in {"GET", "HEAD"})
    return [entry["operation"] for entry in entries if not entry["operation"].startswith("entra.")]


def made(site: Rehearsal, kind: str, name: str) -> list[str]:
    """The effects of its ledger that were made, in order; an answer that all was so already is none."""
    return [entry["effect"] for entry in ledger(site, kind, name) if entry["outcome"] == "Succeeded"]


def table(site: Rehearsal, changing: dict[str, int], asked: list[str]) -> str:
    """The scenarios with what was done, for the reader of the test's output."""
    rows = [f"{name}: {', '.join(faults_of(name))} -> {', '.join(made(site, 'MasterTarget', name))}" for name in SCENARIOS]
    rows += [f"site: {', '.join(made(site, 'RecoverySite', 'tokyo'))}"]
    rows += [f"vCenter: {changing}", f"Azure: {asked}"]
    return "\n  ".join(["", *rows])


def test_thirty_faults_are_mended_with_as_few_calls(site: Rehearsal, record_property: Callable[[str, object], None]) -> None:
    for name, faults in SCENARIOS.items():
        site.until_said("MasterTarget", name, "False")
        site.eventually(lambda name=name: told(site, name), lambda found, faults=faults: found >= {f.check for f in faults})
    site.until_said("RecoverySite", "tokyo", "False", "FailbackPolicyAssociated")
    assert DISCOVERED in told(site, UNDISCOVERED)
    site.lab.vcenter.control.stats(reset=True)
    since = len(site.lab.azure.log())
    site.patch("RecoverySite", "tokyo", SITE_ALLOWS)
    for name in SCENARIOS:
        site.patch("MasterTarget", name, permission(name))
    for name in SCENARIOS:
        site.until_said("MasterTarget", name, "True")
    site.until_said("RecoverySite", "tokyo", "True")
    site.rests()
    stats = site.lab.vcenter.control.stats()
    changing = {name: count for name, count in sorted(stats.items()) if name.endswith("_Task") or name in GUEST_CALLS}
    asked = posted(site, since)
    record_property("thirty faults mended", table(site, changing, asked))
    assert changing == dict(calls_of_all())
    assert asked == list(OF_THE_SITE)
    assert {name: set(made(site, "MasterTarget", name)) for name in SCENARIOS} == {name: effects_of(name) for name in SCENARIOS}
    site.assert_sound()
