"""The catalogue of sites' checks, and what asks a site only where its vault was read."""

from collections.abc import Callable

from failback_operator.checks.answers import Answer, unknown
from failback_operator.checks.catalogue import Catalogue
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import About, register
from failback_operator.domain.vault import VaultFacts

SITE_CHECKS: Catalogue[SiteContext] = Catalogue()


def site_check(about: About) -> Callable[[Callable[[SiteContext], Answer]], Callable[[SiteContext], Answer]]:
    """Register the decorated function as a check of sites."""

    def decorate(ask: Callable[[SiteContext], Answer]) -> Callable[[SiteContext], Answer]:
        register(SITE_CHECKS, about, ask)
        return ask

    return decorate


def of_vault(ask: Callable[[SiteContext, VaultFacts], Answer]) -> Callable[[SiteContext], Answer]:
    """Ask only where the vault is fresh; Unknown elsewhere."""

    def guarded(context: SiteContext) -> Answer:
        return ask(context, context.vault) if context.vault is not None else unknown("the vault could not be read lately")

    return guarded
