"""Just before an effect everything is read and decided anew: what the watch has not shown yet counts as well."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from tests.integration.site.conftest import ACCOUNT, SYSTEM, SiteUnderTest
from tests.unit.decide.judged import evaluate

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.domain.ports import Conflict
from failback_operator.domain.steps import EffectKind
from failback_operator.runtime.azure_source import SourceTools
from failback_operator.runtime.background import Background
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.clock import WallClock
from failback_operator.runtime.effect_session import EffectSession, EffectTools, Site
from failback_operator.runtime.endpoints import EndpointReader
from failback_operator.runtime.events import EventPoster
from failback_operator.runtime.keys import SiteKey
from failback_operator.runtime.kube import KubeClient
from failback_operator.runtime.ledger import LedgerStore
from failback_operator.runtime.login import connection
from failback_operator.runtime.logs import Redactor
from failback_operator.runtime.machine_objects import MachineObjects
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.settings import Settings
from failback_operator.runtime.site_worker import SiteWorker, WorkerTools
from failback_operator.runtime.status_writer import StatusWriter
from failback_operator.runtime.sweep import Sweep
from failback_operator.runtime.views import site_view
from failback_operator.runtime.watch import Watch

pytestmark = pytest.mark.timeout(120)


class HeldLease:
    def is_held(self) -> bool:
        return True


class Decided:
    """The parts of an operator up to the decision; nothing here sends anything."""

    def __init__(self, site: SiteUnderTest, client: KubeClient) -> None:
        self.site = site
        self.client = client
        self.cache = Cache()
        self.background = Background()
        self.room = asyncio.Semaphore(16)
        self.key = SiteKey(site.namespace, "tokyo")
        settings, metrics = Settings(), Metrics()
        self.sources = SourceTools(settings, WallClock(), metrics, self.background)
        self.tools = EffectTools(
            client=client,
            cache=self.cache,
            ledger=LedgerStore(client, self.cache),
            events=EventPoster(client, "test"),
            metrics=metrics,
            clock=WallClock(),
            limits=settings.limits(),
            background=self.background,
        )
        watch = Watch(self.cache, lambda _: None)
        self.sweep = Sweep(client, self.cache, watch, metrics, lambda _: None)

    async def begin(self) -> None:
        """Read objects and both worlds until effects are decided."""
        await self.sweep.run_once([self.site.namespace], is_first=True)
        endpoints = EndpointReader(self.client, Redactor())
        news = asyncio.Event()
        self.worker = SiteWorker(self.cache.site(self.key), WorkerTools(self.sources, endpoints, lambda _: news.set()))
        machines = MachineObjects(self.client, self.cache)
        while not (self.worker.is_read() and await self.worker.search(self.view())):
            await asyncio.wait_for(news.wait(), 30)
            news.clear()
        statuses, site = StatusWriter(self.client, self.cache, self.tools.events), self.key.object_key
        for _ in range(3):  # objects and the fabric that was found, then records, then effects
            view = self.view()
            stored = {machine.name: machine for machine in view.machines}
            decision = evaluate(view)
            for wanted in decision.machines:
                await machines.ensure(wanted, stored.get(wanted.key.name))
            await statuses.write(view.site, decision.statuses[site], view.snapshot.as_of)

    def view(self):
        return site_view(self.cache, self.cache.site(self.key), self.worker.snapshot(), self.tools.limits)

    def effect(self):
        return next(each for each in evaluate(self.view()).effects if each.kind is EffectKind.REPROTECT)

    def session(self) -> EffectSession:
        return EffectSession(Site(self.worker, HeldLease()), self.tools, self.room)

    async def close(self) -> None:
        await self.worker.close()
        await self.background.stop()


@pytest.fixture
async def decided(site: SiteUnderTest) -> AsyncIterator[Decided]:
    site.secrets()
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    site.apply("RecoverySite/tokyo", "MasterTarget/mt-win-1", "ProcessServer/ps-azure-1", "ProcessServer/ps-onprem-1")
    site.apply(
        "FailbackPlan/tokyo-home",
        machines=[{"name": "files-1"}, {"name": "crm-1"}],
        masterTargets=[{"name": "mt-win-1"}],
        stage="Reprotected",
        failedOverBefore=now,
    )
    kubeconfig = site.api_server.service_account_kubeconfig(SYSTEM, ACCOUNT)
    client = KubeClient(partial(connection, str(kubeconfig)), 10.0)
    found = Decided(site, client)
    await found.begin()
    yield found
    await found.close()
    await client.close()
    for machine in site.kubectl.get("fbm", site.namespace)["items"]:
        site.kubectl.patch("fbm", site.namespace, machine["metadata"]["name"], {"metadata": {"finalizers": []}})


async def test_an_effect_that_is_still_wanted_is_the_same(decided):
    effect = decided.effect()
    wanted = await decided.session().still_wanted(effect)
    assert (wanted.key, wanted.owner, wanted.call) == (effect.key, effect.owner, effect.call)


async def test_another_call_under_the_same_key_is_not_made(decided):
    effect = decided.effect()
    former = replace(effect, call=replace(effect.call, body={**effect.call.body, "masterTargetId": "another"}))
    assert await decided.session().still_wanted(former) is None


PATCHES = {
    "stage lowered": ("fbp", "tokyo-home", {"spec": {"stage": "Prepared"}}),
    "plan suspended": ("fbp", "tokyo-home", {"spec": {"suspend": True}}),
    "site suspended": ("rsite", "tokyo", {"spec": {"suspend": True}}),
    "machine held": ("fbp", "tokyo-home", {"spec": {"holds": [{"machine": "files-1"}, {"machine": "crm-1"}]}}),
    "failover no longer covered": ("fbp", "tokyo-home", {"spec": {"failedOverBefore": "2020-01-01T00:00:00Z"}}),
}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES.keys())
async def test_what_a_person_changed_a_moment_ago_is_heeded_though_no_event_came(decided, patch):
    effect = decided.effect()
    kind, name, change = patch
    decided.site.kubectl.patch(kind, decided.site.namespace, name, change)
    assert await decided.session().still_wanted(effect) is None


@pytest.mark.parametrize("kind_and_name", [("fbp", "tokyo-home"), ("rsite", "tokyo")])
async def test_nothing_is_done_for_what_was_deleted_a_moment_ago(decided, kind_and_name):
    effect = decided.effect()
    decided.site.kubectl.run("delete", *kind_and_name, "-n", decided.site.namespace)
    assert await decided.session().still_wanted(effect) is None


async def test_the_intent_is_locked_on_the_machine_that_was_decided_upon(decided):
    effect, session = decided.effect(), decided.session()
    await session.still_wanted(effect)
    change = {"metadata": {"labels": {"touched": "yes"}}}
    decided.site.kubectl.patch("fbm", decided.site.namespace, effect.owner.name, change)
    now = datetime.now(UTC).replace(microsecond=0)
    entry = LedgerEntry(key=effect.key, effect=effect.kind, intended_at=now, not_after=now, outcome=EffectOutcome.INTENDED)
    with pytest.raises(Conflict):
        await session.intend(effect.owner, entry)
    await session.still_wanted(effect)
    await session.intend(effect.owner, entry)
    assert await decided.session().still_wanted(effect) is None


async def test_of_two_that_decide_at_once_the_second_sees_the_intent_of_the_first(decided):
    """Both are decided, both are read anew at once: the second decides only once the first's intent is stored."""
    reprotect = decided.effect()
    rival = replace(reprotect, description="the same, of another session")
    first, second = decided.session(), decided.session()
    assert await first.still_wanted(reprotect) is not None
    async with asyncio.TaskGroup() as tasks:
        other = tasks.create_task(second.still_wanted(rival))
        # Long enough for its own reading, after which nothing but the first holds it up.
        done, _ = await asyncio.wait({other}, timeout=8)
        assert not done
        now = datetime.now(UTC).replace(microsecond=0)
        entry = LedgerEntry(
            key=reprotect.key, effect=reprotect.kind, intended_at=now, not_after=now, outcome=EffectOutcome.INTENDED
        )
        await first.intend(reprotect.owner, entry)
    assert other.result() is None
    second.release()


async def test_reading_needs_no_room_but_what_follows_does(decided, azure):
    """Others have all the room: their site may be slow, and this one's facts are read meanwhile."""
    decided.room = asyncio.Semaphore(1)
    await decided.room.acquire()
    session, effect = decided.session(), decided.effect()
    seen = len(azure.log())
    wanted = asyncio.ensure_future(session.still_wanted(effect))
    async with asyncio.timeout(30):
        while not any("/replicationProtectedItems/" in each["path"] for each in azure.log(seen)):  # noqa: ASYNC110 - the log tells nobody
            await asyncio.sleep(0.05)
    assert not wanted.done()
    decided.room.release()
    assert await asyncio.wait_for(wanted, 30) is not None
    assert decided.room.locked()
    session.leave()
    assert not decided.room.locked()


async def test_one_that_is_no_longer_wanted_lets_the_next_decide(decided):
    reprotect = decided.effect()
    first, second = decided.session(), decided.session()
    assert await first.still_wanted(reprotect) is not None
    first.release()
    assert await asyncio.wait_for(second.still_wanted(reprotect), 30) is not None
    second.release()
