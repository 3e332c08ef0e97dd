"""Whether a VM may be switched off hard, which its guest may not survive."""

from collections.abc import Sequence

from failback_operator.api.v1alpha1 import MasterTarget
from failback_operator.domain.limits import Limits


def may_switch_off(target: MasterTarget, holders: Sequence[str] | None) -> bool:
    """Whether a power cycle may switch the master target off: the spec allows both, and nothing protected is on it.

    `holders`: the machines that are, or may soon be, on it, as just judged by vSphere and by every item; None: not read.
    """
    disks = target.status.disks
    is_allowed = target.spec.allow_power_cycle and target.spec.allow_hard_power_off
    return is_allowed and holders == () and disks is not None and disks.attached == disks.orphaned == 0


def hard_off_text(target: MasterTarget, limits: Limits) -> str:
    """What is told of it before it is done; empty where the spec does not allow it."""
    if not target.spec.allow_hard_power_off:
        return ""
    minutes = limits.vsphere_shutdown.total_seconds() / 60
    return (
        f" If its guest does not shut down within {minutes:g} min, or has no VMware Tools running, it is switched off hard,"
        " as spec.allowHardPowerOff says."
    )
