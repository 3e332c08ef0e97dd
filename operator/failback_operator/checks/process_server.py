"""Checks of a process server: registered, and healthy."""

from collections.abc import Callable

from failback_operator.api.common import Severity
from failback_operator.checks.answers import Answer, every, failed, heartbeat, listed, passed, unknown
from failback_operator.checks.catalogue import Catalogue
from failback_operator.checks.contexts import ServerContext
from failback_operator.checks.define import BEFORE_FAILBACK, About, register
from failback_operator.domain.fabric import ProcessServer

SERVER_CHECKS: Catalogue[ServerContext] = Catalogue()

Ask = Callable[[ServerContext], Answer]


def server_check(about: About) -> Callable[[Ask], Ask]:
    """Register the decorated function as a check of process servers."""

    def decorate(ask: Ask) -> Ask:
        register(SERVER_CHECKS, about, ask)
        return ask

    return decorate


def _absence(context: ServerContext) -> str:
    if context.site.vault is None:
        return "the vault could not be read lately"
    return f"Site Recovery lists no process server {context.server.spec.server_name}"


def of_facts(ask: Callable[[ServerContext, ProcessServer], Answer]) -> Ask:
    """Ask only where Site Recovery lists the server; Unknown elsewhere (ProcessServerRegistered tells the rest)."""

    def guarded(context: ServerContext) -> Answer:
        return ask(context, context.facts) if context.facts is not None else unknown(_absence(context))

    return guarded


@server_check(
    About(
        id="ProcessServerRegistered",
        clause="R5",
        condition="Registered",
        expected="Site Recovery lists the process server",
        remedy="Register the process server with the configuration server, or correct spec.serverName.",
        source="Fabric.customDetails.processServers[].friendlyName",
        steps=BEFORE_FAILBACK,
    )
)
def process_server_registered(context: ServerContext) -> Answer:
    """Listed under spec.serverName."""
    if context.facts is not None:
        return passed(f"{context.facts.name} is listed")
    if context.site.vault is None:
        return unknown(_absence(context))
    known = listed(s.name for s in context.site.vault.fabric.process_servers) or "none"
    return failed(f"{_absence(context)}; it lists: {known}")


@server_check(
    About(
        id="ProcessServerHealthy",
        clause="R5",
        condition="Healthy",
        expected="the process server's services run, its heartbeats arrive, and its health is not Critical",
        remedy="Start the services of the process server and see that it reaches the configuration server over 443; relieve it "
        "where its "
        "load is named.",
        source="Fabric.customDetails.processServers[].{psServiceStatus, lastHeartbeat, health}; no heartbeat for 15 min is "
        "critical",
        steps=BEFORE_FAILBACK,
    )
)
@of_facts
def process_server_healthy(context: ServerContext, facts: ProcessServer) -> Answer:
    """Service running, heartbeat within the limit, not Critical."""
    beat = heartbeat(facts.name, facts.last_heartbeat, context.site.now, context.site.limits.heartbeat)
    return every((_service(facts), beat, _health(facts)))


def _service(facts: ProcessServer) -> Answer:
    if facts.service_status is None:
        return unknown(f"{facts.name}: the status of its services was not reported")
    if facts.service_status != "Running":
        return failed(f"{facts.name}: service status {facts.service_status}")
    return passed(f"{facts.name}: services run")


def _health(facts: ProcessServer) -> Answer:
    if facts.health is None:
        return unknown(f"{facts.name}: its health was not reported")
    if facts.health != "Critical":
        return passed(f"{facts.name}: health {facts.health}")
    reasons = listed(e.code for e in facts.health_errors if e.level == "Error")
    return failed(f"{facts.name}: health Critical{f' (errors {reasons})' if reasons else ''}")


@server_check(
    About(
        id="ProcessServerUnstrained",
        clause="R5",
        condition="Healthy",
        expected="Site Recovery has no warning about the process server",
        remedy="See what Site Recovery says of its load, memory and cache space, and relieve it before many machines come home.",
        source="Fabric.customDetails.processServers[].{health, healthErrors}: warnings from 80 % of CPU or memory, 30 % of free "
        "cache",
        steps=BEFORE_FAILBACK,
        severity=Severity.WARNING,
        is_waivable=True,
    )
)
@of_facts
def process_server_unstrained(context: ServerContext, facts: ProcessServer) -> Answer:  # noqa: ARG001 - the form of these checks
    """Health is not Warning."""
    if facts.health is None:
        return unknown(f"{facts.name}: its health was not reported")
    if facts.health != "Warning":
        return passed(f"{facts.name}: no warning")
    reasons = listed(e.code for e in facts.health_errors if e.level in {"Warning", "Error"})
    return failed(f"{facts.name}: health Warning{f' (errors {reasons})' if reasons else ''}")
