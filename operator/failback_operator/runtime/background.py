"""Tasks that run beside the reconciles: kept, watched, and ended together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

log = logging.getLogger(__name__)
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class Background:
    """The tasks of one operator."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run `work` until it ends or is cancelled. It must handle what it can; anything else is logged."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep(self, name: str, run: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run `run` for good: if it fails, it is logged and begun anew after a growing pause."""
        return self.start(name, _kept(name, run))

    async def stop(self, *tasks: asyncio.Task[None]) -> None:
        """Cancel these tasks, or all, and wait for their end."""
        # One that is cancelled before its first step never runs, its own end (the closing of a session) included.
        await asyncio.sleep(0)
        ending = tasks or tuple(self._tasks)
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)


async def _kept(name: str, run: Callable[[], Awaitable[None]]) -> None:
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            await run()
        except Exception:
            log.exception("%s failed and is begun anew in %g s", name, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
