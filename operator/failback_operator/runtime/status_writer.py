"""The only writer of statuses: merges what was decided with what is stored, and writes only what differs."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from failback_operator.api.common import Condition, StatusBase
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.events import EventPoster, transitions
from failback_operator.runtime.keys import AnyObject, key_of
from failback_operator.runtime.kube import Body, KubeClient
from failback_operator.runtime.merge import merge_patch

log = logging.getLogger(__name__)
LEDGER = "ledger"  # has a writer of its own


def with_transition_times(wanted: Sequence[Condition], stored: Sequence[Condition], now: datetime) -> list[Condition]:
    """The wanted conditions; each keeps the time at which its status last changed, or gets `now` if it changes now."""
    known = {each.type: each for each in stored}
    second = now.replace(microsecond=0)
    return [each.model_copy(update={"last_transition_time": _since(each, known.get(each.type), second)}) for each in wanted]


def _since(wanted: Condition, stored: Condition | None, now: datetime) -> datetime:
    if stored is None or stored.status != wanted.status or stored.last_transition_time is None:
        return now
    return stored.last_transition_time


def status_changes(stored: StatusBase, wanted: StatusBase) -> Body:
    """The merge patch from what the API server holds to `wanted`; empty if nothing differs. The ledger is left alone."""
    before = cast("Body", stored.model_dump(by_alias=True, exclude_unset=True, exclude_none=True, mode="json"))
    after = wanted.wire()
    for each in (before, after):
        each.pop(LEDGER, None)
    return merge_patch(before, after)


class StatusWriter:
    """Writes statuses with an optimistic lock on the object that was judged, and posts an Event for each transition."""

    def __init__(self, client: KubeClient, cache: Cache, events: EventPoster) -> None:
        self._client = client
        self._cache = cache
        self._events = events

    async def write(self, found: AnyObject, wanted: StatusBase, now: datetime) -> bool:
        """Make the status of `found` be `wanted`; whether that took a write. Raises Conflict if the object changed, ApiError."""
        stored = found.status
        merged = wanted.model_copy(
            update={"conditions": with_transition_times(wanted.conditions, stored.conditions, now)},
        )
        changes = status_changes(stored, merged)
        if not changes:
            return False
        key = key_of(found)
        self._cache.put(
            key.kind, await self._client.patch(key, {"status": changes}, found.metadata.resource_version, is_status=True)
        )
        for each in transitions(stored, merged):
            log.info("%s: %s", key, each.text, extra={"object": str(key), "namespace": key.namespace, "reason": each.reason})
            await self._events.post(found, each, now)
        return True
