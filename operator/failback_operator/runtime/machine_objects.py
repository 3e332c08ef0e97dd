"""FailbackMachines as objects: made, kept in step with what was decided, finalized, deleted."""

from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.api.v1alpha1.failback_machine import IN_FLIGHT_FINALIZER
from failback_operator.domain.decision import MachineObject
from failback_operator.domain.ports import Conflict
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.keys import AnyObject
from failback_operator.runtime.kube import Body, KubeClient
from failback_operator.runtime.merge import merge_patch

SITE_LABEL = "failback.dev/site"
LABEL_LENGTH = 63


class MachineObjects:
    """Writes FailbackMachines. No ownerReference: they outlive a plan that GitOps replaces."""

    def __init__(self, client: KubeClient, cache: Cache) -> None:
        self._client = client
        self._cache = cache

    async def ensure(self, wanted: MachineObject, stored: AnyObject | None) -> bool:
        """Make the object be as wanted; whether that took a write. Raises Conflict if it changed meanwhile, ApiError."""
        if stored is None:
            if self._cache.get(wanted.key) is not None:
                raise Conflict(f"{wanted.key} was made meanwhile")
            return await self._create(wanted)
        if not isinstance(stored, FailbackMachine):
            raise TypeError(f"{wanted.key} is no FailbackMachine")
        changes = self._changes(wanted, stored)
        if changes:
            answer = await self._client.patch(wanted.key, changes, stored.metadata.resource_version)
            self._take(wanted.key, answer)
        return bool(changes)

    async def delete(self, key: ObjectKey, stored: AnyObject) -> bool:
        """Delete the object if it is still as it was judged. Raises Conflict if not, ApiError."""
        await self._client.delete(key, stored.metadata.uid, stored.metadata.resource_version)
        return True

    async def _create(self, wanted: MachineObject) -> bool:
        metadata: Body = {"labels": {SITE_LABEL: wanted.spec.site_ref.name[:LABEL_LENGTH].rstrip("-.")}}
        if wanted.is_in_flight:
            metadata["finalizers"] = [IN_FLIGHT_FINALIZER]
        self._take(wanted.key, await self._client.create(wanted.key, wanted.spec.wire(), metadata))
        return True

    @staticmethod
    def _changes(wanted: MachineObject, stored: FailbackMachine) -> Body:
        changes: Body = {}
        spec = merge_patch(stored.spec.wire(), wanted.spec.wire())
        if spec:
            changes["spec"] = spec
        others = [each for each in stored.metadata.finalizers if each != IN_FLIGHT_FINALIZER]
        finalizers = [*others, IN_FLIGHT_FINALIZER] if wanted.is_in_flight else others
        # To an object that is being deleted the API server lets nobody add a finalizer.
        is_allowed = stored.metadata.deletion_timestamp is None or len(finalizers) < len(stored.metadata.finalizers)
        if set(finalizers) != set(stored.metadata.finalizers) and is_allowed:
            changes["metadata"] = {"finalizers": list(finalizers)}
        return changes

    def _take(self, key: ObjectKey, answer: Body) -> None:
        metadata = answer.get("metadata")
        if isinstance(metadata, dict) and metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            # With its last finalizer it went.
            self._cache.remove(key, int(str(metadata.get("resourceVersion") or 0)), str(metadata.get("uid") or ""))
        else:
            self._cache.put(key.kind, answer)
