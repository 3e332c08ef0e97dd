"""Whether the failback policy exists and is associated."""

from failback_operator.checks.answers import Answer, every, failed, listed, passed, unknown
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.site.base import of_vault, site_check
from failback_operator.domain.ids import ArmId
from failback_operator.domain.policy import ContainerMapping, Policy
from failback_operator.domain.rights import VaultPart
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vault import VaultFacts


@site_check(
    About(
        id="FailbackPolicyAssociated",
        clause="R10",
        condition="FailbackPolicyAssociated",
        expected="a failback policy (RPO threshold 15 min, retention 24 h, app-consistent every 60 min) is mapped from the "
        "configuration server's container to itself",
        remedy="Create the failback policy with these figures and associate it with the configuration server. The portal makes "
        "both "
        "with the policy to Azure; policies made by API or PowerShell come without.",
        source="Vendor's page on preparing failback; recorded InMagePolicyDetails 15/1440/60 and container mapping onto itself",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
        fixes=frozenset({EffectKind.CREATE_FAILBACK_POLICY, EffectKind.ASSOCIATE_FAILBACK_POLICY}),
    )
)
@of_vault
def failback_policy_associated(context: SiteContext, vault: VaultFacts) -> Answer:
    """Each container that holds items is paired with itself under a policy of the documented figures."""
    if vault.is_denied(VaultPart.POLICIES) or vault.is_denied(VaultPart.MAPPINGS):
        return unknown("policies and their mappings may not be read: see AzureAuthorized")
    policies = failback_policies(vault)
    if not policies:
        return failed("the vault has no failback policy")
    containers = wanted_containers(vault)
    if not containers:
        return failed("no container is mapped to itself")
    return every(any_mapping(context, vault, container, policies) for container in containers)


def failback_policies(vault: VaultFacts) -> list[Policy]:
    """The vault's failback policies, whatever their figures."""
    return [p for p in vault.policies if p.instance_type == "InMage"]


def wanted_containers(vault: VaultFacts) -> list[ArmId]:
    """The containers that are to be mapped onto themselves: those that hold items, else those that are."""
    containers = {i.container_id for i in vault.items}
    mapped = (m for m in vault.mappings if m.target_container_id is not None and m.container_id == m.target_container_id)
    return sorted(containers or {m.container_id for m in mapped}, key=str.casefold)


def documented_figures(context: SiteContext) -> tuple[int, int, int]:
    """RPO threshold, retention and interval of application-consistent points of a failback policy, in minutes."""
    limits = context.limits
    return limits.policy_rpo_minutes, limits.policy_retention_minutes, limits.policy_app_consistent_minutes


def figures_of(policy: Policy) -> tuple[int | None, int | None, int | None]:
    """The same of a policy, as far as they were reported."""
    return policy.rpo_threshold_minutes, policy.retention_minutes, policy.app_consistent_minutes


def any_mapping(context: SiteContext, vault: VaultFacts, container: ArmId, policies: list[Policy]) -> Answer:
    """Whether one mapping of `container` onto itself is paired, under a policy of the documented figures."""
    own = [m for m in vault.mappings if m.container_id == container and m.target_container_id == container]
    by_id = {p.arm_id: p for p in policies}
    found = [_mapping(context, m, by_id) for m in own if m.policy_id in by_id]
    if any(a.is_pass for a in found):
        return passed("a failback policy is associated")
    if not found:
        return failed(
            f"container {container.resource_name}: no failback policy ({listed(p.name for p in policies)}) is mapped to it"
        )
    return every(found)


def _mapping(context: SiteContext, mapping: ContainerMapping, policies: dict[ArmId, Policy]) -> Answer:
    policy = policies[mapping.policy_id or ArmId("")]
    wanted, actual = documented_figures(context), figures_of(policy)
    if mapping.state is None:
        return unknown(f"policy {policy.name}: the state of its mapping was not reported")
    if mapping.state != "Paired":
        return failed(f"policy {policy.name}: its mapping is {mapping.state}")
    if None in actual:
        return unknown(f"policy {policy.name}: its figures were not reported")
    if actual != wanted:
        told = "RPO threshold {} min, retention {} min, app-consistent every {} min".format(*actual)
        return failed(f"policy {policy.name}: {told}")
    return passed(f"policy {policy.name} is associated")
