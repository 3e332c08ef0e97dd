"""The agent of the Azure VM: registered with the configuration server since the failover, and still heard."""

from datetime import datetime

from failback_operator.checks.answers import Answer, failed, heartbeat, minutes, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import About
from failback_operator.checks.machine.base import fresh_detail, item_check
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import Step

FAILOVER = "UnplannedFailover"


@item_check(
    About(
        id="AgentRegistered",
        clause="R1",
        condition="OperationAllowed",
        expected="the agent of the Azure VM has registered with the configuration server since the failover, and is heard",
        remedy="See that the Azure VM reaches the configuration server on port 443 (site-to-site VPN or ExpressRoute private "
        "peering, "
        "routes, network security groups), and that the mobility service runs in it (Windows: InMage Scout VX Agent; Linux: "
        "vxagent); start it anew.",
        source="lastHeartbeat of the item, newer than the failover; vendor: the agent takes up to 15 minutes; error 95226: the "
        "Azure "
        'VM cannot reach the configuration server, and "agent isn\'t installed"',
        steps=frozenset({Step.REPROTECT}),
        is_waivable=True,
        needs_machine=True,
    )
)
def agent_registered(context: MachineContext, item: ProtectedItem) -> Answer:
    """A heartbeat is newer than the failover, and not too old; the agent has its time to register."""
    detail = fresh_detail(context, item)
    beats = [b for b in (item.last_heartbeat, detail.agent_last_heartbeat if detail else None) if b is not None]
    if not beats:
        return unknown("no heartbeat of the machine's agent was reported")
    since = _failover_ended(context)
    if since is None:
        return unknown("when the machine failed over is not known, so that its heartbeat proves nothing")
    if max(beats) > since:
        return heartbeat("the agent", max(beats), context.site.now, context.site.limits.heartbeat)
    return _not_heard(context, since + context.site.limits.agent_registration_grace)


def _not_heard(context: MachineContext, until: datetime) -> Answer:
    told = "the agent was not heard since the failover"
    if context.site.now < until:
        grace = minutes(context.site.limits.agent_registration_grace)
        return unknown(f"{told} yet", f"Wait: after a failover the agent takes up to {grace} minutes to register.", until)
    return failed(told)


def _failover_ended(context: MachineContext) -> datetime | None:
    """From when on a heartbeat is the Azure VM's: end of the failover's job, else the failover's time.

    The machine on the site reports until the failover shuts it down, later than the failover began.
    """
    moment = context.failed_over_at
    if moment is None:
        return None
    skew = context.site.limits.failover_clock_skew
    ends = [
        job.ended_at
        for job in context.jobs
        if job.scenario == FAILOVER
        and job.started_at is not None
        and job.ended_at is not None
        and job.started_at - skew <= moment <= job.ended_at + skew
    ]
    return max(ends, default=moment)
