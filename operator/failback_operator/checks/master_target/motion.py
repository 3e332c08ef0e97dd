"""A master target stays where it is: no Storage vMotion by Storage DRS, no vMotion by DRS."""

from collections.abc import Callable, Iterator

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, every, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, TargetContext
from failback_operator.checks.define import BEFORE_FAILBACK, BEFORE_REPROTECT, About
from failback_operator.checks.master_target.base import of_vm, target_check, unread
from failback_operator.domain.ids import Moref
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import Motion, Pod

AUTOMATED = "automated"
"""Source: podConfig.defaultVmBehavior and vmConfig.behavior are `automated` or `manual`."""
FULLY_AUTOMATED = "fullyAutomated"
"""Source: of DrsBehavior only this one moves a VM that runs; partiallyAutomated and manual propose it."""

AskPod = Callable[[Pod, Motion, LocatedVm], Answer]
"""A question about one datastore cluster whose settings were read."""


@target_check(
    About(
        id="StorageDrsExcluded",
        clause="R15",
        condition="MotionExcluded",
        expected="Storage DRS moves no disk of the master target by itself, in any datastore cluster that holds one",
        remedy="In the vSphere client: datastore cluster > Configure > VM Overrides > Add: the master target, Storage DRS "
        "automation level: Disabled; once for each datastore cluster that is named.",
        source="Vendor's page on preparing failback: no Storage vMotion of a master target; vSphere "
        "podStorageDrsEntry.storageDrsConfig.{podConfig, vmConfig}: a VM without an entry is included",
        steps=BEFORE_FAILBACK,
        is_waivable=True,
        fixes=frozenset({EffectKind.EXCLUDE_FROM_STORAGE_DRS}),
    )
)
@of_vm
def storage_drs_excluded(context: TargetContext, located: LocatedVm) -> Answer:  # noqa: ARG001 - the form of all checks of a VM
    """In each pod of its disks Storage DRS is off, is off for the VM, or only proposes moves of it."""
    return _in_all_pods(located, _storage_drs)


@target_check(
    About(
        id="StorageDrsSilent",
        clause="R15",
        condition="MotionExcluded",
        expected="Storage DRS does not even propose to move the master target's disks: it is excluded, not only set to manual",
        remedy="In the vSphere client: datastore cluster > Configure > VM Overrides: set the master target's Storage DRS "
        "automation level to Disabled.",
        source="Vendor's page on preparing failback: exclude the master target from the vMotion list; vSphere "
        "vmConfig[].behavior manual: a person may apply what Storage DRS proposes",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
        fixes=frozenset({EffectKind.EXCLUDE_FROM_STORAGE_DRS}),
    )
)
@of_vm
def storage_drs_silent(context: TargetContext, located: LocatedVm) -> Answer:  # noqa: ARG001 - the form of all checks of a VM
    """No pod of its disks has it merely on manual."""
    return _in_all_pods(located, _proposals)


def _in_all_pods(located: LocatedVm, ask: AskPod) -> Answer:
    hidden = unread(located.vm, "disks")
    if hidden is not None:
        return hidden
    return every(_of_pods(located, ask))


def _of_pods(located: LocatedVm, ask: AskPod) -> Iterator[Answer]:
    stores = {disk.datastore for disk in located.vm.disks if disk.datastore is not None}
    pods: set[Moref] = set()
    for moref in sorted(stores):
        store = located.facts.datastore(moref)
        if store is None:
            yield unknown(f"VM {located.vm.name}: one of its datastores could not be read")
        elif store.pod is not None:
            pods.add(store.pod)
    if not pods:
        yield passed(f"VM {located.vm.name}: no disk lies in a datastore cluster")
    for moref in sorted(pods):
        pod = located.facts.pod(moref)
        if pod is None or pod.motion is None or pod.motion.is_enabled is None:
            yield unknown(f"datastore cluster {pod.name if pod else moref}: its Storage DRS settings could not be read")
        else:
            yield ask(pod, pod.motion, located)


def _storage_drs(pod: Pod, motion: Motion, located: LocatedVm) -> Answer:
    name, vm = pod.name, located.vm
    if not motion.applies(vm.moref):
        return passed(f"datastore cluster {name}: Storage DRS leaves VM {vm.name} alone")
    behavior = motion.behavior_for(vm.moref)
    if behavior is None:
        return unknown(f"datastore cluster {name}: how Storage DRS treats VM {vm.name} was not told")
    if behavior == AUTOMATED:
        return failed(f"datastore cluster {name}: Storage DRS may move the disks of VM {vm.name} by itself")
    return passed(f"datastore cluster {name}: Storage DRS moves no disk of VM {vm.name} by itself")


def _proposals(pod: Pod, motion: Motion, located: LocatedVm) -> Answer:
    name, vm = pod.name, located.vm
    if not motion.applies(vm.moref):
        return passed(f"datastore cluster {name}: Storage DRS leaves VM {vm.name} alone")
    if motion.behavior_for(vm.moref) in {AUTOMATED, None}:
        return not_applicable(f"datastore cluster {name}: see StorageDrsExcluded")
    return failed(f"datastore cluster {name}: Storage DRS proposes moves of VM {vm.name}, which a person may apply")


@target_check(
    About(
        id="DrsAutomation",
        clause="R15",
        condition="MotionExcluded",
        expected="DRS does not move the master target to another host by itself",
        remedy="In the vSphere client: cluster > Configure > VM Overrides > Add: the master target, DRS automation level: "
        "Disabled.",
        source="vSphere configurationEx.{drsConfig, drsVmConfig}: exclusion is enabled false, manual and partiallyAutomated stop "
        "automatic moves; DRS moves the host and not the disks, and the new host may lack a datastore",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
        fixes=frozenset({EffectKind.EXCLUDE_FROM_DRS}),
    )
)
@of_vm
def drs_automation(context: TargetContext, located: LocatedVm) -> Answer:  # noqa: ARG001 - the form of all checks of a VM
    """Its host is in no cluster, or the cluster's DRS is off, off for the VM, or not fully automated for it."""
    vm, host = located.vm, located.host
    hidden = unread(vm, "host")
    if hidden is not None or host is None:
        return hidden or unknown(f"the host of VM {vm.name} could not be read")
    if host.cluster is None:
        return passed(f"host {host.name} is in no cluster")
    cluster = located.facts.cluster(host.cluster)
    motion = cluster.motion if cluster is not None else None
    if cluster is None or motion is None or motion.is_enabled is None:
        return unknown(f"cluster {cluster.name if cluster else host.cluster}: its DRS settings could not be read")
    return _drs(cluster.name, motion, located)


def _drs(name: str, motion: Motion, located: LocatedVm) -> Answer:
    vm = located.vm
    if not motion.applies(vm.moref):
        return passed(f"cluster {name}: DRS leaves VM {vm.name} alone")
    behavior = motion.behavior_for(vm.moref)
    if behavior is None:
        return unknown(f"cluster {name}: how DRS treats VM {vm.name} was not told")
    if behavior == FULLY_AUTOMATED:
        return failed(f"cluster {name}: DRS may move VM {vm.name} to another host by itself")
    return passed(f"cluster {name}: DRS moves VM {vm.name} only when a person says so")
