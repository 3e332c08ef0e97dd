"""What is to be known of a machine's firmware and addresses before it comes home."""

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.machine.base import fresh_detail, item_check
from failback_operator.checks.machine.returning import is_namesake
from failback_operator.checks.machine.systems import item_system
from failback_operator.domain.operating_system import Family
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.vsphere import VirtualMachine

EFI = frozenset({"efi", "uefi"})


@item_check(
    About(
        id="FirmwareSupported",
        clause="R1",
        condition="OnPremisesSafe",
        expected="the machine boots by BIOS",
        remedy="Ask the vendor, or rehearse with a machine that nobody misses: an EFI machine may replicate to Azure and not "
        "come back. Where it came back in a rehearsal, waive this check.",
        source="Site Recovery's support matrix of the classic architecture (2019): EFI for migration only, without failback; "
        "items of 2021 show firmwareType UEFI all the same. vSphere config.firmware",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
def firmware_supported(context: MachineContext, item: ProtectedItem) -> Answer:
    """BIOS, as the VM has it, else as Site Recovery tells."""
    detail, vm = fresh_detail(context, item), _own_vm(context, item)
    firmware = (vm.firmware if vm is not None else None) or (detail.firmware_type if detail is not None else None)
    if not firmware:
        return unknown("neither vCenter nor Site Recovery tells whether it boots by BIOS or EFI")
    return failed("it boots by EFI") if firmware.casefold() in EFI else passed(f"it boots by {firmware.upper()}")


@item_check(
    About(
        id="LinuxAddress",
        clause="R4",
        condition="OnPremisesSafe",
        expected="a Linux machine has its address by DHCP, or somebody knows that it will have",
        remedy="Note the address, or reserve it in DHCP for the VM's network card; set it again after the failback, before "
        "users come back.",
        source="Site Recovery's support matrix: a Linux machine with a static address comes back with DHCP, a Windows machine "
        "keeps it; vSphere guest.net[].ipConfig while VMware Tools run",
        steps=BEFORE_REPROTECT,
        severity=Severity.INFO,
        is_waivable=True,
    )
)
def linux_address(context: MachineContext, item: ProtectedItem) -> Answer:
    """No static address, as far as VMware Tools tell: they are silent while the VM is off."""
    if item_system(context, item).family is not Family.LINUX:
        return not_applicable("it is not known to be Linux")
    vm = _own_vm(context, item)
    if vm is None:
        return not_applicable("there is no VM that tells")
    if "guest.has_static_address" in vm.unread:
        return unknown(f"VM {vm.name}: vCenter did not let its addresses be read")
    if vm.guest.has_static_address is None:
        return not_applicable(f"VMware Tools of VM {vm.name} do not tell how it has its addresses")
    if vm.guest.has_static_address:
        return failed(f"VM {vm.name} has a static address, and comes back with DHCP")
    return passed(f"VM {vm.name} has its addresses by DHCP")


def _own_vm(context: MachineContext, item: ProtectedItem) -> VirtualMachine | None:
    return context.vm.vm if context.vm is not None and not is_namesake(context, item) else None
