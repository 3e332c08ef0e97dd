"""A request's way: log, fault, login, rights, budget, route, answer, record."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from aiohttp import web
from multidict import CIMultiDict

from .access import check_access
from .arm import ArmError, Call, Json, Reply, error_body
from .budget import Budget
from .clock import wire_time
from .directory import revoked
from .faults import FaultRule, Faults
from .requestlog import Entry, RequestLog
from .routing import Router
from .simulator import Simulator

_ENTRA = {
    ("GET", "v2.0/.well-known/openid-configuration"): "entra.metadata",
    ("GET", "discovery/v2.0/keys"): "entra.keys",
    ("POST", "oauth2/v2.0/token"): "entra.token",
}
_KEPT_HEADERS = ("content-type", "x-ms-client-request-id", "accept")


@dataclass(slots=True)
class Dispatcher:
    """Answers every request that is not the lab's own."""

    lab: Simulator
    router: Router
    faults: Faults
    log: RequestLog
    budget: Budget

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler."""
        body = await request.read()
        entry = self.log.open_entry(wire_time(self.lab.world.clock.now()), request.method, request.path, request.query_string)
        entry.client_request_id = request.headers.get("x-ms-client-request-id", "")
        self._describe(entry, body)
        rule = self.faults.take(request.method, request.path_qs)
        entry.fault = f"{rule.kind}/{rule.when}" if rule else None
        reply = self._failed(rule) if rule and rule.when == "before" else None
        if reply is None and not (rule and rule.kind == "close" and rule.when == "before"):
            reply = await self._answer(request, body, entry)
        if rule and rule.kind == "slow":  # carried out and logged; the answer is late
            await asyncio.sleep(rule.seconds)
        if rule and rule.when == "after":
            reply = self._failed(rule) or reply
        return await self._send(request, body, entry, rule, reply)

    def _describe(self, entry: Entry, body: bytes) -> None:
        """Say in the log what was asked, also where a fault or a refusal comes before it is done."""
        tail = entry.path.strip("/").partition("/")[2]
        if (entry.method, tail) in _ENTRA:
            entry.operation = _ENTRA[entry.method, tail]
            return
        with suppress(ArmError):
            route, params = self.router.find(entry.method, entry.path)
            entry.operation = route.operation
            item = self.lab.world.item(params["item"]) if "item" in params else None
            entry.item = item.friendly_name if item else None
            properties = _json(body).get("properties")
            if isinstance(properties, dict):
                entry.direction = properties.get("failoverDirection")
                details = properties.get("providerSpecificDetails")
                entry.instance_type = details.get("instanceType") if isinstance(details, dict) else None

    def _failed(self, rule: FaultRule) -> Reply | None:
        """The answer that a rule makes in place of the true one, or None."""
        extra = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
        if rule.kind == "throttle":
            return Reply(error_body("TooManyRequests", "The request is being throttled."), 429, extra)
        if rule.kind == "error":
            return Reply(error_body(rule.code, rule.message), rule.status, extra)
        if rule.kind == "expired_token":
            return _refusal(revoked(self.lab.entra.authority))
        return None

    async def _answer(self, request: web.Request, body: bytes, entry: Entry) -> Reply:
        try:
            reply = await self._entra(request, body, entry) or await self._arm(request, body, entry)
        except ArmError as error:
            return _refusal(error)
        entry.accepted = reply.status < 400
        entry.item, entry.job = reply.item or entry.item, reply.job
        return reply

    async def _entra(self, request: web.Request, body: bytes, entry: Entry) -> Reply | None:
        tenant = request.path.strip("/").split("/")[0]
        if entry.operation == "entra.metadata":
            return self.lab.entra.metadata(tenant)
        if entry.operation == "entra.keys":
            return self.lab.entra.keys()
        if entry.operation == "entra.token":
            return self.lab.entra.token(tenant, await _form(request, body))
        return None

    async def _arm(self, request: web.Request, body: bytes, entry: Entry) -> Reply:
        lab = self.lab
        account = lab.directory.account_of(request.headers.get("Authorization"), lab.entra.authority)
        route, params = self.router.find(request.method, request.path)
        query = {k.casefold(): v for k, v in request.query.items()}
        if not query.get("api-version"):
            text = "The api-version query parameter (?api-version=) is required for all requests."
            raise ArmError(400, "MissingApiVersionParameter", text)
        rights = account.actions, account.denied_actions
        call = Call(request.method, request.path, params, query, _json(body), entry.client_request_id, *rights)
        lab.check_scope(call)
        check_access(account, request.method, request.path)
        remaining = self.budget.spend(request.method, lab.world.clock.now())
        reply = await route.handler(call)
        reply.headers = {"x-ms-request-id": str(uuid4()), **remaining, **reply.headers}
        return reply

    async def _send(
        self, request: web.Request, body: bytes, entry: Entry, rule: FaultRule | None, reply: Reply | None
    ) -> web.StreamResponse:
        is_lost = rule is not None and rule.kind == "close"
        if reply is not None and rule is not None and rule.kind == "half_list":
            _halve(reply)
        entry.status = 0 if is_lost or reply is None else reply.status
        if is_lost or reply is None:
            return _hang_up(request)
        reply.headers.setdefault("x-ms-correlation-request-id", str(uuid4()))
        if entry.client_request_id:
            reply.headers["x-ms-client-request-id"] = entry.client_request_id
        content = b"" if reply.body is None else json.dumps(reply.body).encode()
        if rule is not None and rule.kind == "half_body":
            return await _send_half(request, reply, content)
        self.log.write_pair(_pair(request, body, entry, reply))
        headers = CIMultiDict(reply.headers)
        if reply.job is not None:
            headers.add("x-ms-request-id", headers["x-ms-request-id"])
        if content:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return web.Response(body=content, status=reply.status, headers=headers)


def _refusal(error: ArmError) -> Reply:
    return Reply(error_body(error.code, error.message), error.status, dict(error.headers))


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _send_half(request: web.Request, reply: Reply, content: bytes) -> web.StreamResponse:
    """Announce the whole body and break off in its middle."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_type = "application/json"
    response.content_length = len(content)
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _halve(reply: Reply) -> None:
    """Half a page that looks like a whole one: no nextLink tells that something is missing."""
    if reply.body and isinstance(reply.body.get("value"), list):
        value = reply.body["value"]
        reply.body["value"] = value[: len(value) // 2]  # type: ignore[index,arg-type]
        if "nextLink" in reply.body:
            reply.body["nextLink"] = None


def _json(body: bytes) -> Json:
    if not body:
        return {}
    try:
        value = json.loads(body)
    except ValueError as error:
        raise ArmError(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized.") from error
    if not isinstance(value, dict):
        raise ArmError(400, "InvalidRequestContent", "The request content must be an object.")
    return value


async def _form(request: web.Request, body: bytes) -> Mapping[str, str]:
    if not body:
        return {}
    return {k: v for k, v in (await request.post()).items() if isinstance(v, str)}


def _pair(request: web.Request, body: bytes, entry: Entry, reply: Reply) -> Json:
    is_form = request.content_type == "application/x-www-form-urlencoded"
    sent: object = {"form": "***"} if is_form else None
    if body and not is_form:
        with suppress(ValueError):  # what is no JSON was refused as such
            sent = json.loads(body)
    return {
        "seq": entry.seq,
        "operation": entry.operation,
        "fault": entry.fault,
        "method": request.method,
        "url": str(request.url),
        "request_headers": {k: v for k, v in request.headers.items() if k.casefold() in _KEPT_HEADERS},
        "request_body": sent,
        "status": reply.status,
        "response_headers": dict(reply.headers),
        "response_body": reply.body,
    }
