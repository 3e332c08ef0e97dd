"""Fixtures for the tests of the vCenter reader."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.vsphere.soap_proxy import SoapProxy
from tests.integration.vsphere.watching import SETTINGS, Watch, WatchMaker, endpoint_of

from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_lab.vcenter import VCenter
from failback_operator.observe.vsphere import Interest, VsphereEndpoint


@pytest.fixture
def all_machines(demo_scenario: Scenario) -> Interest:
    """Every machine of the demo, by its BIOS UUID."""
    return Interest(uuids=frozenset(str(machine.bios_uuid) for machine in demo_scenario.vcenter.machines))


@pytest.fixture
async def watch(all_machines: Interest) -> AsyncIterator[WatchMaker]:
    """Starts watchers, which end with the test: `await watch(endpoint, interest=…, search=…)`."""
    started: list[Watch] = []

    async def start(endpoint: VsphereEndpoint, interest: Interest | None = None, **settings: Any) -> Watch:
        made = Watch(endpoint, all_machines if interest is None else interest, replace(SETTINGS, **settings))
        started.append(made)
        await made.watcher.start()
        return made

    yield start
    for each in started:
        await each.watcher.stop()


@pytest.fixture
def own_endpoint(own_vcenter: VCenter) -> VsphereEndpoint:
    """A vCenter that the test may change."""
    return endpoint_of(own_vcenter)


@pytest.fixture
def proxy(own_vcenter: VCenter, lab_ca: LabCa) -> Iterator[SoapProxy]:
    """A proxy before the test's own vCenter."""
    with SoapProxy(own_vcenter, lab_ca) as running:
        yield running


@pytest.fixture
def proxied(own_vcenter: VCenter, proxy: SoapProxy) -> VsphereEndpoint:
    """The test's own vCenter behind the proxy."""
    return endpoint_of(own_vcenter, proxy.port)
