"""The full list finds what the watch missed, and tells the probe only of a watch that is behind."""

import asyncio

import kopf
import pytest
from tests.integration.kube.objects import made

from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.keys import MODELS
from failback_operator.runtime.kube import ApiError
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.sweep import Sweep
from failback_operator.runtime.watch import Watch, kopf_registry


class Parts:
    """A cache with its watch and sweep."""

    def __init__(self, client, namespace):
        self.client = client
        self.namespace = namespace
        self.news = []
        self.cache = Cache()
        self.watch = Watch(self.cache, self.news.append)
        self.sweep = Sweep(client, self.cache, self.watch, Metrics(), self.news.append)

    async def run(self, **more):
        self.news.clear()
        await self.sweep.run_once([self.namespace], **more)

    async def see(self, key, event_type="MODIFIED"):
        """What Kopf would hand over for the object as it is now."""
        self.watch.take(key.kind, event_type, await self.client.get(key))


@pytest.fixture
async def parts(client, namespace, installed):
    installed.apply(*(made(kind, namespace) for kind in MODELS))
    found = Parts(client, namespace)
    await found.run(is_first=True)
    return found


def target(parts):
    return ObjectKey("MasterTarget", parts.namespace, "one")


async def test_the_first_list_brings_everything_and_the_next_nothing(parts):
    assert {key.kind for key in parts.cache.all_keys()} == MODELS.keys()
    await parts.run()
    assert parts.news == []


async def test_a_change_and_a_deletion_that_no_event_told_are_found(parts, installed):
    installed.patch("mastertarget", parts.namespace, "one", {"spec": {"maxDisks": 7}})
    installed.run("delete", "ps", "one", "-n", parts.namespace)
    await parts.run()
    assert set(parts.news) == {target(parts), ObjectKey("ProcessServer", parts.namespace, "one")}
    assert parts.cache.get(target(parts)).spec.max_disks == 7
    assert parts.cache.get(ObjectKey("ProcessServer", parts.namespace, "one")) is None


async def test_an_object_that_came_after_the_list_was_made_is_not_forgotten(parts):
    """The list is of an older version than the object: what it does not show says nothing."""
    newer = await parts.client.get(target(parts))
    newer["metadata"] |= {"name": "newer", "resourceVersion": str(10**12)}
    parts.cache.put("MasterTarget", newer)
    await parts.run()
    assert parts.cache.get(ObjectKey("MasterTarget", parts.namespace, "newer")) is not None


async def test_the_watch_is_behind_until_its_event_comes(parts, installed):
    key = target(parts)
    await parts.see(key)
    await parts.run()
    behind_others = parts.watch.seconds_behind()
    assert behind_others >= 0
    for kind in MODELS:
        await parts.see(ObjectKey(kind, parts.namespace, "one"))
    assert parts.watch.seconds_behind() == 0
    installed.patch("mastertarget", parts.namespace, "one", {"spec": {"maxDisks": 7}})
    await parts.run()
    await asyncio.sleep(0.05)
    assert parts.watch.seconds_behind() >= 0.05
    await parts.see(key)
    assert parts.watch.seconds_behind() == 0


async def test_a_deletion_that_the_watch_never_tells_does_not_end_the_operator(parts, installed):
    for kind in MODELS:
        await parts.see(ObjectKey(kind, parts.namespace, "one"))
    installed.run("delete", "ps", "one", "-n", parts.namespace)
    await parts.run()
    assert parts.watch.seconds_behind() == 0


async def test_the_probe_fails_with_a_watch_that_is_behind(parts, installed):
    registry = kopf_registry(parts.watch, lambda: None, stale_seconds=0.1)
    (handler,) = (each for each in registry._activities.get_all_handlers() if each.id == "watch")
    for kind in MODELS:
        await parts.see(ObjectKey(kind, parts.namespace, "one"))
    assert await handler.fn() == "ok"
    installed.patch("mastertarget", parts.namespace, "one", {"spec": {"maxDisks": 7}})
    await parts.run()
    await asyncio.sleep(0.15)
    with pytest.raises(kopf.PermanentError, match="behind"):
        await handler.fn()


async def test_a_list_that_is_refused_takes_nothing_away(parts):
    before = set(parts.cache.all_keys())
    with pytest.raises(ApiError):
        await parts.sweep.run_once(["no/such"])
    assert set(parts.cache.all_keys()) == before
