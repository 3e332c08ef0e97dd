"""The disks and controllers of a master target: how many, without snapshots, on LSI Logic, with their UUIDs shown."""

import re
from datetime import datetime

from failback_operator.api.common import Severity, rfc3339
from failback_operator.checks.answers import Answer, every, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import LocatedVm, TargetContext
from failback_operator.checks.define import BEFORE_FAILBACK, BEFORE_REPROTECT, About
from failback_operator.checks.master_target.base import no_server, no_vm, of_vm, target_check, unread
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vsphere import ControllerKind, PowerState, VirtualMachine

DELTA_FILE = re.compile(r"-\d{6}\.vmdk$")
"""File of a disk that lies upon another: left by a snapshot. Source: vSphere's naming of delta disks."""


@target_check(
    About(
        id="DiskLimit",
        clause="R6",
        condition="DiskLimit",
        expected="own, attached and planned disks of the master target are no more than its limit (60 at most)",
        remedy="Spread the machines over further master targets (spec.masterTargets of the plan), or raise spec.maxDisks up to "
        "60. Disks that are left over from a machine that no longer runs there: detach them once their machine is home.",
        source="Vendor's page on preparing failback: a master target takes at most 60 disks; 4 SCSI controllers of 15 slots",
        steps=BEFORE_REPROTECT,
    )
)
def disk_limit(context: TargetContext) -> Answer:
    """own + attached + orphaned + reserved ≤ limit."""
    usage = context.usage
    if usage is None:
        return unknown(_no_usage(context))
    parts = f"{usage.own} own, {usage.attached} attached, {usage.orphaned} orphaned, {usage.reserved} reserved"
    left = f"; left over: {listed(context.orphans)}" if context.orphans else ""
    told = f"{usage.used} of {usage.limit} disk slots: {parts}{left}"
    return passed(told) if usage.used <= usage.limit else failed(told)


def _no_usage(context: TargetContext) -> str:
    if context.vm is None:
        return no_vm(context)
    if context.site.vault is None:
        return f"{no_server(context)}, and so whose disks VM {context.vm.vm.name} has"
    return f"VM {context.vm.vm.name}: its disks could not be read"


@target_check(
    About(
        id="NotCordoned",
        clause="R6",
        condition="DiskLimit",
        expected="the master target takes further machines",
        remedy="Set spec.cordon: false when it is to take machines again; those that run through it are not affected.",
        source="spec.cordon of the MasterTarget",
        steps=frozenset(),
        severity=Severity.INFO,
    )
)
def not_cordoned(context: TargetContext) -> Answer:
    """What a person wrote, told where one looks for the reason; MasterTargetOpen tells the machines that it stops."""
    if context.target.spec.cordon:
        return failed("spec.cordon is true: no further machine is assigned to it")
    return passed("it is not cordoned")


@target_check(
    About(
        id="NoSnapshots",
        clause="R8",
        condition="DisksClean",
        expected="the master target has no snapshot, no delta disk and no pending consolidation",
        remedy="In the vSphere client: Snapshots > Delete All, then Consolidate; or set spec.remediation.removeSnapshots: "
        "Automatic "
        "and the operator removes them while the master target holds no protected disk.",
        source="Vendor's page on preparing failback; vSphere snapshot, runtime.consolidationNeeded, backing.parent, "
        "backing.fileName",
        steps=BEFORE_FAILBACK,
        fixes=frozenset({EffectKind.REMOVE_SNAPSHOTS}),
    )
)
@of_vm
def no_snapshots(context: TargetContext, located: LocatedVm) -> Answer:
    """No snapshot in the tree, nothing left of one in the disks."""
    vm = located.vm
    answer = every((_snapshots(vm), _consolidation(vm), _delta_disks(vm)))
    if answer.is_pass or not context.holders:
        return answer
    held = f"It holds disks of {listed(context.holders)}: leave it alone until they are home."
    return Answer(answer.outcome, answer.observed, held, answer.recheck_at)


def _snapshots(vm: VirtualMachine) -> Answer:
    hidden = unread(vm, "snapshots")
    if hidden is not None:
        return hidden
    if vm.snapshots:
        return failed(f"VM {vm.name} has snapshots: {listed(s.name for s in vm.snapshots)}")
    return passed(f"VM {vm.name} has no snapshot")


def _consolidation(vm: VirtualMachine) -> Answer:
    hidden = unread(vm, "consolidation_needed")
    if hidden is not None or vm.consolidation_needed is None:
        return hidden or unknown(f"VM {vm.name}: whether disks wait for consolidation was not told")
    if vm.consolidation_needed:
        return failed(f"VM {vm.name}: disks wait for consolidation")
    return passed(f"VM {vm.name}: nothing waits for consolidation")


def _delta_disks(vm: VirtualMachine) -> Answer:
    hidden = unread(vm, "disks")
    if hidden is not None:
        return hidden
    if vm.snapshots:
        return not_applicable("its snapshots tell of its delta disks")
    deltas = [f"{d.label} ({d.file_name})" for d in vm.disks if d.has_parent or DELTA_FILE.search(d.file_name)]
    if deltas:
        return failed(f"VM {vm.name} runs on delta disks: {listed(deltas)}")
    return passed(f"VM {vm.name}: no disk lies upon another")


@target_check(
    About(
        id="LsiLogicOnly",
        clause="R9",
        condition="ControllersSupported",
        expected="the master target has an LSI Logic controller and no paravirtual one, not even an empty one",
        remedy="Shut the master target down and change its SCSI controllers to LSI Logic (Windows: LSI Logic SAS) in the "
        "vSphere client; "
        "the guest needs the driver before its boot disk moves.",
        source="Vendor's page on preparing failback; class of each controller in config.hardware.device",
        steps=BEFORE_REPROTECT,
        fixes=frozenset({EffectKind.REPLACE_CONTROLLERS}),
    )
)
@of_vm
def lsi_logic_only(context: TargetContext, located: LocatedVm) -> Answer:
    """One of the accepted controllers at least, none of the paravirtual ones."""
    vm, accepted = located.vm, context.site.limits.accepted_controllers
    hidden = unread(vm, "controllers")
    if hidden is not None:
        return hidden
    bad = [c for c in vm.controllers if c.kind is ControllerKind.PARAVIRTUAL and c.kind not in accepted]
    if bad:
        buses = listed(f"SCSI controller {c.bus_number}" for c in bad)
        return failed(f"VM {vm.name}: paravirtual: {buses}")
    if not any(c.kind in accepted for c in vm.controllers):
        return failed(
            f"VM {vm.name} has no LSI Logic controller; it has: {listed(c.kind.value for c in vm.controllers) or 'none'}"
        )
    return passed(f"VM {vm.name}: {listed(c.kind.value for c in vm.controllers if c.kind in accepted)}")


@target_check(
    About(
        id="DisksOnLsiLogic",
        clause="R9",
        condition="ControllersSupported",
        expected="all disks of the master target hang on LSI Logic controllers",
        remedy="Move the named disks to an LSI Logic controller in the vSphere client while the VM is off.",
        source="Vendor's page on preparing failback: only LSI Logic; disk.controllerKey in config.hardware.device",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
@of_vm
def disks_on_lsi_logic(context: TargetContext, located: LocatedVm) -> Answer:
    """No disk on BusLogic, NVMe, SATA or IDE."""
    vm = located.vm
    hidden = unread(vm, "controllers", "disks")
    if hidden is not None:
        return hidden
    fine = context.site.limits.accepted_controllers | {ControllerKind.PARAVIRTUAL}
    kinds = {c.key: c.kind for c in vm.controllers}
    lost = [d.label for d in vm.disks if d.controller_key not in kinds]
    if lost:
        return unknown(f"VM {vm.name}: the controller of {listed(lost)} was not found")
    others = [f"{d.label} on {kinds[d.controller_key].value}" for d in vm.disks if kinds[d.controller_key] not in fine]
    return failed(f"VM {vm.name}: {listed(others)}") if others else passed(f"VM {vm.name}: no disk on another kind of controller")


@target_check(
    About(
        id="DiskEnableUuid",
        clause="R19",
        condition="UuidEnabled",
        expected="disk.EnableUUID is TRUE on the master target, and the VM was powered on after every change to TRUE that the "
        "operator made or saw",
        remedy="In the vSphere client: Edit Settings > VM Options > Advanced > Configuration Parameters: disk.EnableUUID = "
        "TRUE, then shut it down and power it on (a guest's reboot does not do); or set spec.remediation.enableDiskUuid: "
        "Automatic and spec.allowPowerCycle: true. If it was set before the operator first looked, make sure that the VM was "
        "powered on since: vCenter does not tell when it was set.",
        source="Vendor's page on preparing failback; vSphere config.extraConfig, config.flags.diskUuidEnabled, "
        "summary.runtime.bootTime",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
        fixes=frozenset({EffectKind.SET_DISK_UUID, EffectKind.POWER_CYCLE}),
    )
)
@of_vm
def disk_enable_uuid(context: TargetContext, located: LocatedVm) -> Answer:
    """TRUE, and powered on since the operator set it or first saw it set."""
    vm = located.vm
    hidden = unread(vm, "disk_uuid_enabled")
    if hidden is not None:
        return hidden
    if not vm.disk_uuid_enabled:
        return failed(f"VM {vm.name}: disk.EnableUUID is not TRUE")
    set_at = context.target.status.disk_uuid_set_at
    if set_at is None:
        return passed(f"VM {vm.name}: disk.EnableUUID is TRUE, and no change of it was seen that waits for a power-on")
    if vm.power_state is PowerState.OFF:
        return passed(f"VM {vm.name} is off, and has disk.EnableUUID TRUE once it is powered on")
    return _powered_on_since(vm, set_at)


def _powered_on_since(vm: VirtualMachine, set_at: datetime) -> Answer:
    hidden = unread(vm, "boot_time")
    if hidden is not None or vm.boot_time is None:
        return hidden or unknown(f"VM {vm.name}: when it was last powered on was not told")
    if vm.boot_time <= set_at:
        return failed(
            f"VM {vm.name}: disk.EnableUUID is TRUE, but it was not powered on since that was set or first seen, "
            f"at {rfc3339(set_at)}",
            "Shut the VM down and power it on (a guest's reboot does not do), or set spec.allowPowerCycle: true.",
        )
    return passed(f"VM {vm.name}: disk.EnableUUID is TRUE, and it was powered on since that was set or first seen")
