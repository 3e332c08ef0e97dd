"""What moves VMs by itself: read of all clusters of both kinds, and heard of when it changes."""

from tests.integration.vsphere.test_changes import PATIENT
from tests.integration.vsphere.watching import WatchMaker

from failback_lab.vcenter import VCenter
from failback_operator.domain.vsphere import MotionRule
from failback_operator.observe.vsphere import VsphereEndpoint

POD_CONFIG = "podStorageDrsEntry.storageDrsConfig"


async def test_clusters_and_datastore_clusters(own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker) -> None:
    running = await watch(own_endpoint, **PATIENT)
    facts = await running.until_read()
    (pod,) = facts.pods
    assert pod.motion is not None
    assert (pod.name, pod.motion.is_enabled, pod.motion.behavior, pod.motion.rules) == ("gold", True, "automated", ())
    assert {d.name for d in facts.datastores if d.pod == pod.moref} == {"vmfs-prod-1", "vmfs-prod-2"}
    assert [c.name for c in facts.clusters] == ["infra", "prod"]
    assert {h.cluster for h in facts.hosts} == {c.moref for c in facts.clusters}
    motion = facts.clusters[1].motion
    assert motion is not None
    assert (motion.is_enabled, motion.behavior, motion.rules, motion.are_rules_heeded) == (True, "fullyAutomated", (), True)

    vm = running.vm("mt-win-1").moref
    machine = {"type": "VirtualMachine", "value": vm}
    rule = {"_typeName": "StorageDrsVmConfigInfo", "vm": machine, "enabled": False}
    own_vcenter.control.set("StoragePod", "gold", f"{POD_CONFIG}.vmConfig", [rule])
    await running.until(lambda part: part.facts is not None and part.facts.pods[0].motion.rules != ())  # type: ignore[union-attr]
    assert running.facts.pods[0].motion.rules == (MotionRule(vm, is_enabled=False, behavior=None),)  # type: ignore[union-attr]
    own_vcenter.control.set("StoragePod", "gold", f"{POD_CONFIG}.podConfig.enabled", False)
    await running.until(lambda part: part.facts is not None and part.facts.pods[0].motion.is_enabled is False)  # type: ignore[union-attr]

    rule = {"_typeName": "ClusterDrsVmConfigInfo", "key": machine, "enabled": True, "behavior": "manual"}
    config = own_vcenter.control.get("ClusterComputeResource", "infra", "configurationEx")
    own_vcenter.control.set("ClusterComputeResource", "infra", "configurationEx", {**config, "drsVmConfig": [rule]})
    await running.until(lambda part: part.facts is not None and part.facts.clusters[0].motion.rules != ())  # type: ignore[union-attr]
    assert running.facts.clusters[0].motion.rules == (MotionRule(vm, is_enabled=True, behavior="manual"),)  # type: ignore[union-attr]


async def test_a_cluster_whose_settings_are_hidden_hides_nothing_else(
    own_vcenter: VCenter, own_endpoint: VsphereEndpoint, watch: WatchMaker
) -> None:
    own_vcenter.control.conceal("ClusterComputeResource", "infra", "configurationEx")
    own_vcenter.control.conceal("StoragePod", "gold", POD_CONFIG)
    facts = await (await watch(own_endpoint)).until_read()
    assert [c.motion is None for c in facts.clusters] == [True, False]
    assert facts.pods[0].motion is None
    assert facts.machines
