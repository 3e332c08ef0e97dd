"""A small client of the API server for our own objects, Leases, Events, and the Secrets that sites name."""

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import aiohttp
import kopf
from pydantic import JsonValue

from failback_operator.api.common import GROUP, VERSION
from failback_operator.domain.ports import Conflict
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.keys import PLURALS

Body: TypeAlias = dict[str, JsonValue]
MERGE_PATCH = "application/merge-patch+json"
PAGE = 500
API_VERSION = f"{GROUP}/{VERSION}"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ApiError(Exception):
    """The API server refused (`status` is its HTTP status) or could not be reached (status 0)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}" if status else message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Listed:
    """A whole list, with the resourceVersion at which it was true."""

    bodies: list[Body]
    version: int


OnWrite = Callable[[str, str, int], None]


class KubeClient:
    """Requests with own time-out; logs in anew after 401. Raises ApiError, and Conflict for 409."""

    def __init__(
        self,
        login: Callable[[], kopf.ConnectionInfo],
        timeout_seconds: float,
        on_write: OnWrite = lambda *_: None,
    ) -> None:
        self._login = login
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._on_write = on_write
        self._http: aiohttp.ClientSession | None = None
        self._former: list[tuple[float, aiohttp.ClientSession]] = []
        self._server = ""

    async def close(self) -> None:
        """Close connections; the next request opens them again."""
        former, self._former = self._former, []
        http, self._http = self._http, None
        for each in (*(session for _, session in former), *([http] if http is not None else ())):
            await each.close()

    async def request(self, method: str, path: str, body: Body | None = None, content_type: str = "application/json") -> Body:
        """Send one request and return the object that is answered."""
        try:
            status, text = await self._send(method, path, body, content_type)
            if status == 401:
                await self._forget_login()
                status, text = await self._send(method, path, body, content_type)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiError(0, f"the API server cannot be reached: {error or type(error).__name__}") from error
        if method in WRITES:
            self._on_write(method, path, status)
        answer = _parsed(text)
        if status < 300:
            return answer
        message = str(answer.get("message") or text[:200])
        if status == 409:
            raise Conflict(message)
        raise ApiError(status, message)

    async def _send(self, method: str, path: str, body: Body | None, content_type: str) -> tuple[int, str]:
        http = self._session()
        data = None if body is None else json.dumps(body)
        headers = {"Accept": "application/json", "Content-Type": content_type}
        async with http.request(method, self._server + path, data=data, headers=headers) as response:
            return response.status, await response.text()

    async def _forget_login(self) -> None:
        """Log in anew with the next request. Requests under way on the former session may end on it."""
        now = asyncio.get_running_loop().time()
        if self._http is not None:
            self._former.append((now + (self._timeout.total or 0.0), self._http))
            self._http = None
        while self._former and self._former[0][0] < now:
            await self._former.pop(0)[1].close()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            info = self._login()
            self._server = info.server.rstrip("/")
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=info.as_ssl_context()),
                headers=info.as_http_headers(),
                timeout=self._timeout,
            )
        return self._http

    async def list(self, kind: str, namespace: str | None) -> Listed:
        """All objects of a kind, of one namespace or of all; consistent, since pages are of one version."""
        bodies: list[Body] = []
        version, token = 0, ""
        while True:
            page = await self.request("GET", f"{_collection(kind, namespace)}?limit={PAGE}&continue={token}")
            items = page.get("items")
            bodies += [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
            metadata = _mapping(page.get("metadata"))
            version = version or int(str(metadata.get("resourceVersion") or 0))
            token = str(metadata.get("continue") or "")
            if not token:
                return Listed(bodies, version)

    async def get(self, key: ObjectKey) -> Body | None:
        """The object, or None if there is none."""
        return await _or_none(self.request("GET", _path(key)))

    async def create(self, key: ObjectKey, spec: Body, metadata: Body) -> Body:
        """Make an object. Raises Conflict if there is one of that name."""
        body: Body = {
            "apiVersion": API_VERSION,
            "kind": key.kind,
            "metadata": {**metadata, "name": key.name, "namespace": key.namespace},
            "spec": spec,
        }
        return await self.request("POST", _collection(key.kind, key.namespace), body)

    async def patch(self, key: ObjectKey, changes: Body, version: str, *, is_status: bool = False) -> Body:
        """Merge `changes` into the object if it still has that resourceVersion. Raises Conflict if not, ApiError 404 if gone."""
        locked: Body = {**changes, "metadata": {**_mapping(changes.get("metadata")), "resourceVersion": version}}
        return await self.request("PATCH", _path(key) + ("/status" if is_status else ""), locked, MERGE_PATCH)

    async def delete(self, key: ObjectKey, uid: str, version: str) -> None:
        """Delete the object if it is still that one in that version. Raises Conflict if not; one that is gone is no error."""
        options: Body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid, "resourceVersion": version}}
        await _or_none(self.request("DELETE", _path(key), options))

    async def secret(self, namespace: str, name: str) -> dict[str, str] | None:
        """The decoded values of a Secret, or None if there is none. Values that are no text are left out."""
        found = await _or_none(self.request("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}"))
        if found is None:
            return None
        texts = ((key, _decoded(str(value))) for key, value in _mapping(found.get("data")).items())
        return {key: text for key, text in texts if text is not None}

    async def config_map(self, namespace: str, name: str) -> dict[str, str] | None:
        """The values of a ConfigMap, or None if there is none."""
        found = await _or_none(self.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/{name}"))
        return None if found is None else {key: str(value) for key, value in _mapping(found.get("data")).items()}

    async def lease(self, namespace: str, name: str) -> Body | None:
        """A Lease, or None if there is none."""
        return await _or_none(self.request("GET", f"{_leases(namespace)}/{name}"))

    async def create_lease(self, namespace: str, body: Body) -> Body:
        """Make a Lease. Raises Conflict if there is one of that name."""
        return await self.request("POST", _leases(namespace), body)

    async def replace_lease(self, namespace: str, name: str, body: Body) -> Body:
        """Replace a Lease if it still has the body's resourceVersion. Raises Conflict if not."""
        return await self.request("PUT", f"{_leases(namespace)}/{name}", body)

    async def create_event(self, namespace: str, body: Body) -> None:
        """Post an Event."""
        await self.request("POST", f"/api/v1/namespaces/{namespace}/events", body)


async def _or_none(asked: Awaitable[Body]) -> Body | None:
    try:
        return await asked
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _collection(kind: str, namespace: str | None) -> str:
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{API_VERSION}{scope}/{PLURALS[kind]}"


def _path(key: ObjectKey) -> str:
    return f"{_collection(key.kind, key.namespace)}/{key.name}"


def _leases(namespace: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


def _mapping(value: JsonValue | None) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _parsed(text: str) -> Body:
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _decoded(value: str) -> str | None:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
