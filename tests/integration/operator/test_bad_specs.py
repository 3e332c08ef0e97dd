"""Specs that make no sense: refused by the API server, or answered by a condition that names field and object.

Aspects: references, machines, groups, stage and bound, waivers. After each test (fixture `site`): nothing was sent to Site
Recovery, no condition of another site's objects moved, no traceback, the operator was not restarted.
"""

from typing import Any

import pytest
from tests.integration.operator.conftest import TwoSites
from tests.integration.operator.rehearsal import moment, plan

from failback_lab.rest import ApiError

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("operator-specs"), pytest.mark.timeout(300)]


@pytest.fixture
def bad(site: TwoSites) -> Any:
    """Apply a plan named `bad`; it is deleted again."""

    def apply(*machines: str, **spec: Any) -> None:
        site.apply(plan("bad", "tokyo", *machines, **spec))

    yield apply
    if site.get("FailbackPlan", "bad"):
        site.delete("FailbackPlan", "bad")


def test_an_unknown_site(site: TwoSites, bad: Any) -> None:
    before = site.transitions("tokyo")
    bad("files-1", siteRef={"name": "kyoto"})
    found = site.until_said("FailbackPlan", "bad", "False", "SiteNotFound", "spec.siteRef.name", "kyoto", "tokyo")
    assert "osaka" in found["message"]
    site.rests()
    assert site.transitions("tokyo") == before
    bad("files-1")
    site.until_said("FailbackPlan", "bad", "True", "ReadyToStart")


def test_a_machine_that_the_vault_does_not_know(site: TwoSites, bad: Any) -> None:
    before = site.transitions("tokyo")
    bad("files-1", "file-1")
    site.until_said("FailbackPlan", "bad", "False", "the vault has no protected item file-1")
    site.until_said("FailbackPlan", "bad", "False", "file-1", condition="MachinesReady")
    found = site.finding("FailbackPlan", "bad", "MachineExists")
    assert (found["severity"], found["verdict"], found["subject"]) == ("Blocker", "Fail", "FailbackMachine/file-1")
    assert "spec.machines" in found["remedy"]
    site.rests()
    assert {name: each for name, each in site.transitions("tokyo").items() if name in before} == before
    bad("files-1")
    site.until_said("FailbackPlan", "bad", "True", "ReadyToStart")


def test_the_same_machine_in_two_plans(site: TwoSites, bad: Any) -> None:
    site.apply(plan("third", "tokyo", "files-1"))
    site.until_said("FailbackPlan", "third", "True", "ReadyToStart")
    third = site.transitions("tokyo")["FailbackPlan/third"]
    bad("crm-1")
    site.until_said("FailbackPlan", "bad", "False", "crm-1: it is also in plan payroll")
    site.until_said("FailbackPlan", "payroll", "False", "crm-1: it is also in plan bad")
    site.rests()
    assert site.transitions("tokyo")["FailbackPlan/third"] == third
    site.delete("FailbackPlan", "bad")
    site.until_said("FailbackPlan", "payroll", "True", "ReadyToStart")
    site.delete("FailbackPlan", "third")


def test_windows_and_linux_in_one_group(site: TwoSites, bad: Any) -> None:
    group = "properties.providerSpecificDetails.multiVmGroupId"
    for name in ("files-1", "mail-relay-1"):
        site.lab.azure.set("item", name, group, "0c1b74a5-1111-4444-8888-5a5a5a5a5a5a")
    bad("files-1", "mail-relay-1", masterTargets=[])
    site.until_said("FailbackPlan", "bad", "False", "group mixes families")
    found = site.finding("FailbackPlan", "bad", "GroupSameFamily")
    assert (found["severity"], found["verdict"]) == ("Blocker", "Fail")
    for word in ("files-1 Windows", "mail-relay-1 Linux"):
        assert word in found["observed"]
    site.rests()
    site.lab.azure.clear_sets()
    bad("files-1")
    site.until_said("FailbackPlan", "bad", "True", "ReadyToStart")


@pytest.mark.parametrize(
    ("kind", "name", "spec", "words"),
    [
        ("MasterTarget", "tokyo-mt-win-1", {"maxDisks": 61}, ("spec.maxDisks", "60")),
        ("MasterTarget", "tokyo-mt-win-1", {"maxDisks": 0}, ("spec.maxDisks", "1")),
        ("FailbackPlan", "payroll", {"stage": "Home"}, ("spec.stage", "Reprotected")),
        ("FailbackPlan", "payroll", {"failedOverBefore": "tomorrow"}, ("spec.failedOverBefore",)),
        ("FailbackPlan", "payroll", {"concurrency": {"reprotect": 0}}, ("spec.concurrency.reprotect",)),
        ("RecoverySite", "tokyo", {"vault": {"name": "vault-osaka"}}, ("spec.vault", "immutable")),
    ],
)
def test_values_that_the_schema_refuses(
    site: TwoSites, kind: str, name: str, spec: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(ApiError) as refused:
        site.patch(kind, name, spec)
    assert refused.value.status == 422
    for word in words:
        assert word in refused.value.message
    site.others_go_on()


def test_a_stage_past_prepared_without_a_bound(site: TwoSites, bad: Any) -> None:
    with pytest.raises(ApiError) as refused:
        bad("files-1", stage="Reprotected")
    assert refused.value.status == 422
    assert "a stage past Prepared needs failedOverBefore" in refused.value.message
    site.others_go_on()


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(1, ("spec.failedOverBefore", "in the future")), (-100, ("files-1",))],
    ids=["in the future", "before the failover"],
)
def test_a_bound_that_does_not_count(site: TwoSites, bad: Any, ahead: float, words: tuple[str, ...]) -> None:
    """Suspended, so that the cure, a good bound, starts nothing."""
    bad("files-1", stage="Protected", failedOverBefore=moment(hours=ahead))
    site.until_said("FailbackPlan", "bad", "False", *words, condition="FailoverCovered")
    site.until_said("FailbackPlan", "bad", "False", *words)
    site.rests()
    bad("files-1", stage="Protected", suspend=True, failedOverBefore=moment())
    site.until_said("FailbackPlan", "bad", "True", condition="FailoverCovered")


@pytest.mark.parametrize(
    ("check", "machine", "words"),
    [
        ("DiskLimit", None, "spec.waivers[0]: check DiskLimit may not be waived"),
        ("NoSuchCheck", None, "spec.waivers[0]: there is no check NoSuchCheck"),
        ("OnPremisesDiverged", None, "spec.waivers[0]: check OnPremisesDiverged is waived for a machine by name only"),
    ],
)
def test_a_waiver_that_may_not_be(site: TwoSites, bad: Any, check: str, machine: str | None, words: str) -> None:
    waiver = {"check": check, "reason": "we must go home", "by": "on call", "until": moment(hours=1)}
    bad("files-1", waivers=[waiver])
    site.until_said("FailbackPlan", "bad", "False", words)
    site.rests()
    bad("files-1")
    site.until_said("FailbackPlan", "bad", "True", "ReadyToStart")
