"""Exclusion from Storage DRS and DRS: an entry of the VM is added or edited, once; the settings tell whether it was done."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.vsphere.effects import Site, count
from tests.integration.vsphere.watching import WatchMaker

from failback_lab.vcenter import VCenter
from failback_operator.domain.ports import Accepted, Lost, Refused
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import Motion, VsphereFacts
from failback_operator.observe.vsphere import VsphereEndpoint

STORAGE, HOSTS = EffectKind.EXCLUDE_FROM_STORAGE_DRS, EffectKind.EXCLUDE_FROM_DRS
METHODS = {STORAGE: "ConfigureStorageDrsForPod_Task", HOSTS: "ReconfigureComputeResource_Task"}
KINDS = pytest.mark.parametrize("kind", [STORAGE, HOSTS])


@pytest.fixture
async def site(own_endpoint: VsphereEndpoint, watch: WatchMaker) -> Site:
    """payroll-db-1, in the datastore cluster gold and the cluster prod, both of which move VMs by themselves."""
    running = await watch(own_endpoint)
    await running.until_read()
    return Site(running, "payroll-db-1")


def about(site: Site, kind: EffectKind) -> Site:
    """The site, with the pod or cluster that the effect is about."""
    facts = site.running.facts
    site.subject = facts.pods[0].moref if kind is STORAGE else next(c.moref for c in facts.clusters if c.name == "prod")
    return site


def motion_in(facts: VsphereFacts, site: Site) -> Motion:
    found = facts.pod(site.subject) or facts.cluster(site.subject)  # type: ignore[arg-type]
    assert found is not None
    assert found.motion is not None
    return found.motion


async def excluded(site: Site) -> Motion:
    """The settings, once they are seen to leave the VM alone."""
    moref = site.running.vm(site.name).moref
    await site.running.until(lambda p: p.facts is not None and motion_in(p.facts, site).applies(moref) is False)
    return motion_in(site.running.facts, site)


def calls(vcenter: VCenter, kind: EffectKind) -> int:
    return count(vcenter, METHODS[kind]).get(METHODS[kind], 0)


@KINDS
async def test_an_entry_is_added_once(own_vcenter: VCenter, site: Site, kind: EffectKind) -> None:
    about(site, kind)
    entry = await site.begin(kind)
    assert entry.key == f"{kind.value}/{site.subject}/1"
    assert (await site.finish(entry)).phase is TaskPhase.SUCCEEDED
    motion = await excluded(site)
    assert [(r.machine, r.is_enabled) for r in motion.rules] == [(site.running.vm(site.name).moref, False)]
    assert motion.is_enabled is True, "it goes on for all others"
    assert await site.send(kind) == Accepted(None), "nothing is left to do"
    assert calls(own_vcenter, kind) == 1


def keep_manual(vcenter: VCenter, site: Site, kind: EffectKind) -> None:
    machine = {"type": "VirtualMachine", "value": site.running.vm(site.name).moref}
    if kind is STORAGE:
        rule = {"_typeName": "StorageDrsVmConfigInfo", "vm": machine, "enabled": True, "behavior": "manual"}
        vcenter.control.set("StoragePod", "gold", "podStorageDrsEntry.storageDrsConfig.vmConfig", [rule])
        return
    rule = {"_typeName": "ClusterDrsVmConfigInfo", "key": machine, "enabled": True, "behavior": "manual"}
    config = vcenter.control.get("ClusterComputeResource", "prod", "configurationEx")
    vcenter.control.set("ClusterComputeResource", "prod", "configurationEx", {**config, "drsVmConfig": [rule]})


@KINDS
async def test_an_entry_that_is_there_is_edited(own_vcenter: VCenter, site: Site, kind: EffectKind) -> None:
    about(site, kind)
    keep_manual(own_vcenter, site, kind)
    assert (await site.finish(await site.begin(kind))).phase is TaskPhase.SUCCEEDED
    (rule,) = (await excluded(site)).rules
    assert (rule.is_enabled, rule.behavior) == (False, "manual"), "what else was set stays"
    assert calls(own_vcenter, kind) == 1


@KINDS
async def test_refused(own_vcenter: VCenter, site: Site, kind: EffectKind) -> None:
    about(site, kind)
    target = {"type": "Folder", "value": "group-1"}
    fault = {"_typeName": "NoPermission", "object": target, "privilegeId": "StoragePod.Config"}
    own_vcenter.control.fault(METHODS[kind], "before", fault=fault)
    answer = await site.send(kind)
    assert isinstance(answer, Refused)
    assert answer.message.startswith("NoPermission")


@KINDS
@pytest.mark.parametrize("when", ["after", "drop"])
async def test_a_lost_answer_is_answered_by_the_settings(own_vcenter: VCenter, site: Site, kind: EffectKind, when: Any) -> None:
    about(site, kind)
    own_vcenter.control.fault(METHODS[kind], when)
    assert isinstance(await site.send(kind), Lost)
    own_vcenter.control.clear_faults()
    if when == "after":
        await excluded(site)
        assert await site.send(kind) == Accepted(None), "it was done: no second call"
        return
    assert (await site.finish(await site.begin(kind))).phase is TaskPhase.SUCCEEDED


@KINDS
async def test_task_errors_are_told_verbatim(own_vcenter: VCenter, site: Site, kind: EffectKind) -> None:
    about(site, kind)
    own_vcenter.control.fault(METHODS[kind], "task", fault={"_typeName": "InvalidArgument", "invalidProperty": "spec"})
    progress = await site.finish(await site.begin(kind))
    assert progress.phase is TaskPhase.FAILED
    assert progress.message.startswith("InvalidArgument")


@KINDS
async def test_a_task_that_vcenter_no_longer_knows_is_judged_by_the_settings(site: Site, kind: EffectKind) -> None:
    """The operator ended in between, or vCenter forgot the task."""
    about(site, kind)
    progress = await site.look(site.entry(kind, "task-999999"))
    assert progress.phase is TaskPhase.FAILED
    assert progress.message.endswith("DRS still minds VM payroll-db-1")
    await site.begin(kind)
    await excluded(site)
    assert (await site.look(site.entry(kind, "task-999999"))).phase is TaskPhase.SUCCEEDED


@pytest.mark.parametrize(
    ("kind", "hide"),
    [
        (STORAGE, lambda control: control.conceal("StoragePod", "gold", "podStorageDrsEntry.storageDrsConfig")),
        (HOSTS, lambda control: control.conceal("ClusterComputeResource", "prod", "configurationEx")),
    ],
)
async def test_nothing_is_sent_over_settings_that_are_hidden(
    own_vcenter: VCenter, site: Site, kind: EffectKind, hide: Callable[[Any], None]
) -> None:
    about(site, kind)
    hide(own_vcenter.control)
    answer = await site.send(kind)
    assert isinstance(answer, Refused)
    assert "could not be read" in answer.message
    assert (await site.look(site.entry(kind, "task-999999"))).phase is TaskPhase.RUNNING
    assert calls(own_vcenter, kind) == 0
