"""The operating system of a master target."""

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import TargetContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.master_target.base import no_vm, target_check
from failback_operator.domain.operating_system import Family, OperatingSystem, Sources, identify
from failback_operator.domain.vsphere import VirtualMachine


def system_of(vm: VirtualMachine | None, version: str | None, kind: str | None) -> OperatingSystem:
    """By what vCenter tells of the VM, and Site Recovery's osVersion and osType."""
    guest = vm.guest if vm is not None and "guest" not in vm.unread else None
    return identify(
        Sources(
            detailed_data=guest.detailed_data if guest else None,
            asr_version=version,
            full_name=guest.full_name if guest else None,
            guest_id=guest.guest_id if guest else None,
            asr_type=kind,
            guest_family=guest.family if guest else None,
        )
    )


def target_system(context: TargetContext) -> OperatingSystem:
    """What vCenter and Site Recovery tell of the master target's operating system."""
    server, vm = context.server, context.vm.vm if context.vm else None
    return system_of(vm, server.os_version if server else None, server.os_type if server else None)


@target_check(
    About(
        id="TargetOSKnown",
        clause="R7",
        condition="OSMatch",
        expected="the operating system of the master target is known, and Site Recovery and vCenter agree on its family",
        remedy="Start VMware Tools on the master target; a guest id that contradicts the system is corrected in the VM's "
        "options.",
        source="masterTargetServers[].{osType, osVersion}; vSphere guest.guestDetailedData, guest.guestFullName, config.guestId",
        steps=BEFORE_REPROTECT,
    )
)
def target_os_known(context: TargetContext) -> Answer:
    """A family is known from somewhere, and nobody contradicts it."""
    system = target_system(context)
    if system.family is None:
        return unknown("nothing tells its operating system" if context.vm else no_vm(context))
    told = identify(Sources(asr_type=context.server.os_type if context.server else None)).family
    if told is not None and told is not system.family:
        return failed(f"Site Recovery takes it for {told.value}, but it is {system}")
    return passed(str(system))


@target_check(
    About(
        id="LinuxTargetSupported",
        clause="R14",
        condition="OSMatch",
        expected="a Linux master target runs a system that is known to serve (setting linux-targets; default Ubuntu 16.04), "
        "without LVM",
        remedy="Install the master target on a system of the vendor's list, without LVM, and keep its kernel from being updated; "
        "or add the system to the setting once a failback through it was rehearsed.",
        source="Vendor's page on the Linux master target, of 2019 the newest known: Ubuntu 16.04 only, LVM not supported; later "
        "systems are not confirmed",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
def linux_target_supported(context: TargetContext) -> Answer:
    """Distribution and version are on the list. Whether volumes lie on LVM cannot be read from outside the guest."""
    system = target_system(context)
    if system.family is None:
        return unknown("its operating system is not known: see TargetOSKnown")
    if system.family is not Family.LINUX:
        return not_applicable("it is no Linux master target")
    if system.distro is None or system.low is None:
        return unknown(f"the version of {system} is not known")
    accepted = context.site.limits.linux_targets
    if any(_is_listed(system, entry) for entry in accepted):
        return passed(f"{system}; whether it uses LVM cannot be read from outside")
    return failed(f"{system} is not one of {listed(accepted) or 'none'}; whether it uses LVM cannot be read from outside")


def _is_listed(system: OperatingSystem, entry: str) -> bool:
    """Whether the system is that of `ubuntu-16.04`, or a later release of the same version (16.04.2)."""
    distro, _, version = entry.casefold().rpartition("-")
    wanted = tuple(int(part) for part in version.split(".") if part.isdigit())
    return system.distro == distro and system.low is not None and bool(wanted) and system.low[: len(wanted)] == wanted
