"""Whether a VM may be switched off hard, which its guest may not survive."""

from failback_operator.api.v1alpha1 import MasterTarget
from failback_operator.domain.limits import Limits


def may_switch_off(target: MasterTarget) -> bool:
    """Whether a power cycle may switch the master target off: the spec allows both, and no protected disk was seen on it last."""
    disks = target.status.disks
    is_allowed = target.spec.allow_power_cycle and target.spec.allow_hard_power_off
    return is_allowed and disks is not None and disks.attached == disks.orphaned == 0


def hard_off_text(target: MasterTarget, limits: Limits) -> str:
    """What is told of it before it is done; empty where the spec does not allow it."""
    if not target.spec.allow_hard_power_off:
        return ""
    minutes = limits.vsphere_shutdown.total_seconds() / 60
    return (
        f" If its guest does not shut down within {minutes:g} min, or has no VMware Tools running, it is switched off hard,"
        " as spec.allowHardPowerOff says."
    )
