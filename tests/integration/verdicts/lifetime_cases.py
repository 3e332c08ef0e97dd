"""Cases of what a site's servers are good for, and of its configuration server's connection with vCenter."""

from datetime import UTC, datetime, timedelta

from tests.integration.verdicts.case import Case
from tests.integration.verdicts.sources import vault_unread
from tests.integration.verdicts.world import World

from failback_operator.domain.verdicts import Outcome

SITE = "RecoverySite/tokyo"
UNKNOWN, NOT_APPLICABLE = Outcome.UNKNOWN, Outcome.NOT_APPLICABLE
DETAILS = "properties.customDetails"
RECORD = ("vcenter", "vcenter")


def in_days(days: float) -> str:
    """The instant that lies so many days ahead, in Azure's form."""
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def server_needs_an_update(world: World) -> None:
    world.vault("fabric", "cs-1", f"{DETAILS}.versionStatus", "UpdateRequired")


def master_target_is_deprecated(world: World) -> None:
    world.vault("masterTarget", "mt-lin-1", "versionStatus", "Deprecated")


def process_server_expires_soon(world: World) -> None:
    world.vault("processServer", "ps-azure-1", "agentExpiryDate", in_days(20))


def no_version_status(world: World) -> None:
    world.vault("fabric", "cs-1", f"{DETAILS}.versionStatus", None)
    world.vault("fabric", "cs-1", f"{DETAILS}.agentVersionDetails", None)


def certificate_expired(world: World) -> None:
    world.vault("fabric", "cs-1", f"{DETAILS}.sslCertExpiryDate", in_days(-3))


def certificate_of_a_process_server_expired(world: World) -> None:
    world.vault("processServer", "ps-onprem-1", "sslCertExpiryDate", in_days(-3))


def certificate_end_not_reported(world: World) -> None:
    world.vault("fabric", "cs-1", f"{DETAILS}.sslCertExpiryDate", None)


def certificate_ends_soon(world: World) -> None:
    world.vault("fabric", "cs-1", f"{DETAILS}.sslCertExpiryDate", in_days(29))


def as_before_the_day(world: World) -> None:
    """The vendor moves the day."""
    world.settings = {"classic_support_end": "2100-12-31"}


def support_ended(world: World) -> None:
    world.settings = {"classic_support_end": "2026-03-30"}


def discovery_failed(world: World) -> None:
    world.vault(*RECORD, "properties.discoveryStatus", "Failed")


def discovery_pending(world: World) -> None:
    world.vault(*RECORD, "properties.discoveryStatus", "Pending")


def vcenter_not_heard_of(world: World) -> None:
    world.vault(*RECORD, "properties.lastHeartbeat", world.ago(minutes=16))


def vcenter_log_in_fails(world: World) -> None:
    error = {"errorCode": "95216", "errorLevel": "Error", "errorMessage": "The log-in to vCenter failed."}
    world.vault(*RECORD, "properties.healthErrors", [error])


def another_record(world: World) -> None:
    world.vault(*RECORD, "properties.infrastructureId", "17")


def another_address(world: World) -> None:
    world.vault(*RECORD, "properties.ipAddress", "10.10.0.77")


CASES = (
    Case("AgentVersions", SITE, server_needs_an_update, ("configuration server cs-1", "UpdateRequired")),
    Case("AgentVersions", SITE, master_target_is_deprecated, ("master target mt-lin-1", "Deprecated")),
    Case("AgentVersions", SITE, process_server_expires_soon, ("process server ps-azure-1", "expires on 20")),
    Case("AgentVersions", SITE, no_version_status, ("was not reported",), outcome=UNKNOWN),
    Case("CertificateValid", SITE, certificate_expired, ("configuration server cs-1", "has expired on 20")),
    Case("CertificateValid", SITE, certificate_of_a_process_server_expired, ("process server ps-onprem-1",)),
    Case("CertificateValid", SITE, certificate_end_not_reported, ("was not reported",), outcome=UNKNOWN),
    Case("CertificateExpiring", SITE, certificate_ends_soon, ("configuration server cs-1", "expires on 20")),
    Case("CertificateExpiring", SITE, vault_unread, outcome=UNKNOWN),
    Case("ClassicArchitectureRetired", SITE, support_ended, ("ended on 2026-03-30",), prepare=as_before_the_day),
    Case("ConfigurationServerVCenter", SITE, discovery_failed, ("vCenter vcenter: discovery Failed",)),
    Case("ConfigurationServerVCenter", SITE, discovery_pending, ("Pending",), outcome=UNKNOWN),
    Case("ConfigurationServerVCenter", SITE, vcenter_not_heard_of, ("older than 15 min",)),
    Case("ConfigurationServerVCenter", SITE, vcenter_log_in_fails, ("95216",)),
    Case("ConfigurationServerVCenter", SITE, another_address, outcome=Outcome.PASS),
    Case("MachineKnownToConfigurationServer", "FailbackMachine/crm-1", another_record, ("(vcenter)",)),
    Case("MachineKnownToConfigurationServer", "FailbackMachine/crm-1", another_address, outcome=Outcome.PASS),
)
