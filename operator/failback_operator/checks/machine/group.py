"""Machines of one multi-VM group: all in the plan, one family, one master target, a point that somebody answers for."""

from failback_operator.api.v1alpha1.failback_plan import RecoveryPointType
from failback_operator.checks.answers import Answer, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import BEFORE_COMMIT, BEFORE_FAILBACK, BEFORE_REPROTECT, EFFECTS, About
from failback_operator.checks.machine.base import fresh_detail, item_check
from failback_operator.checks.machine.systems import item_system
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.steps import Step

ALONE = "it is in no group with others"


@item_check(
    About(
        id="GroupComplete",
        clause="R7",
        condition="GroupConsistent",
        expected="all machines of the multi-VM group are in the plan",
        remedy="List the named machines in spec.machines of the plan: a group goes home together.",
        source="multiVmGroupId of the items; with multiVmSyncStatus Enabled a single machine has a group of its own",
        steps=EFFECTS - {Step.PROTECT},
        judged_at=BEFORE_REPROTECT,
    )
)
def group_complete(context: MachineContext, item: ProtectedItem) -> Answer:
    """No member is left out."""
    if len(context.group) < 2:
        return not_applicable(ALONE)
    if context.group_in_plan:
        return passed("all members are in the plan")
    in_plan = {m.name for m in context.plan.spec.machines} | set(context.plan.status.selected)
    missing = [m.friendly_name for m in context.group if m.friendly_name not in in_plan]
    others = missing or [m.friendly_name for m in context.group if m.arm_id != item.arm_id]
    return failed(f"its group has members that the plan lacks: {listed(others)}")


@item_check(
    About(
        id="GroupUndivided",
        clause="R7",
        condition="GroupConsistent",
        expected="all machines of the multi-VM group come home, or all stay in Azure",
        remedy="Name in spec.staysInAzure of the plan all machines of the group, or none of them.",
        source="spec.staysInAzure of the plan; multiVmGroupId of the items: a group is one for its consistency points",
        steps=BEFORE_COMMIT,
    )
)
def group_undivided(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """No member of the group of a machine that comes home stays."""
    if len(context.group) < 2:
        return not_applicable(ALONE)
    staying = [m.friendly_name for m in context.group if m.friendly_name in context.staying]
    if staying:
        return failed(f"machines of its group stay in Azure: {listed(staying)}")
    return passed("no machine of its group stays in Azure")


@item_check(
    About(
        id="GroupSameFamily",
        clause="R7",
        condition="GroupConsistent",
        expected="the machines of the multi-VM group are all Windows or all Linux",
        remedy="Take the odd ones out of the group in Site Recovery: a group uses one master target, which serves one family.",
        source="Vendor's page on preparing failback; osType of each item",
        steps=BEFORE_FAILBACK,
    )
)
def group_same_family(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """One family."""
    if len(context.group) < 2:
        return not_applicable(ALONE)
    families = {m.friendly_name: item_system(context, m).family for m in context.group}
    known = {family.value for family in families.values() if family is not None}
    if len(known) > 1:
        return failed(f"its group mixes families: {listed(f'{n} {f.value}' for n, f in families.items() if f is not None)}")
    nameless = [name for name, family in families.items() if family is None]
    if nameless:
        return unknown(f"the operating system is not known of: {listed(nameless)}")
    return passed(f"all {len(families)} members are {listed(known)}")


@item_check(
    About(
        id="GroupSameMasterTarget",
        clause="R7",
        condition="GroupConsistent",
        expected="the machines of the multi-VM group use the same master target",
        remedy="Name that master target alone in spec.masterTargets of the plan, so that the rest of the group follows.",
        source="Vendor's page on preparing failback; masterTargetId of each InMage item",
        steps=BEFORE_FAILBACK - {Step.REHEARSAL},
    )
)
def group_same_master_target(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """Members that are reprotected, and the target chosen for this one, agree."""
    if len(context.group) < 2:
        return not_applicable(ALONE)
    used = {}
    for member in context.group:
        if member.instance_type is InstanceType.TO_ON_PREMISES:
            detail = fresh_detail(context, member)
            if detail is None or detail.master_target_id is None:
                return unknown(f"the master target of {member.friendly_name} was not read lately")
            used[member.friendly_name] = detail.master_target_id.casefold()
    if context.assigned is not None and context.assigned.server is not None:
        used.setdefault(context.name, context.assigned.server.id.casefold())
    if len(set(used.values())) > 1:
        names = _names(context)
        return failed(f"its group is spread: {listed(f'{name} on {names.get(t, t)}' for name, t in used.items())}")
    return passed("its group uses one master target")


def _names(context: MachineContext) -> dict[str, str]:
    vault = context.site.vault
    return {s.id.casefold(): s.name for s in vault.fabric.master_targets} if vault is not None else {}


@item_check(
    About(
        id="AcceptedRecoveryPoint",
        clause="R1",
        condition="GroupConsistent",
        expected="a group comes home at points that belong together, or the author accepts that they do not",
        remedy="Set spec.recoveryPoint: LatestTag, or spec.acceptIndependentPoints: true if the members may differ in time.",
        source="Vendor's pages on failback: with the latest point each machine of a group goes to its own",
        steps=frozenset({Step.FAILBACK}),
        judged_at=BEFORE_COMMIT - {Step.COMMIT},
    )
)
def accepted_recovery_point(context: MachineContext, item: ProtectedItem) -> Answer:  # noqa: ARG001 - the form of all checks of an item
    """LatestTime for a group only with acceptIndependentPoints."""
    if len(context.group) < 2:
        return not_applicable(ALONE)
    spec = context.plan.spec
    if spec.recovery_point is not RecoveryPointType.LATEST_TIME:
        return passed(f"the plan takes {spec.recovery_point.value}")
    if spec.accept_independent_points:
        return passed("the plan accepts independent points")
    return failed("the plan takes LatestTime for a group, which brings each member to its own time")
