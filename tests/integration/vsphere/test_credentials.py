"""Wrong and rotated passwords: named, not hammered, cured without a new start."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.vsphere.watching import WatchMaker

from failback_lab.vcenter import VCenter
from failback_operator.domain.reading import SourceFailed, SourceProblem
from failback_operator.observe.vsphere import VsphereEndpoint


async def test_a_wrong_password_is_tried_once(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(replace(own_endpoint, password="wrong"))
    part = await running.until(lambda part: part.error is not None)
    assert part.error is not None
    assert part.error.problem is SourceProblem.INVALID_CREDENTIALS
    assert own_endpoint.username in part.error.message
    assert "wrong" not in part.error.message.replace("the user name or password", "")
    await asyncio.sleep(1)
    with pytest.raises(SourceFailed) as refused:
        await running.watcher.fresh([])
    assert refused.value.error.problem is SourceProblem.INVALID_CREDENTIALS
    assert refused.value.error.retry_after is not None
    assert own_vcenter.control.stats()["Login"] == 1, "repeated failures lock accounts"


async def test_the_pause_grows(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    pauses = {"refused_login": timedelta(milliseconds=200), "refused_login_limit": timedelta(milliseconds=500)}
    running = await watch(replace(own_endpoint, password="wrong"), **pauses)
    await asyncio.sleep(2)
    assert running.parts
    # After 0, 0.2, 0.6, 1.1 and 1.6 seconds; never more often than the limit says.
    assert 3 <= own_vcenter.control.stats()["Login"] <= 6


async def test_a_new_password_is_used_at_once(own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(replace(own_endpoint, password="wrong"))
    await running.until(lambda part: part.error is not None)
    await running.watcher.update_endpoint(own_endpoint)
    assert len((await running.until_read()).machines) == 12


async def test_a_rotated_password_keeps_the_facts(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(own_endpoint)
    facts = await running.until_read()
    # From now on vCenter refuses the old password; the session that was opened with it ends some time later.
    own_vcenter.control.fault("Login", "before", fault={"_typeName": "InvalidLogin"}, count=0)
    own_vcenter.control.expire_sessions()
    part = await running.until(lambda part: part.error is not None)
    assert part.error is not None
    assert part.error.problem is SourceProblem.INVALID_CREDENTIALS
    assert part.facts is facts
    assert part.as_of is not None
    own_vcenter.control.clear_faults()
    await running.watcher.update_endpoint(replace(own_endpoint, ca_pem=own_endpoint.ca_pem + "\n"))  # type: ignore[operator]
    await running.until_read()


async def test_former_session_is_left(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(own_endpoint)
    await running.until_read()
    count = len(running.parts)
    await running.watcher.update_endpoint(replace(own_endpoint, ca_pem=own_endpoint.ca_pem + "\n"))  # type: ignore[operator]
    await running.until(lambda part: len(running.parts) > count and part.error is None)
    assert own_vcenter.control.expire_sessions() == 1
