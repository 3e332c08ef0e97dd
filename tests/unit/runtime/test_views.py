"""What a site is judged by."""

import pytest
from tests.unit import builders as b
from tests.unit.runtime.objects import VAULT, body

from failback_operator.domain.limits import Limits
from failback_operator.domain.reading import Part
from failback_operator.domain.snapshot import SiteSnapshot
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.keys import SiteKey
from failback_operator.runtime.views import site_view

FABRIC = str(b.FABRIC_ID)


@pytest.mark.parametrize(
    ("fabric", "status", "is_read", "is_other"),
    [
        ("CS-1", {}, False, True),
        ("fabric-1", {"fabricId": FABRIC.replace("/subscriptions/", "/Subscriptions/")}, True, True),
        ("fabric-1", {"fabricId": FABRIC}, False, False),
        ("fabric-1", {}, True, False),
        ("fabric-2", {"fabricId": FABRIC.replace("fabric-1", "fabric-2")}, True, False),
    ],
)
def test_sites_on_one_fabric_are_found_whichever_of_its_names_they_give(fabric, status, is_read, is_other):
    cache = Cache()
    cache.put("RecoverySite", body("RecoverySite", "tokyo", 1))
    cache.put("RecoverySite", body("RecoverySite", "osaka", 2, spec={"vault": VAULT | {"fabric": fabric}}, status=status))
    site = cache.site(SiteKey("dr", "tokyo"))
    assert site is not None
    part = Part(b.vault(), b.NOW, None) if is_read else Part()
    view = site_view(cache, site, SiteSnapshot(b.NOW, part), Limits())
    assert [each.name for each in view.other_sites] == (["osaka"] if is_other else [])


def test_a_site_on_another_vault_is_no_other_site_whatever_its_fabric_is_called():
    cache = Cache()
    cache.put("RecoverySite", body("RecoverySite", "tokyo", 1))
    cache.put("RecoverySite", body("RecoverySite", "osaka", 2, spec={"vault": VAULT | {"name": "vault-2"}}))
    site = cache.site(SiteKey("dr", "tokyo"))
    assert site is not None
    assert site_view(cache, site, SiteSnapshot(b.NOW, Part()), Limits()).other_sites == ()


def intent(outcome):
    times = {"intendedAt": "2026-11-24T08:00:00Z", "notAfter": "2026-11-24T08:00:30Z"}
    return {"ledger": [{"key": "Reprotect/1", "effect": "Reprotect", "outcome": outcome, **times}]}


@pytest.mark.parametrize(
    ("site_name", "outcome", "is_told"),
    [
        ("osaka", "Intended", True),
        ("osaka", "Running", True),
        ("osaka", "Ambiguous", True),
        ("a-site-that-was-deleted", "Intended", True),
        ("osaka", "Succeeded", False),
        ("osaka", "NotSent", False),
        ("tokyo", "Intended", False),
    ],
)
def test_machines_of_other_sites_are_told_while_they_are_at_work(site_name, outcome, is_told):
    cache = Cache()
    cache.put("RecoverySite", body("RecoverySite", "tokyo", 1))
    cache.put("RecoverySite", body("RecoverySite", "osaka", 2))
    machine = body("FailbackMachine", "app-1", 3, spec={"siteRef": {"name": site_name}}, status=intent(outcome))
    cache.put("FailbackMachine", machine)
    site = cache.site(SiteKey("dr", "tokyo"))
    assert site is not None
    view = site_view(cache, site, SiteSnapshot(b.NOW, Part()), Limits())
    assert [each.name for each in view.other_machines] == (["app-1"] if is_told else [])
