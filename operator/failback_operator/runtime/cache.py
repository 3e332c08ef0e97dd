"""Our objects as the API server last showed them, whoever brought the news: watch, answer to a write, or full list.

All versions of one object are ordered by resourceVersion, so late news never replaces newer.
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions (comparable as integers since 1.35; etcd's
revision before).
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import ValidationError

from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.keys import MODELS, UNASSIGNED, AnyObject, SiteKey, key_of, named_site

log = logging.getLogger(__name__)

ObjectT = TypeVar("ObjectT", bound=AnyObject)
TOMBSTONES = 10_000


def version_of(found: AnyObject) -> int:
    """The object's resourceVersion as a number."""
    return int(found.metadata.resource_version or 0)


class Cache:
    """The objects by key. Not for effects: those read again what they depend on."""

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, AnyObject] = {}
        self._members: dict[SiteKey, set[ObjectKey]] = defaultdict(set)
        self._deleted: dict[ObjectKey, int] = {}
        self._unreadable: dict[ObjectKey, str] = {}

    def put(self, kind: str, body: Mapping[str, object]) -> ObjectKey | None:
        """Store an object; its key if that is news, else None. One that our models cannot read is kept as unreadable."""
        try:
            found = MODELS[kind].model_validate(body)
        except ValidationError as error:
            return self._put_unreadable(kind, body, error)
        key, version = key_of(found), version_of(found)
        known = self._objects.get(key)
        if version <= self._deleted.get(key, 0) or (known is not None and version <= version_of(known)):
            return None
        self._forget(key)
        self._deleted.pop(key, None)
        self._unreadable.pop(key, None)
        self._objects[key] = found
        self._members[named_site(found)].add(key)
        return key

    def remove(self, key: ObjectKey, version: int, uid: str = "") -> bool:
        """Forget an object that was gone at `version`, unless another one of that name is stored. True if it was there."""
        known = self._objects.get(key)
        if known is not None and (version_of(known) > version or (uid and known.metadata.uid != uid)):
            return False
        self._deleted[key] = max(version, self._deleted.get(key, 0))
        while len(self._deleted) > TOMBSTONES:
            self._deleted.pop(next(iter(self._deleted)))
        was_unreadable = self._unreadable.pop(key, None) is not None
        self._forget(key)
        return known is not None or was_unreadable

    def get(self, key: ObjectKey) -> AnyObject | None:
        """The object, if there is one."""
        return self._objects.get(key)

    def site(self, key: SiteKey) -> RecoverySite | None:
        """The site, if there is one."""
        found = self._objects.get(key.object_key)
        return found if isinstance(found, RecoverySite) else None

    def members(self, key: SiteKey, model: type[ObjectT]) -> tuple[ObjectT, ...]:
        """The objects of one kind that name the site, by name; for UNASSIGNED those whose site does not exist."""
        keys: Iterable[ObjectKey] = self._unassigned() if key == UNASSIGNED else self._members.get(key, ())
        found = (self._objects[each] for each in sorted(keys, key=lambda each: (each.namespace, each.name)))
        return tuple(each for each in found if isinstance(each, model))

    def sites(self) -> tuple[RecoverySite, ...]:
        """All sites, by namespace and name."""
        return self.every(RecoverySite)

    def every(self, model: type[ObjectT]) -> tuple[ObjectT, ...]:
        """All objects of one kind, by namespace and name."""
        found = [each for each in self._objects.values() if isinstance(each, model)]
        return tuple(sorted(found, key=lambda each: (each.namespace, each.name)))

    def all_keys(self) -> tuple[ObjectKey, ...]:
        """The keys of all objects, unreadable ones included."""
        return (*self._objects, *self._unreadable)

    def site_keys(self) -> tuple[SiteKey, ...]:
        """All that is to be reconciled."""
        return (*(SiteKey(each.namespace, each.name) for each in self.sites()), UNASSIGNED)

    def owner_key(self, key: ObjectKey) -> SiteKey:
        """What is to be reconciled for an object: its site if that exists, else UNASSIGNED."""
        found = self._objects.get(key)
        site = named_site(found) if found is not None else SiteKey(key.namespace, key.name)
        return site if self.site(site) is not None else UNASSIGNED

    def unreadable(self, namespace: str) -> dict[ObjectKey, str]:
        """Objects of the namespace that our models cannot read, and why. While there are any, nothing there is judged."""
        return {key: text for key, text in self._unreadable.items() if key.namespace == namespace}

    def _unassigned(self) -> list[ObjectKey]:
        return [key for site, keys in self._members.items() if self.site(site) is None for key in keys]

    def _put_unreadable(self, kind: str, body: Mapping[str, object], error: ValidationError) -> ObjectKey | None:
        metadata = body.get("metadata")
        if not isinstance(metadata, Mapping):
            return None
        key = ObjectKey(kind, str(metadata.get("namespace", "")), str(metadata.get("name", "")))
        version, known = int(str(metadata.get("resourceVersion") or 0)), self._objects.get(key)
        if version <= self._deleted.get(key, 0) or (known is not None and version <= version_of(known)):
            return None
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        if self._unreadable.get(key) == problems:
            return None
        log.error("%s in namespace %s does not fit this version of the operator: %s", key, key.namespace, problems)
        self._forget(key)
        self._unreadable[key] = problems
        return key

    def _forget(self, key: ObjectKey) -> None:
        known = self._objects.pop(key, None)
        if known is not None:
            site = named_site(known)
            self._members[site].discard(key)
            if not self._members[site]:
                del self._members[site]
