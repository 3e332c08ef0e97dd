"""The operating system of a master target."""

from failback_operator.checks.answers import Answer, failed, passed, unknown
from failback_operator.checks.contexts import TargetContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.master_target.base import no_vm, target_check
from failback_operator.domain.operating_system import OperatingSystem, Sources, identify


def target_system(context: TargetContext) -> OperatingSystem:
    """What vCenter and Site Recovery tell of the master target's operating system."""
    server = context.server
    vm = context.vm.vm if context.vm else None
    guest = vm.guest if vm is not None and "guest" not in vm.unread else None
    return identify(
        Sources(
            detailed_data=guest.detailed_data if guest else None,
            asr_version=server.os_version if server else None,
            full_name=guest.full_name if guest else None,
            guest_id=guest.guest_id if guest else None,
            asr_type=server.os_type if server else None,
            guest_family=guest.family if guest else None,
        )
    )


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
