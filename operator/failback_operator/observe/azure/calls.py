"""Reads through the SDK: bounded in number and time, and whole or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol, TypeVar

from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline import PipelineResponse
from azure.core.rest import AsyncHttpResponse, HttpRequest

from .settings import ReaderSettings
from .wire import MalformedError

SUBSCRIPTION_NOT_FOUND = "SubscriptionNotFound"  # says nothing of the resource

T = TypeVar("T")
R = TypeVar("R")


class Paged(Protocol):
    """The SDK's AsyncItemPaged."""

    def by_page(self) -> AsyncIterator[AsyncIterator[object]]:
        """Its pages."""
        ...


class Calls:
    """Makes reads, at most `concurrency` at a time."""

    def __init__(self, settings: ReaderSettings) -> None:
        self._limit = settings.call_timeout.total_seconds()
        self._slots = asyncio.Semaphore(settings.concurrency)

    async def get(self, operation: Callable[..., Awaitable[T]], *path: str, **options: Any) -> T:
        """One resource. Raises what the SDK raises, and TimeoutError."""
        async with self._slots, asyncio.timeout(self._limit):
            with _well_formed():
                return await operation(*path, **options)

    async def get_or_none(self, operation: Callable[..., Awaitable[T]], *path: str, **options: Any) -> T | None:
        """One resource, None if the service says that it is not there (404)."""
        try:
            return await self.get(operation, *path, **options)
        except ResourceNotFoundError as missing:
            if missing.error is not None and missing.error.code == SUBSCRIPTION_NOT_FOUND:
                raise
            return None

    async def whole(self, convert: Callable[[object], R], operation: Callable[..., Paged], *path: str, **options: Any) -> list[R]:
        """All pages of a list, converted one page after the other, or an error: what is missing from the result is not there."""
        found: list[R] = []
        pages = operation(*path, raw_response_hook=_whole_page, **options).by_page()
        while True:
            async with self._slots, asyncio.timeout(self._limit):
                with _well_formed():
                    page = await anext(pages, None)
            if page is None:
                return found
            found += [convert(each) async for each in page]

    async def each(self, work: Callable[[T], Awaitable[R]], of: Iterable[T]) -> list[R]:
        """`work` of each, side by side, in order. The first error cancels the others and is raised."""
        return await together(work(one) for one in of)


@contextmanager
def _well_formed() -> Iterator[None]:
    """What the SDK stumbles over when JSON is not of the form that it expects, told as such."""
    try:
        yield
    except (TypeError, AttributeError, KeyError) as error:
        raise MalformedError("an answer had another form than it should have") from error


@asynccontextmanager
async def side_by_side() -> AsyncIterator[asyncio.TaskGroup]:
    """A TaskGroup whose first error is raised by itself, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failed:
        raise _first(failed) from None


async def together(coroutines: Iterable[Awaitable[R]]) -> list[R]:
    """The results of all, in order. The first error cancels the others and is raised by itself."""
    async with side_by_side() as group:
        tasks = [group.create_task(_awaited(each)) for each in coroutines]
    return [task.result() for task in tasks]


async def _awaited(work: Awaitable[R]) -> R:
    return await work


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = failed
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _whole_page(response: PipelineResponse[HttpRequest, AsyncHttpResponse]) -> None:
    """Raises MalformedError for a page without its list: the SDK would take it for an empty one."""
    if response.http_response.status_code != 200:
        return
    body = response.http_response.json()
    entries = body.get("value") if isinstance(body, dict) else None
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise MalformedError("a page of a list came without its list")
