"""What protection to Azure after the commit will need: known before reprotect, since reprotect hides it."""

import re
from collections.abc import Callable

from failback_operator.checks.answers import Answer, every, failed, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import BEFORE_COMMIT, About
from failback_operator.checks.machine.base import fresh_detail, item_check
from failback_operator.checks.machine.systems import item_system
from failback_operator.domain.fabric import ProcessServer
from failback_operator.domain.ids import ArmId
from failback_operator.domain.operating_system import Family
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.rights import VaultPart
from failback_operator.domain.steps import Step
from failback_operator.domain.vault import VaultFacts

STORAGE_ACCOUNT = re.compile(r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+/storageAccounts/[^/]+$", re.IGNORECASE)
"""Form of a storage account's id."""

Part = Callable[[MachineContext, ProtectedItem, VaultFacts], Answer]

EXPECTED = (
    "protection to Azure can follow: an on-premises process server, a policy to Azure, a run-as account and a log storage "
    "account are "
    "recorded or named"
)
REMEDY = "Name what is missing in spec.protection of the plan (the run-as account also in spec.runAsAccounts of the site)."
SOURCE = "InMageAzureV2 reprotect input: processServerId, runAsAccountId, policyId, logStorageAccountId"


@item_check(
    About(
        id="ProtectionPrepared",
        clause="R1",
        condition="ProtectionPrepared",
        expected=EXPECTED,
        remedy=f"{REMEDY} Whoever commits without them leaves the machine without disaster recovery.",
        source=SOURCE,
        steps=BEFORE_COMMIT,
        is_waivable=True,
    )
)
def protection_prepared(context: MachineContext, item: ProtectedItem) -> Answer:
    """All four, before the machine is on its way."""
    return _all_parts(context, item)


@item_check(
    About(
        id="ProtectionComplete",
        clause="R1",
        condition="ProtectionPrepared",
        expected=EXPECTED,
        remedy=REMEDY,
        source=SOURCE,
        steps=frozenset({Step.PROTECT}),
    )
)
def protection_complete(context: MachineContext, item: ProtectedItem) -> Answer:
    """All four, when protection to Azure comes next: without them there is no call to make."""
    return _all_parts(context, item)


def _all_parts(context: MachineContext, item: ProtectedItem) -> Answer:
    vault = context.site.vault
    if vault is None:
        return unknown("the vault could not be read lately")
    return every(part(context, item, vault) for part in (_process_server, _policy, _account, _log_storage))


def _towards_azure(context: MachineContext, item: ProtectedItem, recorded: str | None, seen: str | None) -> str | None:
    """What was recorded before reprotect, else what the item itself shows while it replicates, or did, to Azure."""
    if recorded is not None:
        return recorded
    return seen if context.record is None and item.instance_type is InstanceType.TO_AZURE else None


def _process_server(context: MachineContext, item: ProtectedItem, vault: VaultFacts) -> Answer:
    servers = vault.fabric.process_servers
    name = context.plan.spec.protection.process_server
    if name is not None:
        server = next((s for s in servers if s.name.casefold() == name.casefold()), None)
        if server is None:
            return failed(f"process server {name} (protection.processServer) is not listed by Site Recovery")
        return _stands(context, vault, server)
    known = _towards_azure(context, item, context.record.process_server_id if context.record else None, item.process_server_id)
    if known is None:
        return failed("no process server is recorded, and none is named in protection.processServer")
    server = next((s for s in servers if s.id.casefold() == known.casefold()), None)
    if server is None:
        return failed("the process server of the way to Azure is no longer listed; name one in protection.processServer")
    return _stands(context, vault, server)


def _stands(context: MachineContext, vault: VaultFacts, server: ProcessServer) -> Answer:
    """On-premises, by a ProcessServer object, as part of the configuration server, or as a VM of the site's vCenters."""
    said = {o.spec.location for o in context.site.view.servers if o.spec.server_name.casefold() == server.name.casefold()}
    if said == {"Azure"}:
        return failed(f"process server {server.name} stands in Azure; name an on-premises one in protection.processServer")
    if said == {"OnPremises"} or _has_a_place(context, vault, server.ip_address):
        return passed(f"process server {server.name}")
    return unknown(
        f"whether process server {server.name} stands on-premises is not known",
        f"Make a ProcessServer object for {server.name} with location: OnPremises.",
    )


def _has_a_place(context: MachineContext, vault: VaultFacts, address: str | None) -> bool:
    """Whether the address is the configuration server's, or that of a VM of the site."""
    if address is None:
        return False
    server = vault.fabric.configuration_server
    is_embedded = server is not None and server.ip_address == address
    return is_embedded or any(facts.by_ip(address) for _, facts in context.site.vcenters)


def _policy(context: MachineContext, item: ProtectedItem, vault: VaultFacts) -> Answer:
    if vault.is_denied(VaultPart.POLICIES):
        return unknown("the policies of the vault may not be read: see AzureAuthorized")
    forward = [p for p in vault.policies if p.instance_type == InstanceType.TO_AZURE.value]
    name = context.plan.spec.protection.policy
    if name is not None:
        if any(p.name == name for p in forward):
            return passed(f"policy {name}")
        return failed(f"policy {name} (protection.policy) is not a policy to Azure of the vault")
    known = _towards_azure(context, item, context.record.policy_id if context.record else None, item.policy_id)
    if known is None:
        return failed("no policy to Azure is recorded, and none is named in protection.policy")
    found = next((p for p in forward if p.arm_id == known), None)
    if found is None:
        return failed(f"policy {ArmId(known).resource_name} of the way to Azure is gone; name one in protection.policy")
    return passed(f"policy {found.name}")


def account_name(context: MachineContext, item: ProtectedItem) -> str | None:
    """Name of the account that installs the mobility service on the way back to Azure: the plan's, the recorded, the site's."""
    accounts = context.site.view.site.spec.run_as_accounts
    by_family = {Family.WINDOWS: accounts.windows, Family.LINUX: accounts.linux, None: None}
    recorded = context.record.run_as_account if context.record else None
    return context.plan.spec.protection.run_as_account or recorded or by_family[item_system(context, item).family]


def _account(context: MachineContext, item: ProtectedItem, vault: VaultFacts) -> Answer:
    name = account_name(context, item)
    if name is None:
        family = item_system(context, item).family
        if family is None:
            return unknown(
                "its operating system is not known, and so neither is its run-as account", "Give protection.runAsAccount."
            )
        return failed(f"no run-as account for {family.value} machines is named by site or plan")
    if name in {a.name for a in vault.fabric.run_as_accounts}:
        return passed(f"run-as account {name}")
    return failed(f"the configuration server has no run-as account {name}")


def _is_there(context: MachineContext, vault: VaultFacts, account: ArmId) -> Answer:
    """Only where its subscription was read can an account be told to be gone; elsewhere the word of record or plan counts."""
    storage = vault.estate.storage.fresh(context.site.now, context.site.limits.azure_estate_stale)
    if storage is not None and storage.has(account) is False:
        return failed(f"log storage account {account.resource_name} is gone; name one in protection.logStorageAccountId")
    return passed(f"log storage account {account.resource_name}")


def _log_storage(context: MachineContext, item: ProtectedItem, vault: VaultFacts) -> Answer:
    said = context.plan.spec.protection.log_storage_account_id
    if said is not None:
        if STORAGE_ACCOUNT.search(said):
            return _is_there(context, vault, ArmId(said))
        return failed(f"{said} (protection.logStorageAccountId) is not the id of a storage account")
    detail = fresh_detail(context, item)
    recorded = context.record.log_storage_account_id if context.record else None
    known = _towards_azure(context, item, recorded, detail.log_storage_account_id if detail else None)
    if known is not None:
        return _is_there(context, vault, ArmId(known))
    if context.record is None and item.instance_type is InstanceType.TO_AZURE and detail is None:
        return unknown("the details of the item were not read lately")
    return failed("no log storage account is recorded, and none is named in protection.logStorageAccountId")
