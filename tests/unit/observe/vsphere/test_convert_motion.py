"""Clusters of both kinds → what moves VMs by itself."""

from typing import Any

import pytest
from pyVmomi import vim

from failback_operator.domain.ids import Moref
from failback_operator.domain.vsphere import Motion, MotionRule
from failback_operator.observe.vsphere import convert_motion
from failback_operator.observe.vsphere.facts import FactsBuilder
from failback_operator.observe.vsphere.retrieve import Row

VM, OTHER = Moref("vm-1"), Moref("vm-2")


def pod_row(config: Any, unread: dict[str, str] | None = None) -> Row:
    values = {"name": "gold"} | ({} if config is None else {convert_motion.POD_CONFIG: config})
    return Row("StoragePod", Moref("group-p1"), values, unread or {})


def cluster_row(config: Any) -> Row:
    values = {"name": "infra"} | ({} if config is None else {convert_motion.CLUSTER_CONFIG: config})
    return Row("ClusterComputeResource", Moref("domain-c1"), values, {})


def test_a_datastore_cluster() -> None:
    shared = vim.storageDrs.PodConfigInfo(enabled=True, defaultVmBehavior="automated")
    rules = [
        vim.storageDrs.VmConfigInfo(vm=vim.VirtualMachine(OTHER), behavior="manual"),
        vim.storageDrs.VmConfigInfo(vm=vim.VirtualMachine(VM), enabled=False),
        vim.storageDrs.VmConfigInfo(enabled=False),
    ]
    pod = convert_motion.pod(pod_row(vim.storageDrs.ConfigInfo(podConfig=shared, vmConfig=rules)))
    wanted = (MotionRule(VM, is_enabled=False, behavior=None), MotionRule(OTHER, is_enabled=None, behavior="manual"))
    assert (pod.moref, pod.name, pod.motion) == ("group-p1", "gold", Motion(True, "automated", wanted))


def test_what_may_not_be_read_is_not_known() -> None:
    unread = {convert_motion.POD_CONFIG: "NoPermission"}
    assert convert_motion.pod(pod_row(None, unread)).motion is None
    assert convert_motion.cluster(cluster_row(None)).motion is None


@pytest.mark.parametrize(("allowed", "heeded"), [(True, True), (None, True), (False, False)])
def test_a_cluster(allowed: bool | None, heeded: bool) -> None:
    shared = vim.cluster.DrsConfigInfo(enabled=True, enableVmBehaviorOverrides=allowed, defaultVmBehavior="fullyAutomated")
    rule = vim.cluster.DrsVmConfigInfo(key=vim.VirtualMachine(VM), enabled=True, behavior="manual")
    motion = convert_motion.cluster(cluster_row(vim.cluster.ConfigInfoEx(drsConfig=shared, drsVmConfig=[rule]))).motion
    assert motion == Motion(True, "fullyAutomated", (MotionRule(VM, is_enabled=True, behavior="manual"),), heeded)


@pytest.mark.parametrize(
    ("motion", "applies", "behavior"),
    [
        (Motion(None, None), None, None),
        (Motion(False, "automated"), False, "automated"),
        (Motion(True, "automated"), True, "automated"),
        (Motion(True, "automated", (MotionRule(OTHER, is_enabled=False, behavior="manual"),)), True, "automated"),
        (Motion(True, "automated", (MotionRule(VM, is_enabled=False, behavior=None),)), False, "automated"),
        (Motion(True, "automated", (MotionRule(VM, is_enabled=None, behavior="manual"),)), True, "manual"),
        (Motion(True, "automated", (MotionRule(VM, is_enabled=False, behavior="manual"),), False), True, "automated"),
    ],
)
def test_how_a_vm_is_treated(motion: Motion, applies: bool | None, behavior: str | None) -> None:
    assert (motion.applies(VM), motion.behavior_for(VM)) == (applies, behavior)


class Rows:
    def __init__(self, *rows: Row) -> None:
        self._rows = {row.moref: row for row in rows}

    def row(self, moref: Moref) -> Row | None:
        return self._rows.get(moref)


def test_facts_hold_them_until_they_leave() -> None:
    builder = FactsBuilder("uuid")
    pod, cluster = pod_row(None), cluster_row(None)
    facts = builder.build(Rows(pod, cluster), (pod.moref, cluster.moref))
    assert (facts.pod(pod.moref), facts.cluster(cluster.moref)) == (facts.pods[0], facts.clusters[0])
    assert (facts.pod(None), facts.cluster(None)) == (None, None)
    facts = builder.build(Rows(cluster), (pod.moref,))
    assert (facts.pods, [c.name for c in facts.clusters]) == ((), ["infra"])
