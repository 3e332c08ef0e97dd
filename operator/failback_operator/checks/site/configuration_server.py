"""Whether the configuration server runs, is connected to Azure and to vCenter, and is the one that it was."""

from failback_operator.checks.answers import Answer, every, failed, heartbeat, listed, passed, unknown
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import ALL_STEPS, BEFORE_FAILBACK, About
from failback_operator.checks.site.base import of_vault, site_check
from failback_operator.domain.fabric import VCenterRecord
from failback_operator.domain.rights import VaultPart
from failback_operator.domain.steps import Step
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
    if vault.is_denied(VaultPart.PROVIDERS):
        return unknown("its provider may not be read: see AzureAuthorized")
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


@site_check(
    About(
        id="ConfigurationServerVCenter",
        clause="R2",
        also=("R18", "R20"),
        condition="ConfigurationServerConnected",
        expected="the configuration server is connected to the vCenter of the machines: discovery done, heartbeats, no error",
        remedy="See that the configuration server reaches vCenter on its port and that its account can log in; then refresh the "
        "configuration server. Correct the record (address, account) rather than delete it and add another.",
        source="replicationvCenters (discoveryStatus, lastHeartbeat, healthErrors); a master target's disks are found and "
        "detached through vCenter, and its datastores listed",
        steps=BEFORE_FAILBACK | {Step.PROTECT},
    )
)
@of_vault
def configuration_server_vcenter(context: SiteContext, vault: VaultFacts) -> Answer:
    """Each vCenter that the site's machines were discovered through is discovered, heard of lately, and without error."""
    if vault.is_denied(VaultPart.VCENTERS):
        return unknown("the vCenter records may not be read: see AzureAuthorized")
    if not vault.vcenters:
        return failed("the configuration server knows no vCenter")
    used = _used_vcenters(context, vault)
    records = [v for v in vault.vcenters if v.infrastructure_id and v.infrastructure_id.casefold() in used]
    # Items on their way back name no vCenter: where none does, all records count.
    return every(_vcenter(context, record) for record in records or vault.vcenters)


def _used_vcenters(context: SiteContext, vault: VaultFacts) -> set[str]:
    told = {i.detail.vcenter_infrastructure_id for i in vault.items if i.detail}
    recorded = {r.vcenter_infrastructure_id for m in context.view.machines for r in m.spec.recorded}
    return {each.casefold() for each in told | recorded if each}


def _vcenter(context: SiteContext, record: VCenterRecord) -> Answer:
    name = f"vCenter {record.name}"
    errors = [e for e in record.health_errors if e.level == "Error"]
    return every(
        (
            _discovery(context, name, record.discovery_status),
            heartbeat(name, record.last_heartbeat, context.now, context.limits.heartbeat),
            *(failed(f"{name}: {e.code}: {e.message[:300]}", e.recommended_action) for e in errors[:3]),
        )
    )


def _discovery(context: SiteContext, name: str, status: str | None) -> Answer:
    if status is None:
        return unknown(f"{name}: the status of its discovery was not reported")
    if status.casefold() in context.limits.vcenter_discovered:
        return passed(f"{name} is discovered")
    if any(word in status.casefold() for word in ("fail", "error")):
        return failed(f"{name}: discovery {status}")
    return unknown(f"{name}: discovery {status}, which is not known to mean that it is done (setting vcenter-discovered)")
