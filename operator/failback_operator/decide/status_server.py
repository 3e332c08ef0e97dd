"""Status of a ProcessServer."""

from failback_operator.api.v1alpha1 import ProcessServerStatus
from failback_operator.checks.contexts import ServerContext
from failback_operator.decide.conditions import IDLE, NOT_STALLED, by_condition, rendered, summary
from failback_operator.decide.findings import Shown, findings, shortened
from failback_operator.decide.judgement import Rulings
from failback_operator.decide.wording import fitted

MOST = 63


def server_status(context: ServerContext, rulings: Rulings) -> ProcessServerStatus:
    """What Site Recovery tells of it, conditions and findings."""
    server, facts, stored = context.server, context.facts, context.server.status
    shown, omitted = shortened(findings(Shown(r) for r in rulings))
    states = {"Ready": summary(rulings), "Reconciling": IDLE, "Stalled": NOT_STALLED, **by_condition(rulings)}
    return ProcessServerStatus(
        observed_generation=server.metadata.generation,
        conditions=rendered(states, server.metadata.generation),
        findings=shown,
        findings_omitted=omitted,
        ip_address=fitted(facts.ip_address, MOST) if facts else stored.ip_address,
        version=fitted(facts.agent_version, MOST) if facts else stored.version,
        health=fitted(facts.health, MOST) if facts else stored.health,
        machines=_count(facts.machine_count) if facts else stored.machines,
    )


def _count(told: int | None) -> int | None:
    """A number of machines; a negative one is none."""
    return told if told is not None and told >= 0 else None
