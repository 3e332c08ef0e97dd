"""The operator as a whole: its parts, their start, and their end in the right order."""

import asyncio
import logging
import os
import secrets
import socket
from datetime import timedelta
from functools import partial

import kopf
from prometheus_client import start_http_server

from failback_operator.domain.ports import Conflict
from failback_operator.domain.steps import ObjectKey
from failback_operator.observe.azure import BudgetBook
from failback_operator.runtime.azure_source import SourceTools
from failback_operator.runtime.background import Background
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.clock import WallClock
from failback_operator.runtime.effect_session import EffectTools
from failback_operator.runtime.effects import EffectRunner
from failback_operator.runtime.endpoints import EndpointReader
from failback_operator.runtime.events import EventPoster
from failback_operator.runtime.following import VmEffects
from failback_operator.runtime.keys import SITE_KIND, UNASSIGNED, SiteKey
from failback_operator.runtime.kube import ApiError, KubeClient
from failback_operator.runtime.lease import LeasePlace
from failback_operator.runtime.leases import Leases
from failback_operator.runtime.ledger import LedgerStore
from failback_operator.runtime.login import connection
from failback_operator.runtime.logs import Redactor
from failback_operator.runtime.machine_objects import MachineObjects
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.queue import DelayQueue
from failback_operator.runtime.reconcile import Hands, Reconciler, UnreadableError
from failback_operator.runtime.settings import Settings
from failback_operator.runtime.site_worker import WorkerTools
from failback_operator.runtime.status_writer import StatusWriter
from failback_operator.runtime.sweep import Sweep
from failback_operator.runtime.watch import Watch, kopf_registry, kopf_settings

log = logging.getLogger(__name__)
START_RETRY_SECONDS = 5.0
DEFAULT_NAMESPACE = "default"


class Operator:
    """One replica. To be made and run inside an event loop."""

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        loop = asyncio.get_running_loop()
        self._settings = settings
        self._login = partial(connection, settings.kubeconfig)
        self._metrics = Metrics()
        self._client = KubeClient(self._login, settings.kubernetes_timeout_seconds, self._metrics.written)
        self._background = Background()
        self._cache = Cache()
        self._queue: DelayQueue[SiteKey] = DelayQueue(loop.time)
        self._failures: dict[SiteKey, int] = {}
        self._watch = Watch(self._cache, self._object_changed)
        self._sweep = Sweep(self._client, self._cache, self._watch, self._metrics, self._object_changed)
        self._redactor = redactor

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Run until a signal, or `stop`. Raises what ends the watch."""
        settings = self._settings
        if settings.metrics_port:
            start_http_server(settings.metrics_port, settings.bind_address, self._metrics.registry)
        await self._first_list()
        reconciler = self._reconciler()
        for number in range(settings.workers):
            self._background.keep(f"worker {number}", partial(self._work, reconciler))
        self._background.keep("sweep", self._keep_sweeping)
        probe = f"http://{settings.bind_address}:{settings.probe_port}/healthz" if settings.probe_port else None
        try:
            await kopf.operator(
                registry=kopf_registry(self._watch, self._login, settings.watch_stale_seconds),
                settings=kopf_settings(settings),
                namespaces=settings.namespace,
                clusterwide=not settings.namespace,
                standalone=True,
                liveness_endpoint=probe,
                stop_flag=stop,
            )
        finally:
            await self._end(reconciler)

    async def _end(self, reconciler: Reconciler) -> None:
        """Effects first, with the time that their answers may take, then the Leases, then everything else."""
        log.info("ending")
        await self._runner.drain(self._settings.request_timeout_seconds)
        await self._leases.release_all()
        await self._background.stop()
        await reconciler.close()
        await self._background.stop()
        await self._client.close()

    async def _first_list(self) -> None:
        """Nothing is judged before all objects are known: a plan not yet listed would look deleted."""
        while True:
            try:
                await self._sweep.run_once(self._settings.namespace, is_first=True)
            except (ApiError, Conflict) as error:
                log.warning("our objects cannot be listed yet (are the CRDs and the role installed?): %s", error)
                await asyncio.sleep(START_RETRY_SECONDS)
            else:
                self._queue.add(UNASSIGNED)
                return

    def _reconciler(self) -> Reconciler:
        settings, clock = self._settings, WallClock()
        identity = settings.identity or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        place = LeasePlace(self._client, self._lease_namespace(), identity)
        self._leases = Leases(place, settings.lease_times(), clock, self._background, self._metrics)
        events = EventPoster(self._client, identity)
        tools = EffectTools(
            client=self._client,
            cache=self._cache,
            ledger=LedgerStore(self._client, self._cache),
            events=events,
            metrics=self._metrics,
            clock=clock,
            limits=settings.limits(),
            background=self._background,
        )
        self._runner = EffectRunner(tools, settings.effects, self._queue.add)
        budgets = BudgetBook(settings.budget(), self._sites_of, self._metrics.azure_budget)
        sources = SourceTools(settings, clock, self._metrics, self._background, budgets)
        shutdown = timedelta(seconds=settings.vsphere_shutdown_seconds)
        hands = Hands(
            tools=tools,
            leases=self._leases,
            worker_tools=WorkerTools(sources, EndpointReader(self._client, self._redactor), self._site_news),
            machines=MachineObjects(self._client, self._cache),
            statuses=StatusWriter(self._client, self._cache, events),
            runner=self._runner,
            vm_effects=VmEffects(tools, settings.vsphere_follow_seconds, shutdown, self._queue.add),
        )
        reconciler = Reconciler(hands, settings.resync_seconds)
        self._leases.on_change = lambda name: self._lease_changed(reconciler, name)
        return reconciler

    def _sites_of(self, subscription_id: str) -> int:
        """How many sites share the budget of a subscription, this replica's and others'."""
        return sum(each.spec.vault.subscription_id.casefold() == subscription_id for each in self._cache.sites())

    def _lease_namespace(self) -> str:
        return self._settings.lease_namespace or self._login().default_namespace or DEFAULT_NAMESPACE

    def _lease_changed(self, reconciler: Reconciler, name: str) -> None:
        for key in reconciler.keys_of_lease(name):
            self._queue.add(key)

    def _object_changed(self, key: ObjectKey) -> None:
        self._queue.add(self._cache.owner_key(key), self._settings.debounce_seconds)
        if key.kind == SITE_KIND or self._cache.get(key) is None:
            # A site came or went, or a member whose site is not known any more: look at all.
            for each in self._cache.site_keys():
                self._queue.add(each, self._settings.debounce_seconds)
            if key.kind == SITE_KIND:
                self._queue.add(SiteKey(key.namespace, key.name), self._settings.debounce_seconds)

    def _site_news(self, key: SiteKey) -> None:
        self._queue.add(key, self._settings.debounce_seconds)

    async def _work(self, reconciler: Reconciler) -> None:
        while True:
            self._metrics.queue.set(len(self._queue))
            key = await self._queue.get()
            try:
                delay = await self._reconcile(reconciler, key)
            finally:
                self._queue.done(key)
            if key == UNASSIGNED or self._cache.site(key) is not None:
                self._queue.add(key, delay)

    async def _reconcile(self, reconciler: Reconciler, key: SiteKey) -> float:
        """Reconcile `key`; whatever is raised stays with it and is tried again later."""
        try:
            with self._metrics.reconcile_seconds.time():
                delay = await reconciler.reconcile(key)
                self._failures.pop(key, None)
                self._metrics.reconciles.labels("ok").inc()
                return delay
        except (ApiError, Conflict, UnreadableError) as error:
            log.warning("%s: %s", key, error, extra={"key": str(key)})
            return self._failed(key, "error")
        except Exception:
            log.exception("%s: the reconcile failed", key, extra={"key": str(key)})
            return self._failed(key, "bug")

    def _failed(self, key: SiteKey, result: str) -> float:
        self._metrics.reconciles.labels(result).inc()
        count = self._failures[key] = min(self._failures.get(key, 0) + 1, 16)
        return min(self._settings.backoff_seconds * (1 << (count - 1)), self._settings.backoff_limit_seconds)

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(self._settings.sweep_seconds)
            try:
                await self._sweep.run_once(self._settings.namespace)
            except (ApiError, Conflict) as error:
                log.warning("our objects cannot be listed: %s", error)
