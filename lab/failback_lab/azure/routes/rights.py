"""The caller's rights on the vault.

Source: the published description of Microsoft.Authorization 2022-04-01, Permissions_ListForResource: all permissions that the
caller has for a resource, one entry a role, each with actions, notActions, dataActions and notDataActions.
"""

from failback_lab.azure.arm import Call, Reply, Route
from failback_lab.azure.routing import VAULT, get


class RightsRoutes:
    """Reads of rights."""

    def routes(self) -> list[Route]:
        """All routes."""
        return [get(f"{VAULT}/providers/Microsoft.Authorization/permissions", "permissions.list", self._permissions)]

    async def _permissions(self, call: Call) -> Reply:
        role = {
            "actions": list(call.actions),
            "notActions": list(call.denied_actions),
            "dataActions": [],
            "notDataActions": [],
        }
        return Reply({"value": [role]})
