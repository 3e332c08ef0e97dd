"""Runs jobs: one task after another, each with its duration and its effect on the world."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

from .clock import Clock
from .jobs import Job, JobBook, JobFailedError, Outcome, State, Task

log = logging.getLogger(__name__)
Effect = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Step:
    """A task, how long it takes (seconds before scaling) and what it does at its end."""

    task: Task
    seconds: float
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What a job's end does to the world. `succeeded` is left out where a wish says PartiallySucceeded."""

    succeeded: Callable[[], None]
    failed: Callable[[], None]


class Engine:
    """Keeps the running jobs in a task group, so that none outlives the server or fails unseen."""

    def __init__(self, clock: Clock, book: JobBook, group: asyncio.TaskGroup) -> None:
        self.clock = clock
        self.book = book
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` beside the server."""
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Break off all that runs."""
        for task in self._tasks:
            task.cancel()

    def launch(self, job: Job, steps: list[Step], ending: Ending) -> None:
        """Put `job` into the book and run it."""
        self.book.add(job)
        self.spawn(self.run(job, steps, ending))

    async def run(self, job: Job, steps: list[Step], ending: Ending) -> None:
        """Run `job` to its end."""
        try:
            for step in steps:
                await self._run_step(job, step)
        except JobFailedError as failure:
            log.info("job %s of %s failed: %s", job.scenario, job.target_name, failure)
            job.fail(failure.fault, self.clock.now())
            ending.failed()
            return
        wish = self.book.take_outcome(job, None)
        self._finish(job, wish)
        if wish is None:
            ending.succeeded()
        else:
            ending.failed()

    def _finish(self, job: Job, wish: Outcome | None) -> None:
        if wish is None:
            job.finish(State.SUCCEEDED, self.clock.now())
            return
        job.fail(wish.fault, self.clock.now())
        job.state, job.description = wish.state, wish.description

    async def _run_step(self, job: Job, step: Step) -> None:
        if step.task.is_skipped:
            return
        step.task.state, step.task.started = State.IN_PROGRESS, self.clock.now()
        await self.clock.sleep(step.seconds)
        wish = self.book.take_outcome(job, step.task)
        if wish is not None:
            raise JobFailedError(wish.fault)
        if step.effect is not None:
            await step.effect()
        step.task.state, step.task.ended = State.SUCCEEDED, self.clock.now()
