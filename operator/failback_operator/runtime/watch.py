"""Kopf's part: it lists, watches and reconnects; each event goes into the cache, and its site into the queue."""

import asyncio
from collections.abc import Callable

import kopf

from failback_operator.api.common import GROUP, VERSION
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.keys import PLURALS
from failback_operator.runtime.settings import Settings

PREFIX = "kopf.failback.dev"
OnNews = Callable[[ObjectKey], None]


class Watch:
    """What the watch has shown, object by object. `on_news` is told what changed."""

    def __init__(self, cache: Cache, on_news: OnNews) -> None:
        self._cache = cache
        self._on_news = on_news
        self._seen: dict[ObjectKey, int] = {}
        self._behind_since: dict[ObjectKey, float] = {}

    def take(self, kind: str, event_type: str | None, body: kopf.RawBody) -> None:
        """Take in one event."""
        metadata = body["metadata"]
        key = ObjectKey(kind, metadata.get("namespace", ""), metadata["name"])
        version = int(metadata.get("resourceVersion", 0))
        self._seen[key] = max(version, self._seen.get(key, 0))
        self._behind_since.pop(key, None)
        if event_type == "DELETED":
            self._seen.pop(key, None)
            if self._cache.remove(key, version, metadata.get("uid", "")):
                self._on_news(key)
        elif self._cache.put(kind, dict(body)) is not None:
            self._on_news(key)

    def compare(self, key: ObjectKey, version: int) -> None:
        """A full list shows that version: note since when the watch is behind it."""
        if version > self._seen.get(key, 0):
            self._behind_since.setdefault(key, asyncio.get_running_loop().time())
        else:
            self._behind_since.pop(key, None)

    def forget(self, key: ObjectKey) -> None:
        """A full list shows that it is gone. That says nothing of the watch: after a relist Kopf never tells of deletions."""
        self._seen.pop(key, None)
        self._behind_since.pop(key, None)

    def seconds_behind(self) -> float:
        """For how long the watch has been behind a full list; 0 if it is not."""
        now = asyncio.get_running_loop().time()
        return max((now - since for since in self._behind_since.values()), default=0.0)


def kopf_registry(watch: Watch, login: Callable[[], kopf.ConnectionInfo], stale_seconds: float) -> kopf.OperatorRegistry:
    """Handlers of events, log-in and probe, and nothing else: no handler of Kopf decides or writes anything."""
    registry = kopf.OperatorRegistry()
    for kind, plural in PLURALS.items():

        @kopf.on.event(GROUP, VERSION, plural, registry=registry, id=f"seen-{plural}", param=kind)
        async def seen(*, event: kopf.RawEvent, param: object = None, **_: object) -> None:
            watch.take(str(param), event["type"], event["object"])

    @kopf.on.login(registry=registry)
    async def log_in(**_: object) -> kopf.ConnectionInfo:
        return await asyncio.to_thread(login)

    @kopf.on.probe(registry=registry, id="watch")
    async def is_watching(**_: object) -> str:
        behind = watch.seconds_behind()
        if behind > stale_seconds:
            # Any other exception would leave the probe without an answer.
            raise kopf.PermanentError(f"the watch is behind for {behind:.0f} s")
        return "ok"

    return registry


def kopf_settings(settings: Settings) -> kopf.OperatorSettings:
    """Kopf as a list-watcher: it neither writes, nor posts, nor scans, nor peers."""
    found = kopf.OperatorSettings()
    found.peering.standalone = True
    found.posting.enabled = False
    found.scanning.disabled = True
    found.execution.max_workers = 2
    found.networking.request_timeout = settings.kubernetes_timeout_seconds
    found.watching.server_timeout = 290
    found.watching.client_timeout = 310
    found.watching.connect_timeout = 10
    found.watching.inactivity_timeout = 70
    found.watching.chunk_size = 500
    # Not ours: Kopf takes its finalizer off every object for which no handler of its own needs one.
    found.persistence.finalizer = f"{PREFIX}/unused"
    found.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=PREFIX, v1=False)
    found.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=PREFIX, v1=False)
    return found
