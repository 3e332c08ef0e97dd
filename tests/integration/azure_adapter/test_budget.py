"""Two sites of one subscription share its budget, on the wire."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.integration.azure_adapter.sites import Site, endpoint_of, last, site_of
from tests.integration.azure_adapter.test_poller import FAST, SLOW, watching

from failback_lab.azure.client import AzureLab
from failback_operator.domain.reading import SourceFailed, SourceProblem
from failback_operator.observe.azure import BudgetBook, BudgetSettings, Kind, ReadFailed
from failback_operator.runtime.azure_source import AzureSource, SourceTools
from failback_operator.runtime.background import Background
from failback_operator.runtime.clock import WallClock
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.settings import Settings

HOLD = 2


async def sites(stack: AsyncExitStack, lab: AzureLab, book: BudgetBook) -> tuple[Site, Site]:
    one, other = [await stack.enter_async_context(site_of(endpoint_of(lab), budgets=book)) for _ in range(2)]
    return one, other


async def test_a_retry_after_for_one_site_holds_back_the_other(lab: AzureLab):
    async with AsyncExitStack() as stack:
        one, other = await sites(stack, lab, BudgetBook())
        assert one.reader.budget is other.reader.budget
        watch = await stack.enter_async_context(watching(other, FAST))
        await watch.read()
        lab.fault(kind="throttle", path="replicationPolicies", retry_after=30)
        with pytest.raises(ReadFailed) as refused:
            await one.reader.read_all(None, frozenset())
        assert refused.value.error.problem is SourceProblem.THROTTLED
        assert one.reader.budget.held() > 20
        # What was on the wire by then comes to its end.
        await asyncio.sleep(0.5)
        since = last(lab)
        fresh = await watch.poller.refresh_items(frozenset({watch.poller.part.facts.items[0].arm_id}))
        assert fresh.error.problem is SourceProblem.THROTTLED
        assert fresh.error.retry_after.total_seconds() > 20
        with pytest.raises(ReadFailed) as held:
            await other.reader.read_parts([], ["a-job"], [])
        assert held.value.error.problem is SourceProblem.THROTTLED
        await asyncio.sleep(0.5)
        assert not lab.log(since)


async def test_they_go_on_once_the_time_is_over(lab: AzureLab):
    async with AsyncExitStack() as stack:
        one, other = await sites(stack, lab, BudgetBook())
        watch = await stack.enter_async_context(watching(other, FAST))
        await watch.read()
        lab.fault(kind="throttle", path="replicationPolicies", retry_after=HOLD)
        with pytest.raises(ReadFailed):
            await one.reader.read_all(None, frozenset())
        before = watch.poller.part.as_of
        again = await watch.until(lambda part: part.error is None and part.as_of > before)
        assert again.facts is not None


async def test_the_service_tells_what_is_left_and_the_budget_counts_what_was_read(lab: AzureLab):
    async with AsyncExitStack() as stack:
        one, other = await sites(stack, lab, BudgetBook(BudgetSettings(reads_per_hour=1_000_000)))
        await one.reader.read_all(None, frozenset())
        await other.reader.read_all(None, frozenset())
        budget = one.reader.budget
        reads = [call for call in (*one.calls, *other.calls) if call.service != "Entra" and call.method == "GET"]
        assert budget.spent == len(reads)
        assert budget.remaining(Kind.READS) is not None
        assert (budget.users, budget.limit) == (2, 1_000_000)
    assert budget.users == 0


async def test_a_site_whose_turn_is_late_keeps_its_facts_and_says_by_how_much(lab: AzureLab):
    async with AsyncExitStack() as stack:
        one, _ = await sites(stack, lab, BudgetBook(BudgetSettings(reads_per_hour=100)))
        watch = await stack.enter_async_context(watching(one, SLOW))
        await watch.read()
        await asyncio.sleep(0.1)
        # Never so late that the facts become stale.
        assert 200 < watch.poller.delay < 300
        # An effect's own reads go before.
        item = watch.poller.part.facts.items[0].arm_id
        fresh = await watch.poller.refresh_items(frozenset({item}))
        assert fresh.error is None


async def test_full_reads_for_effects_do_not_put_off_the_next_one(lab: AzureLab):
    async with AsyncExitStack() as stack:
        one, _ = await sites(stack, lab, BudgetBook(BudgetSettings(reads_per_hour=4000)))
        watch = await stack.enter_async_context(watching(one, SLOW))
        await watch.read()
        for _ in range(6):
            before = watch.poller.part.as_of
            watch.poller.refresh_soon()
            await watch.until(lambda part, before=before: part.as_of > before)
        await asyncio.sleep(0.1)
        assert watch.poller.delay < 30


async def test_a_full_read_for_an_effect_fails_at_once_while_azure_asks_to_wait(lab: AzureLab):
    background, news = Background(), asyncio.Event()
    source = AzureSource("one", SourceTools(Settings(), WallClock(), Metrics(), background, BudgetBook()), news.set)
    await source.apply(endpoint_of(lab))
    while source.part.facts is None:
        news.clear()
        await asyncio.wait_for(news.wait(), 20)
    assert not source.asks_to_wait()
    lab.fault(kind="throttle", path="replicationPolicies", retry_after=60)
    async with asyncio.timeout(20):
        with pytest.raises(SourceFailed) as first:
            await source.fresh_all(600)
        assert source.asks_to_wait()
        with pytest.raises(SourceFailed) as second:
            await source.fresh_all(600)
    assert {each.value.error.problem for each in (first, second)} == {SourceProblem.THROTTLED}
    await source.close()
    await background.stop()
