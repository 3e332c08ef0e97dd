"""Status of a ProcessServer."""

from failback_operator.api.v1alpha1 import ProcessServerStatus
from failback_operator.checks.contexts import ServerContext
from failback_operator.decide.conditions import IDLE, NOT_STALLED, by_condition, rendered, summary
from failback_operator.decide.findings import Shown, findings, shortened
from failback_operator.decide.judgement import Rulings


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
        ip_address=facts.ip_address if facts else stored.ip_address,
        version=facts.agent_version if facts else stored.version,
        health=facts.health if facts else stored.health,
        machines=facts.machine_count if facts else stored.machines,
    )
