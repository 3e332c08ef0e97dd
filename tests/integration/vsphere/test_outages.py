"""vCenter down, slow, answering nonsense, ending sessions: old facts stay with their time, no failed read is an empty one."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.integration.vsphere.soap_proxy import SoapProxy
from tests.integration.vsphere.watching import Watch, WatchMaker

from failback_lab.vcenter import VCenter
from failback_operator.domain.reading import Part, SourceProblem
from failback_operator.domain.vsphere import VsphereFacts
from failback_operator.observe.vsphere import Interest, VsphereEndpoint


def assert_never_less(running: Watch) -> None:
    """Every part handed on after the first facts still has all of them."""
    first = next(index for index, part in enumerate(running.parts) if part.facts is not None)
    for part in running.parts[first:]:
        assert part.facts is not None
        assert len(part.facts.machines) == 12
        assert all(machine.disks and not machine.unread for machine in part.facts.machines)
        (target,) = part.facts.by_name("mt-lin-1")
        assert len(target.snapshots) == 1


def failed_with(problem: SourceProblem) -> Callable[[Part[VsphereFacts]], bool]:
    return lambda part: part.error is not None and part.error.problem is problem


async def test_down_and_back(proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(proxied)
    facts = await running.until_read()
    proxy.stop()
    part = await running.until(failed_with(SourceProblem.UNREACHABLE))
    assert part.facts == facts
    assert str(proxy.port) in part.error.message  # type: ignore[union-attr]
    stopped_at = part.as_of
    part = await running.until(lambda part: len(running.parts) > 5)
    assert part.as_of == stopped_at, "the time of facts does not move while nobody confirms them"
    proxy.start()
    await running.until(lambda part: part.error is None and part.as_of != stopped_at)
    assert_never_less(running)


async def test_down_from_the_beginning(proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker) -> None:
    proxy.stop()
    running = await watch(proxied)
    part = await running.until(failed_with(SourceProblem.UNREACHABLE))
    assert part.facts is None
    assert part.as_of is None
    proxy.start()
    await running.until_read()


async def test_a_new_vcenter_process(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    """Sessions, collectors and views of the former one are gone; its sockets as well."""
    running = await watch(own_endpoint)
    await running.until_read()
    own_vcenter.__exit__(None, None, None)
    await running.until(failed_with(SourceProblem.UNREACHABLE))
    own_vcenter.__enter__()
    await running.until_read()
    assert_never_less(running)


async def test_slow_from_the_beginning(proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker) -> None:
    proxy.delay_seconds = 5
    limits = {"connect_timeout": timedelta(milliseconds=300), "call_timeout": timedelta(milliseconds=300)}
    running = await watch(proxied, **limits)
    await running.until(failed_with(SourceProblem.TIMED_OUT))
    proxy.delay_seconds = 0
    await running.until_read()


async def test_slow_later(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(own_endpoint, call_timeout=timedelta(milliseconds=300))
    await running.until_read()
    own_vcenter.control.delay(methods={"RetrievePropertiesEx": 3000, "RetrieveServiceContent": 3000})
    await running.until(failed_with(SourceProblem.TIMED_OUT))
    own_vcenter.control.delay()
    await running.until_read()
    assert_never_less(running)


async def test_sessions_expire_while_waiting(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(own_endpoint, wait=timedelta(seconds=2))
    await running.until_read()
    logins = running.calls["Login"]
    for round_ in range(3):
        count = len(running.parts)
        assert own_vcenter.control.expire_sessions() >= 1
        await running.until(lambda part, logins=logins + round_ + 1: running.calls["Login"] == logins)  # type: ignore[misc]
        await running.until(lambda part, count=count: len(running.parts) > count)  # type: ignore[misc]
    assert all(part.error is None for part in running.parts), "a session that ends is no outage"
    assert_never_less(running)


async def test_a_session_ends_between_pages(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    """The shape that a call raises: the next page is refused with NotAuthenticated."""
    running = await watch(own_endpoint)
    facts = await running.until_read()
    own_vcenter.control.fault("RetrievePropertiesEx", "before", fault={"_typeName": "NotAuthenticated"})
    fresh = await running.watcher.fresh(machine.moref for machine in facts.machines)
    assert len(fresh) == 12
    own_vcenter.control.fault("ContinueRetrievePropertiesEx", "before", fault={"_typeName": "NotAuthenticated"})
    by_name = Interest(names=frozenset(machine.name for machine in facts.machines))
    paged = await watch(own_endpoint, by_name, page_size=5)
    assert len((await paged.until_read()).machines) == 12


async def test_a_session_ends_as_missing_properties(
    own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker
) -> None:
    """The shape that nobody raises: 200, nothing read, every path missing for NotAuthenticated."""
    running = await watch(own_endpoint, wait=timedelta(seconds=30))
    facts = await running.until_read()
    assert own_vcenter.control.expire_sessions() >= 1
    fresh = await running.watcher.fresh(machine.moref for machine in facts.machines)
    assert {machine.moref: machine for machine in fresh} == {machine.moref: machine for machine in facts.machines}
    assert_never_less(running)


async def test_missing_for_want_of_a_session_in_an_update(proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker) -> None:
    """An update whose properties are all missing, from a session that ended in between, replaces nothing."""
    running = await watch(proxied)
    await running.until_read()
    struck = threading.Event()

    def lose(method: str, body: bytes) -> bytes:
        if method == "WaitForUpdatesEx" and not struck.is_set():
            struck.set()
            return UPDATE_WITHOUT_SESSION % running.vm("mt-lin-1").moref.encode()
        return body

    proxy.rewrite = lose
    logins = running.calls["Login"]
    await running.until(lambda part: running.calls["Login"] > logins and part.error is None)
    assert struck.is_set()
    assert_never_less(running)


NOT_UNDERSTOOD = {SourceProblem.UNPARSABLE_RESPONSE, SourceProblem.INCOMPLETE}


XML, HTML = "text/xml; charset=utf-8", "text/html"
PAGE = b"<html><body>log in here</body></html>"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("WaitForUpdatesEx", (XML, b"")),
        ("WaitForUpdatesEx", (XML, b"<a><b></a>")),
        ("WaitForUpdatesEx", (XML, PAGE)),
        ("WaitForUpdatesEx", (HTML, PAGE)),
        ("RetrievePropertiesEx", (XML, b"")),
        ("RetrievePropertiesEx", (HTML, PAGE)),
        ("FindAllByUuid", (HTML, PAGE)),
    ],
)
async def test_an_answer_that_is_no_answer(
    proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker, method: str, answer: tuple[str, bytes]
) -> None:
    """pyvmomi reads a well-formed page without a SOAP body as an answer without objects."""
    running = await watch(proxied)
    await running.until_read()
    proxy.replies[method] = answer
    # Beginning anew asks for all that there is.
    uuids = frozenset(machine.bios_uuid or "" for machine in running.facts.machines)
    await running.watcher.update_interest(Interest(uuids=uuids, ips=frozenset({"10.10.0.22"})))
    part = await running.until(lambda part: part.error is not None and part.error.problem in NOT_UNDERSTOOD)
    assert part.facts is not None
    proxy.replies.clear()
    await running.until_read()
    assert_never_less(running)


async def test_a_value_that_the_types_do_not_have(proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker) -> None:
    """Newer servers have newer values; pyvmomi raises over them, in other words each time (vSphere facts, 1.4)."""
    proxy.rewrite = lambda _, body: body.replace(b">poweredOn<", b">dreaming<")
    running = await watch(proxied)
    part = await running.until(failed_with(SourceProblem.UNPARSABLE_RESPONSE))
    assert "dreaming" in part.error.message  # type: ignore[union-attr]
    proxy.rewrite = None
    await running.until_read()
    assert_never_less(running)


async def test_a_gateway_that_says_503(proxy: SoapProxy, proxied: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(proxied)
    await running.until_read()
    proxy.status = 503
    part = await running.until(failed_with(SourceProblem.UNREACHABLE))
    assert "503" in part.error.message  # type: ignore[union-attr]
    proxy.status = None
    await running.until_read()
    assert_never_less(running)


UPDATE_WITHOUT_SESSION = b"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body><WaitForUpdatesExResponse xmlns="urn:vim25"><returnval><version>-</version><filterSet>
<filter type="PropertyFilter">session[1]2</filter>
<objectSet><kind>enter</kind><obj type="VirtualMachine">%s</obj>
<missingSet><path>snapshot</path><fault><fault xsi:type="NotAuthenticated"><object type="VirtualMachine">vm-1</object>
<privilegeId>System.Read</privilegeId></fault><localizedMessage>not authenticated</localizedMessage></fault></missingSet>
</objectSet></filterSet></returnval></WaitForUpdatesExResponse></soapenv:Body></soapenv:Envelope>
"""
