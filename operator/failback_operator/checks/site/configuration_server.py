"""Whether the configuration server runs, is connected to Azure, and is the one that it was."""

from failback_operator.checks.answers import Answer, every, failed, heartbeat, listed, passed, unknown
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import ALL_STEPS, About
from failback_operator.checks.site.base import of_vault, site_check
from failback_operator.domain.vault import VaultFacts


@site_check(
    About(
        id="ConfigurationServerConnected",
        clause="R2",
        condition="ConfigurationServerConnected",
        expected="the configuration server runs and is connected to Azure: service running, heartbeats, its provider connected",
        remedy="Start the configuration server and its services, and see that it reaches Azure over 443.",
        source="Fabric.customDetails VMwareDetails (csServiceStatus, lastHeartbeat); replicationRecoveryServicesProviders",
        steps=ALL_STEPS,
    )
)
@of_vault
def configuration_server_connected(context: SiteContext, vault: VaultFacts) -> Answer:
    """The service runs, heartbeats arrive, and a provider of the fabric is connected."""
    server = vault.fabric.configuration_server
    if server is None:
        return unknown(f"fabric {vault.fabric.friendly_name}: Azure tells nothing of a configuration server")
    name = server.host_name or vault.fabric.friendly_name
    return every(
        (
            _service(name, server.service_status),
            heartbeat(name, server.last_heartbeat, context.now, context.limits.heartbeat),
            _provider(vault),
        )
    )


def _service(name: str, status: str | None) -> Answer:
    if status is None:
        return unknown(f"{name}: the status of its service was not reported")
    return passed(f"{name}: service running") if status == "Running" else failed(f"{name}: service status {status}")


def _provider(vault: VaultFacts) -> Answer:
    if not vault.providers:
        return failed("no provider of the fabric is registered")
    states = {p.connection_status for p in vault.providers}
    if "Connected" in states:
        return passed("its provider is connected")
    if None in states:
        return unknown("the connection of its provider was not reported")
    return failed(f"its provider: {listed(str(s) for s in states)}")


@site_check(
    About(
        id="ConfigurationServerAddress",
        clause="R3",
        condition="ConfigurationServerConnected",
        expected="the configuration server has one of the addresses that the site pins",
        remedy="Restore the configuration server with its old address, or correct spec.configurationServer.ipAddresses.",
        source="R3: after a disaster the configuration server is restored with the same IP address",
        steps=ALL_STEPS,
    )
)
@of_vault
def configuration_server_address(context: SiteContext, vault: VaultFacts) -> Answer:
    """The reported address is a pinned one; nothing is asked where none is pinned."""
    pinned = context.view.site.spec.configuration_server.ip_addresses
    server = vault.fabric.configuration_server
    if not pinned:
        return passed("no address is pinned")
    if server is None or server.ip_address is None:
        return unknown("the address of the configuration server was not reported")
    if server.ip_address in pinned:
        return passed(f"its address is {server.ip_address}")
    return failed(f"its address is {server.ip_address}, pinned: {listed(pinned)}")
