"""The VM is excluded from what moves VMs by itself: Storage DRS of a datastore cluster, DRS of a cluster."""

from typing import Any

from pyVmomi import vim

from failback_operator.act.vsphere.commands import Order, vm_of
from failback_operator.act.vsphere.effect import Look, Progress, Scene
from failback_operator.domain.ids import Moref
from failback_operator.domain.ports import Accepted, Refused, SendResult
from failback_operator.domain.tasks import TaskPhase
from failback_operator.domain.vsphere import Motion, MotionRule


class ExcludeFromStorageDrs:
    """Source: vSphere API, StorageResourceManager.ConfigureStorageDrsForPod_Task with a VM's own entry, enabled false."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """Add the VM's entry, or edit the one it has."""
        pod = await scene.vcenter.pod(Moref(scene.subject))
        motion = pod.motion if pod is not None else None
        if motion is None:
            return Refused(f"not sent: the Storage DRS settings of datastore cluster {scene.subject} could not be read")
        return _first(scene, motion, _pod_order(scene, motion.rule_for(scene.machine.moref)))

    async def next(self, look: Look) -> Order | Progress:
        """Done when Storage DRS leaves the VM alone."""
        pod = await look.scene.vcenter.pod(Moref(look.scene.subject))
        where = f"datastore cluster {pod.name if pod else look.scene.subject}: Storage DRS"
        return _judged(look, pod.motion if pod is not None else None, where)


class ExcludeFromDrs:
    """Source: vSphere API, ClusterComputeResource.ReconfigureComputeResource_Task with a VM's own entry, enabled false."""

    async def first(self, scene: Scene) -> Order | SendResult:
        """Add the VM's entry, or edit the one it has."""
        cluster = await scene.vcenter.cluster(Moref(scene.subject))
        motion = cluster.motion if cluster is not None else None
        if motion is None:
            return Refused(f"not sent: the DRS settings of cluster {scene.subject} could not be read")
        return _first(scene, motion, _cluster_order(scene, motion.rule_for(scene.machine.moref)))

    async def next(self, look: Look) -> Order | Progress:
        """Done when DRS leaves the VM alone."""
        cluster = await look.scene.vcenter.cluster(Moref(look.scene.subject))
        where = f"cluster {cluster.name if cluster else look.scene.subject}: DRS"
        return _judged(look, cluster.motion if cluster is not None else None, where)


def _first(scene: Scene, motion: Motion, order: Order) -> Order | SendResult:
    return Accepted(None) if motion.applies(scene.machine.moref) is False else order


def _judged(look: Look, motion: Motion | None, where: str) -> Progress:
    """By the settings, whatever the task says: a second call, made since the answer to the first was lost, may fail over them."""
    applies = motion.applies(look.machine.moref) if motion is not None else None
    if look.task.phase is TaskPhase.RUNNING or (applies is None and look.task.phase is not TaskPhase.FAILED):
        return look.running()
    if applies is False:
        return look.succeeded()
    return look.failed(look.task.message or f"{where} still minds VM {look.machine.name}")


def _operation(rule: MotionRule | None) -> str:
    """Source: ArrayUpdateSpec: add of an entry that is there, and edit of one that is not, are invalid."""
    return "add" if rule is None else "edit"


def _pod_order(scene: Scene, rule: MotionRule | None) -> Order:
    def make(connection: Any) -> Any:
        info = vim.storageDrs.VmConfigInfo(vm=vm_of(connection, scene.machine), enabled=False, behavior=rule and rule.behavior)
        spec = vim.storageDrs.ConfigSpec(vmConfigSpec=[vim.storageDrs.VmConfigSpec(operation=_operation(rule), info=info)])
        pod = vim.StoragePod(scene.subject, connection.stub)
        return connection.content.storageResourceManager.ConfigureStorageDrsForPod_Task(pod=pod, spec=spec, modify=True)

    return Order("exclude-from-storage-drs", make)


def _cluster_order(scene: Scene, rule: MotionRule | None) -> Order:
    def make(connection: Any) -> Any:
        info = vim.cluster.DrsVmConfigInfo(key=vm_of(connection, scene.machine), enabled=False, behavior=rule and rule.behavior)
        spec = vim.cluster.ConfigSpecEx(drsVmConfigSpec=[vim.cluster.DrsVmConfigSpec(operation=_operation(rule), info=info)])
        cluster = vim.ClusterComputeResource(scene.subject, connection.stub)
        return cluster.ReconfigureComputeResource_Task(spec=spec, modify=True)

    return Order("exclude-from-drs", make)
