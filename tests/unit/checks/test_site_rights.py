"""Checks of what the operator may do in Azure, and of what others answer where a part may not be read."""

from dataclasses import replace

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.checks.site import SITE_CHECKS
from failback_operator.checks.site.rights import RUN_ACTIONS
from failback_operator.domain.reading import Part, SourceError, SourceProblem
from failback_operator.domain.rights import Denial, Permission, VaultPart

VAULT = "/subscriptions/s/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-1"
LOST = {
    VaultPart.PROVIDERS: {"providers": ()},
    VaultPart.VCENTERS: {"vcenters": ()},
    VaultPart.POLICIES: {"policies": ()},
    VaultPart.MAPPINGS: {"mappings": ()},
    VaultPart.AZURE_VMS: {"azure_vms": ()},
}


def denied(*parts, scope=VAULT):
    found = tuple(Denial(part, f"Microsoft.X/{part.name.lower()}/read", scope) for part in parts)
    lost = {name: value for part in parts for name, value in LOST[part].items()}
    return a.site_context(a.view(a.vault(denied=found, **lost)))


def estate(problem, part="nics"):
    error = SourceError(
        problem, "client c of tenant t may not perform Microsoft.Network/networkInterfaces/read on /subscriptions/s"
    )
    facts = a.vault()
    return a.site_context(a.view(replace(facts, estate=replace(facts.estate, **{part: Part(None, None, error)}))))


def granted(*actions, without=(), error=None):
    part = Part(None, None, error) if error else Part((Permission(actions, without),), a.NOW, None)
    return a.site_context(a.view(a.vault(permissions=part)))


def machine(part):
    return a.machine_context(site=denied(part), phase=Phase.FAILED_OVER)


READS = [
    Case("AzureAuthorized", "everything", PASS, a.site_context(), "everything may be read"),
    Case("AzureAuthorized", "vault unread", UNKNOWN, a.blind_vault()),
    Case(
        "AzureAuthorized",
        "policies",
        FAIL,
        denied(VaultPart.POLICIES),
        "Microsoft.X/policies/read on vault-1 (client 00000000-0000-0000-0000-00000000000b): policies are not read",
    ),
    Case("AzureAuthorized", "without a scope", FAIL, denied(VaultPart.AZURE_VMS, scope=None), "azure_vms/read (client"),
    Case("AzureAuthorized", "many", FAIL, denied(*VaultPart, VaultPart.PROVIDERS), "providers/read"),
    Case("AzureAuthorized", "interfaces", FAIL, estate(SourceProblem.FORBIDDEN), "Microsoft.Network/networkInterfaces/read"),
    Case("AzureAuthorized", "locks", FAIL, estate(SourceProblem.FORBIDDEN, "locks"), "may not perform"),
    Case("AzureAuthorized", "interfaces out of reach", PASS, estate(SourceProblem.TIMED_OUT)),
]

ACTIONS = [
    Case("AzureActionsGranted", "owner", PASS, granted("*"), "are granted"),
    Case("AzureActionsGranted", "the three", PASS, granted(*RUN_ACTIONS)),
    Case("AzureActionsGranted", "reader", FAIL, granted("*/read"), "failoverCommit/action, Microsoft.RecoveryServices"),
    Case("AzureActionsGranted", "no commit", FAIL, granted("*", without=("*/failoverCommit/*",)), "failoverCommit/action on the"),
    Case("AzureActionsGranted", "no role", FAIL, a.site_context(a.view(a.vault(permissions=Part((), a.NOW, None)))), "reProtect"),
    Case(
        "AzureActionsGranted",
        "rights may not be read",
        UNKNOWN,
        granted(error=SourceError(SourceProblem.FORBIDDEN, "may not perform Microsoft.Authorization/permissions/read")),
        "Microsoft.Authorization/permissions/read",
    ),
    Case("AzureActionsGranted", "rights not read yet", UNKNOWN, a.site_context(a.view(a.vault(permissions=Part()))), "not read"),
    Case(
        "AzureActionsGranted",
        "rights unread without a reason",
        UNKNOWN,
        a.site_context(a.view(a.vault(permissions=Part(None, None, None)))),
        "not read yet",
    ),
    Case("AzureActionsGranted", "vault unread", UNKNOWN, a.blind_vault()),
]

OUTAGE = SourceError(SourceProblem.UNREACHABLE, "HTTP 500")


def kept(minutes):
    """Rights that were read so long ago, and could not be read since."""
    part = Part((Permission(("*",)),), a.minutes_ago(minutes), OUTAGE)
    return a.site_context(a.view(a.vault(permissions=part)))


ACTIONS += [
    Case("AzureActionsGranted", "not read since 29 min", PASS, kept(29)),
    Case("AzureActionsGranted", "not read since 30 min", PASS, kept(30)),
    Case("AzureActionsGranted", "not read since 31 min", UNKNOWN, kept(31), "HTTP 500"),
]

REFRESH = {"remediation": {"refreshProvider": "Automatic"}}
BOTH = REFRESH | {"failbackPolicy": {"create": "IfMissing"}}
PROVIDERS = "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationRecoveryServicesProviders/refreshProvider/action"


def mending(context, spec):
    """The same site, whose spec lets the operator mend this."""
    return replace(context, view=replace(context.view, site=a.site(**spec)))


FIXES = [
    Case("AzureFixesGranted", "no fix", NA, granted("*/read"), "no fix of the site is enabled"),
    Case("AzureFixesGranted", "Never", NA, mending(granted("*"), {"failbackPolicy": {"create": "Never"}})),
    Case(
        "AzureFixesGranted",
        "all",
        PASS,
        mending(granted("*"), BOTH),
        "granted is what failbackPolicy.create, remediation.refreshProvider needs",
    ),
    Case("AzureFixesGranted", "the one", PASS, mending(granted(PROVIDERS), REFRESH)),
    Case(
        "AzureFixesGranted", "reader", FAIL, mending(granted("*/read"), REFRESH), f"remediation.refreshProvider needs {PROVIDERS}"
    ),
    Case(
        "AzureFixesGranted",
        "no writing of policies",
        FAIL,
        mending(granted(PROVIDERS, "*/replicationPolicies/*"), BOTH),
        "the vault: failbackPolicy.create needs Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionCont",
    ),
    Case("AzureFixesGranted", "rights not read yet", UNKNOWN, mending(a.site_context(a.view(a.vault(permissions=Part()))), BOTH)),
    Case("AzureFixesGranted", "vault unread", UNKNOWN, a.blind_vault()),
]

OTHERS = [
    Case("ConfigurationServerConnected", "providers denied", UNKNOWN, denied(VaultPart.PROVIDERS), "see AzureAuthorized"),
    Case("ConfigurationServerVCenter", "records denied", UNKNOWN, denied(VaultPart.VCENTERS), "see AzureAuthorized"),
    Case("FailbackPolicyAssociated", "policies denied", UNKNOWN, denied(VaultPart.POLICIES), "see AzureAuthorized"),
    Case("FailbackPolicyAssociated", "mappings denied", UNKNOWN, denied(VaultPart.MAPPINGS), "see AzureAuthorized"),
]

MACHINES = [
    Case("MachineKnownToConfigurationServer", "providers denied", UNKNOWN, machine(VaultPart.PROVIDERS), "see AzureAuthorized"),
    Case("MachineKnownToConfigurationServer", "records denied", UNKNOWN, machine(VaultPart.VCENTERS), "see AzureAuthorized"),
    Case("ProtectionPrepared", "policies denied", UNKNOWN, machine(VaultPart.POLICIES), "see AzureAuthorized"),
]

CASES = READS + ACTIONS + FIXES + OTHERS


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(SITE_CHECKS, case)


@pytest.mark.parametrize("case", MACHINES, ids=str)
def test_case_of_a_machine(case: Case):
    assert_case(MACHINE_CHECKS, case)


def test_of_many_refusals_five_are_told_and_the_rest_counted():
    many = tuple(Denial(VaultPart.AZURE_VMS, "Microsoft.Compute/virtualMachines/read", f"/subscriptions/{n}") for n in range(7))
    told = SITE_CHECKS.get("AzureAuthorized").run(a.site_context(a.view(a.vault(denied=many)))).observed
    assert told.endswith("; and 2 more")
