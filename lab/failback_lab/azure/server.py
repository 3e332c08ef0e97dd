"""The server: one HTTPS port for Entra ID, Resource Manager and the lab's control."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from socket import AF_INET, SOCK_STREAM, socket

from aiohttp import web

from failback_lab.scenario import Scenario

from .budget import Budget
from .clock import Clock
from .config import LabConfig
from .control import Control
from .directory import build_directory
from .discovery import Discovery
from .dispatch import Dispatcher
from .engine import Engine
from .entra import Entra
from .failover import Failovers
from .faults import Faults
from .lro import LongRunning
from .onprem import OnPremises
from .paging import Pager
from .reprotect import Reprotects
from .requestlog import RequestLog
from .routes.catalog import CatalogRoutes
from .routes.estate import EstateRoutes
from .routes.items import ItemRoutes
from .routes.jobs import JobRoutes
from .routes.rights import RightsRoutes
from .routes.vault import VaultRoutes
from .routing import Router
from .simulator import Simulator
from .world import build_world


def build_simulator(config: LabConfig, onprem: OnPremises, port: int, group: asyncio.TaskGroup) -> Simulator:
    """All parts, for a server at `port` whose background work runs in `group`."""
    base_url = f"https://{config.host}:{port}"
    regional_url = f"https://{config.regional_host or config.host}:{port}"
    world = build_world(config, Scenario.load(config.scenario), onprem, Clock(config.speed).now())
    engine = Engine(world.clock, world.book, group)
    directory = build_directory(config, world.clock, (base_url, regional_url))
    return Simulator(
        config=config,
        world=world,
        engine=engine,
        directory=directory,
        entra=Entra(directory, base_url),
        discovery=Discovery(world),
        failovers=Failovers(world, engine),
        reprotects=Reprotects(world, engine),
        lro=LongRunning(world, regional_url),
        pager=Pager(base_url, config.limits.page_size),
    )


def build_app(lab: Simulator, log: RequestLog) -> web.Application:
    """The web application."""
    parts = (VaultRoutes(lab), ItemRoutes(lab), JobRoutes(lab), CatalogRoutes(lab), EstateRoutes(lab), RightsRoutes())
    router = Router(route for part in parts for route in part.routes())
    faults = Faults()
    dispatcher = Dispatcher(lab, router, faults, log, Budget(lab.config.limits, lab.world.clock))
    app = web.Application()
    Control(lab, faults, log).install(app)
    app.router.add_route("*", "/{tail:.*}", dispatcher.handle)
    return app


@asynccontextmanager
async def running(config: LabConfig, onprem: OnPremises) -> AsyncIterator[Simulator]:
    """The simulator, listening until the context ends; its port is in the ready file and in `config.port` if that was set."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(config.certificate, config.key)
    listener = socket(AF_INET, SOCK_STREAM)
    listener.bind(("127.0.0.1", config.port))
    port = listener.getsockname()[1]
    log = RequestLog(config.record)
    async with asyncio.TaskGroup() as group:
        lab = build_simulator(config, onprem, port, group)
        runner = web.AppRunner(build_app(lab, log), access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, listener, ssl_context=context).start()
        background = group.create_task(lab.discovery.forever())
        await lab.discovery.run(at_once=True)
        if config.ready_file is not None:
            config.ready_file.write_text(str(port), encoding="ascii")
        try:
            yield lab
        finally:
            await runner.cleanup()
            log.close()
            background.cancel()
            with suppress(asyncio.CancelledError):
                await background
            lab.engine.stop()
            await asyncio.to_thread(onprem.close)
