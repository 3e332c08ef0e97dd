"""Whether the configuration server's own account may do in vCenter what a reprotect needs."""

from collections.abc import Callable

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, every, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import BEFORE_FAILBACK, About
from failback_operator.checks.site.base import site_check
from failback_operator.domain.grants import Grants

WRITES = frozenset(
    {
        "VirtualMachine.Config.AddExistingDisk",
        "VirtualMachine.Config.RemoveDisk",
        "VirtualMachine.Interact.PowerOff",
        "VirtualMachine.Interact.PowerOn",
    }
)
"""What attaches and detaches disks, and switches machines. Source: vSphere Web Services API, ReconfigVM_Task and power tasks."""

Judge = Callable[[str, str, Grants], Answer]
UNNAMED = "spec.configurationServer.vcenterAccount names no account"


@site_check(
    About(
        id="ConfigurationServerPrivileges",
        clause="R20",
        condition="ConfigurationServerConnected",
        expected="the configuration server's own account holds the vendor's role Azure_Site_Recovery on the datacenter",
        remedy="Give that account the role of the vendor on the datacenter, propagated; with a read-only role discovery and "
        "failover work, and reprotect fails. Where it could not be read: name it in spec.configurationServer.vcenterAccount and "
        "let the operator's account read permissions, or look for yourself.",
        source="vendor: role Azure_Site_Recovery; AuthorizationManager.HasUserPrivilegeOnEntities with the account's name",
        steps=BEFORE_FAILBACK,
        severity=Severity.WARNING,
    )
)
def configuration_server_privileges(context: SiteContext) -> Answer:
    """Each privilege on each datacenter. A warning: the vendor's words as vSphere's ids are not documented."""
    return _in_each_vcenter(context, unknown(UNNAMED), _held)


def _in_each_vcenter(context: SiteContext, unnamed: Answer, judge: Judge) -> Answer:
    """What `judge` says of vCenter, account and what was read of it, in each; `unnamed` where the site names no account."""
    account = context.view.site.spec.configuration_server.vcenter_account
    if account is None:
        return unnamed
    if not context.vcenters:
        return unknown("vCenter could not be read lately")
    return every(_once_read(name, account, facts.server_grants, judge) for name, facts in context.vcenters)


def _once_read(vcenter: str, account: str, grants: Grants | None, judge: Judge) -> Answer:
    if grants is None or grants.account != account:
        return unknown(f"vCenter {vcenter}: the privileges of {account} were not read yet")
    return judge(vcenter, account, grants)


def _held(vcenter: str, account: str, grants: Grants) -> Answer:
    if grants.unread is not None:
        return unknown(f"vCenter {vcenter}: the privileges of {account} could not be read: {grants.unread[:300]}")
    if not grants.held:
        return unknown(f"vCenter {vcenter}: no datacenter was found on which {account} could be asked about")
    lacking = [f"{listed(each.lacking)} on datacenter {each.name}" for each in grants.held if each.lacking]
    if lacking:
        return failed(f"vCenter {vcenter}: {account} lacks {'; '.join(lacking[:5])}")
    return passed(f"vCenter {vcenter}: {account} holds the vendor's role")


@site_check(
    About(
        id="ConfigurationServerAccountWrites",
        clause="R20",
        condition="ConfigurationServerConnected",
        expected="the configuration server's own account may change virtual machines: its role is not a read-only one",
        remedy="Give that account the role of the vendor (Azure_Site_Recovery) on the datacenter, propagated: see "
        "ConfigurationServerPrivileges.",
        source="vendor's page on reprotection: with a read-only account discovery and failover work, and reprotect fails; "
        "AuthorizationManager.HasUserPrivilegeOnEntities with the account's name",
        steps=BEFORE_FAILBACK,
        is_waivable=True,
    )
)
def configuration_server_account_writes(context: SiteContext) -> Answer:
    """Fails only where it holds none of what every reprotect and failback changes. Not asked where nobody may ask."""
    return _in_each_vcenter(context, not_applicable(UNNAMED), _writes)


def _writes(vcenter: str, account: str, grants: Grants) -> Answer:
    if grants.unread is not None or not grants.held:
        return not_applicable(f"vCenter {vcenter}: nothing is told of {account}: see ConfigurationServerPrivileges")
    read_only = [each.name for each in grants.held if each.lacking >= WRITES]
    if read_only:
        return failed(f"vCenter {vcenter}: {account} may only read on datacenter {listed(read_only)}")
    return passed(f"vCenter {vcenter}: {account} may change virtual machines")
