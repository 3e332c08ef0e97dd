"""The lab's own endpoints below `/_lab/`: log, faults, state, changes of the world. Guarded by a token of their own."""

import hmac
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar, cast

from aiohttp import web
from pydantic import ValidationError

from .faults import FaultRule, Faults
from .items import Stage
from .jobs import Outcome, ServiceFault, State
from .requestlog import RequestLog
from .servers import MasterTarget
from .simulator import Simulator
from .stages import put_in_stage
from .state import describe
from .troubles import Troubles

T = TypeVar("T")
HEADER = "X-Lab-Token"
Command = Callable[[dict[str, object], web.Request], object]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """Handlers of the control endpoints."""

    def __init__(self, lab: Simulator, faults: Faults, log: RequestLog) -> None:
        self._lab = lab
        self._faults = faults
        self._log = log
        self._changes = Changes(lab)

    def install(self, app: web.Application) -> None:
        """Add the endpoints to the server."""
        app.router.add_get("/_lab/ready", self._guarded(self._ready))
        app.router.add_get("/_lab/log", self._guarded(self._get_log))
        app.router.add_get("/_lab/counts", self._guarded(self._counts))
        app.router.add_get("/_lab/state", self._guarded(self._state))
        app.router.add_post("/_lab/fault", self._guarded(self._fault))
        app.router.add_post("/_lab/clear-faults", self._guarded(self._clear_faults))
        app.router.add_post("/_lab/outcome", self._guarded(self._outcome))
        app.router.add_post("/_lab/set", self._guarded(self._set))
        app.router.add_post("/_lab/clear-sets", self._guarded(self._clear_sets))
        app.router.add_post("/_lab/undo", self._guarded(self._undo))
        app.router.add_post("/_lab/principal", self._guarded(self._principal))
        app.router.add_post("/_lab/expire-tokens", self._guarded(self._expire_tokens))
        app.router.add_post("/_lab/discover", self._guarded(self._discover))

    def _guarded(self, handler: Command) -> Handler:
        async def guarded(request: web.Request) -> web.Response:
            if not hmac.compare_digest(request.headers.get(HEADER, ""), self._lab.config.lab_token):
                return web.json_response({"error": f"header {HEADER} is missing or wrong"}, status=401)
            try:
                body = await request.json() if request.can_read_body else {}
                result = handler(body, request)
                answer = await result if isinstance(result, Awaitable) else result
            except (ValidationError, ValueError, KeyError, TypeError, StopIteration, re.error) as error:
                return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
            return web.json_response(answer)

        return guarded

    def _ready(self, _body: dict[str, object], _request: web.Request) -> object:
        return {"ready": True}

    def _get_log(self, _body: dict[str, object], request: web.Request) -> object:
        return self._log.since(int(request.query.get("since", "0")))

    def _counts(self, _body: dict[str, object], _request: web.Request) -> object:
        return self._log.counts()

    def _state(self, _body: dict[str, object], _request: web.Request) -> object:
        return describe(self._lab.world)

    def _fault(self, body: dict[str, object], _request: web.Request) -> object:
        self._faults.add(FaultRule.model_validate(body))
        return {}

    def _clear_faults(self, _body: dict[str, object], _request: web.Request) -> object:
        self._faults.clear()
        self._lab.world.book.outcomes.clear()
        return {}

    def _outcome(self, body: dict[str, object], _request: web.Request) -> object:
        names = ("code", "message", "causes", "action")
        fault = ServiceFault(*(str(body.pop(name, "")) for name in names))
        state = State(str(body.pop("state")))
        self._lab.world.book.outcomes.append(Outcome(state=state, fault=fault, **body))  # type: ignore[arg-type]
        return {}

    def _set(self, body: dict[str, object], _request: web.Request) -> object:
        kind, name, path = (str(body[k]) for k in ("kind", "name", "path"))
        change = self._changes.find(kind, path)
        if change is not None:
            change(name, body["value"])
        else:
            self._lab.world.overlay.put(kind, name, path, body["value"])
        return {}

    def _clear_sets(self, _body: dict[str, object], _request: web.Request) -> object:
        self._lab.world.overlay.clear()
        return {}

    def _undo(self, body: dict[str, object], request: web.Request) -> object:
        """Put back all that was set, denied, rotated or armed. What operations did stays."""
        self._clear_sets(body, request)
        self._clear_faults(body, request)
        self._changes.undo()
        for principal in self._lab.config.principals:
            account = self._lab.directory.accounts[principal.client_id]
            account.secrets, account.denied_actions = principal.secrets, principal.denied_actions
        return {}

    def _principal(self, body: dict[str, object], _request: web.Request) -> object:
        """Change an application's secrets or denied actions."""
        account = self._lab.directory.accounts[str(body["client_id"])]
        for name in ("secrets", "denied_actions"):
            value = body.get(name)
            if isinstance(value, list):
                setattr(account, name, tuple(str(v) for v in value))
        return {}

    def _expire_tokens(self, _body: dict[str, object], _request: web.Request) -> object:
        return {"expired": self._lab.directory.revoke_all()}

    async def _discover(self, _body: dict[str, object], _request: web.Request) -> object:
        await self._lab.discovery.run(at_once=True)
        return {}


class Changes:
    """Changes of the world itself, by kind and attribute; any other path is put over the answers."""

    def __init__(self, lab: Simulator) -> None:
        self._world = lab.world
        self._undone_by: list[Callable[[], None]] = []
        self._troubles = Troubles(lab.world, self._assign)

    def find(self, kind: str, path: str) -> Callable[[str, object], None] | None:
        """The change that `kind` and `path` mean, or None."""
        name = f"_{kind}_{path}".casefold()
        change: Callable[[str, object], None] | None = getattr(self, name, None) or getattr(self._troubles, name, None)
        return change

    def undo(self) -> None:
        """Put everything back, the newest change first."""
        while self._undone_by:
            self._undone_by.pop()()

    def _assign(self, owner: object, attribute: str, value: object) -> None:
        before = getattr(owner, attribute)
        self._undone_by.append(lambda: setattr(owner, attribute, before))
        setattr(owner, attribute, value)

    def _delete(self, owner: dict[str, T], key: str) -> None:
        before = dict(owner)
        del owner[key]

        def undo() -> None:
            """The same order as before: lists are answered in it."""
            owner.clear()
            owner.update(before)

        self._undone_by.append(undo)

    def _item_known(self, name: str, value: object) -> None:
        self._assign(self._world.item_of(name), "is_known", bool(value))

    def _item_agent_registered(self, name: str, value: object) -> None:
        now = self._world.clock.now()
        self._assign(self._world.item_of(name), "agent_ready", now if value else now + timedelta(days=1))

    def _item_stage(self, name: str, value: object) -> None:
        """`{"stage": "REVERSE_PROTECTED", "minutes": 90}`: a reversed stage of Stage, and since when."""
        wanted = cast("dict[str, object]", value)
        since = timedelta(minutes=float(str(wanted.get("minutes", 90))))
        item = self._world.item_of(name)
        self._undone_by.append(put_in_stage(self._world, item, Stage[str(wanted["stage"])], since))

    def _item_exists(self, name: str, value: object) -> None:
        if not value:
            self._delete(self._world.items, self._world.item_of(name).name.casefold())

    def _vm_power(self, name: str, value: object) -> None:
        self._assign(self._world.estate.vms[name], "power", str(value))

    def _vm_size(self, name: str, value: object) -> None:
        self._assign(self._world.estate.vms[name], "size", str(value))

    def _vm_locked(self, name: str, value: object) -> None:
        self._assign(self._world.estate.vms[name], "is_locked", bool(value))

    def _vm_disks(self, name: str, value: object) -> None:
        """Sizes in GiB, the system disk's first."""
        self._assign(self._world.estate.vms[name], "disk_gib", tuple(int(str(size)) for size in cast("list[object]", value)))

    def _group_locked(self, name: str, value: object) -> None:
        groups = self._world.estate.locked_groups
        self._assign(self._world.estate, "locked_groups", groups | {name} if value else groups - {name})

    def _storage_exists(self, name: str, value: object) -> None:
        accounts = tuple(each for each in self._world.estate.storage_accounts if each != name)
        self._assign(self._world.estate, "storage_accounts", (*accounts, name) if value else accounts)

    def _nic_network(self, name: str, value: object) -> None:
        self._assign(self._world.estate.nics[name], "network", str(value))

    def _vm_exists(self, name: str, value: object) -> None:
        if not value:
            estate = self._world.estate
            self._assign(estate.nics[estate.vms[name].nic], "vm", None)
            self._delete(estate.vms, name)

    def _connection_status(self, name: str, value: object) -> None:
        self._assign(self._world.estate.connections[name], "status", str(value))

    def _circuit_peering_state(self, name: str, value: object) -> None:
        self._assign(self._world.estate.circuits[name], "peering_state", str(value))

    def _fabric_connected(self, _name: str, value: object) -> None:
        self._assign(self._world, "disconnected_since", None if value else self._world.clock.now())

    def _mastertarget_agent_version(self, name: str, value: object) -> None:
        self._assign(self._target(name), "agent_version", str(value))

    def _mastertarget_exists(self, name: str, value: object) -> None:
        if not value:
            self._delete(self._world.master_targets, self._target(name).id)

    def _policy_exists(self, name: str, value: object) -> None:
        if not value:
            self._delete(self._world.policies, name)

    def _mapping_exists(self, name: str, value: object) -> None:
        if not value:
            self._delete(self._world.mappings, name)

    def _processserver_exists(self, name: str, value: object) -> None:
        if not value:
            servers = self._world.process_servers
            self._delete(servers, next(s.id for s in servers.values() if s.name == name))

    def _target(self, name: str) -> MasterTarget:
        return next(t for t in self._world.master_targets.values() if t.name == name)
