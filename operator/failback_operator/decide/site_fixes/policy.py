"""A failback policy is made and associated where there is none of the documented figures. Clause R10.

Source: site-recovery facts, section 1: policies made by API come without; the figures are 15/1440/60 minutes (recorded), the
association is a mapping of the container to itself (recorded). Both have names of their own, which are always the same: after
a crash the same call is made again, never a second policy. What is there is never written over.
"""

from collections.abc import Iterator

from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.site.policy import documented_figures, failback_policies, figures_of, wanted_containers
from failback_operator.checks.site.rights import lacking, missing_actions
from failback_operator.decide.fixes.base import Fix
from failback_operator.domain.ids import ArmId
from failback_operator.domain.policy import ContainerMapping, Policy
from failback_operator.domain.rights import POLICY_ACTIONS
from failback_operator.domain.steps import EffectKind, VaultCall
from failback_operator.domain.vault import VaultFacts

CHECK = "FailbackPolicyAssociated"
IF_MISSING = "IfMissing"
FABRICS, POLICIES = "/replicationFabrics/", "/replicationPolicies/"
MAPPINGS = "/replicationProtectionContainerMappings/"


def propose_policy(site: SiteContext, failing: frozenset[str]) -> Iterator[Fix]:
    """The policy where there is none, else its association with each container that lacks one."""
    vault = site.vault
    if vault is None or CHECK not in failing or site.view.site.spec.failback_policy.create != IF_MISSING:
        return
    figures = documented_figures(site)
    fitting = sorted((p for p in failback_policies(vault) if figures_of(p) == figures), key=lambda p: (p.name, p.arm_id))
    own = next((p for p in fitting if p.arm_id == policy_id(vault, policy_name(site))), None)
    chosen = own or next(iter(fitting), None)
    yield from _creation(site, vault) if chosen is None else _associations(site, vault, chosen, fitting)


def policy_name(site: SiteContext) -> str:
    """The name of the policy that the operator makes."""
    return "failback-{}-{}-{}".format(*documented_figures(site))


def policy_id(vault: VaultFacts, name: str) -> ArmId:
    """The id of a policy of the vault."""
    return ArmId(f"{vault.fabric.arm_id.rsplit(FABRICS, 1)[0]}{POLICIES}{name}")


def mapping_id(container: ArmId, policy: str) -> ArmId:
    """The id of the association that the operator makes."""
    return ArmId(f"{container}{MAPPINGS}{policy}")


def _creation(site: SiteContext, vault: VaultFacts) -> Iterator[Fix]:
    name, (rpo, retention, app_consistent) = policy_name(site), documented_figures(site)
    arm_id = policy_id(vault, name)
    text = (
        f"Will be made by the operator: failback policy {name} (RPO threshold {rpo} min, retention {retention} min, "
        f"app-consistent every {app_consistent} min). Then it is associated with the configuration server."
    )
    details: dict[str, object] = {
        "instanceType": "InMage",
        "recoveryPointThresholdInMinutes": rpo,
        "recoveryPointHistory": retention,
        "appConsistentFrequencyInMinutes": app_consistent,
        "multiVmSyncStatus": "Enable",
    }
    call = VaultCall(arm_id, body={"properties": {"providerSpecificInput": details}})
    why = _taken(vault, arm_id) or _unread_figures(vault) or _no_container(vault) or _no_right(site, vault)
    yield Fix(EffectKind.CREATE_FAILBACK_POLICY, CHECK, text, why, subject=name, call=call)


def _taken(vault: VaultFacts, arm_id: ArmId) -> str | None:
    """Of another kind, or of other figures: else it would have been taken."""
    is_there = any(p.arm_id == arm_id for p in vault.policies)
    return f"the vault has a policy {arm_id.resource_name} with other figures, which is never changed" if is_there else None


def _unread_figures(vault: VaultFacts) -> str | None:
    unread = [p.name for p in failback_policies(vault) if None in figures_of(p)]
    return f"the figures of failback policy {min(unread)} were not reported" if unread else None


def _no_container(vault: VaultFacts) -> str | None:
    return None if wanted_containers(vault) else "no machine of the configuration server is protected, so no container is known"


def _no_right(site: SiteContext, vault: VaultFacts) -> str | None:
    missing = missing_actions(site, vault, POLICY_ACTIONS)
    return lacking(site, missing) if missing else None


def _associations(site: SiteContext, vault: VaultFacts, policy: Policy, fitting: list[Policy]) -> Iterator[Fix]:
    """One for each container that none of the `fitting` policies is paired with: one that is held does not hold the others."""
    name, right = policy.arm_id.resource_name, _no_right(site, vault)
    for container in wanted_containers(vault):
        own = _own_mappings(vault, container, fitting)
        if any(m.state == "Paired" for m in own):
            continue
        text = (
            f"Will be associated by the operator: failback policy {name} with container {container.resource_name}, onto itself."
        )
        arm_id = mapping_id(container, name)
        properties: dict[str, object] = {
            "targetProtectionContainerId": str(container),
            "policyId": str(policy.arm_id),
            "providerSpecificInput": {},
        }
        why = _standing(own[0]) if own else None
        if why is None and any(m.arm_id == arm_id for m in vault.mappings):
            why = f"the container has a mapping {name} of another policy, which is never changed"
        yield Fix(
            EffectKind.ASSOCIATE_FAILBACK_POLICY,
            CHECK,
            text,
            why or right,
            subject=f"{container.resource_name}:{name}",
            call=VaultCall(arm_id, body={"properties": properties}),
        )


def _own_mappings(vault: VaultFacts, container: ArmId, fitting: list[Policy]) -> list[ContainerMapping]:
    """The container's mappings onto itself under a policy of the documented figures."""
    ids = {p.arm_id for p in fitting}
    own = (m for m in vault.mappings if m.container_id == container and m.target_container_id == container)
    return sorted((m for m in own if m.policy_id in ids), key=lambda m: m.arm_id)


def _standing(mapping: ContainerMapping) -> str:
    name = mapping.arm_id.resource_name
    return f"its mapping {name} is there and " + (f"is {mapping.state}" if mapping.state else "its state was not reported")
