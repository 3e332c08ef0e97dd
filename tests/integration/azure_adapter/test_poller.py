"""The poller against the simulated service: what it keeps, what it follows, when it is quiet."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.integration.azure_adapter.sites import Site, endpoint_of, last, requests, site_of
from tests.integration.azure_adapter.test_effects import crm, effect, reprotect_body, transport

from failback_lab.azure.client import AzureLab
from failback_operator.domain.ids import ArmId
from failback_operator.domain.job import JobState
from failback_operator.domain.ports import Accepted
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.reading import Part, SourceProblem
from failback_operator.domain.vault import AzureVm, VaultFacts
from failback_operator.observe.azure import AzurePoller, PollSettings, ReaderSettings

SLOW = PollSettings(timedelta(seconds=60), timedelta(milliseconds=100), timedelta(milliseconds=50))
FAST = PollSettings(timedelta(milliseconds=200), timedelta(milliseconds=100), timedelta(milliseconds=50))


class Watch:
    """A running poller and what it handed out."""

    def __init__(self, site: Site, settings: PollSettings) -> None:
        self.parts: list[Part[VaultFacts]] = []
        self._changed = asyncio.Event()
        self.poller = AzurePoller(site.reader, settings, self._take, site.clock)

    def _take(self, part: Part[VaultFacts]) -> None:
        self.parts.append(part)
        self._changed.set()

    async def until(self, wish: Callable[[Part[VaultFacts]], bool], seconds: float = 20) -> Part[VaultFacts]:
        """The first part, from the current one on, that is as wished."""
        async with asyncio.timeout(seconds):
            while not wish(self.poller.part):
                self._changed.clear()
                await self._changed.wait()
        return self.poller.part

    async def read(self) -> VaultFacts:
        part = await self.until(lambda part: part.facts is not None and part.error is None)
        assert part.facts is not None
        return part.facts


@asynccontextmanager
async def watching(site: Site, settings: PollSettings) -> AsyncIterator[Watch]:
    watch = Watch(site, settings)
    running = asyncio.ensure_future(watch.poller.run())
    try:
        yield watch
        assert not running.done(), running.exception()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def named(part: Part[VaultFacts], name: str = "crm-1") -> ProtectedItem:
    assert part.facts is not None
    return next(item for item in part.facts.items if item.friendly_name == name)


async def test_facts_are_read_again_and_again(site: Site, lab: AzureLab):
    async with watching(site, FAST) as watch:
        first = await watch.until(lambda part: part.facts is not None)
        assert first.error is None
        assert first.as_of is not None
        second = await watch.until(lambda part: part.as_of != first.as_of)
        assert second.as_of > first.as_of


async def test_a_failure_keeps_facts_and_time_and_passes(site: Site, lab: AzureLab):
    async with watching(site, FAST) as watch:
        await watch.read()
        lab.deny("Microsoft.RecoveryServices/*")
        failed = await watch.until(lambda part: part.error is not None)
        assert failed.error.problem is SourceProblem.FORBIDDEN
        assert failed.facts is not None
        good = watch.parts[watch.parts.index(failed) - 1]
        assert (failed.facts, failed.as_of) == (good.facts, good.as_of)
        await asyncio.sleep(0.3)
        assert watch.poller.part == failed
        lab.deny()
        again = await watch.until(lambda part: part.error is None)
        assert again.as_of > failed.as_of


async def test_nothing_was_ever_read(site: Site, lab: AzureLab):
    lab.deny("Microsoft.RecoveryServices/*")
    async with watching(site, FAST) as watch:
        part = await watch.until(lambda part: part.error.problem is SourceProblem.FORBIDDEN)
        assert (part.facts, part.as_of) == (None, None)
        assert await watch.poller.refresh_items(frozenset()) == part


async def test_retry_after_keeps_the_poller_quiet(site: Site, lab: AzureLab):
    async with watching(site, FAST) as watch:
        facts = await watch.read()
        watch.poller.update_motion(frozenset({facts.items[0].arm_id}), frozenset())
        lab.fault(kind="throttle", path="replicationPolicies", retry_after=2)
        part = await watch.until(lambda part: part.error is not None)
        assert part.error.problem is SourceProblem.THROTTLED
        await asyncio.sleep(0.1)
        since = last(lab)
        refused = await watch.poller.refresh_items(frozenset({facts.items[0].arm_id}))
        assert refused.error.problem is SourceProblem.THROTTLED
        await asyncio.sleep(1)
        assert not lab.log(since)
        await watch.read()


async def test_a_job_is_followed_to_its_end_and_the_item_with_it(own_site: Site, own_lab: AzureLab):
    item, facts = await crm(own_site)
    async with watching(own_site, SLOW) as watch:
        await watch.read()
        answer = await transport(own_site).send(effect(item.arm_id, "reProtect", reprotect_body(facts)))
        assert isinstance(answer, Accepted)
        since = last(own_lab)
        watch.poller.update_motion(frozenset({item.arm_id}), frozenset({answer.job}))
        over = await watch.until(lambda part: (job := part.facts.job(answer.job)) is not None and job.is_over)
        job = over.facts.job(answer.job)
        assert job.is_success
        assert len(job.child_jobs) == 1
        child = over.facts.job(job.child_jobs[0])
        assert (child.scenario, child.state) == ("EnableDr", JobState.SUCCEEDED)
        moved = await watch.until(lambda part: named(part).instance_type is InstanceType.TO_ON_PREMISES)
        targets = {target.id: target.name for target in facts.fabric.master_targets}
        assert targets[named(moved).detail.master_target_id] == "mt-win-1"
        assert named(moved).last_failover_time is None
        # Only what moves was read.
        assert {entry["operation"] for entry in own_lab.log(since)} & {"fabrics.list", "policies.list"} == set()
        watch.poller.update_motion(frozenset(), frozenset())
        await asyncio.sleep(0.3)
        since = last(own_lab)
        await asyncio.sleep(0.5)
        assert not own_lab.log(since)


async def test_a_failed_child_tells_the_real_error(own_site: Site, own_lab: AzureLab):
    item, facts = await crm(own_site)
    own_lab.outcome("EnableDr", "Failed", code="28031", message="The quota is used up.", action="Ask for more.")
    async with watching(own_site, SLOW) as watch:
        await watch.read()
        answer = await transport(own_site).send(effect(item.arm_id, "reProtect", reprotect_body(facts)))
        watch.poller.update_motion(frozenset({item.arm_id}), frozenset({answer.job}))
        over = await watch.until(lambda part: (job := part.facts.job(answer.job)) is not None and job.is_over)
        job = over.facts.job(answer.job)
        assert job.state is JobState.FAILED
        told = {error.code: error for error in job.errors}
        assert told["28031"].message == "The quota is used up."
        assert told["28031"].recommended_action == "Ask for more."
        # The same after a full read: LIST alone would not tell.
        watch.poller.update_motion(frozenset(), frozenset())
        before = watch.poller.part.as_of
        watch.poller.refresh_soon()
        again = await watch.until(lambda part: part.as_of != before)
        assert "28031" in {error.code for error in again.facts.job(answer.job).errors}
        # And for one that starts now and never saw the job run.
        fresh = await own_site.reader.read_all(None, frozenset())
        assert "28031" in {error.code for error in fresh.job(answer.job).errors}


async def test_refreshed_items_are_what_the_service_says_now(site: Site, lab: AzureLab):
    async with watching(site, SLOW) as watch:
        await watch.read()
        lab.set("item", "crm-1", "properties.protectionStateDescription", "New")
        arm_id = named(watch.poller.part).arm_id
        since = last(lab)
        part = await watch.poller.refresh_items(frozenset({arm_id}))
        assert part.error is None
        assert named(part).protection_state_description == "New"
        assert named(watch.poller.part).protection_state_description == "New"
        # The item and its Azure machine, nothing else.
        assert sorted(entry["operation"] for entry in lab.log(since)) == sorted(
            entry["operation"]
            for entry in [*requests(lab, since, "/replicationProtectedItems/"), *requests(lab, since, "/virtualMachines/")]
        )
        assert len(lab.log(since)) == 2


async def test_a_refresh_that_fails_says_so_and_harms_nothing(site: Site, lab: AzureLab):
    async with watching(site, SLOW) as watch:
        facts = await watch.read()
        lab.deny("*/replicationProtectedItems/read")
        part = await watch.poller.refresh_items(frozenset({facts.items[0].arm_id}))
        assert part.error.problem is SourceProblem.FORBIDDEN
        assert watch.poller.part.error is None
        lab.deny()
        gone = ArmId(f"{facts.items[0].container_id}/replicationProtectedItems/nobody")
        part = await watch.poller.refresh_items(frozenset({facts.items[0].arm_id, gone}))
        assert part.error.problem is SourceProblem.NOT_FOUND
        assert "nobody" in part.error.message


async def test_what_is_refreshed_during_a_full_read_is_not_undone_by_it(site: Site, lab: AzureLab):
    async with watching(site, SLOW) as watch:
        await watch.read()
        before = watch.poller.part.as_of
        lab.fault(kind="slow", path="replicationPolicies", seconds=1)
        watch.poller.refresh_soon()
        await asyncio.sleep(0.5)
        # The lists of the running read are answered, but for one.
        lab.set("item", "crm-1", "properties.protectionStateDescription", "Newer than the list")
        await watch.poller.refresh_items(frozenset({named(watch.poller.part).arm_id}))
        after = await watch.until(lambda part: part.as_of != before)
        assert named(after).protection_state_description == "Newer than the list"


async def test_other_machines_are_read_when_asked_for(site: Site, lab: AzureLab):
    async with watching(site, SLOW) as watch:
        facts = await watch.read()
        other = ArmId(f"{facts.azure_vms[0].arm_id}-nobody")
        since = last(lab)
        watch.poller.update_motion(frozenset(), frozenset(), frozenset({other}))
        part = await watch.until(lambda part: part.facts is not None and other in part.facts.missing_vms, 5)
        assert len(part.facts.azure_vms) == 8
        # That one alone.
        assert [entry["path"].endswith("-nobody") for entry in lab.log(since)] == [True]


@pytest.mark.parametrize("kind", ["error", "close", "half_body"])
async def test_what_moves_is_tried_again_after_a_failure(site: Site, lab: AzureLab, kind: str):
    async with watching(site, SLOW) as watch:
        facts = await watch.read()
        lab.fault(kind=kind, path="/replicationProtectedItems/", count=4)
        watch.poller.update_motion(frozenset({facts.items[0].arm_id}), frozenset())
        seen = facts.items[0].detail.as_of
        part = await watch.until(lambda part: part.facts.item(facts.items[0].arm_id).detail.as_of > seen)
        assert part.error is None


async def test_the_time_of_facts_is_when_their_reading_began(site: Site, lab: AzureLab):
    """Safety rule 3: an intent is settled by facts of which none is older than its deadline."""
    lab.fault(kind="slow", path="replicationJobs", seconds=1.0)
    since = last(lab)
    async with watching(site, SLOW) as watch:
        part = await watch.until(lambda part: part.facts is not None)
    (listed, *_) = requests(lab, since, "replicationJobs")
    assert part.as_of is not None
    assert part.as_of <= datetime.fromisoformat(listed["time"])


@pytest.mark.parametrize("gets", [0, 2])
async def test_machines_on_their_way_home_are_watched_at_an_interval_of_their_own(own_lab: AzureLab, gets: int):
    """One by one or by lists; handed out when they changed, and only then."""
    settings = replace(SLOW, vm_interval=timedelta(milliseconds=100))
    async with site_of(endpoint_of(own_lab), ReaderSettings(watched_gets=gets)) as site, watching(site, settings) as watch:
        facts = await watch.read()
        known = {vm.arm_id.resource_name: vm for vm in facts.azure_vms}
        assert known["crm-1-az"].size == "Standard_F2s_v2"
        watched = frozenset({known["crm-1-az"].arm_id, known["files-1-az"].arm_id})
        before, since = len(watch.parts), last(own_lab)
        watch.poller.watch(watched)
        async with asyncio.timeout(20):
            while len(requests(own_lab, since, "virtualMachines")) < 6:  # noqa: ASYNC110 - the log tells nobody
                await asyncio.sleep(0.05)
        assert len(watch.parts) == before
        paths = {entry["path"].rpartition("/")[2] for entry in requests(own_lab, since, "virtualMachines")}
        assert paths == ({"crm-1-az", "files-1-az"} if gets else {"virtualMachines"})

        def now(part: Part[VaultFacts]) -> AzureVm:
            assert part.facts is not None
            return next(vm for vm in part.facts.azure_vms if vm.arm_id.resource_name == "crm-1-az")

        own_lab.set("vm", "crm-1-az", "power", "deallocated")
        await watch.until(lambda part: now(part).power_state == "deallocated")
        own_lab.set("vm", "crm-1-az", "size", "Standard_D8s_v3")
        await watch.until(lambda part: now(part).size == "Standard_D8s_v3")
        own_lab.set("vm", "crm-1-az", "exists", value=False)
        part = await watch.until(lambda part: bool(part.facts and part.facts.missing_vms))
        assert {vm.resource_name for vm in part.facts.missing_vms} == {"crm-1-az"}
        own_lab.deny("Microsoft.Compute/*")
        own_lab.set("vm", "files-1-az", "power", "stopped")
        seen = len(watch.parts)
        await asyncio.sleep(0.4)
        assert len(watch.parts) == seen
        own_lab.deny()
        watch.poller.watch(frozenset())
