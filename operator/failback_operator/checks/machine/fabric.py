"""Everything that a machine comes home through belongs to one configuration server."""

from failback_operator.checks.answers import Answer, every, failed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import BEFORE_FAILBACK, About
from failback_operator.checks.machine.base import fresh_detail, item_check, no_item
from failback_operator.checks.machine.protection import account_name
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.rights import VaultPart
from failback_operator.domain.vault import VaultFacts


@item_check(
    About(
        id="OneFabric",
        clause="R3",
        also=("R10",),
        condition="ItemKnown",
        expected="item, process server, master target, policy mapping and run-as account are of the site's configuration server",
        remedy="Bring back what is missing on this configuration server, or undo what moved the machine to another one: classic "
        "failback stays within the fabric in which the machine was protected.",
        source="processServerId, masterTargetId and policyId of the item; processServers, masterTargetServers and runAsAccounts "
        "of the fabric; replicationProtectionContainerMappings",
        steps=BEFORE_FAILBACK,
    )
)
def one_fabric(context: MachineContext, item: ProtectedItem) -> Answer:
    """The item's container lies in the fabric, and the fabric lists what the item names of it.

    What a plan chooses for a reprotect is of the fabric by itself: targets and servers are found among those that it lists.
    """
    vault = context.site.vault
    if vault is None:
        return no_item(context)
    parts = [_container(vault, item), _policy(vault, item), _account(context, vault, item)]
    if item.instance_type is InstanceType.TO_ON_PREMISES:
        parts += [_process_server(vault, item), _master_target(context, vault, item)]
    return every(parts)


def _container(vault: VaultFacts, item: ProtectedItem) -> Answer:
    if f"{item.container_id.casefold()}/".startswith(f"{vault.fabric.arm_id.casefold()}/"):
        return passed(f"it is of fabric {vault.fabric.friendly_name}")
    return failed(f"its container {item.container_id.resource_name} is not one of fabric {vault.fabric.friendly_name}")


def _policy(vault: VaultFacts, item: ProtectedItem) -> Answer:
    if vault.is_denied(VaultPart.MAPPINGS):
        return unknown("the mappings of policies may not be read: see AzureAuthorized")
    if item.policy_id is None:
        return unknown("the policy of the item was not reported")
    if any(m.container_id == item.container_id and m.policy_id == item.policy_id for m in vault.mappings):
        return passed(f"its policy {item.policy_id.resource_name} is mapped")
    return failed(f"its policy {item.policy_id.resource_name} is not mapped to container {item.container_id.resource_name}")


def _account(context: MachineContext, vault: VaultFacts, item: ProtectedItem) -> Answer:
    name = account_name(context, item)
    if name is None:
        return not_applicable("no run-as account is named: see ProtectionPrepared")
    if name in {account.name for account in vault.fabric.run_as_accounts}:
        return passed(f"its run-as account {name} is there")
    return failed(f"the configuration server has no run-as account {name}")


def _process_server(vault: VaultFacts, item: ProtectedItem) -> Answer:
    if item.process_server_id is None:
        return unknown("its process server was not reported")
    if item.process_server_id.casefold() in {server.id.casefold() for server in vault.fabric.process_servers}:
        return passed("its process server is listed")
    return failed(f"its process server {item.process_server_id} is not one that fabric {vault.fabric.friendly_name} lists")


def _master_target(context: MachineContext, vault: VaultFacts, item: ProtectedItem) -> Answer:
    detail = fresh_detail(context, item)
    if detail is None or detail.master_target_id is None:
        return unknown("its master target was not reported lately")
    if detail.master_target_id.casefold() in {target.id.casefold() for target in vault.fabric.master_targets}:
        return passed("its master target is listed")
    return failed(f"its master target {detail.master_target_id} is not one that fabric {vault.fabric.friendly_name} lists")
