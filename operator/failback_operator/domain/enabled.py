"""Which fixes a spec enables, and what each needs: those of master targets in vCenter, those of sites in Azure."""

from failback_operator.api.v1alpha1 import MasterTarget, RecoverySite
from failback_operator.api.v1alpha1.master_target import Policy, RetentionDisk
from failback_operator.domain.grants import POWER_CYCLE_NEEDS, REMEDIATION_NEEDS, Needs
from failback_operator.domain.rights import POLICY_ACTIONS, REFRESH_ACTIONS


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


def enabled_actions(site: RecoverySite) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each fix of the site that the operator may make by itself, as the spec spells it, with the actions on the vault."""
    spec = site.spec
    fixes = (
        ("remediation.refreshProvider", REFRESH_ACTIONS, spec.remediation.refresh_provider == "Automatic"),
        ("failbackPolicy.create", POLICY_ACTIONS, spec.failback_policy.create == "IfMissing"),
    )
    return tuple((name, actions) for name, actions, is_enabled in fixes if is_enabled)


def _is_automatic(choice: Policy | RetentionDisk | None) -> bool:
    return (choice.policy if isinstance(choice, RetentionDisk) else choice) == "Automatic"
