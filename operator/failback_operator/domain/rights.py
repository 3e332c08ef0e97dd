"""What the operator's application may do in Azure: rights as Resource Manager tells them, and reads that it refused."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

VAULTS = "Microsoft.RecoveryServices/vaults/"
REFRESH_ACTIONS = (f"{VAULTS}replicationFabrics/replicationRecoveryServicesProviders/refreshProvider/action",)
POLICY_ACTIONS = (
    f"{VAULTS}replicationPolicies/write",
    f"{VAULTS}replicationFabrics/replicationProtectionContainers/replicationProtectionContainerMappings/write",
)
"""What the fixes of a site call, by ARM's naming rule. Source: the first is in the role Site Recovery Operator, those are not."""


class VaultPart(StrEnum):
    """A part of the facts about a vault that may be refused while the rest is read."""

    PROVIDERS = "providers"
    VCENTERS = "vCenter records"
    POLICIES = "policies"
    MAPPINGS = "container mappings"
    AZURE_VMS = "Azure machines"


@dataclass(frozen=True, slots=True)
class Denial:
    """A read that was refused for want of a right: the action that the answer named, and on what it is missing."""

    part: VaultPart
    action: str
    scope: str | None


@dataclass(frozen=True, slots=True)
class Permission:
    """What one role gives: an action is given if a pattern of `actions` covers it and none of `not_actions` does.

    Source: Permissions - List For Resource (Microsoft.Authorization/permissions, 2022-04-01): `actions`, `notActions`.
    """

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def gives(self, action: str) -> bool:
        """Whether this role alone gives the action. Source: `*` in a role stands for any text; case does not count."""
        return _covered(self.actions, action) and not _covered(self.not_actions, action)


def gives(permissions: tuple[Permission, ...], action: str) -> bool:
    """Whether any of the roles gives the action: what one role leaves out another may give."""
    return any(each.gives(action) for each in permissions)


def _covered(patterns: tuple[str, ...], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*"), re.IGNORECASE)
