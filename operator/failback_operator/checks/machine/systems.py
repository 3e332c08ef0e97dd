"""The operating system of a machine, against the master targets that may take it."""

from collections.abc import Callable

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, any_of, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext, TargetContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.machine.base import fresh_detail, item_check, named, targets_of
from failback_operator.checks.master_target.system import system_of, target_system
from failback_operator.domain.operating_system import (
    Family,
    OperatingSystem,
    is_same_family,
    is_same_or_later,
)
from failback_operator.domain.protected_item import ProtectedItem


def item_system(context: MachineContext, item: ProtectedItem) -> OperatingSystem:
    """What Site Recovery tells of an item's operating system and, for the machine itself, vCenter of its VM."""
    detail = fresh_detail(context, item)
    is_own = context.item is not None and context.item.arm_id == item.arm_id
    vm = context.vm.vm if context.vm is not None and is_own else None
    return system_of(vm, detail.os_version if detail else None, detail.os_type if detail else None)


def is_surely_unfit(target: OperatingSystem, machine: OperatingSystem) -> bool:
    """Another family, or an earlier Windows: nobody may waive that."""
    if is_same_family(target, machine) is False:
        return True
    return target.family is Family.WINDOWS and is_same_or_later(target, machine) is False


def fitting_targets(context: MachineContext, item: ProtectedItem) -> tuple[TargetContext, ...]:
    """The chosen master target, or those candidates, that are not surely unfit by their operating system."""
    system = item_system(context, item)
    return tuple(t for t in targets_of(context) if not is_surely_unfit(target_system(t), system))


@item_check(
    About(
        id="OSMatch",
        clause="R7",
        condition="OSMatch",
        expected="a master target of the machine's family (Windows or Linux) may take it, and not one with an earlier Windows",
        remedy="Name a master target of that family, with the same or a later Windows, in spec.masterTargets. Linux machines "
        "always need a "
        "separate Linux master target.",
        source="Vendor's page on preparing failback: same family, same or later version (R7, R14); Windows ordered by year and "
        "R2",
        steps=BEFORE_REPROTECT,
        also=("R14",),
    )
)
def os_match(context: MachineContext, item: ProtectedItem) -> Answer:
    """One target that may take it is of its family, and no earlier Windows. OSVersion tells what is left open here."""
    targets = targets_of(context)
    if not targets:
        return unknown("no master target is known for it")
    system = item_system(context, item)
    return any_of(named(target, _fits(target_system(target), system)) for target in targets)


def _fits(target: OperatingSystem, machine: OperatingSystem) -> Answer:
    told = f"{target} for {machine}"
    if is_same_family(target, machine) is None:
        return unknown(f"{told}: not known whether Windows or Linux")
    return failed(told) if is_surely_unfit(target, machine) else passed(told)


@item_check(
    About(
        id="OSVersion",
        clause="R7",
        condition="OSMatch",
        expected="a master target that may take the machine has the same or a later version of its operating system",
        remedy="Name a master target with the same or a later version in spec.masterTargets. Where the versions cannot be read, "
        "start "
        "VMware Tools on both, or let a named person waive this check.",
        source="Vendor's page on preparing failback; versions by guest data, Site Recovery, full name, guest id, in this order",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
    )
)
def os_version(context: MachineContext, item: ProtectedItem) -> Answer:
    """Windows by year and R2; Linux within one distribution; different distributions have no order and pass."""
    return _of_fitting(context, item, _version)


def _of_fitting(
    context: MachineContext, item: ProtectedItem, compare: Callable[[OperatingSystem, OperatingSystem], Answer]
) -> Answer:
    targets = fitting_targets(context, item)
    if not targets:
        return not_applicable("no master target is of its kind: see OSMatch")
    system = item_system(context, item)
    return any_of(named(target, compare(target_system(target), system)) for target in targets)


def _version(target: OperatingSystem, machine: OperatingSystem) -> Answer:
    told = f"{target} for {machine}"
    if _differs_in_distribution(target, machine):
        return passed(f"{told}: different distributions have no order")
    later = is_same_or_later(target, machine)
    if later is None:
        return unknown(f"{told}: which is later cannot be told")
    return passed(told) if later else failed(told)


@item_check(
    About(
        id="OSDistribution",
        clause="R7",
        condition="OSMatch",
        expected="a Linux master target has the machine's distribution, so that versions can be compared",
        remedy="Nothing to do if the vendor's page for Linux master targets names yours; the versions of different "
        "distributions have no "
        "order.",
        source="Vendor's page on Linux master targets: one distribution serves every Linux guest",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
def os_distribution(context: MachineContext, item: ProtectedItem) -> Answer:
    """Same distribution; not asked of Windows."""
    if item_system(context, item).family is Family.WINDOWS:
        return not_applicable("Windows has one order")
    return _of_fitting(context, item, _distribution)


def _distribution(target: OperatingSystem, machine: OperatingSystem) -> Answer:
    told = f"{target} for {machine}"
    if target.distro is None or machine.distro is None:
        return unknown(f"{told}: a distribution is not known")
    return failed(told) if _differs_in_distribution(target, machine) else passed(told)


def _differs_in_distribution(target: OperatingSystem, machine: OperatingSystem) -> bool:
    both_linux = target.family is Family.LINUX and machine.family is Family.LINUX
    return both_linux and target.distro is not None and machine.distro is not None and target.distro != machine.distro
