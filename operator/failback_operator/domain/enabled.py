"""Which fixes of a master target its spec enables, and what each needs in vCenter."""

from failback_operator.api.v1alpha1 import MasterTarget
from failback_operator.api.v1alpha1.master_target import Policy, RetentionDisk
from failback_operator.domain.grants import POWER_CYCLE_NEEDS, REMEDIATION_NEEDS, Needs


def enabled_needs(target: MasterTarget) -> tuple[tuple[str, Needs], ...]:
    """Each fix that the operator may make by itself, as the spec spells it, with its needs; empty where it may make none."""
    remediation = target.spec.remediation
    found = [
        (field.alias or name, REMEDIATION_NEEDS[name])
        for name, field in type(remediation).model_fields.items()
        if _is_automatic(getattr(remediation, name))
    ]
    if target.spec.allow_power_cycle:
        found.append(("allowPowerCycle", POWER_CYCLE_NEEDS))
    return tuple(found)


def _is_automatic(choice: Policy | RetentionDisk | None) -> bool:
    return (choice.policy if isinstance(choice, RetentionDisk) else choice) == "Automatic"
