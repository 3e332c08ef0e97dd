"""Of two RecoverySites on one vault and fabric the older works. Safety rule 6."""

from datetime import UTC, datetime

from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.domain.ids import ArmId
from failback_operator.domain.snapshot import SiteView

_NEVER = datetime.max.replace(tzinfo=UTC)


def older_site(view: SiteView) -> RecoverySite | None:
    """The site on the same fabric that works instead of this one, or None where this one works."""
    first = min((view.site, *view.other_sites), key=_age)
    return None if _age(first) == _age(view.site) else first


def paused(view: SiteView) -> str | None:
    """Why nothing may begin at the site, or None."""
    older = older_site(view)
    if older is not None:
        return f"nothing begins here: the RecoverySite {older.namespace}/{older.name} is older and works on the same fabric"
    if view.site.spec.suspend:
        return f"the RecoverySite {view.site.name} is suspended: set its spec.suspend to false to go on"
    return None


def is_established(view: SiteView) -> bool:
    """Whether the stored status tells the fabric that was found: until then no other site can know that this one works on it."""
    vault, stored = view.vault(), view.site.status.fabric_id
    return vault is not None and stored is not None and ArmId(stored) == vault.fabric.arm_id


def _age(site: RecoverySite) -> tuple[datetime, str, str]:
    return (site.metadata.creation_timestamp or _NEVER, site.namespace, site.name)
