"""Puts together what is judged: our objects from the cache, and the snapshot of the site's worlds."""

from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan, MasterTarget, ProcessServer, RecoverySite
from failback_operator.decide.unassigned import Unassigned
from failback_operator.domain.limits import Limits
from failback_operator.domain.snapshot import SiteSnapshot, SiteView
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.keys import UNASSIGNED, SiteKey
from failback_operator.runtime.lease import lease_name


def site_view(cache: Cache, site: RecoverySite, snapshot: SiteSnapshot, limits: Limits) -> SiteView:
    """The view of a site."""
    key = SiteKey(site.namespace, site.name)
    fabric = lease_name(site)
    others = (each for each in cache.sites() if lease_name(each) == fabric)
    return SiteView(
        site=site,
        snapshot=snapshot,
        limits=limits,
        targets=cache.members(key, MasterTarget),
        servers=cache.members(key, ProcessServer),
        plans=cache.members(key, FailbackPlan),
        machines=cache.members(key, FailbackMachine),
        other_sites=tuple(each for each in others if (each.namespace, each.name) != (site.namespace, site.name)),
    )


def unassigned_view(cache: Cache) -> Unassigned:
    """All objects whose site does not exist."""
    return Unassigned(
        sites=tuple((each.namespace, each.name) for each in cache.sites()),
        targets=cache.members(UNASSIGNED, MasterTarget),
        servers=cache.members(UNASSIGNED, ProcessServer),
        plans=cache.members(UNASSIGNED, FailbackPlan),
        machines=cache.members(UNASSIGNED, FailbackMachine),
    )
