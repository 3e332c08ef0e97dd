"""Checks of a site: its two worlds can be read, its configuration server is connected, its failback policy exists."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.checks.answers import Answer, every, failed, heartbeat, listed, minutes, passed, unknown
from failback_operator.checks.catalogue import Catalogue
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import ALL_STEPS, BEFORE_REPROTECT, About, register
from failback_operator.checks.subjects import subject_of
from failback_operator.domain.ids import ArmId
from failback_operator.domain.policy import ContainerMapping, Policy
from failback_operator.domain.reading import Part, SourceProblem
from failback_operator.domain.vault import VaultFacts

T = TypeVar("T")

SITE_CHECKS: Catalogue[SiteContext] = Catalogue()

LASTING = frozenset(
    {
        SourceProblem.CERTIFICATE_INVALID,
        SourceProblem.SECRET_MISSING,
        SourceProblem.INVALID_CREDENTIALS,
        SourceProblem.FORBIDDEN,
        SourceProblem.NOT_FOUND,
    }
)
"""Problems that do not pass by themselves: told at once. The others are told when the facts have become too old."""


def site_check(about: About) -> Callable[[Callable[[SiteContext], Answer]], Callable[[SiteContext], Answer]]:
    """Register the decorated function as a check of sites."""

    def decorate(ask: Callable[[SiteContext], Answer]) -> Callable[[SiteContext], Answer]:
        register(SITE_CHECKS, about, subject_of, ask)
        return ask

    return decorate


def of_vault(ask: Callable[[SiteContext, VaultFacts], Answer]) -> Callable[[SiteContext], Answer]:
    """Ask only where the vault is fresh; Unknown elsewhere."""

    def guarded(context: SiteContext) -> Answer:
        return ask(context, context.vault) if context.vault is not None else unknown("the vault could not be read lately")

    return guarded


@site_check(
    About(
        id="AzureReachable",
        clause="R2",
        condition="AzureReachable",
        expected="the vault and its fabric are read from Azure",
        remedy="Look at the answer: correct spec.azure (credentials, cloud) or spec.vault, the role of the application, or the "
        "network.",
        source="Site Recovery REST API; design of the operator: what is not read is not judged",
        steps=ALL_STEPS,
    )
)
def azure_reachable(context: SiteContext) -> Answer:
    """The vault's facts are fresh, and nothing lasting stands in the way of reading them."""
    return _source("the vault", context.view.snapshot.vault, context, context.limits.azure_stale)


@site_check(
    About(
        id="VCenterReachable",
        clause="R20",
        condition="VCenterReachable",
        expected="every vCenter of the site is read",
        remedy="Look at the answer: correct spec.vcenters (server, CA), the Secret's username and password, or the network.",
        source="vSphere Web Services API; design of the operator: what is not read is not judged",
        steps=ALL_STEPS,
    )
)
def vcenter_reachable(context: SiteContext) -> Answer:
    """The facts of each vCenter are fresh, and nothing lasting stands in the way of reading them."""
    parts = context.view.snapshot.vcenters
    return every(
        _source(f"vCenter {spec.name}", parts.get(spec.name, Part()), context, context.limits.vsphere_stale)
        for spec in context.view.site.spec.vcenters
    )


def _source(what: str, part: Part[T], context: SiteContext, limit: timedelta) -> Answer:
    error = part.error
    is_fresh = part.fresh(context.now, limit) is not None
    if is_fresh and part.as_of is not None and (error is None or error.problem not in LASTING):
        return passed(f"{what} is read", part.as_of + limit)
    if error is None:
        return unknown(f"{what}: what was read is older than {minutes(limit)} min")
    if error.problem is SourceProblem.NOT_READ_YET:
        return unknown(f"{what} is not read yet")
    return failed(f"{what}: {error.problem.value}: {error.message[:600]}")


@site_check(
    About(
        id="ConfigurationServerConnected",
        clause="R2",
        condition="ConfigurationServerConnected",
        expected="the configuration server runs and is connected to Azure: service running, heartbeats, its provider connected",
        remedy="Start the configuration server and its services, and see that it reaches Azure over 443.",
        source="Fabric.customDetails VMwareDetails (csServiceStatus, lastHeartbeat); replicationRecoveryServicesProviders",
        steps=ALL_STEPS,
    )
)
@of_vault
def configuration_server_connected(context: SiteContext, vault: VaultFacts) -> Answer:
    """The service runs, heartbeats arrive, and a provider of the fabric is connected."""
    server = vault.fabric.configuration_server
    if server is None:
        return unknown(f"fabric {vault.fabric.friendly_name}: Azure tells nothing of a configuration server")
    name = server.host_name or vault.fabric.friendly_name
    return every(
        (
            _service(name, server.service_status),
            heartbeat(name, server.last_heartbeat, context.now, context.limits.heartbeat),
            _provider(vault),
        )
    )


def _service(name: str, status: str | None) -> Answer:
    if status is None:
        return unknown(f"{name}: the status of its service was not reported")
    return passed(f"{name}: service running") if status == "Running" else failed(f"{name}: service status {status}")


def _provider(vault: VaultFacts) -> Answer:
    if not vault.providers:
        return failed("no provider of the fabric is registered")
    states = {p.connection_status for p in vault.providers}
    if "Connected" in states:
        return passed("its provider is connected")
    if None in states:
        return unknown("the connection of its provider was not reported")
    return failed(f"its provider: {listed(str(s) for s in states)}")


@site_check(
    About(
        id="ConfigurationServerAddress",
        clause="R3",
        condition="ConfigurationServerConnected",
        expected="the configuration server has one of the addresses that the site pins",
        remedy="Restore the configuration server with its old address, or correct spec.configurationServer.ipAddresses.",
        source="R3: after a disaster the configuration server is restored with the same IP address",
        steps=ALL_STEPS,
    )
)
@of_vault
def configuration_server_address(context: SiteContext, vault: VaultFacts) -> Answer:
    """The reported address is a pinned one; nothing is asked where none is pinned."""
    pinned = context.view.site.spec.configuration_server.ip_addresses
    server = vault.fabric.configuration_server
    if not pinned:
        return passed("no address is pinned")
    if server is None or server.ip_address is None:
        return unknown("the address of the configuration server was not reported")
    if server.ip_address in pinned:
        return passed(f"its address is {server.ip_address}")
    return failed(f"its address is {server.ip_address}, pinned: {listed(pinned)}")


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
    )
)
@of_vault
def failback_policy_associated(context: SiteContext, vault: VaultFacts) -> Answer:
    """Each container that holds items is paired with itself under a policy of the documented figures."""
    policies = [p for p in vault.policies if p.instance_type == "InMage"]
    if not policies:
        return failed("the vault has no failback policy")
    containers = sorted({i.container_id for i in vault.items}, key=str.casefold)
    if not containers:
        mapped = [m for m in vault.mappings if m.target_container_id is not None and m.container_id == m.target_container_id]
        containers = sorted({m.container_id for m in mapped}, key=str.casefold)
    if not containers:
        return failed("no container is mapped to itself")
    return every(any_mapping(context, vault, container, policies) for container in containers)


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
    limits = context.limits
    wanted = (limits.policy_rpo_minutes, limits.policy_retention_minutes, limits.policy_app_consistent_minutes)
    actual = (policy.rpo_threshold_minutes, policy.retention_minutes, policy.app_consistent_minutes)
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


@site_check(
    About(
        id="DuplicateSite",
        clause="R1",
        condition="UniqueSite",
        expected="no older RecoverySite describes the same fabric",
        remedy="Delete one of the two RecoverySites, or correct spec.vault of this one; the older works.",
        source="design of the operator: one worker a fabric",
        steps=ALL_STEPS,
    )
)
def unique_site(context: SiteContext) -> Answer:
    """Of several RecoverySites on one fabric the oldest works; the others say whose duplicate they are."""
    own = context.view.site
    older = [s for s in context.view.other_sites if _age_key(s) < _age_key(own)]
    if not older:
        return passed("it is the only one, or the oldest")
    first = min(older, key=_age_key)
    return failed(f"the RecoverySite {first.namespace}/{first.name} is older and describes the same fabric")


def _age_key(site: RecoverySite) -> tuple[str, str, str]:
    created = site.metadata.creation_timestamp
    return (created.isoformat() if created else "9999", site.namespace, site.name)
