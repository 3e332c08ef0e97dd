"""Of two RecoverySites on one vault and fabric the older works. Safety rule 6."""

from datetime import UTC, datetime

from failback_operator.api.v1alpha1 import RecoverySite
from failback_operator.domain.snapshot import SiteView

_NEVER = datetime.max.replace(tzinfo=UTC)


def older_site(view: SiteView) -> RecoverySite | None:
    """The site on the same fabric that works instead of this one, or None where this one works."""
    first = min((view.site, *view.other_sites), key=_age)
    return None if _age(first) == _age(view.site) else first


def _age(site: RecoverySite) -> tuple[datetime, str, str]:
    return (site.metadata.creation_timestamp or _NEVER, site.namespace, site.name)
