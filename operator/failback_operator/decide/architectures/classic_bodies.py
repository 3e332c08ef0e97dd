"""Request bodies of the classic architecture, in the names of the wire. Source: site-recovery facts, section 2."""

from failback_operator.api.v1alpha1.failback_plan import RecoveryPointType
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.machine.datastores import datastore_name
from failback_operator.checks.machine.protection import account_name
from failback_operator.checks.master_target.storage import listed_volume
from failback_operator.decide.architectures.base import Missing
from failback_operator.domain.fabric import ProcessServer
from failback_operator.domain.ids import ArmId
from failback_operator.domain.limits import Limits
from failback_operator.domain.policy import Policy
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import EffectKind, ItemCall
from failback_operator.domain.vault import VaultFacts

EXCLUDED_VOLUMES: dict[str, object] = {
    "volumeOptions": [{"volumeLabel": "Temporary Storage", "onlyExcludeIfSingleVolume": "Yes"}]
}
"""Without it the temporary disk of the Azure VM is replicated. Source: the vendor's own client sends it always (recorded)."""


class _Gap(Exception):  # noqa: N818 - never leaves this module
    """Something that the body needs is not known."""


def call(machine: MachineContext, kind: EffectKind) -> ItemCall | Missing:
    """The POST for `kind`, or what is missing for it."""
    item, vault = machine.item, machine.site.vault
    if item is None or vault is None:
        return Missing("the protected item as the vault has it now")
    try:
        action, body = _request(machine, item, vault, kind)
    except _Gap as gap:
        return Missing(str(gap))
    return ItemCall(item.arm_id, action, body)


def _request(
    machine: MachineContext, item: ProtectedItem, vault: VaultFacts, kind: EffectKind
) -> tuple[str, dict[str, object] | None]:
    match kind:
        case EffectKind.REPROTECT:
            return "reProtect", _to_site(machine, item, vault)
        case EffectKind.FAILBACK:
            return "unplannedFailover", _failback(machine, item)
        case EffectKind.COMMIT_FAILOVER | EffectKind.COMMIT:
            return "failoverCommit", None
        case EffectKind.PROTECT:
            return "reProtect", _to_azure(machine, item, vault)
        case _:
            raise _Gap(f"an operation of Site Recovery for {kind}")


def _switch(details: dict[str, object]) -> dict[str, object]:
    return {"properties": {"failoverDirection": "RecoveryToPrimary", "providerSpecificDetails": details}}


def _failback(machine: MachineContext, item: ProtectedItem) -> dict[str, object]:
    """To the point that the plan names; to the latest time where AppConsistentPoint is waived and there is no tag to go to."""
    point = machine.plan.spec.recovery_point
    if point is RecoveryPointType.LATEST_TAG and item.detail is not None and not item.detail.consistency_points:
        point = RecoveryPointType.LATEST_TIME
    details = {"instanceType": "InMage", "recoveryPointType": point.value}
    return {
        "properties": {
            "failoverDirection": "PrimaryToRecovery",
            "sourceSiteOperations": "Required",
            "providerSpecificDetails": details,
        }
    }


def _to_site(machine: MachineContext, item: ProtectedItem, vault: VaultFacts) -> dict[str, object]:
    target, server = machine.assigned, machine.process_server
    if target is None or target.server is None:
        raise _Gap("the master target as Site Recovery lists it")
    if server is None or server.facts is None:
        raise _Gap("the process server as Site Recovery lists it")
    volume = listed_volume(target, target.server)
    if volume is None:
        raise _Gap(f"the retention volume of {target.target.name} as Site Recovery lists it")
    policy = failback_policy(item, vault, machine.site.limits)
    if policy is None:
        raise _Gap("a failback policy that is associated with the configuration server")
    details: dict[str, object] = {
        "instanceType": "InMage",
        "masterTargetId": target.server.id,
        "processServerId": server.facts.id,
        "retentionDrive": volume.name,
        "profileId": str(policy.arm_id),
        "diskExclusionInput": EXCLUDED_VOLUMES,
    }
    datastore = datastore_name(machine, item)
    if datastore is not None:
        details["datastoreName"] = datastore
    return _switch(details)


def _to_azure(machine: MachineContext, item: ProtectedItem, vault: VaultFacts) -> dict[str, object]:
    wanted, record = machine.plan.spec.protection, machine.record
    server_id = _process_server_id(wanted.process_server, record.process_server_id if record else None, vault)
    details: dict[str, object] = {
        "instanceType": "InMageAzureV2",
        "processServerId": server_id,
        "masterTargetId": server_id,
        "runAsAccountId": _account_id(machine, item, vault),
        "policyId": str(_forward_policy(wanted.policy, record.policy_id if record else None, vault)),
    }
    log_storage = wanted.log_storage_account_id or (record.log_storage_account_id if record else None)
    if log_storage is not None:
        details["logStorageAccountId"] = log_storage
    return _switch(details)


def failback_policy(item: ProtectedItem, vault: VaultFacts, limits: Limits) -> Policy | None:
    """The failback policy paired from the item's container to that same container; one with the documented figures first."""
    mapped = {
        m.policy_id
        for m in vault.mappings
        if m.container_id == item.container_id
        and m.state == "Paired"
        and m.target_container_id is not None
        and item.container_id == m.target_container_id
    }
    found = [p for p in vault.policies if p.instance_type == "InMage" and p.arm_id in mapped]
    wanted = (limits.policy_rpo_minutes, limits.policy_retention_minutes, limits.policy_app_consistent_minutes)
    return min(
        found,
        key=lambda p: (
            (p.rpo_threshold_minutes, p.retention_minutes, p.app_consistent_minutes) != wanted,
            p.arm_id.casefold(),
        ),
        default=None,
    )


def _process_server_id(name: str | None, recorded: str | None, vault: VaultFacts) -> str:
    if name is None:
        if recorded is None:
            raise _Gap("the process server of the way to Azure: neither recorded nor named in protection.processServer")
        return recorded
    found: ProcessServer | None = next((s for s in vault.fabric.process_servers if s.name.casefold() == name.casefold()), None)
    if found is None:
        raise _Gap(f"the process server {name} of protection.processServer: Site Recovery lists none of that name")
    return found.id


def _forward_policy(name: str | None, recorded: str | None, vault: VaultFacts) -> ArmId:
    if name is None:
        if recorded is None:
            raise _Gap("the policy of the way to Azure: neither recorded nor named in protection.policy")
        return ArmId(recorded)
    found = next((p for p in vault.policies if p.name == name and p.instance_type == "InMageAzureV2"), None)
    if found is None:
        raise _Gap(f"the policy {name} of protection.policy: the vault has none of that name towards Azure")
    return found.arm_id


def _account_id(machine: MachineContext, item: ProtectedItem, vault: VaultFacts) -> str:
    name = account_name(machine, item)
    if name is None:
        raise _Gap("the run-as account of the way to Azure: neither recorded nor named in protection.runAsAccount or by the site")
    found = next((a for a in vault.fabric.run_as_accounts if a.name == name), None)
    if found is None:
        raise _Gap(f"the run-as account {name}: the configuration server has none of that name")
    return found.id
