"""Kubernetes Events: one for each transition of a phase or of Ready, none for anything else."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from failback_operator.api.common import Condition, ConditionStatus, StatusBase, rfc3339
from failback_operator.api.v1alpha1 import FailbackMachineStatus
from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.domain.ports import Conflict
from failback_operator.runtime.keys import AnyObject
from failback_operator.runtime.kube import API_VERSION, ApiError, Body, KubeClient

log = logging.getLogger(__name__)
COMPONENT = "failback-operator"
TEXT_LENGTH = 1024  # of an Event's message
BAD_PHASES = frozenset({Phase.FAILED, Phase.NEEDS_ATTENTION})


@dataclass(frozen=True, slots=True)
class Transition:
    """What changed, as an Event tells it."""

    reason: str
    text: str
    is_warning: bool


def transitions(before: StatusBase, after: StatusBase) -> Iterator[Transition]:
    """The changes between two statuses that people should hear of."""
    if isinstance(before, FailbackMachineStatus) and isinstance(after, FailbackMachineStatus) and before.phase != after.phase:
        text = f"{before.phase} → {after.phase}" + (f": {after.message}" if after.message else "")
        yield Transition(after.phase, text, after.phase in BAD_PHASES)
    was, now = _ready(before), _ready(after)
    if now is None or (was is None and now.status is ConditionStatus.UNKNOWN):
        return
    if was is None or was.status != now.status or was.reason != now.reason:
        yield Transition(now.reason, f"Ready is {now.status}: {now.message}", now.status is ConditionStatus.FALSE)


def _ready(status: StatusBase) -> Condition | None:
    return next((each for each in status.conditions if each.type == "Ready"), None)


class EventPoster:
    """Posts Events. One that cannot be posted is only logged: nothing depends on it."""

    def __init__(self, client: KubeClient, identity: str) -> None:
        self._client = client
        self._identity = identity

    async def post(self, about: AnyObject, what: Transition, now: datetime) -> None:
        """Post an Event about an object."""
        metadata = about.metadata
        moment = rfc3339(now)
        body: Body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata.name[:200]}-", "namespace": metadata.namespace},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": type(about).__name__,
                "name": metadata.name,
                "namespace": metadata.namespace,
                "uid": metadata.uid,
            },
            "type": "Warning" if what.is_warning else "Normal",
            "reason": what.reason,
            "message": what.text[:TEXT_LENGTH],
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._identity,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }
        try:
            await self._client.create_event(metadata.namespace, body)
        except (ApiError, Conflict) as error:
            log.info("an Event about %s %s was not posted: %s", type(about).__name__, metadata.name, error)
