"""Cases of the checks of a site."""

from datetime import timedelta

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import other_ca, vault_unread
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

SITE = "RecoverySite/tokyo"
SERVER = ("fabric", "cs-1")
MAPPING, POLICY = "policy-24h-failback-mapping", "policy-24h-failback"
FIGURES = "properties.providerSpecificDetails"
DETAILS = "properties.customDetails"


def secret_rotated(world: World) -> None:
    world.azure.rotate_secret("another")
    world.azure.expire_tokens()


def may_not_read_items(world: World) -> None:
    world.azure.deny("*/replicationProtectedItems/read")


def azure_certificate_of_another_authority(world: World) -> None:
    world.azure_access = {"ca_pem": other_ca()}


def no_such_vault(world: World) -> None:
    world.azure_access = {"vault": "vault-osaka"}


def no_such_fabric(world: World) -> None:
    world.azure_access = {"fabric": "cs-2"}


def azure_fails(world: World) -> None:
    world.azure.fault(kind="error", status=503, path="replicationPolicies", count=-1)


def azure_fails_for_long(world: World) -> None:
    azure_fails(world)
    world.later = timedelta(minutes=11)


def details_withheld(world: World) -> None:
    world.vault(*SERVER, DETAILS, None)


def details_withheld_for_long(world: World) -> None:
    details_withheld(world)
    world.later = timedelta(minutes=11)


def password_changed(world: World) -> None:
    world.vcenter_access = {"password": "changed"}


def vcenter_certificate_of_another_authority(world: World) -> None:
    world.vcenter_access = {"ca_pem": other_ca()}


def may_not_read_hosts(world: World) -> None:
    world.vcenter.control.conceal("HostSystem", "esx-3.tokyo.example.com", "datastore")


def may_not_read_at_all(world: World) -> None:
    world.vcenter.control.missing_privileges(["System.Read"], world.vcenter.username)


def vcenter_is_down(world: World) -> None:
    world.vcenter_access = {"port": 1}


def vcenter_is_down_for_long(world: World) -> None:
    vcenter_is_down(world)
    world.later = timedelta(minutes=6)


def service_stops(world: World) -> None:
    world.vault(*SERVER, f"{DETAILS}.csServiceStatus", "Stopped")


def service_not_reported(world: World) -> None:
    world.vault(*SERVER, f"{DETAILS}.csServiceStatus", None)


def heartbeat_ends(world: World) -> None:
    world.vault(*SERVER, f"{DETAILS}.lastHeartbeat", world.ago(minutes=16))


def heartbeat_not_reported(world: World) -> None:
    world.vault(*SERVER, f"{DETAILS}.lastHeartbeat", None)


def provider_disconnected(world: World) -> None:
    world.vault("provider", "cs-1", "properties.connectionStatus", "Disconnected")


def server_loses_azure(world: World) -> None:
    world.vault("fabric", "cs-1", "connected", value=False)


def restored_with_another_address(world: World) -> None:
    world.vault(*SERVER, f"{DETAILS}.ipAddress", "10.10.0.99")


def address_not_reported(world: World) -> None:
    world.vault(*SERVER, f"{DETAILS}.ipAddress", None)


def another_address_pinned(world: World) -> None:
    world.spec("RecoverySite", "tokyo", configurationServer={"ipAddresses": ["10.10.0.99"], "vmName": "cs-1"})


def mapping_gone(world: World) -> None:
    world.vault("mapping", MAPPING, "exists", value=False)


def policy_gone(world: World) -> None:
    mapping_gone(world)
    world.vault("policy", POLICY, "exists", value=False)


def pairing_failed(world: World) -> None:
    world.vault("mapping", MAPPING, "properties.state", "PairingFailed")


def pairing_not_reported(world: World) -> None:
    world.vault("mapping", MAPPING, "properties.state", None)


def mapped_to_azure(world: World) -> None:
    world.vault("mapping", MAPPING, "properties.targetProtectionContainerId", "Microsoft Azure")


def other_rpo_threshold(world: World) -> None:
    world.vault("policy", POLICY, f"{FIGURES}.recoveryPointThresholdInMinutes", 60)


def other_retention(world: World) -> None:
    world.vault("policy", POLICY, f"{FIGURES}.recoveryPointHistory", 4320)


def other_consistency(world: World) -> None:
    world.vault("policy", POLICY, f"{FIGURES}.appConsistentFrequencyInMinutes", 0)


def figures_not_reported(world: World) -> None:
    world.vault("policy", POLICY, f"{FIGURES}.recoveryPointHistory", None)


def older_site_on_the_fabric(world: World) -> None:
    spec = world.objects["RecoverySite/tokyo"]["spec"]
    world.add("RecoverySite", "kanto", spec, creationTimestamp="2026-01-01T00:00:00Z")


def younger_site_on_the_fabric(world: World) -> None:
    spec = world.objects["RecoverySite/tokyo"]["spec"]
    world.objects["RecoverySite/tokyo"]["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    world.add("RecoverySite", "kanto", spec, creationTimestamp="2026-02-01T00:00:00Z")


UNKNOWN = Outcome.UNKNOWN
CASES = (
    Case("AzureReachable", SITE, secret_rotated, ("InvalidCredentials",)),
    Case("AzureReachable", SITE, may_not_read_items, ("Forbidden", "replicationProtectedItems/read")),
    Case("AzureReachable", SITE, azure_certificate_of_another_authority, ("CertificateInvalid",)),
    Case("AzureReachable", SITE, no_such_vault, ("NotFound", "vault-osaka")),
    Case("AzureReachable", SITE, no_such_fabric, ("NotFound", "cs-2", "it has cs-1")),
    Case("AzureReachable", SITE, azure_fails, outcome=Outcome.PASS),
    Case("AzureReachable", SITE, azure_fails_for_long, ("Unreachable", "503")),
    Case("AzureReachable", SITE, details_withheld, outcome=Outcome.PASS),
    Case("AzureReachable", SITE, details_withheld_for_long, ("without customDetails",)),
    Case("ProcessServerRegistered", "ProcessServer/ps-azure-1", details_withheld, outcome=Outcome.PASS),
    Case("ProcessServerRegistered", "ProcessServer/ps-azure-1", details_withheld_for_long, outcome=UNKNOWN),
    Case("VCenterReachable", SITE, password_changed, ("InvalidCredentials",)),
    Case("VCenterReachable", SITE, vcenter_certificate_of_another_authority, ("CertificateInvalid",)),
    Case("VCenterReachable", SITE, may_not_read_hosts, ("Forbidden", "esx-3.tokyo.example.com")),
    Case("VCenterReachable", SITE, may_not_read_at_all, ("Forbidden",)),
    Case("VCenterReachable", SITE, vcenter_is_down, outcome=Outcome.PASS),
    Case("VCenterReachable", SITE, vcenter_is_down_for_long, ("Unreachable",)),
    Case("ConfigurationServerConnected", SITE, service_stops, ("service status Stopped",)),
    Case("ConfigurationServerConnected", SITE, service_not_reported, ("was not reported",), outcome=UNKNOWN),
    Case("ConfigurationServerConnected", SITE, heartbeat_ends, ("older than 15 min",)),
    Case("ConfigurationServerConnected", SITE, heartbeat_not_reported, ("no heartbeat",), outcome=UNKNOWN),
    Case("ConfigurationServerConnected", SITE, provider_disconnected, ("Disconnected",)),
    Case("ConfigurationServerConnected", SITE, server_loses_azure, ("service status Stopped", "Disconnected")),
    Case("ConfigurationServerConnected", SITE, vault_unread, ("could not be read lately",), outcome=UNKNOWN),
    Case("ConfigurationServerAddress", SITE, restored_with_another_address, ("10.10.0.99", "pinned: 10.10.0.10")),
    Case("ConfigurationServerAddress", SITE, another_address_pinned, ("10.10.0.10", "pinned: 10.10.0.99")),
    Case("ConfigurationServerAddress", SITE, address_not_reported, ("was not reported",), outcome=UNKNOWN),
    Case("FailbackPolicyAssociated", SITE, mapping_gone, ("is mapped to it",)),
    Case("FailbackPolicyAssociated", SITE, policy_gone, ("no failback policy",)),
    Case("FailbackPolicyAssociated", SITE, pairing_failed, ("PairingFailed",)),
    Case("FailbackPolicyAssociated", SITE, mapped_to_azure, ("is mapped to it",)),
    Case("FailbackPolicyAssociated", SITE, other_rpo_threshold, ("RPO threshold 60 min",)),
    Case("FailbackPolicyAssociated", SITE, other_retention, ("retention 4320 min",)),
    Case("FailbackPolicyAssociated", SITE, other_consistency, ("every 0 min",)),
    Case("FailbackPolicyAssociated", SITE, figures_not_reported, ("were not reported",), outcome=UNKNOWN),
    Case("FailbackPolicyAssociated", SITE, pairing_not_reported, ("was not reported",), outcome=UNKNOWN),
    Case("FailbackPolicyAssociated", SITE, vault_unread, outcome=UNKNOWN),
    Case("DuplicateSite", SITE, older_site_on_the_fabric, ("dr/kanto is older",)),
    Case("DuplicateSite", SITE, younger_site_on_the_fabric, outcome=Outcome.PASS),
)
