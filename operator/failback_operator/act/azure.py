"""Sends the four effects on protected items to Site Recovery: one POST each, answered by the job that does it."""

from dataclasses import dataclass

from azure.mgmt.recoveryservicessiterecovery.aio import SiteRecoveryManagementClient

from failback_operator.act.azure_exchange import Action, SiteRecovery, call_once, named_job, place_of
from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import SendResult
from failback_operator.domain.steps import Effect, ItemCall

ITEM = ("replicationfabrics", "replicationprotectioncontainers", "replicationprotecteditems")


@dataclass(frozen=True, slots=True)
class AzureTransport:
    """Transport of effects on items.

    Source: site-recovery facts, section 1: these actions answer 202 with the job in a header (recorded), or 200, of which nothing
    more is known: without a job the item may well look untouched for a while.
    """

    client: SiteRecovery

    async def send(self, effect: Effect) -> SendResult:
        """Make the call. Never raises for what the other side does; cancellation passes."""
        if not isinstance(effect.call, ItemCall):
            raise TypeError(f"{effect.kind} is no call on a protected item")
        action, path = _action(self.client(), effect.call.action), _path(effect.call.item_id)
        body = () if effect.call.body is None else (effect.call.body,)
        return await call_once(action, *path, *body, accepted=named_job)


def _action(client: SiteRecoveryManagementClient, name: str) -> Action:
    """The client's method for an action's path segment. Only what a failback needs can be called at all (safety rule 10)."""
    items = client.replication_protected_items
    actions: dict[str, Action] = {
        "reProtect": items.begin_reprotect,
        "unplannedFailover": items.begin_unplanned_failover,
        "failoverCommit": items.begin_failover_commit,
    }
    if name not in actions:
        raise ValueError(f"{name} is never called on a protected item")
    return actions[name]


def _path(item_id: ArmId) -> tuple[str, ...]:
    """Resource group, vault, fabric, container and item of an item's id."""
    what = "protected item"
    kinds, names = place_of(item_id, what)
    if kinds != ITEM:
        raise ValueError(f"{item_id} is not the id of a {what}")
    return names
