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
