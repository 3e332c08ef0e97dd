"""A machine that comes back as a new VM on the master target's host: where, on what, and what is in its way."""

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, any_of, every, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext, TargetContext
from failback_operator.checks.define import ALTERNATE, BEFORE_REPROTECT, About
from failback_operator.checks.machine.base import item_check, named, targets_of
from failback_operator.checks.machine.datastores import datastore_name, mounted_on
from failback_operator.checks.machine.returning import STAYS, comes_back_new, host_of, is_namesake, new_datastore, of_new_vm
from failback_operator.checks.machine.systems import fitting_targets
from failback_operator.checks.master_target.storage import TAKES_FAILBACK
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import Step
from failback_operator.domain.vsphere import Datastore

NO_TARGET = "no master target is known for it"


@item_check(
    About(
        id="NewVMPlanned",
        clause="R21",
        condition="DatastoresReachable",
        expected="the machine comes back onto the VM that is there",
        remedy="Nothing, if the named host and datastore are where it shall run; else name another master target or datastore "
        "in spec.masterTargets and spec.datastore of the plan.",
        source="Vendor's page on preparing failback: without a VM in vCenter, and at an alternate location, reprotect makes a "
        "new VM on the master target's host",
        steps=BEFORE_REPROTECT,
        severity=Severity.INFO,
        also=("R22",),
    )
)
def new_vm_planned(context: MachineContext, item: ProtectedItem) -> Answer:
    """Says on which host and datastore a new VM will be made."""
    is_new = comes_back_new(context, item)
    if is_new is None:
        return unknown(context.site.vsphere_gap)
    if not is_new:
        return passed(STAYS)
    hosts = [_host_name(target) for target in fitting_targets(context, item) or targets_of(context)]
    if not hosts:
        return unknown(f"{item.friendly_name} comes back as a new VM, and no master target is known for it")
    where = f"on {listed(hosts)}" if len(hosts) == 1 else f"on one of {listed(hosts)}"
    return failed(
        f"{item.friendly_name} comes back as a new VM {where}, datastore {datastore_name(context, item) or 'not named'}"
    )


def _host_name(target: TargetContext) -> str:
    host = host_of(target)
    name = "its host, which could not be read" if isinstance(host, Answer) else f"host {host.name}"
    return f"{name} (of {target.target.name})"


@item_check(
    About(
        id="OriginalVMGone",
        clause="R22",
        condition="OnPremisesSafe",
        expected="vCenter has no VM of the machine any more, so that reprotect makes a new one at the alternate location",
        remedy="Set spec.location: Original to bring the machine home onto this VM. Or, if that VM is not needed any more, "
        "take it out of vCenter before reprotect; never between reprotect and commit.",
        source="Vendor's pages on failback: the on-premises VM must not exist before reprotect for a new one to be made; where "
        "its disks exist the datastore of the reprotect input is not used",
        steps=frozenset({Step.REPROTECT}),
        locations=ALTERNATE,
    )
)
def original_vm_gone(context: MachineContext, item: ProtectedItem) -> Answer:
    """No VM of the machine: reprotect would overwrite its disks."""
    if context.vms and not is_namesake(context, item):
        return failed(f"vCenter has VM {listed(v.vm.name for v in context.vms)}, whose disks reprotect would overwrite")
    if not context.site.vsphere_is_complete:
        return unknown(context.site.vsphere_gap)
    return passed("vCenter has no VM of the machine")


@item_check(
    About(
        id="NameInTheWay",
        clause="R21",
        condition="OnPremisesSafe",
        expected="no other VM on the master target's host has the name of the new VM",
        remedy="Rename the named VM or move it to another host, or choose a master target on another host. If it is the "
        "machine's own VM with other network cards, and it shall be overwritten, waive OnPremisesVMFound and this check for "
        "the machine.",
        source="Error 78052 of a reprotect: a VM of the same name is on the master target's ESXi host; vSphere name, "
        "runtime.host",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
        needs_machine=True,
        also=("R22",),
    )
)
@of_new_vm
def name_in_the_way(context: MachineContext, item: ProtectedItem) -> Answer:
    """On one target's host at least the name is free."""
    targets = targets_of(context)
    if not targets:
        return unknown(NO_TARGET)
    return any_of(named(target, _is_free(context, item, target)) for target in targets)


def _is_free(context: MachineContext, item: ProtectedItem, target: TargetContext) -> Answer:
    host = host_of(target)
    if isinstance(host, Answer) or target.vm is None:
        return unknown("its host could not be read")
    own = set() if is_namesake(context, item) else {v.vm.moref for v in context.vms if v.vcenter == target.vm.vcenter}
    wanted = item.friendly_name.casefold()
    others = [m for m in target.vm.facts.machines if m.name.casefold() == wanted and m.moref not in own]
    if any(m.host == host.moref for m in others):
        return failed(f"host {host.name} has another VM {item.friendly_name}")
    if any(m.host is None for m in others):
        return unknown(f"another VM {item.friendly_name} is there, and its host could not be read")
    return passed(f"host {host.name} has no VM {item.friendly_name}")


@item_check(
    About(
        id="NewVMDatastore",
        clause="R21",
        condition="DatastoresReachable",
        expected="the datastore for the new VM is mounted read/write on the host of a master target that may take the machine",
        remedy="Name a datastore of that host in spec.datastore of the plan, or mount the named one read/write on it.",
        source="Vendor's page on preparing failback: the disks of a new VM lie on a datastore that the master target's host "
        "reaches; vSphere datastore.host[].mountInfo",
        steps=BEFORE_REPROTECT,
        also=("R20",),
    )
)
@of_new_vm
def new_vm_datastore(context: MachineContext, item: ProtectedItem) -> Answer:
    """The datastore exists in the target's vCenter, and its host mounts it read/write."""
    name, targets = datastore_name(context, item), targets_of(context)
    if name is None:
        return failed("no datastore is named for the new VM", "Name one in spec.datastore of the plan.")
    if not targets:
        return unknown(NO_TARGET)
    return any_of(named(target, _reached(target, name, new_datastore(context, item, target))) for target in targets)


def _reached(target: TargetContext, name: str, store: Datastore | None) -> Answer:
    host = host_of(target)
    if isinstance(host, Answer):
        return host
    return failed(f"its vCenter has no datastore {name}") if store is None else mounted_on(store, host)


@item_check(
    About(
        id="NewVMSupported",
        clause="R22",
        condition="DatastoresReachable",
        expected="no disk of the machine is a raw device, and the datastore for the new VM is VMFS or vSAN",
        remedy="Name a VMFS or vSAN datastore in spec.datastore. A machine with raw devices comes back to its original "
        "location only, onto its VM with the raw devices attached (spec.location: Original).",
        source="Site Recovery's support matrix and pages on failback: an alternate location takes VMDKs on VMFS or vSAN only, "
        "and no raw device mapping; vSphere backing type of each disk, summary.type of the datastore",
        steps=BEFORE_REPROTECT,
        also=("R24",),
    )
)
@of_new_vm
def new_vm_supported(context: MachineContext, item: ProtectedItem) -> Answer:
    """No raw device on the VM, if it is still there; a fitting datastore for one target at least."""
    targets = targets_of(context)
    kinds = any_of(named(t, kind_of(new_datastore(context, item, t))) for t in targets) if targets else unknown(NO_TARGET)
    return every((_raw_devices(context, item), kinds))


def _raw_devices(context: MachineContext, item: ProtectedItem) -> Answer:
    if context.vm is None or is_namesake(context, item):
        return not_applicable("there is no VM whose disks could be looked at")
    vm = context.vm.vm
    if "disks" in vm.unread:
        return unknown(f"VM {vm.name}: vCenter did not let its disks be read")
    raw = [disk.label for disk in vm.disks if disk.is_raw_device]
    return failed(f"VM {vm.name} has raw devices: {listed(raw)}") if raw else passed(f"VM {vm.name} has no raw device")


def kind_of(store: Datastore | None) -> Answer:
    """Whether failback may write to such a datastore."""
    if store is None:
        return not_applicable("the datastore for the new VM is not known: see NewVMDatastore")
    if store.type is None:
        return unknown(f"the kind of datastore {store.name} could not be read")
    told = f"datastore {store.name} is {store.type}"
    return passed(told) if store.type.upper() in TAKES_FAILBACK else failed(f"{told}: failback goes to VMFS or vSAN only")
