"""A stopped watcher leaves no session, no thread and no socket behind."""

import asyncio
import threading
import time

from tests.integration.vsphere.soap_proxy import SoapProxy
from tests.integration.vsphere.watching import SETTINGS, Watch, WatchMaker

from failback_lab.vcenter import VCenter
from failback_operator.observe.vsphere import Interest, VsphereEndpoint


def threads() -> set[str]:
    """Names of the threads of watchers and sessions."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("vsphere-")}


async def test_nothing_is_left(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, all_machines: Interest) -> None:
    running = Watch(own_endpoint, all_machines, SETTINGS)
    await running.watcher.start()
    facts = await running.until_read()
    await asyncio.gather(*(running.watcher.fresh([facts.machines[0].moref]) for _ in range(10)))
    assert len(threads()) <= 1 + SETTINGS.threads
    await running.watcher.stop()
    assert threads() == set()
    assert own_vcenter.control.expire_sessions() == 0
    assert running.calls["Login"] == running.calls["Logout"] == 1


async def test_nothing_arrives_afterwards(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, all_machines: Interest) -> None:
    running = Watch(own_endpoint, all_machines, SETTINGS)
    await running.watcher.start()
    await running.until_read()
    await running.watcher.stop()
    count = len(running.parts)
    own_vcenter.control.set("VirtualMachine", "crm-1", "config.uuid", "11111111-2222-3333-4444-555555555555")
    await asyncio.sleep(0.3)
    assert len(running.parts) == count


async def test_stop_before_the_first_answer(proxy: SoapProxy, proxied: VsphereEndpoint, all_machines: Interest) -> None:
    proxy.delay_seconds = 1
    running = Watch(proxied, all_machines, SETTINGS)
    await running.watcher.start()
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await running.watcher.stop()
    assert time.monotonic() - began < 8
    assert threads() == set()


async def test_stop_while_vcenter_hangs(
    own_vcenter: VCenter, proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker
) -> None:
    running = await watch(proxied)
    await running.until_read()
    proxy.delay_seconds = 30
    reading = asyncio.ensure_future(running.watcher.fresh([running.vm("cs-1").moref]))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await running.watcher.stop()
    assert time.monotonic() - began < 8
    assert threads() == set()
    await asyncio.wait({reading}, timeout=5)
    assert reading.exception() is not None


async def test_stop_twice(own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(own_endpoint)
    await running.watcher.stop()
    await running.watcher.stop()
