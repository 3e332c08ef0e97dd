"""Whether both worlds of a site can be read, and whether another RecoverySite describes the same fabric."""

from datetime import timedelta
from typing import TypeVar

from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.checks.answers import Answer, every, failed, minutes, passed, unknown
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import ALL_STEPS, About
from failback_operator.checks.site.base import site_check
from failback_operator.domain.reading import Part, SourceProblem

T = TypeVar("T")

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
