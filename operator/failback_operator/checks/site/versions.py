"""How long what the site stands on is good for: agents, certificates, and the classic architecture itself."""

from datetime import UTC, datetime, timedelta

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, every, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import BEFORE_FAILBACK, BEFORE_REPROTECT, About
from failback_operator.checks.site.base import of_vault, site_check
from failback_operator.domain.fabric import ConfigurationServer, Fabric, MasterTargetServer, ProcessServer
from failback_operator.domain.protected_item import InstanceType
from failback_operator.domain.vault import VaultFacts

SUPPORTED = "supported"
CLASSIC = frozenset({InstanceType.TO_AZURE, InstanceType.TO_ON_PREMISES})
Server = ConfigurationServer | ProcessServer | MasterTargetServer


@site_check(
    About(
        id="AgentVersions",
        clause="R2",
        also=("R5", "R6"),
        condition="VersionsSupported",
        expected="the versions of configuration server, process servers and master targets are supported and do not expire soon",
        remedy="Update them, in this order: configuration server, process servers, master targets, then the machines' agents.",
        source="versionStatus and agentExpiryDate of the fabric's servers (AgentVersionStatus: Supported, NotSupported, "
        "Deprecated, UpdateRequired, SecurityUpdateRequired); support of the last four versions",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
    )
)
@of_vault
def agent_versions(context: SiteContext, vault: VaultFacts) -> Answer:
    """Each server's version is supported and does not end within the warning time. No document says that an old one fails."""
    return every(_version(context, name, server) for name, server in _servers(vault.fabric))


def _servers(fabric: Fabric) -> list[tuple[str, Server]]:
    own = fabric.configuration_server
    found: list[tuple[str, Server]] = []
    if own is not None:
        found.append((f"configuration server {own.host_name or fabric.friendly_name}", own))
    found += [(f"process server {s.name}", s) for s in fabric.process_servers]
    found += [(f"master target {s.name}", s) for s in fabric.master_targets]
    return found


def _version(context: SiteContext, name: str, server: Server) -> Answer:
    version = server.agent_version or "of unknown number"
    if server.version_status is None:
        return unknown(f"{name}: the status of its version was not reported")
    if server.version_status.casefold() != SUPPORTED:
        return failed(f"{name}: version {version} is {server.version_status}")
    if server.agent_expires is None:
        return passed(f"{name}: version {version} is supported")
    return _ends(context, f"{name}: version {version}", server.agent_expires)


def _ends(context: SiteContext, what: str, end: datetime) -> Answer:
    """Whether `what` is good for longer than the warning time. The date does not move, so it may be told."""
    day = f"{end:%Y-%m-%d}"
    if end <= context.now:
        return failed(f"{what} has expired on {day}")
    warned = end - context.limits.expiry_warning
    if warned <= context.now:
        return failed(f"{what} expires on {day}", recheck_at=end)
    return passed(f"{what} is good until {day}", warned)


@site_check(
    About(
        id="CertificateValid",
        clause="R2",
        condition="VersionsSupported",
        expected="the certificates of configuration server and process servers have not expired",
        remedy="Renew it: portal, vault, Site Recovery infrastructure, Configuration servers, Renew certificates (REST: "
        "renewCertificate of the fabric).",
        source="sslCertExpiryDate of VMwareDetails and of each process server",
        steps=BEFORE_FAILBACK,
        is_waivable=True,
    )
)
@of_vault
def certificate_valid(context: SiteContext, vault: VaultFacts) -> Answer:
    """No certificate has expired."""
    return every(_valid(context, name, end) for name, end in _certificates(vault.fabric))


def _certificates(fabric: Fabric) -> list[tuple[str, datetime | None]]:
    return [(n, s.certificate_expires) for n, s in _servers(fabric) if not isinstance(s, MasterTargetServer)]


def _valid(context: SiteContext, name: str, end: datetime | None) -> Answer:
    if end is None:
        return unknown(f"{name}: the end of its certificate was not reported")
    if end <= context.now:
        return failed(f"{name}: its certificate has expired on {end:%Y-%m-%d}")
    return passed(f"{name}: its certificate is good until {end:%Y-%m-%d}", end)


@site_check(
    About(
        id="CertificateExpiring",
        clause="R2",
        condition="VersionsSupported",
        expected="the certificates of configuration server and process servers are good for a while",
        remedy="Renew it before that day: portal, vault, Site Recovery infrastructure, Configuration servers, Renew "
        "certificates (REST: renewCertificate of the fabric).",
        source="sslCertExpiryDate of VMwareDetails and of each process server",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
    )
)
@of_vault
def certificate_expiring(context: SiteContext, vault: VaultFacts) -> Answer:
    """No certificate that is still good ends within the warning time; CertificateValid tells of those that have ended."""
    ends = [(n, end) for n, end in _certificates(vault.fabric) if end is not None and end > context.now]
    if not ends:
        return not_applicable("no end of a certificate is reported that lies ahead: see CertificateValid")
    return every(_ends(context, f"{name}: its certificate", end) for name, end in ends)


@site_check(
    About(
        id="ClassicArchitectureRetired",
        clause="R1",
        condition="VersionsSupported",
        expected="the vendor supports the architecture of the site's machines",
        remedy="Finish the failback while the interface still answers, and move the machines to the modernized architecture as "
        "soon as they are home and protected. Prove reprotect and failback with one machine of little worth first.",
        source="Site Recovery article vmware-physical-azure-classic-deprecation; API version 2025-08-01 still describes InMage",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
    )
)
@of_vault
def classic_architecture_retired(context: SiteContext, vault: VaultFacts) -> Answer:
    """The day has not passed after which classic items are no longer supported; not applicable where there are none."""
    if not any(i.instance_type in CLASSIC for i in vault.items):
        return not_applicable("no item of the site is of the classic architecture")
    last = context.limits.classic_support_end
    ended = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    if context.now < ended:
        return passed(f"the classic architecture is supported until {last:%Y-%m-%d}", ended)
    return failed(
        f"support of the classic architecture ended on {last:%Y-%m-%d}: reprotect, failback and commit are still in the "
        "interface, the portal's operations and changes of protected items are not"
    )
