"""The queue: no key is lost, none is worked on twice at a time, none comes before it is due."""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from failback_operator.runtime.queue import DelayQueue

KEYS = st.sampled_from("abcde")
DELAYS = st.integers(min_value=-1, max_value=5)


class QueueAgainstModel(RuleBasedStateMachine):
    """Against the simplest thing that could be right: a table of when each key is wanted."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.queue = DelayQueue(lambda: self.now)
        self.due = {}
        self.again = {}
        self.active = set()

    @rule(key=KEYS, delay=DELAYS)
    def add(self, key, delay):
        self.queue.add(key, delay)
        table = self.again if key in self.active else self.due
        due = self.now + max(0, delay)
        table[key] = min(due, table.get(key, due))

    @rule(seconds=st.integers(min_value=1, max_value=4))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def take(self):
        key = self.queue.take()
        ready = {each: due for each, due in self.due.items() if due <= self.now}
        if not ready:
            assert key is None
            return
        assert key not in self.active
        assert ready[key] == min(ready.values())
        del self.due[key]
        self.active.add(key)

    @precondition(lambda self: self.active)
    @rule(data=st.data())
    def done(self, data):
        key = data.draw(st.sampled_from(sorted(self.active)))
        self.queue.done(key)
        self.active.discard(key)
        if key in self.again:
            self.due[key] = self.again.pop(key)

    @invariant()
    def agrees(self):
        assert len(self.queue) == len(self.due) + len(self.again)
        assert self.queue.active == self.active


TestQueueAgainstModel = QueueAgainstModel.TestCase


async def test_get_wakes_for_a_key_that_is_added_while_it_waits():
    queue = DelayQueue(asyncio.get_running_loop().time)
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.add("later", 60)
    queue.add("now")
    assert await asyncio.wait_for(waiting, 1) == "now"


async def test_get_waits_until_the_key_is_due():
    loop = asyncio.get_running_loop()
    queue = DelayQueue(loop.time)
    queue.add("key", 0.05)
    began = loop.time()
    assert await queue.get() == "key"
    assert loop.time() - began >= 0.05


async def test_each_key_has_one_worker_at_a_time_and_every_addition_is_worked_on_after_it():
    queue = DelayQueue(asyncio.get_running_loop().time)
    active, seen, wanted = set(), {}, {}

    async def work():
        while True:
            key = await queue.get()
            assert key not in active
            active.add(key)
            seen[key] = wanted[key]
            await asyncio.sleep(0.001)
            active.discard(key)
            queue.done(key)

    workers = [asyncio.ensure_future(work()) for _ in range(3)]
    for number in range(200):
        key = number % 4
        wanted[key] = number
        queue.add(key)
        if number % 5 == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    for worker in workers:
        worker.cancel()
    assert seen == wanted
