"""Objects whose site cannot be resolved belong to the Lease `failback-unassigned`: its holder alone says so. Safety rule 6.

Two replicas with the parts of an operator, on the real API server; nothing calls Azure or vSphere, since no site is reconciled.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from tests.integration.kube.conftest import ACCOUNT, SYSTEM
from tests.integration.kube.objects import made

from failback_lab.kubectl import Kubectl
from failback_operator.domain.steps import ObjectKey
from failback_operator.runtime.azure_source import SourceTools
from failback_operator.runtime.background import Background
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.clock import WallClock
from failback_operator.runtime.effect_session import EffectTools
from failback_operator.runtime.effects import EffectRunner
from failback_operator.runtime.endpoints import EndpointReader
from failback_operator.runtime.events import EventPoster
from failback_operator.runtime.following import VmEffects
from failback_operator.runtime.keys import UNASSIGNED
from failback_operator.runtime.kube import KubeClient
from failback_operator.runtime.lease import UNASSIGNED_LEASE, LeasePlace, lease_name
from failback_operator.runtime.leases import Leases
from failback_operator.runtime.ledger import LedgerStore
from failback_operator.runtime.logs import Redactor
from failback_operator.runtime.machine_objects import MachineObjects
from failback_operator.runtime.metrics import Metrics
from failback_operator.runtime.reconcile import Hands, Reconciler
from failback_operator.runtime.settings import LeaseTimes, Settings
from failback_operator.runtime.site_worker import WorkerTools
from failback_operator.runtime.status_writer import StatusWriter
from failback_operator.runtime.sweep import Sweep
from failback_operator.runtime.watch import Watch

LOST = ("MasterTarget", "ProcessServer", "FailbackPlan", "FailbackMachine")
TIMES = LeaseTimes(duration=3.0, renew=0.4, retry=0.2, margin=1.0)
PATIENCE = 20.0


class Replica:
    """One replica, whose Leases are in the test's own namespace."""

    def __init__(self, client: KubeClient, namespace: str, identity: str) -> None:
        self.namespace = namespace
        self.cache, self.background, metrics = Cache(), Background(), Metrics()
        self.leases = Leases(LeasePlace(client, namespace, identity), TIMES, WallClock(), self.background, metrics)
        self.sweep = Sweep(client, self.cache, Watch(self.cache, lambda _: None), metrics, lambda _: None)
        settings, events = Settings(), EventPoster(client, identity)
        tools = EffectTools(
            client=client,
            cache=self.cache,
            ledger=LedgerStore(client, self.cache),
            events=events,
            metrics=metrics,
            clock=WallClock(),
            limits=settings.limits(),
            background=self.background,
        )
        sources = SourceTools(settings, WallClock(), metrics, self.background)
        hands = Hands(
            tools=tools,
            leases=self.leases,
            worker_tools=WorkerTools(sources, EndpointReader(client, Redactor()), lambda _: None),
            machines=MachineObjects(client, self.cache),
            statuses=StatusWriter(client, self.cache, events),
            runner=EffectRunner(tools, 1, lambda *_: None),
            vm_effects=VmEffects(tools, 1.0, timedelta(minutes=1), lambda *_: None),
        )
        self.reconciler = Reconciler(hands, 60.0)

    async def reconcile(self) -> None:
        """Look at all objects, and say of those without a site what there is to say."""
        await self.sweep.run_once([self.namespace])
        await self.reconciler.reconcile(UNASSIGNED)

    async def until_held(self, *, by_us: bool = True) -> None:
        end = time.monotonic() + PATIENCE
        while self.leases.get(UNASSIGNED_LEASE).is_held() is not by_us:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)


@pytest.fixture
async def replica(client: KubeClient, installed: Kubectl, namespace: str) -> AsyncIterator[Callable[[str], Replica]]:
    """Makes replicas of different names."""
    verbs = ("--verb=get,create,update", "--resource=leases.coordination.k8s.io")
    installed.run("create", "role", "leases", "-n", namespace, *verbs)
    installed.run("create", "rolebinding", "leases", "-n", namespace, "--role=leases", f"--serviceaccount={SYSTEM}:{ACCOUNT}")
    replicas: list[Replica] = []

    def make(identity: str) -> Replica:
        replicas.append(Replica(client, namespace, identity))
        return replicas[-1]

    yield make
    for each in replicas:
        await each.background.stop()


def reasons(kubectl: Kubectl, namespace: str, name: str = "one") -> set[str]:
    """Reasons of Ready of all kinds' objects of that name; empty where nothing is said."""
    found = set()
    for kind in LOST:
        conditions = kubectl.get(kind, namespace, name).get("status", {}).get("conditions", [])
        found.add(next((each["reason"] for each in conditions if each["type"] == "Ready"), ""))
    return found


def holder(kubectl: Kubectl, namespace: str) -> str:
    return str(kubectl.get("lease", namespace, UNASSIGNED_LEASE)["spec"]["holderIdentity"])


async def test_only_the_holder_of_failback_unassigned_speaks_of_objects_without_a_site(replica, installed, namespace, writes):
    assert UNASSIGNED_LEASE == "failback-unassigned"
    installed.apply(*(made(kind, namespace) for kind in LOST))
    first, second = replica("first"), replica("second")
    await first.until_held()
    assert holder(installed, namespace) == "first"
    await second.reconcile()
    assert reasons(installed, namespace) == {""}
    assert writes() == 0
    await first.reconcile()
    assert reasons(installed, namespace) == {"SiteNotFound"}

    await first.leases.release_all()
    await second.until_held()
    assert holder(installed, namespace) == "second"
    installed.apply(*(made(kind, namespace, "two") for kind in LOST))
    writes()
    await first.reconcile()
    assert reasons(installed, namespace, "two") == {""}
    assert writes() == 0
    await second.reconcile()
    assert reasons(installed, namespace, "two") == {"SiteNotFound"}


async def test_a_holder_that_dies_is_followed_when_its_lease_has_ended(replica, installed, namespace):
    installed.apply(made("FailbackPlan", namespace))
    first, second = replica("first"), replica("second")
    await first.until_held()
    second.leases.get(UNASSIGNED_LEASE)
    await first.background.stop()  # it renews no more, and releases nothing
    await second.until_held()
    assert not first.leases.get(UNASSIGNED_LEASE).is_held()
    await second.reconcile()
    ready = installed.get("FailbackPlan", namespace, "one")["status"]["conditions"][0]
    assert (ready["type"], ready["reason"]) == ("Ready", "SiteNotFound")


async def test_objects_of_a_site_that_exists_belong_to_the_lease_of_its_fabric(replica, installed, namespace):
    installed.apply(made("RecoverySite", namespace, "tokyo"))
    installed.apply(*(made(kind, namespace) for kind in LOST))
    installed.apply(made("MasterTarget", namespace, "lost", siteRef__name="osaka"))
    here = replica("first")
    await here.until_held()
    await here.reconcile()
    assert reasons(installed, namespace) == {""}
    site = here.cache.site(here.cache.owner_key(ObjectKey("MasterTarget", namespace, "one")))
    assert here.cache.owner_key(ObjectKey("MasterTarget", namespace, "lost")) == UNASSIGNED
    assert list(here.reconciler.keys_of_lease(UNASSIGNED_LEASE)) == [UNASSIGNED]
    assert here.reconciler.lease_names() == {UNASSIGNED_LEASE, lease_name(site)}
    ready = installed.get("MasterTarget", namespace, "lost")["status"]["conditions"][0]
    assert (ready["status"], ready["reason"]) == ("False", "SiteNotFound")
    assert "there is no RecoverySite osaka" in ready["message"]
