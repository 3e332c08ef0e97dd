"""Background tasks: they end together, each in its own way."""

import asyncio

from failback_operator.runtime.background import Background


async def test_a_task_that_was_just_started_still_runs_its_own_end() -> None:
    background, ended = Background(), asyncio.Event()

    async def held() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    background.start("a session to be closed", held())
    await background.stop()
    assert ended.is_set()


async def test_nothing_to_stop_is_no_error() -> None:
    await Background().stop()
