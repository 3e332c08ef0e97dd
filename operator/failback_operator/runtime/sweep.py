"""Our own full list: fills the cache at the start, and later finds what the watch missed (a relist never tells of deletions)."""

import logging
from collections.abc import Callable, Iterable

from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.cache import Cache, version_of
from failback_operator.runtime.keys import PLURALS
from failback_operator.runtime.kube import Body, KubeClient
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.watch import Watch

log = logging.getLogger(__name__)


class Sweep:
    """Lists all kinds in the namespaces (none: everywhere) and brings the cache up to date. `on_news` is told what changed."""

    def __init__(
        self, client: KubeClient, cache: Cache, watch: Watch, metrics: Metrics, on_news: Callable[[ObjectKey], None]
    ) -> None:
        self._client = client
        self._cache = cache
        self._watch = watch
        self._metrics = metrics
        self._on_news = on_news

    async def run_once(self, namespaces: Iterable[str], *, is_first: bool = False) -> None:
        """One full list. Raises ApiError; then what was listed before stays taken in."""
        scopes: list[str | None] = [*namespaces] or [None]
        for kind in PLURALS:
            for namespace in scopes:
                await self._sweep(kind, namespace, is_first=is_first)

    async def _sweep(self, kind: str, namespace: str | None, *, is_first: bool) -> None:
        before = {key for key in self._cache.all_keys() if key.kind == kind and namespace in {None, key.namespace}}
        listed = await self._client.list(kind, namespace)
        there: set[ObjectKey] = set()
        for body in listed.bodies:
            key, version = _identity(kind, body)
            there.add(key)
            is_news = self._cache.put(kind, body) is not None
            if not is_first:
                self._watch.compare(key, version)
            if is_news:
                self._report(key, is_first=is_first)
        for key in before - there:
            self._forget(key, listed.version)

    def _forget(self, key: ObjectKey, version: int) -> None:
        """Forget an object that the list does not show, unless it is newer than the list."""
        found = self._cache.get(key)
        if found is not None and version_of(found) > version:
            return
        self._watch.forget(key)
        if self._cache.remove(key, version):
            self._report(key, is_first=False)

    def _report(self, key: ObjectKey, *, is_first: bool) -> None:
        if not is_first:
            log.warning("the watch missed a change of %s in namespace %s", key, key.namespace)
            self._metrics.ghosts.labels(key.kind).inc()
        self._on_news(key)


def _identity(kind: str, body: Body) -> tuple[ObjectKey, int]:
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        raise TypeError(f"a {kind} without metadata")
    key = ObjectKey(kind, str(metadata.get("namespace", "")), str(metadata.get("name", "")))
    return key, int(str(metadata.get("resourceVersion") or 0))
