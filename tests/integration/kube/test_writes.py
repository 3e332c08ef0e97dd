"""Statuses and ledgers on the real API server: nothing written twice, nothing of another writer lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.kube.objects import RECORD, made

from failback_operator.api.common import Condition, ConditionStatus, EffectOutcome, LedgerEntry, LocalRef
from failback_operator.api.v1alpha1 import FailbackMachineSpec, FailbackMachineStatus, FailbackPlanStatus
from failback_operator.api.v1alpha1.failback_machine import IN_FLIGHT_FINALIZER, Phase, Recorded
from failback_operator.domain.decision import MachineObject
from failback_operator.domain.ports import Conflict
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.events import EventPoster
from failback_operator.runtime.ledger import LedgerStore
from failback_operator.runtime.machine_objects import MachineObjects
from failback_operator.runtime.status_writer import StatusWriter

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def ready(status=ConditionStatus.TRUE, message="all checks pass"):
    return Condition(type="Ready", status=status, reason="Because", message=message, observed_generation=1)


def entry(key="Commit/1", outcome=EffectOutcome.INTENDED, **changes):
    return LedgerEntry(
        key=key, effect="Commit", intended_at=NOW, not_after=NOW + timedelta(seconds=30), outcome=outcome, **changes
    )


class Site:
    """A cache with its writers, on one namespace."""

    def __init__(self, client, namespace):
        self.client = client
        self.namespace = namespace
        self.cache = Cache()
        self.statuses = StatusWriter(client, self.cache, EventPoster(client, "test"))
        self.ledger = LedgerStore(client, self.cache)
        self.machines = MachineObjects(client, self.cache)

    def key(self, kind, name="one"):
        return ObjectKey(kind, self.namespace, name)

    async def read(self, kind, name="one"):
        self.cache.put(kind, await self.client.get(self.key(kind, name)))
        return self.cached(kind, name)

    def cached(self, kind, name="one"):
        return self.cache.get(self.key(kind, name))


@pytest.fixture
async def site(client, namespace, installed):
    installed.apply(made("FailbackPlan", namespace), made("FailbackMachine", namespace), made("MasterTarget", namespace))
    made_site = Site(client, namespace)
    for kind in ("FailbackPlan", "FailbackMachine", "MasterTarget"):
        await made_site.read(kind)
    return made_site


class TestStatuses:
    async def test_the_same_status_is_written_once(self, site, writes):
        wanted = FailbackPlanStatus(phase="Waiting", conditions=[ready()])
        assert await site.statuses.write(site.cached("FailbackPlan"), wanted, NOW)
        assert writes() == 2  # the status, and the Event of its transition
        for minutes in range(60):
            # The stored object comes from the answer to the write; nothing was read in between.
            assert not await site.statuses.write(site.cached("FailbackPlan"), wanted, NOW + timedelta(minutes=minutes))
        assert writes() == 0

    async def test_what_it_wrote_reads_back_the_same(self, site, writes):
        wanted = FailbackPlanStatus(phase="Waiting", conditions=[ready()])
        await site.statuses.write(site.cached("FailbackPlan"), wanted, NOW)
        writes()
        site.cache.__init__()
        assert not await site.statuses.write(await site.read("FailbackPlan"), wanted, NOW)
        assert writes() == 0

    async def test_a_new_message_is_a_write_but_no_event_and_moves_no_time(self, site, writes):
        await site.statuses.write(site.cached("FailbackPlan"), FailbackPlanStatus(conditions=[ready()]), NOW)
        writes()
        later = NOW + timedelta(hours=1)
        await site.statuses.write(site.cached("FailbackPlan"), FailbackPlanStatus(conditions=[ready(message="x")]), later)
        assert writes() == 1
        (condition,) = (await site.read("FailbackPlan") or site.cached("FailbackPlan")).status.conditions
        assert (condition.message, condition.last_transition_time) == ("x", NOW)

    async def test_an_object_that_changed_since_it_was_judged_is_not_written(self, site, installed):
        judged = site.cached("FailbackPlan")
        installed.patch("failbackplan", site.namespace, "one", {"spec": {"suspend": True}})
        with pytest.raises(Conflict):
            await site.statuses.write(judged, FailbackPlanStatus(conditions=[ready()]), NOW)

    async def test_a_transition_posts_an_event(self, site, installed):
        status = FailbackMachineStatus(phase=Phase.WAITING, conditions=[ready()])
        await site.statuses.write(site.cached("FailbackMachine"), status, NOW)
        events = installed.get("events", site.namespace)["items"]
        assert sorted(each["reason"] for each in events) == ["Because", "Waiting"]
        assert {each["involvedObject"]["name"] for each in events} == {"one"}
        assert "FailbackMachine" in installed.run("describe", "fbm", "one", "-n", site.namespace)

    async def test_the_ledger_stays_when_the_status_is_written(self, site):
        machine = site.cached("FailbackMachine")
        await site.ledger.intend(site.key("FailbackMachine"), entry(), machine.metadata.resource_version)
        await site.statuses.write(site.cached("FailbackMachine"), FailbackMachineStatus(phase=Phase.FAILED_BACK), NOW)
        stored = site.cached("FailbackMachine").status
        assert (stored.phase, [each.key for each in stored.ledger]) == (Phase.FAILED_BACK, ["Commit/1"])


class TestLedger:
    async def test_an_intent_needs_the_object_as_it_was_decided_upon(self, site, installed):
        key = site.key("FailbackMachine")
        version = site.cached("FailbackMachine").metadata.resource_version
        installed.patch("failbackmachine", site.namespace, "one", {"metadata": {"labels": {"x": "y"}}})
        with pytest.raises(Conflict):
            await site.ledger.intend(key, entry(), version)
        assert (await site.read("FailbackMachine")).status.ledger == []

    async def test_of_two_replicas_one_writes_the_intent(self, client, namespace, site):
        other = Site(client, namespace)
        await other.read("FailbackMachine")
        key = site.key("FailbackMachine")
        version = site.cached("FailbackMachine").metadata.resource_version
        results = await asyncio.gather(
            site.ledger.intend(key, entry(), version), other.ledger.intend(key, entry(), version), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in results) == ["Conflict", "NoneType"]

    async def test_a_key_is_in_the_ledger_once(self, site):
        key = site.key("FailbackMachine")
        await site.ledger.intend(key, entry(), site.cached("FailbackMachine").metadata.resource_version)
        with pytest.raises(Conflict, match="already holds"):
            await site.ledger.intend(key, entry(), site.cached("FailbackMachine").metadata.resource_version)

    async def test_the_answer_is_recorded_though_the_object_changed_meanwhile(self, site, installed):
        key = site.key("FailbackMachine")
        await site.ledger.intend(key, entry(), site.cached("FailbackMachine").metadata.resource_version)
        installed.patch("failbackmachine", site.namespace, "one", {"metadata": {"labels": {"x": "y"}}})
        await site.ledger.settle(key, entry(outcome=EffectOutcome.RUNNING, job="job-1"))
        assert [(each.outcome, each.job) for each in site.cached("FailbackMachine").status.ledger] == [("Running", "job-1")]

    async def test_an_end_that_was_seen_is_not_overwritten_by_a_late_answer(self, site):
        key = site.key("FailbackMachine")
        await site.ledger.intend(key, entry(), site.cached("FailbackMachine").metadata.resource_version)
        done = entry(outcome=EffectOutcome.SUCCEEDED, job="job-1", settled_at=NOW)
        await site.ledger.settle_observed(key, done, site.cached("FailbackMachine").metadata.resource_version)
        await site.ledger.settle(key, entry(outcome=EffectOutcome.RUNNING, job="job-1"))
        assert [each.outcome for each in site.cached("FailbackMachine").status.ledger] == ["Succeeded"]

    async def test_a_late_answer_goes_before_the_guess_that_it_was_not_sent(self, site):
        key = site.key("FailbackMachine")
        await site.ledger.intend(key, entry(), site.cached("FailbackMachine").metadata.resource_version)
        guess = entry(outcome=EffectOutcome.NOT_SENT, settled_at=NOW)
        await site.ledger.settle_observed(key, guess, site.cached("FailbackMachine").metadata.resource_version)
        await site.ledger.settle(key, entry(outcome=EffectOutcome.RUNNING, job="job-1"))
        assert [each.outcome for each in site.cached("FailbackMachine").status.ledger] == ["Running"]

    async def test_an_owner_that_is_gone_is_let_go(self, site, installed):
        key = site.key("MasterTarget")
        await site.ledger.intend(key, entry(), site.cached("MasterTarget").metadata.resource_version)
        installed.run("delete", "mt", "one", "-n", site.namespace)
        await asyncio.wait_for(site.ledger.settle(key, entry(outcome=EffectOutcome.RUNNING)), 5)


class TestMachines:
    def wanted(self, site, *, is_in_flight=False, recorded=(), name="two"):
        spec = FailbackMachineSpec(
            site_ref=LocalRef(name="tokyo"),
            plan_ref=LocalRef(name="home"),
            item_id="/items/app-2",
            machine_name="app-2",
            recorded=list(recorded),
        )
        return MachineObject(site.key("FailbackMachine", name), spec, is_in_flight)

    async def test_it_is_made_once_and_then_left_alone(self, site, writes):
        assert await site.machines.ensure(self.wanted(site), None)
        assert writes() == 1
        assert not await site.machines.ensure(self.wanted(site), site.cached("FailbackMachine", "two"))
        assert writes() == 0
        with pytest.raises(Conflict):
            await site.machines.ensure(self.wanted(site), None)

    async def test_a_record_and_the_finalizer_come_in_one_write(self, site, writes):
        await site.machines.ensure(self.wanted(site), None)
        writes()
        record = Recorded.model_validate(RECORD)
        await site.machines.ensure(self.wanted(site, is_in_flight=True, recorded=[record]), site.cached("FailbackMachine", "two"))
        assert writes() == 1
        stored = site.cached("FailbackMachine", "two")
        assert stored.metadata.finalizers == (IN_FLIGHT_FINALIZER,)
        assert stored.spec.recorded == [record]

    async def test_one_in_flight_outlives_its_deletion_until_it_has_landed(self, site, installed):
        await site.machines.ensure(self.wanted(site, is_in_flight=True), None)
        installed.run("delete", "fbm", "two", "-n", site.namespace, "--wait=false")
        stored = await site.read("FailbackMachine", "two")
        assert stored.metadata.deletion_timestamp is not None
        assert not await site.machines.ensure(self.wanted(site, is_in_flight=True), stored)
        assert await site.machines.ensure(self.wanted(site), stored)
        assert site.cached("FailbackMachine", "two") is None
        assert await site.client.get(site.key("FailbackMachine", "two")) is None

    async def test_the_finalizers_of_others_stay(self, site, installed):
        await site.machines.ensure(self.wanted(site, is_in_flight=True), None)
        finalizers = {"metadata": {"finalizers": [IN_FLIGHT_FINALIZER, "example.com/theirs"]}}
        installed.patch("failbackmachine", site.namespace, "two", finalizers)
        await site.machines.ensure(self.wanted(site), await site.read("FailbackMachine", "two"))
        assert site.cached("FailbackMachine", "two").metadata.finalizers == ("example.com/theirs",)
        installed.patch("failbackmachine", site.namespace, "two", {"metadata": {"finalizers": []}})

    async def test_one_that_changed_since_it_was_judged_is_not_deleted(self, site, installed):
        await site.machines.ensure(self.wanted(site), None)
        judged = site.cached("FailbackMachine", "two")
        installed.patch("failbackmachine", site.namespace, "two", {"metadata": {"labels": {"x": "y"}}})
        with pytest.raises(Conflict):
            await site.machines.delete(site.key("FailbackMachine", "two"), judged)
        await site.machines.delete(site.key("FailbackMachine", "two"), await site.read("FailbackMachine", "two"))
        assert await site.client.get(site.key("FailbackMachine", "two")) is None
