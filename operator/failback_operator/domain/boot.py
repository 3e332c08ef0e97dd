"""A VM's boot as text to compare with: vCenter's clock may differ from ours, two readings of it do not."""

from datetime import UTC, datetime

from failback_operator.domain.vsphere import VirtualMachine

FORMAT = "%Y%m%dT%H%M%S.%fZ"
NEVER = "never"


def boot_mark(machine: VirtualMachine) -> str:
    """The mark of the boot that the VM is in."""
    boot: datetime | None = machine.boot_time
    return NEVER if boot is None else boot.astimezone(UTC).strftime(FORMAT)
