"""Sends the effects on what the machines of a site share: refresh of a provider, a new failback policy, its association."""

from dataclasses import dataclass

from azure.mgmt.recoveryservicessiterecovery.aio import SiteRecoveryManagementClient

from failback_operator.act.azure_exchange import Action, Exchange, SiteRecovery, call_once, named_job, place_of
from failback_operator.domain.ports import Accepted, SendResult
from failback_operator.domain.steps import Effect, VaultCall

DONE_AT_ONCE = frozenset({200, 201})


@dataclass(frozen=True, slots=True)
class VaultTransport:
    """Transport of these effects. Nothing of a vault can be deleted, or changed in another way, through it (safety rule 10)."""

    client: SiteRecovery

    async def send(self, effect: Effect) -> SendResult:
        """Make the call. Never raises for what the other side does; cancellation passes."""
        call = effect.call
        if not isinstance(call, VaultCall):
            raise TypeError(f"{effect.kind} is no call on a vault")
        kinds, names = place_of(call.resource_id)
        action = _action(self.client(), kinds, call)
        body = () if call.body is None else (call.body,)
        return await call_once(action, *names, *body, accepted=done_or_job)


def _action(client: SiteRecoveryManagementClient, kinds: tuple[str, ...], call: VaultCall) -> Action:
    fabrics = "replicationfabrics"
    actions: dict[tuple[tuple[str, ...], str | None], Action] = {
        ((fabrics, "replicationrecoveryservicesproviders"), "refreshProvider"): (
            client.replication_recovery_services_providers.begin_refresh_provider
        ),
        (("replicationpolicies",), None): client.replication_policies.begin_create,
        ((fabrics, "replicationprotectioncontainers", "replicationprotectioncontainermappings"), None): (
            client.replication_protection_container_mappings.begin_create
        ),
    }
    wanted = (kinds, call.action)
    if wanted not in actions:
        raise ValueError(f"{call.action or 'PUT'} is never called on {call.resource_id}")
    return actions[wanted]


def done_or_job(exchange: Exchange) -> SendResult:
    """The answer to a call that was taken.

    Source: published description of the API (2021-04-01): these answer 202, or 200 with the resource as it is when all is done.
    """
    return Accepted(None) if exchange.job is None and exchange.status in DONE_AT_ONCE else named_job(exchange)
