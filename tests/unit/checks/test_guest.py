"""Checks of a machine's firmware and addresses."""

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.domain.vsphere import Guest


def told(firmware_type=None, **vm):
    """app-1, whose item tells a firmware, and whose VM has these members."""
    return a.machine_context(a.item(detail=a.detail(firmware_type=firmware_type)), vms=(a.located(a.vm(**vm)),))


FIRMWARE = [
    Case("FirmwareSupported", "BIOS", PASS, told(firmware="bios"), "BIOS"),
    Case("FirmwareSupported", "EFI", FAIL, told(firmware="efi"), "EFI"),
    Case("FirmwareSupported", "vCenter before Site Recovery", PASS, told("UEFI", firmware="bios")),
    Case("FirmwareSupported", "UEFI as Site Recovery tells", FAIL, told("UEFI", firmware=None)),
    Case("FirmwareSupported", "BIOS as Site Recovery tells", PASS, told("BIOS", firmware=None)),
    Case("FirmwareSupported", "no VM", FAIL, a.machine_context(a.item(detail=a.detail(firmware_type="UEFI")), vms=())),
    Case("FirmwareSupported", "neither tells", UNKNOWN, told(firmware=None)),
    Case("FirmwareSupported", "details not read", UNKNOWN, a.machine_context(a.item(detail=None), vms=())),
    Case(
        "FirmwareSupported",
        "another machine's VM",
        UNKNOWN,
        a.machine_context(
            a.item(detail=a.detail(mac_addresses=("2",), firmware_type=None)),
            vms=(a.located(a.vm(mac_addresses=("1",), firmware="efi")),),
        ),
    ),
    Case("FirmwareSupported", "after reprotect", NA, a.machine_context(a.reprotected_item(), phase=Phase.REPROTECTED)),
]


def linux(is_static, **changes):
    """A Linux machine whose tools tell how it has its addresses."""
    guest = Guest(guest_id="rhel8_64Guest", family="linuxGuest", has_static_address=is_static)
    found = a.protected_item(detail=a.detail(os_type="Linux", os_version="RHEL-8.4-64", **changes.pop("detail", {})))
    vms = changes.pop("vms", None)
    machine = a.located(a.vm(guest=guest, **changes))
    return a.machine_context(found, phase=Phase.NOT_FAILED_OVER, vms=(machine,) if vms is None else vms)


ADDRESS = [
    Case("LinuxAddress", "DHCP", PASS, linux(False), "by DHCP"),
    Case("LinuxAddress", "static", FAIL, linux(True), "VM app-1 has a static address, and comes back with DHCP"),
    Case("LinuxAddress", "not told", NA, linux(None), "do not tell"),
    Case("LinuxAddress", "not read", UNKNOWN, linux(True, unread=frozenset({"guest.has_static_address"}))),
    Case("LinuxAddress", "no VM", NA, linux(True, vms=()), "no VM"),
    Case("LinuxAddress", "another machine's VM", NA, linux(True, mac_addresses=("1",), detail={"mac_addresses": ("2",)})),
    Case("LinuxAddress", "Windows", NA, a.machine_context(), "not known to be Linux"),
]

CASES = FIRMWARE + ADDRESS


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)
