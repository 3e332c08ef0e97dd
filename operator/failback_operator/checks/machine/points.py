"""Recovery points to fail back to: one at least, and an application-consistent one where the plan asks for it."""

from datetime import datetime, timedelta

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.api.v1alpha1.failback_plan import RecoveryPointType
from failback_operator.checks.answers import Answer, failed, minutes, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import About
from failback_operator.checks.machine.base import fresh_detail, item_check
from failback_operator.domain.protected_item import ItemDetail, ProtectedItem
from failback_operator.domain.steps import Step

ENDS_OF_SYNCHRONISATION = ("IrCompletion", "SwitchReplicationGroupProtection")
"""Scenarios of jobs after which an item is, or comes to be, Protected; the first that is found tells best."""

MINUTES = (15, 30, 60)
HOURS = (2, 4, 8, 12, 24)
"""Bounds of the text that tells how old a point is: it changes as seldom as that."""


@item_check(
    About(
        id="RecoveryPointAvailable",
        clause="R1",
        condition="OperationAllowed",
        expected="a recovery point to fail back to exists",
        remedy="Wait until the configuration server has sent the first recovery point. If none comes, see the health errors of "
        "the item, the master target's retention volume and the process server's cache.",
        source="a failback needs at least one recovery point; retentionWindowEnd and consistencyPoints of the InMage item",
        steps=frozenset({Step.FAILBACK}),
        is_waivable=True,
        needs_machine=True,
    )
)
def recovery_point_available(context: MachineContext, item: ProtectedItem) -> Answer:
    """The retention window has an end, or there is a tag."""
    detail = _detail(context, item)
    if isinstance(detail, Answer):
        return detail
    if detail.consistency_points or detail.has_retention_window:
        return passed("a recovery point exists")
    return failed("the item shows no recovery point: neither a retention window nor an application-consistent point")


@item_check(
    About(
        id="AppConsistentPoint",
        clause="R10",
        condition="OperationAllowed",
        expected="a recent application-consistent point exists where the plan asks for LatestTag: what was written after it is "
        "lost by the failback",
        remedy="Wait for the next point (every 60 minutes by the failback policy); if none comes, see why on the Azure VM "
        "(Windows: "
        "vssadmin list writers). Or set spec.recoveryPoint: LatestTime; or waive this check for the machine: it then goes to its "
        "newest point, where there is no application-consistent one to the latest time.",
        source="consistencyPoints of the InMage item; policy: application-consistent snapshots every 60 minutes; how long the "
        "first one takes is a setting",
        steps=frozenset({Step.FAILBACK}),
        is_waivable=True,
        needs_machine=True,
    )
)
def app_consistent_point(context: MachineContext, item: ProtectedItem) -> Answer:
    """The newest tag was young enough when the item was read; the first one has its time after Protected.

    Tags are seen when the item is got, seldom at rest and always just before the failback: only their age then counts.
    """
    if context.plan.spec.recovery_point is not RecoveryPointType.LATEST_TAG:
        return not_applicable("the plan takes the latest time")
    detail = _detail(context, item)
    if isinstance(detail, Answer):
        return detail
    limit = context.site.limits.app_consistent_point
    if not detail.consistency_points:
        return _none(context, detail, limit)
    age = detail.as_of - max(moment for _, moment in detail.consistency_points)
    told = f"the newest application-consistent point was {_age(age, limit)} when it was read"
    if age <= limit:
        return passed(f"{told}: the data written since would be lost")
    return failed(f"{told}: the data written since would be lost")


def _detail(context: MachineContext, item: ProtectedItem) -> ItemDetail | Answer:
    if context.phase is Phase.REPROTECTING:
        return not_applicable("the first synchronisation runs")
    return fresh_detail(context, item) or unknown("the details of the item were not read lately")


def _none(context: MachineContext, detail: ItemDetail, limit: timedelta) -> Answer:
    since = _protected_since(context)
    if since is None:
        return unknown("there is no application-consistent point, and since when the machine is Protected is not known")
    if detail.as_of < since + limit:
        return unknown(
            "there is no application-consistent point yet",
            f"Wait: the first one may take {minutes(limit)} minutes after the synchronisation.",
            since + limit,
        )
    return failed(f"there is no application-consistent point {minutes(limit)} min after the synchronisation")


def _protected_since(context: MachineContext) -> datetime | None:
    """End of the newest job that completed a first synchronisation, else of the newest reprotect."""
    for scenario in ENDS_OF_SYNCHRONISATION:
        ends = [job.ended_at for job in context.jobs if job.scenario == scenario and job.ended_at is not None]
        if ends:
            return max(ends)
    return None


def _age(age: timedelta, limit: timedelta) -> str:
    """How old, in coarse steps."""
    within = next((each for each in MINUTES if age <= timedelta(minutes=each) <= limit), None)
    if within is not None:
        return f"at most {within} min old"
    if age <= limit:
        return f"at most {minutes(limit)} min old"
    beyond = [f"{hours} h" for hours in HOURS if limit < timedelta(hours=hours) < age]
    return f"older than {beyond[-1] if beyond else f'{minutes(limit)} min'}"
