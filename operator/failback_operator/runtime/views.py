"""Puts together what is judged: our objects from the cache, and the snapshot of the site's worlds."""

from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan, MasterTarget, ProcessServer, RecoverySite
from failback_operator.decide.ledger import OPEN
from failback_operator.decide.unassigned import Unassigned
from failback_operator.domain.ids import ArmId
from failback_operator.domain.limits import Limits
from failback_operator.domain.snapshot import SiteSnapshot, SiteView
from failback_operator.runtime.cache import Cache
from failback_operator.runtime.keys import UNASSIGNED, SiteKey, named_site
from failback_operator.runtime.lease import lease_name


def site_view(cache: Cache, site: RecoverySite, snapshot: SiteSnapshot, limits: Limits) -> SiteView:
    """The view of a site."""
    key = SiteKey(site.namespace, site.name)
    others = (each for each in cache.sites() if _is_same_fabric(each, site, snapshot))
    return SiteView(
        site=site,
        snapshot=snapshot,
        limits=limits,
        targets=cache.members(key, MasterTarget),
        servers=cache.members(key, ProcessServer),
        plans=cache.members(key, FailbackPlan),
        machines=cache.members(key, FailbackMachine),
        other_sites=tuple(each for each in others if (each.namespace, each.name) != (site.namespace, site.name)),
        other_machines=tuple(each for each in cache.every(FailbackMachine) if named_site(each) != key and _is_at_work(each)),
    )


def _is_at_work(machine: FailbackMachine) -> bool:
    return any(entry.outcome in OPEN for entry in machine.status.ledger)


def _is_same_fabric(other: RecoverySite, site: RecoverySite, snapshot: SiteSnapshot) -> bool:
    """By what the specs say, else by the fabric that was found: a spec may give its name or its friendly name."""
    if lease_name(other) != lease_name(site):
        return False
    if other.spec.vault.fabric.casefold() == site.spec.vault.fabric.casefold():
        return True
    found = str(snapshot.vault.facts.fabric.arm_id) if snapshot.vault.facts is not None else site.status.fabric_id
    return found is not None and other.status.fabric_id is not None and ArmId(found) == other.status.fabric_id


def unassigned_view(cache: Cache) -> Unassigned:
    """All objects whose site does not exist."""
    return Unassigned(
        sites=tuple((each.namespace, each.name) for each in cache.sites()),
        targets=cache.members(UNASSIGNED, MasterTarget),
        servers=cache.members(UNASSIGNED, ProcessServer),
        plans=cache.members(UNASSIGNED, FailbackPlan),
        machines=cache.members(UNASSIGNED, FailbackMachine),
    )
