"""The classic architecture (configuration server, InMage and InMageAzureV2): gates and positions of an item.

Source: site-recovery facts, section 2. S3 and S7 look alike in protectionState, activeLocation and allowedOperations: only
instance type and active site tell them apart.
"""

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.machine.gate import is_commit_pending
from failback_operator.decide.architectures import classic_bodies
from failback_operator.decide.architectures.base import Missing
from failback_operator.domain.job import Job
from failback_operator.domain.protected_item import ActiveSite, InstanceType, ProtectedItem
from failback_operator.domain.steps import EffectKind, ItemCall

SWITCH = "SwitchReplicationGroupProtection"
FAILOVER = "UnplannedFailover"
COMMIT = "CommitFailover"

SCENARIOS = {
    EffectKind.COMMIT_FAILOVER: COMMIT,
    EffectKind.REPROTECT: SWITCH,
    EffectKind.FAILBACK: FAILOVER,
    EffectKind.COMMIT: COMMIT,
    EffectKind.PROTECT: SWITCH,
}
"""Scenario of the job that each call starts."""

PROTECTED = "Protected"


class Classic:
    """Items of type InMageAzureV2 and InMage."""

    def handles(self, item: ProtectedItem) -> bool:
        """Whether the item is a classic one."""
        return item.instance_type in {InstanceType.TO_AZURE, InstanceType.TO_ON_PREMISES}

    def allows(self, item: ProtectedItem, kind: EffectKind) -> bool:
        """The gate: allowedOperations with instanceType and activeSiteType, and no job on the item."""
        allowed, reverse = item.allowed_operations, item.instance_type is InstanceType.TO_ON_PREMISES
        gates = {
            EffectKind.COMMIT_FAILOVER: is_commit_pending(item),
            EffectKind.REPROTECT: "SwitchProtection" in allowed and item.instance_type is InstanceType.TO_AZURE,
            EffectKind.FAILBACK: "UnplannedFailover" in allowed and reverse and item.active_site is ActiveSite.AZURE,
            EffectKind.COMMIT: "Commit" in allowed and reverse,
            EffectKind.PROTECT: "SwitchProtection" in allowed and reverse and item.active_site is ActiveSite.ON_PREMISES,
        }
        return item.current_scenario is None and gates.get(kind, False)

    def is_after(self, item: ProtectedItem, kind: EffectKind) -> bool:
        """Whether the item is past `kind` and its job no longer runs on it. What replicates to Azure again is past everything."""
        if _scenario(item) == SCENARIOS[kind]:
            return False
        if item.instance_type is InstanceType.TO_AZURE:
            is_committed = item.current_scenario is None and not is_commit_pending(item)
            return item.active_location == "Primary" or (kind is EffectKind.COMMIT_FAILOVER and is_committed)
        at_home, allowed = item.active_site is ActiveSite.ON_PREMISES, item.allowed_operations
        past = {
            EffectKind.COMMIT_FAILOVER: True,
            EffectKind.REPROTECT: True,
            EffectKind.FAILBACK: at_home or "Commit" in allowed,
            EffectKind.COMMIT: at_home and "SwitchProtection" in allowed and "Commit" not in allowed,
        }
        return item.instance_type is InstanceType.TO_ON_PREMISES and past.get(kind, False)

    def does(self, job: Job, kind: EffectKind) -> bool:
        """Whether the job is of the scenario that `kind` starts."""
        return job.scenario == SCENARIOS.get(kind)

    def position(self, item: ProtectedItem) -> Phase:
        """Where the item stands; Protecting covers every first synchronisation towards Azure."""
        if item.instance_type is InstanceType.TO_AZURE:
            return _towards_azure(item)
        if item.instance_type is InstanceType.TO_ON_PREMISES:
            return _towards_site(item)
        return Phase.UNKNOWN

    def call(self, machine: MachineContext, kind: EffectKind) -> ItemCall | Missing:
        """The POST that makes the effect, or what is missing for its body."""
        return classic_bodies.call(machine, kind)


def _scenario(item: ProtectedItem) -> str | None:
    return item.current_scenario.name if item.current_scenario else None


def _towards_azure(item: ProtectedItem) -> Phase:
    scenario = _scenario(item)
    if item.active_location == "Recovery":
        return Phase.REPROTECTING if scenario == SWITCH else Phase.FAILED_OVER
    if item.active_location != "Primary":
        return Phase.UNKNOWN
    if scenario == FAILOVER or (scenario != SWITCH and item.protection_state == PROTECTED):
        return Phase.NOT_FAILED_OVER
    return Phase.PROTECTING


def _towards_site(item: ProtectedItem) -> Phase:
    at_home = item.active_site is ActiveSite.ON_PREMISES
    running = {
        FAILOVER: Phase.FAILING_BACK,
        COMMIT: Phase.COMMITTING,
        SWITCH: Phase.PROTECTING if at_home else Phase.REPROTECTING,
    }.get(_scenario(item) or "")
    if running is not None:
        return running
    if "Commit" in item.allowed_operations:
        return Phase.FAILED_BACK
    if at_home:
        return Phase.COMMITTED if "SwitchProtection" in item.allowed_operations else Phase.UNKNOWN
    if item.active_site is not ActiveSite.AZURE:
        return Phase.UNKNOWN
    is_ready = item.protection_state == PROTECTED and "UnplannedFailover" in item.allowed_operations
    return Phase.REPROTECTED if is_ready else Phase.REPROTECTING
