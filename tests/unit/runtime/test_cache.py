"""The cache: late news never replaces newer, what was deleted stays deleted, objects are found by their site."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.runtime.objects import body

from failback_operator.api.v1alpha1 import FailbackPlan, MasterTarget
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.cache import Cache, version_of
from failback_operator.runtime.keys import UNASSIGNED, SiteKey

TOKYO = SiteKey("dr", "tokyo")
TARGET = ObjectKey("MasterTarget", "dr", "mt-1")


def put(cache, kind, name, version, **more):
    return cache.put(kind, body(kind, name, version, **more))


def test_news_is_told_once():
    cache = Cache()
    assert put(cache, "MasterTarget", "mt-1", 5) == TARGET
    assert put(cache, "MasterTarget", "mt-1", 5) is None
    assert put(cache, "MasterTarget", "mt-1", 4) is None
    assert version_of(cache.get(TARGET)) == 5
    assert put(cache, "MasterTarget", "mt-1", 10) == TARGET


def test_an_answer_that_comes_after_the_deletion_brings_nothing_back():
    cache = Cache()
    put(cache, "MasterTarget", "mt-1", 5)
    assert cache.remove(TARGET, 7, "uid-mt-1")
    assert put(cache, "MasterTarget", "mt-1", 6) is None
    assert cache.get(TARGET) is None
    assert put(cache, "MasterTarget", "mt-1", 8, uid="another") == TARGET


def test_the_deletion_of_a_former_object_leaves_the_new_one_of_its_name():
    cache = Cache()
    put(cache, "MasterTarget", "mt-1", 8, uid="new")
    assert not cache.remove(TARGET, 9, "old")
    assert not cache.remove(TARGET, 7)
    assert cache.get(TARGET).metadata.uid == "new"


EVENTS = [("put", 3), ("put", 5), ("remove", 7), ("put", 9)]


@pytest.mark.parametrize("order", list(itertools.permutations(EVENTS)))
def test_in_whatever_order_news_comes_the_newest_stands(order):
    cache = Cache()
    for what, version in order:
        if what == "put":
            put(cache, "MasterTarget", "mt-1", version)
        else:
            cache.remove(TARGET, version, "uid-mt-1")
    assert version_of(cache.get(TARGET)) == 9


@given(sites=st.lists(st.sampled_from(["tokyo", "osaka", "gone"]), min_size=1, max_size=8))
def test_objects_are_found_by_the_site_that_they_name_now(sites):
    cache = Cache()
    put(cache, "RecoverySite", "tokyo", 1)
    put(cache, "RecoverySite", "osaka", 2)
    for version, site in enumerate(sites, start=3):
        put(cache, "MasterTarget", "mt-1", version, spec={"siteRef": {"name": site}})
    now = SiteKey("dr", sites[-1]) if sites[-1] != "gone" else UNASSIGNED
    assert cache.owner_key(TARGET) == now
    for key in (TOKYO, SiteKey("dr", "osaka"), UNASSIGNED):
        assert [each.name for each in cache.members(key, MasterTarget)] == (["mt-1"] if key == now else [])


def test_members_of_a_site_that_goes_are_unassigned():
    cache = Cache()
    put(cache, "RecoverySite", "tokyo", 1)
    put(cache, "FailbackPlan", "home", 2)
    assert cache.members(UNASSIGNED, FailbackPlan) == ()
    cache.remove(TOKYO.object_key, 3)
    assert [each.name for each in cache.members(UNASSIGNED, FailbackPlan)] == ["home"]
    assert cache.site_keys() == (UNASSIGNED,)


def test_an_object_that_does_not_fit_is_kept_as_unreadable_until_it_fits_or_goes():
    cache = Cache()
    plan = ObjectKey("FailbackPlan", "dr", "home")
    assert put(cache, "FailbackPlan", "home", 2, spec={"stage": "Elsewhere"}) == plan
    assert "spec.stage" in cache.unreadable("dr")[plan]
    assert cache.unreadable("elsewhere") == {}
    assert put(cache, "FailbackPlan", "home", 3) == plan
    assert cache.unreadable("dr") == {}
    assert put(cache, "FailbackPlan", "home", 2, spec={"stage": "Elsewhere"}) is None
    put(cache, "FailbackPlan", "home", 4, spec={"stage": "Elsewhere"})
    assert cache.get(plan) is None
    assert cache.remove(plan, 5)
    assert cache.unreadable("dr") == {}
