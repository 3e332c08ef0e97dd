"""What the operator may do in Azure: each missing action by its name."""

from collections.abc import Iterator

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import SiteContext
from failback_operator.checks.define import BEFORE_REPROTECT, About
from failback_operator.checks.site.base import of_vault, site_check
from failback_operator.domain.enabled import enabled_actions
from failback_operator.domain.ids import ArmId
from failback_operator.domain.reading import SourceProblem
from failback_operator.domain.rights import VAULTS, gives
from failback_operator.domain.vault import VaultFacts

ITEM = f"{VAULTS}replicationFabrics/replicationProtectionContainers/replicationProtectedItems/"
RUN_ACTIONS = (f"{ITEM}reProtect/action", f"{ITEM}unplannedFailover/action", f"{ITEM}failoverCommit/action")
"""What a run from reprotect to protection calls. Source: operations of Microsoft.RecoveryServices; all are in the role Site
Recovery Operator."""


@site_check(
    About(
        id="AzureAuthorized",
        clause="R2",
        condition="AzureAuthorized",
        expected="the operator's application may read all that it judges by: vault, Azure machines, their interfaces and locks",
        remedy="Give the application (spec.azure.credentials.clientId) the roles Site Recovery Operator on the vault, and Reader "
        "on the subscription of the Azure machines.",
        source="403 AuthorizationFailed names the action and the scope; roles: Azure built-in roles, Site Recovery Operator",
        steps=BEFORE_REPROTECT,
    )
)
@of_vault
def azure_authorized(context: SiteContext, vault: VaultFacts) -> Answer:
    """No read was refused for want of a right.

    Later steps are guarded by the checks that lack the fact: a right that is taken away in the middle of a run stops what it
    hides, not the rest.
    """
    refused = sorted(set(_refused(context, vault)))
    if refused:
        return failed(f"refused: {'; '.join(refused[:5])}{f'; and {len(refused) - 5} more' if len(refused) > 5 else ''}")
    return passed("everything may be read")


def _refused(context: SiteContext, vault: VaultFacts) -> Iterator[str]:
    client = context.view.site.spec.azure.credentials.client_id
    for each in vault.denied:
        where = f" on {ArmId(each.scope).resource_name}" if each.scope else ""
        yield f"{each.action}{where} (client {client}): {each.part.value} are not read"
    for part in (vault.estate.nics, vault.estate.networks, vault.estate.locks):
        if part.error is not None and part.error.problem is SourceProblem.FORBIDDEN:
            yield part.error.message[:400]


@site_check(
    About(
        id="AzureActionsGranted",
        clause="R1",
        condition="AzureAuthorized",
        expected="the operator's application may reprotect, fail over and commit protected items of the vault",
        remedy="Give the application the role Site Recovery Operator on the vault, or a role of your own with the actions named "
        "and with Microsoft.Authorization/permissions/read, without which the others cannot be told beforehand.",
        source="Permissions - List For Resource (Microsoft.Authorization/permissions, 2022-04-01); role Site Recovery Operator",
        steps=BEFORE_REPROTECT,
        is_waivable=True,
    )
)
@of_vault
def azure_actions_granted(context: SiteContext, vault: VaultFacts) -> Answer:
    """Each action of a run is given by some role. Deny assignments are not told there: they show when the call is made."""
    missing = missing_actions(context, vault, RUN_ACTIONS)
    if missing is None:
        return _rights_unread(vault)
    if missing:
        return failed(lacking(context, missing))
    return passed("reprotect, failover and commit are granted")


@site_check(
    About(
        id="AzureFixesGranted",
        clause="R10",
        condition="AzureAuthorized",
        expected="the operator's application may do in Azure what the site's spec lets it mend",
        remedy="Give the application a role with the actions named, on the vault (Site Recovery Contributor has them); or mend "
        "by hand, and set spec.remediation.refreshProvider to Manual, spec.failbackPolicy.create to Never.",
        source="Permissions - List For Resource (Microsoft.Authorization/permissions, 2022-04-01); actions by ARM's naming rule",
        steps=BEFORE_REPROTECT,
        severity=Severity.WARNING,
        also=("R17",),
    )
)
@of_vault
def azure_fixes_granted(context: SiteContext, vault: VaultFacts) -> Answer:
    """Each action of an enabled fix. A warning: what the operator may not mend a person may, and it blocks by its own check."""
    fixes = enabled_actions(context.view.site)
    if not fixes:
        return not_applicable("no fix of the site is enabled")
    told = []
    for fix, actions in fixes:
        missing = missing_actions(context, vault, actions)
        if missing is None:
            return _rights_unread(vault)
        told += [f"{fix} needs {action}" for action in missing]
    if told:
        return failed(f"client {_client(context)} lacks actions on the vault: {'; '.join(told)}")
    return passed(f"granted is what {listed(fix for fix, _ in fixes)} needs")


def missing_actions(context: SiteContext, vault: VaultFacts, actions: tuple[str, ...]) -> list[str] | None:
    """Those of the actions on the vault that no role gives; None where the rights were not read lately."""
    permissions = vault.permissions.fresh(context.now, context.limits.azure_estate_stale)
    return None if permissions is None else [action for action in actions if not gives(permissions, action)]


def lacking(context: SiteContext, missing: list[str]) -> str:
    """Who lacks them."""
    return f"client {_client(context)} lacks {listed(missing)} on the vault"


def _client(context: SiteContext) -> str:
    return context.view.site.spec.azure.credentials.client_id


def _rights_unread(vault: VaultFacts) -> Answer:
    error = vault.permissions.error
    return unknown(f"the rights on the vault could not be read: {error.message[:400] if error else 'not read yet'}")
