"""The checks of sites. Importing the package registers them."""

from failback_operator.checks.site import addresses, configuration_server, policy, privileges, rights, sources, versions
from failback_operator.checks.site.base import SITE_CHECKS

__all__ = ["SITE_CHECKS", "addresses", "configuration_server", "policy", "privileges", "rights", "sources", "versions"]
