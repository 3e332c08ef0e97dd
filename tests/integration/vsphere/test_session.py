"""The session by itself: calls are bounded in time and number, a mutation that nobody waits for is never begun late."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.vsphere.soap_proxy import SoapProxy
from tests.integration.vsphere.watching import SETTINGS

from failback_lab.vcenter import VCenter
from failback_operator.domain.reading import SourceFailed, SourceProblem
from failback_operator.observe.vsphere import VsphereEndpoint, VsphereSession
from failback_operator.observe.vsphere.connection import Connection


def instance_of(connection: Connection) -> str:
    """vCenter's identity: no call, a connection is enough."""
    return str(connection.content.about.instanceUuid)


async def test_many_calls_share_few_threads_and_one_login(own_vcenter: VCenter, own_endpoint: VsphereEndpoint) -> None:
    session = VsphereSession(own_endpoint, SETTINGS)
    used: set[str] = set()

    def read(connection: Connection) -> str:
        used.add(threading.current_thread().name)
        return str(connection.content.sessionManager.currentSession.key)

    try:
        keys = await asyncio.gather(*(session.call(read) for _ in range(40)))
    finally:
        await session.close()
    assert len(set(keys)) == 1
    assert len(used) <= SETTINGS.threads
    assert own_vcenter.control.stats()["Login"] == 1


async def test_threads_that_find_the_session_ended_log_in_once(own_vcenter: VCenter, own_endpoint: VsphereEndpoint) -> None:
    session = VsphereSession(own_endpoint, SETTINGS)
    together, ended = (threading.Barrier(SETTINGS.threads, timeout=10) for _ in range(2))

    def read(connection: Connection) -> str:
        if connection.generation == 1:
            if together.wait() == 0:
                own_vcenter.control.expire_sessions()
            ended.wait()  # all hold the connection whose session has ended
        return str(connection.content.sessionManager.currentSession.key)

    try:
        keys = await asyncio.gather(*(session.call(read) for _ in range(SETTINGS.threads)))
        assert len(set(keys)) == 1
        assert session.generation == 2
    finally:
        await session.close()
    assert own_vcenter.control.expire_sessions() == 0


async def test_a_read_has_a_limit(proxy: SoapProxy, proxied: VsphereEndpoint) -> None:
    session = VsphereSession(proxied, replace(SETTINGS, read_timeout=timedelta(milliseconds=200)))
    proxy.delay_seconds = 1
    try:
        with pytest.raises(SourceFailed) as failed:
            await session.call(instance_of)
        assert failed.value.error.problem is SourceProblem.TIMED_OUT
    finally:
        proxy.delay_seconds = 0
        await session.close()


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
async def test_a_call_that_nobody_waits_for_is_not_begun(proxy: SoapProxy, proxied: VsphereEndpoint, how: str) -> None:
    """The log-in takes longer than the caller waits: by then the ledger says that nothing was sent."""
    limit = timedelta(milliseconds=300) if how == "timed out" else SETTINGS.read_timeout
    session = VsphereSession(proxied, replace(SETTINGS, read_timeout=limit))
    proxy.delay_seconds = 0.3  # version, content, log-in: three requests
    begun = threading.Event()

    def mutate(_: Connection) -> None:
        begun.set()

    sending = asyncio.ensure_future(session.send(mutate))
    await asyncio.sleep(0.3)
    if how == "cancelled":
        sending.cancel()
    with pytest.raises((TimeoutError, asyncio.CancelledError)):
        await sending
    proxy.delay_seconds = 0
    await asyncio.sleep(1)
    assert session.generation == 1, "the log-in went on"
    assert not begun.is_set()
    await session.close()


async def test_a_call_is_begun_once_whatever_it_raises(own_endpoint: VsphereEndpoint) -> None:
    session = VsphereSession(own_endpoint, SETTINGS)
    begun: list[int] = []

    def mutate(connection: Connection) -> None:
        begun.append(connection.generation)
        raise ConnectionResetError("in the midst")

    try:
        with pytest.raises(ConnectionResetError):
            await session.send(mutate)
    finally:
        await session.close()
    assert begun == [1]


async def test_a_closed_session_says_so(own_endpoint: VsphereEndpoint) -> None:
    session = VsphereSession(own_endpoint, SETTINGS)
    await session.call(instance_of)
    await session.close()
    with pytest.raises(SourceFailed, match="has ended"):
        await session.call(instance_of)
    with pytest.raises(SourceFailed, match="has ended"):
        await session.send(instance_of)
